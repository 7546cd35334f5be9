"""An errno becomes words: where, why, and what to do."""

from __future__ import annotations

import errno

import pytest

from seismo.base.dataclass import replace
from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.abi import ENOTSUPP
from seismo.objects.attach.refusal import (
    BREAKPOINT,
    COUNTER,
    KPROBE,
    TRAMPOLINE,
    UPROBE,
    Reasons,
    refusals_at,
)
from seismo.objects.errors import AttachRefused
from seismo.objects.target_name import describe_target
from seismo.spec.types import ProgramSpec, ProgramTarget


def refused(number: int, reasons: Reasons, hint: str = "") -> str:
    with pytest.raises(AttachRefused) as caught, refusals_at("kprobe vfs_read+0x8", reasons):
        raise SyscallError("perf_event_open", number, hint)
    assert caught.value.call == "perf_event_open"
    return str(caught.value)


def test_a_known_reason_has_words_and_advice() -> None:
    assert refused(errno.EILSEQ, KPROBE) == (
        "kprobe vfs_read+0x8: not at the start of an instruction (EILSEQ)\n"
        "hint: a disassembly of the function shows the offsets of its instructions"
    )


def test_an_unknown_reason_keeps_the_kernels_words_and_the_hint() -> None:
    assert refused(errno.EPERM, KPROBE, "run it as root") == (
        "kprobe vfs_read+0x8: Operation not permitted (EPERM)\nhint: run it as root"
    )


@pytest.mark.parametrize("reasons", [TRAMPOLINE, UPROBE])
def test_the_kernels_own_errno_gets_a_name(reasons: Reasons) -> None:
    text = refused(ENOTSUPP, reasons)
    assert "(ENOTSUP)" in text
    assert "524" not in text


@pytest.mark.parametrize(
    ("reasons", "number", "word"),
    [
        (KPROBE, errno.ENOENT, "no such function"),
        (KPROBE, errno.EADDRNOTAVAIL, "several functions"),
        (TRAMPOLINE, errno.EBUSY, "notrace"),
        (TRAMPOLINE, errno.E2BIG, "38"),
        (UPROBE, errno.EINVAL, "semaphore"),
        (COUNTER, errno.ENOENT, "does not count"),
        (BREAKPOINT, errno.ENOSPC, "all in use"),
    ],
)
def test_telling_errnos_are_told(reasons: Reasons, number: int, word: str) -> None:
    assert word in refused(number, reasons)


def test_what_was_explained_is_not_explained_again() -> None:
    inner = AttachRefused("inner place", SyscallError("bpf", errno.EINVAL), "why")
    with pytest.raises(AttachRefused) as caught, refusals_at("outer place", KPROBE):
        raise inner
    assert caught.value is inner


PROGRAM = ProgramSpec(name="probe_0", type=ProgType.TRACING, insns=())


@pytest.mark.parametrize(
    ("kind", "target", "text"),
    [
        (AttachType.TRACE_FENTRY, ProgramTarget("vfs_read"), "fentry vfs_read"),
        (AttachType.TRACE_FEXIT, ProgramTarget("f", "xfs"), "fexit xfs:f"),
        (AttachType.TRACE_FEXIT, ProgramTarget("f", program_id=7), "fexit bpf:7:f"),
        (
            AttachType.TRACE_RAW_TP,
            ProgramTarget("btf_trace_sched_switch"),
            "rawtracepoint sched_switch",
        ),
        (AttachType.TRACE_ITER, ProgramTarget("bpf_iter_task"), "iter task"),
        (AttachType.LSM_MAC, ProgramTarget("bpf_lsm_file_open"), "lsm file_open"),
        (None, None, "program probe_0"),
    ],
)
def test_targets_are_called_as_scripts_call_them(
    kind: AttachType | None, target: ProgramTarget | None, text: str
) -> None:
    assert describe_target(replace(PROGRAM, expected_attach_type=kind, target=target)) == text
