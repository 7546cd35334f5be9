"""`LiveView` and `RecordedView`: what compile time asks of a kernel, answered live or replayed.

A recording is a directory that `dev/record_view.py` makes:

    events/<category>/<name>/format     as tracefs shows it
    possible_cpus                       the kernel's CPU list: 0-7
    machine                             the architecture: x86_64
    btf                                 some of the kernel's types
    symbols                             lines of an address and a name
    cgroups                             lines of an id and a path
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.proc import parse_cpu_list, possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.format import TracepointFormat, parse_format
from seismo.probes.view import SymbolNotFound, TracepointNotFound

if TYPE_CHECKING:
    from seismo.btf.spec import Btf

__all__ = ("LiveView", "RecordedView")

_BTF_DIRECTORY = "/sys/kernel/btf"
_BTF_OVERRIDE = "BPFTRACE_BTF"
# Only directories of version 2 have one: Documentation/admin-guide/cgroup-v2.rst.
_CGROUP_FILE = "cgroup.controllers"


class LiveView:
    """The running kernel; `tracefs` stays the caller's to close."""

    def __init__(self, kernel: Kernel, tracefs: Tracefs) -> None:
        self._kernel = kernel
        self._tracefs = tracefs
        self._formats: dict[tuple[str, str], TracepointFormat] = {}
        self._btf: Btf | None = None
        self._symbols: Kallsyms | None = None

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

    def btf(self) -> Btf:
        """The kernel's types, or those of the file that $BPFTRACE_BTF names; NotSupported.

        Since Linux 5.4, with CONFIG_DEBUG_INFO_BTF.
        """
        if self._btf is None:
            path = os.environ.get(_BTF_OVERRIDE) or f"{_BTF_DIRECTORY}/vmlinux"
            self._btf = _open_btf(path)
        return self._btf

    def machine(self) -> str:
        """The architecture as `uname -m` prints it."""
        return os.uname().machine

    def module_btf(self) -> Iterator[Btf]:
        """The types of each loaded module; none where $BPFTRACE_BTF names others. Since Linux 5.11.

        Modules come and go: one that is gone when it is opened is passed over.
        """
        if os.environ.get(_BTF_OVERRIDE) or not os.path.isdir(_BTF_DIRECTORY):
            return
        for name in sorted(os.listdir(_BTF_DIRECTORY)):
            path = f"{_BTF_DIRECTORY}/{name}"
            if name != "vmlinux" and os.path.exists(path):
                yield _open_btf(path, self.btf())

    def symbol(self, name: str) -> int:
        """The address of a kernel symbol; SymbolNotFound when there is none that can be seen."""
        try:
            if self._symbols is None:
                self._symbols = Kallsyms.read(self._kernel)
            return self._symbols.address(name)
        except NotInKernel as error:
            raise SymbolNotFound(name, error.hint) from None
        except NotSupported as error:
            raise SymbolNotFound(name, f"{error.why}: {error.hint}") from None

    def cgroup_id(self, path: str) -> int:
        """The id of the cgroup (version 2) whose directory is `path`; SyscallError.

        It is the directory's inode number: since Linux 5.5 (commit 40430452fd5d, "kernfs: use 64bit
        inos if ino_t is 64bit").
        """
        try:
            number = os.stat(path).st_ino
        except OSError as error:
            raise SyscallError(f"stat {path}", error.errno or 0) from None
        if not os.path.exists(os.path.join(path, _CGROUP_FILE)):
            hint = "it must be a directory of a cgroup version 2 hierarchy: see 'mount -t cgroup2'"
            raise SyscallError(f"cgroup id of {path}", errno.EINVAL, hint)
        return number


class RecordedView:
    """A recorded kernel: the same answers on every machine."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.fspath(directory)
        self._btf: Btf | None = None

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

    def btf(self) -> Btf:
        """The recorded types; NotSupported when there are none."""
        if self._btf is None:
            self._btf = _open_btf(f"{self._directory}/btf")
        return self._btf

    def machine(self) -> str:
        """The architecture of the recorded kernel."""
        return _read(f"{self._directory}/machine").strip()

    def module_btf(self) -> Iterator[Btf]:
        """None: what is recorded of modules is among the kernel's own types."""
        return iter(())

    def symbol(self, name: str) -> int:
        """The address of a recorded symbol; SymbolNotFound."""
        symbols = self._table("symbols")
        if name not in symbols:
            raise SymbolNotFound(name, did_you_mean(name, symbols))
        return int(symbols[name], 16)

    def cgroup_id(self, path: str) -> int:
        """The id of a recorded cgroup; SyscallError."""
        cgroups = self._table("cgroups")
        if path not in cgroups:
            raise SyscallError(f"stat {path}", errno.ENOENT)
        return int(cgroups[path])

    def _table(self, file: str) -> dict[str, str]:
        """The second word of each line to the first; nothing where there is no such file."""
        path = f"{self._directory}/{file}"
        lines = _read(path).splitlines() if os.path.exists(path) else []
        return {name: value for value, _, name in (line.partition(" ") for line in lines)}


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _open_btf(path: str, base: Btf | None = None) -> Btf:
    from seismo.btf.spec import Btf  # noqa: PLC0415 (lazy: docs/architecture.md)

    try:
        return Btf.open(path, base)
    except OSError as error:
        hint = "it takes a kernel with CONFIG_DEBUG_INFO_BTF, or $BPFTRACE_BTF to name a file"
        raise NotSupported("kernel types", f"{path}: {error.strerror}", hint) from None


def _unreadable(error: SyscallError) -> NotSupported:
    return NotSupported("tracepoints", f"tracefs cannot be read: {error}", "run as root")
