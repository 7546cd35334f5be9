"""`BtfTypes`: the types of one BTF blob as types of C, made when they are asked for.

A record has its members only once they are looked at, so that a program reads the few records that
it touches out of 10,000; each id has one `Record`. BTF states no alignments: they are inferred from
the offsets (`btf.layout.Alignments`).
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.btf.layout import Alignments, bit_field, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Array as BtfArray
from seismo.btf.types import (
    Const,
    Enum,
    Enum64,
    Float,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Kind,
    Ptr,
    Restrict,
    Struct,
    Typedef,
    TypeTag,
    Union,
    Volatile,
)
from seismo.btf.types import Member as BtfMember
from seismo.btf.types import Type as BtfType
from seismo.c.basic_types import basic_type, named
from seismo.c.types import (
    BOOL,
    INT,
    S8,
    S64,
    SHORT,
    U8,
    U16,
    U32,
    U64,
    UNNAMED,
    VOID,
    Array,
    CType,
    Enumeration,
    Function,
    Integer,
    Member,
    Pointer,
    Record,
)

__all__ = ("BtfTypes", "Shared")

Shared: TypeAlias = dict[tuple[str, str], Record]
"""By keyword and tag: records that stand for every type of that name, whatever its id. They are
those which a program defines itself, and those which some blob only declares."""

_RECORDS = {"struct": Kind.STRUCT, "union": Kind.UNION}
_ENUMS = (Kind.ENUM, Kind.ENUM64)
_INTEGERS = {(one.size, one.is_signed): one for one in (U8, U16, U32, U64, S8, SHORT, INT, S64)}


class BtfTypes:
    """Types by name and id; `base` has the types of the kernel that a module's BTF goes on from."""

    def __init__(self, btf: Btf, shared: Shared, base: BtfTypes | None = None) -> None:
        self._btf = btf
        self._shared = shared
        self._base = base
        self._alignments = Alignments(btf)
        self._word_aligned: dict[int, bool] = {}
        self._types: dict[int, CType] = {}
        self._first_id = btf.ids.start if base else 0

    def typedef(self, name: str) -> CType:
        """The type that the typedef means; KeyError."""
        return self.of(self._first(name, Kind.TYPEDEF))

    def has_typedef(self, name: str) -> bool:
        """Whether there is such a typedef; makes no types."""
        return bool(self._btf.find_all(name, Kind.TYPEDEF))

    def record(self, keyword: str, tag: str) -> Record:
        """The first definition of `struct tag` or `union tag`; KeyError."""
        found = self.of(self._first(tag, _RECORDS[keyword]))
        assert isinstance(found, Record)
        return found

    def made_record(self, keyword: str, tag: str) -> Record:
        """The same, if there is an object for it already; KeyError."""
        found = self._types[self._first(tag, _RECORDS[keyword])]
        assert isinstance(found, Record)
        return found

    def enumeration(self, tag: str) -> Enumeration:
        """The first definition of `enum tag`; KeyError."""
        for kind in _ENUMS:
            for id in self._btf.find_all(tag, kind):
                found = self.of(id)
                assert isinstance(found, Enumeration)
                return found
        raise KeyError(tag)

    def enumerator(self, name: str) -> tuple[int, Enumeration]:
        """The value of an enum's constant and the enum; KeyError."""
        for id, _ in self._btf.find_enumerators(name):
            found = self.of(id)
            if isinstance(found, Enumeration):
                return dict(found.constants)[name], found
        raise KeyError(name)

    def names_like(self, name: str, *kinds: Kind) -> set[str]:
        """The names of these kinds that begin as `name` does and are about as long; reads all."""
        return {
            known
            for kind in kinds
            for _, known in self._btf.names(kind)
            if known[0] == name[:1] and abs(len(known) - len(name)) <= 2
        }

    def of(self, id: int) -> CType:
        """The type with this id; 0 is void."""
        if self._base and id < self._first_id:
            return self._base.of(id)
        known = self._types.get(id)
        if known is None:
            # Only malformed BTF leads from here to here by pointers and arrays alone.
            self._types[id] = VOID
            known = self._types[id] = self._made(id, self._btf.type(id))
        return known

    def _first(self, name: str, kind: Kind) -> int:
        for id in self._btf.find_all(name, kind):
            return id
        raise KeyError(name)

    def _made(self, id: int, type_: BtfType) -> CType:
        match type_:
            case Struct() | Union():
                return self._record(id, type_)
            case Int():
                return _integer(type_)
            case Ptr():
                return Pointer(self.of(type_.type), self._is_user(type_.type))
            case BtfArray():
                return Array(self.of(type_.type), type_.count or None)
            case Typedef():
                inner = self.of(type_.type)
                if isinstance(inner, Record) and inner.origin == UNNAMED:
                    inner.origin = type_.name
                return named(inner, type_.name) if isinstance(inner, Integer) else inner
            case Const() | Volatile() | Restrict() | TypeTag():
                return self.of(type_.type)
            case Enum() | Enum64():
                return _enumeration(type_)
            case Fwd():
                return self._declared(type_)
            case FuncProto():
                return self._function(type_)
            case Float():
                return Array(U8, type_.size)
            case _:
                return VOID

    def _record(self, id: int, type_: Struct | Union) -> Record:
        keyword = type_.kind.words
        record = self._shared.get((keyword, type_.name)) if type_.name else None
        if record is None:
            record = Record(keyword, type_.name)
        if not record.is_complete:
            alignment = self._alignment(id, type_)
            record.complete(type_.size, alignment, lambda: self._members(type_))
            record.origin = f"{keyword} {type_.name}" if type_.name else UNNAMED
        return record

    def _alignment(self, id: int, type_: Struct | Union) -> int:
        """That of `Alignments`, which reads all that is nested in the record, by a short way where
        that changes nothing: something of 8 bytes is at its place, and all that is at no place for
        8 bytes is at its own. (The six records of Linux 6.18 that nest `__int128` are taken for
        less; they are `struct slab`, `kmem_cache_cpu` and what is in them.)
        """
        if type_.size % 8 or not all(self._is_placed(one) for one in type_.members):
            return self._alignments.of(id)
        members = [one for one in type_.members if not (one.bit_size or one.bit_offset % 64)]
        if any(self._takes(one) == 64 for one in members) or any(map(self._needs_word, members)):
            return 8
        return self._alignments.of(id)

    def _is_placed(self, member: BtfMember) -> bool:
        """Whether it is where it would be if the record had an alignment of 8 and no packing."""
        takes = self._takes(member)
        if member.bit_size:
            return 0 < takes <= 64 and member.bit_offset % takes + member.bit_size <= takes
        if member.bit_offset % 64 == 0:
            return takes <= 64
        return member.bit_offset % (takes or self._alignments.of(member.type) * 8) == 0

    def _takes(self, member: BtfMember) -> int:
        """The bits of a pointer or a number; 0 for all else."""
        match self._btf.type(strip(self._btf, member.type)):
            case Ptr():
                return 64
            case Int(size=size) | Enum(size=size) | Enum64(size=size):
                return size * 8
        return 0

    def _needs_word(self, member: BtfMember) -> bool:
        """Whether it is a record that is aligned to 8."""
        id = strip(self._btf, member.type)
        type_ = self._btf.type(id)
        if id not in self._word_aligned and isinstance(type_, Struct | Union):
            # Only malformed BTF has a record in itself.
            self._word_aligned[id] = False
            self._word_aligned[id] = self._alignment(id, type_) == 8
        return self._word_aligned.get(id, False)

    def _declared(self, type_: Fwd) -> Record:
        """What is only declared here may be defined under another id, or by a module, or by the
        program."""
        keyword = "union" if type_.is_union else "struct"
        try:
            return self.record(keyword, type_.name)
        except KeyError:
            return self._shared.setdefault((keyword, type_.name), Record(keyword, type_.name))

    def _members(self, type_: Struct | Union) -> tuple[Member, ...]:
        return tuple([self._member(one) for one in type_.members])

    def _member(self, member: BtfMember) -> Member:
        placed = bit_field(self._btf, member)
        return Member(placed.name, self.of(placed.type), placed.bit_offset, placed.bit_size)

    def _function(self, type_: FuncProto) -> Function:
        params = type_.params
        is_variadic = bool(params) and not params[-1].name and params[-1].type == 0
        taken = params[:-1] if is_variadic else params
        types = tuple([self.of(one.type) for one in taken])
        return Function(self.of(type_.returns), types, is_variadic)

    def _is_user(self, id: int) -> bool:
        """Whether a qualifier of what a pointer points to says that it is the user's memory."""
        type_ = self._btf.type(id)
        while isinstance(type_, Const | Volatile | Restrict | TypeTag):
            if isinstance(type_, TypeTag) and type_.name == "user":
                return True
            type_ = self._btf.type(type_.type)
        return False


def _integer(type_: Int) -> Integer:
    """`char` is signed, as it is to compilers of BPF: kernels since Linux 6.2 are compiled with an
    unsigned one."""
    if type_.encoding & IntEncoding.BOOL and type_.size == 1:
        return BOOL
    try:
        found = basic_type(type_.name.split())
    except KeyError:
        return Integer(type_.name, type_.size, type_.signed)
    return found if isinstance(found, Integer) and found.size == type_.size else _sized(type_)


def _sized(type_: Int) -> Integer:
    return Integer(type_.name, type_.size, type_.signed)


def _enumeration(type_: Enum | Enum64) -> Enumeration:
    """Before Linux 6.0, BTF does not say which enums have negative values."""
    integer = _INTEGERS[type_.size, type_.signed]
    constants = tuple([(one.name, one.value) for one in type_.values])
    return Enumeration(type_.name, integer, constants)
