"""The kinds of attachment that `table.py` imports only for a script that has one."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.breakpoint import attach_breakpoint
from seismo.objects.attach.counter import attach_counter
from seismo.objects.attach.iterator import attach_iterator
from seismo.objects.attach.kprobe import attach_kprobe
from seismo.objects.attach.kprobe_multi import attach_kprobe_multi
from seismo.objects.attach.raw_tracepoint import attach_raw_tracepoint
from seismo.objects.attach.tracing import attach_tracing
from seismo.objects.attach.uprobe import attach_uprobe
from seismo.objects.attach.uprobe_multi import attach_uprobe_multi
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import (
    BreakpointAttach,
    IterAttach,
    KprobeAttach,
    KprobeMultiAttach,
    PerfEventAttach,
    RawTracepointAttach,
    TracingAttach,
    UprobeAttach,
    UprobeMultiAttach,
)

__all__ = ("FurtherAttach", "attach_further")

FurtherAttach: TypeAlias = (
    KprobeAttach
    | KprobeMultiAttach
    | TracingAttach
    | RawTracepointAttach
    | UprobeAttach
    | UprobeMultiAttach
    | PerfEventAttach
    | BreakpointAttach
    | IterAttach
)


def attach_further(program: Program, at: FurtherAttach, kernel: Kernel, tracefs: Tracefs) -> Link:
    """Attach `program` until the link is closed; see `attach`."""
    match at:
        case KprobeAttach():
            return attach_kprobe(program, at, kernel, tracefs)
        case KprobeMultiAttach():
            return attach_kprobe_multi(program, at, kernel)
        case TracingAttach():
            return attach_tracing(program, kernel)
        case RawTracepointAttach():
            return attach_raw_tracepoint(program, at, kernel, tracefs)
        case UprobeAttach():
            return attach_uprobe(program, at, kernel)
        case UprobeMultiAttach():
            return attach_uprobe_multi(program, at, kernel)
        case PerfEventAttach():
            return attach_counter(program, at, kernel)
        case BreakpointAttach():
            return attach_breakpoint(program, at, kernel)
        case IterAttach():
            return attach_iterator(program, at, kernel)
        case _:
            assert_never(at)
