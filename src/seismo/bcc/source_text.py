"""The text that a program is given as, or by: a string, a file beside the script."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from seismo.base.dataclass import replace
from seismo.base.source import Source
from seismo.bcc.errors import BccError
from seismo.bcc.names import Name, as_text
from seismo.c.compile import COptions, read_cflags

__all__ = ("options_for", "read_source")

_TEXT_NAME = "<text>"

_OF_KERNEL = ("LINUX_VERSION_CODE", "CONFIG_", "HZ", '#include "')
"""What a text has in it that depends on the kernel's build; a file of its own may."""


def read_source(file: Name, text: str | bytes | None) -> Source:
    """The program's text: as it is given, or a file's, which is looked for here and then beside the
    script that runs.

    Raises `BccError` for none or both, OSError as `open` has it.
    """
    if (text is None) == (not file):
        raise BccError("a program is given by text= or by src_file=, one of them")
    if text is not None:
        return Source(_TEXT_NAME, text.decode() if isinstance(text, bytes) else text)
    path = _find(as_text(file))
    return Source(path, _read(path))


def options_for(cflags: Sequence[Name], macros: Mapping[str, str], text: str) -> COptions:
    """What a text is compiled with; files that it includes are looked for beside it."""
    options = read_cflags([as_text(one) for one in cflags], _read)
    kernel: Mapping[str, str] = {}
    if any(part in text for part in _OF_KERNEL):
        from seismo.bcc.kernel_macros import kernel_macros  # noqa: PLC0415 (lazy: docs/architecture.md)

        kernel = kernel_macros(text)
    return replace(options, defines={**kernel, **macros, **options.defines})


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as opened:
        return opened.read()


def _find(path: str) -> str:
    """`path`, or the file beside the script if there is none here."""
    beside = os.path.join(os.path.dirname(sys.argv[0] if sys.argv else ""), path)
    return path if os.path.exists(path) or not os.path.exists(beside) else beside
