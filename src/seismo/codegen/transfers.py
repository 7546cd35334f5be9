"""Where values must stand by convention, and the moves that bring them there.

- entry: parameters arrive in r1 to r5;
- a call takes its arguments in r1 to r5 and leaves its result in r0;
- a return leaves its value in r0;
- an edge brings its arguments to the places of the target block's parameters.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass, field
from seismo.codegen.moves import Move, Source, Target, sequence
from seismo.codegen.places import Home
from seismo.codegen.ranges import FIRST_ARGUMENT, RESULT
from seismo.codegen.regalloc import ALL, CALLER_SAVED, Allocation
from seismo.ir.func import Block
from seismo.ir.ops import AnyCall, Edge, Jump, Return, Value

__all__ = ("Transfers",)


@dataclass(slots=True)
class Transfers:
    """The moves before each call, and at the entry and the end of each block by label."""

    entry: tuple[Move, ...] = ()
    calls: dict[AnyCall, tuple[Move, ...]] = field(default_factory=dict)
    ends: dict[str, tuple[Move, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, allocation: Allocation) -> Transfers:
        """All moves that the conventions ask of this allocation."""
        transfers = cls()
        transfers.entry = _at_entry(allocation)
        for block in allocation.prepared.graph.order:
            for op in block.ops:
                if isinstance(op, AnyCall):
                    transfers.calls[op] = _before_call(op, allocation)
            transfers.ends[block.label] = _at_end(block, allocation)
        return transfers

    @property
    def homes(self) -> Iterator[Home]:
        """Every home that a move touches."""
        for moves in (self.entry, *self.calls.values(), *self.ends.values()):
            for move in moves:
                yield from (location for location in move if isinstance(location, Home))


def _at_entry(allocation: Allocation) -> tuple[Move, ...]:
    """A register that no parameter arrives in is free to help."""
    moves: list[Move] = []
    free = ALL
    for register, param in enumerate(allocation.prepared.func.params, FIRST_ARGUMENT):
        free &= ~(1 << register)
        target = _target(param, allocation)
        if target is not None:
            moves.append((target, register))
    return sequence(moves, free)


def _before_call(call: AnyCall, allocation: Allocation) -> tuple[Move, ...]:
    """What lives on stands in r6 to r9, so r0 to r5 hold arguments or nothing."""
    moves: list[Move] = [
        (FIRST_ARGUMENT + index, _source(arg, allocation)) for index, arg in enumerate(call.args)
    ]
    return sequence(moves, CALLER_SAVED)


def _at_end(block: Block, allocation: Allocation) -> tuple[Move, ...]:
    match block.end:
        case Return(value):
            return sequence([(RESULT, _source(value, allocation))], 0)
        case Jump(edge) if edge.args:
            return _over_edge(edge, allocation)
        case _:
            return ()


def _over_edge(edge: Edge, allocation: Allocation) -> tuple[Move, ...]:
    """A register that no value of the target block lives in is free to help."""
    moves: list[Move] = []
    params = allocation.prepared.graph.blocks[edge.target].params
    for param, arg in zip(params, edge.args, strict=True):
        target = _target(param, allocation)
        if target is not None:
            moves.append((target, _source(arg, allocation)))
    return sequence(moves, ALL & ~allocation.busy[edge.target])


def _source(value: Value, allocation: Allocation) -> Source:
    return allocation.prepared.places.get(value) or allocation.registers[value]


def _target(param: Value, allocation: Allocation) -> Target | None:
    """Where a parameter goes; one that nobody uses goes nowhere."""
    place = allocation.prepared.places.get(param)
    return place if isinstance(place, Home) else allocation.registers.get(param)
