"""Programs as native code: the third way to run them, with the same checks as the others.

Where the code comes back to Python it says why (`Status`) and from which instruction; what it asked
for is done here, and it is called again to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.isa.cfg import control_flow
from seismo.isa.insn import Insn
from seismo.isa.opcode import MODE_MASK, SIZE_MASK, Mode
from seismo.kernel.native import Words, native_function
from seismo.vm.callx import CALLX
from seismo.vm.errors import BadAccess, Fault, OutOfSteps
from seismo.vm.memory import Memory
from seismo.vm.native.compile import NativeModule
from seismo.vm.native.regions import regions_of
from seismo.vm.native.state import Status, Word
from seismo.vm.native.write import DECLARATIONS, FunctionText, is_packet_load, is_write
from seismo.vm.program import Program
from seismo.vm.run import Code, Helpers, Run
from seismo.vm.semantics import ACCESS_BYTES

__all__ = ("Native",)

# As plain numbers, which they are looked up as several times in a run.
_LEFT, _INDEX, _ANSWER = int(Word.LEFT), int(Word.INDEX), int(Word.ANSWER)
_MISS, _SPENT = int(Status.MISS), int(Status.SPENT)


_Ask: TypeAlias = Callable[[Run, Sequence[int]], int]
"""What an instruction asks of Python: the run and r0 to r10; negative to end the function with 0.
"""


class Native:
    """A compiled program: `functions` are its functions by the index of their first instruction,
    `source` is LLVM's text. Raises FlowError for what the kernel's verifier calls so."""

    def __init__(self, program: Program, helpers: Helpers, memory: Memory) -> None:
        graph = control_flow(program.insns)
        lines: list[str] = []
        for entry in graph.entries:
            lines += FunctionText(program, graph, entry).lines()
        self.source = DECLARATIONS + "\n".join(lines) + "\n"
        starts = [graph.blocks[entry].start for entry in graph.entries]
        self._module = NativeModule(self.source, [f"f{start}" for start in starts])
        self._insns = program.insns
        self._regions = regions_of(memory)
        self._asks = _asks(program, helpers)
        self.functions: Mapping[int, Code] = {start: self._function(start) for start in starts}

    def _function(self, start: int) -> Code:
        """The function at an index, as code that a run can call."""
        return partial(self._run, native_function(self._module.addresses[f"f{start}"]))

    def _run(
        self, native: Callable[[int], int], run: Run, _stack: bytearray, top: int, *arguments: int
    ) -> int:
        stack = self._regions.enter(top - 1)
        # In the order of `Word`.
        given = (0, *arguments, 0, 0, 0, 0, top, run.left, stack, self._regions.address)
        frame = Words(Word.COUNT, given)
        words = frame.values
        while status := native(frame.address):  # until Status.EXIT, which is 0
            index = words[_INDEX]
            if status == _SPENT:
                raise OutOfSteps("the budget of steps is spent", self._insns, index)
            try:
                if status == _MISS:
                    self._find(run.memory, self._insns[index], words[Word.ADDRESS])
                    continue
                run.left = words[_LEFT]
                answer = self._asks[index](run, words[:_LEFT])
            except BadAccess as error:
                raise Fault(error.why, self._insns, index, error.address) from error
            if answer < 0:
                return 0
            words[_ANSWER] = answer
            words[_LEFT] = run.left
        run.left = words[_LEFT]
        return words[0]

    def _find(self, memory: Memory, insn: Insn, address: int) -> None:
        """Put the region that an instruction accesses into the table; BadAccess."""
        size = ACCESS_BYTES[insn.op & SIZE_MASK]
        self._regions.check(memory, address, size, is_write=is_write(insn))


def _asks(program: Program, helpers: Helpers) -> Mapping[int, _Ask]:
    """What instructions ask for that native code does not do itself, by their indexes."""
    found: dict[int, _Ask] = {}
    for index, insn in enumerate(program.insns):
        if is_packet_load(insn):
            found[index] = _packet_load(insn)
        elif insn.op == CALLX:
            found[index] = _register_call(insn)
        elif insn.is_helper_call:
            found[index] = _helper_call(insn.imm, helpers)
        elif insn.is_call:
            found[index] = _call(program.targets[index])
        elif insn.is_may_goto:
            found[index] = _may_go
        elif index in program.pointer_loads:
            found[index] = _pointer_load(insn)
    return found


def _packet_load(insn: Insn) -> _Ask:
    size, is_indirect = ACCESS_BYTES[insn.op & SIZE_MASK], insn.op & MODE_MASK == Mode.IND

    def ask(run: Run, registers: Sequence[int]) -> int:
        base = registers[insn.src] if is_indirect else 0
        return run.load_packet((insn.imm + base) & U32_MAX, size)

    return ask


def _pointer_load(insn: Insn) -> _Ask:
    return lambda run, registers: run.load_word((registers[insn.src] + insn.off) & U64_MAX)


def _register_call(insn: Insn) -> _Ask:
    return lambda run, registers: run.call_register(registers[insn.dst], *registers[1:6])


def _helper_call(number: int, helpers: Helpers) -> _Ask:
    helper = helpers.get(number)
    if helper is None:
        return lambda run, registers: run.call_helper(number, *registers[1:6])
    return lambda run, registers: helper(run, *registers[1:6]) & U64_MAX


def _call(index: int) -> _Ask:
    return lambda run, registers: run.call(run.machine.function(index), *registers[1:6])


def _may_go(run: Run, registers: Sequence[int]) -> int:
    return int(run.may_go())
