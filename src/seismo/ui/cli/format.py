"""`seismo --fmt FILE`: a script in the canonical layout."""

from __future__ import annotations

import os
import sys

from seismo.lang.format import format_source
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.trace import read_source

__all__ = ("run_format",)


def run_format(options: TraceOptions) -> int:
    """Print the script well laid out, or write it to the file of -o, which may be the script's own;
    the exit status."""
    text = format_source(read_source(options)).encode("utf-8", "surrogateescape")
    if not options.output:
        sys.stdout.buffer.write(text)
        return 0
    try:
        _replace(options.output, text)
    except OSError as error:
        message = f"cannot write the script {options.output}: {error.strerror}"
        raise InputError(message) from error
    return 0


def _replace(path: str, content: bytes) -> None:
    """Write a file beside the other and put it in its place, so that at no time there is half of
    one; what was there keeps its permissions."""
    beside = f"{path}.{os.getpid()}"
    mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else 0o666 & ~_umask()
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        os.chmod(beside, mode)
        os.replace(beside, path)
    except OSError:
        os.unlink(beside)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
