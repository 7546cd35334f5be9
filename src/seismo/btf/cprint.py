"""Types as C: names, declarations, definitions.

>>> declare(btf, id, "handler")
'int (*handler)(struct pt_regs *, long unsigned int)'

A definition has the layout that BTF states, with padding and attributes where C would choose
another. `cheader` arranges definitions into a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from seismo.btf.errors import BtfError
from seismo.btf.layout import MAX_DEPTH, Alignments, describe, size_of
from seismo.btf.placement import Pad, attribute, place_members
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Member,
    Param,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTable,
    TypeTag,
    Union,
    Var,
    Void,
    Volatile,
)

__all__ = ("CPrinter", "Names", "declare", "definition", "tag_word", "type_name")

_MODES = {1: "QI", 2: "HI", 4: "SI", 8: "DI"}
"""GCC's machine modes, by the bytes of an enum that is not as wide as its values ask for."""


def type_name(table: TypeTable, id: int) -> str:
    """The type as a cast has it: `struct sock *`."""
    return CPrinter(table).declare(id, "")


def declare(table: TypeTable, id: int, name: str) -> str:
    """A declaration of `name` with this type, without a semicolon."""
    return CPrinter(table).declare(id, name)


def definition(table: TypeTable, id: int, *, offsets: bool = False) -> str:
    """The type's definition, with its semicolon; `offsets` adds a comment to each member.

    What C cannot define, such as a pointer, is named as in a cast.
    """
    return CPrinter(table, offsets=offsets).definition(id)


class Names:
    """What things are called: as in the BTF. A header has reason to differ."""

    def of(self, _id: int, type_: Type) -> str:
        """The name of a struct, union, enum or typedef."""
        return type_.name

    def enumerator(self, name: str) -> str:
        """The name of an enumerator that is about to be printed."""
        return name


class CPrinter:
    """Spells types; holds what hostile BTF may spend, so that no output grows without bound."""

    def __init__(
        self, table: TypeTable, names: Names | None = None, *, offsets: bool = False
    ) -> None:
        self._table = table
        self._names = names or Names()
        self._offsets = offsets
        self._alignments = Alignments(table)
        self._left = max(1 << 16, 256 * len(table))

    def declare(self, id: int, declarator: str, level: int = 0) -> str:
        """A declaration of `declarator` with this type, spelt from the inside out."""
        qualifiers: list[str] = []
        tags: list[str] = []
        current = id
        for _ in range(MAX_DEPTH):
            self._spend(current, level)
            type_ = self._table.type(current)
            match type_:
                case Const() | Volatile() | Restrict():
                    qualifiers.append(type_.kind.words)
                    current = type_.type
                case TypeTag():
                    tags.append(_attribute_of(type_, "btf_type_tag"))
                    current = type_.type
                case Ptr():
                    declarator = "*" + " ".join(filter(None, (*qualifiers, *tags, declarator)))
                    qualifiers, tags, current = [], [], type_.type
                case Array():
                    declarator = f"{_grouped(declarator)}[{type_.count}]"
                    current = type_.type
                case FuncProto():
                    declarator = f"{_grouped(declarator)}({self._params(type_, level)})"
                    qualifiers, tags, current = [], [], type_.returns
                case _:
                    base = self._specifier(current, type_, level)
                    return " ".join(
                        filter(None, (*dict.fromkeys(qualifiers), base, *tags, declarator))
                    )
        raise BtfError(f"type {id} never ends: a cycle", self._table.position(id))

    def definition(self, id: int) -> str:
        """The type's definition as the module's function of this name has it."""
        type_ = self._table.type(id)
        match type_:
            case Struct() | Union():
                return f"{self.tag(id, type_)} {self._struct_body(id, type_, 0)};{self._sum(id)}"
            case Enum() | Enum64() if type_.values:
                return f"{self.tag(id, type_)} {self._enum_body(id, type_, 0)};"
            case Enum() | Enum64() | Fwd():
                return f"{self.tag(id, type_)};"
            case Typedef():
                return f"typedef {self.declare(type_.type, self._names.of(id, type_))};"
            case Func():
                return f"{self.declare(type_.type, type_.name)};"
            case Var():
                return self._variable(id)
            case Datasec():
                lines = [self._variable(one.type) for one in type_.variables]
                return "\n".join([f"/* section {type_.name} */", *lines])
            case DeclTag():
                tagged = describe(self._table.type(type_.type))
                return f"/* {_attribute_of(type_, 'btf_decl_tag')} on {tagged} */"
            case _:
                return self.declare(id, "")

    def _variable(self, id: int) -> str:
        type_ = self._table.type(id)
        if not isinstance(type_, Var):
            raise BtfError(f"{describe(type_)} is no variable", self._table.position(id))
        return f"extern {self.declare(type_.type, type_.name)};"

    def tag(self, id: int, type_: Struct | Union | Enum | Enum64 | Fwd) -> str:
        """`struct name`, `union name` or `enum name`; one word if there is no name."""
        return f"{tag_word(type_)} {self._names.of(id, type_)}".rstrip()

    def _specifier(self, id: int, type_: Type, level: int) -> str:
        match type_:
            case Void():
                return "void"
            case Int() | Float():
                return type_.name
            case Typedef():
                return self._names.of(id, type_)
            case Struct() | Union():
                body = "" if type_.name else " " + self._struct_body(id, type_, level)
                return self.tag(id, type_) + body
            case Enum() | Enum64():
                body = "" if type_.name else " " + self._enum_body(id, type_, level)
                return self.tag(id, type_) + body
            case Fwd():
                return self.tag(id, type_)
            case _:
                raise BtfError(f"{describe(type_)} is used as a type", self._table.position(id))

    def _params(self, proto: FuncProto, level: int) -> str:
        if not proto.params:
            return "void"
        return ", ".join([self._param(one, level + 1) for one in proto.params])

    def _param(self, param: Param, level: int) -> str:
        if not param.name and param.type == 0:
            return "..."
        return self.declare(param.type, param.name, level)

    def _struct_body(self, id: int, type_: Struct | Union, level: int) -> str:
        lines = list(self._member_lines(id, type_, level + 1))
        inside = "".join([f"{line}\n" for line in lines])
        body = "{\n" + inside + "\t" * level + "}" if lines else "{}"
        extra = attribute(self._alignments, type_, self._alignments.of(id))
        return f"{body} {extra}".rstrip()

    def _member_lines(self, id: int, type_: Struct | Union, level: int) -> Iterator[str]:
        indent = "\t" * level
        for item in place_members(self._table, self._alignments, id, type_):
            if isinstance(item, Pad):
                self._spend(id, level)
                yield f"{indent}{item};"
                continue
            name = f"{item.name}: {item.bit_size}" if item.bit_size else item.name
            yield f"{indent}{self.declare(item.type, name, level)};{self._place(item)}"

    def _place(self, member: Member) -> str:
        """The comment on a member: offsets count from the innermost struct."""
        if not self._offsets:
            return ""
        if member.bit_size:
            return f" /* {member.offset} bit {member.bit_offset % 8}, {member.bit_size} bits */"
        return f" /* {member.offset}, {size_of(self._table, member.type)} bytes */"

    def _sum(self, id: int) -> str:
        return f" /* {size_of(self._table, id)} bytes */" if self._offsets else ""

    def _enum_body(self, id: int, type_: Enum | Enum64, level: int) -> str:
        self._spend(id, level, len(type_.values))
        indent = "\t" * (level + 1)
        lines = [
            f"{indent}{self._names.enumerator(one.name)} = {_literal(one.value)},\n"
            for one in type_.values
        ]
        body = "{\n" + "".join(lines) + "\t" * level + "}"
        if (
            type_.size == _enum_bytes([one.value for one in type_.values])
            or type_.size not in _MODES
        ):
            return body
        return f"{body} __attribute__((mode({_MODES[type_.size]})))"

    def _spend(self, id: int, level: int, amount: int = 1) -> None:
        self._left -= amount
        if level > MAX_DEPTH or self._left < 0:
            raise BtfError(f"type {id} unfolds without end", self._table.position(id))


def tag_word(type_: Struct | Union | Enum | Enum64 | Fwd) -> str:
    """What stands before the type's name: `struct`, `union` or `enum`."""
    match type_:
        case Struct():
            return "struct"
        case Union():
            return "union"
        case Fwd():
            return "union" if type_.is_union else "struct"
        case Enum() | Enum64():
            return "enum"
        case _:
            assert_never(type_)


def _grouped(declarator: str) -> str:
    """A suffix binds tighter than the `*` of a pointer."""
    return f"({declarator})" if declarator.startswith("*") else declarator


def _attribute_of(tag: TypeTag | DeclTag, tag_attribute: str) -> str:
    if tag.is_attribute:
        return f"__attribute__(({tag.name}))"
    return f'__attribute__(({tag_attribute}("{tag.name}")))'


def _enum_bytes(values: list[int]) -> int:
    """What GCC gives an enum: `int` or `unsigned int` if one of them holds all values, else 8."""
    lowest, highest = min(values, default=0), max(values, default=0)
    fits_int = lowest >= -(1 << 31) and highest < 1 << 31
    return 4 if fits_int or 0 <= lowest <= highest < 1 << 32 else 8


def _literal(value: int) -> str:
    """An integer constant; C has no literal for the lowest number, only for what comes after it."""
    if value == -(1 << 63):
        return f"({value + 1}LL - 1)"
    if value >= 1 << 63:
        return f"{value}ULL"
    return f"{value}LL" if not -(1 << 31) <= value < 1 << 32 else str(value)
