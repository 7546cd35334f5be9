"""`bcc.usdt`: static probes that the authors of programs put into them.

>>> usdt = USDT(pid=1234)
>>> usdt.enable_probe("http__server__request", "on_request")
>>> b = BPF(text=program, usdt_contexts=[usdt])
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property

from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.bcc.errors import BccError
from seismo.bcc.names import Name, as_text
from seismo.bcc.usdt_text import SiteShape, argument_type, site_macros
from seismo.bcc.user_files import open_binary_of
from seismo.bcc.user_probes import UserProbes
from seismo.elf.binary import Binary
from seismo.elf.errors import SymbolMissing
from seismo.elf.locate import executable_mappings
from seismo.elf.registers import instruction_pointer, register_names, register_offset
from seismo.elf.usdt import UsdtProbe
from seismo.elf.usdt_arguments import (
    AtSymbol,
    Constant,
    InMemory,
    InRegister,
    Unreadable,
    UsdtArgument,
)
from seismo.spec.types import UprobeAttach

__all__ = (
    "USDT",
    "Enabled",
    "SitePlan",
    "USDTException",
    "USDTProbe",
    "USDTProbeArgument",
    "USDTProbeLocation",
)


class USDTException(BccError):
    """A static probe that cannot be enabled, or is not there."""


class USDTProbeArgument:
    """Where an argument is, in BCC's words; what does not apply is None. Registers are called as
    the members of `struct pt_regs`."""

    def __init__(self, argument: UsdtArgument, machine: str) -> None:
        self.size = argument.size
        self.signed = argument.signed
        self.constant: int | None = None
        self.deref_offset: int | None = None
        self.deref_ident: bytes | None = None
        self.base_register_name: bytes | None = None
        self.index_register_name: bytes | None = None
        self.scale: int | None = None
        match argument.form:
            case Constant(value):
                self.constant = value
            case InRegister(name):
                self.base_register_name = _member(machine, name)
            case InMemory(base, offset, index, scale):
                self.base_register_name, self.deref_offset = _member(machine, base), offset
                if index:
                    self.index_register_name, self.scale = _member(machine, index), scale
            case AtSymbol(symbol, offset):
                self.deref_ident, self.deref_offset = os.fsencode(symbol), offset

    def __str__(self) -> str:
        """`4 signed   bytes @ di`, `8 unsigned bytes @ *(sp + 16 + ax * 8)`."""
        kind = "signed" if self.signed else "unsigned"
        return f"{self.size} {kind:8} bytes @ {self._place()}"

    def _place(self) -> str:
        if self.constant is not None:
            return str(self.constant)
        base = os.fsdecode(self.base_register_name or b"")
        if self.deref_ident:
            base = f"&{os.fsdecode(self.deref_ident)}"
        if self.deref_offset is None:
            return base or "an unknown place"
        sign = "-" if self.deref_offset < 0 else "+"
        terms = f"{base} {sign} {abs(self.deref_offset)}"
        if self.index_register_name:
            terms += f" + {os.fsdecode(self.index_register_name)}"
            terms += f" * {self.scale}" if self.scale != 1 else ""
        return f"*({terms})"


class USDTProbeLocation:
    """One site of a probe; `address` is as the file has it."""

    def __init__(self, probe: USDTProbe, index: int, site: UsdtProbe) -> None:
        self.probe = probe
        self.index = index
        self.bin_path = probe.bin_path
        self.address = site.address
        self.num_arguments = len(site.arguments)
        self._site = site

    def get_argument(self, index: int) -> USDTProbeArgument:
        """Its argument, counted from 0; `USDTException` for one that it has not."""
        if not 0 <= index < self.num_arguments:
            raise USDTException(f"{self.probe.short_name()} has {self.num_arguments} arguments")
        machine = self.probe.binary.file.machine
        return USDTProbeArgument(self._site.arguments[index], machine)

    def __str__(self) -> str:
        return f"{os.fsdecode(self.bin_path)} {self.address:#x}"


class USDTProbe:
    """A probe of one file, with all of its sites."""

    def __init__(self, binary: Binary, sites: Sequence[UsdtProbe]) -> None:
        first = sites[0]
        self.provider = os.fsencode(first.provider)
        self.name = os.fsencode(first.name)
        self.bin_path = os.fsencode(binary.path)
        self.semaphore = first.semaphore_address
        self.num_locations = len(sites)
        self.num_arguments = len(first.arguments)
        self.binary = binary
        self.sites = tuple(sites)

    def short_name(self) -> str:
        """`provider:name`."""
        return f"{self.sites[0].provider}:{self.sites[0].name}"

    def get_location(self, index: int) -> USDTProbeLocation:
        """A site, counted from 0; `USDTException` for one that it has not."""
        if not 0 <= index < self.num_locations:
            raise USDTException(f"{self.short_name()} is at {self.num_locations} places")
        return USDTProbeLocation(self, index, self.sites[index])

    def __str__(self) -> str:
        return f"{self.short_name()} [sema {self.semaphore:#x}]"


@dataclass(frozen=True, slots=True)
class Enabled:
    """A probe and the function that is to run there, in the process `pid` (0: in all)."""

    probe: USDTProbe
    function: str
    pid: int


class SitePlan:
    """How a program runs at the sites of static probes and reads their arguments."""

    def __init__(self, enabled: Sequence[Enabled]) -> None:
        self._enabled = tuple(enabled)
        self._cookies: dict[SiteShape, int] = {}
        for one in enabled:
            for site in one.probe.sites:
                self._cookies.setdefault(_shape(one.probe, site), len(self._cookies))

    @property
    def places(self) -> list[tuple[bytes, bytes, int, int]]:
        """(file, function, address, process or -1 for all) of every site."""
        return [
            (one.probe.bin_path, os.fsencode(one.function), site.address, one.pid or -1)
            for one in self._enabled
            for site in one.probe.sites
        ]

    @property
    def macros(self) -> dict[str, str]:
        """What the program is compiled with, by names with their parameters."""
        return site_macros(list(self._cookies))

    def attach(self, probes: UserProbes, *, ignores_pid: bool = False) -> None:
        """Run the functions at all sites; the kernel raises their semaphores (Linux 4.20).

        Where sites keep arguments in different places that takes Linux 5.15.
        """
        for one in self._enabled:
            for site in one.probe.sites:
                place = UprobeAttach(
                    one.probe.binary.path,
                    site.offset,
                    semaphore=site.semaphore_offset,
                    pid=0 if ignores_pid else one.pid,
                    cookie=self._cookies[_shape(one.probe, site)],
                )
                probes.attach_at(place, one.function)


class USDT:
    """The static probes of a process's files, or of one file, and which of them a program wants."""

    def __init__(self, pid: int | None = None, path: Name | None = None) -> None:
        """`path` is one, the short name of a library or a command's; with `pid` as that process
        sees it. Raises `USDTException` for neither of them, a process or a file that is not there.
        """
        # Tools hand on the -1 that stands for all processes.
        self.pid = max(pid or 0, 0)
        if not self.pid and not path:
            raise USDTException("which static probes?", "give pid=, path= or both")
        self.path = os.fsencode(path) if path else None
        self.enabled: list[Enabled] = []
        try:
            self._binaries = self._open()
        except (BpfError, OSError) as error:
            raise USDTException(f"static probes of {self._title}: {error}") from error

    @cached_property
    def probes(self) -> tuple[USDTProbe, ...]:
        """All there are, in the order of the files and of their notes."""
        found: list[USDTProbe] = []
        for binary in self._binaries:
            sites: dict[tuple[str, str], list[UsdtProbe]] = {}
            for one in binary.usdt:
                sites.setdefault((one.provider, one.name), []).append(one)
            found += [USDTProbe(binary, one) for one in sites.values()]
        return tuple(found)

    def enumerate_probes(self) -> list[USDTProbe]:
        """The same."""
        return list(self.probes)

    def enumerate_active_probes(self) -> list[tuple[bytes, bytes, int, int]]:
        """(file, function, address, process or -1 for all) of every site that is enabled."""
        return self.plan([self]).places

    def find_probe(self, name: Name) -> USDTProbe:
        """A probe by `name` or `provider:name`.

        Raises `USDTException`, with a near name; also when several providers have one called so.
        """
        wanted = as_text(name)
        found = [one for one in self.probes if wanted in (one.short_name(), _own_name(one))]
        if not found:
            known = {one.short_name() for one in self.probes} | set(map(_own_name, self.probes))
            message = f"no static probe '{wanted}' in {self._title}"
            hint = did_you_mean(wanted, known) or (
                "" if known else "it has none: was it built with them (sys/sdt.h)?"
            )
            raise USDTException(message, hint)
        providers = {one.provider for one in found}
        if len(providers) > 1:
            names = ", ".join(sorted({one.short_name() for one in found}))
            raise USDTException(
                f"several static probes are called '{wanted}'", f"say which: {names}"
            )
        return found[0]

    def enable_probe(self, probe: Name, fn_name: Name) -> None:
        """Let a function of the program run at every site of a probe; `USDTException`."""
        found = self.find_probe(probe)
        self.enabled.append(Enabled(found, as_text(fn_name), self.pid))

    def enable_probe_or_bail(self, probe: Name, fn_name: Name) -> None:
        """The same: an error that is not caught ends the process with 1."""
        self.enable_probe(probe, fn_name)

    def get_probe_arg_ctype(self, probe_name: Name, arg_index: int) -> str:
        """The type that an argument (from 0) has at the first site, as C has it: `int32_t`."""
        location = self.find_probe(probe_name).get_location(0)
        location.get_argument(arg_index)
        return argument_type(self.find_probe(probe_name).sites[0].arguments[arg_index])

    def get_text(self) -> str:
        """The macros by which the program reads arguments; `BPF` has them without this."""
        macros = self.plan([self]).macros
        return "".join([f"#define {name} {text}\n" for name, text in macros.items()])

    def get_context(self) -> USDT:
        """This."""
        return self

    @staticmethod
    def plan(contexts: Sequence[USDT]) -> SitePlan:
        """What a program is to do about all that is enabled."""
        return SitePlan([one for context in contexts for one in context.enabled])

    @property
    def _title(self) -> str:
        process = f"process {self.pid}" if self.pid else ""
        return " in ".join([one for one in (os.fsdecode(self.path or b""), process) if one])

    def _open(self) -> tuple[Binary, ...]:
        if self.path is not None:
            return (open_binary_of(os.fsdecode(self.path), self.pid),)
        return tuple(
            [
                open_binary_of(one, self.pid)
                for one in executable_mappings(self.pid)
                if os.path.exists(f"/proc/{self.pid}/root{one}")
            ]
        )


def _shape(probe: USDTProbe, site: UsdtProbe) -> SiteShape:
    arguments = tuple([_reachable(probe, site, one) for one in site.arguments])
    return SiteShape(probe.binary.file.machine, arguments, probe.short_name())


def _member(machine: str, register: str) -> bytes | None:
    """The member of `struct pt_regs` that a register, or a part of it, is in; None for ''."""
    if not register:
        return None
    offset, _ = register_offset(machine, register)
    return os.fsencode(register_names(machine)[offset // 8])


def _own_name(probe: USDTProbe) -> str:
    return probe.sites[0].name


def _reachable(probe: USDTProbe, site: UsdtProbe, argument: UsdtArgument) -> UsdtArgument:
    """An argument whose place in a variable is told from where the site is."""
    form, file = argument.form, probe.binary.file
    if not isinstance(form, AtSymbol):
        return argument
    try:
        address = probe.binary.symbols.find(form.symbol).address if form.symbol else 0
    except SymbolMissing as error:
        return replace(argument, form=Unreadable(str(error)))
    offset = address + form.offset - site.address
    return replace(argument, form=InMemory(instruction_pointer(file.machine), offset))
