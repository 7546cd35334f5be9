"""`LiveView` and `RecordedView`: what compile time asks of a kernel, answered live or replayed.

A recording is a directory that `dev/record_view.py` makes:

    events/<category>/<name>/format     as tracefs shows it
    possible_cpus                       the kernel's CPU list: 0-7
"""

from __future__ import annotations

import os

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.proc import parse_cpu_list, possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.format import TracepointFormat, parse_format
from seismo.probes.view import TracepointNotFound

__all__ = ("LiveView", "RecordedView")


class LiveView:
    """The running kernel; `tracefs` stays the caller's to close."""

    def __init__(self, kernel: Kernel, tracefs: Tracefs) -> None:
        self._kernel = kernel
        self._tracefs = tracefs
        self._formats: dict[tuple[str, str], TracepointFormat] = {}

    def tracepoints(self) -> tuple[str, ...]:
        """Every `category:name`, sorted; NotSupported when tracefs cannot be read."""
        try:
            return tuple(sorted(self._tracefs.events()))
        except SyscallError as error:
            raise _unreadable(error) from error

    def tracepoint(self, category: str, name: str) -> TracepointFormat:
        """The arguments of a tracepoint; NotSupported when tracefs cannot be read,
        TracepointNotFound (with a near name) when there is no such tracepoint."""
        key = (category, name)
        if key not in self._formats:
            try:
                text = self._tracefs.format_text(category, name)
            except NotInKernel as error:
                raise TracepointNotFound(error.name, error.hint) from None
            except SyscallError as error:
                raise _unreadable(error) from error
            self._formats[key] = parse_format(category, text)
        return self._formats[key]

    def possible_cpus(self) -> int:
        """How many CPUs per-CPU values are laid out for."""
        return len(possible_cpus(self._kernel))


class RecordedView:
    """A recorded kernel: the same answers on every machine."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.fspath(directory)

    def tracepoints(self) -> tuple[str, ...]:
        """Every recorded `category:name`, sorted."""
        events = f"{self._directory}/events"
        categories = os.listdir(events)
        return tuple(
            sorted(f"{one}:{name}" for one in categories for name in os.listdir(f"{events}/{one}"))
        )

    def tracepoint(self, category: str, name: str) -> TracepointFormat:
        """The arguments of a tracepoint; TracepointNotFound (with a near name) when it was not
        recorded."""
        path = f"{self._directory}/events/{category}/{name}/format"
        if not os.path.isfile(path):
            wanted = f"{category}:{name}"
            raise TracepointNotFound(wanted, did_you_mean(wanted, self.tracepoints()))
        return parse_format(category, _read(path))

    def possible_cpus(self) -> int:
        """How many CPUs the recorded kernel lays per-CPU values out for."""
        return len(parse_cpu_list(_read(f"{self._directory}/possible_cpus")))


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _unreadable(error: SyscallError) -> NotSupported:
    return NotSupported("tracepoints", f"tracefs cannot be read: {error}", "run as root")
