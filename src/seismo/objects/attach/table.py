"""`attach`: a program to where its `AttachSpec` says, whatever kind that is."""

from __future__ import annotations

from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.perf_event import attach_timer
from seismo.objects.attach.tracepoint import attach_tracepoint
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import (
    AttachSpec,
    SignalAttach,
    TestRunAttach,
    TimerAttach,
    TracepointAttach,
)

__all__ = ("attach",)


def attach(program: Program, at: AttachSpec, kernel: Kernel, tracefs: Tracefs) -> Link:
    """Attach `program` until the link is closed; an `IterLink` for an `IterAttach`.

    What has no place to attach to gets an empty link: `Program.test_run` runs it. Raises
    `NotInKernel` for a place that the kernel does not have, `NotSupported` for a kind that it does
    not, `AttachRefused` (a `SyscallError`) when it refuses.
    """
    match at:
        case TracepointAttach():
            return attach_tracepoint(program, at, kernel, tracefs)
        case TimerAttach():
            return attach_timer(program, at, kernel)
        case TestRunAttach() | SignalAttach():
            return Link()
        case _:
            from seismo.objects.attach.further import (  # noqa: PLC0415 (lazy: docs/architecture.md)
                attach_further,
            )

            return attach_further(program, at, kernel, tracefs)
