"""Records of the kernel that built-ins read by themselves: where BTF says that their members are.

>>> parent, name = read_members(low, "struct kernfs_node", node, "parent", "name")
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.errors import CompilerBug, SourceError
from seismo.base.layout import Int
from seismo.builtin.portable import load_member
from seismo.builtin.record import Lowering
from seismo.ir.ops import Value
from seismo.lang.sizes import size_of
from seismo.lang.type_names import spelled_out
from seismo.lang.types import IntType, PointerType, RecordType, Type
from seismo.spec.relocations import CoreField, CoreType

__all__ = ("at_start", "has_member", "offset_of", "read_members", "record_size")

_POINTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Member:
    """A number or a pointer: its place in the record, in bytes."""

    offset: int
    size: int
    signed: bool


def has_member(low: Lowering, record: str, name: str) -> bool:
    """Whether the kernel's record has a member of this name."""
    fields = low.types.complete(RecordType(record, None, 0)).fields
    return any(one.name == name for one in fields or ())


def offset_of(low: Lowering, record: str, path: str) -> Value:
    """Where a member begins: `d_name.len` is the member `len` of the member `d_name`.

    Raises SourceError, at the call being lowered, for a member that the kernel has not.
    """
    return low.kernel_value(CoreField(record, path), _find(low, record, path)[0])


def record_size(low: Lowering, record: str) -> Value:
    """How many bytes the kernel's record has."""
    return low.kernel_value(CoreType(record), size_of(low.types.find(record)))


def at_start(low: Lowering, record: str, path: str) -> None:
    """What follows relies on the member being the first: its address is the record's."""
    low.assume(CoreField(record, path), _find(low, record, path)[0])


def read_members(low: Lowering, record: str, pointer: Value, *paths: str) -> tuple[Value, ...]:
    """The numbers and pointers that members of the kernel's record at `pointer` hold.

    They are read by one call, with all that lies between them, unless that may be anything on
    another kernel. If that fails they are 0, and it is counted. Raises SourceError as `offset_of`
    does.
    """
    b, members = low.b, [_member(low, record, path) for path in paths]
    if low.options.is_portable:
        return tuple(
            [
                load_member(
                    low,
                    b.add(pointer, low.kernel_value(CoreField(record, path), one.offset)),
                    "kernel",
                    CoreField(record, path),
                    Int(one.size, one.signed),
                )
                for path, one in zip(paths, members, strict=True)
            ]
        )
    # Where every member is as aligned as it is in the record: the verifier asks that of a stack.
    start = min(one.offset for one in members) & -_POINTER_BYTES
    size = max(one.offset + one.size for one in members) - start
    to = low.temporary("members", size)
    at = b.add(pointer, b.const(start)) if start else pointer
    low.read_memory(to, b.const(size), at, "kernel")
    return tuple(
        [
            b.load(to.base, to.offset + one.offset - start, one.size, signed=one.signed)
            for one in members
        ]
    )


def _member(low: Lowering, record: str, path: str) -> _Member:
    offset, type_ = _find(low, record, path)
    match type_:
        case IntType():
            return _Member(offset, type_.bits // 8, type_.signed)
        case PointerType():
            return _Member(offset, _POINTER_BYTES, signed=False)
        case _:
            raise CompilerBug("lower", f"{path} of {record} does not fit a register")


def _find(low: Lowering, record: str, path: str) -> tuple[int, Type]:
    """Where the member is, and its type."""
    offset, type_ = 0, low.types.complete(RecordType(record, None, 0))
    for name in path.split("."):
        try:
            field = low.types.complete(type_).field(name)
        except KeyError:
            hint = "they are in /sys/kernel/btf/vmlinux, where the kernel has CONFIG_DEBUG_INFO_BTF"
            message = f"this needs '{path}' of {record}, which the kernel's types do not tell"
            raise SourceError(low.b.span, message, hint) from None
        offset += field.offset
        found = spelled_out(field.type, low.types)
        if not isinstance(found, RecordType):
            return offset, found
        type_ = found
    return offset, type_
