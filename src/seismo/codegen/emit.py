"""From a program of the IR to instructions: the back end, stage by stage.

    prepare     ops in instruction shape, branches without arguments
    regalloc    a register for every value, homes for what does not fit (spill)
    transfers   parallel moves at calls and edges
    stack       an offset for every slot, of all functions together
    select      instructions, block by block in the order of `ir/graph.py`

The program comes first and then its subprograms; they share labels, so that calls find them.

>>> generated = generate(optimize(func))
>>> ProgramSpec(..., insns=generated.insns, functions=generated.functions)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.source import Span
from seismo.codegen.prepare import prepare
from seismo.codegen.regalloc import Allocation, allocate
from seismo.codegen.select import Output, Selector
from seismo.codegen.stack import Frame, lay_out
from seismo.codegen.transfers import Transfers
from seismo.ir.conditions import NEGATED
from seismo.ir.func import Block, Func
from seismo.ir.ops import Branch, Jump, Kind, Return
from seismo.isa.builder import Label
from seismo.isa.insn import Insn
from seismo.spec.relocations import Relocation
from seismo.spec.types import FunctionInfo

__all__ = ("Generated", "OnStage", "generate")

OnStage: TypeAlias = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Generated:
    """Code: `map_refs` are (index into `insns`, map name), `spans` has one span per instruction.

    `relocations` are (index into `insns`, what that instruction depends on).
    `functions` are the program and its subprograms in their order, nothing when it has none.
    `stack_bytes` is how much of the 512 bytes the program uses, with all that it calls.
    """

    insns: tuple[Insn, ...]
    map_refs: tuple[tuple[int, str], ...]
    spans: tuple[Span, ...] = field(repr=False)
    stack_bytes: int
    functions: tuple[FunctionInfo, ...] = ()
    relocations: tuple[tuple[int, Relocation], ...] = ()


def generate(program: Func, on_stage: OnStage | None = None) -> Generated:
    """The code of a program and its subprograms; StackOverflow when the kernel's stack is small.

    `on_stage` is told the results of `prepare` and `regalloc`, which print themselves.
    """
    funcs = (program, *program.subprograms)
    prepared = [prepare(func) for func in funcs]
    if on_stage is not None:
        main, *others = (one.func for one in prepared)
        on_stage("prepare", replace(main, subprograms=others))
    allocations = [allocate(one) for one in prepared]
    if on_stage is not None:
        on_stage("regalloc", "\n\n".join(str(one) for one in allocations))
    placed = [(one, Transfers.of(one)) for one in allocations]
    frames = lay_out(placed)
    output = Output({func.name: Label(func.name) for func in funcs})
    for function, frame in zip(placed, frames.of, strict=True):
        _Emitter(output, *function, frame).write()
    return _finished(output, funcs, frames.depth)


def _finished(output: Output, funcs: Sequence[Func], stack_bytes: int) -> Generated:
    """The program with its labels filled in, and what refers to its instructions moved along."""
    insns = output.asm.finish()
    final = output.asm.final_index
    map_refs = tuple((final(position), name) for position, name in output.map_refs)
    relocations = tuple((final(position), one) for position, one in output.relocations)
    spans = output.spans
    if len(insns) > len(spans):
        # A jump was widened.
        spans = []
        for position, span in enumerate(output.spans, 1):
            spans += [span] * (final(position) - len(spans))
    functions = tuple(
        FunctionInfo(
            final(output.functions[func.name].position),
            func.name,
            tuple(param.kind is Kind.PTR for param in func.params),
        )
        for func in (funcs if len(funcs) > 1 else ())
    )
    return Generated(insns, map_refs, tuple(spans), stack_bytes, functions, relocations)


class _Emitter:
    """Writes a function's blocks one after the other; a block that would only jump is left out."""

    def __init__(
        self, output: Output, allocation: Allocation, transfers: Transfers, frame: Frame
    ) -> None:
        self.output = output
        self.asm = output.asm
        self.selector = Selector(output, allocation, transfers, frame)
        self.transfers = transfers
        self.name = allocation.prepared.func.name
        order = allocation.prepared.graph.order
        self.aliases = _aliases(allocation, transfers)
        self.blocks = [block for block in order if block.label not in self.aliases]
        self.labels = {block.label: self.asm.label(block.label) for block in self.blocks}

    def write(self) -> None:
        self.asm.bind(self.output.functions[self.name])
        self.selector.moves(self.transfers.entry)
        self.output.note(self.blocks[0].end.span)
        following = [*self.blocks[1:], None]
        for block, after in zip(self.blocks, following, strict=True):
            self._block(block, self.labels[after.label] if after else None)

    def _block(self, block: Block, following: Label | None) -> None:
        self.asm.bind(self.labels[block.label])
        for op in block.ops:
            self.selector.op(op)
            self.output.note(op.span)
        self.selector.moves(self.transfers.ends[block.label])
        match block.end:
            case Return():
                self.asm.exit()
            case Jump(edge):
                self._jump(self._label(edge.target), following)
            case Branch():
                self._branch(block.end, following)
        self.output.note(block.end.span)

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
