"""Kprobes made through tracefs: the way of kernels, and of wishes, that perf events do not serve.

>>> with KprobeEvent.create(kernel, tracefs, "vfs_read", max_active=64, is_return=True) as made:
...     made.event_id, made.missed()

A probe made so is the kernel's until it is removed, whatever becomes of the process. Its name tells
the process: `seismo_<pid>_<number>`.
"""

from __future__ import annotations

import errno
import os
from itertools import count
from typing import Self

from seismo.base.closing import Closing
from seismo.base.errors import SyscallError
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs

__all__ = ("GROUP", "KprobeEvent")

GROUP = "seismo"
"""The category of these events in tracefs."""

_numbers = count()


class KprobeEvent(Closing):
    """A probe by its name in tracefs; `close()` removes it, once nothing is attached to it."""

    def __init__(self, kernel: Kernel, tracefs: Tracefs, name: str) -> None:
        self._kernel = kernel
        self._tracefs = tracefs
        self._root = tracefs.root
        self._is_there = True
        self.name = name

    @classmethod
    def create(
        cls,
        kernel: Kernel,
        tracefs: Tracefs,
        place: str,
        *,
        is_return: bool = False,
        max_active: int = 0,
    ) -> Self:
        """A probe at `place`: `[module:]function[+offset]` or an address.

        `max_active` is how many calls of the function may be under way before returns are missed, 0
        for what the kernel thinks right. Raises `SyscallError`.
        """
        kind = (f"r{max_active}" if max_active else "r") if is_return else "p"
        while True:
            name = f"seismo_{os.getpid()}_{next(_numbers)}"
            try:
                command = f"{kind}:{GROUP}/{name} {place}\n"
                kernel.append_file(f"{tracefs.root}/kprobe_events", command.encode())
            except SyscallError as error:
                # What a killed process of this number left behind.
                if error.errno != errno.EEXIST:
                    raise
            else:
                return cls(kernel, tracefs, name)

    @property
    def event_id(self) -> int:
        """The number by which perf_event_open knows it."""
        return self._tracefs.event_id(GROUP, self.name)

    def missed(self) -> int:
        """How often the kernel hit the probe and could not run it."""
        profile = self._kernel.read_file(f"{self._root}/kprobe_profile").decode()
        for line in profile.splitlines():
            name, _hits, missed = line.rsplit(maxsplit=2)
            if name.strip() == self.name:
                return int(missed)
        return 0

    def close(self) -> None:
        """Remove it; a second time does nothing."""
        if self._is_there:
            self._is_there = False
            command = f"-:{GROUP}/{self.name}\n"
            self._kernel.append_file(f"{self._root}/kprobe_events", command.encode())

    def __repr__(self) -> str:
        return f"<{GROUP}:{self.name}>"
