"""Chooses the instructions of each op, now that every value has its register or place.

    %3 = sub64 %1, %2         r6 = r1
                              r6 -= r2
    %4 = sext32 %3            r6 <<= 32
                              r6 s>>= 32

Only instructions that Linux 5.8 knows are used; an atomic operation other than `add`, or one that
fetches, needs 5.12 because it did not exist before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from seismo.base.bits import U32_MAX, fits_signed, to_signed
from seismo.base.dataclass import dataclass, field
from seismo.base.errors import CompilerBug
from seismo.base.source import Span
from seismo.codegen.moves import Move, Source, Target
from seismo.codegen.places import (
    FrameAddress,
    FuncPointer,
    Home,
    Immediate,
    MapPointer,
    Relocated,
)
from seismo.codegen.ranges import RESULT
from seismo.codegen.regalloc import Allocation
from seismo.codegen.stack import Frame
from seismo.codegen.transfers import Transfers
from seismo.ir.arithmetic import COMMUTATIVE, SHIFTS
from seismo.ir.ops import (
    Atomic,
    AtomicKind,
    Binary,
    BinaryKind,
    Branch,
    Call,
    CallFunc,
    Compare,
    Cond,
    Const,
    CopyBytes,
    Extend,
    Fill,
    FuncAddress,
    Load,
    MapAddress,
    Op,
    SlotAddress,
    Store,
    Swap,
    Symbol,
    Value,
)
from seismo.isa.builder import Assembler, Label
from seismo.isa.helpers import helper_id
from seismo.isa.insn import REGS, Reg
from seismo.isa.opcode import AluOp, AtomicOp, JumpOp
from seismo.spec.relocations import Relocation

__all__ = ("Output", "Selector")

ALU = {
    BinaryKind.ADD: AluOp.ADD,
    BinaryKind.SUB: AluOp.SUB,
    BinaryKind.MUL: AluOp.MUL,
    BinaryKind.DIV: AluOp.DIV,
    BinaryKind.MOD: AluOp.MOD,
    BinaryKind.AND: AluOp.AND,
    BinaryKind.OR: AluOp.OR,
    BinaryKind.XOR: AluOp.XOR,
    BinaryKind.SHL: AluOp.LSH,
    BinaryKind.SHR: AluOp.RSH,
    BinaryKind.SAR: AluOp.ARSH,
}
JUMPS = {
    Cond.EQ: JumpOp.JEQ,
    Cond.NE: JumpOp.JNE,
    Cond.LT: JumpOp.JLT,
    Cond.LE: JumpOp.JLE,
    Cond.GT: JumpOp.JGT,
    Cond.GE: JumpOp.JGE,
    Cond.SLT: JumpOp.JSLT,
    Cond.SLE: JumpOp.JSLE,
    Cond.SGT: JumpOp.JSGT,
    Cond.SGE: JumpOp.JSGE,
    Cond.SET: JumpOp.JSET,
}
ATOMICS = {
    AtomicKind.ADD: AtomicOp.ADD,
    AtomicKind.AND: AtomicOp.AND,
    AtomicKind.OR: AtomicOp.OR,
    AtomicKind.XOR: AtomicOp.XOR,
}


@dataclass(slots=True)
class Output:
    """The program written so far, which all its functions share.

    `functions` are the places of the subprograms by name, `map_refs` the positions where a map's
    address is loaded, `relocations` those where another kernel may need another value, `spans` the
    script's span of each instruction.
    """

    functions: Mapping[str, Label]
    asm: Assembler = field(default_factory=Assembler)
    map_refs: list[tuple[int, str]] = field(default_factory=list)
    relocations: list[tuple[int, Relocation]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def note(self, span: Span) -> None:
        """What was written since the last note comes from `span`."""
        self.spans += [span] * (self.asm.position - len(self.spans))


class Selector:
    """Writes the ops of one function to `output`."""

    def __init__(
        self, output: Output, allocation: Allocation, transfers: Transfers, frame: Frame
    ) -> None:
        self.output = output
        self.asm = output.asm
        self._places = allocation.prepared.places
        self._registers = allocation.registers
        self._transfers = transfers
        self._frame = frame

    def op(self, op: Op) -> None:
        """The instructions of one op; none for what is made anew at its uses."""
        if op.result in self._places:
            return
        match op:
            case Store():
                self._store(op)
            case Binary():
                self._binary(op)
            case Load(result, base, offset, size, _, relocation):
                self._relocate(relocation)
                self.asm.load(self._register(result), *self._address(base, offset), size)
            case Call(result):
                self.moves(self._transfers.calls[op])
                self.asm.call(helper_id(op.helper))
                self._take(result)
            case CallFunc(result, name):
                self.moves(self._transfers.calls[op])
                self.asm.call_subprog(self.output.functions[name])
                self._take(result)
            case Const(result, value):
                self._move(self._registers[result], Immediate(to_signed(value, 64)))
            case Symbol(result, value, relocation):
                self._move(self._registers[result], Relocated(value, relocation))
            case SlotAddress(result, slot):
                self._move(self._registers[result], FrameAddress(slot, 0))
            case MapAddress(result, name, is_value):
                self._move(self._registers[result], MapPointer(name, is_value))
            case FuncAddress(result, name):
                self._move(self._registers[result], FuncPointer(name))
            case Extend():
                self._extend(op)
            case Swap(result, value, bits):
                self._put(self._register(result), value)
                # On a little-endian machine, to big-endian is a swap; `bswap` came with 6.6.
                self.asm.to_be(self._register(result), bits)
            case Compare():
                self._compare(op)
            case Atomic():
                self._atomic(op)
            case Fill() | CopyBytes():
                raise CompilerBug("select", f"not prepared: {op}")
            case _:
                assert_never(op)

    def _take(self, result: Value | None) -> None:
        """A call's answer, if anybody wants it."""
        if result is not None and result in self._registers:
            self._move(self._registers[result], RESULT)

    def moves(self, moves: Iterable[Move]) -> None:
        """Moves in the order given."""
        for target, source in moves:
            self._move(target, source)

    def jump_if(self, branch: Branch | Compare, cond: Cond, label: Label) -> None:
        """Go to `label` if the operands of `branch` compare as `cond` says."""
        left, right = self._register(branch.left), self._operand(branch.right, branch.width)
        self.asm.jump_if(JUMPS[cond], left, right, label, branch.width)

    def _binary(self, op: Binary) -> None:
        result, right = self._register(op.result), self._operand(op.right, op.width)
        if right is result and op.op in COMMUTATIVE and op.left not in self._places:
            right = self._register(op.left)
        else:
            self._put(result, op.left)
        if op.op in SHIFTS and not isinstance(right, Reg):
            right %= op.width
        self.asm.alu(ALU[op.op], result, right, op.width)

    def _extend(self, op: Extend) -> None:
        """Before Linux 6.6 no move extends the sign."""
        result = self._register(op.result)
        if op.bits == 32 and not op.signed and op.value in self._registers:
            self.asm.mov(result, self._register(op.value), 32)
            return
        self._put(result, op.value)
        if op.signed:
            self.asm.alu(AluOp.LSH, result, 64 - op.bits)
            self.asm.alu(AluOp.ARSH, result, 64 - op.bits)
        elif op.bits == 32:
            self.asm.mov(result, result, 32)
        else:
            self.asm.alu(AluOp.AND, result, (1 << op.bits) - 1)

    def _compare(self, op: Compare) -> None:
        """BPF compares only to jump."""
        result, done = self._register(op.result), self.asm.label()
        self.asm.mov(result, 1)
        self.jump_if(op, op.cond, done)
        self.asm.mov(result, 0)
        self.asm.bind(done)

    def _store(self, op: Store) -> None:
        base, offset = self._address(op.base, op.offset)
        value = self._operand(op.value, 64 if op.size == 8 else 32)
        self.asm.store(base, offset, value, op.size)

    def _atomic(self, op: Atomic) -> None:
        base, offset = self._address(op.base, op.offset)
        if op.result is None:
            register = self._register(op.value)
        else:
            register = self._register(op.result)
            self._put(register, op.value)
        if op.op is AtomicKind.XCHG:
            self.asm.xchg(base, offset, register, op.size)
        else:
            fetch = op.result is not None
            self.asm.atomic(ATOMICS[op.op], base, offset, register, op.size, fetch=fetch)

    def _register(self, value: Value) -> Reg:
        return REGS[self._registers[value]]

    def _operand(self, value: Value, width: int) -> Reg | int:
        """A second operand: a register or an immediate that fits."""
        place = self._places.get(value)
        return (
            to_signed(place.value, width) if isinstance(place, Immediate) else self._register(value)
        )

    def _address(self, base: Value, offset: int) -> tuple[Reg, int]:
        place = self._places.get(base)
        if isinstance(place, FrameAddress):
            return Reg.R10, self._frame.offsets[place.slot] + place.offset + offset
        return self._register(base), offset

    def _relocate(self, relocation: Relocation | None) -> None:
        """The next instruction depends on the kernel."""
        if relocation is not None:
            self.output.relocations.append((self.asm.position, relocation))

    def _put(self, register: Reg, value: Value) -> None:
        """`register` = value, from wherever it is."""
        source = self._places.get(value)
        self._move(register, self._registers[value] if source is None else source)

    def _move(self, target: Target, source: Source) -> None:
        match target, source:
            case Home(slot), int():
                self.asm.store(Reg.R10, self._frame.offsets[slot], REGS[source], 8)
            case Home(slot), Immediate(value):
                self.asm.store(Reg.R10, self._frame.offsets[slot], value, 8)
            case int(), _:
                self._load(REGS[target], source)
            case _:
                raise CompilerBug("select", f"no instruction moves {source} to {target}")

    def _load(self, register: Reg, source: Source) -> None:
        """`register` = source."""
        asm = self.asm
        match source:
            case int():
                if register != source:
                    asm.mov(register, REGS[source])
            case Immediate(value) if fits_signed(value, 32):
                asm.mov(register, value)
            case Immediate(value) if 0 <= value <= U32_MAX:
                asm.mov(register, value, 32)
            case Immediate(value):
                asm.ld_imm64(register, value)
            case Relocated(value, relocation):
                self._relocate(relocation)
                (asm.ld_imm64 if source.is_wide else asm.mov)(register, value)
            case FrameAddress(slot, offset):
                asm.mov(register, Reg.R10)
                asm.alu(AluOp.ADD, register, self._frame.offsets[slot] + offset)
            case MapPointer(name, is_value):
                self.output.map_refs.append((asm.position, name))
                (asm.ld_map_value if is_value else asm.ld_map_fd)(register, 0)
            case FuncPointer(name):
                asm.ld_func(register, self.output.functions[name])
            case Home(slot):
                asm.load(register, Reg.R10, self._frame.offsets[slot], 8)
