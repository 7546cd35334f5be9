"""Of which type a buffer's records are, as far as its object tells."""

from __future__ import annotations

from collections.abc import Iterable

from seismo.api.codec import Codec
from seismo.api.errors import WrongType
from seismo.api.events import EventTypes
from seismo.api.maps import Map
from seismo.api.record import Record, RecordCodec, codec_of
from seismo.api.types import Types
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import strip
from seismo.btf.spec import Btf
from seismo.btf.types import Kind, Ptr, Struct
from seismo.objfile.model import ObjectFile

__all__ = ("event_types",)

_CONTEXTS = ("pt_regs", "trace_event_raw_", "bpf_iter__", "trace_entry", "bpf_raw_tracepoint_args")
"""How the kernel's structs are called that programs get, and that no program sends."""


def event_types(
    file: ObjectFile, types: Types, map_: Map, wanted: str | type[Record] | type[bytes]
) -> EventTypes:
    """The type that is `wanted`; without one the map's value type if that is a struct, or else the
    object's own structs to choose from: first those that a global variable is of, or points to, for
    that is how an object tells what it sends.

    Raises `BtfNotFound` with a near name, `WrongType` for a class that is none of records.
    """
    if isinstance(wanted, str) and wanted:
        return EventTypes(_found(types, wanted))
    if wanted is bytes:
        return EventTypes(None)
    if not isinstance(wanted, str):
        return EventTypes(_class_codec(wanted))
    if isinstance(map_.value_type, RecordCodec):
        return EventTypes(map_.value_type)
    contexts = {one.kind.type.context for one in file.programs if one.kind is not None}
    kernels = {relo.type for one in file.functions for relo in one.core_relos}
    named = [
        id
        for id, struct in file.btf.names(Kind.STRUCT)
        if id not in kernels and struct not in contexts and not struct.startswith(_CONTEXTS)
    ]
    told = {_struct_of(file.btf, one.type) for one in file.variables if one.type}
    return EventTypes(None, _records(types, told), _records(types, named))


def _records(types: Types, ids: Iterable[int]) -> tuple[RecordCodec, ...]:
    found = [types.codec(id) for id in ids if id]
    return tuple([one for one in found if isinstance(one, RecordCodec)])


def _struct_of(btf: Btf, id: int) -> int:
    """The struct that a variable is, or points to; 0 for anything else."""
    id = strip(btf, id)
    pointer = btf.type(id)
    if isinstance(pointer, Ptr):
        id = strip(btf, pointer.type)
    return id if isinstance(btf.type(id), Struct) else 0


def _class_codec(wanted: type[Record] | type[bytes]) -> Codec:
    if not (isinstance(wanted, type) and issubclass(wanted, Record)):
        raise WrongType(f'events are of "struct …", a class of records, or bytes, not {wanted!r}')
    return codec_of(wanted)


def _found(types: Types, name: str) -> Codec:
    try:
        return types.find(name)
    except BtfNotFound as error:
        # Neither clang nor gcc keeps what only a function's body knows.
        tag = name if " " in name else f"struct {name}"
        hint = f"say it in the object's source: {tag} *unused __attribute__((unused));"
        raise BtfNotFound(error.what, error.hint or hint) from None
