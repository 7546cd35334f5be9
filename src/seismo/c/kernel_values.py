"""What relocations are on the kernel at hand, and what they were for the program's own types.

>>> KernelValues(view).value(CoreField("struct sock___old", "sk_state"))
18
"""

from __future__ import annotations

from typing import TypeAlias, final

from seismo.base.errors import NotSupported
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import resolve, size_of, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Enum, Enum64, Int, Kind
from seismo.isa.relo_kinds import CoreKind
from seismo.probes.view import KernelView
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType

__all__ = ("CoreRelocation", "KernelValues", "bits_value", "without_flavour")

CoreRelocation: TypeAlias = CoreField | CoreType | CoreEnumerator

_FLAVOUR = "___"
_KINDS = {
    "struct": (Kind.STRUCT,),
    "union": (Kind.UNION,),
    "enum": (Kind.ENUM, Kind.ENUM64),
    "": (Kind.TYPEDEF,),
}
_EXISTENCE = (CoreKind.FIELD_EXISTS, CoreKind.TYPE_EXISTS, CoreKind.ENUMVAL_EXISTS)
_WORD_BITS = 64


def without_flavour(name: str) -> str:
    """The kernel's name: what follows three underscores only tells a program's types apart.

    >>> without_flavour("struct sock___old")
    'struct sock'
    """
    before, mark, _ = name.partition(_FLAVOUR)
    return before if mark and before and not before.endswith(" ") else name


@final
class KernelValues:
    """Of one kernel, asked through a view; by names alone."""

    def __init__(self, view: KernelView) -> None:
        self._view = view

    def value(self, relocation: CoreRelocation) -> int | None:
        """What it is; 0 or 1 where the question is whether there is such a thing, else None where
        there is none."""
        try:
            found = self._value(self._view.btf(), relocation)
        except (BtfNotFound, NotSupported):
            return 0 if relocation.kind in _EXISTENCE else None
        return 1 if relocation.kind in _EXISTENCE else found

    def _value(self, btf: Btf, relocation: CoreRelocation) -> int:
        match relocation:
            case CoreType(type=name):
                return size_of(btf, _find(btf, name))
            case CoreEnumerator():
                return _enumerator(btf, relocation)
            case CoreField():
                return _field(btf, relocation)


def _find(btf: Btf, words: str) -> int:
    keyword, space, name = without_flavour(words).partition(" ")
    if not space:
        keyword, name = "", keyword
    for kind in _KINDS[keyword]:
        for id in btf.find_all(name, kind):
            return id
    raise BtfNotFound(f"the kernel has no type '{words}'")


def _enumerator(btf: Btf, relocation: CoreEnumerator) -> int:
    enum = btf.type(strip(btf, _find(btf, relocation.enum)))
    name = without_flavour(relocation.name)
    for one in enum.values if isinstance(enum, Enum | Enum64) else ():
        if one.name == name:
            return one.value
    raise BtfNotFound(f"{relocation.enum} has no '{name}'")


def _field(btf: Btf, relocation: CoreField) -> int:
    place = resolve(btf, _find(btf, relocation.record), relocation.path)
    type_ = btf.type(strip(btf, place.type))
    size = size_of(btf, place.type)
    signed = isinstance(type_, Int | Enum | Enum64) and type_.signed
    bits = place.offsets[-1] * 8 + place.bit_offset
    return bits_value(relocation.kind, bits, place.bit_size, size, signed=signed)


def bits_value(kind: CoreKind, bits: int, bit_size: int, size: int, *, signed: bool = False) -> int:
    """What a relocation of a member is that lies `bits` into its record, of a type of `size` bytes;
    `bit_size` is not 0 for a bit field."""
    start = bits // 8
    if bit_size:
        start, size = _unit(bits, bit_size, size)
    match kind:
        case CoreKind.FIELD_BYTE_OFFSET:
            return start
        case CoreKind.FIELD_BYTE_SIZE:
            return size
        case CoreKind.FIELD_SIGNED:
            return int(signed)
        case CoreKind.FIELD_LSHIFT_U64:
            return _WORD_BITS - (bits + (bit_size or size * 8) - start * 8)
        case CoreKind.FIELD_RSHIFT_U64:
            return _WORD_BITS - (bit_size or size * 8)
        case _:
            return 1


def _unit(bits: int, bit_size: int, size: int) -> tuple[int, int]:
    """Start and size in bytes of the aligned integer that has all of a bit field."""
    while size < 8 and bits + bit_size > (bits // 8 // size + 1) * size * 8:
        size *= 2
    return bits // 8 // size * size, size
