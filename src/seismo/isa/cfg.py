"""Control flow of a program: basic blocks, edges, reverse post-order, dominators, dot.

>>> graph = control_flow(program)
>>> [block.successors for block in graph.blocks]     # if …: …; exit
[(1, 2), (2,), ()]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from seismo.base.dataclass import dataclass
from seismo.isa.errors import FlowError
from seismo.isa.format import format_insn
from seismo.isa.insn import Insn, slot_starts

__all__ = ("BasicBlock", "FlowGraph", "control_flow")


@dataclass(frozen=True, slots=True)
class BasicBlock:
    """Instructions `start` to `end` (exclusive, indexes) that run one after the other.

    `successors` are block numbers: where the last instruction jumps comes last.
    """

    number: int
    start: int
    end: int
    successors: tuple[int, ...]


@dataclass(frozen=True)
class FlowGraph:
    """The blocks of a program in its order; `entries` are the blocks where functions begin.

    A call is no edge: it comes back. Blocks that nothing reaches are kept.
    """

    insns: Sequence[Insn]
    blocks: tuple[BasicBlock, ...]
    entries: tuple[int, ...]

    @cached_property
    def predecessors(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of the blocks that lead to each block."""
        found: list[list[int]] = [[] for _ in self.blocks]
        for block in self.blocks:
            for successor in block.successors:
                found[successor].append(block.number)
        return tuple(tuple(one) for one in found)

    @cached_property
    def reverse_postorder(self) -> tuple[int, ...]:
        """The reachable blocks, each before its successors except along back edges."""
        order: list[int] = []
        seen: set[int] = set()
        for entry in reversed(self.entries):
            if entry in seen:
                continue
            seen.add(entry)
            pending = [(entry, iter(self.blocks[entry].successors))]
            while pending:
                number, successors = pending[-1]
                unseen = next((one for one in successors if one not in seen), None)
                if unseen is None:
                    order.append(number)
                    pending.pop()
                else:
                    seen.add(unseen)
                    pending.append((unseen, iter(self.blocks[unseen].successors)))
        return tuple(reversed(order))

    @cached_property
    def dominators(self) -> Mapping[int, int]:
        """The immediate dominator of each reachable block; a function's entry has itself.

        Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
        """
        rank = {number: place for place, number in enumerate(self.reverse_postorder)}
        found = {entry: entry for entry in self.entries}
        changed = True
        while changed:
            changed = False
            for number in self.reverse_postorder:
                if number in self.entries:
                    continue
                known = [one for one in self.predecessors[number] if one in found]
                best = known[0]
                for other in known[1:]:
                    best = _meet(best, other, found, rank)
                changed |= found.get(number) != best
                found[number] = best
        return found

    def dot(self) -> str:
        """The graph in Graphviz's language."""
        starts = slot_starts(self.insns)
        lines = ["digraph program {", "  node [shape=box fontname=monospace]"]
        for block in self.blocks:
            text = "".join(
                f"{starts[index]}: {format_insn(self.insns[index])}\\l"
                for index in range(block.start, block.end)
            )
            lines.append(f'  b{block.number} [label="{text}"]')
            lines += [f"  b{block.number} -> b{successor}" for successor in block.successors]
        return "\n".join([*lines, "}"])


def control_flow(insns: Sequence[Insn]) -> FlowGraph:
    """The flow graph of a program; functions lie one after the other, the first is the program.

    Raises FlowError for what the kernel refuses: a jump that leaves its function or lands inside a
    64-bit load, and a function whose last instruction goes on past its end.
    """
    if not insns:
        raise FlowError("is missing: the program is empty", 0)
    targets = _targets(insns)
    functions = sorted({0, *(to for at, to in targets.items() if not insns[at].is_jump)})
    _check_functions(insns, targets, functions)
    after = {index + 1 for index, insn in enumerate(insns) if insn.is_jump or insn.is_exit}
    leaders = sorted({0, *targets.values(), *after} - {len(insns)})
    numbers = {start: number for number, start in enumerate(leaders)}
    blocks = tuple(
        BasicBlock(number, start, end, _successors(insns[end - 1], end, targets, numbers))
        for number, (start, end) in enumerate(pairwise([*leaders, len(insns)]))
    )
    return FlowGraph(insns, blocks, tuple(numbers[start] for start in functions))


def _targets(insns: Sequence[Insn]) -> dict[int, int]:
    """The index that each instruction with a distance refers to, by its own index."""
    starts = slot_starts(insns)
    indexes = {slot: index for index, slot in enumerate(starts[:-1])}
    targets: dict[int, int] = {}
    for index, insn in enumerate(insns):
        if not insn.has_distance:
            continue
        slot = insn.target(starts[index])
        if not 0 <= slot < starts[-1]:
            raise FlowError(f"({insn}) leaves the program", index)
        if slot not in indexes:
            raise FlowError(f"({insn}) lands inside a 64-bit load", index)
        targets[index] = indexes[slot]
    return targets


def _check_functions(
    insns: Sequence[Insn], targets: Mapping[int, int], functions: Sequence[int]
) -> None:
    """A function is left by exit only; falling out of it or jumping out is refused."""
    for start, end in pairwise([*functions, len(insns)]):
        last = insns[end - 1]
        if not (last.is_exit or last.is_goto):
            raise FlowError(f"({last}) goes on past the end of its function", end - 1)
        for index in range(start, end):
            if insns[index].is_jump and not start <= targets[index] < end:
                raise FlowError(f"({insns[index]}) leaves its function", index)


def _successors(
    last: Insn, end: int, targets: Mapping[int, int], numbers: Mapping[int, int]
) -> tuple[int, ...]:
    """Where the block that ends with `last` goes on."""
    through = () if last.is_exit or last.is_goto else (numbers[end],)
    return (*through, numbers[targets[end - 1]]) if last.is_jump else through


def _meet(left: int, right: int, dominators: Mapping[int, int], rank: Mapping[int, int]) -> int:
    """The nearest block that dominates both."""
    while left != right:
        while rank[left] > rank[right]:
            left = dominators[left]
        while rank[right] > rank[left]:
            right = dominators[right]
    return left
