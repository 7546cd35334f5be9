"""The reference: one instruction after the other, a method for each class of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from seismo.base.bits import U32_MAX, U64_MAX, sign_extend
from seismo.base.dataclass import dataclass
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    OPERATION_MASK,
    SIZE_MASK,
    AluOp,
    AtomicOp,
    Class,
    JumpOp,
    Mode,
)
from seismo.vm import semantics
from seismo.vm.callx import CALLX
from seismo.vm.errors import BadAccess, Fault, OutOfSteps
from seismo.vm.hooks import Hook, Step
from seismo.vm.program import Program
from seismo.vm.run import Code, Run

__all__ = ("Interpretation",)


class Interpretation:
    """A program that is run as it stands. `hooks` are called before each step.

    Its functions raise Fault for a bad access or call, and OutOfSteps when the run's budget is
    spent; each instruction is a step.
    """

    def __init__(self, program: Program, hooks: Sequence[Hook] = ()) -> None:
        self.program = program
        self._hooks = tuple(hooks)
        self._operations = tuple(_operation(insn) for insn in program.insns)
        self._slots = slot_starts(program.insns)

    def function(self, start: int) -> Code:
        """The function at an index, as code that a run can call."""
        return partial(self._interpret, start)

    def _interpret(self, start: int, run: Run, _stack: bytearray, top: int, *arguments: int) -> int:
        frame = _Frame(self.program, run, self._operations, [0, *arguments, 0, 0, 0, 0, top], start)
        insns = self.program.insns
        while not frame.has_ended:
            index = frame.index
            if index >= len(insns):
                raise Fault("goes on past the end of the program", insns, len(insns) - 1)
            insn = insns[index]
            if run.left == 0:
                raise OutOfSteps("the budget of steps is spent", insns, index)
            run.left -= 1
            for hook in self._hooks:
                hook(Step(index, self._slots[index], insn, frame.registers, run.depth, run.memory))
            frame.index = index + 1
            try:
                _CLASSES[insn.op & 7](frame, insn, index)
            except BadAccess as error:
                raise Fault(error.why, insns, index, error.address) from error
        return frame.registers[0]


def _operation(insn: Insn) -> Callable[..., int] | None:
    """What the instruction computes, where that is of the table of operations."""
    cls = insn.op & 7
    if cls in (Class.ALU, Class.ALU64):
        return semantics.alu_function(insn)
    if insn.is_conditional and not insn.is_may_goto and insn.op != CALLX:
        return semantics.jump_function(insn)
    if cls == Class.STX and insn.op & MODE_MASK == Mode.ATOMIC:
        is_plain = insn.imm in (AtomicOp.LOAD_ACQ, AtomicOp.STORE_REL)
        return None if is_plain else semantics.atomic_function(insn)
    return None


@dataclass(slots=True, eq=False)
class _Frame:
    """A function that runs: `index` is the next instruction's."""

    program: Program
    run: Run
    operations: Sequence[Callable[..., int] | None]
    registers: list[int]
    index: int
    has_ended: bool = False

    def operand(self, insn: Insn) -> int:
        """The second operand."""
        if semantics.has_register(insn):
            return self.registers[insn.src]
        return semantics.immediate(insn)

    def compute(self, index: int, *operands: int) -> int:
        """The operation of an instruction that has one."""
        operation = self.operations[index]
        assert operation is not None
        return operation(*operands)

    def alu(self, insn: Insn, index: int) -> None:
        is_swap = insn.op & OPERATION_MASK == AluOp.END
        operand = 0 if is_swap else self.operand(insn)
        self.registers[insn.dst] = self.compute(index, self.registers[insn.dst], operand)

    def jump(self, insn: Insn, index: int) -> None:
        if insn.op == CALLX:
            self.registers[0] = self.run.call_register(
                self.registers[insn.dst], *self.registers[1:6]
            )
        elif insn.is_exit:
            self.has_ended = True
        elif insn.is_call:
            self.registers[0] = self.call(insn, index)
        elif self.is_taken(insn, index):
            self.index = self.program.targets[index]

    def is_taken(self, insn: Insn, index: int) -> bool:
        operation = insn.op & OPERATION_MASK
        if operation == JumpOp.JA:
            return True
        if operation == JumpOp.JCOND:
            return self.run.may_go()
        return bool(self.compute(index, self.registers[insn.dst], self.operand(insn)))

    def call(self, insn: Insn, index: int) -> int:
        if insn.is_helper_call:
            return self.run.call_helper(insn.imm, *self.registers[1:6])
        address = self.program.targets[index]
        return self.run.call(self.run.machine.function(address), *self.registers[1:6])

    def wide_or_packet(self, insn: Insn, index: int) -> None:
        """A 64-bit immediate; or a load from the packet, which ends the program where it fails."""
        if insn.op == LD_IMM64:
            self.registers[insn.dst] = self.program.values[index]
            return
        offset = insn.imm & U32_MAX
        if insn.op & MODE_MASK == Mode.IND:
            offset = (offset + self.registers[insn.src]) & U32_MAX
        number = self.run.load_packet(offset, semantics.ACCESS_BYTES[insn.op & SIZE_MASK])
        self.registers[0] = max(number, 0)
        self.has_ended = number < 0

    def load(self, insn: Insn, index: int) -> None:
        if index in self.program.pointer_loads:
            self.registers[insn.dst] = self.run.load_word(self.address(insn, insn.src))
            return
        size = semantics.ACCESS_BYTES[insn.op & SIZE_MASK]
        number = self.run.memory.load(self.address(insn, insn.src), size)
        if insn.op & MODE_MASK == Mode.MEMSX:
            number = sign_extend(number, 8 * size)
        self.registers[insn.dst] = number

    def store_immediate(self, insn: Insn, _index: int) -> None:
        size = semantics.ACCESS_BYTES[insn.op & SIZE_MASK]
        self.run.memory.store(self.address(insn, insn.dst), insn.imm, size)

    def store(self, insn: Insn, index: int) -> None:
        if insn.op & MODE_MASK == Mode.ATOMIC:
            self.atomic(insn, index)
            return
        size = semantics.ACCESS_BYTES[insn.op & SIZE_MASK]
        self.run.memory.store(self.address(insn, insn.dst), self.registers[insn.src], size)

    def atomic(self, insn: Insn, index: int) -> None:
        size = semantics.ACCESS_BYTES[insn.op & SIZE_MASK]
        memory, registers = self.run.memory, self.registers
        if insn.imm == AtomicOp.LOAD_ACQ:
            registers[insn.dst] = memory.load(self.address(insn, insn.src), size)
            return
        address = self.address(insn, insn.dst)
        if insn.imm == AtomicOp.STORE_REL:
            memory.store(address, registers[insn.src], size)
            return
        memory.check_writable(address, size)
        old = memory.load(address, size)
        memory.store(address, self.compute(index, old, registers[insn.src], registers[0]), size)
        if insn.imm == AtomicOp.CMPXCHG:
            registers[0] = old
        elif insn.imm & AtomicOp.FETCH:
            registers[insn.src] = old

    def address(self, insn: Insn, base: Reg) -> int:
        return (self.registers[base] + insn.off) & U64_MAX


_CLASSES: dict[int, Callable[[_Frame, Insn, int], None]] = {
    Class.LD: _Frame.wide_or_packet,
    Class.LDX: _Frame.load,
    Class.ST: _Frame.store_immediate,
    Class.STX: _Frame.store,
    Class.ALU: _Frame.alu,
    Class.JMP: _Frame.jump,
    Class.JMP32: _Frame.jump,
    Class.ALU64: _Frame.alu,
}
