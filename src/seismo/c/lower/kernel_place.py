"""Members of the kernel's records whose places are left to the kernel that runs the program.

    %1 = symbol 1152 field_byte_offset(struct task_struct, se.vruntime)
    %2 = symbol 8 field_byte_size(struct task_struct, se.vruntime)
    store.u64 %slot, 0;  call probe_read(%slot, %2, %p0 + %1);  %3 = load.u64 %slot

So a member may have another place and another size. In memory of the program's own a record of the
kernel's lies as it was compiled: that it is so on the kernel, too, is an assumption.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import SourceError
from seismo.c.kernel_paths import KernelPart, NoName, kernel_part
from seismo.c.kernel_values import bits_value
from seismo.c.lower.arithmetic import integer_of
from seismo.c.lower.bits import Bits
from seismo.c.lower.memory import load
from seismo.c.lower.state import Body
from seismo.c.lower.value import KERNEL, USER, Address, Operand
from seismo.c.tree import Dereference, MemberPlace
from seismo.c.types import UNNAMED, Array, CType, Pointer, Record
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.isa.relo_kinds import CoreKind
from seismo.spec.relocations import CoreField, CoreType

__all__ = (
    "Elsewhere",
    "address_of_member",
    "assume_members",
    "assume_storage",
    "element_bytes",
    "find_member",
    "get_member",
)

_WORD_BYTES = 8
_HINT = "name what it is a member of: p->outer.inner"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A member behind an address of the kernel's, or of the context."""

    address: Address
    part: KernelPart


def find_member(low: Body, place: MemberPlace) -> Elsewhere | Address | Bits | None:
    """Where a member is whose place is open: `Address` or `Bits` in memory that a program may use;
    None for what has its place from the program. All that is assumed of it is told."""
    try:
        part = kernel_part(place, low.state.host.opens)
    except NoName as error:
        raise SourceError(error.span, str(error), _HINT) from None
    if part is None:
        return None
    root = part.root
    if not isinstance(root, Dereference):
        _assume_part(low, part)
        return None
    base = low.pointed(low.operand(root.pointer))
    low.b.span = place.span
    is_far = base.space in (KERNEL, USER)
    if part.bit_size and not is_far:
        _assume_part(low, part)
        return Bits(base, root.type.size, part.bit_offset, part.bit_size)
    if base.space.is_context:
        return Elsewhere(base.at(part.bit_offset // 8), part)
    offset = _value(low, part, CoreKind.FIELD_BYTE_OFFSET)
    alignment = min(part.type.alignment, _WORD_BYTES)
    address = Address(low.b.add(base.base, offset), 0, base.space, alignment)
    if not is_far:
        # As iterators hand it out.
        _assume_size(low, part)
        return address
    return Elsewhere(address, part)


def address_of_member(low: Body, found: Elsewhere) -> Address:
    """Where it is, for who does more than read it: in the context by its place here, on which the
    program relies then."""
    if found.address.space.is_context:
        _assume_part(low, found.part)
    return found.address


def _value(low: Body, part: KernelPart, kind: CoreKind) -> Value:
    """A relocation of the member."""
    relocation = replace(part.field, kind=kind)
    return low.state.host.kernel_value(low.b, relocation, _own_value(part, kind))


def _own_value(part: KernelPart, kind: CoreKind) -> int:
    """What it is of the types that the program was compiled with."""
    return bits_value(kind, part.bit_offset, part.bit_size, part.type.size)


def _assume(low: Body, part: KernelPart, kind: CoreKind) -> None:
    low.state.assume(replace(part.field, kind=kind), _own_value(part, kind), low.b.span)


def _assume_part(low: Body, part: KernelPart) -> None:
    """Rely on the member being where it is here, and as large."""
    _assume(low, part, CoreKind.FIELD_BYTE_OFFSET)
    _assume_size(low, part)
    if part.bit_size:
        _assume(low, part, CoreKind.FIELD_LSHIFT_U64)
        _assume(low, part, CoreKind.FIELD_RSHIFT_U64)


def _assume_size(low: Body, part: KernelPart) -> None:
    if not isinstance(part.type, Record | Array | Pointer):
        _assume(low, part, CoreKind.FIELD_BYTE_SIZE)


def assume_storage(low: Body, type_: CType) -> None:
    """Rely on the kernel's records in memory of the program's own being as large as they are
    here."""
    match type_:
        case Array(element=element):
            assume_storage(low, element)
        case Record() if low.state.host.opens(type_):
            low.state.assume(CoreType(_name(low, type_)), type_.size, low.b.span)
        case Record(origin="") if low.state.host.opens_any:
            for member in type_.members:
                assume_storage(low, member.type)
        case _:
            pass


def assume_members(low: Body, type_: CType) -> None:
    """Rely on all members of a record of the kernel's being where they are here."""
    if isinstance(type_, Record) and low.state.host.opens(type_):
        for member in type_.members:
            if member.name and not member.bit_size:
                field = CoreField(_name(low, type_), member.name)
                low.state.assume(field, member.offset, low.b.span)


def _name(low: Body, record: Record) -> str:
    """What another kernel's is found by; SourceError."""
    if record.origin == UNNAMED:
        raise SourceError(low.b.span, str(NoName(low.b.span)), _HINT)
    return record.origin


def get_member(low: Body, found: Elsewhere, type_: CType) -> Operand:
    """The scalar that a member is."""
    part, address = found.part, found.address
    if address.space.is_context:
        offset = address.space.offset
        return low.state.entry.load_context(low, offset, type_, part.field)
    if part.bit_size:
        return _get_bits(low, part, address, type_)
    if isinstance(type_, Pointer):
        return load(low, address, type_)
    if integer_of(type_).is_signed:
        _assume_wide(low, part)
    _read(low, part, address)
    signed = integer_of(type_).is_signed
    value = low.b.load(low.scratch.base, low.scratch.offset, type_.size, signed=signed)
    return Operand(value, type_)


def _read(low: Body, part: KernelPart, address: Address) -> None:
    """As many bytes as the member has, into 8 that are zero."""
    b, to = low.b, low.scratch
    b.store(to.base, to.offset, b.const(0), _WORD_BYTES)
    size = _value(low, part, CoreKind.FIELD_BYTE_SIZE)
    reader = low.state.host.reader(is_user=address.space == USER)
    b.call(reader, low.readable(to, _WORD_BYTES), size, address.base)


def _get_bits(low: Body, part: KernelPart, address: Address, type_: CType) -> Operand:
    """A bit field, whose integer may lie elsewhere, and the field elsewhere in that."""
    b = low.b
    _read(low, part, address)
    whole = b.load(low.scratch.base, low.scratch.offset, _WORD_BYTES)
    signed = integer_of(type_).is_signed
    left = _value(low, part, CoreKind.FIELD_LSHIFT_U64)
    right = _value(low, part, CoreKind.FIELD_RSHIFT_U64)
    high = b.binary(BinaryKind.SHL, whole, left)
    return Operand(b.binary(BinaryKind.SAR if signed else BinaryKind.SHR, high, right), type_)


def _assume_wide(low: Body, part: KernelPart) -> None:
    """Rely on a signed member having no fewer bytes than here: its sign is in the last of them."""
    low.state.assume(
        replace(part.field, kind=CoreKind.FIELD_BYTE_SIZE),
        part.type.size,
        low.b.span,
        unless=Cond.LT,
    )


def element_bytes(low: Body, type_: CType) -> Value | None:
    """How far apart elements of a type are; None where the program knows."""
    match type_:
        case Array(element, int(count)):
            size = element_bytes(low, element)
            return size and low.b.binary(BinaryKind.MUL, size, low.b.const(count))
        case Record() if low.state.host.opens(type_) and not type_.is_flavour:
            whole = CoreType(_name(low, type_))
            return low.state.host.kernel_value(low.b, whole, type_.size)
        case _:
            return None
