"""`Pen`: writes one random program, the same one for the same dice.

Numbers are drawn near what the rules turn on, so that about every other program breaks one.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from seismo.isa.builder import Assembler
from seismo.isa.helpers import helper_id
from seismo.isa.insn import REGS, Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec, ProgramSpec

__all__ = (
    *("ALU", "COMPARISONS", "MAPS", "Pen", "R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"),
    *("R9", "R10", "SAVED", "SIZES"),
)

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = REGS
SAVED = (R6, R7, R8, R9)
SIZES = (1, 2, 4, 8)
ALU = tuple(op for op in AluOp if op not in (AluOp.NEG, AluOp.END))
COMPARISONS = (
    *(JumpOp.JEQ, JumpOp.JNE, JumpOp.JGT, JumpOp.JGE, JumpOp.JLT, JumpOp.JLE),
    *(JumpOp.JSGT, JumpOp.JSGE, JumpOp.JSLT, JumpOp.JSLE, JumpOp.JSET),
)
SHIFTS = (AluOp.LSH, AluOp.RSH, AluOp.ARSH)
_RDONLY_PROG, _WRONLY_PROG = 1 << 7, 1 << 8
_MAX = (1 << 31) - 1
_EDGES = (0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 255, 256, 4095, 65535, _MAX, -1, -2, -8, -_MAX)

T = TypeVar("T")


def _map(name: str, type: MapType, key: int, value: int, entries: int, flags: int = 0) -> MapSpec:
    return MapSpec(
        name=name, type=type, key_size=key, value_size=value, max_entries=entries, flags=flags
    )


MAPS = {
    one.name: one
    for one in (
        _map("array", MapType.ARRAY, 4, 48, 4),
        _map("hash", MapType.HASH, 8, 16, 64),
        _map("percpu", MapType.PERCPU_ARRAY, 4, 24, 2),
        _map("globals", MapType.ARRAY, 4, 64, 1),
        _map("constants", MapType.ARRAY, 4, 32, 1, _RDONLY_PROG),
        _map("sink", MapType.ARRAY, 4, 32, 2, _WRONLY_PROG),
        _map("ring", MapType.RINGBUF, 0, 0, 4096),
        _map("queue", MapType.QUEUE, 0, 8, 8),
        _map("events", MapType.PERF_EVENT_ARRAY, 4, 4, 2),
        _map("stacks", MapType.STACK_TRACE, 4, 80, 16),
        _map("tails", MapType.PROG_ARRAY, 4, 4, 2),
    )
}
"""The maps that programs may name; they are made once and shared."""


class Pen(Assembler):
    """An assembler with dice, maps and helpers by name."""

    def __init__(self, chance: Random, kind: ProgType = ProgType.RAW_TRACEPOINT) -> None:
        super().__init__()
        self.chance = chance
        self.kind = kind
        self._refs: list[tuple[int, str]] = []

    def pick(self, of: Sequence[T]) -> T:
        """One of them."""
        return of[self.chance.randrange(len(of))]

    def often(self, likelihood: float = 0.5) -> bool:
        """Yes, as often as that."""
        return self.chance.random() < likelihood

    def near(self, number: int, step: int = 1) -> int:
        """Mostly the number itself, else one or two steps off."""
        return number + step * self.pick((0,) * 9 + (-1, -2, 1, 2))

    def number(self) -> int:
        """An immediate at which something changes, or any."""
        if self.often(0.8):
            return self.pick(_EDGES)
        return self.chance.randrange(-(1 << 31), 1 << 31)

    def width(self) -> int:
        """Of an operation: 64 bits or 32."""
        return self.pick((64, 64, 32))

    def map(self, dst: Reg, name: str) -> None:
        """dst = the map."""
        self._refs.append((self.position, name))
        self.ld_map_fd(dst, 0)

    def map_value(self, dst: Reg, name: str, offset: int = 0) -> None:
        """dst = `offset` bytes into the only value of the map."""
        self._refs.append((self.position, name))
        self.ld_map_value(dst, 0, offset)

    def helper(self, name: str) -> None:
        """Call it."""
        self.call(helper_id(name))

    def stack_address(self, dst: Reg, offset: int) -> None:
        """dst = r10 + offset."""
        self.mov(dst, R10)
        self.alu(AluOp.ADD, dst, offset)

    def look_up(self, name: str, dst: Reg = R0, *, key: int | None = None) -> None:
        """dst = the value of a key of the map, or null."""
        size = MAPS[name].key_size
        self.store(R10, -size, self.pick((0, 1, 5)) if key is None else key, size)
        self.map(R1, name)
        self.stack_address(R2, -size)
        self.helper("map_lookup_elem")
        if dst is not R0:
            self.mov(dst, R0)

    def unless_null(self, pointer: Reg, *, likelihood: float = 0.95) -> None:
        """End the program where the pointer is null; now and then forget to, or do it wrongly."""
        if not self.often(likelihood):
            if self.often():
                return
            over = self.label()
            self.jump_if(self.pick(COMPARISONS), pointer, self.pick((0, 0, 1)), over, self.width())
            self.leave()
            self.bind(over)
            return
        over = self.label()
        if self.often(0.7):
            self.jump_if(JumpOp.JNE, pointer, 0, over)
            self.leave()
        else:
            out = self.label()
            self.jump_if(JumpOp.JEQ, pointer, 0, out)
            self.jump(over)
            self.bind(out)
            self.leave()
        self.bind(over)

    def unknown(self, dst: Reg) -> None:
        """dst = a number that nobody knows; r0 to r5 may be lost."""
        match self.chance.randrange(4):
            case 0:
                self.helper("get_prandom_u32")
                self.mov(dst, R0)
            case 1:
                self.helper("ktime_get_ns")
                self.mov(dst, R0)
            case 2:
                self.helper("get_current_pid_tgid" if self.is_tracing else "get_prandom_u32")
                self.mov(dst, R0)
            case _:
                # The number of processors bounds the second, which is another on each machine.
                self.helper(self.pick(("get_numa_node_id",) * 9 + ("get_smp_processor_id",)))
                self.mov(dst, R0)
                if self.often():
                    self.alu(self.pick((AluOp.SUB, AluOp.LSH)), dst, self.pick((1, 7, 31)))

    @property
    def is_tracing(self) -> bool:
        """Whether the program belongs to a task."""
        return self.kind in (ProgType.RAW_TRACEPOINT, ProgType.KPROBE, ProgType.TRACEPOINT)

    def compute(self, dst: Reg, others: Sequence[Reg]) -> None:
        """dst op= a number or another register, by any operation."""
        match self.chance.randrange(20):
            case 0:
                self.neg(dst, self.width())
            case 1:
                self.pick((self.bswap, self.to_be, self.to_le))(dst, self.pick((16, 32, 64)))
            case 2:
                self.movsx(dst, self.pick(others), self.pick((8, 16)), self.width())
            case 3:
                self.movsx(dst, dst, self.pick((8, 16, 32)))
            case _:
                op, width = self.pick(ALU), self.width()
                if self.often(0.35):
                    self.alu(op, dst, self.pick(others), width)
                elif op in SHIFTS:
                    self.alu(op, dst, self.chance.randrange(width + self.often(0.05)), width)
                else:
                    self.alu(op, dst, self._operand(op), width)

    def _operand(self, op: AluOp) -> int:
        """An immediate; a divisor is hardly ever 0."""
        number = self.number()
        is_divisor = op in (AluOp.DIV, AluOp.MOD, AluOp.SDIV, AluOp.SMOD)
        return 3 if is_divisor and not number and self.often(0.9) else number

    def compare(self, left: Reg, others: Sequence[Reg]) -> None:
        """End the program on one side of a random comparison."""
        over = self.label()
        right: Reg | int = self.pick(others) if self.often(0.3) else self.number()
        self.jump_if(self.pick(COMPARISONS), left, right, over, self.width())
        self.leave()
        self.bind(over)

    def bound(self, register: Reg, most: int) -> None:
        """Make it 0 to `most`, by one of the ways that people use; nearly always."""
        match self.chance.randrange(8):
            case 0 | 1:
                self.alu(AluOp.AND, register, most, self.width())
            case 2 | 3:
                over = self.label()
                op = self.pick((JumpOp.JLE,) * 5 + (JumpOp.JLT,) * 3 + (JumpOp.JSLE,))
                self.jump_if(op, register, most, over, self.pick((64,) * 6 + (32,)))
                self.leave()
                self.bind(over)
            case 4:
                out, over = self.label(), self.label()
                width = self.width()
                self.jump_if(JumpOp.JSGT, register, most, out, width)
                self.jump_if(JumpOp.JSGE, register, 0, over, width)
                self.bind(out)
                self.leave()
                self.bind(over)
                if width == 32 and self.often(0.7):
                    self.mov(register, register, 32)
            case 5:
                self.alu(AluOp.MOD, register, max(most + 1, 1), self.width())
            case 6:
                over = self.label()
                self.mov(R5, most)
                self.jump_if(self.pick((JumpOp.JLE, JumpOp.JLT)), register, R5, over)
                self.mov(register, most)
                self.bind(over)
            case _:
                self.alu(AluOp.RSH, register, 65 - max(most, 1).bit_length())

    def access(self, base: Reg, off: int, size: int) -> None:
        """Read or write there."""
        match self.chance.randrange(6):
            case 0 | 1 | 2:
                self.load(R0, base, off, size, signed=self.often(0.2))
            case 3 | 4:
                self.store(base, off, self.pick((0, 1, -1)), size)
            case _:
                self.store(base, off, R10 if size == 8 and self.often(0.2) else base, size)

    def leave(self, result: int | None = None) -> None:
        """Set r0 and exit."""
        self.mov(R0, self.pick((0, 0, 0, 1)) if result is None else result)
        self.exit()

    def spec(self, name: str) -> ProgramSpec:
        """What was written."""
        insns = self.finish()
        refs = tuple((self.final_index(at), map_name) for at, map_name in self._refs)
        return ProgramSpec(name=name, type=self.kind, insns=insns, map_refs=refs)
