"""Static probes (USDT) that a program's author put into it, as the file's notes tell them.

>>> [f"{one.provider}:{one.name}" for one in read_usdt(file)]
['libc:setjmp', 'libc:longjmp', ...]

Each site is a `nop` and a note in `.note.stapsdt`: three addresses, three strings. A probe that the
compiler inlined into several places has several sites, and each its own arguments' places. The
format is SystemTap's: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.elf.file import ElfFile, Note
from seismo.elf.usdt_arguments import (
    AtSymbol,
    Constant,
    Form,
    InMemory,
    InRegister,
    Unreadable,
    UsdtArgument,
    parse_arguments,
)

__all__ = (
    "AtSymbol",
    "Constant",
    "Form",
    "InMemory",
    "InRegister",
    "Unreadable",
    "UsdtArgument",
    "UsdtProbe",
    "read_usdt",
)

_OWNER, _TYPE = "stapsdt", 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdtProbe:
    """One site of a static probe.

    The semaphore is a u16 of the program that counts who traces the probe, and is 0 while the
    program need not prepare its arguments; its address and offset are 0 if the probe has none.
    """

    provider: str
    name: str
    address: int
    offset: int
    semaphore_address: int
    semaphore_offset: int
    arguments: tuple[UsdtArgument, ...]


def read_usdt(file: ElfFile) -> tuple[UsdtProbe, ...]:
    """Every site, in the order of the notes; none is no error. `ElfError` for a malformed note."""
    section = file.sections.get(".note.stapsdt")
    if section is None:
        return ()
    notes = [one for one in file.notes(section) if one.owner == _OWNER and one.type == _TYPE]
    return tuple([_probe(file, note) for note in notes])


def _probe(file: ElfFile, note: Note) -> UsdtProbe:
    addresses = file.layout("QQQ", "III")
    strings = note.description[addresses.size :].split(b"\0")
    if len(strings) != 4 or strings[3]:
        raise file.error("a note of a static probe that is not three texts", note.offset)
    address, base, semaphore = addresses.unpack_from(note.description)
    # Prelinking moves the program, which the note cannot follow, and this section, which it can.
    marker = file.sections.get(".stapsdt.base")
    moved = marker.address - base if marker and base else 0
    address += moved
    semaphore += moved if semaphore else 0
    provider, name, arguments = [one.decode(errors="backslashreplace") for one in strings[:3]]
    return UsdtProbe(
        provider=provider,
        name=name,
        address=address,
        offset=file.file_offset(address),
        semaphore_address=semaphore,
        semaphore_offset=file.file_offset(semaphore) if semaphore else 0,
        arguments=parse_arguments(arguments, file.machine),
    )
