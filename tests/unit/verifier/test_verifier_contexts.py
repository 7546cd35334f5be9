"""What each program type may do with its context, its packet, its sockets and its result."""

from __future__ import annotations

import pytest
from typed_programs import passes, plain, stops

from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.check import verify
from seismo.verifier.context_table import ATTACHED, CONTEXTS
from seismo.verifier.register import Kind
from seismo.verifier.rules import Rule

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg
SLEEPABLE = 1 << 4


def test_every_row_is_of_aligned_accesses_within_it() -> None:
    for fields in (*CONTEXTS.values(), *ATTACHED.values()):
        for one in fields:
            for size in (1, 2, 4, 8):
                if (one.reads | one.writes) & size:
                    start = -(-one.start // size) * size
                    assert start + size <= one.end, one
            assert not one.writes & ~one.reads, one
            assert one.kind is Kind.SCALAR or one.reads in (4, 8), one


@pytest.mark.parametrize(
    ("kind", "at", "offset", "size", "is_fine"),
    [
        (ProgType.SOCKET_FILTER, None, 76, 4, False),
        (ProgType.SCHED_CLS, None, 76, 4, True),
        (ProgType.SCHED_CLS, None, 76, 2, False),
        (ProgType.SCHED_CLS, None, 180, 1, True),
        (ProgType.SCHED_CLS, None, 180, 4, False),
        (ProgType.XDP, None, 20, 4, False),
        (ProgType.XDP, AttachType.XDP_DEVMAP, 20, 4, True),
        (ProgType.KPROBE, None, 4, 4, True),
        (ProgType.KPROBE, None, 164, 8, False),
        (ProgType.PERF_EVENT, None, 0, 4, False),
        (ProgType.PERF_EVENT, None, 168, 4, True),
        (ProgType.TRACEPOINT, None, 4, 4, False),
        (ProgType.RAW_TRACEPOINT, None, 88, 8, True),
        (ProgType.RAW_TRACEPOINT, None, 96, 8, False),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_BIND, 4, 4, True),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_BIND, 4, 4, False),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_BIND, 8, 8, True),
        (ProgType.CGROUP_SOCK, None, 5, 1, False),
        (ProgType.CGROUP_SOCK, None, 4, 1, True),
        (ProgType.CGROUP_SOCK, None, 24, 4, False),
        (ProgType.CGROUP_SOCK, AttachType.CGROUP_INET4_POST_BIND, 24, 4, True),
        (ProgType.CGROUP_DEVICE, None, 4, 2, False),
        (ProgType.SK_MSG, None, 16, 4, True),
        (ProgType.SK_REUSEPORT, None, 20, 1, False),
        (ProgType.FLOW_DISSECTOR, None, 0, 4, False),
        (ProgType.SOCK_OPS, None, 164, 4, True),
        (ProgType.SK_LOOKUP, AttachType.SK_LOOKUP, 8, 4, True),
    ],
)
def test_reads(
    kind: ProgType, at: AttachType | None, offset: int, size: int, is_fine: bool
) -> None:
    program = plain(kind, at)
    program.load(R2, R1, offset, size)
    program.ends()
    if is_fine:
        passes(program)
    else:
        stops(program, Rule.CONTEXT, f"invalid bpf_context access off={offset} size={size}")


@pytest.mark.parametrize(
    ("kind", "at", "offset", "size", "is_fine"),
    [
        (ProgType.SCHED_CLS, None, 8, 4, True),
        (ProgType.SCHED_CLS, None, 8, 2, False),
        (ProgType.SCHED_CLS, None, 48, 1, True),
        (ProgType.SCHED_CLS, None, 152, 8, True),
        (ProgType.SCHED_CLS, None, 0, 4, False),
        (ProgType.CGROUP_SKB, None, 12, 4, False),
        (ProgType.KPROBE, None, 0, 8, False),
        (ProgType.SK_SKB, None, 48, 4, False),
        (ProgType.CGROUP_SYSCTL, None, 4, 4, True),
        (ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_GETSOCKOPT, 24, 4, False),
        (ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_SETSOCKOPT, 24, 4, True),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP4_SENDMSG, 40, 4, True),
    ],
)
def test_writes(
    kind: ProgType, at: AttachType | None, offset: int, size: int, is_fine: bool
) -> None:
    program = plain(kind, at)
    program.store(R1, offset, 1, size)
    program.ends()
    if is_fine:
        passes(program)
    else:
        stops(program, Rule.CONTEXT, f"invalid bpf_context access off={offset} size={size}")


def test_the_context_of_a_syscall_program_may_be_moved() -> None:
    program = plain(ProgType.SYSCALL, flags=SLEEPABLE)
    program.alu(AluOp.ADD, R1, 8)
    program.store(R1, 8, 1, 8)
    program.ends()
    passes(program)
    program = plain(ProgType.KPROBE)
    program.alu(AluOp.ADD, R1, 8)
    program.load(R0, R1, 0, 8)
    program.ends()
    stops(program, Rule.CONTEXT, "dereference of modified ctx ptr R1 off=8 disallowed")


@pytest.mark.parametrize(("kind", "is_fine"), [(ProgType.LWT_XMIT, True), (ProgType.LWT_IN, False)])
def test_packets_are_written_by_some(kind: ProgType, is_fine: bool) -> None:
    program = plain(kind)
    end = program.label()
    program.load(R2, R1, 76, 4)
    program.load(R3, R1, 80, 4)
    program.mov(R4, R2)
    program.alu(AluOp.ADD, R4, 14)
    program.jump_if(JumpOp.JGT, R4, R3, end)
    program.store(R2, 13, 1, 1)
    program.bind(end)
    program.ends()
    if is_fine:
        passes(program)
    else:
        stops(program, Rule.BOUNDS, "cannot write into packet")


@pytest.mark.parametrize(
    ("offset", "size", "is_fine"),
    [(4, 4, True), (0, 4, True), (24, 4, True), (8, 4, False), (80, 4, False), (26, 4, False)],
)
def test_a_common_socket_shows_less_than_a_full_one(offset: int, size: int, is_fine: bool) -> None:
    program = plain(ProgType.SCHED_CLS)
    end = program.label()
    program.load(R6, R1, 168, 8)
    program.jump_if(JumpOp.JEQ, R6, 0, end)
    program.load(R0, R6, offset, size)
    program.bind(end)
    program.ends()
    if is_fine:
        passes(program)
    else:
        stops(program, Rule.BOUNDS, f"R6 invalid sock_common access off={offset} size={size}")


def test_what_is_got_from_an_acquired_socket_goes_with_it() -> None:
    program = plain(ProgType.SCHED_CLS)
    end, gone = program.label(), program.label()
    program.mov(R6, R1)
    program.store(R10, -16, 0, 8)
    program.store(R10, -8, 0, 8)
    program.stack(R2, -16)
    program.mov(R3, 12)
    program.mov(R4, 0)
    program.mov(R5, 0)
    program.helper("sk_lookup_tcp")
    program.jump_if(JumpOp.JEQ, R0, 0, end)
    program.mov(R7, R0)
    program.mov(R1, R0)
    program.helper("tcp_sock")
    program.mov(R8, R0)
    program.mov(R1, R7)
    program.helper("sk_release")
    program.jump_if(JumpOp.JEQ, R8, 0, gone)
    program.load(R0, R8, 0, 4)
    program.bind(gone)
    program.bind(end)
    program.ends()
    stops(program, Rule.BOUNDS, "R8 invalid mem access 'scalar'")


@pytest.mark.parametrize(
    ("kind", "at", "fine", "wrong"),
    [
        (ProgType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS, (0, 1), (-1, 2)),
        (ProgType.CGROUP_SKB, AttachType.CGROUP_INET_EGRESS, (0, 3), (-1, 4)),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_BIND, (0, 3), (-1, 4)),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_GETPEERNAME, (1, 1), (0, 2)),
        (ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_CONNECT, (0, 1), (-1, 2)),
        (ProgType.SK_LOOKUP, AttachType.SK_LOOKUP, (0, 1), (-1, 2)),
        (ProgType.SOCK_OPS, None, (0, 1), (-1, 2)),
        (ProgType.KPROBE, AttachType.TRACE_KPROBE_SESSION, (0, 1), (-1, 2)),
    ],
)
def test_results(
    kind: ProgType, at: AttachType | None, fine: tuple[int, int], wrong: tuple[int, int]
) -> None:
    for result in fine:
        program = plain(kind, at)
        program.ends(result)
        passes(program)
    for result in wrong:
        program = plain(kind, at)
        program.ends(result)
        stops(program, Rule.RESULT, f"should have been in [{fine[0]}, {fine[1]}]")


def test_any_number_will_do_elsewhere() -> None:
    program = plain(ProgType.XDP)
    program.ends(1 << 20)
    passes(program)
    program = plain(ProgType.SOCK_OPS)
    program.mov(R0, R10)
    program.exit()
    stops(program, Rule.RESULT, "R0 is not a known value (fp)")


@pytest.mark.parametrize(
    ("kind", "flags", "message"),
    [
        (ProgType.SYSCALL, 0, "Syscall programs can only be sleepable"),
        (ProgType.XDP, SLEEPABLE, "programs can be sleepable"),
    ],
)
def test_who_may_sleep(kind: ProgType, flags: int, message: str) -> None:
    program = plain(kind, flags=flags)
    program.ends()
    stops(program, Rule.INSTRUCTION, message)


def test_reserved_fields_are_looked_at_where_the_program_comes_by() -> None:
    for is_reached in (True, False):
        program = plain(ProgType.XDP)
        over = program.label()
        program.mov(R0, 0)
        program.jump_if(JumpOp.JEQ, R0, 1 if is_reached else 0, over)
        program.mov(R0, 0)
        wrong = program.position
        program.mov(R0, 0)
        program.bind(over)
        program.exit()
        insns = list(program.spec().insns)
        insns[wrong] = Insn(0x87, R0, R1, 0, 3)
        spec = ProgramSpec(name="tested", type=ProgType.XDP, insns=tuple(insns))
        assert verify(spec, {}).is_accepted is not is_reached
