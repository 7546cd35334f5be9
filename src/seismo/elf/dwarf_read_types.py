"""`TypeReader`: the types that debug information entries describe, as values of `dwarf_types`."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.enum import IntEnum
from seismo.elf.dwarf_classes import is_passed_by_address
from seismo.elf.dwarf_file import DwarfFile, origins, text
from seismo.elf.dwarf_package import DIE, TypeUnit
from seismo.elf.dwarf_registers import size_of
from seismo.elf.dwarf_types import (
    Array,
    Enum,
    Float,
    FunctionPtr,
    Integer,
    Member,
    Pointer,
    Struct,
    Type,
    Void,
)

__all__ = ("STRUCT_KINDS", "TypeReader")

STRUCT_KINDS = {
    "DW_TAG_structure_type": "struct",
    "DW_TAG_union_type": "union",
    "DW_TAG_class_type": "class",
}

_TRANSPARENT = frozenset(
    f"DW_TAG_{name}"
    for name in (
        "typedef",
        "const_type",
        "volatile_type",
        "restrict_type",
        "atomic_type",
        "packed_type",
        "immutable_type",
        "template_alias",
    )
)
_POINTERS = ("DW_TAG_pointer_type", "DW_TAG_reference_type", "DW_TAG_rvalue_reference_type")
_MEMBER_POINTER = "DW_TAG_ptr_to_member_type"
_MAX_DEPTH = 64
"""Types named inside one another; deeper ones are `Void`, lest malformed ones go in a circle."""
_IN_TYPE_UNIT = 1 << 48
"""Added to the offset of what is in `.debug_types`, to tell it from what is in `.debug_info`."""
_PLUS_UCONST = 0x23
"""`DW_OP_plus_uconst`, by which DWARF 2 states a member's offset."""
_BYTE = Integer("unsigned char", 1, False)
_WORD = Integer("long", 8, True)


class _Encoding(IntEnum):
    """`DW_ATE_*`."""

    BOOLEAN = 2
    COMPLEX_FLOAT = 3
    FLOAT = 4
    SIGNED = 5
    SIGNED_CHAR = 6
    UNSIGNED_CHAR = 8
    IMAGINARY_FLOAT = 9
    UTF = 0x10


class TypeReader:
    """Reads types of one file; the structs it gave are known to it by `ident`."""

    def __init__(self, file: DwarfFile) -> None:
        self._file = file
        self._structs: dict[int, DIE] = {}

    def type_of(self, die: DIE, depth: int = 0) -> Type:
        """The type that the entry of a variable, function or pointer refers to."""
        for one in origins(die):
            if "DW_AT_type" in one.attributes:
                return self.read(self._file.referred(one, "DW_AT_type"), depth + 1)
        return Void()

    def read(self, die: DIE, depth: int = 0) -> Type:
        """The type that this entry describes; one of an unknown kind is an array of bytes."""
        die = self._file.defined(die)
        tag = str(die.tag)
        if depth > _MAX_DEPTH or tag == "DW_TAG_unspecified_type":
            # C++'s `nullptr_t` is passed as an address, and Rust's `!` not at all.
            return Pointer(Void()) if "nullptr" in text(die, "DW_AT_name") else Void()
        if tag in _TRANSPARENT:
            return self.type_of(die, depth)
        if tag in _POINTERS:
            target = self.type_of(die, depth)
            return target if isinstance(target, FunctionPtr) else Pointer(target)
        if tag in STRUCT_KINDS:
            return self.struct(die)
        match tag:
            case "DW_TAG_base_type":
                return _base_type(die)
            case "DW_TAG_subroutine_type":
                return FunctionPtr()
            case "DW_TAG_array_type":
                return self._array(die, depth)
            case "DW_TAG_enumeration_type":
                return self._enum(die, depth)
            case "DW_TAG_ptr_to_member_type":
                # Itanium C++ ABI 2.3: one of a function is an address and an adjustment.
                is_function = isinstance(self.type_of(die, depth), FunctionPtr)
                return self.struct(die) if is_function else _WORD
            case _:
                return Array(_BYTE, _number(die, "DW_AT_byte_size"))

    def struct(self, die: DIE) -> Struct:
        """The struct, union or class of this entry; a pointer to a member function is one too."""
        ident = die.offset + (_IN_TYPE_UNIT if isinstance(die.cu, TypeUnit) else 0)
        self._structs[ident] = die
        if die.tag == _MEMBER_POINTER:
            return Struct("struct", "", 2 * _WORD.size, ident)
        kind, size = STRUCT_KINDS[str(die.tag)], _number(die, "DW_AT_byte_size")
        return Struct(kind, text(die, "DW_AT_name"), size, ident)

    def members(self, struct: Struct) -> tuple[Member, ...]:
        """The members in their order, base classes first; none if the struct is only declared."""
        die = self._structs[struct.ident]
        if die.tag == _MEMBER_POINTER:
            return (Member("ptr", _WORD, 0, 0), Member("adj", _WORD, 8, 64))
        return tuple(self._members(die))

    def is_passed_by_address(self, struct: Struct) -> bool:
        """Whether C++ passes the address of a copy, because copying takes more than bytes."""
        return is_passed_by_address(self._file, self._structs[struct.ident])

    def _members(self, die: DIE) -> Iterator[Member]:
        for child in die.iter_children():
            is_base = child.tag == "DW_TAG_inheritance"
            # A static member is a `DW_TAG_member` too before DWARF 5.
            if not is_base and (
                child.tag != "DW_TAG_member" or "DW_AT_external" in child.attributes
            ):
                continue
            offset = _member_offset(child)
            if offset < 0:
                continue
            name = "" if is_base else text(child, "DW_AT_name")
            type_ = self.type_of(child)
            bits = _number(child, "DW_AT_bit_size")
            first = _first_bit(child, offset, size_of(type_)) if bits else offset * 8
            yield Member(name, type_, first // 8, first, bits)

    def _array(self, die: DIE, depth: int) -> Type:
        """`T[2][3]` has its dimensions in one entry, the outermost first."""
        type_ = self.type_of(die, depth)
        is_vector = "DW_AT_GNU_vector" in die.attributes
        for one in reversed(
            [one for one in die.iter_children() if one.tag == "DW_TAG_subrange_type"]
        ):
            count = _number(one, "DW_AT_count")
            if "DW_AT_upper_bound" in one.attributes:
                count = _number(one, "DW_AT_upper_bound") + 1
            type_ = Array(type_, count, is_vector)
        return type_

    def _enum(self, die: DIE, depth: int) -> Enum:
        constants = tuple(
            [
                (text(one, "DW_AT_name"), _number(one, "DW_AT_const_value"))
                for one in die.iter_children()
                if one.tag == "DW_TAG_enumerator"
            ]
        )
        underlying = self.type_of(die, depth)
        is_signed = any(value < 0 for _, value in constants) or (
            isinstance(underlying, Integer) and underlying.signed
        )
        return Enum(text(die, "DW_AT_name"), _number(die, "DW_AT_byte_size"), is_signed, constants)


def _base_type(die: DIE) -> Type:
    name, size = text(die, "DW_AT_name"), _number(die, "DW_AT_byte_size")
    if not size:
        # Rust's `()`.
        return Void()
    match _number(die, "DW_AT_encoding"):
        case _Encoding.FLOAT | _Encoding.IMAGINARY_FLOAT:
            return Float(name, size)
        case _Encoding.COMPLEX_FLOAT:
            return Float(name, size, is_complex=True)
        case _Encoding.BOOLEAN:
            return Integer(name, size, False, is_bool=True)
        case _Encoding.SIGNED_CHAR:
            return Integer(name, size, True, is_char=True)
        case _Encoding.UNSIGNED_CHAR | _Encoding.UTF:
            return Integer(name, size, False, is_char=True)
        case encoding:
            return Integer(name, size, encoding == _Encoding.SIGNED)


def _number(die: DIE, name: str) -> int:
    """A constant attribute; 0 if it is absent, or is computed when the program runs."""
    attribute = die.attributes.get(name)
    return attribute.value if attribute and isinstance(attribute.value, int) else 0


def _member_offset(die: DIE) -> int:
    """In bytes; -1 for a virtual base class, whose place only the object knows."""
    attribute = die.attributes.get("DW_AT_data_member_location")
    value = attribute.value if attribute else 0
    if isinstance(value, int):
        return value
    if not value or value[0] != _PLUS_UCONST:
        return -1
    return sum([(byte & 0x7F) << 7 * index for index, byte in enumerate(value[1:])])


def _first_bit(die: DIE, offset: int, size: int) -> int:
    """Where a bit-field begins: DWARF 2 and 3 count from the end of a word of its type's size."""
    if "DW_AT_data_bit_offset" in die.attributes:
        return _number(die, "DW_AT_data_bit_offset")
    if "DW_AT_bit_offset" not in die.attributes:
        return offset * 8
    word = _number(die, "DW_AT_byte_size") or size
    from_end = _number(die, "DW_AT_bit_offset") + _number(die, "DW_AT_bit_size")
    return (offset + word) * 8 - from_end
