"""Objects and kernels made up at random: types that nearly agree, and relocations between them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from seismo.base.bits import U64_MAX, align_up, fits_signed, to_signed
from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import BpfError
from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Enumerator,
    Float,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Param,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Volatile,
)
from seismo.btf.write import write
from seismo.core.access import ENUMERATOR_KINDS, TYPE_KINDS, parse_access
from seismo.core.types import LocalTypes
from seismo.core.values import Value, value_of
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import LD_IMM64, AluOp, Class, Mode, Size
from seismo.isa.relo_kinds import CoreKind

__all__ = ("SCALARS", "CoreCase", "KernelOf", "core_case")

SCALARS: tuple[Type, ...] = (
    Int("int", 4, IntEncoding.SIGNED),
    Int("unsigned int", 4),
    Int("char", 1, IntEncoding.SIGNED | IntEncoding.CHAR),
    Int("signed char", 1, IntEncoding.SIGNED),
    Int("u8", 1),
    Int("u16", 2),
    Int("u64", 8),
    Int("bool", 1, IntEncoding.BOOL),
    Float("double", 8),
)
NAMES = ("one", "one___old", "one___", "two", "one____x", "a___b", "a___b___c")
MEMBERS = ("a", "b", "c", "d")
ENUMERATORS = ("RED", "GREEN", "RED___old", "BLUE")
VALUES = (0, 1, 5, -1, -7, (1 << 31) - 1)
WIDE_VALUES = (0, 1, 5, 1 << 33, 1 << 63)
_SIZES = {1: Size.B, 2: Size.H, 4: Size.W, 8: Size.DW}


class KernelOf:
    """A kernel that has these types, and modules that go on where they end."""

    def __init__(self, vmlinux: Btf, **modules: Btf) -> None:
        self.vmlinux = vmlinux
        self._modules = modules

    def modules(self) -> Iterator[tuple[str, Btf]]:
        return iter(self._modules.items())


@dataclass(frozen=True, slots=True)
class CoreCase:
    """A program with its relocations, the types that it was compiled for, and a kernel's."""

    local: tuple[Type, ...]
    kernel: tuple[Type, ...]
    insns: tuple[Insn, ...]
    relos: tuple[CoreRelo, ...]


def core_case(random: Random) -> CoreCase:
    """A case of a few relocations; some make no sense, as is the way with randomness."""
    local = _Types(random).types
    kernel = _changed(random, local) if random.random() < 0.8 else _Types(random).types
    table = LocalTypes(Btf.from_bytes(write(local)))
    insns: list[Insn] = []
    relos: list[CoreRelo] = []
    for index in range(random.randint(1, 3)):
        relos.append(_relocation(random, local, index))
        insns.append(_instruction(random, _old_value(table, relos[-1])))
    return CoreCase(tuple(local), tuple(kernel), tuple(insns), tuple(relos))


class _Types:
    """Types that refer to earlier ones, but for pointers; `sizes` has 0 for what has none."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.types = [*SCALARS]
        self.sizes = [one.size for one in SCALARS if isinstance(one, Int | Float)]
        choices = [self.record, self.record, self.record, self.enum, self.derived, self.pointer]
        for _ in range(random.randint(3, 24)):
            type_, size = random.choice(choices)()
            self.types.append(type_)
            self.sizes.append(size)

    def earlier(self) -> int:
        return self.random.randint(1, len(self.types))

    def record(self) -> tuple[Type, int]:
        kind = self.random.choice((Struct, Union))
        has_bit_fields = self.random.random() < 0.4
        members: list[Member] = []
        names: set[str] = set()
        bits = 0
        for _ in range(self.random.randint(0, 4)):
            id = self.earlier()
            type_ = self.types[id - 1]
            is_record = isinstance(type_, Struct | Union)
            name = "" if is_record and self.random.random() < 0.6 else self.random.choice(MEMBERS)
            shown = {name} if name else _visible(self.types, id)
            if shown & names or (not self.sizes[id - 1] and not isinstance(type_, Array)):
                continue
            names |= shown
            width = 0
            if has_bit_fields and isinstance(type_, Int | Enum) and self.random.random() < 0.7:
                width = self.random.randint(1, type_.size * 8)
            start = bits if width else align_up(bits, 8)
            members.append(Member(name, id, 0 if kind is Union else start, width))
            bits = start + (width or self.sizes[id - 1] * 8)
        size = max(align_up(bits, 8) // 8, 1)
        name = self.random.choice(NAMES) if self.random.random() < 0.7 else ""
        return kind(name, size, tuple(members)), size

    def enum(self) -> tuple[Type, int]:
        name = self.random.choice((*NAMES, ""))
        names = self.random.sample(ENUMERATORS, self.random.randint(0, 3))
        if self.random.random() < 0.3:
            wide = [Enumerator(one, self.random.choice(WIDE_VALUES)) for one in names]
            return Enum64(name, 8, tuple(wide)), 8
        size = self.random.choice((4, 4, 4, 1, 8))
        values = [Enumerator(one, self.random.choice(VALUES)) for one in names]
        return Enum(name, size, tuple(values), signed=True), size

    def derived(self) -> tuple[Type, int]:
        id = self.earlier()
        size = self.sizes[id - 1]
        kind = self.random.randrange(4)
        if kind == 0:
            return self.random.choice((Const, Volatile, Restrict))(id), size
        if kind == 1:
            return TypeTag("tag", id), size
        if kind == 2 and 0 < size < 4096:
            count = self.random.choice((0, 0, 1, 2, 3))
            return Array(id, 1, count), size * count
        return Typedef(self.random.choice(NAMES), id), size

    def pointer(self) -> tuple[Type, int]:
        kind = self.random.randrange(4)
        if kind == 0:
            return Fwd(self.random.choice(NAMES), self.random.random() < 0.3), 0
        if kind == 1:
            params = [Param("p", self.earlier()) for _ in range(self.random.randint(0, 2))]
            return FuncProto(self.random.choice((0, self.earlier())), tuple(params)), 0
        return Ptr(self.earlier()), 8


def _visible(types: list[Type], id: int) -> set[str]:
    """The names of a record's members, those of unnamed ones too."""
    record = types[id - 1]
    names: set[str] = set()
    if isinstance(record, Struct | Union):
        for member in record.members:
            names |= {member.name} if member.name else _visible(types, member.type)
    return names


def _changed(random: Random, types: list[Type]) -> list[Type]:
    """The types of another version: most are as they were."""
    return [*SCALARS, *[_changed_type(random, one) for one in types[len(SCALARS) :]]]


def _changed_type(random: Random, type_: Type) -> Type:
    if random.random() < 0.6:
        return type_
    match type_:
        case Struct() | Union():
            members = [*type_.members]
            if random.random() < 0.3:
                random.shuffle(members)
            elif members and random.random() < 0.3:
                members.pop(random.randrange(len(members)))
            elif members and members[-1].name and random.random() < 0.5:
                id = random.randint(1, len(SCALARS))
                place = members[-1].bit_offset // 8 * 8
                members[-1] = replace(members[-1], type=id, bit_offset=place, bit_size=0)
            moved = [replace(one, bit_offset=one.bit_offset + 64) for one in members]
            return replace(type_, members=tuple(moved), size=type_.size + 8)
        case Enum() | Enum64():
            return replace(type_, values=type_.values[::-1])
        case Array():
            return replace(type_, count=random.randint(0, 4))
        case Typedef() | Fwd():
            return replace(type_, name=random.choice(NAMES))
        case _:
            return type_


def _relocation(random: Random, types: list[Type], index: int) -> CoreRelo:
    named = [id for id, one in enumerate(types, 1) if one.name and id > len(SCALARS)]
    id = random.choice(named or [1])
    kind = random.choice([*CoreKind, CoreKind.FIELD_BYTE_OFFSET, CoreKind.FIELD_BYTE_OFFSET])
    if isinstance(types[id - 1], Enum | Enum64):
        kind = random.choice([*ENUMERATOR_KINDS, *TYPE_KINDS])
    if kind in TYPE_KINDS:
        numbers = [0]
    elif kind in ENUMERATOR_KINDS:
        numbers = [random.randint(0, 1)]
    else:
        numbers = [random.choice((0, 0, 0, 1)), *_path(random, types, id)]
    access = ":".join([str(number) for number in numbers])
    return CoreRelo(instruction=index, type=id, access=access, kind=kind)


def _path(random: Random, types: list[Type], id: int) -> Iterator[int]:
    """Numbers that lead from a type to something in it, mostly."""
    for _ in range(random.randint(1, 8)):
        type_ = types[id - 1] if id else None
        match type_:
            case Typedef() | Const() | Volatile() | Restrict() | TypeTag():
                id = type_.type
            case Struct() | Union() if type_.members:
                number = random.randrange(len(type_.members))
                yield number
                id = type_.members[number].type
            case Array():
                yield random.randrange(type_.count or 3)
                id = type_.type
            case _:
                return


def _old_value(table: LocalTypes, relo: CoreRelo) -> Value:
    try:
        return value_of(parse_access(table, relo))
    except BpfError:
        return Value(0)


def _instruction(random: Random, old: Value) -> Insn:
    """An instruction that has the value, but for a few that have another."""
    number = old.number + (random.random() < 0.03)
    short = to_signed(number, 32)
    form = random.randrange(3)
    if form == 0 and fits_signed(short, 16):
        size = _SIZES.get(old.size, Size.DW)
        kind = random.choice((Class.LDX, Class.STX, Class.ST))
        return Insn(kind | Mode.MEM | size, Reg.R1, Reg.R0 if kind == Class.ST else Reg.R2, short)
    if form == 1:
        return Insn(LD_IMM64, Reg.R1, Reg.R0, 0, number & U64_MAX)
    kind = random.choice((Class.ALU, Class.ALU64))
    return Insn(kind | random.choice((AluOp.MOV, AluOp.ADD)), Reg.R1, Reg.R0, 0, short)
