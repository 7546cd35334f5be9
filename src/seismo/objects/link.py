"""`Link`: a live attachment; closing it detaches."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from threading import Thread
from typing import Protocol

from seismo.base.closing import Closing
from seismo.base.errors import SyscallError
from seismo.kernel import bpf, perf
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.objects.program import Program

__all__ = (
    "Closable",
    "Link",
    "detach_all",
    "join_links",
    "link_perf_event",
    "link_perf_event_by_ioctl",
)


class Closable(Protocol):
    """What a link owns."""

    def close(self) -> None:
        """Give it up; a second time does nothing."""
        ...


class Link(Closing):
    """Owns what keeps a program attached: `attached`, and behind it `rest`, closed in their order.

    Without `attached` the program runs no more; the rest may take its time. A link that owns
    nothing is an attachment at nothing, such as a program for test runs has.
    """

    def __init__(self, attached: Sequence[Fd] = (), rest: Sequence[Closable] = ()) -> None:
        self.attached = tuple(attached)
        self.rest = tuple(rest)

    @property
    def fds(self) -> tuple[Fd, ...]:
        """The descriptors that it owns."""
        return self.attached + tuple(one for one in self.rest if isinstance(one, Fd))

    def missed(self, kernel: Kernel) -> int:
        """How many hits the kernel has missed here, while it is attached; 0 where none are counted.

        Raises `SyscallError`.
        """
        return 0

    def detach(self) -> None:
        """End the attachment; what is behind it stays."""
        for fd in self.attached:
            fd.close()

    def close(self) -> None:
        """Detach and close the rest; a second time does nothing."""
        with ExitStack() as closing:
            for one in reversed(self.rest):
                closing.callback(one.close)
            self.detach()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(map(repr, self.attached + self.rest))}>"


def detach_all(links: Sequence[Link]) -> None:
    """Detach all at the same time: each waits for an RCU grace period of the kernel (some 20 ms),
    and waiting together takes no longer than waiting for one."""
    threads = [Thread(target=link.detach) for link in links if link.attached]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def join_links(links: Iterable[Link]) -> Link:
    """One link that owns what all of them own; should the next one fail, they are closed."""
    with ExitStack() as on_error:
        parts = [on_error.enter_context(one) for one in links]
        on_error.pop_all()
    attached = [fd for one in parts for fd in one.attached]
    return Link(attached, [each for one in parts for each in one.rest])


def link_perf_event(kernel: Kernel, program: Program, event: Fd, cookie: int = 0) -> Link:
    """Attach to a perf event, by a bpf_link where the kernel has them (Linux 5.15), and enable it.

    `cookie` is what `bpf_get_attach_cookie` gives the program there, which takes a bpf_link if it
    is not 0. The link owns `event` from here on; it is closed when attaching fails.
    """
    with ExitStack() as on_error:
        on_error.enter_context(event)
        try:
            number = bpf.link_create_perf(kernel, int(program.fd), int(event), cookie)
        except SyscallError as error:
            if error.errno != errno.EINVAL or cookie:
                raise
            # An old kernel knows no such link; a wrong program is refused once more.
            on_error.pop_all()
            return link_perf_event_by_ioctl(kernel, program, event)
        link = on_error.enter_context(Fd(kernel, number, "link", program.spec.name))
        perf.enable(kernel, event)
        on_error.pop_all()
    return Link((link,), (event,))


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
