"""`Meaning`: what the arguments of a system call mean, which no header of a kernel tells.

The tables of `meanings_*.py` have a row a call, below a line with the names of its families:

    [file open]
    openat | dirfd path@0 flags:open mode -> opened | Open a file relative to a directory

A word an argument, in their order: a kind, with `:` the table of its constants or its struct, with
`@` which other argument belongs to it (a path's directory, a buffer's size) or how many numbers it
points to; `fd@1` is a descriptor that is looked at before the call, which ends it. Behind the arrow
is what the call returns; the file behind a descriptor is recorded, too.

>>> meanings()["openat"].arguments[1].capture
CaptureOf(kind=<Capture.PATH_AT: 3>, parameter=0)
"""

from __future__ import annotations

from functools import cache

from seismo.audit.catalog import (
    meanings_files,
    meanings_network,
    meanings_processes,
    meanings_system,
)
from seismo.audit.catalog.model import CaptureOf, FieldKind
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.record.layout import Capture
from seismo.base.dataclass import dataclass

__all__ = ("ArgumentMeaning", "Meaning", "meanings", "parse_meanings")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentMeaning:
    """What one argument is, and what is recorded beside its value."""

    kind: FieldKind
    table: str = ""
    capture: CaptureOf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A row: `returns` is what the call's result is."""

    name: str
    families: tuple[str, ...]
    arguments: tuple[ArgumentMeaning, ...]
    returns: FieldKind
    never_returns: bool
    doc: str


_PLAIN = {
    "int": FieldKind.INT,
    "uint": FieldKind.UINT,
    "ulong": FieldKind.UINT,
    "ptr": FieldKind.POINTER,
    "flags": FieldKind.FLAGS,
    "enum": FieldKind.ENUM,
    "mode": FieldKind.MODE,
    "dirfd": FieldKind.DIRFD,
    "pid": FieldKind.PID,
    "sig": FieldKind.SIGNAL,
    "uid": FieldKind.UID,
    "gid": FieldKind.GID,
    "dev": FieldKind.DEVICE,
    "size": FieldKind.SIZE,
}
"""Words for what has its meaning in its value alone."""

_CAPTURED = {
    "fd": (FieldKind.FD, Capture.FD),
    "text": (FieldKind.TEXT, Capture.STRING),
    "words": (FieldKind.WORDS, Capture.WORDS),
    "sa_in": (FieldKind.SOCKADDR, Capture.SOCKADDR_IN),
    "sa_out": (FieldKind.SOCKADDR, Capture.SOCKADDR_OUT),
    "iov_in": (FieldKind.BYTES, Capture.IOVEC_IN),
    "iov_out": (FieldKind.BYTES, Capture.IOVEC_OUT),
    "msg_in": (FieldKind.SOCKADDR, Capture.MSGHDR_IN),
    "msg_out": (FieldKind.SOCKADDR, Capture.MSGHDR_OUT),
    "nums": (FieldKind.NUMBERS, Capture.NUMBERS_OUT),
}
"""Words for what leads to something that is recorded, too."""

_STRUCTS = {"in": Capture.STRUCT_IN, "out": Capture.STRUCT_OUT}
_BYTES = {"in": Capture.BYTES_IN, "out": Capture.BYTES_OUT}
_RETURNED = {"fd": FieldKind.FD, "never": FieldKind.INT}


@cache
def meanings() -> dict[str, Meaning]:
    """Every row by the name of its system call, as unistd.h of 64-bit machines has it."""
    tables = (meanings_files, meanings_network, meanings_processes, meanings_system)
    return {one.name: one for table in tables for one in parse_meanings(table.MEANINGS)}


def parse_meanings(text: str) -> list[Meaning]:
    """The rows of a table; a word that is none raises KeyError."""
    found: list[Meaning] = []
    families: tuple[str, ...] = ()
    for line in filter(None, text.splitlines()):
        if line.startswith("["):
            families = tuple(line.strip("[]").split())
        else:
            found.append(_row(line, families))
    return found


def _row(line: str, families: tuple[str, ...]) -> Meaning:
    name, words, doc = [part.strip() for part in line.split("|")]
    arguments, _, returned = words.partition("->")
    word = returned.strip()
    return Meaning(
        name=name,
        families=families,
        arguments=tuple([_argument(one) for one in arguments.split()]),
        returns=_RETURNED.get(word) or _PLAIN[word or "int"],
        never_returns=word == "never",
        doc=doc,
    )


def _argument(word: str) -> ArgumentMeaning:
    kind, colon, table = word.partition(":")
    if colon and kind in _STRUCTS:
        size = STRUCTS[table].layout.size
        return _captured(FieldKind.STRUCT, _STRUCTS[kind], size, table)
    if colon:
        return ArgumentMeaning(kind=_PLAIN[kind], table=table)
    kind, _, number = word.partition("@")
    parameter = int(number or 0)
    if kind == "path":
        at = Capture.PATH_AT if number else Capture.PATH
        return _captured(FieldKind.PATH, at, parameter)
    if kind in _BYTES:
        return _captured(FieldKind.BYTES, _BYTES[kind], parameter)
    if kind in _CAPTURED:
        return _captured(*_CAPTURED[kind], parameter)
    return ArgumentMeaning(kind=_PLAIN[kind])


def _captured(
    kind: FieldKind, capture: Capture, parameter: int, table: str = ""
) -> ArgumentMeaning:
    of = CaptureOf(kind=capture, parameter=parameter)
    return ArgumentMeaning(kind=kind, table=table, capture=of)
