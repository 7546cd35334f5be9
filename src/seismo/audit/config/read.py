"""`read_config`: a file's configuration; `-` is standard input."""

from __future__ import annotations

import os
import sys

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.model import Config
from seismo.audit.config.parse import parse_config
from seismo.base.errors import BpfError
from seismo.base.source import Source

__all__ = ("LARGEST_FILE", "UnreadableConfig", "read_config", "read_source")

LARGEST_FILE = 4 << 20
"""Bytes of a configuration; 64 handlers need some thousand."""


class UnreadableConfig(BpfError):
    """A file that cannot be opened, or is no text."""


def read_config(path: str, catalog: Catalog) -> Config:
    """The configuration of a file. Raises `DiagnosticsError`, `ConfigSyntaxError`, and
    `UnreadableConfig` for a file that cannot be read."""
    return parse_config(read_source(path), catalog)


def read_source(path: str) -> Source:
    """The file's text. UnreadableConfig."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with open(path, "rb") as opened:
                data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UnreadableConfig(f"{path}: {error.strerror or error}") from error
    if len(data) > LARGEST_FILE:
        raise UnreadableConfig(f"{path}: a configuration has at most {LARGEST_FILE} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableConfig(
            f"{path}:{line}: byte {data[error.start]:#x} is no UTF-8\n"
            "hint: a configuration is a text in UTF-8"
        ) from error
    return Source("stdin" if path == "-" else os.fspath(path), text)
