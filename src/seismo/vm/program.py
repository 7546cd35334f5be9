"""A program made ready to run: where its jumps go, what its 64-bit loads load."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.base.dataclass import dataclass
from seismo.isa.decode import decode
from seismo.isa.encode import SLOT_BYTES, SLOT_FORMATS
from seismo.isa.errors import BadForm
from seismo.isa.forms import find_form
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    AluOp,
    AtomicOp,
    Class,
    JumpOp,
    LoadKind,
    Mode,
    Source,
)
from seismo.spec.types import ProgramSpec
from seismo.vm.callx import CALLX, read_callx
from seismo.vm.errors import BadProgram
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.memory import SLAB_BITS, Memory
from seismo.vm.packet_context import PACKET_CONTEXTS

__all__ = ("CODE_BASE", "Program", "prepare", "read_program")

_CALL = Class.JMP | JumpOp.CALL
CODE_BASE = 0x8000_0000 << SLAB_BITS
"""The address of slot 0, as `ld_imm64` of a function loads it. Nothing can be read there."""

_CAST = Class.ALU64 | AluOp.MOV | Source.X


@dataclass(frozen=True, slots=True)
class Program:
    """`targets` are the indexes that jumps and calls refer to, by their own index; `values` is what
    64-bit loads load; `functions` are indexes by the address of what is there; `pointer_loads` are
    the indexes of loads that, of a context, load a pointer into its packet."""

    name: str
    insns: tuple[Insn, ...]
    targets: Mapping[int, int]
    values: Mapping[int, int]
    functions: Mapping[int, int]
    pointer_loads: frozenset[int] = frozenset()


def read_program(data: bytes, byte_order: str = sys.byteorder) -> tuple[Insn, ...]:
    """The instructions of a `struct bpf_insn[]`, calls by register included; DecodeError."""
    slots = SLOT_FORMATS[byte_order]
    whole = data[: len(data) - len(data) % SLOT_BYTES]
    found: dict[int, Insn] = {}
    patched = bytearray(data)
    for slot, (op, registers, off, imm) in enumerate(slots.iter_unpack(whole)):
        dst = registers % 16 if byte_order == "little" else registers // 16
        src = registers // 16 if byte_order == "little" else registers % 16
        call = read_callx(dst, src, off, imm) if op == CALLX else None
        if call is not None:
            found[slot] = call
            slots.pack_into(patched, slot * SLOT_BYTES, _CALL, 0, 0, 0)
    insns = decode(bytes(patched), byte_order)
    starts = slot_starts(insns)
    return tuple(found.get(start, insn) for start, insn in zip(starts, insns, strict=False))


def prepare(
    given: ProgramSpec | Sequence[Insn], maps: Mapping[str, VmMap], memory: Memory
) -> Program:
    """Resolve what instructions refer to; BadProgram for what no run could do.

    Of bare instructions the n-th map is meant by the fd n.
    """
    is_spec = isinstance(given, ProgramSpec)
    insns = given.insns if isinstance(given, ProgramSpec) else tuple(given)
    if not insns:
        raise BadProgram("the program is empty", insns, 0)
    starts = slot_starts(insns)
    indexes = {slot: index for index, slot in enumerate(starts[:-1])}
    targets: dict[int, int] = {}
    names = dict(given.map_refs) if isinstance(given, ProgramSpec) else {}
    values: dict[int, int] = {}
    for index, insn in enumerate(insns):
        try:
            _check_insn(insn)
            if insn.has_distance and insn.op != CALLX:
                targets[index] = _target(insn.target(starts[index]), indexes)
            if insn.op == LD_IMM64:
                is_nth = insn.is_map_load and not is_spec
                name = _nth(maps, insn) if is_nth else names.get(index, "")
                values[index] = _loaded(insn, starts[index], name, maps, memory)
        except BadForm as error:
            raise BadProgram(error.what, insns, index) from error
    functions = {CODE_BASE + slot * SLOT_BYTES: index for slot, index in indexes.items()}
    name = given.name if isinstance(given, ProgramSpec) else "program"
    return Program(name, insns, targets, values, functions, _pointer_loads(given))


def _pointer_loads(given: ProgramSpec | Sequence[Insn]) -> frozenset[int]:
    """Of bare instructions nobody knows what their context would be."""
    if not isinstance(given, ProgramSpec) or given.type not in PACKET_CONTEXTS:
        return frozenset()
    may_load_pointer = PACKET_CONTEXTS[given.type].may_load_pointer
    return frozenset(at for at, insn in enumerate(given.insns) if may_load_pointer(insn))


def _check_insn(insn: Insn) -> None:
    """BadForm for what is no instruction, or none that the machine has."""
    if insn.op != CALLX:
        find_form(insn.op, insn.fields)
    if insn.op == _CAST and insn.off == 1:
        raise BadForm("address spaces need an arena, which this machine has not")
    if insn.is_kfunc_call:
        raise BadForm("functions of the kernel are not there to be called")
    if Reg.R10 in _written(insn):
        raise BadForm("r10 cannot be written")


def _target(slot: int, indexes: Mapping[int, int]) -> int:
    """The index of the instruction at a slot; BadForm where none begins there."""
    if slot not in indexes:
        raise BadForm("leads out of the program or into an instruction")
    return indexes[slot]


def _written(insn: Insn) -> Iterator[Reg]:
    """The registers that the instruction names and writes."""
    match insn.op & 7:
        case Class.ALU | Class.ALU64 | Class.LDX | Class.LD:
            is_packet = insn.op & 7 == Class.LD and insn.op != LD_IMM64
            yield Reg.R0 if is_packet else insn.dst
        case Class.STX if insn.op & MODE_MASK == Mode.ATOMIC:
            yield from _written_atomic(insn)


def _written_atomic(insn: Insn) -> Iterator[Reg]:
    """A load writes `dst`; what fetches writes `src`, but for the exchange that writes r0."""
    if insn.imm == AtomicOp.LOAD_ACQ:
        yield insn.dst
    elif insn.imm & AtomicOp.FETCH and insn.imm != AtomicOp.CMPXCHG:
        yield insn.src


def _nth(maps: Mapping[str, VmMap], insn: Insn) -> str:
    number = insn.imm & U32_MAX
    if number >= len(maps):
        raise BadForm(f"there is no map {number}")
    return tuple(maps)[number]


def _loaded(insn: Insn, slot: int, name: str, maps: Mapping[str, VmMap], memory: Memory) -> int:
    """What a 64-bit load loads: a number, or the address of what it names; BadForm where that is
    not there."""
    kind = LoadKind(int(insn.src))
    if kind == LoadKind.PLAIN and not name:
        return insn.imm & U64_MAX
    if insn.is_func_address:
        return CODE_BASE + insn.target(slot) * SLOT_BYTES
    if kind == LoadKind.BTF_ID:
        raise BadForm("there is no kernel whose variables could be read")
    if name not in maps:
        raise BadForm(f"there is no map '{name}'")
    found = maps[name]
    if kind not in (LoadKind.MAP_VALUE, LoadKind.MAP_IDX_VALUE):
        return memory.handle(found, f"map {name}").base
    value = found.lookup(bytes(found.spec.key_size))
    if value is None:
        raise BadForm(f"map '{name}' has no value to point into")
    region = memory.expose(value, found.value_name, is_writable=found.is_writable)
    return region.base + (insn.imm >> 32)
