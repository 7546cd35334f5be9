"""What register allocation knows of each value before it starts.

- where it dies: at its last use in a block that it does not leave;
- whether it lives across a call, and so can only be in r6 to r9;
- the register it would like, because a move is saved there;
- what it costs to spill it: its uses, weighted by loops, for the time it occupies a register.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from math import inf
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.codegen.places import Prepared
from seismo.ir.addressing import addressing_values
from seismo.ir.func import Block
from seismo.ir.graph import Graph
from seismo.ir.liveness import Liveness
from seismo.ir.ops import Atomic, Binary, Call, Extend, Jump, Op, Return, Swap, Terminator, Value

__all__ = ("Ranges", "Wish")

Wish: TypeAlias = int | Value
"""A register, or the value whose register to share."""

LiveSets: TypeAlias = Mapping[str, Mapping[Value, None]]

LOOP_WEIGHT = 8
ADDRESSING_WEIGHT = 64
FIRST_ARGUMENT = 1


@dataclass(slots=True)
class Ranges:
    """`live_in` by label; `deaths` by label, one tuple for each op of the block.

    `wishes` may lead in circles; `costs` of values that must not be spilled are infinite.
    """

    live_in: LiveSets
    deaths: dict[str, Sequence[tuple[Value, ...]]] = field(default_factory=dict)
    crossing: set[Value] = field(default_factory=set)
    wishes: dict[Value, Wish] = field(default_factory=dict)
    costs: dict[Value, float] = field(default_factory=dict)
    unused: set[Value] = field(default_factory=set)

    @classmethod
    def of(cls, prepared: Prepared, graph: Graph) -> Ranges:
        liveness = Liveness.of(prepared.func, graph, prepared.places)
        ranges = cls(liveness.live_in)
        for block in reversed(graph.order):
            ranges._wish_at_end(block, graph)
            ranges._walk_back(block, liveness.live_out[block.label], prepared.places)
        ranges._weigh(prepared, graph, liveness.live_out)
        return ranges

    def _walk_back(
        self, block: Block, live_out: Mapping[Value, None], places: Container[Value]
    ) -> None:
        """Deaths, crossings and wishes of one block, last op first."""
        live = dict(live_out)
        live.update((value, None) for value in block.end.uses if value not in places)
        deaths: list[tuple[Value, ...]] = []
        for op in reversed(block.ops):
            if op.result is not None:
                live.pop(op.result, None)
            if isinstance(op, Call):
                self.crossing.update(live)
            if op.result in places:
                deaths.append(())
                continue
            dying = tuple(
                value
                for value in dict.fromkeys(op.uses)
                if value not in live and value not in places
            )
            live.update(dict.fromkeys(dying))
            deaths.append(dying)
            self._wish(op)
        deaths.reverse()
        self.deaths[block.label] = deaths

    def _wish_at_end(self, block: Block, graph: Graph) -> None:
        """Arguments would like to be where their parameters are; what is returned, in r0."""
        match block.end:
            case Return(value):
                self.wishes[value] = 0
            case Jump(edge):
                for param, arg in zip(graph.blocks[edge.target].params, edge.args, strict=True):
                    self.wishes.setdefault(arg, param)
                    self.wishes.setdefault(param, arg)
            case _:
                pass

    def _wish(self, op: Op) -> None:
        """Arguments in the order of the call; a two-address op's result in place of its operand."""
        match op:
            case Call(args=args):
                for index, arg in enumerate(args):
                    self.wishes[arg] = FIRST_ARGUMENT + index
            case Binary(result, _, value, _) | Extend(result, value) | Swap(result, value):
                if result in self.wishes:
                    self.wishes.setdefault(value, self.wishes[result])
                self.wishes.setdefault(result, value)
            case Atomic(result=result, value=value) if result is not None:
                if result in self.wishes:
                    self.wishes.setdefault(value, self.wishes[result])
            case _:
                pass

    def _weigh(self, prepared: Prepared, graph: Graph, live_out: LiveSets) -> None:
        """Uses per instruction of lifetime: what a spill costs against what it gains.

        A value that decides where memory is touched is dear: when it is reloaded between its
        bounds check and its use, an older kernel's verifier does not know the bound of the copy.
        """
        depths = graph.loop_depths()
        uses: defaultdict[Value, float] = defaultdict(float)
        first: dict[Value, int] = dict.fromkeys(prepared.func.params, 0)
        last: dict[Value, int] = {}
        position = 0
        for block in graph.order:
            weight = float(LOOP_WEIGHT ** min(depths[block.label], 4))
            first.update(dict.fromkeys(block.params, position))
            for op in (*block.ops, block.end):
                position += 1
                for value in op.uses:
                    uses[value] += weight
                    last[value] = position
                result = None if isinstance(op, Terminator) else op.result
                if result is not None:
                    first[result] = position
                    uses[result] += weight
            last.update(dict.fromkeys(live_out[block.label], position))
        self.unused = first.keys() - last.keys()
        for value, start in first.items():
            self.costs[value] = uses[value] / (last.get(value, start) - start + 1)
        for value in addressing_values(prepared.func):
            if value in self.costs:
                self.costs[value] *= ADDRESSING_WEIGHT
        self.costs.update(dict.fromkeys(prepared.fixed, inf))
