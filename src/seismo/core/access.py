"""Access strings: what `0:3:1` of a type means.

The first number is an index of the type itself (`p[0]`), each other one of a member or an element.
An `Access` has it all: `raw` is the numbers with the types that they count in, `steps` what of them
has a meaning in another BTF, which is named members and elements. For

    struct sample { int a; struct { int b; int c[7]; }; };

`0:1:1:3` is `c[3]`: its steps are the sample, `c` and the element.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.btf.ext import CoreRelo
from seismo.btf.layout import describe, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Enum, Enum64, Struct, Type, TypeTable, Union
from seismo.core.errors import CoreError
from seismo.core.types import LocalTypes, bytes_of
from seismo.isa.relo_kinds import CoreKind

__all__ = (
    "ENUMERATOR_KINDS",
    "FIELD_KINDS",
    "MAX_STEPS",
    "TYPE_KINDS",
    "Access",
    "Step",
    "Types",
    "is_flexible",
    "parse_access",
    "words",
)

Types: TypeAlias = LocalTypes | Btf
"""The two sides of a relocation: the object's types, and those of the kernel or a module."""

FIELD_KINDS = frozenset((
    CoreKind.FIELD_BYTE_OFFSET,
    CoreKind.FIELD_BYTE_SIZE,
    CoreKind.FIELD_EXISTS,
    CoreKind.FIELD_SIGNED,
    CoreKind.FIELD_LSHIFT_U64,
    CoreKind.FIELD_RSHIFT_U64,
))  # fmt: skip
ENUMERATOR_KINDS = frozenset((CoreKind.ENUMVAL_EXISTS, CoreKind.ENUMVAL_VALUE))
TYPE_KINDS = frozenset(CoreKind) - FIELD_KINDS - ENUMERATOR_KINDS

MAX_STEPS = 64
"""Longer access strings are refused, by libbpf too."""

_NUMBERS = re.compile(r"[0-9]+(?::[0-9]+)*")
_NOUNS = {
    CoreKind.FIELD_BYTE_OFFSET: "offset",
    CoreKind.FIELD_BYTE_SIZE: "size",
    CoreKind.FIELD_EXISTS: "existence",
    CoreKind.FIELD_SIGNED: "signedness",
    CoreKind.FIELD_LSHIFT_U64: "left shift",
    CoreKind.FIELD_RSHIFT_U64: "right shift",
    CoreKind.TYPE_ID_LOCAL: "local id",
    CoreKind.TYPE_ID_TARGET: "kernel id",
    CoreKind.TYPE_EXISTS: "existence",
    CoreKind.TYPE_SIZE: "size",
    CoreKind.ENUMVAL_EXISTS: "existence",
    CoreKind.ENUMVAL_VALUE: "value",
    CoreKind.TYPE_MATCHES: "match",
}


@dataclass(frozen=True, slots=True)
class Step:
    """Member or enumerator `name` of `type`, its number `index`; where there is no name, element
    `index` of an array of `type`."""

    type: int
    index: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What of the type `root` a relocation is about, in one BTF; `bits` from its start."""

    types: Types
    root: int
    kind: CoreKind
    steps: tuple[Step, ...] = ()
    raw: tuple[tuple[int, int], ...] = ()
    bits: int = 0

    @property
    def noun(self) -> str:
        """What it names: `struct task_struct: se.vruntime`, `enum pid_type: PIDTYPE_PID`."""
        record = describe(self.types.type(self.root))
        path = ""
        for step in self.steps[self.kind not in ENUMERATOR_KINDS :]:
            path += f".{step.name}" if step.name else f"[{step.index}]"
        first = self.steps[0].index if self.kind in FIELD_KINDS else 0
        start = f"[{first}]" if first else ""
        return f"{record}: {(start + path).removeprefix('.')}" if start + path else record


def words(relo: CoreRelo, noun: str) -> str:
    """The relocation in a message: `struct task_struct: pid, offset (0:75 of type 12)`."""
    what = _NOUNS[CoreKind(relo.kind)] if relo.kind in _NOUNS else f"kind {relo.kind}"
    return f"{noun}, {what} ({relo.access} of type {relo.type})"


def is_flexible(types: TypeTable, step: Step, array: Array) -> bool:
    """Whether the array, which `step` led to, is a struct's open end: any index may be used."""
    if not step.name or array.count:
        return False
    record = types.type(step.type)
    return isinstance(record, Struct | Union) and step.index == len(record.members) - 1


def parse_access(types: Types, relo: CoreRelo) -> Access:
    """What the relocation means in its own object; `CoreError` when that makes no sense."""
    if relo.kind not in _NOUNS:
        raise CoreError(f"relocation of kind {relo.kind}; 12 is the last one known")
    kind = CoreKind(relo.kind)
    types.type(relo.type)
    if kind in TYPE_KINDS:
        if relo.access != "0":
            raise CoreError(f"access string '{relo.access}' of a whole type, which has '0'")
        return Access(types=types, root=relo.type, kind=kind)
    if not _NUMBERS.fullmatch(relo.access):
        raise CoreError(f"access string '{relo.access}': numbers joined by ':' are expected")
    numbers = [int(number) for number in relo.access.split(":")]
    if len(numbers) > MAX_STEPS:
        raise CoreError(f"access string of {len(numbers)} numbers; {MAX_STEPS} at most are allowed")
    walk = _Walk(types, strip(types, relo.type))
    if kind in ENUMERATOR_KINDS:
        walk.enumerator(numbers)
    else:
        walk.start(numbers[0])
        for number in numbers[1:]:
            walk.go(number)
    return Access(
        types=types,
        root=relo.type,
        kind=kind,
        steps=tuple(walk.steps),
        raw=tuple(walk.raw),
        bits=walk.bits,
    )


class _Walk:
    """The state of `parse_access`: the type reached, and the way there."""

    def __init__(self, types: Types, id: int) -> None:
        self.types = types
        self.id = id
        self.steps: list[Step] = []
        self.raw: list[tuple[int, int]] = []
        self.bits = 0

    def _type(self) -> Type:
        self.id = strip(self.types, self.id)
        return self.types.type(self.id)

    def enumerator(self, numbers: list[int]) -> None:
        type_ = self._type()
        if not isinstance(type_, Enum | Enum64) or len(numbers) > 1:
            raise CoreError(f"an enumerator of {describe(type_)} is asked for")
        if numbers[0] >= len(type_.values):
            raise CoreError(f"{describe(type_)} has no enumerator number {numbers[0]}")
        self.steps.append(Step(self.id, numbers[0], type_.values[numbers[0]].name))
        self.raw.append((self.id, numbers[0]))

    def start(self, index: int) -> None:
        self.raw.append((self.id, index))
        self._element(self.id, index)

    def go(self, index: int) -> None:
        type_ = self._type()
        self.raw.append((self.id, index))
        match type_:
            case Struct() | Union():
                self._member(type_, index)
            case Array():
                if index >= type_.count and not is_flexible(self.types, self.steps[-1], type_):
                    raise CoreError(f"[{index}] of an array of {type_.count}")
                self._element(strip(self.types, type_.type), index)
            case _:
                raise CoreError(f"{describe(type_)} has no member or element {index}")

    def _member(self, record: Struct | Union, index: int) -> None:
        if index >= len(record.members):
            raise CoreError(f"{describe(record)} has no member number {index}")
        member = record.members[index]
        if member.name:
            self.steps.append(Step(self.id, index, member.name))
        self._advance(member.bit_offset)
        self.id = member.type

    def _element(self, id: int, index: int) -> None:
        self.id = id
        self.steps.append(Step(id, index))
        self._advance(index * bytes_of(self.types, id) * 8)

    def _advance(self, bits: int) -> None:
        self.bits += bits
        if self.bits > U32_MAX:
            raise CoreError(f"an offset of {self.bits // 8} bytes, more than a program can say")
