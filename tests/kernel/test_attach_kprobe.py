"""Programs at kernel functions: exact counts where the kernel has kprobes, a reason where not."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from bpf_programs import R0, R1, R6, R7, ProgramWriter, counter_map, own_thread_counter, u32
from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported
from seismo.isa.opcode import JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.errors import NotInKernel
from seismo.kernel.features.attaching import KPROBE, KPROBE_MULTI, LINK_MISSES
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.kprobe import CountingLink, TracefsLink
from seismo.objects.attach.table import attach
from seismo.objects.errors import AttachRefused
from seismo.objects.load import Loaded, load
from seismo.objects.program import load_program
from seismo.spec import types as spec

pytestmark = pytest.mark.kernel

ENTRY = "__x64_sys_getpgid" if os.uname().machine == "x86_64" else "__arm64_sys_getpgid"
OTHER = ENTRY.replace("getpgid", "getsid")
CALLS = 123


def cookie_adder() -> spec.ProgramSpec:
    """Adds up its cookies in this thread."""
    asm = ProgramWriter()
    other = asm.label()
    asm.mov(R6, R1)
    asm.helper("get_current_pid_tgid")
    asm.jump_if(JumpOp.JNE, R0, threading.get_native_id(), other, 32)
    asm.mov(R1, R6)
    asm.helper("get_attach_cookie")
    asm.mov(R7, R0)
    asm.count("sum", R7)
    asm.bind(other)
    asm.returns(0)
    return asm.spec("cookies", ProgType.KPROBE)


def counter(name: str, type_: ProgType = ProgType.KPROBE) -> spec.ProgramSpec:
    return own_thread_counter(name, type_, "runs", threading.get_native_id())


@pytest.fixture
def loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    specs = spec.ObjectSpec(
        maps=(counter_map("runs"), counter_map("sum")), programs=(counter("count"), cookie_adder())
    )
    with load(specs, kernel) as loaded:
        yield loaded


@pytest.fixture
def tracefs(kernel: LiveKernel) -> Iterator[Tracefs]:
    with Tracefs(kernel) as tracefs:
        yield tracefs


def value(loaded: Loaded, name: str = "runs") -> int:
    return int.from_bytes(loaded.maps[name].get(u32(0)), sys.byteorder)


def call_getpgid(times: int) -> None:
    for _ in range(times):
        os.getpgid(0)


def kprobe_events(kernel: LiveKernel, tracefs: Tracefs) -> list[str]:
    return kernel.read_file(f"{tracefs.root}/kprobe_events").decode().splitlines()


@pytest.mark.guest
@pytest.mark.parametrize(
    "at",
    [
        spec.KprobeAttach(ENTRY),
        spec.KprobeAttach(ENTRY, is_return=True),
        spec.KprobeAttach(ENTRY, is_return=True, max_active=16),
    ],
    ids=["entry", "return", "max_active"],
)
def test_a_kprobe_counts_exactly_and_goes_away(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, at: spec.KprobeAttach
) -> None:
    before = kprobe_events(kernel, tracefs)
    call_getpgid(3)
    with attach(loaded.programs["count"], at, kernel, tracefs) as link:
        by_tracefs = at.is_return and (
            at.max_active > 0 or not FeatureProbe(kernel).ask(LINK_MISSES).works
        )
        assert type(link) is (TracefsLink if by_tracefs else CountingLink)
        made = set(kprobe_events(kernel, tracefs)) - set(before)
        assert len(made) == by_tracefs
        assert all(f":seismo/seismo_{os.getpid()}_" in line for line in made)
        if at.max_active:
            assert next(iter(made)).startswith("r16:")
        call_getpgid(CALLS)
        assert link.missed(kernel) == 0
    call_getpgid(3)
    assert value(loaded) == CALLS
    assert kprobe_events(kernel, tracefs) == before


@pytest.mark.guest
def test_an_address_is_as_good_as_a_name(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    address = Kallsyms.read(kernel).address(ENTRY)
    at = spec.KprobeAttach("", address=address, cookie=5)
    with attach(loaded.programs["cookies"], at, kernel, tracefs):
        call_getpgid(CALLS)
    assert value(loaded, "sum") == 5 * CALLS


@pytest.mark.guest
def test_a_return_that_is_not_awaited_is_missed(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs
) -> None:
    """Threads that sleep in one function: two returns are awaited, the others are missed."""
    function = "anon_pipe_read" if has(kernel, "anon_pipe_read") else "pipe_read"
    at = spec.KprobeAttach(function, is_return=True, max_active=2)
    pipe = os.pipe()
    threads = [threading.Thread(target=os.read, args=(pipe[0], 1)) for _ in range(8)]
    with attach(loaded.programs["count"], at, kernel, tracefs) as link:
        for one in threads:
            one.start()
        while sleeping_in_read(threads) < 8:
            pass
        os.write(pipe[1], bytes(8))
        for one in threads:
            one.join()
        assert link.missed(kernel) >= 6
    for fd in pipe:
        os.close(fd)


def has(kernel: LiveKernel, name: str) -> bool:
    try:
        Kallsyms.read(kernel).symbols(name)
    except NotInKernel:
        return False
    return True


def sleeping_in_read(threads: list[threading.Thread]) -> int:
    """How many of them sleep in read(2), which is system call 0 on x86-64."""
    count = 0
    for one in threads:
        with open(f"/proc/self/task/{one.native_id}/syscall", encoding="ascii") as file:
            count += file.read().split()[0] in ("0", "63")
    return count


@pytest.mark.guest
@pytest.mark.parametrize("is_return", [False, True])
def test_one_link_serves_many_functions_with_a_cookie_each(
    kernel: LiveKernel, tracefs: Tracefs, is_return: bool
) -> None:
    if not FeatureProbe(kernel).ask(KPROBE_MULTI).works:
        pytest.skip("this kernel has no kprobe_multi links")
    program = replace(cookie_adder(), expected_attach_type=AttachType.TRACE_KPROBE_MULTI)
    specs = spec.ObjectSpec(maps=(counter_map("sum"),), programs=(program,))
    at = spec.KprobeMultiAttach((ENTRY, OTHER), cookies=(1000, 1), is_return=is_return)
    with load(specs, kernel) as loaded:
        with attach(loaded.programs["cookies"], at, kernel, tracefs) as link:
            call_getpgid(3)
            for _ in range(4):
                os.getsid(0)
            assert link.missed(kernel) == 0
        call_getpgid(3)
        assert value(loaded, "sum") == 3004
        wrong = replace(at, functions=(ENTRY, "vfs_reed"))
        with pytest.raises(NotInKernel, match=r"no function 'vfs_reed'.*\n.*'vfs_read'"):
            attach(loaded.programs["cookies"], wrong, kernel, tracefs)


def traced(name: str, type_: AttachType, target: spec.ProgramTarget) -> spec.ProgramSpec:
    program = counter(name, ProgType.TRACING)
    return replace(program, expected_attach_type=type_, target=target)


@pytest.mark.guest
def test_fentry_and_fexit_count_exactly(kernel: LiveKernel, tracefs: Tracefs) -> None:
    target = spec.ProgramTarget(ENTRY)
    programs = (
        traced("enter", AttachType.TRACE_FENTRY, target),
        traced("leave", AttachType.TRACE_FEXIT, target),
    )
    specs = spec.ObjectSpec(maps=(counter_map("runs"),), programs=programs)
    with load(specs, kernel) as loaded:
        enter = attach(loaded.programs["enter"], spec.TracingAttach(), kernel, tracefs)
        with enter, attach(loaded.programs["leave"], spec.TracingAttach(), kernel, tracefs):
            call_getpgid(CALLS)
        call_getpgid(3)
        assert value(loaded) == 2 * CALLS
        assert loaded.programs["leave"].recursion_misses == 0


@pytest.mark.guest
def test_fentry_at_a_module_function(kernel: LiveKernel, tracefs: Tracefs) -> None:
    """9p serves the guest's own root, so its module is loaded and busy."""
    target = spec.ProgramTarget("p9_client_walk", "9pnet")
    specs = spec.ObjectSpec(
        maps=(counter_map("runs"),), programs=(traced("walk", AttachType.TRACE_FENTRY, target),)
    )
    with load(specs, kernel) as loaded:
        with (
            attach(loaded.programs["walk"], spec.TracingAttach(), kernel, tracefs),
            pytest.raises(FileNotFoundError),
        ):
            os.stat(f"/nonexistent_{os.getpid()}")
        assert value(loaded) >= 1


@pytest.mark.guest
def test_a_program_can_be_traced_itself(kernel: LiveKernel, tracefs: Tracefs) -> None:
    asm = ProgramWriter()
    asm.returns(7)
    watched = replace(asm.spec("watched"), functions=(spec.FunctionInfo(0, "watched", (True,)),))
    with load_program(watched, {}, kernel) as program:
        target = spec.ProgramTarget("watched", program_id=program.info().id)
        specs = spec.ObjectSpec(
            maps=(counter_map("runs"),),
            programs=(traced("watcher", AttachType.TRACE_FENTRY, target),),
        )
        with load(specs, kernel) as loaded:
            with attach(loaded.programs["watcher"], spec.TracingAttach(), kernel, tracefs):
                assert program.test_run().retval == 7
            program.test_run()
            assert value(loaded) == 1


@pytest.mark.guest
@pytest.mark.parametrize(
    ("at", "number", "text"),
    [
        (spec.KprobeAttach("vfs_read", 1), errno.EILSEQ, "not at the start of an instruction"),
        (spec.KprobeAttach("exc_int3"), errno.EINVAL, "the kernel keeps probes away from there"),
        (spec.KprobeAttach("vfs_read", 8, is_return=True), errno.EINVAL, "the kernel keeps"),
    ],
    ids=["boundary", "noinstr", "return_offset"],
)
def test_refusals_say_why(
    kernel: LiveKernel,
    loaded: Loaded,
    tracefs: Tracefs,
    at: spec.KprobeAttach,
    number: int,
    text: str,
) -> None:
    before = kprobe_events(kernel, tracefs)
    with pytest.raises(AttachRefused, match=text) as caught:
        attach(loaded.programs["count"], at, kernel, tracefs)
    assert caught.value.errno == number
    assert kprobe_events(kernel, tracefs) == before


@pytest.mark.guest
@pytest.mark.parametrize("is_return", [False, True])
def test_an_unknown_function_has_a_near_name(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, is_return: bool
) -> None:
    with pytest.raises(NotInKernel, match=r"no function 'vfs_reed'.*\n.*'vfs_read'"):
        at = spec.KprobeAttach("vfs_reed", is_return=is_return)
        attach(loaded.programs["count"], at, kernel, tracefs)
    with pytest.raises(NotInKernel, match=r"no function 'xfs:vfs_read'.*\n.* is in the kernel"):
        at = spec.KprobeAttach("vfs_read", module="xfs", is_return=is_return)
        attach(loaded.programs["count"], at, kernel, tracefs)


@pytest.mark.guest
def test_a_function_that_was_inlined_is_explained(kernel: LiveKernel, tracefs: Tracefs) -> None:
    """`notrace` functions are in BTF but have no place for a trampoline."""
    target = spec.ProgramTarget("__bpf_prog_enter_recur")
    program = traced("enter", AttachType.TRACE_FENTRY, target)
    specs = spec.ObjectSpec(maps=(counter_map("runs"),), programs=(program,))
    with (
        pytest.raises((AttachRefused, NotSupported), match="fentry __bpf_prog_enter_recur: "),
        load(specs, kernel) as loaded,
    ):
        attach(loaded.programs["enter"], spec.TracingAttach(), kernel, tracefs).close()


def test_without_kprobe_multi_the_reason_is_told(kernel: LiveKernel, tracefs: Tracefs) -> None:
    if FeatureProbe(kernel).ask(KPROBE_MULTI).works:
        pytest.skip("this kernel has kprobe_multi links")
    program = replace(counter("many"), expected_attach_type=AttachType.TRACE_KPROBE_MULTI)
    specs = spec.ObjectSpec(maps=(counter_map("runs"),), programs=(program,))
    with load(specs, kernel) as loaded, pytest.raises(AttachRefused) as no:
        attach(loaded.programs["many"], spec.KprobeMultiAttach((ENTRY, OTHER)), kernel, tracefs)
    assert no.value.place == f"kprobe {ENTRY} and 1 more"
    assert "this kernel has no links to many functions" in no.value.why
    assert "CONFIG_FPROBE" in no.value.hint


@pytest.mark.parametrize("is_return", [False, True])
def test_without_kprobes_the_reason_is_told(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, is_return: bool
) -> None:
    if FeatureProbe(kernel).ask(KPROBE).works:
        pytest.skip("this kernel has kprobes")
    kind = "kretprobe" if is_return else "kprobe"
    with pytest.raises(NotSupported, match=rf"^{kind} vfs_read: the kernel has no kprobes") as no:
        attach(
            loaded.programs["count"],
            spec.KprobeAttach("vfs_read", is_return=is_return),
            kernel,
            tracefs,
        )
    assert no.value.hint == "the kernel needs CONFIG_KPROBE_EVENTS"
