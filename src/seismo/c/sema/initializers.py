"""Initialisers: `{1, .y = 2, [3] = {…}}` laid out flat, by the rules of C11 6.7.9 and GNU C.

>>> initialize(node, point, "'p'", checker)         # {.y = 2}
Initializer((InitPart(32, 32, INT, Constant(2, INT, span)),), point, span)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Range
from seismo.c.sema.checker import Checker
from seismo.c.sema.constants import NotConstant
from seismo.c.sema.errors import CheckError
from seismo.c.spans import span_of
from seismo.c.tree import Expr, Initializer, InitPart, Load, StringPlace
from seismo.c.types import Array, CType, Integer, Record, same_type

__all__ = ("initialize",)

MAX_PARTS = 4096
"""More would not fit the stack of a program, many times over."""


def initialize(node: Any, type_: CType, what: str, checker: Checker) -> Initializer | Expr:
    """The value of `what` (`'x'`), of the type; of an array without a size it has the type that
    the values make it. CheckError."""
    span = span_of(node)
    if not isinstance(node, c_ast.InitList):
        if not isinstance(type_, Array):
            return checker.assigned(checker.value(node), type_, what)
        if not _is_string(node) or not _is_bytes(type_):
            hint = "write its elements in braces, or copy it with __builtin_memcpy()"
            raise CheckError(span, f"{what} is an array, and this is no list of values", hint)
    filling = _Filling(checker)
    filling.put(_Slot(what, type_, 0, 0), node)
    if isinstance(type_, Array) and type_.count is None:
        type_ = Array(type_.element, filling.count)
    return Initializer(tuple(filling.parts), type_, span)


@final
@dataclass(frozen=True, slots=True)
class _Slot:
    """A part of the object, or all of it; `bit_size` is 0 for all but bit fields."""

    name: str
    type: CType
    bit_offset: int
    bit_size: int

    @property
    def end(self) -> int:
        return self.bit_offset + (self.bit_size or self.type.size * 8)

    def part(self, index: int) -> _Slot:
        """An element, or the member that is declared at this place."""
        if isinstance(self.type, Array):
            element = self.type.element
            offset = self.bit_offset + index * element.size * 8
            return _Slot(f"an element of {self.name}", element, offset, 0)
        assert isinstance(self.type, Record)
        member = self.type.members[index]
        offset = self.bit_offset + member.bit_offset
        return _Slot(f"'.{member.name}'", member.type, offset, member.bit_size)


@final
@dataclass(slots=True)
class _Level:
    """An aggregate, and the part of it that the next value goes to."""

    slot: _Slot
    index: int = 0

    @property
    def current(self) -> _Slot:
        return self.slot.part(self.index)

    @property
    def is_union(self) -> bool:
        return isinstance(self.slot.type, Record) and self.slot.type.keyword == "union"

    @property
    def is_done(self) -> bool:
        type_ = self.slot.type
        if isinstance(type_, Array):
            return type_.count is not None and self.index >= type_.count
        assert isinstance(type_, Record)
        return self.index >= len(type_.members)

    def advance(self) -> None:
        """Go on to the next part; of a union one is all there is."""
        self.index += 1
        if self.is_union:
            assert isinstance(self.slot.type, Record)
            self.index = len(self.slot.type.members)


@final
class _Filling:
    """An initialiser in the making; `count` are the elements of an array without a size."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._end = 0
        self._active: dict[tuple[int, Record], int] = {}
        self.parts: list[InitPart] = []
        self.count = 0

    def put(self, slot: _Slot, node: Any) -> None:
        """What the node says goes to the slot, whatever was there."""
        if _is_string(node) and _is_bytes(slot.type):
            self._put_string(slot, node)
        elif not isinstance(node, c_ast.InitList):
            self._put_value(slot, self._checker.value(node))
        elif isinstance(slot.type, Array | Record):
            self._put_list(slot, node)
        elif len(node.exprs) > 1 or any(isinstance(one, _BRACED) for one in node.exprs):
            raise CheckError(span_of(node), f"{slot.name} is {slot.type} and takes one value")
        else:
            for one in node.exprs:
                self.put(slot, one)

    def _put_list(self, slot: _Slot, node: c_ast.InitList) -> None:
        items = node.exprs
        if len(items) == 1 and _is_string(items[0]) and _is_bytes(slot.type):
            self._put_string(slot, items[0])
            return
        self._clear(slot)
        levels = [_Level(slot)]
        for item in items:
            if isinstance(item, c_ast.NamedInitializer):
                for levels in self._sought(slot, item.name):
                    self._put_next(levels, item.expr)
            else:
                self._put_next(levels, item)
            if isinstance(slot.type, Array) and slot.type.count is None:
                self.count = max(self.count, levels[0].index + (len(levels) > 1))

    def _sought(self, slot: _Slot, designators: Sequence[Any]) -> Iterator[list[_Level]]:
        """The way to each part that `.a[1].b` means: more than one where a range is among them."""
        first, rest = designators[0], designators[1:]
        for levels in self._steps(slot, first):
            if not rest:
                yield levels
                continue
            for inner in self._sought(levels[-1].current, rest):
                yield [*[replace(one) for one in levels], *inner]

    def _steps(self, slot: _Slot, designator: Any) -> Iterator[list[_Level]]:
        if isinstance(designator, c_ast.ArrayDesignator):
            if not isinstance(slot.type, Array):
                span = span_of(designator)
                raise CheckError(span, f"{slot.name} is {slot.type}, which has no elements")
            for index in self._indices(slot.type, designator):
                yield [_Level(slot, index)]
        else:
            yield _path(slot, designator.name, span_of(designator))

    def _indices(self, array: Array, designator: c_ast.ArrayDesignator) -> range:
        node, span = designator.expr, span_of(designator)
        bounds = (node.low, node.high) if isinstance(node, Range) else (node, node)
        low, high = [self._index(one) for one in bounds]
        if low < 0 or high < low or (array.count is not None and high >= array.count):
            shown = f"{low} ... {high}" if isinstance(node, Range) else f"{low}"
            raise CheckError(span, f"[{shown}] is outside of {array}")
        if high - low >= MAX_PARTS:
            raise CheckError(span, f"{high - low + 1} values are more than a program can hold")
        return range(low, high + 1)

    def _index(self, node: c_ast.Node) -> int:
        try:
            return self._checker.known(self._checker.value(node))
        except NotConstant as error:
            raise CheckError(error.span, "the place of an element must be a constant") from None

    def _put_next(self, levels: list[_Level], node: Any) -> None:
        """Put it where the levels are, deeper where braces are left out, and go on behind it."""
        slot = _current(levels, node)
        while isinstance(slot.type, Array | Record) and not self._fits(slot, node):
            levels.append(_Level(slot))
            slot = _current(levels, node)
        self._activate(levels)
        self.put(slot, node)
        levels[-1].advance()

    def _fits(self, slot: _Slot, node: Any) -> bool:
        """Whether the node is the value of the whole aggregate, not of its first part."""
        if isinstance(node, c_ast.InitList):
            return True
        if _is_string(node):
            return _is_bytes(slot.type)
        return same_type(self._checker.type_of(node), slot.type)

    def _activate(self, levels: list[_Level]) -> None:
        """A union has what the last of its members was given, and nothing of the others."""
        for level in levels:
            if level.is_union:
                assert isinstance(level.slot.type, Record)
                key = (level.slot.bit_offset, level.slot.type)
                if self._active.setdefault(key, level.index) != level.index:
                    self._clear(level.slot)
                self._active[key] = level.index

    def _put_string(self, slot: _Slot, node: c_ast.Constant) -> None:
        place, span, array = self._checker.checked(node), span_of(node), slot.type
        assert isinstance(place, StringPlace) and isinstance(array, Array)
        data, count = place.data, array.count
        if count is None:
            count = self.count = len(data)
        if len(data) - 1 > count:
            room = f"{slot.name} has {count}"
            raise CheckError(span, f"the string has {len(data) - 1} bytes, and {room}")
        data = data[:count]
        type_ = Array(array.element, len(data))
        # Bytes that no part covers are zero: those behind the string.
        self._add(_Slot(slot.name, type_, slot.bit_offset, 0), _string(data, type_, span))

    def _put_value(self, slot: _Slot, value: Expr) -> None:
        self._add(slot, self._checker.assigned(value, slot.type, slot.name))

    def _add(self, slot: _Slot, value: Expr) -> None:
        self._clear(slot)
        if len(self.parts) == MAX_PARTS:
            raise CheckError(value.span, f"more than {MAX_PARTS} values in one initialiser")
        self.parts.append(InitPart(slot.bit_offset, slot.bit_size, slot.type, value))
        self._end = max(self._end, slot.end)

    def _clear(self, slot: _Slot) -> None:
        """Forget what was put there before."""
        if slot.bit_offset < self._end:
            self.parts = [one for one in self.parts if not _is_within(one, slot)]


_BRACED = (c_ast.InitList, c_ast.NamedInitializer)


def _current(levels: list[_Level], node: c_ast.Node) -> _Slot:
    """The part that is next; leaves the levels that are done."""
    while levels[-1].is_done:
        if len(levels) == 1:
            top = levels[0].slot
            raise CheckError(span_of(node), f"too many values for {top.name} ({top.type})")
        levels.pop()
        levels[-1].advance()
    slot = levels[-1].current
    if isinstance(slot.type, Array) and slot.type.count is None:
        message = f"{slot.name} is an array without a size, which gets no values here"
        raise CheckError(span_of(node), message)
    return slot


def _path(slot: _Slot, name: str, span: Span) -> list[_Level]:
    """The way to the member, through those without a name."""
    if not isinstance(slot.type, Record):
        raise CheckError(span, f"{slot.name} is {slot.type}, which has no members")
    for index, member in enumerate(slot.type.members):
        if member.name == name:
            return [_Level(slot, index)]
        if not member.name and isinstance(member.type, Record) and name in member.type.names():
            return [_Level(slot, index), *_path(slot.part(index), name, span)]
    hint = did_you_mean(name, slot.type.names())
    raise CheckError(span, f"{slot.type} has no member '{name}'", hint)


def _is_within(part: InitPart, slot: _Slot) -> bool:
    end = part.bit_offset + (part.bit_size or part.type.size * 8)
    return slot.bit_offset <= part.bit_offset and end <= slot.end


def _is_string(node: c_ast.Node) -> bool:
    return isinstance(node, c_ast.Constant) and node.type == "string"


def _is_bytes(type_: CType) -> bool:
    """Whether a string may stand for it."""
    element = type_.element if isinstance(type_, Array) else None
    return isinstance(element, Integer) and element.size == 1 and not element.is_bool


def _string(data: bytes, type_: Array, span: Span) -> Expr:
    return Load(StringPlace(data, type_, span), type_, span)
