"""Programs at raw tracepoints: before the kernel makes the tracepoint's record."""

from __future__ import annotations

import errno

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import SyscallError
from seismo.kernel.bpf import raw_tracepoint_open
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.refusal import refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import RawTracepointAttach

__all__ = ("attach_raw_tracepoint",)


def attach_raw_tracepoint(
    program: Program, at: RawTracepointAttach, kernel: Kernel, tracefs: Tracefs
) -> Link:
    """Run `program` at every hit of the tracepoint.

    Raises `NotInKernel`, with a near name, for one that the kernel does not have. Since Linux 4.17.
    """
    place = f"rawtracepoint {at.name}"
    try:
        with refusals_at(place, {}):
            number = raw_tracepoint_open(kernel, int(program.fd), at.name)
    except SyscallError as error:
        if error.errno == errno.ENOENT:
            raise NotInKernel("raw tracepoint", at.name, _near(at.name, tracefs)) from None
        raise
    return Link((Fd(kernel, number, "link", place),))


def _near(name: str, tracefs: Tracefs) -> str:
    """System calls share two raw tracepoints, under names that no event has."""
    if name.startswith(("sys_enter_", "sys_exit_")):
        both = "_".join(name.split("_")[:2])
        return f"every system call goes through the raw tracepoint '{both}'"
    try:
        events = tracefs.events()
    except SyscallError:
        return ""
    return did_you_mean(name, {one.partition(":")[2] for one in events})
