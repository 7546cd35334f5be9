"""What a link tells of itself: `struct bpf_link_info`, of whose union each type has its part.

The fields stand in tables, by the names that the kernel has for them (`event_type` is an event's
`type`). An older kernel fills in less: then a field is 0 or ''.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from ctypes import Array, addressof, c_char, create_string_buffer
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.kernel.abi import Cmd, ObjInfoAttr
from seismo.kernel.link_abi import LinkType, PerfLinkType
from seismo.kernel.protocol import Kernel

__all__ = (
    "LINK_ROWS",
    "PERF_ROWS",
    "Detail",
    "LinkDetails",
    "LinkType",
    "PerfLinkType",
    "link_details",
)

Detail: TypeAlias = int | str | tuple[int, ...]


Row: TypeAlias = tuple[str, str, int]
_Buffer: TypeAlias = Array[c_char]

_INFO_BYTES = 128
_LONGEST_TEXT = 4096
_PERF_TYPE_OFFSET = 16
_ORDER = "<" if sys.byteorder == "little" else ">"
_UPROBE = (("file_name", "s", 24), ("offset", "I", 36), ("cookie", "Q", 40))
_KPROBE = (
    *(("func_name", "s", 24), ("offset", "I", 36), ("addr", "Q", 40), ("missed", "Q", 48)),
    ("cookie", "Q", 56),
)
_AT_INTERFACE = (("ifindex", "I", 16), ("attach_type", "I", 20))
_ONE_MAP = (("map_id", "I", 28),)
_SOME_TASKS = (("tid", "I", 32), ("pid", "I", 36))

LINK_ROWS: Mapping[LinkType, tuple[Row, ...]] = {
    LinkType.RAW_TRACEPOINT: (("tp_name", "s", 16), ("cookie", "Q", 32)),
    LinkType.TRACING: (
        *(("attach_type", "I", 16), ("target_obj_id", "I", 20), ("target_btf_id", "I", 24)),
        ("cookie", "Q", 32),
    ),
    LinkType.CGROUP: (("cgroup_id", "Q", 16), ("attach_type", "I", 24)),
    LinkType.ITER: (("target_name", "s", 16),),
    LinkType.NETNS: (("netns_ino", "I", 16), ("attach_type", "I", 20)),
    LinkType.XDP: (("ifindex", "I", 16),),
    LinkType.KPROBE_MULTI: (
        *(("addrs", "a", 16), ("count", "I", 24), ("flags", "I", 28), ("missed", "Q", 32)),
        ("cookies", "a", 40),
    ),
    LinkType.STRUCT_OPS: (("map_id", "I", 16),),
    LinkType.NETFILTER: (
        *(("pf", "I", 16), ("hooknum", "I", 20), ("priority", "i", 24), ("flags", "I", 28)),
    ),
    LinkType.TCX: _AT_INTERFACE,
    LinkType.UPROBE_MULTI: (
        *(("path", "s", 16), ("offsets", "a", 24), ("ref_ctr_offsets", "a", 32)),
        *(("cookies", "a", 40), ("count", "I", 52), ("flags", "I", 56), ("pid", "I", 60)),
    ),
    LinkType.NETKIT: _AT_INTERFACE,
    LinkType.SOCKMAP: (("map_id", "I", 16), ("attach_type", "I", 20)),
}
"""Name, form and offset of each detail: `s` is the address of a text, `a` that of an array of u64,
other forms are `struct`'s."""

PERF_ROWS: Mapping[PerfLinkType, tuple[Row, ...]] = {
    PerfLinkType.UPROBE: _UPROBE,
    PerfLinkType.URETPROBE: _UPROBE,
    PerfLinkType.KPROBE: _KPROBE,
    PerfLinkType.KRETPROBE: _KPROBE,
    PerfLinkType.TRACEPOINT: (("tp_name", "s", 24), ("cookie", "Q", 40)),
    PerfLinkType.EVENT: (("config", "Q", 24), ("event_type", "I", 32), ("cookie", "Q", 40)),
}
"""The same of links to perf events."""

_ITER_ROWS: Mapping[str, tuple[Row, ...]] = {
    "bpf_map_elem": _ONE_MAP,
    "bpf_sk_storage_map": _ONE_MAP,
    "task": _SOME_TASKS,
    "task_file": _SOME_TASKS,
    "task_vma": _SOME_TASKS,
    "cgroup": (("cgroup_id", "Q", 32), ("order", "I", 40)),
}
# A text's length follows its address, but for this one; an array's length stands by the type.
_PATH_LENGTH = 48
_COUNTS = {LinkType.KPROBE_MULTI: 24, LinkType.UPROBE_MULTI: 52}


@dataclass(frozen=True, slots=True)
class LinkDetails:
    """`type` is a `LinkType`, or the number of one that is newer; `perf_type` says what the event
    of a PERF_EVENT link is, 0 where that is not told."""

    id: int
    type: int
    prog_id: int
    perf_type: int
    details: Mapping[str, Detail]


def link_details(kernel: Kernel, fd: int) -> LinkDetails:
    """BPF_OBJ_GET_INFO_BY_FD of a link, with the texts and arrays that it has. Since Linux 5.8."""
    head = create_string_buffer(_INFO_BYTES)
    known_bytes = _ask(kernel, fd, head)
    type_, number, prog_id = struct.unpack_from(f"{_ORDER}III", head)
    perf_type = 0
    rows = LINK_ROWS[LinkType(type_)] if type_ in LINK_ROWS else ()
    if type_ == LinkType.PERF_EVENT:
        (perf_type,) = struct.unpack_from(f"{_ORDER}I", head, _PERF_TYPE_OFFSET)
        rows = PERF_ROWS[PerfLinkType(perf_type)] if perf_type in PERF_ROWS else ()
    room = _room(head, rows, known_bytes)
    if room:
        _ask(kernel, fd, _asking(head, rows, room))
    details: dict[str, Detail] = {}
    for name, form, at in rows:
        if form in "sa":
            details[name] = _content(room.get(name), form)
        else:
            (details[name],) = struct.unpack_from(_ORDER + form, head, at)
    for name, form, at in _ITER_ROWS.get(str(details.get("target_name")), ()):
        (details[name],) = struct.unpack_from(_ORDER + form, head, at)
    return LinkDetails(number, type_, prog_id, perf_type, details)


def _room(head: _Buffer, rows: tuple[Row, ...], known_bytes: int) -> dict[str, _Buffer]:
    """Buffers for the texts and arrays; none for what the kernel does not know, which it refuses to
    be asked."""
    count = _count(head)
    room: dict[str, _Buffer] = {}
    for name, form, at in rows:
        if form == "s" and _length_at(name, at) + 4 <= known_bytes:
            room[name] = create_string_buffer(_LONGEST_TEXT)
        elif form == "a" and count and at + 8 <= known_bytes:
            room[name] = create_string_buffer(8 * count)
    return room


def _asking(head: _Buffer, rows: tuple[Row, ...], room: Mapping[str, _Buffer]) -> _Buffer:
    """The structure as it asks to fill the buffers."""
    asking = create_string_buffer(_INFO_BYTES)
    (type_,) = struct.unpack_from(f"{_ORDER}I", head)
    for name, form, at in rows:
        if name not in room:
            continue
        struct.pack_into(f"{_ORDER}Q", asking, at, addressof(room[name]))
        if form == "s":
            struct.pack_into(f"{_ORDER}I", asking, _length_at(name, at), len(room[name]))
        else:
            struct.pack_into(f"{_ORDER}I", asking, _COUNTS[type_], _count(head))
    return asking


def _length_at(name: str, at: int) -> int:
    """Where the length of a text stands."""
    return _PATH_LENGTH if name == "path" else at + 8


def _content(buffer: _Buffer | None, form: str) -> Detail:
    if form == "s":
        return buffer.value.decode(errors="replace") if buffer else ""
    return struct.unpack(f"{_ORDER}{len(buffer) // 8}Q", buffer.raw) if buffer else ()


def _count(head: _Buffer) -> int:
    """How many elements the arrays have."""
    (type_,) = struct.unpack_from(f"{_ORDER}I", head)
    if type_ not in _COUNTS:
        return 0
    (count,) = struct.unpack_from(f"{_ORDER}I", head, _COUNTS[LinkType(type_)])
    return int(count)


def _ask(kernel: Kernel, fd: int, buffer: _Buffer) -> int:
    """Fill the structure; how many bytes of it the kernel knows."""
    attr = ObjInfoAttr(bpf_fd=fd, info_len=len(buffer), info=addressof(buffer))
    kernel.bpf(Cmd.OBJ_GET_INFO_BY_FD, attr)
    known: int = attr.info_len
    return known
