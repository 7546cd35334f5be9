"""Where arguments are when a function begins: which integer registers hold them.

>>> place([("d", Float("double", 8)), ("p", Pointer(Void()))], Void(), Convention.X86_64, structs)
(Parameter("d", Float("double", 8), -1, 0), Parameter("p", Pointer(Void()), 0, 1))

Integer registers are numbered in the order in which arguments take them: on x86-64 `rdi rsi rdx rcx
r8 r9` (System V psABI 3.2.3), on arm64 `x0` to `x7` (AAPCS64 6.8.2). What compilers change in
functions that only they call (`f.isra.0`, `f.constprop.0`) no debug information tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, assert_never

from seismo.base.enum import Enum as PythonEnum
from seismo.elf.dwarf_types import (
    Array,
    Enum,
    Float,
    FunctionPtr,
    Integer,
    Member,
    Parameter,
    Pointer,
    Struct,
    Type,
    Void,
)

__all__ = ("Convention", "Structs", "place", "size_of")

_WORD = 8
_MAX_STRUCT_WORDS = 2
"""A struct of more goes through memory, whatever is in it."""
_MAX_PARTS = 64
"""No struct that fits two registers, nor four vector registers, has more parts than that."""
_MAX_SAME_FLOATS = 4


class Structs(Protocol):
    """What is asked of structs, which are given by name and place only."""

    def members(self, struct: Struct) -> tuple[Member, ...]:
        """The members."""

    def is_passed_by_address(self, struct: Struct) -> bool:
        """Whether C++ passes the address of a copy, because copying takes more than bytes."""


class Convention(PythonEnum):
    """The machine, by its number of integer argument registers."""

    X86_64 = 6
    ARM64 = 8


def place(
    parameters: Sequence[tuple[str, Type]], returns: Type, how: Convention, structs: Structs
) -> tuple[Parameter, ...]:
    """The parameters with their registers, for the machine `how`."""
    free = _Registers(how)
    if how is Convention.X86_64 and _is_in_memory(returns, how, structs):
        # The caller passes the address of the result, as if it were the first argument.
        free.take(1)
    return tuple([_place_one(name, type_, free, structs) for name, type_ in parameters])


def size_of(type_: Type) -> int:
    """`sizeof`, in bytes; 0 if it is not told."""
    match type_:
        case Integer() | Float() | Enum() | Struct():
            return type_.size
        case Pointer() | FunctionPtr():
            return _WORD
        case Array(element, count):
            return count * size_of(element)
        case Void():
            return 0
        case _:
            assert_never(type_)


class _Registers:
    """The integer argument registers that are still free."""

    def __init__(self, how: Convention) -> None:
        self.how = how
        self._next = 0

    def take(self, count: int) -> int:
        """The first of the next `count` registers, or -1 if there are not so many."""
        if self._next + count > self.how.value:
            if self.how is Convention.ARM64:
                # AAPCS64 C.13: once one is on the stack, all that follow are.
                self._next = self.how.value
            return -1
        first = self._next
        self._next += count
        return first

    def take_pair(self) -> int:
        """Two registers for a 16-byte integer, the first of which is an even one on arm64."""
        if self.how is Convention.ARM64:
            self._next += self._next % 2
        return self.take(2)


def _place_one(name: str, type_: Type, free: _Registers, structs: Structs) -> Parameter:
    if isinstance(type_, Integer) and type_.size > _WORD:
        return _parameter(name, type_, free.take_pair(), 2)
    if not isinstance(type_, Struct):
        is_integer = isinstance(type_, (Integer, Pointer, FunctionPtr, Enum))
        return _parameter(name, type_, free.take(1), 1) if is_integer else Parameter(name, type_)
    if structs.is_passed_by_address(type_) or (
        free.how is Convention.ARM64 and _is_in_memory(type_, free.how, structs)
    ):
        return _parameter(name, type_, free.take(1), 1, is_address=True)
    if _is_in_memory(type_, free.how, structs):
        return Parameter(name, type_)
    words = _integer_words(type_, free.how, structs)
    return _parameter(name, type_, free.take(words), words) if words else Parameter(name, type_)


def _parameter(
    name: str, type_: Type, first: int, count: int, *, is_address: bool = False
) -> Parameter:
    return Parameter(name, type_, first, 0 if first < 0 else count, first >= 0 and is_address)


def _is_in_memory(type_: Type, how: Convention, structs: Structs) -> bool:
    """Whether a value of this type is passed and returned through memory."""
    if not isinstance(type_, Struct):
        return False
    if structs.is_passed_by_address(type_):
        return True
    if how is Convention.ARM64 and _is_same_floats(type_, structs):
        return False
    if type_.size > _MAX_STRUCT_WORDS * _WORD:
        return True
    if how is Convention.ARM64:
        return False
    # psABI 3.2.3: what is not aligned goes to memory, and an x87 number beside something else.
    parts = list(_parts(type_, 0, structs))
    is_x87 = any(isinstance(part, Float) and size > _WORD for _, size, part in parts)
    is_aligned = not any(size and offset % min(size, _WORD) for offset, size, _ in parts)
    return not is_aligned or (is_x87 and len(parts) > 1)


def _integer_words(struct: Struct, how: Convention, structs: Structs) -> int:
    """How many integer registers a struct takes that is not passed in memory."""
    if how is Convention.ARM64:
        return 0 if _is_same_floats(struct, structs) else -(-struct.size // _WORD)
    words = set[int]()
    for offset, size, part in _parts(struct, 0, structs):
        if not isinstance(part, (Float, Array)):
            words.update(range(offset // _WORD, (offset + size - 1) // _WORD + 1))
    return len(words)


def _is_same_floats(struct: Struct, structs: Structs) -> bool:
    """AAPCS64 5.9.5: one to four floating point numbers of one size, which go in `v` registers."""
    if not 0 < struct.size <= _MAX_SAME_FLOATS * 2 * _WORD:
        return False
    parts = list(_parts(struct, 0, structs))
    return (
        all(isinstance(part, Float) for _, _, part in parts)
        and len({size for _, size, _ in parts}) == 1
        and struct.size <= _MAX_SAME_FLOATS * parts[0][1]
    )


def _parts(type_: Type, offset: int, structs: Structs) -> Iterator[tuple[int, int, Type]]:
    """The scalars that a value is made of: their offset, size, and type."""
    match type_:
        case Struct():
            for member in structs.members(type_):
                yield from _parts_of_member(member, offset, structs)
        case Array(element, count, is_vector) if not is_vector:
            size = size_of(element)
            for index in range(min(count, _MAX_PARTS)):
                yield from _parts(element, offset + index * size, structs)
        case Float(_, size, is_complex) if is_complex:
            half = Float("", size // 2)
            yield offset, size // 2, half
            yield offset + size // 2, size // 2, half
        case _:
            yield offset, size_of(type_), type_


def _parts_of_member(
    member: Member, offset: int, structs: Structs
) -> Iterator[tuple[int, int, Type]]:
    if not member.bit_size:
        yield from _parts(member.type, offset + member.offset, structs)
        return
    first = offset * 8 + member.bit_offset
    for byte in range(first // 8, (first + member.bit_size - 1) // 8 + 1):
        yield byte, 1, Integer("", 1, False)
