"""The verifier's tables against the running kernel: contexts, helpers, results, members."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import pytest

from kernel_release import only_on
from seismo.base.errors import NotSupported, SyscallError
from seismo.btf.layout import strip, visible_members
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import Kind, Ptr, Struct
from seismo.isa.builder import Assembler
from seismo.isa.helper_table import TABLE
from seismo.isa.insn import Reg
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.objects.program import load_program
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec, ProgramTarget
from seismo.verifier.check import Options, verify
from seismo.verifier.types import Types, pointed_to, prototype_of

pytestmark = [pytest.mark.kernel, only_on(6, 18)]

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg
SLEEPABLE = 1 << 4
NOT_HERE = ("probe_write_user", "override_return")
"""Refused by lockdown, or by how the kernel was built."""

TARGETS = {
    AttachType.TRACE_RAW_TP: "btf_trace_sched_switch",
    AttachType.TRACE_ITER: "bpf_iter_task",
}
PLAIN = """
    SOCKET_FILTER KPROBE SCHED_CLS SCHED_ACT TRACEPOINT XDP PERF_EVENT CGROUP_SKB CGROUP_SOCK LWT_IN
    LWT_OUT LWT_XMIT SOCK_OPS SK_SKB CGROUP_DEVICE SK_MSG RAW_TRACEPOINT LWT_SEG6LOCAL SK_REUSEPORT
    FLOW_DISSECTOR CGROUP_SYSCTL RAW_TRACEPOINT_WRITABLE SYSCALL
"""
ATTACHED = """
    CGROUP_SOCK_ADDR/CGROUP_INET4_BIND CGROUP_SOCK_ADDR/CGROUP_INET6_CONNECT
    CGROUP_SOCK_ADDR/CGROUP_UDP4_SENDMSG CGROUP_SOCK_ADDR/CGROUP_UDP6_SENDMSG
    CGROUP_SOCK_ADDR/CGROUP_UNIX_CONNECT CGROUP_SOCK_ADDR/CGROUP_INET4_GETPEERNAME
    CGROUP_SOCK/CGROUP_INET4_POST_BIND CGROUP_SOCK/CGROUP_INET6_POST_BIND
    CGROUP_SOCKOPT/CGROUP_GETSOCKOPT CGROUP_SOCKOPT/CGROUP_SETSOCKOPT SK_LOOKUP/SK_LOOKUP
    NETFILTER/NETFILTER TRACING/TRACE_RAW_TP TRACING/TRACE_ITER
"""


def places() -> Iterator[tuple[ProgType, AttachType | None]]:
    for name in PLAIN.split():
        yield ProgType[name], None
    for name in ATTACHED.split():
        kind, _, at = name.partition("/")
        yield ProgType[kind], AttachType[at]


PLACES = tuple(places())


@cache
def types() -> Types:
    return Types(Btf.open(VMLINUX))


def spec_of(asm: Assembler, kind: ProgType, at: AttachType | None, target: str = "") -> ProgramSpec:
    name = target or (TARGETS.get(at, "") if at is not None else "")
    return ProgramSpec(
        name="tested",
        type=kind,
        insns=asm.finish(),
        expected_attach_type=at,
        target=ProgramTarget(name) if name else None,
        flags=SLEEPABLE if kind is ProgType.SYSCALL else 0,
    )


def differs(kernel: LiveKernel, spec: ProgramSpec) -> str:
    """What the kernel and we say of a program, "" if both say the same."""
    try:
        load_program(spec, {}, kernel).close()
        said = "accepted"
    except (VerifierError, SyscallError, NotSupported) as error:
        said = str(error).splitlines()[0]
    options = Options(cpus=len(possible_cpus(kernel)))
    verdict = verify(spec, {}, options=options, types=types())
    if (said == "accepted") is verdict.is_accepted:
        return ""
    return f"{spec.type.name}: the kernel: {said}; here: {str(verdict).splitlines()[0]}"


def result_of(at: AttachType | None) -> int:
    return int(at is AttachType.CGROUP_INET4_GETPEERNAME)


@pytest.mark.parametrize(("kind", "at"), PLACES)
def test_contexts(kernel: LiveKernel, kind: ProgType, at: AttachType | None) -> None:
    """Each aligned access of each size, and what is beside them."""
    wrong = []
    for offset in (*range(0, 256, 4), 5, 49, 74, 146):
        for size in (1, 2, 4, 8):
            for is_write in (False, True):
                asm = Assembler()
                if is_write:
                    asm.store(R1, offset, 1, size)
                else:
                    asm.load(R2, R1, offset, size)
                asm.mov(R0, result_of(at))
                asm.exit()
                if said := differs(kernel, spec_of(asm, kind, at)):
                    wrong.append((offset, size, is_write, said))
    assert wrong == []


@pytest.mark.parametrize(("kind", "at"), PLACES)
def test_helpers(kernel: LiveKernel, kind: ProgType, at: AttachType | None) -> None:
    """Each helper, with the context and with numbers for arguments."""
    wrong = []
    for number, row in enumerate(TABLE[1:], start=1):
        for first in (R6, 0):
            asm = Assembler()
            asm.mov(R6, R1)
            asm.mov(R1, first)
            for register in (R2, R3, R4, R5):
                asm.mov(register, 0)
            asm.call(number)
            asm.mov(R0, result_of(at))
            asm.exit()
            if said := differs(kernel, spec_of(asm, kind, at)):
                wrong.append((row[0], first, said))
    assert [one for one in wrong if one[0] not in NOT_HERE] == []


@pytest.mark.parametrize(("kind", "at"), PLACES)
def test_results(kernel: LiveKernel, kind: ProgType, at: AttachType | None) -> None:
    for result in (-1, 0, 1, 2, 3, 4, R10):
        asm = Assembler()
        asm.mov(R0, result)
        asm.exit()
        assert differs(kernel, spec_of(asm, kind, at)) == ""


def members(chance: random.Random, struct: int) -> Iterator[tuple[int, int, int]]:
    """A way through members of the kernel's structs: offset and size of each load, its target."""
    btf = types().kernel
    assert btf is not None
    while struct and isinstance(btf.type(struct), Struct):
        known = list(visible_members(btf, struct))
        if not known:
            return
        pointers = [one for one in known if isinstance(btf.type(strip(btf, one.type)), Ptr)]
        one = chance.choice(pointers if pointers and chance.random() < 0.8 else known)
        struct = pointed_to(btf, one.type)[0]
        is_pointer = one in pointers
        yield min(one.offset, 1 << 14), 8 if is_pointer else chance.choice((1, 2, 4, 8)), struct


def test_members_of_what_tracepoints_are_called_with(kernel: LiveKernel) -> None:
    btf = types().kernel
    assert isinstance(btf, Btf)
    chance = random.Random(7)
    names = [name for _, name in btf.names(Kind.TYPEDEF) if name.startswith("btf_trace_")]
    for _ in range(600):
        target = chance.choice(names)
        proto = prototype_of(btf, pointed_to(btf, btf.find(target, Kind.TYPEDEF))[0])
        at = chance.randrange(1, max(2, len(proto.params)))
        asm = Assembler()
        asm.load(R6, R1, 8 * (at - 1), 8)
        start = pointed_to(btf, proto.params[at].type)[0] if at < len(proto.params) else 0
        for (offset, size, _), _ in zip(members(chance, start), range(4), strict=False):
            asm.load(R7, R6, offset, size)
            asm.mov(R6, R7)
        asm.mov(R0, 0)
        asm.exit()
        spec = spec_of(asm, ProgType.TRACING, AttachType.TRACE_RAW_TP, target)
        assert differs(kernel, spec) == ""
