"""Features of attaching and running programs: event sources, links, trampolines, test runs."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import addressof, create_string_buffer
from functools import partial

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.config import unset_options
from seismo.kernel.fd import Fd
from seismo.kernel.features.programs import Placement, load_smallest
from seismo.kernel.features.record import WORKS, Answer, Feature, refused
from seismo.kernel.link import (
    UprobePlaces,
    link_create_iter,
    link_create_kprobe_multi,
    link_create_uprobe_multi,
    link_info,
)
from seismo.kernel.perf import Scope, open_timer
from seismo.kernel.perf_kinds import open_breakpoint, open_counter
from seismo.kernel.privilege import security_file
from seismo.kernel.proc import online_cpus, pmu_type
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs

__all__ = (
    "ATTACHING",
    "BREAKPOINT",
    "HARDWARE",
    "ITERATOR_TARGET",
    "KPROBE",
    "KPROBE_IN_TRACEFS",
    "KPROBE_MULTI",
    "LINK_MISSES",
    "LSM_TARGET",
    "PERF_COOKIE",
    "PERF_LINK",
    "RAW_TRACEPOINT",
    "RAW_TRACEPOINT_RUN",
    "TRACEPOINT",
    "TRAMPOLINE_TARGET",
    "UPROBE",
    "UPROBE_MULTI",
    "btf_program",
)

_GROUP = "attaching"
_BTF_PATH = "/sys/kernel/btf/vmlinux"
_BTF_MAGIC = 0xEB9F
# A function that the kernel keeps for such trials and calls only in its own test runs.
TRAMPOLINE_TARGET = "bpf_fentry_test1"
LSM_TARGET = "bpf_lsm_file_mprotect"
ITERATOR_TARGET = "bpf_iter_task"
_RARE_TRACEPOINT = "sched_process_exec"
_A_SECOND_NS = 1_000_000_000


def _absent(kernel: Kernel, what: str, *options: str) -> Answer:
    """The answer where `what` is not there for want of an option; the last one brings the rest."""
    unset = unset_options(kernel, *options)
    why = f"the kernel has no {what}" + (f": {unset}" if unset else "")
    return Answer(works=False, why=why, hint=f"the kernel needs {options[-1]}")


def _try_pmu(name: str, options: tuple[str, ...], kernel: Kernel) -> Answer:
    try:
        pmu_type(kernel, name)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        return _absent(kernel, f"{name}s", *options)
    return WORKS


def _try_kprobe_events(kernel: Kernel) -> Answer:
    with Tracefs(kernel) as tracefs:
        try:
            kernel.read_file(f"{tracefs.root}/kprobe_events")
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise
            return _absent(kernel, "kprobe_events", *_KPROBE_OPTIONS)
    return WORKS


@contextmanager
def _timer_link(kernel: Kernel, cookie: int = 0) -> Iterator[Fd]:
    """A link to a timer that is never enabled."""
    with (
        load_smallest(kernel, ProgType.PERF_EVENT) as program,
        open_timer(kernel, Scope(online_cpus(kernel)[0]), period_ns=_A_SECOND_NS) as event,
        Fd(kernel, bpf.link_create_perf(kernel, int(program), int(event), cookie), "link") as link,
    ):
        yield link


def _try_perf_link(cookie: int, kernel: Kernel) -> Answer:
    with _timer_link(kernel, cookie):
        return WORKS


def _try_link_misses(kernel: Kernel) -> Answer:
    with _timer_link(kernel) as link:
        if link_info(kernel, int(link)).counts_misses:
            return WORKS
    return Answer(works=False, why="links do not tell what they miss")


def _try_raw_tracepoint(kernel: Kernel) -> Answer:
    with load_smallest(kernel, ProgType.RAW_TRACEPOINT) as program:
        Fd(kernel, bpf.raw_tracepoint_open(kernel, int(program), _RARE_TRACEPOINT), "link").close()
    return WORKS


def _try_raw_tracepoint_run(kernel: Kernel) -> Answer:
    with load_smallest(kernel, ProgType.RAW_TRACEPOINT) as program:
        bpf.prog_test_run(kernel, int(program))
    return WORKS


def _try_kprobe_multi(kernel: Kernel) -> Answer:
    placement = Placement(AttachType.TRACE_KPROBE_MULTI)
    with load_smallest(kernel, ProgType.KPROBE, placement) as program:
        try:
            number = link_create_kprobe_multi(kernel, int(program), (TRAMPOLINE_TARGET,))
        except SyscallError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            return _absent(kernel, "kprobe_multi links", "CONFIG_FUNCTION_TRACER", "CONFIG_FPROBE")
        Fd(kernel, number, "link").close()
    return WORKS


def _try_uprobe_multi(kernel: Kernel) -> Answer:
    """A directory has no instructions: only a kernel that knows the link gets so far as EBADF."""
    placement = Placement(AttachType.TRACE_UPROBE_MULTI)
    with load_smallest(kernel, ProgType.KPROBE, placement) as program:
        try:
            number = link_create_uprobe_multi(kernel, int(program), UprobePlaces("/", (0,)))
        except SyscallError as error:
            if error.errno == errno.EOPNOTSUPP:
                return _absent(kernel, "uprobe_multi links", "CONFIG_UPROBES")
            if error.errno != errno.EBADF:
                raise
        else:
            Fd(kernel, number, "link").close()
    return WORKS


def _try_counter(kernel: Kernel) -> Answer:
    try:
        open_counter(kernel, "cpu-cycles", _A_SECOND_NS, Scope(online_cpus(kernel)[0])).close()
    except SyscallError as error:
        if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP):
            raise
        why = "this machine does not count the processor's events"
        hint = "virtual machines seldom do; software events and timers work without"
        return Answer(works=False, why=why, hint=hint)
    return WORKS


def _try_breakpoint(kernel: Kernel) -> Answer:
    """At memory of this thread's, which nothing writes meanwhile."""
    word = create_string_buffer(8)
    open_breakpoint(kernel, addressof(word), 1, "w", Scope(tid=0)).close()
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


def _try_program(attach_type: AttachType, btf_id: int, kernel: Kernel) -> Answer:
    type_ = ProgType.LSM if attach_type is AttachType.LSM_MAC else ProgType.TRACING
    try:
        with load_smallest(kernel, type_, Placement(attach_type, btf_id=btf_id)) as program:
            is_iterator = attach_type is AttachType.TRACE_ITER
            create = link_create_iter if is_iterator else bpf.raw_tracepoint_open
            Fd(kernel, create(kernel, int(program)), "link").close()
    except bpf.LoadRefused as error:
        lines = error.log.splitlines()
        return Answer(works=False, why=lines[0]) if lines else refused(error)
    return WORKS


def btf_program(attach_type: AttachType, btf_id: int) -> Feature:
    """A program that belongs to a function of the kernel, given by its id in the kernel's BTF.

    fentry and fexit are tried at `TRAMPOLINE_TARGET`, LSM_MAC at `LSM_TARGET`, TRACE_ITER at
    `ITERATOR_TARGET`; KeyError for another attach type.
    """
    name, since = _BTF_PROGRAMS[attach_type]
    return _feature(name, since, partial(_try_program, attach_type, btf_id))


def _feature(name: str, since: tuple[int, int], probe: Callable[[Kernel], Answer]) -> Feature:
    return Feature(group=_GROUP, name=name, since=since, probe=probe)


_BTF_PROGRAMS = {
    AttachType.TRACE_FENTRY: ("fentry program", (5, 5)),
    AttachType.TRACE_FEXIT: ("fexit program", (5, 5)),
    AttachType.LSM_MAC: ("LSM program", (5, 7)),
    AttachType.TRACE_ITER: ("iterator program", (5, 8)),
}
_KPROBE_OPTIONS = ("CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS")
_UPROBE_OPTIONS = ("CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS")
_TRACEPOINT_OPTIONS = ("CONFIG_TRACEPOINTS", "CONFIG_EVENT_TRACING")

TRACEPOINT = _feature(
    "tracepoint event source", (4, 7), partial(_try_pmu, "tracepoint", _TRACEPOINT_OPTIONS)
)
RAW_TRACEPOINT = _feature("raw tracepoint", (4, 17), _try_raw_tracepoint)
KPROBE = _feature("kprobe event source", (4, 17), partial(_try_pmu, "kprobe", _KPROBE_OPTIONS))
KPROBE_IN_TRACEFS = _feature("kprobe events in tracefs", (4, 1), _try_kprobe_events)
KPROBE_MULTI = _feature("kprobe_multi link", (5, 18), _try_kprobe_multi)
UPROBE = _feature("uprobe event source", (4, 17), partial(_try_pmu, "uprobe", _UPROBE_OPTIONS))
UPROBE_MULTI = _feature("uprobe_multi link", (6, 6), _try_uprobe_multi)
HARDWARE = _feature("hardware event source", (4, 9), _try_counter)
BREAKPOINT = _feature("breakpoint event", (4, 9), _try_breakpoint)
PERF_LINK = _feature("bpf_link to a perf event", (5, 15), partial(_try_perf_link, 0))
PERF_COOKIE = _feature("attach cookie of a perf event", (5, 15), partial(_try_perf_link, 1))
LINK_MISSES = _feature("misses counted by links", (6, 7), _try_link_misses)
RAW_TRACEPOINT_RUN = _feature(
    "test run of a raw tracepoint program", (5, 10), _try_raw_tracepoint_run
)
ATTACHING = (
    TRACEPOINT,
    RAW_TRACEPOINT,
    KPROBE,
    KPROBE_IN_TRACEFS,
    KPROBE_MULTI,
    UPROBE,
    UPROBE_MULTI,
    HARDWARE,
    BREAKPOINT,
    PERF_LINK,
    PERF_COOKIE,
    LINK_MISSES,
    RAW_TRACEPOINT_RUN,
    _feature("BTF of the kernel", (5, 2), _try_btf),
    _feature("BPF security module", (5, 7), _try_bpf_lsm),
)
