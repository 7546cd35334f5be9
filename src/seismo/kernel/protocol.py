"""`Kernel`: everything that seismo asks of a kernel, in twelve calls.

`live.py` answers them with system calls. Anything else that answers them (a virtual machine, a
recording) can stand in for the machine's kernel, and nothing above this line changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from mmap import mmap
from typing import Protocol

from seismo.kernel.abi import BpfAttr, Cmd, PerfEventAttr

__all__ = ("Kernel",)


class Kernel(Protocol):
    """Every call raises `SyscallError` when the kernel refuses."""

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        """bpf(2): the result is an fd, a count or 0, as the command has it; `attr` may be written.

        Raises `SyscallError` whose `call` is `bpf(BPF_…)`.
        """
        ...

    def perf_event_open(self, attr: PerfEventAttr, pid: int, cpu: int) -> int:
        """perf_event_open(2), close-on-exec and without a group: the event's fd."""
        ...

    def ioctl(self, fd: int, request: int, argument: int = 0) -> int:
        """ioctl(2) with an integer argument."""
        ...

    def mmap(self, fd: int, size: int, *, offset: int = 0, writable: bool = False) -> mmap:
        """mmap(2), shared, of `size` bytes from `offset` (both multiples of the page size)."""
        ...

    def poll(self, fds: Sequence[int], timeout_ms: int) -> list[int]:
        """The fds that are readable within `timeout_ms` (-1: wait for ever); [] on a timeout."""
        ...

    def close(self, fd: int) -> None:
        """close(2)."""
        ...

    def read_file(self, path: str) -> bytes:
        """All of a file; made for procfs, sysfs and tracefs."""
        ...

    def append_file(self, path: str, data: bytes) -> None:
        """Add `data` to the end of a file, in one write(2): a command for tracefs."""
        ...

    def list_directory(self, path: str) -> list[str]:
        """The names in a directory, in no order."""
        ...

    def read(self, fd: int, size: int) -> bytes:
        """read(2): the next `size` bytes at most, none at the end."""
        ...

    def mount(self, filesystem: str) -> int:
        """An fd of a new mount of `filesystem` that no mount namespace shows.

        Its files are below `/proc/self/fd/N`; closing the fd unmounts it. Needs CAP_SYS_ADMIN.
        Since Linux 5.2.
        """
        ...

    def unlink(self, path: str) -> None:
        """unlink(2): takes a pin away."""
        ...
