"""`Assembler`: writes a program instruction by instruction, with labels for jumps not yet known.

>>> asm = Assembler()
>>> done = asm.label("done")
>>> asm.mov(Reg.R0, 0)
>>> asm.jump_if(JumpOp.JEQ, Reg.R1, 0, done)
>>> asm.mov(Reg.R0, 1)
>>> asm.bind(done)
>>> asm.exit()
>>> [str(insn) for insn in asm.finish()]
['r0 = 0', 'if r1 == 0x0 goto pc+1', 'r0 = 1', 'exit']
"""

from __future__ import annotations

from seismo.base.bits import U32_MAX, U64_MAX, fits_signed, to_signed
from seismo.isa.errors import EncodeError
from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.labels import Label, resolve
from seismo.isa.opcode import (
    LD_IMM64,
    OPERATION_MASK,
    AluOp,
    AtomicOp,
    CallKind,
    Class,
    JumpOp,
    LoadKind,
    Mode,
    Size,
    Source,
)

__all__ = ("Assembler", "Label")

_SIZES = {1: Size.B, 2: Size.H, 4: Size.W, 8: Size.DW}
_ALU_CLASSES = {32: Class.ALU, 64: Class.ALU64}
_JUMP_CLASSES = {32: Class.JMP32, 64: Class.JMP}
_SIMPLE_ATOMICS = (AtomicOp.ADD, AtomicOp.OR, AtomicOp.AND, AtomicOp.XOR)
_NO_COMPARISON = (JumpOp.JA, JumpOp.CALL, JumpOp.EXIT, JumpOp.JCOND)


class Assembler:
    """Appends instructions; `finish` fills in the labels and returns the program.

    A second operand that is a `Reg` is that register, any other int an immediate. Sizes of memory
    accesses are bytes (1, 2, 4, 8), widths are bits (32, 64). Every method raises EncodeError when
    an offset does not fit s16, an immediate s32, or the operation has no such form.
    """

    def __init__(self) -> None:
        self._insns: list[Insn] = []
        self._references: dict[int, Label] = {}
        self._indexes: tuple[int, ...] = ()

    @property
    def position(self) -> int:
        """The index (not the slot) that the next instruction will have."""
        return len(self._insns)

    def append(self, insn: Insn) -> None:
        """Any instruction as it is; a jump's distance is not adjusted."""
        self._insns.append(insn)

    def label(self, name: str = "") -> Label:
        """A place to jump to, not yet known; `name` is for people."""
        return Label(name)

    def bind(self, label: Label) -> None:
        """`label` stands before the next instruction."""
        if label.is_bound:
            raise EncodeError(f"{label!r} is bound twice")
        label.position = self.position

    def finish(self) -> tuple[Insn, ...]:
        """The program, its labels filled in.

        A jump that does not reach by s16 slots becomes a gotol, or jumps around one (Since Linux
        6.6), which moves what stands behind it: `final_index` says where.
        """
        insns, self._indexes = resolve(self._insns, self._references)
        return insns

    def final_index(self, position: int) -> int:
        """The index in the last `finish()`'s program of what was appended at `position`."""
        return self._indexes[position]

    def mov(self, dst: Reg, src: Reg | int, width: int = 64) -> None:
        """dst = src; a 32-bit move zeroes the upper half, an immediate is sign-extended to 64."""
        self.alu(AluOp.MOV, dst, src, width)

    def alu(self, op: AluOp, dst: Reg, src: Reg | int, width: int = 64) -> None:
        """dst = dst op src; a 32-bit operation zeroes the upper half of dst."""
        if op in (AluOp.NEG, AluOp.END):
            raise EncodeError(f"{op.name} has no second operand: use neg, bswap, to_be or to_le")
        self._emit_binary(_alu_class(width) | op & OPERATION_MASK, dst, src, op >> 8, width)

    def neg(self, dst: Reg, width: int = 64) -> None:
        """dst = -dst."""
        self.append(Insn(_alu_class(width) | AluOp.NEG, dst, Reg.R0))

    def movsx(self, dst: Reg, src: Reg, bits: int, width: int = 64) -> None:
        """dst = the low `bits` (8, 16, 32) of src, sign-extended to `width`. Since Linux 6.6."""
        if bits not in (8, 16, 32) or bits >= width:
            raise EncodeError(f"no sign extension from {bits} to {width} bits")
        self.append(Insn(_alu_class(width) | AluOp.MOV | Source.X, dst, src, bits))

    def bswap(self, dst: Reg, bits: int) -> None:
        """Swap the bytes of the low `bits` (16, 32, 64), zero the rest. Since Linux 6.6."""
        self._emit_swap(Class.ALU64 | AluOp.END, dst, bits)

    def to_be(self, dst: Reg, bits: int) -> None:
        """The low `bits` (16, 32, 64) from the machine's byte order to big-endian, or back."""
        self._emit_swap(Class.ALU | AluOp.END | Source.X, dst, bits)

    def to_le(self, dst: Reg, bits: int) -> None:
        """The low `bits` (16, 32, 64) from the machine's byte order to little-endian, or back."""
        self._emit_swap(Class.ALU | AluOp.END | Source.K, dst, bits)

    def ld_imm64(self, dst: Reg, value: int) -> None:
        """dst = value, any s64 or u64; two slots."""
        if not -(1 << 63) <= value <= U64_MAX:
            raise EncodeError(f"immediate {value} does not fit 64 bits")
        self._emit_ld_imm64(dst, LoadKind.PLAIN, value & U64_MAX)

    def ld_map_fd(self, dst: Reg, fd: int) -> None:
        """dst = `struct bpf_map *` of the map with this fd."""
        self._emit_ld_imm64(dst, LoadKind.MAP_FD, _word(fd))

    def ld_map_value(self, dst: Reg, fd: int, offset: int = 0) -> None:
        """dst = address `offset` bytes into the only value of an array map. Since Linux 5.2."""
        self._emit_ld_imm64(dst, LoadKind.MAP_VALUE, _word(offset) << 32 | _word(fd))

    def ld_btf_id(self, dst: Reg, btf_id: int, btf_fd: int = 0) -> None:
        """dst = address of the kernel variable with this BTF id. Since Linux 5.10."""
        self._emit_ld_imm64(dst, LoadKind.BTF_ID, _word(btf_fd) << 32 | _word(btf_id))

    def ld_func(self, dst: Reg, label: Label) -> None:
        """dst = address of the function at `label`, for a callback. Since Linux 5.13."""
        self._refer(label)
        self._emit_ld_imm64(dst, LoadKind.FUNC, 0)

    def ld_abs(self, offset: int, size: int) -> None:
        """r0 = packet bytes at `offset`, to host order; r6 must hold the `__sk_buff`."""
        op = Class.LD | Mode.ABS | _size(size, largest=4)
        self.append(Insn(op, Reg.R0, Reg.R0, 0, _imm32(offset)))

    def ld_ind(self, src: Reg, offset: int, size: int) -> None:
        """r0 = packet bytes at src + `offset`, to host order; r6 must hold the `__sk_buff`."""
        op = Class.LD | Mode.IND | _size(size, largest=4)
        self.append(Insn(op, Reg.R0, src, 0, _imm32(offset)))

    def load(self, dst: Reg, base: Reg, off: int, size: int, *, signed: bool = False) -> None:
        """dst = `size` bytes at base + off, zero-extended; sign-extended Since Linux 6.6."""
        mode = Mode.MEMSX if signed and size < 8 else Mode.MEM
        self.append(Insn(Class.LDX | mode | _size(size), dst, base, _off16(off)))

    def store(self, base: Reg, off: int, src: Reg | int, size: int) -> None:
        """The low `size` bytes of src to base + off; an immediate is sign-extended to 8 bytes."""
        op = Mode.MEM | _size(size)
        if isinstance(src, Reg):
            self.append(Insn(Class.STX | op, base, src, _off16(off)))
        else:
            imm = _imm32(src, 64 if size == 8 else 32)
            self.append(Insn(Class.ST | op, base, Reg.R0, _off16(off), imm))

    def atomic(
        self, op: AtomicOp, base: Reg, off: int, src: Reg, size: int, *, fetch: bool = False
    ) -> None:
        """Memory op= src, `op` being ADD, OR, AND or XOR; `fetch` puts the old value into src.

        `size` is 4 or 8. ADD without fetch is as old as BPF, the rest: Since Linux 5.12.
        """
        if op not in _SIMPLE_ATOMICS:
            raise EncodeError(f"{op.name} is no simple atomic operation: it has its own method")
        self._emit_atomic(op | (AtomicOp.FETCH if fetch else 0), base, off, src, size)

    def xchg(self, base: Reg, off: int, src: Reg, size: int) -> None:
        """Swap src and `size` (4, 8) bytes of memory. Since Linux 5.12."""
        self._emit_atomic(int(AtomicOp.XCHG), base, off, src, size)

    def cmpxchg(self, base: Reg, off: int, src: Reg, size: int) -> None:
        """If memory equals r0, store src; r0 = the old value. Since Linux 5.12."""
        self._emit_atomic(int(AtomicOp.CMPXCHG), base, off, src, size)

    def load_acquire(self, dst: Reg, base: Reg, off: int, size: int) -> None:
        """dst = `size` bytes at base + off, before all later accesses. Since Linux 6.15."""
        op = Class.STX | Mode.ATOMIC | _size(size)
        self.append(Insn(op, dst, base, _off16(off), int(AtomicOp.LOAD_ACQ)))

    def store_release(self, base: Reg, off: int, src: Reg, size: int) -> None:
        """`size` bytes of src to base + off, after all earlier accesses. Since Linux 6.15."""
        op = Class.STX | Mode.ATOMIC | _size(size)
        self.append(Insn(op, base, src, _off16(off), int(AtomicOp.STORE_REL)))

    def jump(self, label: Label) -> None:
        """Go to `label`."""
        self._refer(label)
        self.append(Insn(Class.JMP | JumpOp.JA, Reg.R0, Reg.R0))

    def jump_if(self, op: JumpOp, dst: Reg, src: Reg | int, label: Label, width: int = 64) -> None:
        """Go to `label` if dst op src, compared in `width` bits. 32 bits: Since Linux 5.1."""
        if op in _NO_COMPARISON or width not in _JUMP_CLASSES:
            raise EncodeError(f"no comparison {op.name} of {width} bits")
        self._refer(label)
        self._emit_binary(_JUMP_CLASSES[width] | op, dst, src, 0, width)

    def may_goto(self, label: Label) -> None:
        """Go to `label` once the loop budget is spent. Since Linux 6.9."""
        self._refer(label)
        self.append(Insn(Class.JMP | JumpOp.JCOND, Reg.R0, Reg.R0))

    def call(self, helper: int) -> None:
        """r0 = helper(r1 … r5); clobbers r1 to r5."""
        self._emit_call(CallKind.HELPER, _imm32(helper))

    def call_subprog(self, label: Label) -> None:
        """r0 = the function of this program at `label`. Since Linux 4.16."""
        self._refer(label)
        self._emit_call(CallKind.SUBPROG, 0)

    def call_kfunc(self, btf_id: int, fd_index: int = 0) -> None:
        """r0 = the kernel function with this BTF id. Since Linux 5.13."""
        self._emit_call(CallKind.KFUNC, _imm32(btf_id), fd_index)

    def exit(self) -> None:
        """Return r0 to the caller: of the program the kernel, of a function its call."""
        self.append(Insn(Class.JMP | JumpOp.EXIT, Reg.R0, Reg.R0))

    def _refer(self, label: Label) -> None:
        """The instruction appended next refers to `label`."""
        self._references[self.position] = label

    def _emit_binary(self, op: int, dst: Reg, src: Reg | int, off: int, width: int) -> None:
        if isinstance(src, Reg):
            self.append(Insn(op | Source.X, dst, src, off))
        else:
            self.append(Insn(op | Source.K, dst, Reg.R0, off, _imm32(src, width)))

    def _emit_swap(self, op: int, dst: Reg, bits: int) -> None:
        if bits not in (16, 32, 64):
            raise EncodeError(f"no byte swap of {bits} bits")
        self.append(Insn(op, dst, Reg.R0, 0, bits))

    def _emit_ld_imm64(self, dst: Reg, kind: LoadKind, imm: int) -> None:
        self.append(Insn(LD_IMM64, dst, REGS[kind], 0, imm))

    def _emit_atomic(self, op: int, base: Reg, off: int, src: Reg, size: int) -> None:
        if size not in (4, 8):
            raise EncodeError(f"no atomic operation on {size} bytes")
        self.append(Insn(Class.STX | Mode.ATOMIC | _size(size), base, src, _off16(off), op))

    def _emit_call(self, kind: CallKind, imm: int, off: int = 0) -> None:
        self.append(Insn(Class.JMP | JumpOp.CALL, Reg.R0, REGS[kind], _off16(off), imm))


def _alu_class(width: int) -> Class:
    if width not in _ALU_CLASSES:
        raise EncodeError(f"no arithmetic of {width} bits")
    return _ALU_CLASSES[width]


def _size(size: int, largest: int = 8) -> Size:
    if size not in _SIZES or size > largest:
        raise EncodeError(f"no such access of {size} bytes")
    return _SIZES[size]


def _off16(off: int) -> int:
    if not fits_signed(off, 16):
        raise EncodeError(f"offset {off} does not fit 16 bits")
    return off


def _imm32(value: int, width: int = 64) -> int:
    """An immediate as s32; where only 32 bits count, the upper half of u32 is welcome too."""
    if fits_signed(value, 32):
        return value
    if width == 32 and 0 <= value <= U32_MAX:
        return to_signed(value, 32)
    raise EncodeError(f"immediate {value} does not fit 32 bits: load it by ld_imm64")


def _word(value: int) -> int:
    """One 32-bit word of a 64-bit immediate."""
    if not 0 <= value <= U32_MAX:
        raise EncodeError(f"{value} does not fit 32 bits")
    return value
