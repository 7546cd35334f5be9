"""One event as a line of strace: `openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from seismo.audit.catalog.constants import show_flags
from seismo.audit.catalog.context import argument_table
from seismo.audit.catalog.model import EventField, FieldKind
from seismo.audit.catalog.structs import variant_of
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import Capture, EventFlag
from seismo.audit.strace.addresses import address_text, endpoint_text
from seismo.audit.strace.calls import arguments_of, call_name
from seismo.audit.strace.results import has_failed, result_text
from seismo.audit.strace.structs import device_text, struct_shown
from seismo.audit.strace.text import (
    bracketed,
    joined,
    mode_text,
    pointer_text,
    quoted,
    quoted_hex,
)
from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass

__all__ = ("LineOptions", "call_text", "return_text")

_PATH_MAX = 4096
_WORDS_SHOWN = 32
_AT_FDCWD = -100
_ID_BITS = 32
_OUT = frozenset(
    {
        *(Capture.BYTES_OUT, Capture.IOVEC_OUT, Capture.MSGHDR_OUT, Capture.NUMBERS_OUT),
        *(Capture.STRUCT_OUT, Capture.SOCKADDR_OUT),
    }
)
"""Arguments that the kernel fills in: of a call that did not return, nothing is known of them."""

_MESSAGES = (Capture.MSGHDR_IN, Capture.MSGHDR_OUT)
_MESSAGE_ARRAYS = ("sendmmsg", "recvmmsg")
_ANSWERS_FAILING = ("nanosleep", "clock_nanosleep")
"""Calls that write their answer where they fail: how much of the time is left."""

_VECTORS = (Capture.IOVEC_IN, Capture.IOVEC_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """`string_bytes` of contents and texts are shown; `has_paths`: paths and sockets behind
    descriptors; `has_addresses`: those of sockets whole, and devices' numbers."""

    string_bytes: int = 32
    has_paths: bool = False
    has_addresses: bool = False


_Shower: TypeAlias = Callable[[AuditEvent, EventField, Any, LineOptions], str]


def call_text(event: AuditEvent, options: LineOptions) -> str:
    """The call and its arguments as the program gave them: `close(3)`."""
    fields = [one for one in event.type.fields if one.argument >= 0]
    if event.flags & EventFlag.NO_RETURN and not event.type.never_returns:
        return f"{call_name(event)}({_unfinished(event, fields, options)}"
    given = arguments_of(event, [_argument(event, one, options) for one in fields])
    return f"{call_name(event)}({', '.join(given)})"


def return_text(event: AuditEvent, options: LineOptions) -> str:
    """What it returned: `0`, `3</etc/hosts>`, `-1 ENOENT (No such file or directory)`."""
    return result_text(event, _behind(event, -1, options))


def _unfinished(event: AuditEvent, fields: list[EventField], options: LineOptions) -> str:
    """The arguments up to the first that the kernel would have filled in."""
    given: list[str] = []
    for one in fields:
        if one.capture is not None and one.capture.kind in _OUT:
            break
        given.append(_argument(event, one, options))
    more = ", " if given and len(given) < len(fields) else ""
    return f"{', '.join(given)}{more} <unfinished ...>)"


def _argument(event: AuditEvent, field: EventField, options: LineOptions) -> str:
    value = event.values[field.name]
    capture = field.capture.kind if field.capture else Capture.NONE
    if capture in _MESSAGES:
        return _message(event, field, value, options)
    if value is None:
        return _nothing(event, field, options)
    if capture is Capture.STRUCT_IN and _is_overwritten(event, field):
        return pointer_text(event.args[field.argument])
    return _SHOWERS[field.kind](event, field, value, options)


def _is_overwritten(event: AuditEvent, field: EventField) -> bool:
    """Whether the call has answered where this argument was, which nobody knows any more:
    `sigaltstack(&stack, &stack)`."""
    if has_failed(event) is not (call_name(event) in _ANSWERS_FAILING):
        return False
    address = event.args[field.argument]
    return any(
        one.capture is not None
        and one.capture.kind is Capture.STRUCT_OUT
        and event.args[one.argument] == address
        for one in event.type.fields
    )


def _nothing(event: AuditEvent, field: EventField, options: LineOptions) -> str:
    """An address behind which nothing was recorded: no contents are shown as such."""
    address = event.args[field.argument]
    if address and field.kind is FieldKind.BYTES and field.capture is not None:
        if _content_size(event, field) == 0:
            return "[]" if field.capture.kind in _VECTORS else '""'
        if not options.string_bytes and event.ret >= 0:
            return '""...'
    return pointer_text(address)


def _content_size(event: AuditEvent, field: EventField) -> int:
    """How many bytes (of vectors: how many) the call had there; -1 for one that failed."""
    assert field.capture is not None
    kind, other = field.capture.kind, event.args[field.capture.parameter]
    if kind in (Capture.BYTES_IN, *_VECTORS):
        return other
    return event.ret if event.ret >= 0 else -1


def _message(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    """A struct msghdr, as far as it is recorded: vectors one behind the other."""
    if event.ret < 0 and value is None and field.argument not in event.contents:
        return pointer_text(event.args[field.argument])
    name = "NULL" if value is None else address_text(event, field.argument, value)
    contents = event.contents.get(field.argument, b"")
    capture = field.capture.kind if field.capture else Capture.NONE
    is_array = call_name(event) in _MESSAGE_ARRAYS
    # What an array's call returns is how many messages: how long one is is not known.
    is_cut = capture is Capture.MSGHDR_OUT if is_array else event.ret > len(contents)
    text = quoted(contents, options.string_bytes, is_cut=is_cut)
    message = f"{{msg_name={name}, msg_iov=[{text}]}}"
    more = ", ..." if event.ret > 1 else ""
    return f"[{{msg_hdr={message}}}{more}]" if is_array else message


def _number(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return str(value)


def _address(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return pointer_text(value)


def _constant(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return show_flags(argument_table(event.type, field.name, event.args), value)


def _signal(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return show_flags("signal", value) if value else "0"


def _mode(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return mode_text(value)


def _identity(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    """-1 is that a user or group is to stay what it is."""
    return "-1" if to_signed(value & 0xFFFFFFFF, _ID_BITS) == -1 else str(value)


def _device(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return device_text(value)


def _descriptor(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    if field.kind is not FieldKind.DIRFD:
        return f"{value}{_behind(event, field.argument, options)}"
    shown = "AT_FDCWD" if value == _AT_FDCWD else str(value)
    return f"{shown}{_directory(event, field, options)}"


def _directory(event: AuditEvent, field: EventField, options: LineOptions) -> str:
    """The directory that a relative path began at."""
    if not options.has_paths:
        return ""
    for one in event.type.fields:
        capture = one.capture
        if capture and capture.kind is Capture.PATH_AT and capture.parameter == field.argument:
            path = event.directories.get(one.argument)
            return bracketed(path.text) if path is not None else ""
    return ""


def _behind(event: AuditEvent, argument: int, options: LineOptions) -> str:
    """What `-y` adds to a descriptor: `</etc/hosts>`, `<TCP:[127.0.0.1:22->127.0.0.1:999]>`."""
    if not options.has_paths:
        return ""
    socket = event.sockets.get(argument)
    if socket is not None:
        return f"<{endpoint_text(socket, is_whole=options.has_addresses)}>"
    file = event.files.get(argument)
    if file is None or not file.path.text:
        return ""
    device = ""
    if options.has_addresses and file.mode & 0o170000 in (0o020000, 0o060000):
        device = _device_of(file.path.text, file.mode)
    return bracketed(file.path.text, device) + ("(deleted)" if file.path.is_deleted else "")


def _device_of(path: str, mode: int) -> str:
    """`<char 1:3>`: the numbers of a device, which its path has at the time of showing."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    if found.st_mode & 0o170000 != mode & 0o170000:
        return ""
    kind = "char" if mode & 0o170000 == 0o020000 else "block"
    return f"<{kind} {os.major(found.st_rdev)}:{os.minor(found.st_rdev)}>"


def _path(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return quoted(os.fsencode(value), _PATH_MAX, is_cut=field.name in event.truncated)


def _text(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    limit = options.string_bytes
    return quoted(os.fsencode(value), limit, is_cut=field.name in event.truncated)


def _bytes(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    is_cut = field.name in event.truncated
    capture = field.capture
    if capture is not None and capture.kind is Capture.BYTES_OUT:
        # With MSG_TRUNC recv(2) returns how long the message is, and not what has found room.
        room = event.args[capture.parameter]
        value, is_cut = value[:room], is_cut and room > len(value)
    if call_name(event) == "getrandom":
        return quoted_hex(value, options.string_bytes, is_cut=is_cut)
    text = quoted(value, options.string_bytes, is_cut=is_cut)
    if capture is not None and capture.kind in _VECTORS:
        return f"[{text} /* {event.args[capture.parameter]} vectors */]"
    return text


def _words(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    limit = options.string_bytes
    return joined([quoted(os.fsencode(one), limit) for one in value], _WORDS_SHOWN)


def _numbers(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return joined([str(one) for one in value], _WORDS_SHOWN)


def _struct(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    if not value:  # one of a size in which there is no member
        return pointer_text(event.args[field.argument])
    return struct_shown(variant_of(field.table, event.args[0]), value)


def _sockaddr(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return address_text(event, field.argument, value)


_SHOWERS: Mapping[FieldKind, _Shower] = {
    **dict.fromkeys(FieldKind, _number),
    FieldKind.POINTER: _address,
    FieldKind.FLAGS: _constant,
    FieldKind.ENUM: _constant,
    FieldKind.SIGNAL: _signal,
    FieldKind.MODE: _mode,
    FieldKind.UID: _identity,
    FieldKind.GID: _identity,
    FieldKind.DEVICE: _device,
    FieldKind.FD: _descriptor,
    FieldKind.DIRFD: _descriptor,
    FieldKind.PATH: _path,
    FieldKind.TEXT: _text,
    FieldKind.BYTES: _bytes,
    FieldKind.WORDS: _words,
    FieldKind.NUMBERS: _numbers,
    FieldKind.STRUCT: _struct,
    FieldKind.SOCKADDR: _sockaddr,
}
