"""What rules call fields: a name to what gets its value from an event.

Of the record: `event`, `time_ns`, `duration_ns`, `sequence`, `start_ns`, `cgroup`, `ret`, `cpu`,
`pid` (also `tgid`), `tid`, `ppid`, `uid`, `gid`, `mntns`, `comm`, `program_id`; `error`: the name
of a failed call's error; `failed` and `succeeded`: 0 or 1; `hash` and `group_hash`: see
sinks/content_hash.

Of its arguments: `arg0` to `arg5` by number, `args.NAME` or just `NAME` by name; `path`: the first
path argument, absolute where correlation made it so, and `path2` the second; `file.path`,
`file.inode` and so on of the opened file, else of the first descriptor; `address`, `port`: of the
socket address, else of the first socket's other end; `local.address`, `local.port`.

Of correlation: `process.NAME` of correlate.process, and `exe`, `container` (its id), `runtime`,
`unit`, `parent.comm`, `parent.exe` for short; what is not known is not there. `notes`: its words
with blanks between.

>>> field_getter("arg1")(event)
'/etc/passwd'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from seismo.audit.catalog.model import EventType, FieldKind
from seismo.audit.record.event import AuditEvent, SocketAddress, SocketState
from seismo.audit.sinks.content_hash import content_hash, group_hash
from seismo.base.enum import Enum

__all__ = ("ABSENT", "NUMBERS", "Absent", "FieldValue", "Getter", "field_getter", "known_fields")


class Absent(Enum):
    """What a field that the event does not have gives."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

FieldValue: TypeAlias = int | str | Absent
Getter: TypeAlias = Callable[[AuditEvent], FieldValue]

_MOST_ERROR = 4095  # include/linux/err.h: MAX_ERRNO
_HEADER = (
    *("time_ns", "duration_ns", "sequence", "start_ns", "cgroup", "ret", "cpu", "tgid", "tid"),
    *("ppid", "uid", "gid", "mntns", "comm", "program_id"),
)
NUMBERS = frozenset(
    [*_HEADER, "pid", "failed", "succeeded", "hash", "group_hash", "port", "local.port"]
) - {"comm"}
"""Fields that are a number in all events that have them."""

_SHORT = {
    "exe": "process.exe",
    "container": "process.container.id",
    "unit": "process.unit",
    "runtime": "process.runtime",
    "parent.comm": "process.parent.comm",
    "parent.exe": "process.parent.exe",
}
_ENDS = {
    "address": ("remote", "address"),
    "port": ("remote", "port"),
    "local.address": ("local", "address"),
    "local.port": ("local", "port"),
}
_PATHS = {"path": 0, "path2": 1}
_FILE = re.compile(r"file\.(path|inode|device|mode|flags|fd|position|links|uid)")
_ARGUMENT = re.compile(r"arg([0-5])")
_TO_PROCESS = re.compile(r"process(\.[a-z_]+)+")


def known_fields(types: tuple[EventType, ...]) -> Iterator[str]:
    """Every field that a rule over such events may name, but for those of `process.`."""
    yield from ("event", "pid", "error", "failed", "succeeded", "hash", "notes")
    yield from ("group_hash", *_HEADER)
    yield from (*_SHORT, *_ENDS, *_PATHS)
    yield from (f"arg{number}" for number in range(6))
    yield from (f"file.{name}" for name in ("path", "inode", "device", "mode", "flags", "uid"))
    for type_ in types:
        for field in type_.fields:
            yield field.name
            yield f"args.{field.name}"


def field_getter(name: str) -> Getter:
    """What gets the field `name`; any name that means nothing else is that of an argument."""
    if name in _HEADER:
        return _attribute(name)
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in _ENDS:
        return _end(*_ENDS[name])
    if name in _PATHS:
        return _path(_PATHS[name])
    if found := _ARGUMENT.fullmatch(name):
        return _argument(int(found[1]))
    if found := _FILE.fullmatch(name):
        return _file(found[1])
    process = _SHORT.get(name, name)
    if _TO_PROCESS.fullmatch(process):
        return _process(process.split(".")[1:])
    return _value(name.removeprefix("args."))


def _plain(value: Any) -> FieldValue:
    """A decoded value as rules compare it: a number or a text."""
    match value:
        case bool():
            return int(value)
        case int() | str():
            return value
        case None:
            return ABSENT
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case tuple() | list():
            return " ".join(map(str, value))
    return str(value)


def _attribute(name: str) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        value: FieldValue = getattr(event, name)
        return value

    return get


def _value(name: str) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        return _plain(event.values.get(name))

    return get


def _argument(number: int) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        for field in event.type.fields:
            if field.argument == number:
                return _plain(event.values.get(field.name))
        return ABSENT

    return get


def _path(which: int) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        names = [one.name for one in event.type.fields if one.kind is FieldKind.PATH]
        if which >= len(names):
            return ABSENT
        whole = event.paths.get(names[which])
        return _plain(event.values.get(names[which]) if whole is None else whole)

    return get


def _file(name: str) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        for number in sorted(event.files):
            return _plain(getattr(event.files[number], name))
        return ABSENT

    return get


def _end(side: str, name: str) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        if side == "remote":
            for value in event.values.values():
                if isinstance(value, SocketAddress):
                    return _plain(getattr(value, name))
        states = [one for one in event.values.values() if isinstance(one, SocketState)]
        for state in (*states, *event.sockets.values()):
            return _plain(getattr(getattr(state, side), name))
        return ABSENT

    return get


def _process(names: list[str]) -> Getter:
    def get(event: AuditEvent) -> FieldValue:
        value: Any = event.process
        for name in names:
            value = getattr(value, name, None)
        return ABSENT if value == "" else _plain(value)

    return get


def _event(event: AuditEvent) -> FieldValue:
    return event.type.name


def _is_error(event: AuditEvent) -> bool:
    return event.type.is_syscall and -_MOST_ERROR <= event.ret < 0


def _error(event: AuditEvent) -> FieldValue:
    return event.errno or ABSENT


def _failed(event: AuditEvent) -> FieldValue:
    return int(_is_error(event))


def _succeeded(event: AuditEvent) -> FieldValue:
    return int(not _is_error(event))


def _notes(event: AuditEvent) -> FieldValue:
    return " ".join(event.notes) or ABSENT


_SPECIAL: dict[str, Getter] = {
    "event": _event,
    "pid": _attribute("tgid"),
    "error": _error,
    "failed": _failed,
    "succeeded": _succeeded,
    "hash": content_hash,
    "group_hash": group_hash,
    "notes": _notes,
}
