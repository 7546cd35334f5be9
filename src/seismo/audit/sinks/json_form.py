"""An event as a JSON object: what jsonl, the unix socket and SQLite write. The keys, in this order:

- `event`: the type's name; `time`: RFC 3339, UTC, nanoseconds; `time_ns`: CLOCK_MONOTONIC
- `duration_ns`, `sequence`, `cpu`, `tgid`, `tid`, `ppid`, `start_ns`, `uid`, `gid`, `mntns`,
  `cgroup`, `comm`, `program_id`, `session_id`: of the record
- `ret`, of system calls that returned; `error`: the name of the error, of calls that failed
- `flags`: names of EventFlag, in small letters, where there are any
- `args`: by the names of the type's fields: numbers as they are, however large; text; contents as
  hexadecimal digits; addresses, sockets and structs as objects; null for what was not given or
  could not be read
- `shown`: of the same fields, those that read better otherwise: flags, constants, modes
- `raw`: of the same fields, texts that are no UTF-8, as hexadecimal digits, words each so; in
  `args` each byte that is none is U+FFFD
- `unreadable`, `truncated`: names of fields, where there are any
- `files`, `sockets`, `directories`, `changed`: by the number of the argument, `ret` for the
  returned descriptor, where there are any; `contents`, of messages, as hexadecimal digits
- `process`, of correlation: `exe`, `argv`, `cwd`, `container`, `runtime`, `unit`, `parent` (`tgid`,
  `comm`, `exe`); `peer`: who is at the other end of the socket, if on this machine (`tgid`, `comm`,
  `exe`); `paths`: absolute paths, by field; `notes`: words

An alert has `event` `alert`, and `rule`, `function`, `value`, `events`, `key`, `start_ns`,
`end_ns`, `is_final`, `is_partial`, `message`, and `last`, the event. `audit.account` is how things
stand; `audit.gap` says how many events are missing at this place, because they could not be
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from seismo.audit.catalog.model import FieldKind
from seismo.audit.record.account import Account
from seismo.audit.record.event import (
    AuditEvent,
    FileObject,
    Path,
    SocketAddress,
    SocketState,
)
from seismo.audit.record.layout import EventFlag
from seismo.audit.sinks.alert import Alert
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.shown import is_error, shown_field

__all__ = (
    "HEADER_KEYS",
    "JSON_KEYS",
    "account_object",
    "alert_object",
    "event_object",
    "gap_object",
    "json_value",
    "process_object",
)

HEADER_KEYS = (
    *("duration_ns", "sequence", "cpu", "tgid", "tid", "ppid", "start_ns", "uid", "gid", "mntns"),
    *("cgroup", "comm", "program_id", "session_id"),
)
_OPTIONAL_KEYS = (
    *("ret", "error", "flags", "args", "shown", "raw", "unreadable", "truncated", "files"),
    *("sockets", "directories", "changed", "contents", "process", "peer", "paths", "notes"),
)
JSON_KEYS = ("event", "time", "time_ns", *HEADER_KEYS, *_OPTIONAL_KEYS)
"""What `fields` of an output may name."""

_header_values = attrgetter(*HEADER_KEYS)
_FLAGS = tuple([(flag.value, flag.name.lower()) for flag in EventFlag])
_SHOWN = (FieldKind.FLAGS, FieldKind.ENUM, FieldKind.MODE, FieldKind.SIGNAL)
_AT_FDCWD = -100
_ADDRESSES = ("AF_INET", "AF_INET6")


def event_object(event: AuditEvent, clock: WallClock) -> dict[str, Any]:
    """The event, its keys in order; bytes of texts that are no UTF-8 are surrogates."""
    found: dict[str, Any] = {
        "event": event.type.name,
        "time": clock.utc(event.time_ns),
        "time_ns": event.time_ns,
    }
    found.update(zip(HEADER_KEYS, _header_values(event), strict=True))
    if event.type.is_syscall and not event.flags & EventFlag.NO_RETURN:
        found["ret"] = event.ret
        if is_error(event):
            found["error"] = event.errno
    if event.flags:
        found["flags"] = [name for flag, name in _FLAGS if event.flags & flag]
    _add_fields(found, event)
    for name in ("unreadable", "truncated"):
        if names := getattr(event, name):
            found[name] = list(names)
    for name in ("files", "sockets", "directories", "changed"):
        if by_argument := getattr(event, name):
            found[name] = {_argument(key): json_value(one) for key, one in by_argument.items()}
    if event.contents:
        _add_contents(found, event)
    _add_correlated(found, event)
    return found


def alert_object(alert: Alert, clock: WallClock) -> dict[str, Any]:
    """What a rule found."""
    value: Any = alert.value
    if isinstance(value, tuple):
        value = [{"name": name, "count": count} for name, count in value]
    found: dict[str, Any] = {
        "event": "alert",
        "time": clock.utc(alert.time_ns),
        "time_ns": alert.time_ns,
        "rule": alert.rule,
        "function": alert.function,
        "value": value,
        "events": alert.events,
        "key": dict(alert.key),
    }
    for name in ("start_ns", "end_ns", "is_final", "is_partial", "message"):
        found[name] = getattr(alert, name)
    for last in alert.last:
        found["last"] = event_object(last, clock)
    return found


def account_object(account: Account, *, is_final: bool) -> dict[str, Any]:
    """How things stand; `lost` by reason, and `types` that lost something by name."""
    types = {
        account.name(number): {
            "produced": one.produced,
            "delivered": one.delivered,
            "filtered": one.filtered,
            "lost": dict(one.lost),
            "unfinished": one.unfinished,
        }
        for number, one in sorted(account.types.items())
        if one.lost_in_all
    }
    return {
        "event": "audit.account",
        "is_final": is_final,
        "produced": account.produced,
        "delivered": account.delivered,
        "filtered": account.filtered,
        "lost": account.lost,
        "unfinished": account.unfinished,
        "undecodable": account.undecodable,
        "out_of_order": account.out_of_order,
        "missed": dict(account.missed),
        "types": types,
    }


def gap_object(failed: int, reason: str) -> dict[str, Any]:
    """Where events are missing."""
    return {"event": "audit.gap", "failed": failed, "reason": reason}


def json_value(value: Any) -> Any:
    """A decoded value as JSON has it."""
    match value:
        case int() | str() | float() | None:
            return value
        case bytes():
            return value.hex()
        case SocketAddress():
            return _address(value)
        case SocketState():
            return _socket(value)
        case FileObject():
            return _file(value)
        case Path():
            return _path(value)
        case Mapping():
            return {str(name): json_value(one) for name, one in value.items()}
        case tuple() | list():
            return [json_value(one) for one in value]
    return str(value)


def _add_fields(found: dict[str, Any], event: AuditEvent) -> None:
    args: dict[str, Any] = {}
    shown: dict[str, str] = {}
    raw: dict[str, str | list[str]] = {}
    values = event.values
    for field in event.type.fields:
        name = field.name
        value = values.get(name)
        if type(value) is int:
            args[name] = value
            is_cwd = field.kind is FieldKind.DIRFD and value == _AT_FDCWD
            if is_cwd:
                shown[name] = "AT_FDCWD"
            elif field.kind in _SHOWN:
                shown[name] = shown_field(event, field)
        else:
            args[name] = json_value(value)
            if isinstance(value, str) and not _is_utf8(value):
                raw[name] = _hex(value)
            elif field.kind is FieldKind.WORDS and value and not all(map(_is_utf8, value)):
                raw[name] = list(map(_hex, value))
    found["args"] = args
    if shown:
        found["shown"] = shown
    if raw:
        found["raw"] = raw


def _add_contents(found: dict[str, Any], event: AuditEvent) -> None:
    """Those of messages, whose arguments have addresses as their values."""
    values = event.values
    told = {one.argument for one in event.type.fields if isinstance(values.get(one.name), bytes)}
    contents = {_argument(key): one.hex() for key, one in event.contents.items() if key not in told}
    if contents:
        found["contents"] = contents


def _hex(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").hex()


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _argument(number: int) -> str:
    return "ret" if number < 0 else str(number)


def _add_correlated(found: dict[str, Any], event: AuditEvent) -> None:
    process = event.process
    if process is not None:
        found["process"] = process_object(process)
    peer = event.peer
    if peer is not None:
        found["peer"] = {"tgid": peer.tgid, "comm": peer.comm, "exe": peer.exe}
    if event.paths:
        found["paths"] = dict(event.paths)
    if event.notes:
        found["notes"] = list(event.notes)


def process_object(process: Any) -> dict[str, Any]:
    """What of a process goes with each of its events."""
    found: dict[str, Any] = {
        "exe": process.exe,
        "argv": list(process.argv),
        "cwd": process.cwd,
        "container": process.container.id,
        "runtime": process.runtime,
        "unit": process.unit,
    }
    parent = process.parent
    if parent is not None:
        found["parent"] = {"tgid": parent.tgid, "comm": parent.comm, "exe": parent.exe}
    return found


def _address(one: SocketAddress) -> dict[str, Any]:
    found: dict[str, Any] = {"family": one.family, "address": one.address}
    if one.family in _ADDRESSES:
        found["port"] = one.port
    if one.scope:
        found["scope"] = one.scope
    return found


def _socket(one: SocketState) -> dict[str, Any]:
    names = (
        *("family", "type", "protocol", "state", "local", "remote", "netns", "inode", "cookie"),
        *("sent_bytes", "received_bytes", "started_ns", "fd"),
    )
    return {name: json_value(getattr(one, name)) for name in names}


def _file(one: FileObject) -> dict[str, Any]:
    names = ("inode", "device", "mode", "flags", "fd", "position", "links", "uid")
    return {**_path(one.path), **{name: getattr(one, name) for name in names}}


def _path(one: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"path": one.text}
    if not one.is_complete:
        found["is_complete"] = False
    for name in ("is_deleted", "is_unreachable"):
        if getattr(one, name):
            found[name] = True
    return found
