"""Moves values from registers to homes on the stack.

    %3 = add64 %1, %2               %8 = add64 %1, %2
    %4 = mul64 %3, %1         ->    store.u64 %p9+0, %8
                                    %10 = load.u64 %p9+0
                                    %4 = mul64 %10, %1

Each definition is followed by a store, each use preceded by a load into a value of its own. Calls,
returns and edges keep the name of the spilled value: they move values around anyway and read and
write the home directly. A pointer keeps its meaning in an aligned slot of 8 bytes: the kernel's
verifier tracks it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seismo.base.dataclass import replace
from seismo.base.source import Span
from seismo.codegen.homes import HOME_BYTES, assign_homes
from seismo.codegen.places import FrameAddress, Home, Place, Prepared
from seismo.ir.func import Block, Func
from seismo.ir.liveness import Liveness
from seismo.ir.ops import (
    AnyCall,
    Branch,
    Kind,
    Load,
    Op,
    Slot,
    SlotAddress,
    Store,
    Terminator,
    Value,
)

__all__ = ("spill",)


def spill(prepared: Prepared, liveness: Liveness, values: Iterable[Value]) -> Prepared:
    """The function with `values`, none of which has a place yet, in homes."""
    return _Spiller(prepared, assign_homes(prepared, liveness, values)).run()


class _Spiller:
    """One walk; `addresses` are the values that hold the addresses of the homes."""

    def __init__(self, prepared: Prepared, homes: Mapping[Value, Slot]) -> None:
        old = prepared.func
        self.old = old
        self.graph = prepared.graph
        self.func = Func(old.name, old.params, next_id=old.next_id)
        self.places: dict[Value, Place] = dict(prepared.places)
        self.fixed = set(prepared.fixed)
        self.addresses: dict[Value, Value] = {}
        self.spilled = self.addresses.keys()
        self.ops: list[Op] = []
        slots = dict.fromkeys(homes.values())
        addresses = {slot: self._address(slot) for slot in slots}
        for value, slot in homes.items():
            self.places[value] = Home(slot)
            self.addresses[value] = addresses[slot]

    def run(self) -> Prepared:
        for block in self.old.blocks:
            for op in block.ops:
                self._visit(op)
            end = self._end(block.end)
            self.func.blocks.append(Block(block.label, block.params, self.ops, end))
            self.ops = []
        graph = self.graph.with_blocks(self.func.blocks)
        return Prepared(self.func, graph, self.places, frozenset(self.fixed))

    def _address(self, home: Slot) -> Value:
        address = self.func.new_value(Kind.PTR)
        self.places[address] = FrameAddress(home, 0)
        self.ops.append(SlotAddress(address, home))
        return address

    def _visit(self, op: Op) -> None:
        if not isinstance(op, AnyCall) and not self.spilled.isdisjoint(op.uses):
            op = op.with_uses(self._reload(op.uses, op.span))
        if op.result not in self.addresses:
            self.ops.append(op)
            return
        made = self._temporary(op.result)
        self.ops.append(replace(op, result=made))
        self.ops.append(Store(self.addresses[op.result], 0, made, HOME_BYTES, span=op.span))

    def _end(self, end: Terminator) -> Terminator:
        if not isinstance(end, Branch) or self.spilled.isdisjoint(end.uses):
            return end
        return end.with_uses(self._reload((end.left, end.right), end.span))

    def _reload(self, uses: Iterable[Value], span: Span) -> dict[Value, Value]:
        """Load those of `uses` that have a home; what to use instead of each."""
        loaded: dict[Value, Value] = {}
        for value in dict.fromkeys(uses):
            if value in self.addresses:
                loaded[value] = self._temporary(value)
                home = self.addresses[value]
                self.ops.append(Load(loaded[value], home, 0, HOME_BYTES, span=span))
        return loaded

    def _temporary(self, value: Value) -> Value:
        """What stands for a spilled value between one op and its home."""
        made = self.func.new_value(value.kind)
        self.fixed.add(made)
        return made
