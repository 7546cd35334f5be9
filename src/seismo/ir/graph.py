"""The control-flow graph of a `Func`: block order, predecessors, dominators, loop depths.

The order is reverse post-order, so a block comes after its dominators and, but for loops, after
its predecessors. It is also the order in which code is laid out: a branch visits its unlikely
side first, which puts that side last, behind everything that the likely side reaches.

>>> graph = Graph.of(func)
>>> [block.label for block in graph.order]
['entry', 'then1', 'join2', 'fail3']
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from seismo.base.dataclass import dataclass
from seismo.ir.func import Block, Func
from seismo.ir.ops import Branch, Cond, Kind, Return

__all__ = ("Dominators", "Graph")


@dataclass(frozen=True, slots=True)
class Graph:
    """The blocks that control can reach, by label and in order; one predecessor for each edge."""

    order: tuple[Block, ...]
    blocks: Mapping[str, Block]
    predecessors: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, func: Func) -> Graph:
        """The graph of `func`, its likely paths first."""
        blocks = {block.label: block for block in func.blocks}
        order = _reverse_post_order(func.blocks[0], blocks)
        predecessors: dict[str, list[str]] = {block.label: [] for block in order}
        for block in order:
            for edge in block.end.edges:
                predecessors[edge.target].append(block.label)
        return cls(order, blocks, predecessors)

    def with_blocks(self, blocks: Sequence[Block]) -> Graph:
        """The graph of blocks in `order` that are new, but have the old labels and edges."""
        return Graph(tuple(blocks), {block.label: block for block in blocks}, self.predecessors)

    def loop_depths(self) -> dict[str, int]:
        """How many loops hold each block, by label; irreducible cycles count as no loop."""
        depths = dict.fromkeys(self.predecessors, 0)
        position = {block.label: index for index, block in enumerate(self.order)}
        backward = [
            (label, header)
            for header, labels in self.predecessors.items()
            for label in labels
            if position[label] >= position[header]
        ]
        if not backward:
            return depths
        dominators = Dominators.of(self)
        latches: defaultdict[str, list[str]] = defaultdict(list)
        for label, header in backward:
            if dominators.dominates(header, label):
                latches[header].append(label)
        for header, labels in latches.items():
            for label in self._natural_loop(header, labels):
                depths[label] += 1
        return depths

    def _natural_loop(self, header: str, latches: list[str]) -> set[str]:
        """The blocks that reach a latch without passing the header, and the header."""
        body = {header}
        while latches:
            label = latches.pop()
            if label not in body:
                body.add(label)
                latches.extend(self.predecessors[label])
        return body


@dataclass(frozen=True, slots=True)
class Dominators:
    """The dominator tree, as (entry, exit) numbers of a walk over it, by label.

    `parents` maps a block's label to its immediate dominator's; the entry block's is its own.
    """

    parents: Mapping[str, str]
    spans: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, graph: Graph) -> Dominators:
        """The dominators of every reachable block."""
        parents = _immediate_dominators(graph)
        children: dict[str, list[str]] = {label: [] for label in parents}
        for label, parent in parents.items():
            if label != parent:
                children[parent].append(label)
        return cls(parents, _number(graph.order[0].label, children))

    def dominates(self, above: str, below: str) -> bool:
        """Whether every path to `below` passes `above`; a block dominates itself."""
        enter, leave = self.spans[above]
        return enter <= self.spans[below][0] < leave


def _reverse_post_order(entry: Block, blocks: Mapping[str, Block]) -> tuple[Block, ...]:
    finished: list[Block] = []
    seen = {entry.label}
    stack = [(entry, _successors(entry, blocks))]
    while stack:
        block, successors = stack[-1]
        if not successors:
            finished.append(block)
            stack.pop()
            continue
        label = successors.pop()
        if label not in seen:
            seen.add(label)
            following = blocks[label]
            stack.append((following, _successors(following, blocks)))
    finished.reverse()
    return tuple(finished)


def _successors(block: Block, blocks: Mapping[str, Block]) -> list[str]:
    """The targets of a block, the likely one first: what is visited last comes right behind."""
    end = block.end
    if not isinstance(end, Branch):
        return [edge.target for edge in end.edges]
    then, other = end.then.target, end.other.target
    return [other, then] if _is_unlikely(end, blocks) else [then, other]


def _is_unlikely(branch: Branch, blocks: Mapping[str, Block]) -> bool:
    """Whether the `then` side is the cold one: a null pointer, or else an early return."""
    if branch.left.kind is Kind.PTR and branch.cond in (Cond.EQ, Cond.NE):
        return branch.cond is Cond.EQ
    then, other = blocks[branch.then.target], blocks[branch.other.target]
    return isinstance(then.end, Return) and not isinstance(other.end, Return)


def _immediate_dominators(graph: Graph) -> dict[str, str]:
    """Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001)."""
    position = {block.label: index for index, block in enumerate(graph.order)}
    entry = graph.order[0].label
    parents = {entry: entry}

    def meet(left: str, right: str) -> str:
        while left != right:
            while position[left] > position[right]:
                left = parents[left]
            while position[right] > position[left]:
                right = parents[right]
        return left

    changed = True
    while changed:
        changed = False
        for block in graph.order[1:]:
            known = [label for label in graph.predecessors[block.label] if label in parents]
            parent = known[0]
            for other in known[1:]:
                parent = meet(parent, other)
            if parents.get(block.label) != parent:
                parents[block.label] = parent
                changed = True
    return parents


def _number(root: str, children: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
    """Number the tree so that a subtree is an interval [enter, leave)."""
    spans: dict[str, tuple[int, int]] = {}
    enters = {root: 0}
    count = 1
    stack = [(root, iter(children[root]))]
    while stack:
        label, below = stack[-1]
        child = next(below, None)
        if child is None:
            spans[label] = (enters[label], count)
            stack.pop()
            continue
        enters[child] = count
        count += 1
        stack.append((child, iter(children[child])))
    return spans
