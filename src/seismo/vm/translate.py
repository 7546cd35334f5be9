"""Programs as Python: each function of a program becomes one Python function.

    r1 = 10; r0 = 0; do { r0 += r1 } while (--r1);  becomes

    def f0(t, S, r10, r1, r2, r3, r4, r5):
        …
        while True:
            n -= 4
            if n < 0: raise Spent
            r0 = (r0 + r1) & 0xffffffffffffffff
            …

Registers are locals. A block that only one other leads to is written where that one goes there;
where several meet, and where loops begin, a number says which of them comes next.

Checks cost nothing until they fail: a region is found in a dictionary of slabs and read by struct,
and both raise where there is nothing. Then the line of the traceback says which instruction it was,
and the frame's locals are the registers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from struct import error as StructError
from types import TracebackType
from typing import Any

from seismo.base.bits import U64_MAX
from seismo.base.dataclass import dataclass
from seismo.isa.cfg import BasicBlock, FlowGraph, control_flow
from seismo.isa.opcode import AtomicOp, Class
from seismo.vm.callx import CALLX
from seismo.vm.errors import BadAccess, Fault, OutOfSteps, Spent, Stopped
from seismo.vm.memory import WORDS
from seismo.vm.program import Program
from seismo.vm.run import Code, Helpers, Run
from seismo.vm.semantics import NAMES
from seismo.vm.statements import Line, Statements

__all__ = ("Translation",)

_DEEPEST = 12  # how far branches are nested before a block is dispatched to
_FAILURES = (KeyError, IndexError, StructError, BadAccess, Spent)


class Translation:
    """A translated program: `functions` are its functions by the index of their first instruction,
    `source` is the Python text. Raises FlowError for what the kernel's verifier calls so."""

    def __init__(self, program: Program, helpers: Helpers) -> None:
        self.program = program
        graph = control_flow(program.insns)
        lines: list[Line] = []
        for first, end in pairwise([*graph.entries, len(graph.blocks)]):
            lines += _Function(program, graph, range(first, end), helpers).lines()
        self.source = "".join(f"{'    ' * one.indent}{one.text}\n" for one in lines)
        self._owners = [one.owner for one in lines]
        names = _names(helpers)
        exec(compile(self.source, f"<{program.name}>", "exec"), names)
        starts = (graph.blocks[number].start for number in graph.entries)
        self.functions: Mapping[int, Code] = {
            start: self._guarded(names[f"f{start}"]) for start in starts
        }

    def _guarded(self, function: Code) -> Code:
        def run(run: Run, stack: bytearray, top: int, *arguments: int) -> int:
            try:
                return function(run, stack, top, *arguments)
            except _FAILURES as error:
                trace = error.__traceback__
                assert trace is not None and trace.tb_next is not None
                is_inline = trace.tb_next.tb_next is None
                if not is_inline and not isinstance(error, BadAccess):
                    raise  # a mistake in what the function called
                raise self._stopped(error, trace.tb_next, run) from error

        return run

    def _stopped(self, error: Exception, trace: TracebackType, run: Run) -> Stopped:
        """What ended the function, whose frame is that of `trace`."""
        index = self._owners[trace.tb_lineno - 1]
        insns = self.program.insns
        if isinstance(error, Spent):
            return OutOfSteps("the budget of steps is spent", insns, index)
        if isinstance(error, BadAccess):
            return Fault(error.why, insns, index, error.address)
        return self._bad_access(index, trace.tb_frame.f_locals, run)

    def _bad_access(self, index: int, registers: Mapping[str, Any], run: Run) -> Stopped:
        insn = self.program.insns[index]
        cls = insn.op & 7
        is_load = cls == Class.LDX or (cls == Class.STX and insn.imm == AtomicOp.LOAD_ACQ)
        base = insn.src if is_load else insn.dst
        address = (registers[f"r{base:d}"] + insn.off) & U64_MAX
        size = Statements.access_bytes(insn)
        why = run.memory.explain(address, size, is_write=not is_load)
        return Fault(why, self.program.insns, index, address)


def _names(helpers: Helpers) -> dict[str, Any]:
    """What translated code calls: L and P read and write numbers, H are helpers."""
    names: dict[str, Any] = {**NAMES, "Spent": Spent}
    for size, form in WORDS.items():
        names[f"L{size}"], names[f"P{size}"] = form.unpack_from, form.pack_into
    return names | {f"H{number}": helper for number, helper in helpers.items()}


@dataclass(frozen=True, slots=True)
class _Transfer:
    """A line that goes on elsewhere: at block `to`, which is a head."""

    indent: int
    to: int
    owner: int


class _Function:
    """Writes one function: trees of blocks below heads, and the dispatch among heads."""

    def __init__(
        self, program: Program, graph: FlowGraph, blocks: Sequence[int], helpers: Helpers
    ) -> None:
        self._graph = graph
        self._program = program
        self._helpers = helpers
        self._entry = blocks[0]
        self._heads = {self._entry: 0}

    def lines(self) -> list[Line]:
        """The function's text."""
        trees: list[list[Line | _Transfer]] = []
        pending = [self._entry]
        while len(trees) < len(pending):
            head = pending[len(trees)]
            trees.append(self._tree(head, pending))
        start = self._graph.blocks[self._entry].start
        title = f"def f{start}(t, S, r10, r1, r2, r3, r4, r5):"
        begin = "M = t.readable; W = t.writable; n = t.left; r0 = r6 = r7 = r8 = r9 = 0"
        lines = [Line(0, title, start), Line(1, begin, start)]
        if len(trees) == 1:
            return lines + self._resolve(self._entry, trees[0], 1)
        lines += [Line(1, "b = 0", start), Line(1, "while True:", start)]
        return lines + self._dispatch(pending, trees, 0, len(trees), 2)

    def _dispatch(
        self,
        heads: Sequence[int],
        trees: Sequence[Sequence[Line | _Transfer]],
        first: int,
        end: int,
        indent: int,
    ) -> list[Line]:
        """A tree of comparisons down to the head that `b` is."""
        if end - first == 1:
            return self._resolve(heads[first], trees[first], indent)
        middle = (first + end) // 2
        index = self._graph.blocks[heads[first]].start
        return [
            Line(indent, f"if b < {middle}:", index),
            *self._dispatch(heads, trees, first, middle, indent + 1),
            Line(indent, "else:", index),
            *self._dispatch(heads, trees, middle, end, indent + 1),
        ]

    def _resolve(self, head: int, tree: Sequence[Line | _Transfer], indent: int) -> list[Line]:
        """The tree's lines; one that comes back to its own head is a loop of its own."""
        is_loop = any(isinstance(one, _Transfer) and one.to == head for one in tree)
        lines = [Line(indent, "while True:", self._graph.blocks[head].start)] if is_loop else []
        indent += len(lines)
        for one in tree:
            if isinstance(one, Line):
                lines.append(Line(one.indent + indent, one.text, one.owner))
            elif one.to == head:
                lines.append(Line(one.indent + indent, "continue", one.owner))
            else:
                leave = "break" if is_loop else "continue"
                text = f"b = {self._heads[one.to]}; {leave}"
                lines.append(Line(one.indent + indent, text, one.owner))
        return lines

    def _tree(self, head: int, pending: list[int]) -> list[Line | _Transfer]:
        """The blocks that only `head` leads to, each within the branch that goes there."""
        lines: list[Line | _Transfer] = []
        waiting: list[tuple[int, Statements, bool]] = [
            (head, Statements(self._program, self._helpers), True)
        ]
        while waiting:
            number, statements, is_inside = waiting.pop()
            block = self._graph.blocks[number]
            if not is_inside:
                if number not in self._heads:
                    self._heads[number] = len(pending)
                    pending.append(number)
                lines.append(_Transfer(statements.indent, number, block.start))
                continue
            lines += statements.block(block.start, block.end)
            # What comes next is popped first, so the branch that is written first is pushed last.
            waiting += reversed(self._followers(block, statements, lines))
        return lines

    def _followers(
        self, block: BasicBlock, statements: Statements, lines: list[Line | _Transfer]
    ) -> list[tuple[int, Statements, bool]]:
        last = self._program.insns[block.end - 1]
        if last.is_conditional and last.op != CALLX:
            through, target = block.successors
            lines.append(statements.branch(block.end - 1))
            taken = statements.deeper()
            return [self._follower(target, taken), self._follower(through, statements)]
        return [self._follower(number, statements) for number in block.successors[:1]]

    def _follower(self, number: int, statements: Statements) -> tuple[int, Statements, bool]:
        is_only = len(self._graph.predecessors[number]) == 1 and number not in self._heads
        return number, statements, is_only and statements.indent < _DEEPEST
