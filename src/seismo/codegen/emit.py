"""From a function of the IR to instructions: the back end, stage by stage.

    prepare     ops in instruction shape, branches without arguments
    regalloc    a register for every value, homes for what does not fit (spill)
    transfers   parallel moves at calls and edges
    stack       an offset for every slot
    select      instructions, block by block in the order of `ir/graph.py`

>>> generated = generate(optimize(func))
>>> ProgramSpec(..., insns=generated.insns, map_refs=generated.map_refs, spans=generated.spans)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.codegen.prepare import prepare
from seismo.codegen.regalloc import Allocation, allocate
from seismo.codegen.select import Selector
from seismo.codegen.stack import lay_out
from seismo.codegen.transfers import Transfers
from seismo.ir.conditions import NEGATED
from seismo.ir.func import Block, Func
from seismo.ir.ops import Branch, Jump, Return
from seismo.isa.builder import Label
from seismo.isa.insn import Insn

__all__ = ("Generated", "OnStage", "generate")

OnStage: TypeAlias = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Generated:
    """Code: `map_refs` are (index into `insns`, map name), `spans` has one span per instruction.

    `stack_bytes` is how much of the 512 bytes the program uses.
    """

    insns: tuple[Insn, ...]
    map_refs: tuple[tuple[int, str], ...]
    spans: tuple[Span, ...] = field(repr=False)
    stack_bytes: int


def generate(func: Func, on_stage: OnStage | None = None) -> Generated:
    """The program of `func`; StackOverflow when its slots do not fit the kernel's stack.

    `on_stage` is told the results of `prepare` and `regalloc`, which print themselves.
    """
    prepared = prepare(func)
    if on_stage is not None:
        on_stage("prepare", prepared.func)
    allocation = allocate(prepared)
    if on_stage is not None:
        on_stage("regalloc", allocation)
    transfers = Transfers.of(allocation)
    frame = lay_out(allocation, transfers)
    emitter = _Emitter(allocation, transfers, Selector(allocation, transfers, frame))
    return emitter.generated(frame.size)


class _Emitter:
    """Writes the blocks one after the other; a block that would only jump is left out."""

    def __init__(self, allocation: Allocation, transfers: Transfers, selector: Selector) -> None:
        self.selector = selector
        self.asm = selector.asm
        self.transfers = transfers
        self.spans: list[Span] = []
        self.labels: dict[str, Label] = {}
        order = allocation.prepared.graph.order
        self.aliases = _aliases(allocation, transfers)
        self.blocks = [block for block in order if block.label not in self.aliases]
        self.labels = {block.label: self.asm.label(block.label) for block in self.blocks}

    def generated(self, stack_bytes: int) -> Generated:
        self.selector.moves(self.transfers.entry)
        self._note(self.blocks[0].end.span)
        following = [*self.blocks[1:], None]
        for block, after in zip(self.blocks, following, strict=True):
            self._block(block, self.labels[after.label] if after else None)
        insns = self.asm.finish()
        final = self.asm.final_index
        map_refs = tuple((final(position), name) for position, name in self.selector.map_refs)
        spans: list[Span] = []
        for position, span in enumerate(self.spans, 1):
            spans += [span] * (final(position) - len(spans))
        return Generated(insns, map_refs, tuple(spans), stack_bytes)

    def _block(self, block: Block, following: Label | None) -> None:
        self.asm.bind(self.labels[block.label])
        for op in block.ops:
            self.selector.op(op)
            self._note(op.span)
        self.selector.moves(self.transfers.ends[block.label])
        match block.end:
            case Return():
                self.asm.exit()
            case Jump(edge):
                self._jump(self._label(edge.target), following)
            case Branch():
                self._branch(block.end, following)
        self._note(block.end.span)

    def _note(self, span: Span) -> None:
        """What was written since the last note comes from `span`."""
        self.spans += [span] * (self.asm.position - len(self.spans))

    def _branch(self, branch: Branch, following: Label | None) -> None:
        """Falls through to one side where it can."""
        then, other = self._label(branch.then.target), self._label(branch.other.target)
        if then is following and branch.cond in NEGATED:
            self.selector.jump_if(branch, NEGATED[branch.cond], other)
            return
        self.selector.jump_if(branch, branch.cond, then)
        self._jump(other, following)

    def _jump(self, label: Label, following: Label | None) -> None:
        if label is not following:
            self.asm.jump(label)

    def _label(self, target: str) -> Label:
        """The label of a block, or of the one behind it that does something."""
        while target in self.aliases:
            target = self.aliases[target]
        return self.labels[target]


def _aliases(allocation: Allocation, transfers: Transfers) -> Mapping[str, str]:
    """Blocks that only jump, and where to; an empty endless loop stays."""
    aliases: dict[str, str] = {}
    for block in allocation.prepared.graph.order[1:]:
        if block.ops or not isinstance(block.end, Jump) or transfers.ends[block.label]:
            continue
        target = block.end.edge.target
        while target in aliases:
            target = aliases[target]
        if target != block.label:
            aliases[block.label] = target
    return aliases
