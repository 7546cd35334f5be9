"""What the kernel keeps in maps' values for itself: locks, timers, pointers to its objects.

Where they are only the types of the object that the map comes from say: its own BTF.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.btf.layout import size_of, strip
from seismo.btf.types import Array, Ptr, Struct, TypeTable, Union
from seismo.verifier.types import pointed_to, struct_name

__all__ = ("FieldKind", "MapField", "fields_in")


class FieldKind(Enum):
    """What it is; the value is the kernel's name for it in its log."""

    LOCK = "bpf_spin_lock"
    RESILIENT_LOCK = "bpf_res_spin_lock"
    TIMER = "bpf_timer"
    WORK = "bpf_wq"
    LIST = "bpf_list_head"
    NODE = "bpf_list_node"
    TREE = "bpf_rb_root"
    TREE_NODE = "bpf_rb_node"
    COUNT = "bpf_refcount"
    POINTER = "kptr"


_NAMES = {one.value: one for one in FieldKind if one is not FieldKind.POINTER}
_TAGS = ("kptr", "kptr_untrusted", "percpu_kptr", "uptr")
_MOST = 64


@dataclass(frozen=True, slots=True)
class MapField:
    """`size` bytes at `offset`; `type` is the struct that a pointer is to, `is_untrusted` one that
    the program only remembers."""

    kind: FieldKind
    offset: int
    size: int
    type: str = ""
    is_untrusted: bool = False


def fields_in(table: TypeTable, value: int) -> tuple[MapField, ...]:
    """Those in a map's value of this type, by offset; none of what is no struct."""
    return tuple(sorted(_walk(table, value, 0), key=lambda one: one.offset))


def _walk(table: TypeTable, id: int, start: int) -> Iterator[MapField]:
    struct = table.type(strip(table, id))
    if not isinstance(struct, Struct | Union):
        return
    for member in struct.members:
        if member.bit_size:
            continue
        element, count = strip(table, member.type), 1
        type_ = table.type(element)
        if isinstance(type_, Array):
            element, count = strip(table, type_.type), min(type_.count, _MOST)
            type_ = table.type(element)
        size = size_of(table, element) if count else 0
        for index in range(count):
            yield from _element(table, element, start + member.offset + index * size)


def _element(table: TypeTable, id: int, offset: int) -> Iterator[MapField]:
    type_ = table.type(id)
    if isinstance(type_, Ptr):
        target, tags = pointed_to(table, id)
        found = [one for one in _TAGS if one in tags]
        if found:
            name = struct_name(table, target)
            is_untrusted = found[0] == "kptr_untrusted"
            yield MapField(FieldKind.POINTER, offset, 8, name, is_untrusted)
    elif isinstance(type_, Struct):
        kind = _NAMES.get(type_.name)
        if kind is not None:
            yield MapField(kind, offset, type_.size)
        else:
            yield from _walk(table, id, offset)
