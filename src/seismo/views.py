"""`LiveView` and `RecordedView`: what compile time asks of a kernel, answered live or replayed.

A recording is a directory that `dev/record_view.py` makes:

    events/<category>/<name>/format     as tracefs shows it
    possible_cpus                       the kernel's CPU list: 0-7
    machine                             the architecture: x86_64
    btf                                 some of the kernel's types
    symbols                             lines of an address and a name
    cgroups                             lines of an id and a path
    functions                           as tracefs' available_filter_functions has them
    blacklist                           names that nobody may probe
    features                            what it can do, by the names of `FEATURE_NAMES`
    binaries/<name>                     the files of user space, as scripts name them

What is not there was not recorded: there is none of it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported, SyscallError
from seismo.elf.root import root_of
from seismo.kernel import bpf
from seismo.kernel.btf_object import btf_bytes, open_btf
from seismo.kernel.cgroups import cgroup_id
from seismo.kernel.debugfs import debugfs_file
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.features.record import Answer, FeatureProbe
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.proc import parse_cpu_list, possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.debug_infos import DebugInfos, split_root
from seismo.probes.format import TracepointFormat, parse_format
from seismo.probes.function_list import FilterList, SymbolList, parse_blacklist
from seismo.probes.function_types import function_types
from seismo.probes.view import KernelFunction, SymbolNotFound, TracepointNotFound

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.elf.binary import Binary

__all__ = ("LiveView", "RecordedView")

_BLACKLIST = "kprobes/blacklist"
_BTF_DIRECTORY = "/sys/kernel/btf"
_VMLINUX = f"{_BTF_DIRECTORY}/vmlinux"
_BTF_OVERRIDE = "BPFTRACE_BTF"


class LiveView(DebugInfos):
    """The running kernel; `tracefs` stays the caller's to close.

    `traceable_functions` is a file to take for tracefs' `available_filter_functions`. Files of user
    space are looked up as those see them whose `/` is `root` (`/proc/PID/root`). Where `pid` is not
    0, the files of all processes are those of that one. Features that are `disabled` the kernel
    has not.
    """

    def __init__(
        self,
        kernel: Kernel,
        tracefs: Tracefs,
        traceable_functions: str = "",
        root: str = "",
        *,
        pid: int = 0,
        disabled: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._kernel = kernel
        self._tracefs = tracefs
        self._traceable_functions = traceable_functions
        self._root = root
        self._pid = pid
        self._disabled = disabled
        self._formats: dict[tuple[str, str], TracepointFormat] = {}
        self._btf: Btf | None = None
        self._symbols: Kallsyms | None = None
        self._binaries: dict[str, Binary] = {}
        self._trials = FeatureProbe(kernel)
        self._answers: dict[str, Answer] = {}

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
            path = os.environ.get(_BTF_OVERRIDE) or _VMLINUX
            self._btf = _open_btf(path)
        return self._btf

    def machine(self) -> str:
        """The architecture as `uname -m` prints it."""
        return os.uname().machine

    def module_btf(self, module: str = "") -> Iterator[Btf]:
        """The types of each loaded module, or of the one that is named; none where $BPFTRACE_BTF
        names others. Since Linux 5.11.

        Modules come and go: one that is gone when it is opened is passed over.
        """
        if os.environ.get(_BTF_OVERRIDE) or not os.path.isdir(_BTF_DIRECTORY):
            return
        for name in sorted(os.listdir(_BTF_DIRECTORY)):
            path = f"{_BTF_DIRECTORY}/{name}"
            if name != "vmlinux" and module in ("", name) and os.path.exists(path):
                yield _open_btf(path, self.btf())

    def symbol(self, name: str) -> int:
        """The address of a kernel symbol; SymbolNotFound when there is none that can be seen."""
        try:
            if self._symbols is None:
                self._symbols = Kallsyms(self._symbol_text)
            return self._symbols.address(name)
        except NotInKernel as error:
            raise SymbolNotFound(name, error.hint) from None
        except NotSupported as error:
            raise SymbolNotFound(name, f"{error.why}: {error.hint}") from None

    def cgroup_id(self, path: str) -> int:
        """The id of the cgroup (version 2) whose directory is `path`; SyscallError."""
        return cgroup_id(path)

    def has(self, feature: str) -> bool:
        """Whether the kernel can do it, by the names of `FEATURE_NAMES`; tried, not assumed."""
        return feature not in self._disabled and self._ask(feature).works

    def refusal(self, feature: str) -> tuple[str, str]:
        """(why, hint) of a feature that the kernel has not."""
        if feature in self._disabled:
            return f"the kernel's {feature.replace('_', ' ')} shall not be used", "by --no-feature"
        answer = self._ask(feature)
        return answer.why, answer.hint

    def raw_tracepoints(self) -> None:
        """The types tell them."""

    def absence(self) -> str:
        """Nothing helps."""
        return ""

    def functions(self) -> Sequence[KernelFunction]:
        """Every function that probes may be put on, sorted by name; those of modules, too.

        Those that ftrace can hook, or where the kernel does not list them all that have a symbol.
        A name that several functions have means none of them, so they are left out.
        """
        return self._functions

    def function(self, name: str) -> Sequence[KernelFunction]:
        """The functions of that name: none, one, or several, in several modules or in one."""
        found = self._filter.find(name) or SymbolList(self._symbol_text).find(name)
        if not (found and self._filter.is_empty and self._has_type(name)):
            return found
        return tuple([replace(one, is_traceable=not one.module) for one in found])

    def blacklist(self) -> frozenset[str]:
        """Functions that the kernel lets nobody probe, as far as it tells."""
        return self._blacklist

    def bpf_programs(self) -> Sequence[tuple[int, str]]:
        """(id, name) of each BPF program that is loaded and has BTF. Since Linux 4.18."""
        found: list[tuple[int, str]] = []
        number = bpf.prog_next_id(self._kernel, 0)
        while number:
            name = self._program_name(number)
            found += [(number, name)] if name else []
            number = bpf.prog_next_id(self._kernel, number)
        return tuple(found)

    def binary(self, name: str) -> Binary:
        """The executable or library that a path, a library's name (`libc`) or a command's means, ''
        the program of the process `pid`; BinaryNotFound with a hint."""
        from seismo.elf.locate import locate  # noqa: PLC0415 (lazy: docs/architecture.md)
        from seismo.elf.open import open_binary  # noqa: PLC0415 (lazy: docs/architecture.md)

        if name not in self._binaries:
            root, path = split_root(name or self._program())
            root = root or self._root
            found = locate(path, os.environ, root)
            self._binaries[name] = open_binary(split_root(found)[1] if root else found, root)
        return self._binaries[name]

    def _program(self) -> str:
        """The path of the program that the process `pid` runs; '' without one."""
        try:
            return os.readlink(f"/proc/{self._pid}/exe") if self._pid else ""
        except OSError:
            return ""

    def process_binaries(self, pid: int) -> Sequence[str]:
        """The paths, as `binary` takes them, of the files with code that a process has mapped;
        of all processes with `pid` 0, but for those that may not be asked.

        Raises SyscallError when there is no process `pid`.
        """
        if pid or self._pid:
            return _mapped(pid or self._pid)
        found: dict[str, None] = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    found.update(dict.fromkeys(_mapped(int(name))))
                except SyscallError:
                    continue
        return tuple(found)

    def _ask(self, name: str) -> Answer:
        if name not in self._answers:
            try:
                self._answers[name] = self._try(name)
            except NotSupported as error:
                self._answers[name] = Answer(works=False, why=error.why, hint=error.hint)
        return self._answers[name]

    def _try(self, name: str) -> Answer:
        from seismo.kernel.features.names import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            BTF_TARGETS,
            named_feature,
        )

        btf_id = self._function_id(BTF_TARGETS[name]) if name in BTF_TARGETS else 0
        return self._trials.ask(named_feature(name, btf_id))

    def _function_id(self, name: str) -> int:
        """Its id in the kernel's own BTF."""
        is_other = bool(os.environ.get(_BTF_OVERRIDE))
        found = function_types(_open_btf(_VMLINUX) if is_other else self.btf()).id_of(name)
        if not found:
            raise NotSupported("kernel types", f"they have no function {name}")
        return found

    @cached_property
    def _filter(self) -> FilterList:
        """What ftrace can hook; an empty list where that cannot be found out."""
        if self._traceable_functions:
            return FilterList(self._kernel.read_file(self._traceable_functions))
        try:
            return FilterList(self._tracefs.filter_functions())
        except SyscallError:
            return FilterList(b"")

    @cached_property
    def _symbol_text(self) -> bytes:
        return self._kernel.read_file("/proc/kallsyms")

    @cached_property
    def _functions(self) -> Sequence[KernelFunction]:
        if not self._filter.is_empty:
            return self._filter.all()
        return SymbolList(self._symbol_text).all(self._typed_functions(), self.blacklist())

    def _typed_functions(self) -> frozenset[str]:
        """The kernel's functions of which it has types."""
        try:
            return function_types(self.btf()).names()
        except NotSupported:
            return frozenset()

    def _has_type(self, name: str) -> bool:
        try:
            return name in function_types(self.btf())
        except NotSupported:
            return False

    @cached_property
    def _blacklist(self) -> frozenset[str]:
        try:
            return parse_blacklist(debugfs_file(self._kernel, _BLACKLIST))
        except SyscallError:
            return frozenset()

    def _program_name(self, number: int) -> str:
        """The name of a program's function, which the program's own is a part of, for that has 15
        bytes at most; '' for a program without BTF, and for one that is just going."""
        try:
            with Fd(self._kernel, bpf.prog_open(self._kernel, number), "program") as program:
                info = bpf.prog_info(self._kernel, int(program))
                if not info.btf_id:
                    return ""
                with open_btf(self._kernel, info.btf_id) as fd:
                    functions = _program_functions(btf_bytes(self._kernel, fd))
        except SyscallError:
            return ""
        name = info.name.decode()
        return min(
            sorted(functions),
            key=lambda one: (one != name, not one.startswith(name), name not in one),
            default="",
        )


class RecordedView(DebugInfos):
    """A recorded kernel: the same answers on every machine."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        super().__init__()
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

    def module_btf(self, module: str = "") -> Iterator[Btf]:
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

    def has(self, feature: str) -> bool:
        """Whether the recorded kernel can do it."""
        return feature in self._lines("features")

    def refusal(self, feature: str) -> tuple[str, str]:
        """(why, hint) of what the recorded kernel cannot do."""
        return f"the kernel has no {feature.replace('_', ' ')}", "take another kernel"

    def raw_tracepoints(self) -> None:
        """The types tell them."""

    def absence(self) -> str:
        """Nothing helps."""
        return ""

    def functions(self) -> Sequence[KernelFunction]:
        """The recorded functions of which a name means one, sorted by name."""
        return self._filter.all()

    def function(self, name: str) -> Sequence[KernelFunction]:
        """The recorded functions of that name."""
        return self._filter.find(name)

    def blacklist(self) -> frozenset[str]:
        """The recorded names."""
        return frozenset(self._lines("blacklist"))

    def bpf_programs(self) -> Sequence[tuple[int, str]]:
        """None: programs come and go."""
        return ()

    def binary(self, name: str) -> Binary:
        """The file `binaries/name` of the recording, of a path its last part; BinaryNotFound."""
        from seismo.elf.errors import BinaryNotFound  # noqa: PLC0415 (lazy: docs/architecture.md)
        from seismo.elf.open import open_binary  # noqa: PLC0415 (lazy: docs/architecture.md)

        path = f"{self._directory}/binaries/{os.path.basename(name)}"
        if not os.path.isfile(path):
            raise BinaryNotFound(name, "it was not recorded")
        return open_binary(path)

    def process_binaries(self, pid: int) -> Sequence[str]:
        """The recorded files, of whatever process."""
        directory = f"{self._directory}/binaries"
        return tuple(sorted(os.listdir(directory))) if os.path.isdir(directory) else ()

    @property
    def _filter(self) -> FilterList:
        return FilterList("\n".join(self._lines("functions")).encode())

    def _lines(self, file: str) -> Sequence[str]:
        path = f"{self._directory}/{file}"
        return _read(path).splitlines() if os.path.exists(path) else ()

    def _table(self, file: str) -> dict[str, str]:
        """The second word of each line to the first; nothing where there is no such file."""
        lines = self._lines(file)
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


def _program_functions(data: bytes) -> frozenset[str]:
    from seismo.btf.spec import Btf  # noqa: PLC0415 (lazy: docs/architecture.md)

    return function_types(Btf.from_bytes(data)).names()


def _mapped(pid: int) -> tuple[str, ...]:
    """The files that a process runs code of, by our paths."""
    from seismo.elf.locate import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        executable_mappings,
    )

    found = executable_mappings(pid)
    try:
        root = root_of(pid)
    except OSError as error:
        raise SyscallError(f"stat /proc/{pid}/root", error.errno or 0) from None
    return tuple([root + one for one in found])


def _unreadable(error: SyscallError) -> NotSupported:
    return NotSupported("tracepoints", f"tracefs cannot be read: {error}", "run as root")
