"""The program whose records the reader test reads: one of 48 bytes per call of the producer."""

from __future__ import annotations

from seismo.base.layout import S32, U32, U64, Layout, Text
from seismo.isa.builder import Assembler
from seismo.isa.helpers import helper_id
from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, AtomicOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec, TracepointAttach

__all__ = ("ATTACH", "RECORD", "ring_object")

ATTACH = TracepointAttach("syscalls", "sys_enter_getppid")

RECORD = Layout.of(
    "call",
    (
        ("time_ns", U64),
        ("tid", U32),
        ("pid", U32),
        ("uid", U32),
        ("gid", U32),
        ("comm", Text(16)),
        ("cpu", U32),
        ("number", S32),
    ),
)

# include/uapi/linux/bpf.h: the reader looks by itself, the producer need not wake it.
_BPF_RB_NO_WAKEUP = 1
# events/syscalls/sys_enter_getppid/format: `int __syscall_nr` stands behind the common fields.
_SYSCALL_NUMBER = 8
_KEY = -4


def ring_object(pid: int, ring_bytes: int) -> ObjectSpec:
    """A ring `events`, a u64 `lost`, and the program `record`, deaf to all processes but `pid`."""
    events = MapSpec(
        name="events", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=ring_bytes
    )
    lost = MapSpec(name="lost", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)
    return ObjectSpec(maps=(events, lost), programs=(_program(pid),))


def _program(pid: int) -> ProgramSpec:
    asm = Assembler()
    refs: list[tuple[int, str]] = []
    full, done = asm.label("full"), asm.label("done")
    asm.mov(Reg.R6, Reg.R1)
    _call(asm, "get_current_pid_tgid")
    asm.mov(Reg.R7, Reg.R0)
    asm.alu(AluOp.RSH, Reg.R0, 32)
    asm.jump_if(JumpOp.JNE, Reg.R0, pid, done)
    _load_map(asm, refs, "events")
    asm.mov(Reg.R2, RECORD.size)
    asm.mov(Reg.R3, 0)
    _call(asm, "ringbuf_reserve")
    asm.jump_if(JumpOp.JEQ, Reg.R0, 0, full)
    asm.mov(Reg.R8, Reg.R0)
    _fill(asm)
    asm.mov(Reg.R1, Reg.R8)
    asm.mov(Reg.R2, _BPF_RB_NO_WAKEUP)
    _call(asm, "ringbuf_submit")
    asm.jump(done)
    asm.bind(full)
    asm.store(Reg.R10, _KEY, 0, 4)
    _load_map(asm, refs, "lost")
    asm.mov(Reg.R2, Reg.R10)
    asm.alu(AluOp.ADD, Reg.R2, _KEY)
    _call(asm, "map_lookup_elem")
    asm.jump_if(JumpOp.JEQ, Reg.R0, 0, done)
    asm.mov(Reg.R1, 1)
    asm.atomic(AtomicOp.ADD, Reg.R0, 0, Reg.R1, 8)
    asm.bind(done)
    asm.mov(Reg.R0, 0)
    asm.exit()
    return ProgramSpec(
        name="record", type=ProgType.TRACEPOINT, insns=asm.finish(), map_refs=tuple(refs)
    )


def _fill(asm: Assembler) -> None:
    """Every field of the record at r8; r6 is the context, r7 pid and tid."""
    _call(asm, "ktime_get_ns")
    asm.store(Reg.R8, _offset("time_ns"), Reg.R0, 8)
    asm.store(Reg.R8, _offset("tid"), Reg.R7, 8)
    _call(asm, "get_current_uid_gid")
    asm.store(Reg.R8, _offset("uid"), Reg.R0, 8)
    asm.mov(Reg.R1, Reg.R8)
    asm.alu(AluOp.ADD, Reg.R1, _offset("comm"))
    asm.mov(Reg.R2, 16)
    _call(asm, "get_current_comm")
    _call(asm, "get_smp_processor_id")
    asm.store(Reg.R8, _offset("cpu"), Reg.R0, 4)
    asm.load(Reg.R0, Reg.R6, _SYSCALL_NUMBER, 4)
    asm.store(Reg.R8, _offset("number"), Reg.R0, 4)


def _offset(field: str) -> int:
    return RECORD.field(field).offset


def _call(asm: Assembler, helper: str) -> None:
    asm.call(helper_id(helper))


def _load_map(asm: Assembler, refs: list[tuple[int, str]], name: str) -> None:
    """r1 = the map."""
    refs.append((asm.position, name))
    asm.ld_map_fd(Reg.R1, 0)
