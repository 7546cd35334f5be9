"""`seismo build prog.c`: a C program of our own compiler as an object file for any loader."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from seismo.base.source import Source
from seismo.c.compile import COptions, read_cflags
from seismo.probes.view import KernelView
from seismo.ship.c_object import c_object
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.terminal import has_color, painted

__all__ = ("C_SUFFIX", "built_object", "read_options")

C_SUFFIX = ".c"
"""What files end in that are C."""


def _read_file(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def read_options(directories: Sequence[str], macros: Sequence[str]) -> COptions:
    """What `-I` and `-D` mean to the compiler."""
    flags = [*[f"-I{one}" for one in directories], *[f"-D{one}" for one in macros]]
    return read_cflags(flags, _read_file)


def built_object(path: str, view: KernelView, options: COptions) -> bytes:
    """The object file's bytes. `InputError` for a file that cannot be read, DiagnosticsError and
    SourceError for mistakes in it."""
    try:
        source = Source(path, _read_file(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    data, warnings = c_object(source, view, options)
    for text in map(str, warnings):
        print(painted(text) if has_color(os.environ) else text, file=sys.stderr)
    return data
