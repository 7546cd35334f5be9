"""Raw tracepoints and iterators, which the kernel finds by their BTF or by name."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Generator, Iterator

import pytest

from bpf_programs import (
    R0,
    R1,
    R2,
    R3,
    R6,
    R7,
    R10,
    ProgramWriter,
    counter_map,
    u32,
)
from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported
from seismo.btf.spec import VMLINUX, Btf
from seismo.isa.opcode import JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.bpf import obj_get
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.link import iter_create
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.iterator import IterLink
from seismo.objects.attach.table import attach
from seismo.objects.errors import AttachRefused
from seismo.objects.load import load
from seismo.objects.map import Map
from seismo.objects.program import load_program
from seismo.spec import types as spec

pytestmark = pytest.mark.kernel

GETPGID = {"x86_64": 121, "aarch64": 155}[os.uname().machine]
CALLS = 777


def tracing(program: spec.ProgramSpec, type_: AttachType, name: str) -> spec.ProgramSpec:
    target = spec.ProgramTarget(name)
    return replace(program, type=ProgType.TRACING, expected_attach_type=type_, target=target)


def syscall_counter(number: int) -> spec.ProgramSpec:
    """Counts this thread's system calls of one number at sys_enter, whose second argument it is."""
    asm = ProgramWriter()
    other = asm.label()
    asm.load(R6, R1, 8, 8)
    asm.jump_if(JumpOp.JNE, R6, number, other)
    asm.helper("get_current_pid_tgid")
    asm.jump_if(JumpOp.JNE, R0, threading.get_native_id(), other, 32)
    asm.count("runs")
    asm.bind(other)
    asm.returns(0)
    return asm.spec("syscalls", ProgType.RAW_TRACEPOINT)


def pid_writer(tgid_offset: int) -> spec.ProgramSpec:
    """Writes every task's process id, a u32 each, into what the iterator's reader reads."""
    asm = ProgramWriter()
    last = asm.label()
    asm.load(R6, R1, 0, 8)
    asm.load(R7, R1, 8, 8)
    asm.jump_if(JumpOp.JEQ, R7, 0, last)
    asm.load(R1, R7, tgid_offset, 4)
    asm.store(R10, -4, R1, 4)
    asm.load(R1, R6, 0, 8)
    asm.mov(R2, R10)
    asm.stack_address(R2, -4)
    asm.mov(R3, 4)
    asm.helper("seq_write")
    asm.bind(last)
    asm.returns(0)
    return tracing(asm.spec("pids"), AttachType.TRACE_ITER, "bpf_iter_task")


@pytest.fixture
def tracefs(kernel: LiveKernel) -> Iterator[Tracefs]:
    with Tracefs(kernel) as tracefs:
        yield tracefs


@pytest.fixture(scope="module")
def pids() -> spec.ProgramSpec:
    place = Btf.open(VMLINUX).resolve("task_struct: tgid")
    return pid_writer(place.offset)


def runs(of: Map) -> int:
    return int.from_bytes(of.get(u32(0)), sys.byteorder)


@pytest.mark.parametrize("has_types", [False, True])
def test_a_raw_tracepoint_counts_exactly(
    kernel: LiveKernel, tracefs: Tracefs, has_types: bool
) -> None:
    program = syscall_counter(GETPGID)
    at: spec.AttachSpec = spec.RawTracepointAttach("sys_enter")
    if has_types:
        program = tracing(program, AttachType.TRACE_RAW_TP, "btf_trace_sys_enter")
        at = spec.TracingAttach()
    specs = spec.ObjectSpec(maps=(counter_map("runs"),), programs=(program,))
    with load(specs, kernel) as loaded:
        os.getpgid(0)
        with attach(loaded.programs["syscalls"], at, kernel, tracefs) as link:
            assert [(fd.kind, fd.name) for fd in link.fds] == [("link", "rawtracepoint sys_enter")]
            for _ in range(CALLS):
                os.getpgid(0)
        os.getpgid(0)
        assert runs(loaded.maps["runs"]) == CALLS
        assert loaded.programs["syscalls"].recursion_misses == 0


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sched_swich", "did you mean 'sched_switch'?"),
        ("sys_enter_openat", "every system call goes through the raw tracepoint 'sys_enter'"),
    ],
)
def test_an_unknown_raw_tracepoint_has_advice(
    kernel: LiveKernel, tracefs: Tracefs, name: str, hint: str
) -> None:
    asm = ProgramWriter()
    asm.returns(0)
    with load_program(asm.spec("nothing"), {}, kernel) as program, pytest.raises(NotInKernel) as no:
        attach(program, spec.RawTracepointAttach(name), kernel, tracefs)
    assert str(no.value) == f"no raw tracepoint '{name}' in this kernel\nhint: {hint}"


@pytest.mark.parametrize(
    ("type_", "name", "message"),
    [
        (
            AttachType.TRACE_RAW_TP,
            "btf_trace_sched_swich",
            "no raw tracepoint 'sched_swich' in this kernel\nhint: did you mean 'sched_switch'?",
        ),
        (
            AttachType.TRACE_ITER,
            "bpf_iter_tsk",
            "no iterator 'tsk' in this kernel\nhint: did you mean 'task'?",
        ),
        (
            AttachType.TRACE_FENTRY,
            "vfs_reed",
            "no function 'vfs_reed' in this kernel\nhint: did you mean 'vfs_read'?",
        ),
    ],
)
def test_an_unknown_target_has_a_near_name(
    kernel: LiveKernel, type_: AttachType, name: str, message: str
) -> None:
    asm = ProgramWriter()
    asm.returns(0)
    with pytest.raises(NotInKernel) as caught:
        load_program(tracing(asm.spec("nothing"), type_, name), {}, kernel)
    assert str(caught.value) == message


def test_targets_of_what_is_not_there(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.returns(0)
    program = tracing(asm.spec("nothing"), AttachType.TRACE_FENTRY, "x")
    with pytest.raises(NotInKernel, match="no module 'nonesuch'"):
        load_program(replace(program, target=spec.ProgramTarget("x", "nonesuch")), {}, kernel)
    gone = spec.ProgramTarget("x", program_id=0xFFFFFFF)
    with pytest.raises(NotInKernel, match="no BPF program of id '268435455'"):
        load_program(replace(program, target=gone), {}, kernel)


def test_a_program_without_types_cannot_be_traced(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.returns(0)
    with load_program(asm.spec("plain"), {}, kernel) as plain:
        target = spec.ProgramTarget("plain", program_id=plain.info().id)
        program = replace(tracing(asm.spec("nothing"), AttachType.TRACE_FENTRY, ""), target=target)
        with pytest.raises(NotSupported, match="it was loaded without BTF"):
            load_program(program, {}, kernel)


def test_one_bad_target_leaves_no_program(kernel: LiveKernel, pids: spec.ProgramSpec) -> None:
    bad = replace(pids, name="bad", target=spec.ProgramTarget("bpf_iter_nothing_of_the_kind"))
    with pytest.raises(NotInKernel, match=r"no iterator 'nothing_of_the_kind' in this kernel$"):
        load(spec.ObjectSpec(maps=(), programs=(pids, bad)), kernel)


def ids(pieces: Iterator[bytes]) -> list[int]:
    data = b"".join(pieces)
    return [int.from_bytes(data[at : at + 4], sys.byteorder) for at in range(0, len(data), 4)]


def test_an_iterator_finds_this_process_each_time(
    kernel: LiveKernel, tracefs: Tracefs, pids: spec.ProgramSpec
) -> None:
    with load_program(pids, {}, kernel) as program:
        link = attach(program, spec.IterAttach(), kernel, tracefs)
        with link:
            assert isinstance(link, IterLink)
            for _ in range(2):
                found = ids(link.read())
                threads = len(os.listdir("/proc/self/task"))
                assert found.count(os.getpid()) == threads
                assert os.getppid() in found


def test_a_reader_that_stops_early_leaves_nothing_open(
    kernel: LiveKernel, tracefs: Tracefs, pids: spec.ProgramSpec
) -> None:
    with load_program(pids, {}, kernel) as program:
        link = attach(program, spec.IterAttach(), kernel, tracefs)
        with link:
            assert isinstance(link, IterLink)
            pieces = link.read(4)
            assert len(next(pieces)) == 4
            assert isinstance(pieces, Generator)
            pieces.close()


@pytest.fixture
def pin(kernel: LiveKernel) -> Iterator[str]:
    """A name on bpffs, which is there in guests; elsewhere the test is left out."""
    if not os.path.ismount("/sys/fs/bpf"):
        pytest.skip("no bpffs is mounted")
    name = f"seismo_test_{os.getpid()}"
    yield name
    if os.path.exists(f"/sys/fs/bpf/{name}"):
        kernel.unlink(f"/sys/fs/bpf/{name}")


def test_a_pinned_iterator_outlives_its_link(
    kernel: LiveKernel, tracefs: Tracefs, pids: spec.ProgramSpec, pin: str
) -> None:
    with load_program(pids, {}, kernel) as program:
        attach(program, spec.IterAttach(pin), kernel, tracefs).close()
        with pytest.raises(AttachRefused, match=r"iter task pinned as .*: there is such a file"):
            attach(program, spec.IterAttach(pin), kernel, tracefs)
    with open(f"/sys/fs/bpf/{pin}", "rb") as file:
        assert os.getpid() in ids(iter([file.read()]))
    with (
        Fd(kernel, obj_get(kernel, f"/sys/fs/bpf/{pin}"), "link") as link,
        Fd(kernel, iter_create(kernel, int(link)), "iterator") as once,
    ):
        assert len(kernel.read(int(once), 4)) == 4


def test_a_pin_outside_of_bpffs_is_explained(
    kernel: LiveKernel, tracefs: Tracefs, pids: spec.ProgramSpec
) -> None:
    with load_program(pids, {}, kernel) as program, pytest.raises(AttachRefused) as caught:
        attach(program, spec.IterAttach("/proc/seismo_test"), kernel, tracefs)
    assert caught.value.errno in (errno.EPERM, errno.ENOENT, errno.EINVAL)
    assert caught.value.place == "iter task pinned as /proc/seismo_test"
    assert "mount -t bpf bpf /sys/fs/bpf" in caught.value.hint
