"""Programs by their sections at kernel functions and security hooks: what takes kprobes and LSM."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from object_programs import loaded_one, runs

from bpf_programs import R0, ProgramWriter, own_thread_counter
from kernel_release import skip_before
from seismo.base.dataclass import replace
from seismo.isa.opcode import JumpOp
from seismo.isa.prog_types import ProgType
from seismo.kernel.errors import NotInKernel
from seismo.kernel.features.attaching import KPROBE_MULTI
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.object import attach_object
from seismo.objects.errors import AttachRefused
from seismo.objects.link import Link
from seismo.objects.load import Loaded
from seismo.objfile.sections import section_kind
from seismo.spec.object_attach import SyscallAttach
from seismo.spec.types import KprobeAttach, ProgramSpec

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

CALLS = 57
EPERM = -1
PREFIX = "__x64_sys_" if os.uname().machine == "x86_64" else "__arm64_sys_"


def of_section(section: str, program: ProgramSpec) -> ProgramSpec:
    kind = section_kind(section)
    return replace(
        program,
        type=kind.type,
        expected_attach_type=kind.attach_type,
        target=kind.target,
        flags=kind.flags,
    )


def own_counter() -> ProgramSpec:
    return own_thread_counter("counter", ProgType.KPROBE, "runs", threading.get_native_id())


def refusing() -> ProgramSpec:
    """Counts and refuses what this thread does."""
    asm = ProgramWriter()
    other = asm.label()
    asm.helper("get_current_pid_tgid")
    asm.jump_if(JumpOp.JNE, R0, threading.get_native_id(), other, 32)
    asm.count("runs")
    asm.returns(EPERM)
    asm.bind(other)
    asm.returns(0)
    return asm.spec("counter")


@pytest.fixture
def attach_section(kernel: LiveKernel) -> Iterator[Callable[[Loaded, str], Link]]:
    def attach(loaded: Loaded, section: str) -> Link:
        at = section_kind(section).at
        assert at is not None
        return attach_object(loaded.programs["counter"], at, kernel, tracefs)

    with Tracefs(kernel) as tracefs:
        yield attach


def call_both(times: int = CALLS) -> None:
    for _ in range(times):
        os.getpgid(0)
        os.getppid()


@pytest.mark.parametrize(
    ("section", "calls"),
    [
        (f"kprobe/{PREFIX}getpgid", 1),
        (f"kretprobe/{PREFIX}getpgid", 1),
        (f"kprobe.multi/{PREFIX}getp?id", 2),
        (f"kretprobe.multi/{PREFIX}getp?id", 2),
        (f"kprobe.multi/{PREFIX}getpgid", 1),
        ("ksyscall/getpgid", 1),
        ("kretsyscall/getpgid", 1),
    ],
)
def test_kernel_functions_by_section(
    kernel: LiveKernel, attach_section: Callable[[Loaded, str], Link], section: str, calls: int
) -> None:
    if ".multi" in section and not FeatureProbe(kernel).ask(KPROBE_MULTI).works:
        pytest.skip("needs CONFIG_FPROBE")
    if "?" in section:
        # Newer kernels have the one without arguments where ftrace does not see it.
        with Tracefs(kernel) as tracefs:
            listed = tracefs.filter_functions().decode().split()
        calls = sum(f"{PREFIX}{name}" in listed for name in ("getpgid", "getppid"))
    with loaded_one(kernel, of_section(section, own_counter())) as loaded:
        with attach_section(loaded, section):
            call_both()
        call_both()
        assert runs(loaded) == calls * CALLS


def test_a_session_runs_at_entries_and_returns(
    kernel: LiveKernel, attach_section: Callable[[Loaded, str], Link]
) -> None:
    skip_before(6, 10)
    section = f"kprobe.session/{PREFIX}getpg?d"
    with loaded_one(kernel, of_section(section, own_counter())) as loaded:
        with attach_section(loaded, section):
            call_both()
        assert runs(loaded) == 2 * CALLS


def test_a_pattern_that_matches_nothing_is_told(
    kernel: LiveKernel, attach_section: Callable[[Loaded, str], Link]
) -> None:
    section = "kprobe.multi/no_such_function_*"
    with (
        loaded_one(kernel, of_section(section, own_counter())) as loaded,
        pytest.raises(NotInKernel, match=r"matches 'no_such_function_\*'"),
    ):
        attach_section(loaded, section)


def test_a_system_call_that_is_not_there_has_a_near_one(kernel: LiveKernel) -> None:
    with loaded_one(kernel, own_counter()) as loaded, Tracefs(kernel) as tracefs:
        program = loaded.programs["counter"]
        with pytest.raises(NotInKernel) as caught:
            attach_object(program, SyscallAttach("getpgidd"), kernel, tracefs)
        assert str(caught.value) == (
            "no system call 'getpgidd' in this kernel\nhint: did you mean 'getpgid'?"
        )
        with pytest.raises(NotInKernel, match="SEC ksyscall/getpgid"):
            attach_object(program, KprobeAttach("SyS_getpgid"), kernel, tracefs)


def own_group() -> object:
    return os.getpgid(os.getpid())


def own_name() -> object:
    return Path("/proc/self/comm").read_text()


@pytest.mark.parametrize(
    ("section", "call"),
    [
        ("lsm/task_getpgid", own_group),
        ("lsm.s/file_open", own_name),
        ("fmod_ret/security_task_getpgid", own_group),
    ],
)
def test_a_program_refuses_what_the_kernel_would_allow(
    kernel: LiveKernel,
    attach_section: Callable[[Loaded, str], Link],
    section: str,
    call: Callable[[], object],
) -> None:
    allowed = call()
    with loaded_one(kernel, of_section(section, refusing())) as loaded:
        with attach_section(loaded, section):
            for _ in range(CALLS):
                with pytest.raises(PermissionError):
                    call()
            assert runs(loaded) == CALLS
        assert call() == allowed
        assert runs(loaded) == CALLS


@pytest.mark.parametrize(
    "section",
    ["fentry/security_task_getpgid", "fexit/security_task_getpgid", "tp_btf/sys_enter"],
)
def test_a_program_is_called_by_a_trampoline(
    kernel: LiveKernel, attach_section: Callable[[Loaded, str], Link], section: str
) -> None:
    program = of_section(section, own_counter())
    with loaded_one(kernel, program) as loaded, attach_section(loaded, section):
        os.getpgid(os.getpid())
        assert runs(loaded) >= 1


def test_a_kernel_function_that_cannot_be_probed_is_refused(
    kernel: LiveKernel, attach_section: Callable[[Loaded, str], Link]
) -> None:
    section = f"kprobe/{PREFIX}getpgid+0xffff"
    with (
        loaded_one(kernel, of_section(section, own_counter())) as loaded,
        pytest.raises(AttachRefused),
    ):
        attach_section(loaded, section)
