"""Programs at static probes that take the arguments themselves, by libbpf's `usdt.bpf.h`.

Such a program is told, by its attach cookie, an index of the map `__bpf_usdt_specs`, where it finds
how to read each argument: `struct __bpf_usdt_spec` of that header, which this writes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack

from seismo.base.bits import align_up
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported
from seismo.elf.binary import Binary
from seismo.elf.errors import SymbolMissing
from seismo.elf.registers import register_offset
from seismo.elf.usdt import UsdtProbe
from seismo.elf.usdt_arguments import (
    AtSymbol,
    Constant,
    InMemory,
    InRegister,
    Unreadable,
    UsdtArgument,
)
from seismo.kernel.features.attaching import PERF_COOKIE
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.uprobe import attach_uprobe
from seismo.objects.attach.user_file import open_named
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link, join_links
from seismo.objects.map import Map
from seismo.objects.program import Program
from seismo.spec.object_attach import UsdtAttach
from seismo.spec.types import UprobeAttach

__all__ = ("USDT_SPECS", "UsdtSpecs", "attach_usdt", "usdt_spec")

USDT_SPECS = "__bpf_usdt_specs"
"""The map that a program with static probes has."""

_ARGUMENT = struct.Struct("=QIhBB")  # struct __bpf_usdt_arg_spec: val_off … arg_bitshift
_TAIL = struct.Struct("=Qh")  # usdt_cookie, arg_cnt
_MOST_ARGUMENTS = 12
_SPEC_BYTES = align_up(_MOST_ARGUMENTS * _ARGUMENT.size + _TAIL.size, 8)
_CONST, _REG, _REG_DEREF = range(3)  # enum __bpf_usdt_arg_type
_U64 = (1 << 64) - 1


class UsdtSpecs:
    """The entries of one object's map of specs: which are taken, and by what.

    Sites whose arguments are found alike share one.
    """

    def __init__(self, specs: Map) -> None:
        if specs.spec.value_size != _SPEC_BYTES:
            why = f"its values have {specs.spec.value_size} bytes, not {_SPEC_BYTES}"
            hint = "the object was compiled with a usdt.bpf.h of another layout"
            raise BadSpec(f"map {specs.spec.name}", why, hint)
        self._map = specs
        self._taken: dict[bytes, int] = {}
        self._users: dict[int, int] = {}

    def take(self, spec: bytes) -> int:
        """The index of an entry that holds `spec`; `BadSpec` when the map is full."""
        index = self._taken.get(spec, -1)
        if index < 0:
            index = next(n for n in range(len(self._users) + 1) if n not in self._users)
            if index >= self._map.spec.max_entries:
                what = f"map {self._map.spec.name}"
                hint = "define BPF_USDT_MAX_SPEC_CNT higher, or attach to fewer static probes"
                raise BadSpec(what, f"all of its {index} entries are taken", hint)
            self._map.put(struct.pack("=I", index), spec)
            self._taken[spec] = index
        self._users[index] = self._users.get(index, 0) + 1
        return index

    def give_back(self, index: int) -> None:
        """One user of the entry less; the last one frees it."""
        self._users[index] -= 1
        if not self._users[index]:
            del self._users[index]
            self._taken = {spec: n for spec, n in self._taken.items() if n != index}


def attach_usdt(program: Program, at: UsdtAttach, kernel: Kernel, specs: UsdtSpecs) -> Link:
    """Run `program` at every site of a static probe, with its arguments told to it by `specs`.

    Raises `BinaryNotFound`, `ElfError`, `SymbolMissing` for a probe that the file does not have,
    `NotSupported` for an argument that such a program cannot read, `BadSpec` when `specs` is full.
    Since Linux 5.15: older ones have no attach cookies.
    """
    cookies = FeatureProbe(kernel).ask(PERF_COOKIE)
    if not cookies.works:
        raise NotSupported(f"static probe {at.provider}:{at.name}", cookies.why, cookies.hint)
    binary = open_named(at.binary, at.pid)
    sites = _sites(binary, at)
    contents = [usdt_spec(one, binary.file.machine, at.cookie) for one in sites]
    with ExitStack() as taken:

        def links() -> Iterator[Link]:
            for site, content in zip(sites, contents, strict=True):
                index = specs.take(content)
                taken.callback(specs.give_back, index)
                place = UprobeAttach(
                    binary.path,
                    site.offset,
                    semaphore=site.semaphore_offset,
                    pid=at.pid,
                    cookie=index,
                )
                yield attach_uprobe(program, place, kernel)

        whole = join_links(links())
        return Link(whole.attached, (*whole.rest, taken.pop_all()))


def _sites(binary: Binary, at: UsdtAttach) -> tuple[UsdtProbe, ...]:
    wanted = (at.provider, at.name)
    sites = tuple([one for one in binary.usdt if (one.provider, one.name) == wanted])
    if not sites:
        known = {f"{one.provider}:{one.name}" for one in binary.usdt}
        name = f"{at.provider}:{at.name}"
        raise SymbolMissing(f"no static probe '{name}' in {binary.path}", did_you_mean(name, known))
    return sites


def usdt_spec(site: UsdtProbe, machine: str, cookie: int = 0) -> bytes:
    """A `struct __bpf_usdt_spec`: how to read the arguments at `site`.

    Raises `NotSupported` for an argument that the header has no form for.
    """
    where = f"static probe {site.provider}:{site.name}"
    if len(site.arguments) > _MOST_ARGUMENTS:
        why = f"it has {len(site.arguments)} arguments, and usdt.bpf.h takes {_MOST_ARGUMENTS}"
        raise NotSupported(where, why)
    parts = [
        _argument(one, machine, f"argument {number} of {where}")
        for number, one in enumerate(site.arguments)
    ]
    arguments = b"".join(parts).ljust(_MOST_ARGUMENTS * _ARGUMENT.size, b"\0")
    return (arguments + _TAIL.pack(cookie & _U64, len(parts))).ljust(_SPEC_BYTES, b"\0")


def _argument(argument: UsdtArgument, machine: str, what: str) -> bytes:
    """A `struct __bpf_usdt_arg_spec`; a register's part is read from where it begins."""
    value, type_, register = 0, _CONST, ""
    match argument.form:
        case Constant(number):
            value = number
        case InRegister(register):
            type_ = _REG
        case InMemory(base, value, "", _) if base:
            type_, register = _REG_DEREF, base
        case Unreadable(why):
            raise NotSupported(what, why)
        case InMemory() | AtSymbol():
            raise NotSupported(what, "usdt.bpf.h reads one register and what it points to")
    offset = register_offset(machine, register)[0] if register else 0
    unused_bits = 64 - 8 * argument.size
    return _ARGUMENT.pack(value & _U64, type_, offset, argument.signed, unused_bits)
