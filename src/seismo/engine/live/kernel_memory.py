"""What a kernel's memory would hold of the tasks that are traced, as far as /proc tells of it.

    0xffff800000000000 + tid * 16 MiB       a task's `struct task_struct`
    0xffffc00000000000 + number * 16 MiB    any other record, by the order in which it was asked for

Members lie where the types that programs are compiled for have them (`kernel_types`), so that they
find them; each is asked of /proc when it is read. A member that nothing is known of cannot be read.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import Place, resolve, size_of
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Kind
from seismo.engine.task_types import kernel_types

__all__ = ("KernelMemory", "Record", "Tell", "task_address")

_TASKS = 0xFFFF_8000_0000_0000
_OTHERS = 0xFFFF_C000_0000_0000
_STRIDE = 1 << 24
_NUMBERS = 1 << 22
_KEPT = 1 << 14
_WORD = 8

Tell: TypeAlias = "Callable[[KernelMemory, int, str], int | bytes]"
"""The value of a member of the record about a task and a name; OSError where it is not known."""

Record: TypeAlias = "Mapping[str, Tell] | Callable[[KernelMemory, int, str, int, int], bytes]"
"""What is told of a structure's members, by the paths to them; or, of what is no structure, what
gives the bytes at an offset, so many."""

_Thing: TypeAlias = "tuple[str, int, str]"


@dataclass(frozen=True, slots=True)
class _Member:
    offset: int
    size: int
    is_text: bool
    tell: Tell

    @property
    def end(self) -> int:
        return self.offset + self.size


def task_address(tid: int) -> int:
    """Where the `struct task_struct` of a task is."""
    return _TASKS + tid * _STRIDE


class KernelMemory:
    """Records of the kinds in `records`; `task_struct` is among them."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._numbers: dict[_Thing, int] = {}
        self._things: list[_Thing] = []
        self._first = 0
        self._members: dict[str, tuple[_Member, ...]] = {}
        self._btf: Btf | None = None

    def address(self, record: str, tid: int = 0, name: str = "", *, member: str = "") -> int:
        """Where the record about a task and a name is, or a member of it; the same each time."""
        if record == "task_struct":
            return task_address(tid)
        thing = (record, tid, name)
        number = self._numbers.get(thing)
        if number is None:
            number = self._numbers[thing] = (self._first + len(self._things)) % _NUMBERS
            self._things.append(thing)
        inside = self._place(record, member).offset if member else 0
        return _OTHERS + number * _STRIDE + inside

    def trim(self) -> None:
        """Forget other records than tasks' where there are many; what pointed to them leads nowhere
        then, as in a kernel that has freed them. Not while a program runs."""
        if len(self._things) > _KEPT:
            self._first = (self._first + len(self._things)) % _NUMBERS
            self._numbers.clear()
            self._things.clear()

    def has(self, record: str, member: str) -> bool:
        """Whether the record has such a member in the kernel at hand."""
        try:
            self._place(record, member)
        except BtfNotFound:
            return False
        return True

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of a record. What lies between two members that are known is 0, and what is
        behind text; what is read has to begin, but for alignment, with a member that is known, and
        to end with one, or to begin in text. Else OSError (EFAULT)."""
        (record, tid, name), offset = self._find(address)
        told = self._records[record]
        if callable(told):
            return told(self, tid, name, offset, size)
        end = offset + size
        found = [one for one in self._of(record) if one.offset < end and one.end > offset]
        is_known = bool(found) and found[0].offset - offset < _WORD and found[-1].end >= end
        if not is_known and not (found and found[0].is_text and found[0].offset <= offset):
            raise OSError(errno.EFAULT, f"nothing is known of this member of {record}")
        data = bytearray(size)
        for one in found:
            first, last = max(one.offset, offset), min(one.end, end)
            value = _content(one.tell(self, tid, name), one.size)
            data[first - offset : last - offset] = value[first - one.offset : last - one.offset]
        return bytes(data)

    def _find(self, address: int) -> tuple[_Thing, int]:
        """What record is there, and how far into it the address is."""
        if _TASKS <= address < _OTHERS:
            tid, offset = divmod(address - _TASKS, _STRIDE)
            return ("task_struct", tid, ""), offset
        number, offset = divmod(address - _OTHERS, _STRIDE)
        index = (number - self._first) % _NUMBERS
        if 0 <= number < _NUMBERS and index < len(self._things):
            return self._things[index], offset
        raise OSError(errno.EFAULT, "there is nothing")

    def _of(self, record: str) -> tuple[_Member, ...]:
        """The members that are told, by their places."""
        if record not in self._members:
            told = self._records[record]
            assert not callable(told), "asked of structures alone"
            members = [self._member(record, path, tell) for path, tell in told.items()]
            known = [one for one in members if one is not None]
            self._members[record] = tuple(sorted(known, key=lambda one: one.offset))
        return self._members[record]

    def _member(self, record: str, path: str, tell: Tell) -> _Member | None:
        """None: this kernel's record has no such member, so nobody asks for it."""
        try:
            place = self._place(record, path)
            is_text = isinstance(self._types.type(place.type), Array)
            return _Member(place.offset, size_of(self._types, place.type), is_text, tell)
        except BtfNotFound:
            return None

    def _place(self, record: str, path: str) -> Place:
        return resolve(self._types, self._types.find(record, Kind.STRUCT), path)

    @property
    def _types(self) -> Btf:
        if self._btf is None:
            self._btf = kernel_types()
        return self._btf


def _content(value: int | bytes, size: int) -> bytes:
    """As the member has it."""
    if isinstance(value, bytes):
        return value[:size].ljust(size, b"\0")
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")
