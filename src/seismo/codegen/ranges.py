"""What register allocation knows of each value before it starts.

- where it dies: at its last use in a block that it does not leave;
- whether it lives across a call, and so can only be in r6 to r9;
- the register it would like, because a move is saved there;
- what it costs to spill it: its uses, weighted by loops, for the time it occupies a register.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import inf
from typing import TypeAlias

from seismo.codegen.places import Prepared
from seismo.ir.addressing import addressing_values
from seismo.ir.func import Block
from seismo.ir.liveness import Liveness
from seismo.ir.ops import (
    AnyCall,
    Atomic,
    Binary,
    Call,
    CallFunc,
    Extend,
    Jump,
    Op,
    Return,
    Store,
    Swap,
    Terminator,
    Value,
)

__all__ = ("FIRST_ARGUMENT", "RESULT", "Ranges")

Wish: TypeAlias = int | Value
"""A register, or the value whose register to share."""

LOOP_WEIGHT = 8
ADDRESSING_WEIGHT = 64
RESULT = 0
FIRST_ARGUMENT = 1


class Ranges:
    """What is known of the values of one function.

    - `liveness`: the values that live into and out of each block;
    - `deaths`: by label, for each op of the block the values that die there;
    - `crossing`: the values that live across a call;
    - `unused`: the values that nobody reads;
    - `wishes`: the register that each value would like; they may lead in circles;
    - `arguments`: what is passed to each block parameter.
    """

    def __init__(self, prepared: Prepared) -> None:
        graph = prepared.graph
        self.liveness = Liveness.of(prepared.func, graph, prepared.places)
        self.deaths: dict[str, Sequence[Sequence[Value]]] = {}
        self.crossing: set[Value] = set()
        self.unused: set[Value] = set()
        self.wishes: dict[Value, Wish] = {}
        self.arguments: defaultdict[Value, list[Value]] = defaultdict(list)
        self._prepared = prepared
        self._graph = graph
        self._costs: dict[Value, float] = {}
        for block in reversed(graph.order):
            self._wish_at_end(block)
            self._walk_back(block)
        for register, param in enumerate(prepared.func.params, FIRST_ARGUMENT):
            self.wishes[param] = register

    def cost(self, value: Value) -> float:
        """What it costs to spill `value`; infinite if that must not be."""
        if not self._costs:
            self._weigh()
        return self._costs[value]

    def _walk_back(self, block: Block) -> None:
        """Deaths, crossings and wishes of one block, last op first."""
        places = self._prepared.places
        live = dict(self.liveness.live_out[block.label])
        live.update((value, None) for value in block.end.uses if value not in places)
        deaths: list[Sequence[Value]] = []
        for op in reversed(block.ops):
            result = op.result
            if result in places:
                deaths.append(())
                continue
            if result in live:
                del live[result]
            elif result is not None:
                self.unused.add(result)
            if isinstance(op, AnyCall):
                self.crossing.update(live)
            dying = []
            for value in op.uses:
                if value not in live and value not in places:
                    live[value] = None
                    dying.append(value)
            deaths.append(dying)
            self._wish(op)
        deaths.reverse()
        self.deaths[block.label] = deaths
        params = self._prepared.params_at(block)
        self.unused.update(param for param in params if param not in live)

    def _wish_at_end(self, block: Block) -> None:
        """Arguments would like to be where their parameters are, what is returned in r0."""
        match block.end:
            case Return(value):
                self.wishes[value] = RESULT
            case Jump(edge):
                params = self._graph.blocks[edge.target].params
                for param, arg in zip(params, edge.args, strict=True):
                    self.wishes.setdefault(arg, param)
                    self.arguments[param].append(arg)
            case _:
                pass

    def _wish(self, op: Op) -> None:
        """Arguments in the order of the call; a two-address op's result in place of its operand."""
        match op:
            case Store():
                pass
            case Call(args=args) | CallFunc(args=args):
                for register, arg in enumerate(args, FIRST_ARGUMENT):
                    self.wishes[arg] = register
            case Binary(result, _, value, _) | Extend(result, value) | Swap(result, value):
                self.wishes.setdefault(value, self.wishes.get(result, result))
                self.wishes.setdefault(result, value)
            case Atomic(result=result, value=value) if result is not None:
                self.wishes.setdefault(value, self.wishes.get(result, result))
            case _:
                pass

    def _weigh(self) -> None:
        """Uses per instruction of lifetime: what a spill costs against what it gains.

        A value that decides where memory is touched is dear: when it is reloaded between its
        bounds check and its use, an older kernel's verifier does not know the bound of the copy.
        """
        depths = self._graph.loop_depths()
        uses: defaultdict[Value, float] = defaultdict(float)
        first: dict[Value, int] = dict.fromkeys(self._prepared.func.params, 0)
        last: dict[Value, int] = {}
        position = 0
        for block in self._graph.order:
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
            last.update(dict.fromkeys(self.liveness.live_out[block.label], position))
        for value, start in first.items():
            self._costs[value] = uses[value] / (last.get(value, start) - start + 1)
        for value in addressing_values(self._prepared.func):
            if value in self._costs:
                self._costs[value] *= ADDRESSING_WEIGHT
        self._costs.update(dict.fromkeys(self._prepared.fixed, inf))
