"""The JSON Schema (2020-12) of an event as `sinks/json_form.py` writes it: a line of JSON Lines.

Each type has a definition of its `args`, `#/$defs/openat`; a whole event is one of the types, or
`alert`, `audit.account`, `audit.gap`.
"""

from __future__ import annotations

import json
from typing import Any

from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.catalog.schema_c import known_types
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.catalog.table import Catalog
from seismo.audit.record.layout import CREDENTIALS, NAMESPACES, EventFlag

__all__ = ("event_schema", "json_schema", "json_schema_text")

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_INTEGER = {"type": "integer"}
_COUNT = {"type": "integer", "minimum": 0}
_STRING = {"type": "string"}
_BOOLEAN = {"type": "boolean"}
_STRINGS = {"type": "array", "items": _STRING}
_HEX = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_NUMBERS = {"type": "array", "items": _INTEGER}

_BY_KIND: dict[FieldKind, dict[str, Any]] = {
    FieldKind.PATH: _STRING,
    FieldKind.TEXT: _STRING,
    FieldKind.BYTES: _HEX,
    FieldKind.WORDS: _STRINGS,
    FieldKind.SOCKADDR: {"$ref": "#/$defs/_address"},
    FieldKind.SOCKET: {"$ref": "#/$defs/_socket"},
    FieldKind.NUMBERS: _NUMBERS,
    FieldKind.CREDENTIALS: {"$ref": "#/$defs/_credentials"},
    FieldKind.NAMESPACES: {"$ref": "#/$defs/_namespaces"},
    FieldKind.CAPABILITIES: _STRINGS,
}
"""What is no number; any of them is null where there is none, or it could not be read."""


def json_schema(catalog: Catalog) -> dict[str, Any]:
    """The schema of what an output of the kind `jsonl` writes."""
    types = known_types(catalog)
    definitions = {**_shared(), **{one.name: _args(one) for one in types}}
    known = [_of_type(one) for one in types]
    known.append(
        {
            "properties": {"event": {"pattern": "^(compat:)?syscall_[0-9]+$"}},
            "$comment": "a system call whose number no table has",
        }
    )
    return {
        "$schema": DIALECT,
        "title": "An event of seismo audit",
        "oneOf": [
            {"allOf": [{"$ref": "#/$defs/_event"}, {"oneOf": known}]},
            {"$ref": "#/$defs/_alert"},
            {"$ref": "#/$defs/_account"},
            {"$ref": "#/$defs/_gap"},
        ],
        "$defs": definitions,
    }


def json_schema_text(catalog: Catalog) -> str:
    """The same as text; the same catalog gives the same text."""
    return json.dumps(json_schema(catalog), indent=1) + "\n"


def event_schema(event: EventType) -> dict[str, Any]:
    """The schema of events of one type."""
    definitions = {**_shared(), event.name: _args(event)}
    return {
        "$schema": DIALECT,
        "title": event.name,
        "description": event.doc,
        "allOf": [{"$ref": "#/$defs/_event"}, _of_type(event)],
        "$defs": definitions,
    }


def _of_type(event: EventType) -> dict[str, Any]:
    return {"properties": {"event": {"const": event.name}, "args": {"$ref": _pointer(event.name)}}}


def _pointer(name: str) -> str:
    """A JSON pointer in a URI: a colon may stand in its fragment."""
    return f"#/$defs/{name}"


def _args(event: EventType) -> dict[str, Any]:
    return {
        "description": event.doc,
        "type": "object",
        "properties": {field.name: _field(field) for field in event.fields},
        "required": [field.name for field in event.fields],
        "additionalProperties": False,
    }


def _field(field: EventField) -> dict[str, Any]:
    form = _BY_KIND.get(field.kind)
    if field.kind is FieldKind.STRUCT:
        form = _struct(field.table)
    found: dict[str, Any] = dict(_INTEGER)
    if form is not None:
        found = {"anyOf": [form, {"type": "null"}]}
    words = [field.doc, f"{field.kind.value} {field.table}".strip(), field.c_type]
    return {**found, "description": "; ".join(filter(None, words))}


def _struct(name: str) -> dict[str, Any]:
    """Its members, of a shorter one fewer; `data` are its bytes where nothing is known of it."""
    if name == "bpf_attr":
        return {"type": "object"}
    members = {one.name: {"type": ["integer", "string"]} for one in STRUCTS[name].members}
    return {
        "type": "object",
        "properties": {"data": _HEX, **members},
        "additionalProperties": False,
    }


def _object(
    properties: dict[str, Any], *, optional: tuple[str, ...] = (), is_open: bool = False
) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": is_open,
    }


def _nullable(form: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [form, {"type": "null"}]}


def _by_argument(form: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": "^([0-5]|ret)$"},
        "additionalProperties": form,
    }


_TEXTS = {"type": "object", "additionalProperties": _STRING}
_RECORD = {
    **dict.fromkeys(("time_ns", "duration_ns", "sequence", "cpu", "tgid", "tid", "ppid"), _COUNT),
    **dict.fromkeys(("start_ns", "uid", "gid", "mntns", "cgroup"), _COUNT),
    "comm": _STRING,
    "program_id": _COUNT,
    "session_id": _COUNT,
}
_WALKED = {
    "path": _STRING,
    "is_complete": _BOOLEAN,
    "is_deleted": _BOOLEAN,
    "is_unreachable": _BOOLEAN,
}
_WALK_FLAGS = ("is_complete", "is_deleted", "is_unreachable")
_FILE_NUMBERS = ("inode", "device", "mode", "flags", "fd", "position", "links", "uid")


def _shared() -> dict[str, Any]:
    """What all types have in common, and what is no event of the kernel's."""
    address = {"family": _STRING, "address": _STRING, "port": _COUNT, "scope": _COUNT}
    end = {"$ref": "#/$defs/_address"}
    counts = ("netns", "inode", "cookie", "sent_bytes", "received_bytes", "started_ns")
    socket = {
        **dict.fromkeys(("family", "type", "protocol", "state"), _STRING),
        "local": end,
        "remote": end,
        **dict.fromkeys(counts, _COUNT),
        "fd": _INTEGER,
    }
    file = {**_WALKED, **dict.fromkeys(_FILE_NUMBERS, _INTEGER)}
    return {
        "_address": _object(address, optional=("port", "scope")),
        "_socket": _object(socket),
        "_file": _object(file, optional=_WALK_FLAGS),
        "_path": _object(_WALKED, optional=_WALK_FLAGS),
        "_credentials": _object({one.name: _COUNT for one in CREDENTIALS.fields}),
        "_namespaces": _object({one.name: _COUNT for one in NAMESPACES.fields}),
        "_process": _process(),
        "_event": _event(),
        **_others(),
    }


def _relative() -> dict[str, Any]:
    return _object({"tgid": _COUNT, "comm": _STRING, "exe": _STRING})


def _process() -> dict[str, Any]:
    words = ("exe", "cwd", "container", "runtime", "unit")
    found = {**dict.fromkeys(words, _nullable(_STRING)), "argv": _STRINGS, "parent": _relative()}
    return _object(found, optional=("parent",), is_open=True)


def _event() -> dict[str, Any]:
    flags = {"type": "string", "enum": [flag.name.lower() for flag in EventFlag]}
    always = {"event": _STRING, "time": {"type": "string", "format": "date-time"}, **_RECORD}
    optional = {
        "ret": _INTEGER,
        "error": _STRING,
        "flags": {"type": "array", "items": flags, "minItems": 1},
        "args": {"type": "object"},
        "shown": _TEXTS,
        "raw": {
            "type": "object",
            "additionalProperties": {"anyOf": [_HEX, {"type": "array", "items": _HEX}]},
        },
        "unreadable": _STRINGS,
        "truncated": _STRINGS,
        "files": _by_argument({"$ref": "#/$defs/_file"}),
        "sockets": _by_argument({"$ref": "#/$defs/_socket"}),
        "directories": _by_argument({"$ref": "#/$defs/_path"}),
        "changed": _by_argument(_STRING),
        "contents": _by_argument(_HEX),
        "process": {"$ref": "#/$defs/_process"},
        "peer": _relative(),
        "paths": _TEXTS,
        "notes": _STRINGS,
    }
    return _object({**always, **optional}, optional=tuple(optional))


def _others() -> dict[str, Any]:
    account = dict.fromkeys(("produced", "delivered", "filtered", "unfinished"), _COUNT)
    lost = {"type": "object", "additionalProperties": _COUNT}
    per_type = {"type": "object", "additionalProperties": _object({**account, "lost": lost})}
    alert = {
        "event": {"const": "alert"},
        "time": _STRING,
        "time_ns": _COUNT,
        **dict.fromkeys(("rule", "function", "message"), _STRING),
        "value": {},
        "events": _COUNT,
        "key": {"type": "object"},
        **dict.fromkeys(("start_ns", "end_ns"), _COUNT),
        **dict.fromkeys(("is_final", "is_partial"), _BOOLEAN),
        "last": {"type": "object"},
    }
    return {
        "_alert": _object(alert, optional=("last",)),
        "_account": _object(
            {
                "event": {"const": "audit.account"},
                "is_final": _BOOLEAN,
                **account,
                "lost": {"anyOf": [lost, _COUNT]},
                **dict.fromkeys(("undecodable", "out_of_order"), _COUNT),
                "missed": {"type": "object", "additionalProperties": _COUNT},
                "types": per_type,
            }
        ),
        "_gap": _object({"event": {"const": "audit.gap"}, "failed": _COUNT, "reason": _STRING}),
    }
