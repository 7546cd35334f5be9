"""Which member of a kernel's record a place of the tree is, by the names that any kernel has it by.

>>> part = kernel_part(place, opens)                   # task->se.vruntime
>>> part.field, part.bit_offset
(CoreField(record='struct task_struct', path='se.vruntime', …), 1152)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.c.tree import AddressOf, Constant, Dereference, Expr, MemberPlace, Place, PointerAdd
from seismo.c.types import UNNAMED, Array, CType, Record
from seismo.spec.relocations import CoreField

__all__ = ("IsOpen", "KernelPart", "NoName", "is_open", "kernel_part")

_SAME_EVERYWHERE = ("struct pt_regs",)
"""What tracers, debuggers and signal frames go by: no kernel of a machine has it otherwise."""

IsOpen: TypeAlias = Callable[[Record], bool]
"""Whether a record's members may be elsewhere on the kernel that runs the program."""


def is_open(record: Record, *, is_portable: bool) -> bool:
    """Whether the places of a record's members are left to the kernel that runs the program."""
    if not record.origin or record.origin in _SAME_EVERYWHERE:
        return False
    return is_portable or record.is_flavour


class NoName(Exception):
    """What is at `span` is part of a type of the kernel's that has no name."""

    def __init__(self, span: Span) -> None:
        super().__init__(
            "this is of a type without a name, by which no other kernel's can be found"
        )
        self.span = span


@dataclass(frozen=True, slots=True)
class KernelPart:
    """A member, or an element of one: `bit_offset` is its place in the record `root` as the program
    was compiled, `bit_size` its width if it is a bit field (else 0)."""

    root: Place
    field: CoreField
    type: CType
    bit_offset: int
    bit_size: int = 0


@dataclass(frozen=True, slots=True)
class _Step:
    """From the place `outer` to a part of it."""

    outer: Place
    text: str
    bits: int


def kernel_part(place: Place, opens: IsOpen, *, is_whole: bool = False) -> KernelPart | None:
    """What the place is of the outermost record that `opens`; None for what is of none.

    An element of an array is a place of its own if its type has a name, unless `is_whole`. Raises
    NoName where the record has no name.
    """
    if not isinstance(place, MemberPlace) and not (is_whole and _array_of(place)):
        return None
    steps = list(_steps(place, opens, is_whole=is_whole))
    first = next((at for at in reversed(range(len(steps))) if _is_open(steps[at], opens)), -1)
    if first < 0:
        return None
    if any(_is_fixed(one.outer.type) for one in steps[first + 1 :]):
        return None
    root = steps[first].outer
    assert isinstance(root.type, Record)
    if root.type.origin == UNNAMED:
        raise NoName(place.span)
    taken = list(reversed(steps[: first + 1]))
    path = "".join(one.text for one in taken).removeprefix(".")
    bits = sum(one.bits for one in taken)
    width = place.member.bit_size if isinstance(place, MemberPlace) else 0
    return KernelPart(root, CoreField(root.type.origin, path), place.type, bits, width)


def _is_fixed(type_: CType) -> bool:
    return isinstance(type_, Record) and type_.origin in _SAME_EVERYWHERE


def _is_open(step: _Step, opens: IsOpen) -> bool:
    return isinstance(step.outer.type, Record) and opens(step.outer.type)


def _steps(place: Place, opens: IsOpen, *, is_whole: bool) -> Iterator[_Step]:
    """From the inside to the outside; elements of arrays are steps where their type has no name."""
    while True:
        if isinstance(place, MemberPlace):
            yield _Step(place.record, f".{place.member.name}", place.member.bit_offset)
            place = place.record
            continue
        array = _array_of(place)
        if array is None or not (is_whole or _is_unnamed(place.type, opens)):
            return
        outer, index = array
        yield _Step(outer, f"[{index}]", index * place.type.size * 8)
        place = outer


def _is_unnamed(type_: CType, opens: IsOpen) -> bool:
    return isinstance(type_, Record) and type_.origin == UNNAMED and opens(type_)


def _array_of(place: Place) -> tuple[Place, int] | None:
    """The array, and which of its elements the place is, if it is one that is known."""
    if not isinstance(place, Dereference):
        return None
    pointer: Expr = place.pointer
    index = 0
    if isinstance(pointer, PointerAdd) and isinstance(pointer.index, Constant):
        index = -pointer.index.value if pointer.is_minus else pointer.index.value
        pointer = pointer.pointer
    if isinstance(pointer, AddressOf) and isinstance(pointer.place.type, Array):
        return pointer.place, index
    return None
