"""One feature a program type, and one a helper in a program type: does the verifier take it?"""

from __future__ import annotations

from functools import partial

from seismo.base.dataclass import dataclass
from seismo.isa.builder import Assembler
from seismo.isa.encode import encode
from seismo.isa.helpers import helper
from seismo.isa.insn import Insn, Reg
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import ProgLoadAttr
from seismo.kernel.bpf import LoadRefused
from seismo.kernel.fd import Fd
from seismo.kernel.features.record import WORKS, Answer, Feature, refused
from seismo.kernel.privilege import lockdown
from seismo.kernel.protocol import Kernel

__all__ = ("PROGRAM_TYPES", "Placement", "helper_feature", "load_smallest", "program_attr")

_LOG_BYTES = 1 << 16
_SLEEPABLE = 1 << 4
# How kernels say that a helper is not there, or not for this type of program.
_UNKNOWN_HELPER = "invalid func"
_WITHHELD_HELPER = ("unknown func", "program of this type cannot use helper")


@dataclass(frozen=True, slots=True)
class Placement:
    """What a program type needs to be told at load."""

    attach_type: AttachType | None = None
    flags: int = 0
    btf_id: int = 0


_PLACEMENTS = {
    ProgType.CGROUP_SOCK_ADDR: Placement(AttachType.CGROUP_INET4_BIND),
    ProgType.CGROUP_SOCKOPT: Placement(AttachType.CGROUP_GETSOCKOPT),
    ProgType.SK_LOOKUP: Placement(AttachType.SK_LOOKUP),
    ProgType.NETFILTER: Placement(AttachType.NETFILTER),
    ProgType.TRACING: Placement(AttachType.TRACE_RAW_TP),
    ProgType.LSM: Placement(AttachType.LSM_MAC),
    ProgType.SYSCALL: Placement(flags=_SLEEPABLE),
}


def program_attr(type_: ProgType, code: bytes, placement: Placement | None = None) -> ProgLoadAttr:
    """What BPF_PROG_LOAD takes for `code` as a program of `type_`."""
    where = placement or _PLACEMENTS.get(type_, Placement())
    return ProgLoadAttr(
        prog_type=type_,
        insn_cnt=len(code) // 8,
        insns=code,
        license=b"GPL",
        prog_flags=where.flags,
        expected_attach_type=where.attach_type or 0,
        attach_btf_id=where.btf_id,
    )


def load_smallest(kernel: Kernel, type_: ProgType, placement: Placement | None = None) -> Fd:
    """`r0 = 0; exit` as a program; raises `LoadRefused` with the verifier's log."""
    attr = program_attr(type_, _return_zero(()), placement)
    return Fd(kernel, bpf.prog_load(kernel, attr, _LOG_BYTES), "program", type_.name)


def _return_zero(before: tuple[Insn, ...]) -> bytes:
    asm = Assembler()
    for insn in before:
        asm.append(insn)
    asm.mov(Reg.R0, 0)
    asm.exit()
    return encode(asm.finish())


def _try_type(type_: ProgType, kernel: Kernel) -> Answer:
    """A type that the kernel knows gets as far as the verifier, which leaves a log.

    Types that extend something (a kernel function, another program) are refused there, for what
    they extend is not given.
    """
    try:
        load_smallest(kernel, type_).close()
    except LoadRefused as error:
        return WORKS if error.log else refused(error)
    return WORKS


def _try_helper(type_: ProgType, number: int, kernel: Kernel) -> Answer:
    """A call without arguments: a helper that is there complains of them, if of anything."""
    asm = Assembler()
    asm.call(number)
    attr = program_attr(type_, _return_zero(asm.finish()))
    try:
        Fd(kernel, bpf.prog_load(kernel, attr, _LOG_BYTES), "program").close()
    except LoadRefused as error:
        if not error.log:
            return refused(error)
        for line in error.log.splitlines():
            if line.startswith(_UNKNOWN_HELPER):
                return Answer(works=False, why=line)
            if line.startswith(_WITHHELD_HELPER):
                return Answer(works=False, why=line, hint=_withheld_hint(kernel))
    return WORKS


def _withheld_hint(kernel: Kernel) -> str:
    locked = lockdown(kernel)
    by_lockdown = "" if locked == "none" else f", or its lockdown ({locked}),"
    return f"the kernel has the helper, but its configuration{by_lockdown} keeps it from programs"


def helper_feature(type_: ProgType, name: str) -> Feature:
    """Whether programs of `type_` may call the helper; `name` goes without `bpf_`."""
    sig = helper(name)
    probe = partial(_try_helper, type_, sig.id)
    group = f"helper of {type_.name.lower()} programs"
    return Feature(group=group, name=f"bpf_{name}", since=sig.since, probe=probe)


PROGRAM_TYPES = {
    type_: Feature(
        group="program type",
        name=type_.kernel_name,
        since=type_.since,
        probe=partial(_try_type, type_),
    )
    for type_ in ProgType
    if type_ is not ProgType.UNSPEC
}
