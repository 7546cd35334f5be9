"""Features of attaching and running programs: event sources, links, trampolines, test runs."""

from __future__ import annotations

import errno
import struct
from functools import partial

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.fd import Fd
from seismo.kernel.features.programs import Placement, load_smallest
from seismo.kernel.features.record import WORKS, Answer, Feature, refused
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.perf import open_timer
from seismo.kernel.privilege import security_file
from seismo.kernel.proc import online_cpus, pmu_type
from seismo.kernel.protocol import Kernel

__all__ = ("ATTACHING", "PERF_LINK", "RAW_TRACEPOINT_RUN", "TRAMPOLINE_TARGET", "trampolines")

_GROUP = "attaching"
_BTF_PATH = "/sys/kernel/btf/vmlinux"
_BTF_MAGIC = 0xEB9F
# A function that the kernel keeps for such trials and calls only in its own test runs.
TRAMPOLINE_TARGET = "bpf_fentry_test1"
_A_SECOND_NS = 1_000_000_000


def _try_pmu(name: str, kernel: Kernel) -> Answer:
    try:
        pmu_type(kernel, name)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        hint = f"the kernel needs CONFIG_{name.upper()}_EVENTS"
        return Answer(works=False, why=f"the kernel has no {name} event source", hint=hint)
    return WORKS


def _try_perf_link(kernel: Kernel) -> Answer:
    """A link to a timer that is never enabled."""
    with (
        load_smallest(kernel, ProgType.PERF_EVENT) as program,
        open_timer(kernel, online_cpus(kernel)[0], period_ns=_A_SECOND_NS) as event,
    ):
        number = bpf.link_create_perf(kernel, int(program), int(event), AttachType.PERF_EVENT)
        Fd(kernel, number, "link").close()
    return WORKS


def _try_raw_tracepoint_run(kernel: Kernel) -> Answer:
    with load_smallest(kernel, ProgType.RAW_TRACEPOINT) as program:
        bpf.prog_test_run(kernel, int(program))
    return WORKS


def _try_kprobe_multi(kernel: Kernel) -> Answer:
    address = Kallsyms.read(kernel).address(TRAMPOLINE_TARGET)
    placement = Placement(AttachType.TRACE_KPROBE_MULTI)
    with load_smallest(kernel, ProgType.KPROBE, placement) as program:
        number = bpf.link_create_kprobe_multi(
            kernel, int(program), struct.pack("=Q", address), AttachType.TRACE_KPROBE_MULTI
        )
        Fd(kernel, number, "link").close()
    return WORKS


def _try_btf(kernel: Kernel) -> Answer:
    head = kernel.read_file(_BTF_PATH)[:2]
    if struct.unpack("=H", head) != (_BTF_MAGIC,):
        return Answer(works=False, why=f"{_BTF_PATH} is not BTF")
    return WORKS


def _try_bpf_lsm(kernel: Kernel) -> Answer:
    modules = security_file(kernel, "lsm").strip()
    if "bpf" in modules.split(","):
        return WORKS
    hint = f"boot with lsm={modules},bpf (the kernel needs CONFIG_BPF_LSM)"
    return Answer(works=False, why=f"the active security modules are {modules}", hint=hint)


def _try_trampoline(type_: ProgType, placement: Placement, kernel: Kernel) -> Answer:
    try:
        with load_smallest(kernel, type_, placement) as program:
            Fd(kernel, bpf.raw_tracepoint_open(kernel, int(program)), "link").close()
    except bpf.LoadRefused as error:
        lines = error.log.splitlines()
        return Answer(works=False, why=lines[0]) if lines else refused(error)
    return WORKS


def trampolines(function_btf_id: int, hook_btf_id: int) -> tuple[Feature, ...]:
    """fentry, fexit and LSM programs, tried for real.

    The ids are those of `TRAMPOLINE_TARGET` and of `bpf_lsm_file_mprotect` in the kernel's BTF.
    """
    rows = (
        ("fentry program", (5, 5), ProgType.TRACING, AttachType.TRACE_FENTRY, function_btf_id),
        ("fexit program", (5, 5), ProgType.TRACING, AttachType.TRACE_FEXIT, function_btf_id),
        ("LSM program", (5, 7), ProgType.LSM, AttachType.LSM_MAC, hook_btf_id),
    )
    return tuple(
        Feature(
            group=_GROUP,
            name=name,
            since=since,
            probe=partial(_try_trampoline, type_, Placement(attach_type, btf_id=btf_id)),
        )
        for name, since, type_, attach_type, btf_id in rows
    )


PERF_LINK = Feature(
    group=_GROUP, name="bpf_link to a perf event", since=(5, 15), probe=_try_perf_link
)
RAW_TRACEPOINT_RUN = Feature(
    group=_GROUP,
    name="test run of a raw tracepoint program",
    since=(5, 10),
    probe=_try_raw_tracepoint_run,
)
ATTACHING = (
    Feature(
        group=_GROUP,
        name="tracepoint event source",
        since=(4, 7),
        probe=partial(_try_pmu, "tracepoint"),
    ),
    Feature(
        group=_GROUP,
        name="kprobe event source",
        since=(4, 17),
        probe=partial(_try_pmu, "kprobe"),
    ),
    Feature(
        group=_GROUP,
        name="uprobe event source",
        since=(4, 17),
        probe=partial(_try_pmu, "uprobe"),
    ),
    PERF_LINK,
    RAW_TRACEPOINT_RUN,
    Feature(group=_GROUP, name="kprobe_multi link", since=(5, 18), probe=_try_kprobe_multi),
    Feature(group=_GROUP, name="BTF of the kernel", since=(5, 2), probe=_try_btf),
    Feature(group=_GROUP, name="BPF security module", since=(5, 7), probe=_try_bpf_lsm),
)
