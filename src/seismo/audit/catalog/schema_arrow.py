"""Arrow schemas: a table of events of one type, a column for each field of the record.

For who writes columns of one type each; the Parquet output has one schema for all types
(`sinks/event_columns.py`). Needs pyarrow, so this module is imported when a schema is asked for.

>>> arrow_schema(catalog["openat"]).field("flags").type
DataType(uint32)
"""

from __future__ import annotations

import pyarrow as pa

from seismo.audit.catalog.c_types import argument_integer
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.catalog.table import Catalog
from seismo.audit.record.layout import COMPAT, CREDENTIALS, HEADER, NAMESPACES
from seismo.base.layout import FieldType, Int

__all__ = ("arrow_schema", "arrow_schemas")

_ADDRESS = pa.struct(
    [
        pa.field("family", pa.string()),
        pa.field("address", pa.string()),
        pa.field("port", pa.uint32()),
        pa.field("scope", pa.uint32()),
    ]
)
_SOCKET = pa.struct(
    [
        *(pa.field(name, pa.string()) for name in ("family", "type", "protocol", "state")),
        *(pa.field(name, _ADDRESS) for name in ("local", "remote")),
        pa.field("netns", pa.uint32()),
        *(pa.field(name, pa.uint64()) for name in ("inode", "cookie", "sent_bytes")),
        *(pa.field(name, pa.uint64()) for name in ("received_bytes", "started_ns")),
        pa.field("fd", pa.int32()),
    ]
)


def _integer(size: int, is_signed: bool) -> pa.DataType:
    kinds = {
        (1, False): pa.uint8(),
        (1, True): pa.int8(),
        (2, False): pa.uint16(),
        (2, True): pa.int16(),
        (4, False): pa.uint32(),
        (4, True): pa.int32(),
        (8, False): pa.uint64(),
        (8, True): pa.int64(),
    }
    return kinds[size, is_signed]


def _member(type_: FieldType) -> pa.DataType:
    return _integer(type_.size, type_.signed) if isinstance(type_, Int) else pa.string()


_BY_KIND: dict[FieldKind, pa.DataType] = {
    FieldKind.PATH: pa.string(),
    FieldKind.TEXT: pa.string(),
    FieldKind.BYTES: pa.binary(),
    FieldKind.WORDS: pa.list_(pa.string()),
    FieldKind.SOCKADDR: _ADDRESS,
    FieldKind.SOCKET: _SOCKET,
    FieldKind.NUMBERS: pa.list_(pa.int32()),
    FieldKind.CREDENTIALS: pa.struct(
        [pa.field(o.name, _member(o.type)) for o in CREDENTIALS.fields]
    ),
    FieldKind.NAMESPACES: pa.struct([pa.field(o.name, _member(o.type)) for o in NAMESPACES.fields]),
    FieldKind.CAPABILITIES: pa.list_(pa.string()),
}


def arrow_schema(event: EventType) -> pa.Schema:
    """The header's columns, `error`, and `args`: a struct of the type's fields.

    What is no number is null where there is none. The metadata has the type's name, number and
    text; that of a field its kind and table of constants.
    """
    columns = [
        pa.field(one.name, _member(one.type), nullable=False)
        for one in HEADER.fields
        if one.name not in ("type", "pad")
    ]
    columns.append(pa.field("error", pa.string()))
    fields = [_field(one, is_compat=_is_compat(event)) for one in event.fields]
    columns.append(pa.field("args", pa.struct(fields), nullable=False))
    about = {"event": event.name, "id": str(event.id), "doc": event.doc}
    return pa.schema(columns, metadata=about)


def arrow_schemas(catalog: Catalog) -> dict[str, pa.Schema]:
    """By the names of all types of which more is known than a number."""
    return {one.name: arrow_schema(one) for one in catalog.types if "unknown" not in one.families}


def _is_compat(event: EventType) -> bool:
    return COMPAT <= event.id < 2 * COMPAT


def _field(field: EventField, *, is_compat: bool) -> pa.Field:
    about = {"kind": field.kind.value, "table": field.table, "c_type": field.c_type}
    known = {name: text for name, text in about.items() if text}
    type_ = _BY_KIND.get(field.kind)
    if field.kind is FieldKind.STRUCT:
        layout = STRUCTS[field.table].layout
        type_ = pa.struct([pa.field(one.name, _member(one.type)) for one in layout.fields])
    if type_ is None:
        type_ = _integer(*argument_integer(field, is_compat))
        return pa.field(field.name, type_, nullable=False, metadata=known)
    return pa.field(field.name, type_, metadata=known)
