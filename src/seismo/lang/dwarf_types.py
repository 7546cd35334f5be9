"""The types that a program's debug information tells, as types of the language.

>>> parameters_type(told).field("name").type        # void greet(const char *name, int times)
PointerType(target=IntType(bits=8, signed=True), space='')

Structs come by name and size and are spelled out where a script touches them: they have this module
for a `source`, since a kernel's struct of the same name is another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from seismo.base.dataclass import replace
from seismo.elf.dwarf_registers import size_of
from seismo.elf.dwarf_types import (
    Array,
    Enum,
    Float,
    FunctionPtr,
    Integer,
    Member,
    Parameter,
    Pointer,
    Struct,
    Void,
)
from seismo.elf.dwarf_types import Type as DwarfType
from seismo.elf.registers import argument_registers, register_offset
from seismo.lang.clayout import CType, array_of, place_bits
from seismo.lang.types import (
    BOOL,
    UINT8,
    VOID,
    ArrayType,
    Enumeration,
    IntType,
    PointerType,
    RecordField,
    RecordType,
    Type,
)
from seismo.probes.arguments import DwarfArguments, Structs

__all__ = ("DwarfTypes", "parameters_type")

_WORD_BYTES = 8


class DwarfTypes:
    """The types of one binary; `told` is what its debug information tells of structs."""

    def __init__(self, told: Structs) -> None:
        self._told = told
        self._structs: dict[tuple[str, int], Struct] = {}

    def of(self, type_: DwarfType) -> Type:
        """The type; floating-point numbers and integers of 128 bits are bytes."""
        match type_:
            case Void():
                return VOID
            case Integer():
                return _integer(type_)
            case Float():
                return ArrayType(UINT8, type_.size)
            case Pointer():
                target = self.of(type_.target)
                return PointerType(None if target == VOID else target, "")
            case FunctionPtr():
                return PointerType(None, "")
            case Array():
                element = CType(self.of(type_.element), 0, 1, _is_char(type_.element))
                return array_of(element, type_.count).type
            case Enum():
                name = f"enum {type_.name}".rstrip()
                constants = Enumeration(name, type_.constants)
                return IntType(type_.size * 8, type_.signed, constants)
            case Struct():
                return self._record(type_)
            case _:
                assert_never(type_)

    def complete(self, record: RecordType) -> RecordType:
        """The record with its fields; one of another binary has none here."""
        struct = self._structs.get((record.name, record.size))
        if struct is None:
            return replace(record, fields=())
        struct = self._told.definition(struct)
        return replace(record, fields=tuple(self._fields(struct)), size=struct.size)

    def _record(self, struct: Struct) -> RecordType:
        kind = "union" if struct.kind == "union" else "struct"
        name = f"{kind} {struct.name or f'(unnamed {struct.ident:#x})'}"
        self._structs.setdefault((name, struct.size), struct)
        return RecordType(name, None, struct.size, source=self)

    def _fields(self, struct: Struct, at: int = 0) -> Iterator[RecordField]:
        """The members, those of base classes and of members without a name among them."""
        for one in self._told.members(struct):
            if one.name:
                yield from self._field(one, at, struct.size)
            elif isinstance(one.type, Struct):
                yield from self._fields(one.type, at + one.offset)

    def _field(self, member: Member, at: int, record_bytes: int) -> Iterator[RecordField]:
        """Nothing for a bit-field that no integer of 64 bits holds."""
        type_ = self.of(member.type)
        if not member.bit_size:
            yield RecordField(member.name, type_, at + member.offset)
            return
        unit = size_of(member.type) * 8
        try:
            place = place_bits(member.bit_offset, member.bit_size, unit, record_bytes)
        except ValueError:
            return
        if isinstance(type_, IntType):
            type_ = replace(type_, bits=place.bits)
        yield RecordField(
            member.name,
            type_,
            at + place.offset,
            bit_offset=place.bit_offset,
            bit_size=member.bit_size,
        )


def parameters_type(told: DwarfArguments) -> RecordType:
    """What `args` points to at a function's entry: `struct pt_regs`, seen as its parameters.

    Those in vector registers or on the stack are left out, and structs whose halves lie apart.
    """
    types = DwarfTypes(told.structs)
    fields = [
        field
        for one in told.function.parameters
        for field in _parameter(one, types, told.machine)
        if one.name
    ]
    size = max([one.offset + _WORD_BYTES for one in fields], default=0)
    return RecordType(told.function.name, tuple(fields), size)


def _parameter(parameter: Parameter, types: DwarfTypes, machine: str) -> Iterator[RecordField]:
    first = parameter.register_index
    if first < 0:
        return
    names = argument_registers(machine)[first : first + parameter.register_count]
    offsets = [register_offset(machine, one)[0] for one in names]
    # x86-64 pushes its registers in no order that a struct of two words could be read from.
    if any(one != offsets[0] + _WORD_BYTES * index for index, one in enumerate(offsets)):
        return
    type_ = types.of(parameter.type)
    if parameter.is_address:
        type_ = PointerType(type_, "")
    elif size_of(parameter.type) > _WORD_BYTES * len(names):
        return
    yield RecordField(parameter.name, type_, offsets[0])


def _integer(type_: Integer) -> Type:
    if type_.is_bool and type_.size == 1:
        return BOOL
    if type_.size > _WORD_BYTES:
        return ArrayType(UINT8, type_.size)
    return IntType(type_.size * 8, type_.signed)


def _is_char(type_: DwarfType) -> bool:
    return isinstance(type_, Integer) and type_.is_char and type_.size == 1
