"""`BtfTypes`: the types of one BTF blob as types of the language, made when they are asked for.

>>> types = BtfTypes(Btf.open("/sys/kernel/btf/vmlinux"), {})
>>> types.complete(types.find("struct task_struct")).field("comm").type
StringType(size=16)

Records come without their fields, so that a script reads the few that it touches out of 10,000.
One is called by its tag (`struct path`), or by its typedef where it has none (`atomic_t`); one with
neither is spelled out at once, and has its id for a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seismo.base.dataclass import replace
from seismo.btf.layout import Alignments, size_of, strip, visible_members
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Float,
    Fwd,
    Int,
    IntEncoding,
    Kind,
    Member,
    Ptr,
    Restrict,
    Struct,
    Typedef,
    TypeTag,
    Union,
    Volatile,
)
from seismo.btf.types import Type as BtfType
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

__all__ = ("BtfTypes",)

_TAGS = {
    "struct": (Kind.STRUCT,),
    "union": (Kind.UNION,),
    "enum": (Kind.ENUM, Kind.ENUM64),
}
_NAMED = (Kind.TYPEDEF, Kind.INT)


class BtfTypes:
    """Looks types up by their names; `shadows` are records of the script's own, which
    pointers to a type of that name point to."""

    def __init__(self, btf: Btf, shadows: Mapping[str, CType]) -> None:
        self._btf = btf
        self._shadows = shadows
        self._alignments = Alignments(btf)
        self._types: dict[int, Type] = {}

    def find(self, name: str) -> Type:
        """The type called `struct x`, `union x`, `enum x`, by a typedef's or an integer's name.

        KeyError where this blob has none, or only declares it.
        """
        return self._type(self._ids(name)[0])

    def of(self, id: int) -> Type:
        """The type with this id; 0 is void."""
        return self._type(id)

    def c_type(self, name: str) -> CType:
        """The same with size and alignment; KeyError."""
        id = self._ids(name)[0]
        type_ = self._type(id)
        size = 0 if type_ == VOID else size_of(self._btf, id)
        return CType(type_, size, self._alignments.of(id), self._is_char(id))

    def complete(self, record: RecordType) -> RecordType:
        """The record with its fields; KeyError where this blob has none of its name and size.

        A size of 0 is one that is not known. Several drivers may have a struct of one name; the
        first of that size is taken.
        """
        for id in self._ids(record.name):
            inner_id = strip(self._btf, id)
            inner = self._btf.type(inner_id)
            if isinstance(inner, Struct | Union) and record.size in (0, inner.size):
                return replace(record, fields=self._fields(inner_id, inner), size=inner.size)
        raise KeyError(record.name)

    def enumerator(self, name: str) -> tuple[int, IntType]:
        """The value of an enum's constant and the enum's type; KeyError."""
        for id, value in self._btf.find_enumerators(name):
            type_ = self._type(id)
            if isinstance(type_, IntType):
                return value, type_
        raise KeyError(name)

    def near(self, name: str) -> Iterable[str]:
        """Names of the same kind that begin and are about as long like it; reads every name."""
        tag, _, bare = name.rpartition(" ")
        for kind in _TAGS.get(tag, (Kind.TYPEDEF,)):
            for _, known in self._btf.names(kind):
                if known[0] == bare[:1] and abs(len(known) - len(bare)) <= 2:
                    yield f"{tag} {known}".lstrip()

    def _ids(self, name: str) -> list[int]:
        """The ids of the definitions of a name, at least one; KeyError."""
        tag, _, bare = name.rpartition(" ")
        kinds = _TAGS.get(tag)
        if kinds is None:
            kinds, bare = _NAMED, name
        found = [id for kind in kinds for id in self._btf.find_all(bare, kind)]
        if not found:
            raise KeyError(name)
        return found

    def _type(self, id: int) -> Type:
        known = self._types.get(id)
        if known is None:
            # Only malformed BTF leads from here to here by pointers and arrays alone.
            self._types[id] = VOID
            known = self._types[id] = self._made(id)
        return known

    def _made(self, id: int) -> Type:
        inner_id, alias = self._stripped(id)
        match inner := self._btf.type(inner_id):
            case Int():
                return _integer(inner)
            case Ptr():
                return self._pointer(inner)
            case Array():
                element = CType(self._type(inner.type), 0, 1, self._is_char(inner.type))
                return array_of(element, inner.count).type
            case Struct() | Union():
                name = f"{inner.kind.words} {inner.name}" if inner.name else alias
                if name:
                    return RecordType(name, None, inner.size)
                name = f"{inner.kind.words} (unnamed {inner_id})"
                return RecordType(name, self._fields(inner_id, inner), inner.size)
            case Enum() | Enum64():
                name = f"enum {inner.name}" if inner.name else alias or f"enum (unnamed {inner_id})"
                constants = tuple([(one.name, one.value) for one in inner.values])
                return IntType(inner.size * 8, inner.signed, Enumeration(name, constants))
            case Float():
                return ArrayType(UINT8, inner.size)
            case Fwd():
                tag = "union" if inner.is_union else "struct"
                return RecordType(f"{tag} {inner.name}", None, 0)
            case _:
                return VOID

    def _stripped(self, id: int) -> tuple[int, str]:
        """The id behind typedefs and qualifiers, and the last of the typedefs' names."""
        inner_id, alias = strip(self._btf, id), ""
        while id != inner_id:
            type_ = self._btf.type(id)
            if isinstance(type_, Typedef):
                alias = type_.name
            id = _behind(type_)
        return inner_id, alias

    def _pointer(self, pointer: Ptr) -> PointerType:
        """In the space of what it is read from, unless its target is tagged as user memory."""
        target = self._type(pointer.type)
        if isinstance(target, RecordType) and target.name in self._shadows:
            target = RecordType(target.name, None, self._shadows[target.name].size)
        space = "user" if self._is_user(pointer.type) else ""
        return PointerType(None if target == VOID else target, space)

    def _is_user(self, id: int) -> bool:
        inner_id = strip(self._btf, id)
        while id != inner_id:
            type_ = self._btf.type(id)
            if isinstance(type_, TypeTag) and type_.name == "user":
                return True
            id = _behind(type_)
        return False

    def _is_char(self, id: int) -> bool:
        inner = self._btf.type(strip(self._btf, id))
        return isinstance(inner, Int) and inner.name == "char"

    def _fields(self, id: int, record: Struct | Union) -> tuple[RecordField, ...]:
        return tuple(
            [self._field(one, record.size) for one in visible_members(self._btf, id) if one.name]
        )

    def _field(self, member: Member, record_bytes: int) -> RecordField:
        """A member that `visible_members` gave."""
        type_ = self._type(member.type)
        if not member.bit_size:
            return RecordField(member.name, type_, member.offset)
        unit = size_of(self._btf, member.type) * 8
        place = place_bits(member.bit_offset, member.bit_size, unit, record_bytes)
        if isinstance(type_, IntType):
            type_ = replace(type_, bits=place.bits)
        return RecordField(
            member.name,
            type_,
            place.offset,
            bit_offset=place.bit_offset,
            bit_size=member.bit_size,
        )


def _behind(type_: BtfType) -> int:
    """The id that a typedef, qualifier or tag leads to."""
    if isinstance(type_, Typedef | Const | Volatile | Restrict | TypeTag):
        return type_.type
    raise AssertionError(type_)


def _integer(type_: Int) -> Type:
    """GCC's 128-bit integers are bytes here. `char` is signed, as it is in user space: kernels
    since Linux 6.2 are compiled with an unsigned one."""
    if type_.encoding & IntEncoding.BOOL and type_.size == 1:
        return BOOL
    if type_.size > 8:
        return ArrayType(UINT8, type_.size)
    return IntType(type_.size * 8, type_.signed or type_.name == "char")
