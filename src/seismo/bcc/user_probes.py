"""Programs at functions of user space, by uprobes, one place a link."""

from __future__ import annotations

from seismo.bcc.machine import machine
from seismo.bcc.names import Name, as_text
from seismo.bcc.places import check_limit
from seismo.bcc.programs import Programs
from seismo.bcc.user_files import matching_functions, open_binary_of
from seismo.c.flavour import KPROBE
from seismo.objects.attach.uprobe import attach_uprobe
from seismo.spec.types import UprobeAttach

__all__ = ("UserPlace", "UserProbes")

_ENTRY, _RETURN = "uprobe", "uretprobe"


class UserPlace:
    """A place in a file: the function `symbol`, or the address that the file's symbols have
    (not -1), `offset` bytes on. A `pid` of 0 or less is every process.

    `file` is a path, the short name of a library (`c`) or a command's.
    """

    __slots__ = ("address", "file", "offset", "pid", "symbol")

    def __init__(
        self, file: Name, symbol: Name = "", address: int = -1, pid: int = -1, offset: int = 0
    ) -> None:
        self.file = as_text(file)
        self.symbol = as_text(symbol)
        self.address = address
        self.pid = max(pid, 0)
        self.offset = offset

    def find(self, *, is_return: bool = False) -> UprobeAttach:
        """Where that is; BinaryNotFound, SymbolMissing, ElfError."""
        binary = open_binary_of(self.file, self.pid)
        if self.address >= 0:
            place = binary.file_offset(self.address + self.offset)
        else:
            place = binary.offset_of(self.symbol, self.offset)
        return UprobeAttach(binary.path, place, is_return, pid=self.pid)


class UserProbes:
    """Those of one text."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._attachments = programs.attachments

    @staticmethod
    def place(
        file: Name, symbol: Name, address: int | None, pid: int, offset: int = 0
    ) -> UserPlace:
        """A place as the API is told of it."""
        return UserPlace(file, symbol, -1 if address is None else address, pid, offset)

    @property
    def count(self) -> int:
        """At how many entries and returns there are programs."""
        return self._attachments.places(_ENTRY, _RETURN)

    def attach(self, place: UserPlace, function: Name, *, is_return: bool = False) -> None:
        """At one place, or the return of the function that begins there.

        Raises what `UserPlace.find` raises, `AttachRefused`.
        """
        self.attach_at(place.find(is_return=is_return), function)

    def attach_all(
        self, file: Name, pattern: Name, function: Name, pid: int, *, is_return: bool = False
    ) -> None:
        """At all functions of a file whose names the regular expression matches."""
        binary = open_binary_of(as_text(file), max(pid, 0))
        addresses = sorted({address for _, address in matching_functions(binary, as_text(pattern))})
        check_limit(self.count + len(addresses))
        for address in addresses:
            offset = binary.file_offset(address)
            at = UprobeAttach(binary.path, offset, is_return, pid=max(pid, 0))
            self.attach_at(at, function)

    def detach(self, place: UserPlace, *, is_return: bool = False) -> None:
        """What is attached at a place; `NotAttached`."""
        at = place.find(is_return=is_return)
        self._attachments.remove(_kind(at), _key(at))

    def attach_at(self, at: UprobeAttach, function: Name) -> None:
        """At a place that has been found."""
        check_limit(self.count + 1)
        program = self._programs.load(function, KPROBE).program
        link = attach_uprobe(program, at, machine().kernel)
        self._attachments.add(_kind(at), _key(at), as_text(function), link)


def _kind(at: UprobeAttach) -> str:
    return _RETURN if at.is_return else _ENTRY


def _key(at: UprobeAttach) -> str:
    owner = f" of {at.pid}" if at.pid else ""
    return f"{at.path}+{at.offset:#x}{owner}"
