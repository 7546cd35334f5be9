"""What a kernel tells of itself, and what it can do."""

from __future__ import annotations

import errno
import os

import pytest

from seismo.base.errors import NotSupported, SyscallError
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.errors import NotInKernel
from seismo.kernel.features.attaching import RAW_TRACEPOINT_RUN, btf_program
from seismo.kernel.features.maps import MAP_TYPES, RING_BUFFER
from seismo.kernel.features.programs import PROGRAM_TYPES, helper_feature
from seismo.kernel.features.record import WORKS, Feature, FeatureProbe, refused
from seismo.kernel.features.settings import settings
from seismo.kernel.features.table import FEATURES
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.live import LiveKernel
from seismo.kernel.privilege import effective_capabilities, lockdown
from seismo.kernel.proc import boot_id, kernel_release, online_cpus, possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs

pytestmark = pytest.mark.kernel


def mounts(kernel: LiveKernel) -> list[bytes]:
    return kernel.read_file("/proc/self/mountinfo").splitlines()


def test_a_private_tracefs_shows_in_no_mount_namespace(kernel: LiveKernel) -> None:
    before = mounts(kernel)
    fd = kernel.mount("tracefs")
    try:
        assert b"sched:sched_switch" in kernel.read_file(f"/proc/self/fd/{fd}/available_events")
        assert mounts(kernel) == before
    finally:
        kernel.close(fd)
    with pytest.raises(SyscallError):
        kernel.read_file(f"/proc/self/fd/{fd}/available_events")


def test_tracepoints_are_listed_once_each(kernel: LiveKernel) -> None:
    with Tracefs(kernel) as tracefs:
        events = tracefs.events()
    assert "sched:sched_switch" in events
    assert "syscalls:sys_enter_openat" in events
    assert len(set(events)) == len(events) > 500


def test_a_tracepoint_has_an_id_and_a_format(kernel: LiveKernel) -> None:
    with Tracefs(kernel) as tracefs:
        text = tracefs.format_text("sched", "sched_switch")
        assert f"ID: {tracefs.event_id('sched', 'sched_switch')}\n" in text
        assert "field:pid_t next_pid;" in text


@pytest.mark.parametrize("wrong", ["sched:sched_swich", "shed:sched_switch", "sched:schd_switch"])
def test_a_mistyped_tracepoint_is_corrected(kernel: LiveKernel, wrong: str) -> None:
    category, _, name = wrong.partition(":")
    with Tracefs(kernel) as tracefs, pytest.raises(NotInKernel) as caught:
        tracefs.format_text(category, name)
    assert caught.value.hint == "did you mean 'sched:sched_switch'?"


def test_kernel_symbols_go_both_ways(kernel: LiveKernel) -> None:
    symbols = Kallsyms.read(kernel)
    start = symbols.address("vfs_read")
    assert str(symbols.at(start)) == "vfs_read"
    assert str(symbols.at(start + 16)) == "vfs_read+0x10"
    with pytest.raises(NotInKernel, match="did you mean 'vfs_read'"):
        symbols.address("vfs_raed")


def test_the_machine_describes_itself(kernel: LiveKernel) -> None:
    assert set(online_cpus(kernel)) <= set(possible_cpus(kernel))
    assert len(boot_id(kernel)) == 36
    assert kernel_release(kernel)[0].isdigit()
    assert lockdown(kernel) in ("none", "integrity", "confidentiality")
    assert "CAP_SYS_ADMIN" in effective_capabilities(kernel)


def test_failing_calls_name_themselves(kernel: LiveKernel) -> None:
    with pytest.raises(SyscallError, match="read /nowhere") as caught:
        kernel.read_file("/nowhere")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(SyscallError, match=r"fsopen: .*ENODEV"):
        kernel.mount("no such filesystem")


def refusal_without_privilege(kernel: LiveKernel) -> str:
    """What a child that is nobody is told when it creates a map."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(65534, 65534, 65534)
            FeatureProbe(kernel).require(MAP_TYPES[MapType.LPM_TRIE])
        except NotSupported as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        told = answer.read().decode()
    os.waitpid(child, 0)
    return told


def test_a_user_without_privilege_is_told_what_is_missing(kernel: LiveKernel) -> None:
    told = refusal_without_privilege(kernel)
    assert "bpf(BPF_MAP_CREATE): Operation not permitted (EPERM)" in told
    assert "hint: this process lacks CAP_BPF: run it as root" in told


def test_every_feature_has_an_answer(kernel: LiveKernel) -> None:
    """Those that work have nothing to explain, the others say why not and what to do."""
    probe = FeatureProbe(kernel)
    for feature in FEATURES:
        answer = probe.ask(feature)
        assert answer == WORKS or (answer.why and answer.hint), feature.name


def test_what_this_suite_uses_is_found_to_work(kernel: LiveKernel) -> None:
    probe = FeatureProbe(kernel)
    used = (
        RING_BUFFER,
        RAW_TRACEPOINT_RUN,
        MAP_TYPES[MapType.PERCPU_HASH],
        MAP_TYPES[MapType.BLOOM_FILTER],
        MAP_TYPES[MapType.TASK_STORAGE],
        MAP_TYPES[MapType.ARRAY_OF_MAPS],
        PROGRAM_TYPES[ProgType.TRACEPOINT],
        PROGRAM_TYPES[ProgType.PERF_EVENT],
        helper_feature(ProgType.TRACEPOINT, "ringbuf_output"),
        helper_feature(ProgType.TRACEPOINT, "probe_read_kernel"),
    )
    assert [feature.name for feature in used if not probe.ask(feature).works] == []


def test_a_helper_of_other_program_types_is_refused(kernel: LiveKernel) -> None:
    """Redirecting packets is for network programs."""
    probe = FeatureProbe(kernel)
    assert probe.ask(helper_feature(ProgType.XDP, "redirect")).works
    answer = probe.ask(helper_feature(ProgType.TRACEPOINT, "redirect"))
    assert not answer.works
    assert "redirect#23" in answer.why
    with pytest.raises(NotSupported, match="bpf_redirect"):
        probe.require(helper_feature(ProgType.TRACEPOINT, "redirect"))


@pytest.mark.parametrize(
    "type_",
    [
        AttachType.TRACE_FENTRY,
        AttachType.TRACE_FEXIT,
        AttachType.LSM_MAC,
        AttachType.TRACE_ITER,
    ],
)
def test_a_btf_program_needs_a_function(kernel: LiveKernel, type_: AttachType) -> None:
    """Type 1 of the kernel's BTF is an integer."""
    answer = FeatureProbe(kernel).ask(btf_program(type_, 1))
    assert not answer.works
    assert answer.why


def test_a_question_is_asked_once(kernel: LiveKernel) -> None:
    asked: list[Kernel] = []

    def try_it(kernel: Kernel) -> object:
        asked.append(kernel)
        return refused(SyscallError("bpf(BPF_MAP_CREATE)", errno.EINVAL))

    feature = Feature(group="test", name="nothing", since=(9, 9), probe=try_it)
    probe = FeatureProbe(kernel)
    first = probe.ask(feature)
    assert probe.ask(feature) is first
    assert first.why == "bpf(BPF_MAP_CREATE): Invalid argument (EINVAL)"
    assert first.hint == "Linux 9.9 and newer have it, if it was configured in"
    assert asked == [kernel]


def test_settings_are_readable(kernel: LiveKernel) -> None:
    found = {one.name: one.value for one in settings(kernel)}
    assert found["kernel"] == kernel_release(kernel)
    assert "CAP_SYS_ADMIN" in found["capabilities"].split()
    assert found["net.core.bpf_jit_enable"] in ("0", "1", "2")
