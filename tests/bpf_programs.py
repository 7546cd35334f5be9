"""Small programs that the kernel tests load, written in assembly."""

from __future__ import annotations

import sys

from seismo.isa.builder import Assembler
from seismo.isa.helpers import helper_id
from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, AtomicOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec, ProgramSpec

R0, R1, R2, R3, R4, R5, R6, R7, R10 = (
    Reg.R0,
    Reg.R1,
    Reg.R2,
    Reg.R3,
    Reg.R4,
    Reg.R5,
    Reg.R6,
    Reg.R7,
    Reg.R10,
)
BPF_F_CURRENT_CPU = 0xFFFFFFFF


class ProgramWriter(Assembler):
    """An assembler that knows maps by name."""

    def __init__(self) -> None:
        super().__init__()
        self._map_refs: list[tuple[int, str]] = []

    def map(self, dst: Reg, name: str) -> None:
        """dst = the map."""
        self._map_refs.append((self.position, name))
        self.ld_map_fd(dst, 0)

    def helper(self, name: str) -> None:
        self.call(helper_id(name))

    def stack_address(self, dst: Reg, offset: int) -> None:
        self.mov(dst, R10)
        self.alu(AluOp.ADD, dst, offset)

    def count(self, map_name: str, amount: Reg | int = 1, at: int = -512) -> None:
        """Add to the u64 at index 0 of an array; the stack's word `at` is used."""
        done = self.label()
        self.store(R10, at, 0, 4)
        self.map(R1, map_name)
        self.stack_address(R2, at)
        self.helper("map_lookup_elem")
        self.jump_if(JumpOp.JEQ, R0, 0, done)
        self.mov(R1, amount)
        self.atomic(AtomicOp.ADD, R0, 0, R1, 8)
        self.bind(done)

    def returns(self, value: Reg | int) -> None:
        self.mov(R0, value)
        self.exit()

    def spec(self, name: str, type_: ProgType = ProgType.RAW_TRACEPOINT) -> ProgramSpec:
        insns = self.finish()
        refs = tuple((self.final_index(at), map_name) for at, map_name in self._map_refs)
        return ProgramSpec(name=name, type=type_, insns=insns, map_refs=refs)


def u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)


def u64(number: int) -> bytes:
    return number.to_bytes(8, sys.byteorder)


def counter_map(name: str, type_: MapType = MapType.ARRAY) -> MapSpec:
    """One u64, or one on each CPU."""
    return MapSpec(name=name, type=type_, key_size=4, value_size=8, max_entries=1)


def ring_map(name: str, size: int) -> MapSpec:
    return MapSpec(name=name, type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=size)


def counting_program(name: str, type_: ProgType, map_name: str) -> ProgramSpec:
    """Counts its runs."""
    asm = ProgramWriter()
    asm.count(map_name)
    asm.returns(0)
    return asm.spec(name, type_)


def own_thread_counter(name: str, type_: ProgType, map_name: str, tid: int) -> ProgramSpec:
    """Counts its runs in one thread."""
    asm = ProgramWriter()
    other = asm.label()
    asm.helper("get_current_pid_tgid")
    asm.jump_if(JumpOp.JNE, R0, tid, other, 32)
    asm.count(map_name)
    asm.bind(other)
    asm.returns(0)
    return asm.spec(name, type_)


def sending_program(name: str, ring: str, lost: str, length: int, *, perf: bool) -> ProgramSpec:
    """Sends `length` bytes (8 at least, a multiple of 8): the first argument, then zeros.

    What does not fit is counted in `lost`.
    """
    asm = ProgramWriter()
    sent = asm.label()
    asm.mov(R6, R1)
    asm.load(R7, R1, 0, 8)
    asm.store(R10, -length, R7, 8)
    for offset in range(-length + 8, 0, 8):
        asm.store(R10, offset, 0, 8)
    if perf:
        asm.mov(R1, R6)
        asm.map(R2, ring)
        asm.mov(R3, BPF_F_CURRENT_CPU, 32)
        asm.stack_address(R4, -length)
        asm.mov(R5, length)
        asm.helper("perf_event_output")
    else:
        asm.map(R1, ring)
        asm.stack_address(R2, -length)
        asm.mov(R3, length)
        asm.mov(R4, 0)
        asm.helper("ringbuf_output")
    asm.jump_if(JumpOp.JEQ, R0, 0, sent)
    asm.count(lost)
    asm.bind(sent)
    asm.returns(0)
    return asm.spec(name)


def reserving_program(name: str, ring: str, length: int, *, submit: bool) -> ProgramSpec:
    """Reserves a record, writes its argument there, and submits or discards it."""
    asm = ProgramWriter()
    full = asm.label()
    asm.load(R6, R1, 0, 8)
    asm.map(R1, ring)
    asm.mov(R2, length)
    asm.mov(R3, 0)
    asm.helper("ringbuf_reserve")
    asm.jump_if(JumpOp.JEQ, R0, 0, full)
    asm.store(R0, 0, R6, 8)
    asm.mov(R1, R0)
    asm.mov(R2, 0)
    asm.helper("ringbuf_submit" if submit else "ringbuf_discard")
    asm.bind(full)
    asm.returns(0)
    return asm.spec(name)


def flooding_program(name: str, ring: str, length: int, records: int) -> ProgramSpec:
    """Sends `records` records of `length` bytes, numbered from 0 in their first u64."""
    asm = ProgramWriter()
    again = asm.label()
    asm.mov(R6, 0)
    for offset in range(-length, 0, 8):
        asm.store(R10, offset, 0, 8)
    asm.bind(again)
    asm.store(R10, -length, R6, 8)
    asm.map(R1, ring)
    asm.stack_address(R2, -length)
    asm.mov(R3, length)
    asm.mov(R4, 0)
    asm.helper("ringbuf_output")
    asm.alu(AluOp.ADD, R6, 1)
    asm.jump_if(JumpOp.JLT, R6, records, again)
    asm.returns(0)
    return asm.spec(name)
