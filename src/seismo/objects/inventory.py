"""What is in the kernel, anybody's: programs, maps, links and types, as records.

>>> for one in programs(kernel):
...     print(one.id, one.type_name, one.name)

Needs CAP_SYS_ADMIN. Since Linux 4.13; types since 4.18, links since 5.8.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Iterator, Mapping

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import IntEnum
from seismo.btf.read import Reader
from seismo.btf.spec import Btf
from seismo.btf.types import Func
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import BPF_OBJ_NAME_LEN, BpfMapInfo, BpfProgInfo
from seismo.kernel.btf_object import btf_bytes, btf_info, open_btf
from seismo.kernel.fd import Fd
from seismo.kernel.link_details import Detail, LinkType, PerfLinkType, link_details
from seismo.kernel.object_ids import Kind, fd_details, open_by_id, opened
from seismo.kernel.prog_arrays import prog_arrays
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map

__all__ = (
    "BtfRecord",
    "LinkRecord",
    "MapRecord",
    "ProgramRecord",
    "attach_type_name",
    "btf_record",
    "btfs",
    "function_names",
    "link_record",
    "links",
    "map_record",
    "maps",
    "open_map",
    "program_record",
    "programs",
    "type_name",
    "types_of",
)

_U32 = "<I" if sys.byteorder == "little" else ">I"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRecord:
    """A program. `type` may be newer than `ProgType`; `name` is whole where its BTF has it, else
    its first 15 characters; `loaded_ns` counts from 1970; sizes are bytes, `memlock` all of it.

    Runs are counted while statistics are on (5.1), recursion misses since 5.12. `attach_btf_id` is
    what it traces in the BTF object `attach_btf_obj_id` (6.0).
    """

    id: int
    type: int
    name: str
    tag: str
    is_gpl: bool
    loaded_ns: int
    uid: int
    xlated_bytes: int
    jited_bytes: int
    memlock: int
    map_ids: tuple[int, ...]
    btf_id: int
    run_count: int
    run_time_ns: int
    recursion_misses: int
    verified_insns: int
    attach_btf_obj_id: int
    attach_btf_id: int
    ifindex: int

    @property
    def type_name(self) -> str:
        """As bpftool prints it: `sched_cls`, `type 99` for one that is newer."""
        return type_name(ProgType, self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRecord:
    """A map. `flags` are the kernel's `BPF_F_*`; key and value types are ids in the BTF object
    `btf_id`, a struct_ops' type is `vmlinux_value_type` of the kernel's own.

    `owner_type` is the `ProgType` of the programs that an array of programs takes (-1: not yet
    known, or not of that kind), `is_owner_jited` whether those are compiled.
    """

    id: int
    type: int
    name: str
    flags: int
    key_size: int
    value_size: int
    max_entries: int
    extra: int
    memlock: int
    is_frozen: bool
    btf_id: int
    key_type: int
    value_type: int
    vmlinux_value_type: int
    owner_type: int
    is_owner_jited: bool
    ifindex: int

    @property
    def type_name(self) -> str:
        """As bpftool prints it: `percpu_hash`."""
        return type_name(MapType, self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """A link. `details` are the type's own, by the kernel's names for them (`attach_type`, a
    number, may be named by `attach_type_name`); `perf_type` is a `PerfLinkType` or 0."""

    id: int
    type: int
    prog_id: int
    perf_type: int = 0
    details: Mapping[str, Detail] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        """As bpftool prints it: `raw_tracepoint`."""
        return type_name(LinkType, self.type)

    @property
    def perf_type_name(self) -> str:
        """`kretprobe`, `tracepoint`, …; '' where there is no perf event, or it is not told."""
        return type_name(PerfLinkType, self.perf_type) if self.perf_type else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BtfRecord:
    """Type information; `name` is `vmlinux` or a module's, '' for a program's. `size` in bytes."""

    id: int
    name: str
    size: int
    is_kernel: bool


def programs(kernel: Kernel) -> Iterator[ProgramRecord]:
    """Every program, lowest id first; one that goes away meanwhile is left out."""
    for fd in opened(kernel, Kind.PROGRAM):
        yield _program(kernel, fd)


def program_record(kernel: Kernel, number: int) -> ProgramRecord:
    """The program of that id; raises `NotInKernel`."""
    with open_by_id(kernel, Kind.PROGRAM, number) as fd:
        return _program(kernel, fd)


def maps(kernel: Kernel) -> Iterator[MapRecord]:
    """Every map, lowest id first."""
    for fd in opened(kernel, Kind.MAP):
        yield _map(kernel, fd)


def map_record(kernel: Kernel, number: int) -> MapRecord:
    """The map of that id; raises `NotInKernel`."""
    with open_by_id(kernel, Kind.MAP, number) as fd:
        return _map(kernel, fd)


def open_map(kernel: Kernel, number: int) -> Map:
    """The map of that id, to read and write; raises `NotInKernel`."""
    return Map.adopt(kernel, open_by_id(kernel, Kind.MAP, number))


def links(kernel: Kernel) -> Iterator[LinkRecord]:
    """Every link, lowest id first."""
    for fd in opened(kernel, Kind.LINK):
        yield _link(kernel, fd)


def link_record(kernel: Kernel, number: int) -> LinkRecord:
    """The link of that id; raises `NotInKernel`."""
    with open_by_id(kernel, Kind.LINK, number) as fd:
        return _link(kernel, fd)


def btfs(kernel: Kernel) -> Iterator[BtfRecord]:
    """All type information, lowest id first."""
    for fd in opened(kernel, Kind.BTF):
        yield _btf(kernel, fd)


def btf_record(kernel: Kernel, number: int) -> BtfRecord:
    """The type information of that id; raises `NotInKernel`."""
    with open_by_id(kernel, Kind.BTF, number) as fd:
        return _btf(kernel, fd)


def types_of(kernel: Kernel, number: int) -> Btf:
    """The types of the BTF object of that id; raises `NotInKernel`."""
    with open_by_id(kernel, Kind.BTF, number) as fd:
        record = _btf(kernel, fd)
        data = btf_bytes(kernel, fd)
    if not record.is_kernel or record.name == "vmlinux":
        return Btf(data, name=record.name)
    base = next(one.id for one in btfs(kernel) if one.is_kernel and one.name == "vmlinux")
    return Btf(data, types_of(kernel, base), record.name)


def function_names(kernel: Kernel, fd: Fd) -> tuple[tuple[int, str], ...]:
    """(first slot, name) of each function of a program; none of one without BTF."""
    info = bpf.prog_info(kernel, int(fd))
    if not info.btf_id or not info.nr_func_info:
        return ()
    with open_btf(kernel, info.btf_id) as types:
        reader = Reader(btf_bytes(kernel, types))
    found: list[tuple[int, str]] = []
    for row in prog_arrays(kernel, int(fd), "func_info")["func_info"]:
        slot, id = struct.unpack_from(f"{_U32}I", row)
        function = reader.type(id)
        found.append((slot, function.name if isinstance(function, Func) else ""))
    return tuple(found)


def type_name(kind: type[IntEnum], number: int) -> str:
    """The enumerator in small letters, `type 99` for one that is newer than we are."""
    try:
        return kind(number).name.lower()
    except ValueError:
        return f"type {number}"


def attach_type_name(number: int) -> str:
    """As bpftool prints it: `trace_fentry`."""
    return type_name(AttachType, number)


def _program(kernel: Kernel, fd: Fd) -> ProgramRecord:
    raw: BpfProgInfo = bpf.prog_info(kernel, int(fd))
    details = fd_details(kernel, fd)
    since_boot = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    name = raw.name.decode(errors="replace")
    if len(name) == BPF_OBJ_NAME_LEN - 1:
        first = function_names(kernel, fd)[:1]
        name = first[0][1] if first and first[0][1].startswith(name) else name
    return ProgramRecord(
        id=raw.id,
        type=raw.type,
        name=name,
        tag=bytes(raw.tag).hex(),
        is_gpl=bool(raw.gpl_compatible & 1),
        loaded_ns=since_boot + raw.load_time,
        uid=raw.created_by_uid,
        xlated_bytes=raw.xlated_prog_len,
        jited_bytes=raw.jited_prog_len,
        memlock=int(details.get("memlock", 0)),
        map_ids=_map_ids(kernel, fd) if raw.nr_map_ids else (),
        btf_id=raw.btf_id,
        run_count=raw.run_cnt,
        run_time_ns=raw.run_time_ns,
        recursion_misses=raw.recursion_misses,
        verified_insns=raw.verified_insns,
        attach_btf_obj_id=raw.attach_btf_obj_id,
        attach_btf_id=raw.attach_btf_id,
        ifindex=raw.ifindex,
    )


def _map_ids(kernel: Kernel, fd: Fd) -> tuple[int, ...]:
    rows = prog_arrays(kernel, int(fd), "map_ids")["map_ids"]
    return tuple([struct.unpack(_U32, row)[0] for row in rows])


def _map(kernel: Kernel, fd: Fd) -> MapRecord:
    raw: BpfMapInfo = bpf.map_info(kernel, int(fd))
    details = fd_details(kernel, fd)
    return MapRecord(
        id=raw.id,
        type=raw.type,
        name=raw.name.decode(errors="replace"),
        flags=raw.map_flags,
        key_size=raw.key_size,
        value_size=raw.value_size,
        max_entries=raw.max_entries,
        extra=raw.map_extra,
        memlock=int(details.get("memlock", 0)),
        is_frozen=details.get("frozen") == "1",
        btf_id=raw.btf_id,
        key_type=raw.btf_key_type_id,
        value_type=raw.btf_value_type_id,
        vmlinux_value_type=raw.btf_vmlinux_value_type_id,
        owner_type=int(details.get("owner_prog_type", -1)),
        is_owner_jited=details.get("owner_jited") == "1",
        ifindex=raw.ifindex,
    )


def _link(kernel: Kernel, fd: Fd) -> LinkRecord:
    told = link_details(kernel, int(fd))
    return LinkRecord(
        id=told.id,
        type=told.type,
        prog_id=told.prog_id,
        perf_type=told.perf_type,
        details=told.details,
    )


def _btf(kernel: Kernel, fd: Fd) -> BtfRecord:
    told = btf_info(kernel, fd)
    return BtfRecord(id=told.id, name=told.name, size=told.size, is_kernel=told.is_kernel)
