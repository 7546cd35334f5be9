"""One event as a line of strace: `openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3`."""

from __future__ import annotations

import errno as errno_numbers
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from seismo.audit.catalog.constants import show_flags, signal_name
from seismo.audit.catalog.context import argument_table
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.record.event import AuditEvent, SocketAddress
from seismo.audit.record.layout import EventFlag
from seismo.audit.strace.text import joined, quoted, struct_text
from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass

__all__ = ("LineOptions", "exit_line", "signal_line", "syscall_line")

_MOST_ERROR = 4095  # include/linux/err.h: MAX_ERRNO
_PATH_MAX = 4096
_WORDS_SHOWN = 32
_AT_FDCWD = -100
_INT_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """`string_bytes` of contents and texts are shown; `has_paths`: paths and sockets behind
    descriptors; `has_addresses`: those of sockets whole."""

    string_bytes: int = 32
    has_paths: bool = False
    has_addresses: bool = False


_Shower: TypeAlias = Callable[[AuditEvent, EventField, Any, LineOptions], str]


def syscall_line(event: AuditEvent, options: LineOptions) -> str:
    """The call, its arguments as the program gave them, and what it returned."""
    given = [_argument(event, one, options) for one in event.type.fields if one.argument >= 0]
    call = f"{event.type.name.partition(':')[2] or event.type.name}({', '.join(given)})"
    # As strace: results stand below one another while calls are short.
    return f"{call:<39} = {_result(event, options)}"


def signal_line(event: AuditEvent) -> str:
    """`--- SIGCHLD {si_signo=SIGCHLD, si_code=1} ---`."""
    name = signal_name(event.values["signal"])
    return f"--- {name} {{si_signo={name}, si_code={event.values['code']}}} ---"


def exit_line(event: AuditEvent) -> str:
    """`+++ exited with 0 +++`, `+++ killed by SIGKILL +++`."""
    signal = event.values["signal"]
    if not signal:
        return f"+++ exited with {event.values['code']} +++"
    dumped = " (core dumped)" if event.values["is_core_dumped"] else ""
    return f"+++ killed by {signal_name(signal)}{dumped} +++"


def _argument(event: AuditEvent, field: EventField, options: LineOptions) -> str:
    value = event.values[field.name]
    if value is None:
        return _pointer(event.args[field.argument])
    return _SHOWERS[field.kind](event, field, value, options)


def _pointer(value: int) -> str:
    return f"{value:#x}" if value else "NULL"


def _number(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return str(value)


def _address(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return _pointer(value)


def _flags(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return show_flags(argument_table(event.type, field.name, event.args), value)


def _constant(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return show_flags(argument_table(event.type, field.name, event.args), value)


def _signal(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return signal_name(value)


def _mode(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return f"{value:#03o}".replace("0o", "0") if value else "000"


def _descriptor(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    shown = "AT_FDCWD" if field.kind is FieldKind.DIRFD and value == _AT_FDCWD else str(value)
    return shown + _behind(event, field.argument, options)


def _behind(event: AuditEvent, argument: int, options: LineOptions) -> str:
    """What `-y` adds to a descriptor: `</etc/hosts>`, `<TCP:[127.0.0.1:22->127.0.0.1:999]>`."""
    if not options.has_paths:
        return ""
    if options.has_addresses and (socket := event.sockets.get(argument)):
        name = {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP"}.get(socket.type, socket.type)
        if socket.family == "AF_UNIX":
            return f"<UNIX:[{socket.inode}]>"
        if socket.family not in ("AF_INET", "AF_INET6"):
            return f"<{socket.family}:[{socket.inode}]>"
        six = "v6" if socket.family == "AF_INET6" else ""
        peer = f"->{socket.remote}" if socket.remote.port else ""
        return f"<{name}{six}:[{socket.local}{peer}]>"
    if (socket := event.sockets.get(argument)) is not None:
        return f"<socket:[{socket.inode}]>"
    file = event.files.get(argument)
    if file is None:
        return ""
    return f"<{file.path.text}>" + ("(deleted)" if file.path.is_deleted else "")


def _path(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return quoted(os.fsencode(value), _PATH_MAX, is_cut=field.name in event.truncated)


def _text(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    limit = options.string_bytes
    return quoted(os.fsencode(value), limit, is_cut=field.name in event.truncated)


def _bytes(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return quoted(value, options.string_bytes, is_cut=field.name in event.truncated)


def _words(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    limit = options.string_bytes
    return joined([quoted(os.fsencode(one), limit) for one in value], _WORDS_SHOWN)


def _numbers(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return joined([str(one) for one in value], _WORDS_SHOWN)


def _struct(event: AuditEvent, field: EventField, value: Any, options: LineOptions) -> str:
    return struct_text(value) if isinstance(value, Mapping) else str(value)


def _sockaddr(event: AuditEvent, field: EventField, value: SocketAddress, _: LineOptions) -> str:
    if value.family == "AF_UNIX":
        path = os.fsencode(value.address)
        shown = f"@{quoted(path[1:], _PATH_MAX)}" if path[:1] == b"@" else quoted(path, _PATH_MAX)
        return f"{{sa_family=AF_UNIX, sun_path={shown}}}"
    if value.family == "AF_INET":
        return (
            f"{{sa_family=AF_INET, sin_port=htons({value.port}), "
            f'sin_addr=inet_addr("{value.address}")}}'
        )
    if value.family == "AF_INET6":
        return (
            f"{{sa_family=AF_INET6, sin6_port=htons({value.port}), "
            f'inet_pton(AF_INET6, "{value.address}"), sin6_scope_id={value.scope}}}'
        )
    return f"{{sa_family={value.family}}}"


_SHOWERS: Mapping[FieldKind, _Shower] = {
    **dict.fromkeys(FieldKind, _number),
    FieldKind.POINTER: _address,
    FieldKind.FLAGS: _flags,
    FieldKind.ENUM: _constant,
    FieldKind.SIGNAL: _signal,
    FieldKind.MODE: _mode,
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


def _result(event: AuditEvent, options: LineOptions) -> str:
    if event.flags & EventFlag.NO_RETURN:
        return "?"
    if -_MOST_ERROR <= event.ret < 0:
        return _error(-event.ret)
    if event.type.returns is FieldKind.POINTER:
        return f"{event.ret & (1 << 64) - 1:#x}"
    if event.type.returns is FieldKind.FD:
        return f"{event.ret}{_behind(event, -1, options)}"
    return str(to_signed(event.ret, _INT_BITS) if _is_int(event.type) else event.ret)


def _is_int(type_: EventType) -> bool:
    return type_.returns is FieldKind.INT


_RESTARTS = {
    512: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
    513: "ERESTARTNOINTR (To be restarted)",
    514: "ERESTARTNOHAND (To be restarted if no handler)",
    516: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
}
"""include/linux/errno.h: what a call gives the kernel itself; the program never sees these."""


def _error(number: int) -> str:
    if number in _RESTARTS:
        return f"? {_RESTARTS[number]}"
    name = errno_numbers.errorcode.get(number, f"errno {number}")
    return f"-1 {name} ({os.strerror(number)})"
