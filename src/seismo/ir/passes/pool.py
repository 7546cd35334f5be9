"""`Pool`: the constants and addresses that a function uses, each made once.

They stand at the top of the entry block, which dominates everything, so that no pass has to ask
whether one is available; they take no register there, because code generation makes them anew
where they are used.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.bits import to_signed
from seismo.ir.func import Func
from seismo.ir.ops import (
    Const,
    FuncAddress,
    MapAddress,
    Slot,
    SlotAddress,
    Symbol,
    Value,
)
from seismo.spec.relocations import Relocation

__all__ = ("Pool", "Pooled")

Pooled: TypeAlias = Const | Symbol | SlotAddress | MapAddress | FuncAddress


class Pool:
    """`ops` are the pooled ops, in order of first need."""

    def __init__(self, func: Func) -> None:
        self._func = func
        self._constants: dict[int, Value] = {}
        self._addresses: dict[Slot | Relocation | tuple[object, ...], Value] = {}
        self.ops: list[Pooled] = []

    def add(self, op: Pooled) -> Value:
        """The value to use instead of `op`'s result: its own if it is the first of its kind."""
        match op:
            case Const(result, value):
                value = to_signed(value, 64)
                known = self._constants.setdefault(value, result)
                op = op if op.value == value else Const(result, value, span=op.span)
            case Symbol(result, _, relocation):
                known = self._addresses.setdefault(relocation, result)
            case SlotAddress(result, slot):
                known = self._addresses.setdefault(slot, result)
            case MapAddress(result, name, is_value):
                known = self._addresses.setdefault((MapAddress, name, is_value), result)
            case FuncAddress(result, name):
                known = self._addresses.setdefault((FuncAddress, name), result)
        if known is result:
            self.ops.append(op)
        return known

    def constant(self, value: int) -> Value:
        """The value that holds the 64-bit pattern of `value`, kept as a signed number."""
        value = to_signed(value, 64)
        known = self._constants.get(value)
        return known or self.add(Const(self._func.new_value(), value))
