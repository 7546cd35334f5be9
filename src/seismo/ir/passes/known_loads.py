"""Loads of what is known already: loaded before, or stored, and nothing written between.

Before:                                             After:
    %3 = load.u64 %p1+8                                 %3 = load.u64 %p1+8
    branch.ge64 %3, %2 ? full : room                    branch.ge64 %3, %2 ? full : room
    room:                                               room:
        %4 = load.u64 %p1+8                                 %5 = mul64 %3, %6
        %5 = mul64 %4, %6

C programs check a member and then use it. The kernel's verifier knows a bound only of the register
that was checked, not of the memory: programs that name the member twice count on a compiler that
loads it once.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass, replace
from seismo.ir.func import Block, Func
from seismo.ir.graph import Graph
from seismo.ir.ops import (
    Atomic,
    Binary,
    BinaryKind,
    Call,
    CallFunc,
    Const,
    CopyBytes,
    Extend,
    Fill,
    Kind,
    Load,
    MapAddress,
    Op,
    Slot,
    SlotAddress,
    Store,
    Value,
)
from seismo.ir.passes.rewrite import rename, rename_all

__all__ = ("known_loads",)


@dataclass(frozen=True, slots=True)
class _Place:
    """`offset` bytes from what `base` tells from all other addresses.

    `slot` is the stack slot that it is in; `is_outside` says that it is in none.
    """

    base: Hashable
    offset: int = 0
    slot: Slot | None = None
    is_outside: bool = False


_Range: TypeAlias = tuple[_Place, int]
"""So many bytes from there."""
_Known: TypeAlias = dict[_Range, tuple[Value, bool | None]]
"""What a load of these bytes gives: a value extended by its sign or by zeros, or, with None, one of
which only these bytes count."""


def known_loads(func: Func) -> Func:
    """The function without loads that give what is known; its blocks are those that are reached."""
    return _Loads(func).run()


class _Loads:
    """One function; `places` are of values that are addresses or parts of them."""

    def __init__(self, func: Func) -> None:
        self.func = func
        self.renamed: dict[Value, Value] = {}
        self.constants: dict[Value, int] = {}
        self.numbers: dict[Hashable, int] = {}
        self.places = {one: _Place(one, is_outside=True) for one in func.params[:1]}
        self.known: _Known = {}

    def run(self) -> Func:
        graph = Graph.of(self.func)
        ends: dict[str, _Known] = {}
        blocks: list[Block] = []
        for block in graph.order:
            self.known = _common([ends.get(one) for one in graph.predecessors[block.label]])
            made = (self._op(rename(op, self.renamed)) for op in block.ops)
            kept = [op for op in made if op is not None]
            blocks.append(Block(block.label, block.params, kept, block.terminator))
            ends[block.label] = self.known
        done = replace(self.func, blocks=blocks)
        return rename_all(done, self.renamed) if self.renamed else done

    def _op(self, op: Op) -> Op | None:
        """The op, or what is left of it; learns what it says of addresses and of memory."""
        match op:
            case Const(result, value):
                self.constants[result] = to_signed(value, 64)
            case SlotAddress(result, slot):
                self.places[result] = _Place(slot, slot=slot)
            case MapAddress(result, name, is_value):
                self.places[result] = _Place((name, is_value), is_outside=True)
            case Binary() | Extend():
                self.places[op.result] = self._computed(op)
            case Load(relocation=None):
                return self._load(op)
            case Store(base, offset, value, size):
                where = self._write(base, offset, size)
                # The context goes through memory where the IR may not compute with it.
                if value not in self.func.params:
                    self.known[where] = value, None
            case Atomic(base=base, offset=offset, size=size) | Fill(base, offset, size):
                self._write(base, offset, size)
            case CopyBytes(base, offset, _, _, size):
                self._write(base, offset, size)
            case Call(pure=True):
                pass
            case Call(result) | CallFunc(result):
                self.known = {}
                if result is not None and isinstance(op, Call):
                    self.places[result] = _Place(result, is_outside=True)
            case _:
                pass
        return op

    def _place(self, value: Value) -> _Place:
        return self.places.get(value) or _Place(self.constants.get(value, value))

    def _computed(self, op: Binary | Extend) -> _Place:
        """What tells an address that is computed from others: how it is."""
        if isinstance(op, Extend):
            inner = self._place(op.value)
            return _Place(self._number(inner.base, inner.offset, op.bits, op.signed))
        left, right = self._place(op.left), self._place(op.right)
        distance = self.constants.get(op.right)
        if distance is not None and op.width == 64:
            if op.op is BinaryKind.ADD:
                return replace(left, offset=left.offset + distance)
            if op.op is BinaryKind.SUB:
                return replace(left, offset=left.offset - distance)
        whole = right if op.right.kind is Kind.PTR else left
        base = self._number(op.op, op.width, left.base, left.offset, right.base, right.offset)
        return _Place(base, slot=whole.slot, is_outside=whole.is_outside)

    def _number(self, *how: Hashable) -> Hashable:
        """What stands for a computation: the same for equal ones, and no larger for long ones."""
        return "number", self.numbers.setdefault(how, len(self.numbers))

    def _range(self, base: Value, offset: int, size: int) -> _Range:
        place = self._place(base)
        return replace(place, offset=place.offset + offset), size

    def _load(self, op: Load) -> Op | None:
        where = self._range(op.base, op.offset, op.size)
        value, signed = self.known.get(where, (op.result, op.signed))
        if value is op.result or value.kind is not op.result.kind:
            self.known[where] = op.result, op.signed
            return op
        if op.size == 8 or signed is op.signed:
            self.renamed[op.result] = value
            return None
        extended = Extend(op.result, value, op.size * 8, op.signed, span=op.span)
        self.known[where] = op.result, op.signed
        self.places[op.result] = self._computed(extended)
        return extended

    def _write(self, base: Value, offset: int, size: int) -> _Range:
        """Forget what may have been there."""
        where = self._range(base, offset, size)
        self.known = {one: said for one, said in self.known.items() if _is_apart(one, where)}
        return where


def _common(ends: list[_Known | None]) -> _Known:
    """What is known wherever control comes from; None is what comes back from below."""
    first, *others = ends or [None]
    if first is None or None in others:
        return {}
    return {
        where: said
        for where, said in first.items()
        if all(one is not None and one.get(where) == said for one in others)
    }


def _is_apart(one: _Range, other: _Range) -> bool:
    """Whether two ranges of memory cannot overlap."""
    (left, left_size), (right, right_size) = one, other
    if left.base == right.base:
        return left.offset + left_size <= right.offset or right.offset + right_size <= left.offset
    if left.slot is not None and right.slot is not None:
        return left.slot is not right.slot
    return (left.slot is not None and right.is_outside) or (
        right.slot is not None and left.is_outside
    )
