"""Instructions as Python statements, for `translate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    OPERATION_MASK,
    SIZE_MASK,
    AluOp,
    AtomicOp,
    Class,
    Mode,
)
from seismo.vm.callx import CALLX
from seismo.vm.program import Program
from seismo.vm.run import STACK_BYTES, Helpers
from seismo.vm.semantics import (
    ACCESS_BYTES,
    alu_text,
    atomic_text,
    has_register,
    immediate,
    jump_text,
    width,
)

__all__ = ("Line", "Statements")

_ARGUMENTS = "r1, r2, r3, r4, r5"
_KEEP_NARROW = (AluOp.OR, AluOp.XOR, AluOp.DIV)


class Line(NamedTuple):
    """A line of Python; `owner` is the index of the instruction that it belongs to."""

    indent: int
    text: str
    owner: int


def _may_leave(insn: Insn) -> bool:
    """Whether it may end the function or use up steps of its own: a call, a load from a packet."""
    is_packet = insn.op & 7 == Class.LD and insn.op != LD_IMM64
    return is_packet or insn.is_call or insn.op == CALLX


class Statements:
    """What is known where the next statement stands: `narrow` are registers below 2**32."""

    def __init__(
        self,
        program: Program,
        helpers: Helpers,
        indent: int = 0,
        narrow: frozenset[int] = frozenset(),
    ) -> None:
        self._program = program
        self._helpers = helpers
        self.indent = indent
        self._narrow = set(narrow)

    def deeper(self) -> Statements:
        """A level further in."""
        known = frozenset(self._narrow)
        return Statements(self._program, self._helpers, self.indent + 1, known)

    @staticmethod
    def access_bytes(insn: Insn) -> int:
        """How many bytes a load or store accesses."""
        return ACCESS_BYTES[insn.op & SIZE_MASK]

    def block(self, start: int, end: int) -> Iterator[Line]:
        """The instructions of a basic block but for where it jumps.

        They are counted together, up to one after which the rest may not run.
        """
        insns = self._program.insns
        counted = start
        for index in range(start, end):
            if index == counted:
                leaving = (at + 1 for at in range(index, end) if _may_leave(insns[at]))
                counted = next(leaving, end)
                yield Line(self.indent, f"n -= {counted - index}", index)
                yield Line(self.indent, "if n < 0: raise Spent", index)
            for text in self._statements(insns[index], index):
                yield Line(self.indent, text, index)

    def branch(self, index: int) -> Line:
        """The head of the branch that a conditional jump takes."""
        insn = self._program.insns[index]
        if insn.is_may_goto:
            return Line(self.indent, "if t.may_go():", index)
        bits = width(insn)
        condition = jump_text(insn, self._fit(insn.dst, bits), self._operand(insn, bits))
        return Line(self.indent, f"if {condition}:", index)

    def _statements(self, insn: Insn, index: int) -> Iterator[str]:
        match insn.op & 7:
            case Class.ALU | Class.ALU64:
                yield self._alu(insn)
            case Class.LD:
                yield from self._wide_or_packet(insn, index)
            case Class.LDX if index in self._program.pointer_loads:
                yield f"r{insn.dst:d} = t.load_word((r{insn.src:d} + {insn.off}) & {U64_MAX:#x})"
                self._note(insn.dst, False)
            case Class.LDX:
                yield from self._load(insn)
            case Class.ST:
                yield from self._store(insn, str(insn.imm & self._mask(insn)))
            case Class.STX if insn.op & MODE_MASK == Mode.ATOMIC:
                yield from self._atomic(insn)
            case Class.STX:
                yield from self._store(insn, self._cut(insn))
            case _:
                yield from self._call_or_exit(insn, index)

    def _alu(self, insn: Insn) -> str:
        operation = insn.op & OPERATION_MASK
        if operation == AluOp.END:
            text = alu_text(insn, f"r{insn.dst:d}", "")
            self._note(insn.dst, insn.imm < 64)
            return f"r{insn.dst:d} = {text}"
        bits = width(insn)
        text = alu_text(insn, self._fit(insn.dst, bits), self._operand(insn, bits))
        self._note(insn.dst, bits == 32 or self._stays_narrow(insn))
        return f"r{insn.dst:d} = {text}"

    def _stays_narrow(self, insn: Insn) -> bool:
        """Whether an operation of 64 bits gives less than 2**32."""
        operation = insn.op & OPERATION_MASK
        if insn.off:
            return False
        before = insn.dst in self._narrow
        other = insn.src in self._narrow if has_register(insn) else insn.imm >= 0
        if operation == AluOp.MOV:
            return other
        if operation == AluOp.AND:
            return before or other
        if operation == AluOp.RSH:
            return before or (not has_register(insn) and insn.imm & 63 >= 32)
        return before and other and operation in _KEEP_NARROW

    def _wide_or_packet(self, insn: Insn, index: int) -> Iterator[str]:
        if insn.op == LD_IMM64:
            value = self._program.values[index]
            self._note(insn.dst, value <= U32_MAX)
            yield f"r{insn.dst:d} = {value:#x}"
            return
        offset = f"{insn.imm & U32_MAX:#x}"
        if insn.op & MODE_MASK == Mode.IND:
            offset = f"({offset} + r{insn.src:d}) & {U32_MAX:#x}"
        yield f"r0 = t.load_packet({offset}, {self.access_bytes(insn)})"
        yield "if r0 < 0: t.left = n; return 0"
        self._note(Reg.R0, True)

    def _load(self, insn: Insn) -> Iterator[str]:
        size = self.access_bytes(insn)
        setup, place = self._place(insn, insn.src, "M")
        yield from setup
        target = f"r{insn.dst:d}"
        yield (
            f"{target} = {place[0]}[{place[1]}]"
            if size == 1
            else (f"({target},) = L{size}({place[0]}, {place[1]})")
        )
        if insn.op & MODE_MASK == Mode.MEMSX:
            sign = 1 << (8 * size - 1)
            yield f"{target} = (({target} ^ {sign:#x}) - {sign:#x}) & {U64_MAX:#x}"
        self._note(insn.dst, size < 8 and insn.op & MODE_MASK != Mode.MEMSX)

    def _store(self, insn: Insn, value: str) -> Iterator[str]:
        size = self.access_bytes(insn)
        setup, place = self._place(insn, insn.dst, "W")
        yield from setup
        if size == 1:
            yield f"{place[0]}[{place[1]}] = {value}"
        else:
            yield f"P{size}({place[0]}, {place[1]}, {value})"

    def _place(self, insn: Insn, base: Reg, regions: str) -> tuple[list[str], tuple[str, str]]:
        """What to do before an access, then where it is: the buffer and the offset in it."""
        if base == Reg.R10 and -STACK_BYTES <= insn.off <= -self.access_bytes(insn):
            return [], ("S", str(STACK_BYTES + insn.off))
        address = f"r{base:d}"
        setup = [f"a = {address} + {insn.off}"] if insn.off else []
        address = "a" if insn.off else address
        return setup, (f"{regions}[{address} >> 32]", f"{address} & {U32_MAX:#x}")

    def _atomic(self, insn: Insn) -> Iterator[str]:
        size = self.access_bytes(insn)
        if insn.imm == AtomicOp.LOAD_ACQ:
            yield from self._load(insn)
            return
        if insn.imm == AtomicOp.STORE_REL:
            yield from self._store(insn, self._cut(insn))
            return
        setup, (buffer, offset) = self._place(insn, insn.dst, "W")
        yield from setup
        yield f"D = {buffer}; o = {offset}"
        yield f"(x,) = L{size}(D, o)"
        expected = self._fit(Reg.R0, 8 * size)
        yield f"P{size}(D, o, {atomic_text(insn, 'x', self._cut(insn), expected)})"
        if insn.imm & AtomicOp.FETCH:
            old = Reg.R0 if insn.imm == AtomicOp.CMPXCHG else insn.src
            yield f"r{old:d} = x"
            self._note(old, size < 8)

    def _call_or_exit(self, insn: Insn, index: int) -> Iterator[str]:
        if insn.is_exit:
            yield "t.left = n; return r0"
        elif insn.op == CALLX:
            yield from self._called(f"t.call_register(r{insn.dst:d}, {_ARGUMENTS})")
        elif insn.is_helper_call and insn.imm in self._helpers:
            yield from self._called(f"H{insn.imm}(t, {_ARGUMENTS}) & {U64_MAX:#x}")
        elif insn.is_helper_call:
            yield from self._called(f"t.call_helper({insn.imm}, {_ARGUMENTS})")
        elif insn.is_call:
            target = self._program.targets[index]
            yield from self._called(f"t.call(t.machine.function({target}), {_ARGUMENTS})")

    def _called(self, call: str) -> Iterator[str]:
        """What is called may itself use up steps."""
        yield "t.left = n"
        yield f"r0 = {call}"
        yield "n = t.left"
        self._note(Reg.R0, False)

    def _operand(self, insn: Insn, bits: int) -> str:
        """The second operand, cut to the operation's width."""
        return self._fit(insn.src, bits) if has_register(insn) else f"{immediate(insn):#x}"

    def _fit(self, register: Reg, bits: int) -> str:
        """A register's value, cut to a width where it may be larger."""
        is_small = bits == 64 or register in self._narrow
        return f"r{register:d}" if is_small else f"(r{register:d} & {(1 << bits) - 1:#x})"

    def _cut(self, insn: Insn) -> str:
        """`src`, cut to the width of an access."""
        size = self.access_bytes(insn)
        if size == 8 or (size == 4 and insn.src in self._narrow):
            return f"r{insn.src:d}"
        return f"(r{insn.src:d} & {self._mask(insn):#x})"

    def _mask(self, insn: Insn) -> int:
        return int((1 << 8 * self.access_bytes(insn)) - 1)

    def _note(self, register: Reg, is_narrow: bool) -> None:
        if is_narrow:
            self._narrow.add(register)
        else:
            self._narrow.discard(register)
