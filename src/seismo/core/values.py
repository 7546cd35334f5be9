"""What a relocation puts into its instruction, of one access to one BTF."""

from __future__ import annotations

from seismo.base.bits import U32_MAX, U64_MAX, sign_extend
from seismo.base.dataclass import dataclass
from seismo.btf.layout import describe, strip
from seismo.btf.types import Enum, Enum64, Int, Member, Struct, Type, Union
from seismo.core.access import ENUMERATOR_KINDS, FIELD_KINDS, Access
from seismo.core.errors import CoreError
from seismo.core.types import bytes_of
from seismo.isa.relo_kinds import CoreKind

__all__ = ("EXISTENCE_KINDS", "Value", "value_of")

EXISTENCE_KINDS = frozenset((
    CoreKind.FIELD_EXISTS,
    CoreKind.TYPE_EXISTS,
    CoreKind.TYPE_MATCHES,
    CoreKind.ENUMVAL_EXISTS,
))  # fmt: skip
"""What asks a question, to which the answer may be no: 0."""


@dataclass(frozen=True, slots=True)
class Value:
    """A u64 `number`. An offset that a load or store may use has the `size` and the type of what is
    there (0 for a bit-field); `is_certain` where the compiler must have come to the same."""

    number: int
    size: int = 0
    type: int = 0
    is_certain: bool = True


def value_of(access: Access) -> Value:
    """The value; `CoreError` when the access has none, `BtfNotFound` for a type without a size."""
    kind = access.kind
    if kind in EXISTENCE_KINDS:
        return Value(1)
    if kind in ENUMERATOR_KINDS:
        return Value(_enumerator(access))
    if kind in FIELD_KINDS:
        return _field(access) if access.steps[-1].name else _element(access)
    if kind is CoreKind.TYPE_SIZE:
        return Value(bytes_of(access.types, access.root))
    # Linkers renumber types and leave instructions as they are.
    return Value(access.root, is_certain=False)


def _enumerator(access: Access) -> int:
    (step,) = access.steps
    type_ = access.types.type(step.type)
    if isinstance(type_, Enum64):
        return type_.values[step.index].value & U64_MAX
    if isinstance(type_, Enum):
        # libbpf has them as `__s32`, unsigned ones too.
        return sign_extend(type_.values[step.index].value, 32)
    raise CoreError(f"{describe(type_)} has no enumerators")


def _element(access: Access) -> Value:
    id = access.steps[-1].type
    size = bytes_of(access.types, id)
    if access.kind is CoreKind.FIELD_BYTE_OFFSET:
        return Value(access.bits // 8, size, id)
    if access.kind is CoreKind.FIELD_BYTE_SIZE:
        return Value(size)
    raise CoreError("an element of an array has only an offset and a size")


def _field(access: Access) -> Value:
    step = access.steps[-1]
    record = access.types.type(step.type)
    if not isinstance(record, Struct | Union):
        raise CoreError(f"{describe(record)} has no members")
    member = record.members[step.index]
    id = strip(access.types, member.type)
    type_ = access.types.type(id)
    is_bit_field = member.bit_size > 0
    if is_bit_field:
        start, size = _unit(access.bits, member, type_)
        bits = member.bit_size
    else:
        start, size = access.bits // 8, bytes_of(access.types, id)
        bits = size * 8
    match access.kind:
        case CoreKind.FIELD_BYTE_OFFSET if is_bit_field:
            return Value(start, is_certain=False)
        case CoreKind.FIELD_BYTE_OFFSET:
            return Value(start, size, id)
        case CoreKind.FIELD_BYTE_SIZE:
            return Value(size, is_certain=not is_bit_field)
        case CoreKind.FIELD_SIGNED:
            return Value(int(isinstance(type_, Int | Enum | Enum64) and type_.signed))
        case CoreKind.FIELD_RSHIFT_U64:
            return Value(64 - bits & U32_MAX)
        case _:
            if access.types.byte_order == "<":
                shift = 64 - (access.bits + bits - start * 8)
            else:
                shift = (8 - size) * 8 + access.bits - start * 8
            return Value(shift & U32_MAX, is_certain=not is_bit_field)


def _unit(bits: int, member: Member, type_: Type) -> tuple[int, int]:
    """Start and size in bytes of the aligned integer that has all of a bit-field.

    A packed one may take a larger integer than the field's own type.
    """
    if not isinstance(type_, Int | Enum | Enum64):
        raise CoreError(f"bit-field '{member.name}' of {describe(type_)}")
    size = type_.size
    while size:
        start = bits // 8 // size * size
        if bits + member.bit_size <= (start + size) * 8:
            return start, size
        if size >= 8:
            break
        size *= 2
    raise CoreError(f"bit-field '{member.name}' does not lie in one integer of 8 bytes")
