"""Python classes of the events, as the text of a module that needs nothing but Python 3.11.

    from audit_events import OpenatArgs, parse
    event = parse(json.loads(line))
    if isinstance(event.args, OpenatArgs):
        print(event.args.filename)

Each type has a frozen dataclass of its arguments, which a 32-bit program's call shares with the one
that it is alike; names that Python keeps for itself have `_` behind
them. `parse` takes an object as `sinks/json_form.py` writes it.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator

from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.catalog.schema_c import known_types, type_name
from seismo.audit.catalog.structs import STRUCTS, StructType
from seismo.audit.catalog.table import COMPAT_PREFIX, Catalog
from seismo.audit.record.layout import CREDENTIALS, NAMESPACES
from seismo.base.layout import Layout, Text

__all__ = ("class_name", "python_schema")

_HEAD = '''"""Events of seismo audit. Written by seismo; the same catalog gives the same text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict


class Address(TypedDict, total=False):
    family: str
    address: str
    port: int
    scope: int


class Socket(TypedDict):
    family: str
    type: str
    protocol: str
    state: str
    local: Address
    remote: Address
    netns: int
    inode: int
    cookie: int
    sent_bytes: int
    received_bytes: int
    started_ns: int
    fd: int


class Args:
    """Arguments of one event; a subclass for each type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UnknownArgs(Args):
    """Those of a system call that no table has."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `ret` is None, and `error` '', where there is none; `rest` is the whole object."""

    event: str
    time: str
    time_ns: int
    duration_ns: int
    sequence: int
    cpu: int
    tgid: int
    tid: int
    ppid: int
    start_ns: int
    uid: int
    gid: int
    mntns: int
    cgroup: int
    comm: str
    program_id: int
    session_id: int
    args: Args
    ret: int | None = None
    error: str = ""
    flags: tuple[str, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
'''

_FOOT = '''
_HEADER = (
    *("event", "time", "time_ns", "duration_ns", "sequence", "cpu", "tgid", "tid", "ppid"),
    *("start_ns", "uid", "gid", "mntns", "cgroup", "comm", "program_id", "session_id"),
)
_RENAMED = {one.rstrip("_"): one for one in KEPT}


def parse(row: Mapping[str, Any]) -> Event:
    """The event that a JSON object is; KeyError for an object that is no event."""
    given = row.get("args") or {}
    kind = EVENTS.get(row["event"])
    if kind is None:
        args: Args = UnknownArgs(given)
    else:
        named = {_RENAMED.get(name, name): _frozen(value) for name, value in given.items()}
        args = kind(**named)
    header = {name: row[name] for name in _HEADER}
    return Event(
        **header,
        args=args,
        ret=row.get("ret"),
        error=row.get("error", ""),
        flags=tuple(row.get("flags", ())),
        rest=row,
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
'''

_BY_KIND = {
    FieldKind.PATH: "str | None",
    FieldKind.TEXT: "str | None",
    FieldKind.BYTES: "str | None",  # hexadecimal digits
    FieldKind.WORDS: "tuple[str, ...] | None",
    FieldKind.SOCKADDR: "Address | None",
    FieldKind.SOCKET: "Socket | None",
    FieldKind.NUMBERS: "tuple[int, ...] | None",
    FieldKind.CREDENTIALS: "Credentials | None",
    FieldKind.NAMESPACES: "Namespaces | None",
    FieldKind.CAPABILITIES: "tuple[str, ...] | None",
}


def python_schema(catalog: Catalog) -> str:
    """The module's text."""
    types = known_types(catalog)
    kept = sorted({_name(one) for type_ in types for one in type_.fields if _is_kept(one.name)})
    parts = [
        _HEAD,
        _numbers_class("Credentials", CREDENTIALS),
        _numbers_class("Namespaces", NAMESPACES),
        *(_struct_class(one) for one in STRUCTS.values()),
        *(_args_class(one) for one in types if _class_of(one, catalog) is one),
        "\n".join(_registry(types, catalog)),
        f"KEPT = ({''.join([f'{one!r}, ' for one in kept])})",
        _FOOT.lstrip("\n"),
    ]
    return "\n\n".join([part.rstrip("\n") + "\n" for part in parts])


def _class_of(event: EventType, catalog: Catalog) -> EventType:
    """Whose class it has: a 32-bit program's call that of the 64-bit one that is alike."""
    name = event.name.removeprefix(COMPAT_PREFIX)
    if name == event.name or name not in catalog:
        return event
    other = catalog[name]
    return other if _members(other) == _members(event) else event


def class_name(event: EventType) -> str:
    """`OpenatArgs`, `CompatFchmodatArgs`."""
    return "".join([word.capitalize() for word in type_name(event).split("_")]) + "Args"


def _struct_name(name: str) -> str:
    return "".join([word.capitalize() for word in name.split("_")]) + "Struct"


def _is_kept(name: str) -> bool:
    return keyword.iskeyword(name)


def _name(field: EventField) -> str:
    return f"{field.name}_" if _is_kept(field.name) else field.name


def _type(field: EventField) -> str:
    if field.kind is FieldKind.STRUCT:
        name = "dict[str, Any]" if field.table == "bpf_attr" else _struct_name(field.table)
        return f"{name} | None"
    return _BY_KIND.get(field.kind, "int")


def _numbers_class(name: str, layout: Layout) -> str:
    members = [f"    {one.name}: int" for one in layout.fields]
    return "\n".join([f"class {name}(TypedDict):", *members])


def _struct_class(struct: StructType) -> str:
    """One that is cut has fewer members; `data` are its bytes where they mean nothing known."""
    members = [
        f"    {one.name}: {'str' if isinstance(one.type, Text) else 'int'}"
        for one in struct.layout.fields
    ]
    if "    data: int" not in members:
        members.append("    data: str")
    head = f"class {_struct_name(struct.name)}(TypedDict, total=False):"
    return "\n".join([head, *members])


def _args_class(event: EventType) -> str:
    lines = [
        "@dataclass(frozen=True, slots=True, kw_only=True)",
        f"class {class_name(event)}(Args):",
        f'    """{event.doc}."""',
    ]
    if event.fields:
        lines.append("")
    return "\n".join([*lines, *_members(event)])


def _members(event: EventType) -> list[str]:
    return [f"    {_name(one)}: {_type(one)}" for one in event.fields]


def _registry(types: Iterable[EventType], catalog: Catalog) -> Iterator[str]:
    yield "EVENTS: dict[str, type[Args]] = {"
    for one in types:
        yield f'    "{one.name}": {class_name(_class_of(one, catalog))},'
    yield "}"
