"""Which types a command line means: the kernel's, a module's, a loaded object's or a file's."""

from __future__ import annotations

import os
from collections.abc import Sequence

from seismo.base.errors import FormatError
from seismo.btf.spec import VMLINUX, Btf
from seismo.facts import open_types
from seismo.kernel.live import LiveKernel
from seismo.objects.inventory import types_of
from seismo.ui.cli.errors import InputError

__all__ = ("SOURCES", "open_source", "read_types")

SOURCES = "the kernel's, or: a module's NAME, id N, file FILE (BTF, or an object with .BTF)"

_MODULES = "/sys/kernel/btf"


def open_source(words: Sequence[str], base: str = "") -> Btf:
    """The types that `words` name, none being the running kernel's; `base` is the file that split
    BTF in another file continues. Raises InputError, and what reading raises."""
    match list(words):
        case [] | ["vmlinux"]:
            return read_types(VMLINUX)
        case ["id", number] if number.isdecimal():
            return types_of(LiveKernel(), int(number))
        case ["file", path]:
            return read_types(path, read_types(base) if base else None)
        case [word] if "/" in word or "." in word:
            return read_types(word, read_types(base) if base else None)
        case [module]:
            path = f"{_MODULES}/{module}"
            if not os.path.exists(path):
                raise InputError(f"no module '{module}' with types is loaded\nhint: {SOURCES}")
            return read_types(path, read_types(VMLINUX))
        case _:
            raise InputError(f"'{' '.join(words)}' names no types\nhint: {SOURCES}")


def read_types(path: str, base: Btf | None = None) -> Btf:
    """The types in a file; InputError with the file's name for one that has none."""
    try:
        return open_types(path, base)
    except FormatError as error:
        raise InputError(f"{path}: {error}" if path not in str(error) else str(error)) from error
