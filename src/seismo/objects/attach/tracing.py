"""Programs that the kernel calls by a trampoline: fentry, fexit, BTF raw tracepoints."""

from __future__ import annotations

from seismo.kernel.bpf import raw_tracepoint_open
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import TRAMPOLINE, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.objects.target_name import describe_target

__all__ = ("attach_tracing",)


def attach_tracing(program: Program, kernel: Kernel) -> Link:
    """Run `program` where its target says.

    By BPF_RAW_TRACEPOINT_OPEN, which every kernel with such programs takes: BPF_LINK_CREATE gives
    them no more than a cookie. Since Linux 5.5.
    """
    place = describe_target(program.spec)
    with refusals_at(place, TRAMPOLINE):
        number = raw_tracepoint_open(kernel, int(program.fd))
    return Link((Fd(kernel, number, "link", place),))
