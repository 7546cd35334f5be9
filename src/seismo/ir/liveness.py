"""Which values are live where: what register allocation rests on.

A value is live from its definition to its last use. For every use outside the defining block the
analysis walks the predecessors back to the definition (Boissinot et al., "Computing Liveness Sets
for SSA-Form Programs", 2011): no fixpoint, and the work done is the size of the answer.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from seismo.base.dataclass import dataclass
from seismo.ir.func import Block, Func
from seismo.ir.graph import Graph
from seismo.ir.ops import Value

__all__ = ("Liveness",)


@dataclass(frozen=True, slots=True)
class Liveness:
    """`live_in` and `live_out` of each reachable block, by label.

    Block parameters are defined at the top of their block, so they are in no `live_in`; the
    arguments of an edge are used by the terminator, so they need not be in `live_out`. The sets
    are dictionaries to keep an order: the compiler must give the same bytes in every run.
    """

    live_in: Mapping[str, dict[Value, None]]
    live_out: Mapping[str, dict[Value, None]]

    @classmethod
    def of(cls, func: Func, graph: Graph, ignored: Container[Value] = ()) -> Liveness:
        """The live values of every block; `ignored` values count as never live."""
        live_in: dict[str, dict[Value, None]] = {block.label: {} for block in graph.order}
        live_out: dict[str, dict[Value, None]] = {block.label: {} for block in graph.order}
        homes = _defining_blocks(func, graph)
        for block in graph.order:
            for value in _uses(block, ignored):
                pending = [block.label] if homes[value] != block.label else []
                while pending:
                    label = pending.pop()
                    if value in live_in[label]:
                        continue
                    live_in[label][value] = None
                    for predecessor in graph.predecessors[label]:
                        live_out[predecessor][value] = None
                        if homes[value] != predecessor:
                            pending.append(predecessor)
        return cls(live_in, live_out)


def _defining_blocks(func: Func, graph: Graph) -> dict[Value, str]:
    """The label of the block that defines each value."""
    homes = dict.fromkeys(func.params, graph.order[0].label)
    for block in graph.order:
        label = block.label
        for param in block.params:
            homes[param] = label
        for op in block.ops:
            if op.result is not None:
                homes[op.result] = label
    return homes


def _uses(block: Block, ignored: Container[Value]) -> dict[Value, None]:
    """Every value that the block's ops and terminator use, once."""
    used: dict[Value, None] = {}
    for op in (*block.ops, block.end):
        for value in op.uses:
            if value not in ignored:
                used[value] = None
    return used
