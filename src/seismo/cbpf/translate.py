"""Classic BPF to eBPF, as the kernel does it (`bpf_convert_filter`, net/core/filter.c).

A is r0, X is r7, r6 holds the context as LD_ABS and LD_IND want it, r8 keeps A where X is loaded
by way of it, and M is the top of the stack. What the kernel reads from `struct sk_buff` is read
from `struct __sk_buff`, so its verifier takes the result as a socket filter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.base.bits import to_signed
from seismo.cbpf.check import check
from seismo.cbpf.errors import NoTranslation
from seismo.cbpf.forms import PACKET_SIZES, SKF_AD_OFF
from seismo.cbpf.insn import MEMORY_WORDS, Ancillary, Code, SockFilter
from seismo.isa.builder import Assembler, Label
from seismo.isa.helpers import helper_id
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import INVERSE, AluOp, Class, JumpOp, Source
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec

__all__ = ("socket_filter", "translate")

_A, _X, _CTX, _KEPT, _SCRATCH = Reg.R0, Reg.R7, Reg.R6, Reg.R8, Reg.R2
_OPERATION = 0xF0
_WORD = 4
_INDEXED = (Code.LD_IND_W, Code.LD_IND_H, Code.LD_IND_B)
_LENGTH_AT = 0

_FIELDS = {
    Ancillary.PROTOCOL: 16,
    Ancillary.PKTTYPE: 4,
    Ancillary.IFINDEX: 40,
    Ancillary.MARK: 8,
    Ancillary.QUEUE: 12,
    Ancillary.RXHASH: 68,
    Ancillary.VLAN_TAG: 24,
    Ancillary.VLAN_TAG_PRESENT: 20,
    Ancillary.VLAN_TPID: 28,
}
"""Where `struct __sk_buff` (linux/bpf.h) has what a load asks for; all are u32."""

_BIG_ENDIAN = (Ancillary.PROTOCOL, Ancillary.VLAN_TPID)
_HELPERS = {
    Ancillary.CPU: "get_smp_processor_id",
    Ancillary.RANDOM: "get_prandom_u32",
}


def socket_filter(program: Sequence[SockFilter], name: str = "cbpf") -> ProgramSpec:
    """A program of type SOCKET_FILTER that does what `program` does; errors as of `translate`."""
    return ProgramSpec(name=name, type=ProgType.SOCKET_FILTER, insns=translate(program))


def translate(program: Sequence[SockFilter]) -> tuple[Insn, ...]:
    """The same in eBPF; BadProgram where `check` says so, NoTranslation for what eBPF has not."""
    check(program)
    return _Translation(program).run()


class _Translation:
    """One program on its way; `labels` has one for each instruction of the old program."""

    def __init__(self, program: Sequence[SockFilter]) -> None:
        self.program = program
        self.asm = Assembler()
        self.labels = [Label(str(at)) for at in range(len(program))]

    def run(self) -> tuple[Insn, ...]:
        # The kernel clears A and X by xor, which its verifier refuses of a register not yet set.
        self.asm.mov(_A, 0, 32)
        self.asm.mov(_X, 0, 32)
        self.asm.mov(_CTX, Reg.R1)
        reached = self.reached()
        for at, one in enumerate(self.program):
            self.asm.bind(self.labels[at])
            # The verifier refuses instructions that nothing goes to; classic BPF has no such rule.
            if at in reached:
                self.translate_one(one, at)
        return self.asm.finish()

    def reached(self) -> set[int]:
        """The indexes that some way from the first leads to."""
        reached = {0}
        for at, one in enumerate(self.program):
            if at in reached:
                reached.update(one.targets(at))
        return reached

    def translate_one(self, one: SockFilter, at: int) -> None:
        if one.code in PACKET_SIZES:
            self.packet_load(one, at)
        elif one.is_return:
            self.return_(one)
        elif one.cls == Class.JMP:
            self.jump(one, at)
        elif one.cls == Class.ALU:
            self.arithmetic(one)
        else:
            self.move(one)

    def move(self, one: SockFilter) -> None:
        """What neither computes nor jumps nor takes from the packet, but for LDX_MSH."""
        asm, slot, k = self.asm, (one.k - MEMORY_WORDS) * _WORD, to_signed(one.k, 32)
        moves: dict[int, Callable[[], None]] = {
            Code.LD_IMM: lambda: asm.mov(_A, k, 32),
            Code.LDX_IMM: lambda: asm.mov(_X, k, 32),
            Code.LD_LEN: lambda: asm.load(_A, _CTX, _LENGTH_AT, _WORD),
            Code.LDX_LEN: lambda: asm.load(_X, _CTX, _LENGTH_AT, _WORD),
            Code.LD_MEM: lambda: asm.load(_A, Reg.R10, slot, _WORD),
            Code.LDX_MEM: lambda: asm.load(_X, Reg.R10, slot, _WORD),
            Code.ST: lambda: asm.store(Reg.R10, slot, _A, _WORD),
            Code.STX: lambda: asm.store(Reg.R10, slot, _X, _WORD),
            Code.TAX: lambda: asm.mov(_X, _A),
            Code.TXA: lambda: asm.mov(_A, _X),
            Code.LDX_MSH: lambda: self.header_length(k),
        }
        moves[one.code]()

    def header_length(self, offset: int) -> None:
        """X = 4 * (the byte at `offset` & 15); A stays."""
        self.asm.mov(_KEPT, _A)
        self.asm.ld_abs(offset, 1)
        self.asm.alu(AluOp.AND, _A, 0xF, 32)
        self.asm.alu(AluOp.LSH, _A, 2, 32)
        self.asm.mov(_X, _A)
        self.asm.mov(_A, _KEPT)

    def packet_load(self, one: SockFilter, at: int) -> None:
        size, k = PACKET_SIZES[one.code], to_signed(one.k, 32)
        if one.code in _INDEXED:
            self.asm.ld_ind(_X, k, size)
        elif one.k >= SKF_AD_OFF:
            self.ancillary(Ancillary(one.k - SKF_AD_OFF), at)
        else:
            self.asm.ld_abs(k, size)

    def ancillary(self, asked: Ancillary, at: int) -> None:
        if asked == Ancillary.XOR_X:
            self.asm.alu(AluOp.XOR, _A, _X, 32)
        elif asked in _HELPERS:
            self.asm.call(helper_id(_HELPERS[asked]))
        elif asked in _FIELDS:
            self.asm.load(_A, _CTX, _FIELDS[asked], _WORD)
            if asked in _BIG_ENDIAN:
                self.asm.to_be(_A, 16)
        else:
            raise NoTranslation(at, f"SKF_AD_{asked.name}")

    def return_(self, one: SockFilter) -> None:
        if one.code == Code.RET_K:
            self.asm.mov(_A, to_signed(one.k, 32), 32)
        self.asm.exit()

    def arithmetic(self, one: SockFilter) -> None:
        if one.code == Code.NEG:
            self.asm.neg(_A, 32)
            return
        op = AluOp(one.code & _OPERATION)
        if not one.code & Source.X:
            self.asm.alu(op, _A, to_signed(one.k, 32), 32)
            return
        if op in (AluOp.DIV, AluOp.MOD):
            self.reject_unless_x()
        self.asm.alu(op, _A, _X, 32)

    def reject_unless_x(self) -> None:
        """Classic BPF ends with 0 where it would divide by zero; eBPF goes on."""
        divide = self.asm.label()
        self.asm.jump_if(JumpOp.JNE, _X, 0, divide)
        self.asm.mov(_A, 0, 32)
        self.asm.exit()
        self.asm.bind(divide)

    def jump(self, one: SockFilter, at: int) -> None:
        if one.code == Code.JA:
            self.asm.jump(self.labels[at + 1 + one.k])
            return
        yes, no = (self.labels[target] for target in one.targets(at))
        if yes is no:
            if one.jt:
                self.asm.jump(yes)
            return
        op, compared = JumpOp(one.code & _OPERATION), self.compared(one)
        if one.jt == 0 and op in INVERSE:
            self.asm.jump_if(INVERSE[op], _A, compared, no)
            return
        self.asm.jump_if(op, _A, compared, yes)
        if one.jf:
            self.asm.jump(no)

    def compared(self, one: SockFilter) -> Reg | int:
        """The second operand of a comparison of 64 bits, which extends the sign of a constant."""
        if one.code & Source.X:
            return _X
        if to_signed(one.k, 32) >= 0:
            return one.k
        self.asm.mov(_SCRATCH, to_signed(one.k, 32), 32)
        return _SCRATCH
