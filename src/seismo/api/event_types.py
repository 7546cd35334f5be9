"""Of which type a buffer's records are, as far as its object tells."""

from __future__ import annotations

from seismo.api.codec import Codec
from seismo.api.events import EventTypes
from seismo.api.maps import Map
from seismo.api.record import Record, RecordCodec, codec_of
from seismo.api.types import Types
from seismo.btf.errors import BtfNotFound
from seismo.btf.types import Kind
from seismo.objfile.model import ObjectFile

__all__ = ("event_types",)

_CONTEXTS = ("pt_regs", "trace_event_raw_", "bpf_iter__", "trace_entry", "bpf_raw_tracepoint_args")
"""How the kernel's structs are called that programs get, and that no program sends."""


def event_types(
    file: ObjectFile, types: Types, map_: Map, wanted: str | type[Record]
) -> EventTypes:
    """The type that is `wanted`; without one the map's value type if that is a struct, or else the
    object's own structs to choose from.

    Raises `BtfNotFound` with a near name.
    """
    if isinstance(wanted, str) and wanted:
        return EventTypes(_found(types, wanted))
    if not isinstance(wanted, str):
        return EventTypes(codec_of(wanted))
    if isinstance(map_.value_type, RecordCodec):
        return EventTypes(map_.value_type)
    contexts = {one.kind.type.context for one in file.programs if one.kind is not None}
    kernels = {relo.type for one in file.functions for relo in one.core_relos}
    candidates = [
        types.codec(id)
        for id, struct in file.btf.names(Kind.STRUCT)
        if id not in kernels and struct not in contexts and not struct.startswith(_CONTEXTS)
    ]
    return EventTypes(None, tuple([one for one in candidates if isinstance(one, RecordCodec)]))


def _found(types: Types, name: str) -> Codec:
    try:
        return types.find(name)
    except BtfNotFound as error:
        # Neither clang nor gcc keeps what only a function's body knows.
        tag = name if " " in name else f"struct {name}"
        hint = f"say it in the object's source: {tag} *unused __attribute__((unused));"
        raise BtfNotFound(error.what, error.hint or hint) from None
