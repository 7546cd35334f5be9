"""`Link`: a live attachment; closing it detaches."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import Self

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType
from seismo.kernel import bpf, perf
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.objects.program import Program

__all__ = ("Link", "detach_all", "link_perf_event", "link_perf_event_by_ioctl")


class Link:
    """Owns the fds that keep a program attached; they are closed in their order.

    A link without fds is an attachment at nothing, such as a program for test runs has.
    """

    def __init__(self, fds: Sequence[Fd]) -> None:
        self.fds = tuple(fds)

    def detach(self) -> None:
        """Close the first fd, which is the attachment; the others may take their time."""
        for fd in self.fds[:1]:
            fd.close()

    def close(self) -> None:
        """Detach and close the rest; a second time does nothing."""
        for fd in self.fds:
            fd.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Link {', '.join(map(repr, self.fds))}>"


def detach_all(links: Sequence[Link]) -> None:
    """Detach all at the same time: each waits for an RCU grace period of the kernel (some 20 ms),
    and waiting together takes no longer than waiting for one."""
    threads = [Thread(target=link.detach) for link in links]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def link_perf_event(kernel: Kernel, program: Program, event: Fd) -> Link:
    """Attach to a perf event, by a bpf_link where the kernel has them (Linux 5.15), and enable it.

    The link owns `event` from here on; it is closed when attaching fails.
    """
    with ExitStack() as on_error:
        on_error.enter_context(event)
        try:
            number = bpf.link_create_perf(
                kernel, int(program.fd), int(event), AttachType.PERF_EVENT
            )
        except SyscallError as error:
            if error.errno != errno.EINVAL:
                raise
            # An old kernel knows no such link; a wrong program is refused once more.
            on_error.pop_all()
            return link_perf_event_by_ioctl(kernel, program, event)
        link = on_error.enter_context(Fd(kernel, number, "link", program.spec.name))
        perf.enable(kernel, event)
        on_error.pop_all()
    return Link((link, event))


def link_perf_event_by_ioctl(kernel: Kernel, program: Program, event: Fd) -> Link:
    """Attach to a perf event as kernels before 5.15 do, and enable it.

    The link owns `event` from here on; it is closed when attaching fails.
    """
    with ExitStack() as on_error:
        on_error.enter_context(event)
        perf.set_bpf(kernel, event, int(program.fd))
        perf.enable(kernel, event)
        on_error.pop_all()
    return Link((event,))
