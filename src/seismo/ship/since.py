"""What a compiled script asks of the kernel that came last: which kernels can run it."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.isa.helpers import helper, helper_name
from seismo.isa.insn import Insn
from seismo.isa.opcode import (
    CLASS_MASK,
    MODE_MASK,
    OPERATION_MASK,
    AluOp,
    AtomicOp,
    Class,
    JumpOp,
    Mode,
)
from seismo.plan import Plan
from seismo.spec.types import (
    AttachSpec,
    KprobeMultiAttach,
    ProgramSpec,
    SignalAttach,
    TestRunAttach,
    UprobeMultiAttach,
)

__all__ = ("Need", "check_oldest", "needs")

# Kernel commits: atomics but addition 5ffa25502b5a, those that order loads and stores 880442305a39;
# callbacks 69c087ba6225; what LLVM calls cpu=v4 1f9a1ea821ff and 4cd58e9af8b9; may_goto
# 011832b97b31; kernel functions e6ac2450d6de.
_ATOMICS, _ORDERED_ATOMICS, _CALLBACKS = (5, 12), (6, 15), (5, 13)
_CPU_V4, _MAY_GOTO, _KERNEL_FUNCTIONS = (6, 6), (6, 9), (5, 13)
_ALWAYS = (0, 0)
_ATTACH = {
    KprobeMultiAttach: ("a link at many functions", (5, 18)),
    UprobeMultiAttach: ("a link at many places of a program", (6, 6)),
    # Running raw tracepoints on demand: kernel commit 1b4d60ec162f.
    TestRunAttach: ("a probe that runs on demand", (5, 10)),
    SignalAttach: ("a probe that runs on demand", (5, 10)),
}
_COOKIE = ("a probe that is told its place", (5, 15))
_HINT = "build it for newer kernels alone (--oldest), or run it from its source"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that not every kernel has: where in the script, and the Linux that brought it."""

    span: Span
    what: str
    since: tuple[int, int]


def check_oldest(plan: Plan, oldest: tuple[int, int]) -> None:
    """Raise `SourceError`, at what came last, where the plan takes a newer kernel than `oldest`."""
    last = max(needs(plan), key=lambda one: one.since, default=None)
    if last is not None and last.since > oldest:
        since, wanted = ("{}.{}".format(*one) for one in (last.since, oldest))
        message = f"{last.what} came with Linux {since}, and the script is to run on {wanted}"
        raise SourceError(last.span, message, _HINT)


def needs(plan: Plan) -> Iterator[Need]:
    """All that the programs, their maps and their places ask for."""
    maps = {one.name: one.type for one in plan.object.maps}
    places = [(one.program, one.at) for one in plan.attachments]
    for program in plan.object.programs:
        start = program.spans[0]
        yield Need(start, f"a program of type {program.type.kernel_name}", program.type.since)
        if (attach_type := program.expected_attach_type) is not None:
            yield Need(start, attach_type.kernel_name, attach_type.since)
        for at in [at for name, at in places if name == program.name]:
            yield Need(start, *_of_place(at))
        for index, name in program.map_refs:
            kind = maps[name]
            yield Need(program.spans[index], f"a map of type {kind.kernel_name}", kind.since)
        yield from _of_code(program)


def _of_place(at: AttachSpec) -> tuple[str, tuple[int, int]]:
    if type(at) in _ATTACH:
        return _ATTACH[type(at)]
    return _COOKIE if getattr(at, "cookie", 0) else ("", _ALWAYS)


def _of_code(program: ProgramSpec) -> Iterator[Need]:
    for insn, span in zip(program.insns, program.spans, strict=True):
        if insn.is_helper_call:
            name = helper_name(insn.imm)
            yield Need(span, f"the helper bpf_{name}", helper(name).since)
        elif (since := _since(insn)) != _ALWAYS:
            yield Need(span, f"the instruction `{insn}`", since)


def _since(insn: Insn) -> tuple[int, int]:
    """The kernel that brought an instruction, other than a helper's call."""
    cls, operation = insn.op & CLASS_MASK, insn.op & OPERATION_MASK
    if insn.is_may_goto:
        return _MAY_GOTO
    if insn.is_kfunc_call:
        return _KERNEL_FUNCTIONS
    if insn.is_func_address:
        return _CALLBACKS
    if cls == Class.STX and insn.op & MODE_MASK == Mode.ATOMIC:
        if insn.imm in (AtomicOp.LOAD_ACQ, AtomicOp.STORE_REL):
            return _ORDERED_ATOMICS
        return _ALWAYS if insn.imm == AtomicOp.ADD else _ATOMICS
    is_swap = cls == Class.ALU64 and operation == AluOp.END
    is_signed = cls in (Class.ALU, Class.ALU64) and insn.off != 0
    is_far = cls == Class.JMP32 and operation == JumpOp.JA
    is_load = cls == Class.LDX and insn.op & MODE_MASK == Mode.MEMSX
    return _CPU_V4 if is_swap or is_signed or is_far or is_load else _ALWAYS
