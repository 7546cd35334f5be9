"""`Tracefs`: the kernel's tracepoints: their names, ids and formats.

>>> with Tracefs(kernel) as tracefs:
...     tracefs.event_id("sched", "sched_switch")

Where no tracefs is mounted one is mounted for this object alone: a detached mount that no mount
namespace shows and that goes away when the object is closed.
"""

from __future__ import annotations

import errno

from seismo.base.closing import Closing
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("PRINTED", "Tracefs")

PRINTED = "events/bpf_trace/bpf_trace_printk/enable"
"""The switch of the event that `bpf_trace_printk` makes. Since Linux 5.9."""

_USUAL_ROOTS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")


class Tracefs(Closing):
    """The tracefs of a kernel, looked for at the first question; `close()` undoes our mount.

    Where none is mounted a question needs CAP_SYS_ADMIN and Linux 5.2, else it is answered by a
    `SyscallError`.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._mount: Fd | None = None
        self._root = ""
        self._events: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The directory with `events/`: a mount that was there, else a private one."""
        if not self._root:
            self._root = next(filter(self._is_tracefs, _USUAL_ROOTS), "") or self._mount_own()
        return self._root

    def events(self) -> tuple[str, ...]:
        """Every tracepoint that can be attached to, as `category:name`, in the kernel's order."""
        if not self._events:
            listing = self._kernel.read_file(f"{self.root}/available_events")
            self._events = tuple(listing.decode().split())
        return self._events

    def event_id(self, category: str, name: str) -> int:
        """The number by which perf_event_open knows the tracepoint, good until reboot.

        Raises `NotInKernel` with the nearest name.
        """
        return int(self._read_event_file(category, name, "id"))

    def format_text(self, category: str, name: str) -> str:
        """The tracepoint's `format` file: its fields with offset, size and signedness.

        Raises `NotInKernel` with the nearest name.
        """
        return self._read_event_file(category, name, "format")

    def keep_printed(self) -> None:
        """Let ftrace's buffer have what programs write by `bpf_trace_printk`.

        That is an event since Linux 5.9. Loading such a program switches it on, but newer kernels
        do so a moment later (6.12.y, 6.17), when the first messages may be gone. Raises
        `SyscallError`.
        """
        try:
            self._kernel.append_file(f"{self.root}/{PRINTED}", b"1")
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise

    def filter_functions(self) -> bytes:
        """The functions that ftrace can hook, a line each: `vfs_read`, or `name [module]`.

        Raises `SyscallError`: EPERM where lockdown hides it, ENOENT without CONFIG_DYNAMIC_FTRACE.
        """
        return self._kernel.read_file(f"{self.root}/available_filter_functions")

    def close(self) -> None:
        """Unmount the private mount; a tracefs that was there stays."""
        if self._mount is not None:
            self._mount.close()
            self._mount, self._root = None, ""

    def _read_event_file(self, category: str, name: str, file: str) -> str:
        try:
            path = f"{self.root}/events/{category}/{name}/{file}"
            return self._kernel.read_file(path).decode()
        except SyscallError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise
            raise NotInKernel(
                "tracepoint", f"{category}:{name}", self._near(category, name)
            ) from None

    def _near(self, category: str, name: str) -> str:
        """The hint for a tracepoint that is not there: look in its category, then everywhere."""
        siblings = [one for one in self.events() if one.startswith(f"{category}:")]
        wanted = f"{category}:{name}"
        return did_you_mean(wanted, siblings) or did_you_mean(wanted, self.events())

    def _is_tracefs(self, root: str) -> bool:
        """Whether a tracefs is there and open to us; a bare mount point has no such file."""
        try:
            self._kernel.read_file(f"{root}/events/header_page")
        except SyscallError:
            return False
        return True

    def _mount_own(self) -> str:
        self._mount = Fd(self._kernel, self._kernel.mount("tracefs"), "mount", "tracefs")
        return f"/proc/self/fd/{int(self._mount)}"
