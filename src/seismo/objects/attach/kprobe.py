"""Programs at kernel functions, one function a link."""

from __future__ import annotations

import errno
from contextlib import ExitStack

from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.features import attaching
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.kprobe_events import GROUP, KprobeEvent
from seismo.kernel.link import link_info
from seismo.kernel.perf import open_tracepoint
from seismo.kernel.perf_kinds import open_kprobe, open_kprobe_at
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.refusal import KPROBE, refusals_at
from seismo.objects.errors import AttachRefused
from seismo.objects.link import Link, link_perf_event
from seismo.objects.program import Program
from seismo.spec.types import KprobeAttach

__all__ = ("CountingLink", "attach_kprobe")

_OLD_CALLS = ("SyS_", "sys_")


class CountingLink(Link):
    """An attachment whose bpf_links count what they miss. Since Linux 6.7, before that 0."""

    def missed(self, kernel: Kernel) -> int:
        links = [fd for fd in self.attached if fd.kind == "link"]
        return sum(link_info(kernel, int(fd)).missed for fd in links)


class TracefsLink(Link):
    """An attachment at a probe that was made through tracefs, where its misses are counted."""

    def __init__(self, link: Link, event: KprobeEvent) -> None:
        super().__init__(link.attached, (*link.rest, event))
        self._event = event

    def missed(self, kernel: Kernel) -> int:
        return self._event.missed()


def attach_kprobe(program: Program, at: KprobeAttach, kernel: Kernel, tracefs: Tracefs) -> Link:
    """Run `program` at a kernel function's entry, inside it, or at its return.

    By a perf event of its own, or by a probe made through tracefs: for `max_active`, where the
    kernel has no such perf events (before Linux 4.17), and for a return whose misses a link does
    not count (before 6.7), for a return is missed easily. Raises `NotInKernel` for a function that
    the kernel does not have, `NotSupported` where it has no kprobes.
    """
    place = f"{'kretprobe' if at.is_return else 'kprobe'} {_place(at)}"
    features = FeatureProbe(kernel)
    has_pmu = features.ask(attaching.KPROBE).works
    counts = not at.is_return or (has_pmu and features.ask(attaching.LINK_MISSES).works)
    try:
        with refusals_at(place, KPROBE):
            if has_pmu and counts and not at.max_active:
                return _attach_by_perf_event(program, at, kernel)
            if not has_pmu and not features.ask(attaching.KPROBE_IN_TRACEFS).works:
                answer = features.ask(attaching.KPROBE)
                raise NotSupported(place, answer.why, answer.hint)
            return _attach_by_tracefs(program, at, kernel, tracefs)
    except AttachRefused as error:
        if error.errno in (errno.ENOENT, errno.EINVAL) and at.function:
            _check_function(kernel, at)
        raise


def _attach_by_perf_event(program: Program, at: KprobeAttach, kernel: Kernel) -> Link:
    event = _open(at, kernel)
    link = link_perf_event(kernel, program, event, at.cookie)
    return CountingLink(link.attached, link.rest)


def _open(at: KprobeAttach, kernel: Kernel) -> Fd:
    if at.function:
        return open_kprobe(kernel, at.function, at.offset, at.module, is_return=at.is_return)
    return open_kprobe_at(kernel, at.address, is_return=at.is_return)


def _attach_by_tracefs(
    program: Program, at: KprobeAttach, kernel: Kernel, tracefs: Tracefs
) -> Link:
    if at.module:
        # tracefs takes functions of modules that are not loaded, and waits for them.
        _check_function(kernel, at)
    with ExitStack() as on_error:
        made = on_error.enter_context(
            KprobeEvent.create(
                kernel, tracefs, _place(at), is_return=at.is_return, max_active=at.max_active
            )
        )
        event = open_tracepoint(kernel, made.event_id, f"{GROUP}:{made.name}")
        link = link_perf_event(kernel, program, event, at.cookie)
        on_error.pop_all()
    return TracefsLink(link, made)


def _place(at: KprobeAttach) -> str:
    """`[module:]function[+offset]` or the address."""
    if not at.function:
        return f"{at.address:#x}"
    module = f"{at.module}:" if at.module else ""
    offset = f"+{at.offset:#x}" if at.offset else ""
    return f"{module}{at.function}{offset}"


def _check_function(kernel: Kernel, at: KprobeAttach) -> None:
    """Raise `NotInKernel`, with a near name, for a function that the kernel does not have."""
    try:
        symbols = Kallsyms.read(kernel).symbols(at.function)
    except NotInKernel as error:
        raise NotInKernel("function", at.function, _renamed(at.function) or error.hint) from None
    except SyscallError:
        return
    modules = sorted({one.module for one in symbols})
    if at.module and at.module not in modules:
        where = " and ".join(name or "the kernel proper" for name in modules)
        raise NotInKernel("function", _place(at), f"{at.function} is in {where}")


def _renamed(function: str) -> str:
    """A hint for the function of a system call as it was called before Linux 4.17."""
    for prefix in _OLD_CALLS:
        if function.startswith(prefix):
            call = function.removeprefix(prefix)
            return (
                f"since Linux 4.17 that is the system call '{call}' (SEC ksyscall/{call}), whose "
                "arguments are in the pt_regs that its only argument points to"
            )
    return ""
