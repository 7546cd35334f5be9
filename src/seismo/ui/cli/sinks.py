"""Which sink an output format means."""

from __future__ import annotations

import sys
from typing import BinaryIO

from seismo.output.jsonl import JsonSink
from seismo.output.sink import Sink
from seismo.output.text import TextSink

__all__ = ("make_sink",)


def make_sink(format_: str, stream: BinaryIO, *, is_quiet: bool) -> Sink:
    """The sink for `-f`: `text` with notes on standard error, or `json` with everything in one."""
    if format_ == "json":
        return JsonSink(stream)
    return TextSink(stream, sys.stderr.buffer, is_quiet=is_quiet)
