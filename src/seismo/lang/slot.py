"""`Slot`: a place that values are written to, and the least type that holds them all.

A literal has no sign of its own: `$x = 0; $x = pid` is a uint32, and so is each element of
`$t = (0, 1); $t = (pid, tid)`.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.lang.join import is_integer, join, smallest_integer
from seismo.lang.sizes import is_made_here, record_of
from seismo.lang.types import IntType, PointerType, RecordType, StringType, TupleType, Type

__all__ = ("WIDE", "Literal", "Slot", "fits")

Literal: TypeAlias = "int | tuple[Literal, ...] | None"
"""The literals that a value is made of: an integer, those of a tuple's elements, or none."""

WIDE = 1 << 32
"""A literal that needs 64 bits whatever their sign: what `+=` and `++` make of their target."""

_MOST_GROWTHS = 8


class Slot:
    """`type` is the type so far, None before the first write; `literal` what was written as long as
    that is literals alone. `space` is whose memory numbers in it are addresses in, where they were
    pointers once. `version` tells that one of these has changed. A `declared` slot keeps
    its type and refuses what does not fit."""

    __slots__ = (
        *("_growths", "_known", "_literal", "_names", "_parts"),
        *("declared", "literal", "space", "type", "version"),
    )

    def __init__(self) -> None:
        self.type: Type | None = None
        self.literal: Literal = None
        self.version = 0
        self.declared = False
        self.space = ""
        self._known: Type | None = None
        self._literal: int | None = None
        self._parts: tuple[Slot, ...] | None = None
        self._names: tuple[str, ...] = ()
        self._growths = 0

    def came_from(self, space: str) -> None:
        """A number is written that is an address in this memory; the first one decides."""
        if space and not self.space:
            self.space = space
            self.version += 1

    def declare(self, type_: Type) -> None:
        """Keep to this type. What it leaves open, the size of a `string` and whose memory a pointer
        points to, is learnt from what is written."""
        if self.type is None:
            is_open = isinstance(type_, PointerType) or type_ == StringType(0)
            self.declared = not is_open
            self.type = self._known = type_
            self.version += 1

    def write(self, type_: Type, literal: Literal = None) -> bool:
        """Widen for a value of this type, made of these literals; False, and nothing changes, when
        no type holds it and the others."""
        current = self.type
        if literal is None and self.literal is None and type_ == current:
            return True
        if current is not None:
            if self.declared:
                return fits(current, type_, literal)
            if join(current, type_) is None:
                return False
        if isinstance(type_, TupleType):
            self._write_parts((), type_.elements, literal)
        elif isinstance(type_, RecordType) and is_made_here(type_):
            self._write_record(type_, literal)
        else:
            self._write_plain(type_, literal)
        return True

    def touch(self) -> None:
        """Tell of a change that the type does not show."""
        self.version += 1

    def _write_plain(self, type_: Type, literal: Literal) -> None:
        if isinstance(literal, int):
            self._literal = max(literal, self._literal or 0)
        elif self._known is None:
            self._known = type_
        elif type_ != self._known:
            self._known = self._grown(join(self._known, type_))
        widest = self._known if self._literal is None else self._with_literal(self._literal)
        self._settle(widest, self._literal if self._known is None else None)

    def _with_literal(self, literal: int) -> Type:
        known = self._known
        if not isinstance(known, IntType):
            return smallest_integer(literal)
        fitting = smallest_integer(literal, unsigned=not known.signed)
        return known if known.bits >= fitting.bits else fitting

    def _grown(self, type_: Type | None) -> Type | None:
        """A string that grows with each pass, as `@s = str_concat(@s, "x")`, grows by leaps."""
        if isinstance(type_, StringType) and type_ != self._known:
            self._growths += 1
            if self._growths > _MOST_GROWTHS:
                return StringType(1 << (type_.size - 1).bit_length())
        return type_

    def _write_record(self, type_: RecordType, literal: Literal) -> None:
        """Fields go by their names, in the order of the record that was written first."""
        fields = type_.fields or ()
        types = {one.name: one.type for one in fields}
        names = self._names or tuple(types)
        if isinstance(literal, tuple):
            literals = dict(zip(types, literal, strict=True))
            literal = tuple([literals[name] for name in names])
        self._write_parts(names, tuple([types[name] for name in names]), literal)

    def _write_parts(
        self, names: tuple[str, ...], types: tuple[Type, ...], literal: Literal
    ) -> None:
        if self._parts is None:
            self._parts, self._names = tuple([Slot() for _ in types]), names
        literals = literal if isinstance(literal, tuple) else (None,) * len(types)
        for part, type_, one in zip(self._parts, types, literals, strict=True):
            part.write(type_, one)
        held = tuple([one.type for one in self._parts if one.type is not None])
        flexible = tuple([one.literal for one in self._parts])
        self._settle(
            record_of(names, held) if names else TupleType(held),
            flexible if any(one is not None for one in flexible) else None,
        )

    def _settle(self, type_: Type | None, literal: Literal) -> None:
        if type_ != self.type or literal != self.literal:
            self.type, self.literal = type_, literal
            self.version += 1


def fits(declared: Type, type_: Type, literal: Literal = None) -> bool:
    """Whether a place of a declared type takes a value of `type_`, a literal's where one is
    given: no bit of an integer may get lost, but its sign may."""
    if isinstance(literal, int) and isinstance(declared, IntType):
        lowest = -(1 << (declared.bits - 1)) if declared.signed else 0
        return lowest <= literal < 1 << (declared.bits - declared.signed)
    if isinstance(declared, IntType) and isinstance(type_, IntType):
        return type_.bits <= declared.bits
    if isinstance(declared, IntType):
        return is_integer(type_)
    if isinstance(declared, TupleType) and isinstance(type_, TupleType):
        parts = literal if isinstance(literal, tuple) else (None,) * len(type_.elements)
        return len(declared.elements) == len(type_.elements) and all(
            fits(*one) for one in zip(declared.elements, type_.elements, parts, strict=True)
        )
    return join(declared, type_) == declared
