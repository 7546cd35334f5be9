"""A small eBPF machine: runs generated instructions beside the IR interpreter, on its memory.

Written from RFC 9669 and not from `ir/arithmetic.py`, so that both must be right to agree. It
traps what the kernel's verifier would refuse: registers and stack bytes that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.ir.interp import Memory
from seismo.isa.helpers import helper_name
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.opcode import AluOp, AtomicOp, Class, JumpOp, LoadKind, Mode, Source

__all__ = ("Trap", "run_machine")

STACK_BYTES = 512
SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
MASK64 = (1 << 64) - 1


class Trap(Exception):
    """The program did something that the kernel would not let it do."""


def run_machine(
    insns: Sequence[Insn],
    *,
    context: bytes,
    call: Callable[[str, Sequence[int], Memory], int],
    map_refs: Sequence[tuple[int, str]] = (),
    max_insns: int = 100_000,
) -> int:
    """r0 at the end, as an unsigned 64-bit number."""
    machine = _Machine(insns, Memory(), call, dict(map_refs), max_insns)
    return machine.run(0, [machine.memory.allocate(context)])


class _Machine:
    def __init__(
        self,
        insns: Sequence[Insn],
        memory: Memory,
        call: Callable[[str, Sequence[int], Memory], int],
        maps: dict[int, str],
        max_insns: int,
    ) -> None:
        self.insns = insns
        self.starts = slot_starts(insns)
        self.by_start = {start: index for index, start in enumerate(self.starts[:-1])}
        self.memory = memory
        self.call = call
        self.maps = maps
        self.left = max_insns
        self.unwritten: set[int] = set()
        self.registers: dict[int, int] = {}
        self.pc: int | None = None

    def run(self, start: int, args: Sequence[int]) -> int:
        """r0 of the function at an index; it has a stack and r6 to r9 of its own."""
        callers = self.registers, self.pc
        stack = self.memory.allocate(bytes(STACK_BYTES))
        self.unwritten.update(range(stack, stack + STACK_BYTES))
        self.registers = {Reg.R10: stack + STACK_BYTES, **dict(enumerate(args, 1))}
        self.pc = start
        while self.pc is not None:
            self.left -= 1
            if self.left < 0:
                raise Trap("does not end")
            self.step()
        answer = self.read(Reg.R0)
        self.registers, self.pc = callers
        return answer

    def read(self, register: int) -> int:
        if register not in self.registers:
            raise Trap(f"r{register} was never written")
        return self.registers[register]

    def step(self) -> None:
        assert self.pc is not None
        index = self.pc
        insn = self.insns[index]
        self.pc = index + 1
        match insn.op & 7:
            case Class.ALU | Class.ALU64:
                self.alu(insn)
            case Class.JMP | Class.JMP32:
                self.jump(insn, index)
            case Class.LD:
                self.registers[insn.dst] = self.wide(insn, index) & MASK64
            case Class.LDX:
                size = SIZES[insn.op & 0x18]
                address = self.read(insn.src) + insn.off
                self.check_written(address, size)
                self.registers[insn.dst] = self.memory.load(address, size)
            case Class.ST:
                self.store(insn, insn.imm & MASK64)
            case Class.STX if insn.op & 0xE0 == Mode.ATOMIC:
                self.atomic(insn)
            case Class.STX:
                self.store(insn, self.read(insn.src))

    def wide(self, insn: Insn, index: int) -> int:
        """What a 64-bit load loads; a function's address is the slot where it begins."""
        if insn.is_func_address:
            return insn.target(self.starts[index])
        named = self.maps.get(index)
        if named is None:
            return insn.imm
        if insn.src == LoadKind.MAP_VALUE:
            return self.memory.value_address(named)
        return self.memory.map_address(named)

    def check_written(self, address: int, size: int) -> None:
        if not self.unwritten.isdisjoint(range(address, address + size)):
            raise Trap(f"{size} bytes at r10{address - self.registers[Reg.R10]:+} not written")

    def store(self, insn: Insn, value: int) -> None:
        size = SIZES[insn.op & 0x18]
        address = self.read(insn.dst) + insn.off
        if address % size:
            raise Trap(f"misaligned store: {insn}")
        self.memory.store(address, value, size)
        self.unwritten.difference_update(range(address, address + size))

    def operand(self, insn: Insn) -> int:
        return self.read(insn.src) if insn.op & Source.X else insn.imm & MASK64

    def alu(self, insn: Insn) -> None:
        operation = insn.op & 0xF0
        if operation == AluOp.END:
            size = insn.imm // 8
            low = self.read(insn.dst) & ((1 << insn.imm) - 1)
            order = "big" if insn.op & Source.X else "little"
            self.registers[insn.dst] = int.from_bytes(low.to_bytes(size, "little"), order)
            return
        width = 64 if insn.op & 7 == Class.ALU64 else 32
        mask = (1 << width) - 1
        right = self.operand(insn) & mask
        left = 0 if operation == AluOp.MOV else self.read(insn.dst) & mask
        if not insn.op & Source.X:
            self.check_immediate(insn, operation, right, width)
        self.registers[insn.dst] = compute(operation, left, right, width) & mask

    def check_immediate(self, insn: Insn, operation: int, right: int, width: int) -> None:
        if operation in (AluOp.DIV, AluOp.MOD) and right == 0:
            raise Trap(f"division by zero: {insn}")
        if operation in (AluOp.LSH, AluOp.RSH, AluOp.ARSH) and right >= width:
            raise Trap(f"shift too far: {insn}")

    def jump(self, insn: Insn, index: int) -> None:
        operation = insn.op & 0xF0
        if operation == JumpOp.EXIT:
            self.pc = None
        elif operation == JumpOp.CALL:
            self.do_call(insn, index)
        elif operation == JumpOp.JA or self.holds(insn):
            self.pc = self.by_start[self.starts[index + 1] + insn.off]

    def holds(self, insn: Insn) -> bool:
        bits = 64 if insn.op & 7 == Class.JMP else 32
        left = self.read(insn.dst) & ((1 << bits) - 1)
        right = self.operand(insn) & ((1 << bits) - 1)
        sleft, sright = signed(left, bits), signed(right, bits)
        return {
            JumpOp.JEQ: left == right,
            JumpOp.JNE: left != right,
            JumpOp.JGT: left > right,
            JumpOp.JGE: left >= right,
            JumpOp.JLT: left < right,
            JumpOp.JLE: left <= right,
            JumpOp.JSGT: sleft > sright,
            JumpOp.JSGE: sleft >= sright,
            JumpOp.JSLT: sleft < sright,
            JumpOp.JSLE: sleft <= sright,
            JumpOp.JSET: bool(left & right),
        }[JumpOp(insn.op & 0xF0)]

    def do_call(self, insn: Insn, index: int) -> None:
        """The callee sees the registers that are set; afterwards r1 to r5 are not."""
        args = [self.registers[one] for one in range(1, 6) if one in self.registers]
        if insn.is_subprog_call:
            result = self.run(self.by_start[insn.target(self.starts[index])], args)
        else:
            result = self.call_helper(helper_name(insn.imm), args)
        for register in range(1, 6):
            self.registers.pop(register, None)
        self.registers[Reg.R0] = result & MASK64

    def call_helper(self, name: str, args: Sequence[int]) -> int:
        if name == "loop":
            return self.loop(*args[:4])
        result = self.call(name, args, self.memory)
        if name in ("probe_read", "probe_read_kernel", "probe_read_user"):
            self.unwritten.difference_update(range(args[0], args[0] + args[1]))
        return result

    def loop(self, turns: int, callback: int, context: int, flags: int) -> int:
        if flags:
            raise Trap(f"a loop with flags {flags:#x}")
        for turn in range(turns):
            answer = self.run(self.by_start[callback], (turn, context))
            if answer > 1:
                raise Trap(f"a callback answers {answer}")
            if answer:
                return turn + 1
        return turns

    def atomic(self, insn: Insn) -> None:
        size = SIZES[insn.op & 0x18]
        address = self.read(insn.dst) + insn.off
        self.check_written(address, size)
        old, value = self.memory.load(address, size), self.read(insn.src)
        new = {
            AtomicOp.ADD: old + value,
            AtomicOp.OR: old | value,
            AtomicOp.AND: old & value,
            AtomicOp.XOR: old ^ value,
            AtomicOp.XCHG & ~AtomicOp.FETCH: value,
        }[insn.imm & ~AtomicOp.FETCH]
        self.memory.store(address, new, size)
        if insn.imm & AtomicOp.FETCH:
            self.registers[insn.src] = old


def compute(operation: int, left: int, right: int, width: int) -> int:
    count = right & (width - 1)
    match operation:
        case AluOp.ADD:
            return left + right
        case AluOp.SUB:
            return left - right
        case AluOp.MUL:
            return left * right
        case AluOp.DIV:
            return left // right if right else 0
        case AluOp.MOD:
            return left % right if right else left
        case AluOp.OR:
            return left | right
        case AluOp.AND:
            return left & right
        case AluOp.XOR:
            return left ^ right
        case AluOp.LSH:
            return left << count
        case AluOp.RSH:
            return left >> count
        case AluOp.ARSH:
            return signed(left, width) >> count
        case AluOp.MOV:
            return right
        case _:
            raise Trap(f"no such operation {operation:#x}")


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
