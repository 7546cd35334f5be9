"""Which types a command line means: the kernel's, a module's, a loaded object's or a file's."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.btf.errors import BtfError
from seismo.btf.spec import VMLINUX, Btf
from seismo.elf.file import ElfFile
from seismo.kernel.live import LiveKernel
from seismo.objects.inventory import types_of
from seismo.ui.cli.errors import InputError

__all__ = ("SOURCES", "open_source", "read_btf_file")

SOURCES = "the kernel's, or: a module's NAME, id N, file FILE (BTF, or an object with .BTF)"

_MODULES = "/sys/kernel/btf"
_ELF_MAGIC = b"\x7fELF"


def open_source(words: Sequence[str], base: str = "") -> Btf:
    """The types that `words` name, none being the running kernel's; `base` is the file that split
    BTF in another file continues. Raises InputError, and what reading raises."""
    match list(words):
        case [] | ["vmlinux"]:
            return read_btf_file(VMLINUX)
        case ["id", number] if number.isdecimal():
            return types_of(LiveKernel(), int(number))
        case ["file", path]:
            return read_btf_file(path, read_btf_file(base) if base else None)
        case [word] if "/" in word or "." in word:
            return read_btf_file(word, read_btf_file(base) if base else None)
        case [module]:
            return read_btf_file(f"{_MODULES}/{module}", read_btf_file(VMLINUX))
        case _:
            raise InputError(f"'{' '.join(words)}' names no types\nhint: {SOURCES}")


def read_btf_file(path: str, base: Btf | None = None) -> Btf:
    """The types in a file of BTF, or in the section `.BTF` of an object file."""
    try:
        with open(path, "rb") as file:
            if file.read(len(_ELF_MAGIC)) != _ELF_MAGIC:
                return Btf.open(path, base)
            file.seek(0)
            elf = ElfFile(file.read(), path)
    except OSError as error:
        raise InputError(f"cannot read the types of {path}: {error.strerror}") from error
    except BtfError as error:
        raise InputError(f"{path}: {error}") from error
    if ".BTF" not in elf.sections:
        raise InputError(f"{path} has no section .BTF\nhint: compile it with -g")
    return Btf(bytes(elf.content(elf.sections[".BTF"])), base, path)
