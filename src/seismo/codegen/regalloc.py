"""Gives each value a register: a linear scan over SSA, definitions before uses.

In SSA form, walked in dominance order, a register that is free where a value is defined is free
for the value's whole life: everything that lives at the same time is either already placed or is
defined later and will see it (Hack, "Register Allocation for Programs in SSA Form", 2007). So the
scan keeps no interval lists, only the registers busy at the current op.

Calls clobber r0 to r5, so a value that lives across a call takes one of r6 to r9. When none is
left, the cheapest value in the way is spilled and the scan goes on; `spill.py` then rewrites the
function as it was at first, and the scan is repeated on what it wrote. Each turn adds values of
the function itself to the spilled ones, so the turns end.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import inf

from seismo.base.dataclass import dataclass
from seismo.base.errors import CompilerBug
from seismo.codegen.places import Home, Prepared
from seismo.codegen.ranges import Ranges
from seismo.codegen.spill import spill
from seismo.ir.arithmetic import COMMUTATIVE
from seismo.ir.func import Block
from seismo.ir.ops import AnyCall, Atomic, Binary, Compare, Extend, Op, Swap, Value

__all__ = ("ALL", "Allocation", "allocate")

CALLER_SAVED = 0b00_0011_1111
CALLEE_SAVED = 0b11_1100_0000
ALL = CALLER_SAVED | CALLEE_SAVED
# r1 to r5 late: that is where the values go that will be arguments.
ORDER = (0, 5, 4, 3, 2, 1, 6, 7, 8, 9)
MAX_WISHES = 4


@dataclass(frozen=True, slots=True)
class Allocation:
    """`registers` by number; neither a value that has a place nor an unused result has one.

    `busy` has a bit for each register that a value holds when control enters the block, its
    parameters not counted, by label.
    """

    prepared: Prepared
    registers: dict[Value, int]
    busy: dict[str, int]

    def __str__(self) -> str:
        """The listing, then where each value is."""
        lines = [f"; {value} in r{register}" for value, register in self.registers.items()]
        for value, place in self.prepared.places.items():
            if isinstance(place, Home):
                lines.append(f"; {value} in {place.slot.name}")
        return "\n".join([str(self.prepared.func), *lines])


def allocate(prepared: Prepared) -> Allocation:
    """Registers for every value, after as many turns of spilling as it takes."""
    ranges = Ranges(prepared)
    liveness = ranges.liveness
    rewritten = prepared
    spilled: dict[Value, None] = {}
    while True:
        scan = _Scan(rewritten, ranges)
        for block in rewritten.graph.order:
            scan.block(block)
        if not scan.spilled:
            return Allocation(rewritten, scan.registers, scan.busy_at)
        spilled |= scan.spilled
        rewritten = spill(prepared, liveness, spilled)
        ranges = Ranges(rewritten)


class _Scan:
    """One turn: `busy` and `holders` are the registers at the current op."""

    def __init__(self, prepared: Prepared, ranges: Ranges) -> None:
        self.prepared = prepared
        self.places = prepared.places
        self.ranges = ranges
        self.registers: dict[Value, int] = {}
        self.busy_at: dict[str, int] = {}
        self.spilled: dict[Value, None] = {}
        self.busy = 0
        self.holders: dict[int, Value] = {}

    def block(self, block: Block) -> None:
        self.busy = 0
        self.holders.clear()
        for value in self.ranges.liveness.live_in[block.label]:
            if value in self.registers:
                self._hold(value, self.registers[value])
        self.busy_at[block.label] = self.busy
        for param in self.prepared.params_at(block):
            if param not in self.places and param not in self.ranges.unused:
                self._assign(param, self.ranges.arguments[param])
        for op, dying in zip(block.ops, self.ranges.deaths[block.label], strict=True):
            if op.result not in self.places:
                self._op(op, dying)

    def _op(self, op: Op, dying: Sequence[Value]) -> None:
        """Free what dies at `op`, place its result."""
        result = op.result
        held = _read_late(op, self.places) if dying and result is not None else ()
        for value in dying:
            if value not in held:
                self._release(value)
        if result is None:
            return
        if result not in self.ranges.unused:
            self._assign(result, _overwritten(op))
        elif not isinstance(op, AnyCall):
            self._assign(result, _overwritten(op))
            self._release(result)
        for value in held:
            if value in dying:
                self._release(value)

    def _hold(self, value: Value, register: int) -> None:
        self.registers[value] = register
        self.holders[register] = value
        self.busy |= 1 << register

    def _release(self, value: Value) -> None:
        """Free the register of a value, unless another holds it or it was spilled."""
        register = self.registers.get(value)
        if register is not None and self.holders.get(register) is value:
            del self.holders[register]
            self.busy &= ~(1 << register)

    def _assign(self, value: Value, near: Sequence[Value]) -> None:
        """A register for `value`, best that of one `near`; or a spill: of it, or of another."""
        allowed = CALLEE_SAVED if value in self.ranges.crossing else ALL
        if not allowed & ~self.busy:
            victim = self._cheapest(value, allowed)
            self.spilled[victim] = None
            if victim is value:
                return
            self._release(victim)
            del self.registers[victim]
        self._hold(value, self._choose(value, near, allowed & ~self.busy))

    def _cheapest(self, value: Value, allowed: int) -> Value:
        """What to spill so that `value` finds a register in `allowed`, all of which are held."""
        held = [holder for register, holder in self.holders.items() if allowed >> register & 1]
        victim = min((value, *held), key=self.ranges.cost)
        if self.ranges.cost(victim) == inf:
            raise CompilerBug(
                "regalloc", f"{self.prepared.func.name}: nothing to spill for {value}"
            )
        return victim

    def _choose(self, value: Value, near: Sequence[Value], free: int) -> int:
        """The free register that saves a move, or else the first in order."""
        wish: int | Value | None = self.ranges.wishes.get(value)
        for _ in range(MAX_WISHES):
            if not isinstance(wish, Value):
                break
            if wish in self.ranges.crossing and wish not in self.registers:
                free = free & CALLEE_SAVED or free
                break
            wish = self.registers.get(wish, self.ranges.wishes.get(wish))
        for liked in (wish, *map(self.registers.get, near)):
            if isinstance(liked, int) and free >> liked & 1:
                return liked
        return next(register for register in ORDER if free >> register & 1)


def _read_late(op: Op, places: Container[Value]) -> tuple[Value, ...]:
    """Operands that are still read when the result's register is already written."""
    match op:
        case Binary(_, kind, left, right) if right is not left:
            return (right,) if left in places or kind not in COMMUTATIVE else ()
        case Compare(_, _, left, right):
            return left, right
        case Atomic(base=base):
            return (base,)
        case _:
            return ()


def _overwritten(op: Op) -> tuple[Value, ...]:
    """The operand that the instruction overwrites with its result."""
    match op:
        case Binary(left=value) | Extend(value=value) | Swap(value=value) | Atomic(value=value):
            return (value,)
        case _:
            return ()
