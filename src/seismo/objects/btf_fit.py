"""BTF for a kernel that is older than it: what it does not know becomes what it does.

Compilers write kinds that kernels before them refuse, with all that stands beside them. A record is
overwritten in place by one of the same length, so that ids and offsets of strings stay; programs
run the same, only what is shown of such types is poorer.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from weakref import WeakKeyDictionary

from seismo.base.enum import Enum
from seismo.base.errors import SyscallError
from seismo.btf.read import Reader, Record
from seismo.btf.types import (
    DeclTag,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Int,
    Kind,
    Ptr,
    Type,
    TypeTag,
)
from seismo.btf.write import write
from seismo.kernel import bpf
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = ("Novelty", "fit_btf", "novelties", "unknown")

# `struct btf_header`: where `type_off` stands; `type_len`, `str_off` and `str_len` follow.
_TYPE_OFFSET = 8
_INT_BITS = 8


class Novelty(Enum):
    """What came to BTF after it was there."""

    GLOBAL_FUNCTION = "linkage of functions"  # Linux 5.6
    FLOAT = "floating-point numbers"  # 5.13
    DECL_TAG = "declaration tags"  # 5.16
    TYPE_TAG = "type tags"  # 5.17
    ENUM64 = "64-bit and signed enums"  # 6.0


_INT = Int("int", 4)
_SAMPLES: dict[Novelty, tuple[Type, ...]] = {
    Novelty.GLOBAL_FUNCTION: (_INT, FuncProto(0), Func("f", 2, FuncLinkage.GLOBAL)),
    Novelty.FLOAT: (Float("float", 4),),
    Novelty.DECL_TAG: (FuncProto(0), Func("f", 1), DeclTag("tag", 2)),
    Novelty.TYPE_TAG: (_INT, TypeTag("tag", 1), Ptr(2)),
    Novelty.ENUM64: (Enum64("e", 8, (Enumerator("ONE", 1),)),),
}

_answers: WeakKeyDictionary[Kernel, dict[Novelty, bool]] = WeakKeyDictionary()


def novelties(btf: bytes) -> frozenset[Novelty]:
    """What some kernel might not know of this blob. Raises `BtfError` if it is malformed."""
    reader = Reader(btf)
    found = {_novelty(reader.record(id)) for id in reader.ids}
    return frozenset([one for one in found if one is not None])


def unknown(kernel: Kernel, novelty: Novelty) -> bool:
    """Whether the kernel refuses it; tried once."""
    answers = _answers.setdefault(kernel, {})
    if novelty not in answers:
        answers[novelty] = _is_refused(kernel, novelty)
    return answers[novelty]


def _is_refused(kernel: Kernel, novelty: Novelty) -> bool:
    try:
        number = bpf.btf_load(kernel, write(_SAMPLES[novelty]))
    except SyscallError:
        return True
    Fd(kernel, number, "BTF").close()
    return False


def fit_btf(btf: bytes, missing: Collection[Novelty]) -> bytes:
    """The blob without what is `missing`, every other byte as it was but for one type at the end.

    A float becomes a struct of its size, a declaration tag an integer, a type tag `const`, a 64-bit
    enum a union of its size, a global function a static one.
    """
    reader = Reader(btf)
    order = reader.header.byte_order
    blob = bytearray(btf)
    needs_member = False
    for id in reader.ids:
        record = reader.record(id)
        if _novelty(record) not in missing:
            continue
        head = struct.Struct(f"{order}III")
        name, kind, count, value = record.name_offset, record.kind, record.count, record.value
        match kind:
            case Kind.FUNC:
                count = 0
            case Kind.FLOAT:
                name, kind = 0, Kind.STRUCT
            case Kind.DECL_TAG:
                # The smallest integer cannot be larger than what refers to it.
                kind, value = Kind.INT, 1
                struct.pack_into(f"{order}I", blob, record.rest, _INT_BITS)
            case Kind.TYPE_TAG:
                name, kind = 0, Kind.CONST
            case Kind.ENUM64:
                kind = Kind.UNION
                needs_member = True
                for at in range(record.rest, record.rest + 12 * count, 12):
                    struct.pack_into(f"{order}II", blob, at + 4, len(reader), 0)
            case _:  # An enum loses its sign.
                pass
        head.pack_into(blob, record.position, name, kind << 24 | count, value)
    return _with_byte(blob, reader) if needs_member else bytes(blob)


def _novelty(record: Record) -> Novelty | None:
    match record.kind:
        case Kind.FUNC if record.count:
            return Novelty.GLOBAL_FUNCTION
        case Kind.FLOAT:
            return Novelty.FLOAT
        case Kind.DECL_TAG:
            return Novelty.DECL_TAG
        case Kind.TYPE_TAG:
            return Novelty.TYPE_TAG
        case Kind.ENUM64:
            return Novelty.ENUM64
        case Kind.ENUM if record.flag:
            return Novelty.ENUM64
        case _:
            return None


def _with_byte(blob: bytearray, reader: Reader) -> bytes:
    """With one more type at the end, an integer of one byte: members of a union must have some."""
    header = reader.header
    name = header.strings_end - header.strings_start
    record = struct.pack(f"{header.byte_order}IIII", name, Kind.INT << 24, 1, _INT_BITS)
    text = b"enumerator\0"
    types = blob[header.types_start : header.types_end] + record
    strings = blob[header.strings_start : header.strings_end] + text
    head = blob[: header.types_start]
    (start,) = struct.unpack_from(f"{header.byte_order}I", head, _TYPE_OFFSET)
    places = (start, len(types), start + len(types), len(strings))
    struct.pack_into(f"{header.byte_order}IIII", head, _TYPE_OFFSET, *places)
    return bytes(head + types + strings)
