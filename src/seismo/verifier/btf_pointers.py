"""Objects of the kernel behind typed pointers: what their members are, and how far those are good.

The rules are btf_struct_walk of kernel/bpf/btf.c and check_ptr_to_btf_access of
kernel/bpf/verifier.c. Which members are trusted the kernel states in its own BTF: the members of
`struct task_struct__safe_rcu` are those of `struct task_struct` that may be followed under RCU.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass, replace
from seismo.btf.layout import bit_field, size_of, strip
from seismo.btf.types import Array, Enum, Enum64, Int, Kind, Member, Ptr, Struct, TypeTable, Union
from seismo.verifier.register import (
    PER_CPU,
    RCU,
    TRUSTED,
    UNKNOWN,
    UNTRUSTED,
    USER,
    Register,
    number,
)
from seismo.verifier.register import Kind as RegisterKind
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.types import KernelTypes, pointed_to, struct_name

__all__ = ("TAG_TRUST", "Found", "is_struct_within", "member_at", "pointer_of")

TAG_TRUST = {"user": USER, "percpu": PER_CPU, "rcu": RCU}
_KEPT = PER_CPU | USER | UNTRUSTED


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at an offset: a number, or a pointer to the struct `target`, or, where that is 0
    and `is_address`, to something else. `member` of the struct `owner` holds it, `trust` is what
    its type's tags say."""

    target: int = 0
    is_address: bool = False
    trust: int = 0
    member: str = ""
    owner: int = 0


def member_at(table: TypeTable, struct: int, offset: int, size: int) -> Found:
    """The member that an access of `size` bytes at `offset` is of; raises Refused."""
    id, at, doubt = struct, offset, 0
    while True:
        type_ = table.type(strip(table, id))
        if not isinstance(type_, Struct | Union):
            raise _beyond(table, struct, offset, size)
        if isinstance(type_, Union) and len(type_.members) != 1:
            # Nobody knows which member it is that was written.
            doubt = UNTRUSTED
        if at + size > type_.size:
            flexible = _flexible_end(table, type_, at)
            if flexible is None:
                raise _beyond(table, struct, offset, size)
            id, at = flexible
            if not isinstance(table.type(id), Struct | Union):
                return Found()
            continue
        inner = _member_in(table, id, at, size, is_exact=not doubt)
        if isinstance(inner, Found):
            return replace(inner, trust=inner.trust | doubt)
        id, at = inner


def _flexible_end(table: TypeTable, type_: Struct | Union, at: int) -> tuple[int, int] | None:
    """The element's type and the offset in it, where `type_` ends in an array without a size."""
    last = type_.members[-1] if type_.members else None
    array = table.type(strip(table, last.type)) if last is not None else None
    if last is None or not isinstance(array, Array) or array.count or at < last.offset:
        return None
    element = strip(table, array.type)
    if not isinstance(table.type(element), Int | Struct | Union):
        return None
    return element, (at - last.offset) % size_of(table, element)


def _member_in(
    table: TypeTable, id: int, at: int, size: int, *, is_exact: bool
) -> Found | tuple[int, int]:
    """What is found in one struct, or which struct in it to look at, and where; unless `is_exact`
    a number may reach beyond its member."""
    type_ = table.type(strip(table, id))
    assert isinstance(type_, Struct | Union), "checked by the caller"
    for one in type_.members:
        member = bit_field(table, one)
        if at + size <= member.offset:
            break
        if member.bit_size:
            end = (member.bit_offset + member.bit_size + 7) // 8
            if at <= member.offset and end <= at + size:
                return Found()
            continue
        if at < member.offset:
            break
        whole = size_of(table, member.type)
        if at >= member.offset + whole:
            continue
        found = _piece(table, member, id, at, size)
        is_number = isinstance(found, Found) and not found.is_address
        if is_number and is_exact and at + size > member.offset + whole:
            raise Refused(
                Rule.BOUNDS,
                f"access beyond the end of member {member.name} of struct {type_.name} "
                f"with off {at} size {size}",
                "read no more than the member has",
            )
        return found
    raise Refused(
        Rule.BOUNDS,
        f"struct {type_.name} doesn't have field at offset {at}",
        "read members whole, and nothing between them",
    )


def _piece(
    table: TypeTable, member: Member, owner: int, at: int, size: int
) -> Found | tuple[int, int]:
    element, start = _element(table, member, at)
    type_ = table.type(element)
    if isinstance(type_, Struct | Union):
        return element, at - start
    if isinstance(type_, Ptr):
        where = f"member {member.name} of struct {struct_name(table, owner)}"
        if size != 8 or at != start:
            raise Refused(
                Rule.BOUNDS,
                f"cannot access ptr {where} with off {at} size {size}",
                "read the whole pointer",
            )
        target, tags = pointed_to(table, element)
        if isinstance(table.type(target), Struct | Union):
            trust = sum(TAG_TRUST.get(tag, 0) for tag in set(tags))
            return Found(target, True, trust, member.name, owner)
        return Found(is_address=True)
    return Found()


def _element(table: TypeTable, member: Member, at: int) -> tuple[int, int]:
    """The type of the array's element at `at` and where that begins; of no array, the member's."""
    id = strip(table, member.type)
    start = member.offset
    type_ = table.type(id)
    while isinstance(type_, Array):
        id = strip(table, type_.type)
        size = size_of(table, id) or 1
        start += (at - start) // size * size
        type_ = table.type(id)
    return id, start


def _beyond(table: TypeTable, struct: int, offset: int, size: int) -> Refused:
    return Refused(
        Rule.BOUNDS,
        f"access beyond struct {struct_name(table, struct)} at off {offset} size {size}",
        "the struct ends before that",
    )


def pointer_of(
    types: KernelTypes, base: Register, found: Found, size: int, *, is_protected: bool, link: int
) -> Register:
    """What a load through `base` gives. `is_protected`: an RCU read section, a lock, or a program
    that cannot sleep; `link` is the `id` of a pointer that may be null."""
    if found.is_address and not found.target:
        # Since Linux 6.17; it was a number before.
        return Register(RegisterKind.MEMORY, is_read_only=True, trust=UNTRUSTED)
    if not found.target:
        return UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(size * 8))
    trust, is_nullable = _followed(types, base, found, is_protected=is_protected)
    return Register(
        RegisterKind.KERNEL,
        id=link if is_nullable else 0,
        is_nullable=is_nullable,
        name=struct_name(types, found.target),
        type=found.target,
        trust=trust,
    )


def _followed(
    types: KernelTypes, base: Register, found: Found, *, is_protected: bool
) -> tuple[int, bool]:
    """The trust of a pointer that was read through another, and whether it may be null."""
    if base.trust & UNTRUSTED:
        return UNTRUSTED, False
    if not base.trust & (TRUSTED | RCU):
        return found.trust & _KEPT, False
    if _is_listed(types, found, "__safe_trusted"):
        return TRUSTED | found.trust & _KEPT, False
    if _is_listed(types, found, "__safe_trusted_or_null"):
        return TRUSTED | found.trust & _KEPT, True
    if not is_protected:
        return UNTRUSTED, False
    if _is_listed(types, found, "__safe_rcu"):
        return RCU | found.trust & _KEPT, False
    if _is_listed(types, found, "__safe_rcu_or_null"):
        return RCU | found.trust & _KEPT & ~UNTRUSTED, True
    if found.trust & RCU:
        return RCU | found.trust & _KEPT, True
    return found.trust & _KEPT, False


def _is_listed(types: KernelTypes, found: Found, suffix: str) -> bool:
    name = struct_name(types, found.owner)
    for id in types.find_all(name + suffix, Kind.STRUCT):
        listed = types.type(id)
        if isinstance(listed, Struct):
            return any(one.name == found.member for one in listed.members)
    return False


def is_struct_within(table: TypeTable, struct: int, offset: int, wanted: int) -> bool:
    """Whether a struct of type `wanted` lies at `offset` in `struct`, or is that itself."""
    id, at = struct, offset
    name = struct_name(table, wanted)
    while True:
        if at == 0 and (id == wanted or (name and struct_name(table, id) == name)):
            return True
        type_ = table.type(id)
        if not isinstance(type_, Struct | Union):
            return False
        inner = next(
            (
                (strip(table, one.type), one.offset)
                for one in type_.members
                if not one.bit_size and one.offset <= at < one.offset + size_of(table, one.type)
            ),
            None,
        )
        if inner is None:
            return False
        element, start = _element(table, Member("", inner[0], inner[1] * 8), at)
        id, at = element, at - start


def is_number(table: TypeTable, id: int) -> bool:
    """Whether a parameter of this type is a number."""
    return isinstance(table.type(strip(table, id)), Int | Enum | Enum64)
