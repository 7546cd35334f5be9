"""Values of events as text for people: constants by name, descriptors with what is behind them.

>>> shown_field(event, event.type.field("flags"))
'O_RDONLY|O_CLOEXEC'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seismo.audit.catalog.constants import errno_name, show_enum, show_flags
from seismo.audit.catalog.model import CaptureOf, EventField, EventType, FieldKind
from seismo.audit.record.event import AuditEvent, FileObject, SocketState
from seismo.audit.record.layout import Capture, EventFlag
from seismo.output.printable import printable

__all__ = ("behind", "is_error", "quoted", "shown_field", "shown_result")

_MOST_ERROR = 4095  # include/linux/err.h: MAX_ERRNO
_AT_FDCWD = -100
_MOST_BYTES = 32
_MOST_WORDS = 32
_QUOTES = str.maketrans({"\\": "\\\\", '"': '\\"'})
_TRANSPORTS = {"SOCK_STREAM": "tcp", "SOCK_DGRAM": "udp"}


def is_error(event: AuditEvent) -> bool:
    """Whether it is a system call that returned an error."""
    has_returned = not event.flags & EventFlag.NO_RETURN
    return event.type.is_syscall and has_returned and -_MOST_ERROR <= event.ret < 0


def shown_result(event: AuditEvent) -> str:
    """`3`, `ENOENT`, `0x7f…`; `-` for what returns nothing, `?` for a call that did not return."""
    if not event.type.is_syscall:
        return "-"
    if event.flags & EventFlag.NO_RETURN:
        return "-" if event.type.never_returns else "?"
    if is_error(event):
        return errno_name(event.ret) or str(event.ret)
    if event.type.returns is FieldKind.POINTER:
        return f"{event.ret & (1 << 64) - 1:#x}"
    return str(event.ret)


def shown_field(event: AuditEvent, field: EventField) -> str:
    """A field's value, on one line, whatever bytes are in it; `?` where it could not be read."""
    value = event.values.get(field.name)
    if value is None:
        is_null = 0 <= field.argument < len(event.args) and not event.args[field.argument]
        return "NULL" if is_null else "?"
    return _shown(event, field, value) + ("…" if field.name in event.truncated else "")


def behind(event: AuditEvent, argument: int) -> str:
    """What the descriptor that an argument is was, or the returned one (-1): `/etc/passwd`,
    `tcp 127.0.0.1:80->127.0.0.1:4711`; '' where nothing is known."""
    socket = event.sockets.get(argument)
    if socket is not None:
        return shown_socket(socket)
    file = event.files.get(argument)
    if file is not None:
        return shown_file(file)
    directory = event.directories.get(_relative_to(event.type, argument))
    return printable(str(directory)) if directory is not None else ""


def quoted(text: str) -> str:
    """The text in quotes, on one line; no text can end its quotes, and no two look alike."""
    return f'"{printable(text.translate(_QUOTES))}"'


def shown_file(file: FileObject) -> str:
    """The path, `(deleted)` behind it where it has none any more."""
    return printable(str(file.path))


def shown_socket(socket: SocketState) -> str:
    """`tcp 127.0.0.1:80->127.0.0.1:4711 ESTABLISHED`."""
    if socket.family not in ("AF_INET", "AF_INET6"):
        name = printable(socket.local.address or socket.remote.address)
        return f"{socket.family.removeprefix('AF_').lower()} {name or socket.inode}"
    kind = _TRANSPORTS.get(socket.type, socket.type.removeprefix("SOCK_").lower())
    peer = f"->{socket.remote}" if socket.remote.port else ""
    return f"{kind} {socket.local}{peer}"


def _relative_to(type_: EventType, argument: int) -> int:
    """Which argument of a system call is the path relative to this one; -1 for none."""
    wanted = CaptureOf(kind=Capture.PATH_AT, parameter=argument)
    return next((one.argument for one in type_.fields if one.capture == wanted), -1)


def _shown(event: AuditEvent, field: EventField, value: Any) -> str:
    match field.kind:
        case FieldKind.FD | FieldKind.DIRFD:
            name = "AT_FDCWD" if value == _AT_FDCWD else str(value)
            found = behind(event, field.argument)
            return f"{name}<{found}>" if found else name
        case FieldKind.FLAGS:
            return show_flags(field.table, value)
        case FieldKind.ENUM:
            return show_enum(field.table, value)
        case FieldKind.SIGNAL:
            return show_enum("signal", value)
        case FieldKind.MODE:
            return f"0{value:o}" if value else "0"
        case FieldKind.POINTER:
            return f"{value:#x}" if value else "NULL"
        case FieldKind.PATH | FieldKind.TEXT:
            return quoted(value)
    return _plain(value)


def _plain(value: Any) -> str:
    match value:
        case SocketState():
            return shown_socket(value)
        case bytes():
            more = "…" if len(value) > _MOST_BYTES else ""
            return quoted(value[:_MOST_BYTES].decode("utf-8", "surrogateescape")) + more
        case Mapping():
            return "{" + " ".join([f"{name}={_plain(one)}" for name, one in value.items()]) + "}"
        case tuple() | list():
            words = [_word(one) for one in value[:_MOST_WORDS]]
            return f"[{' '.join(words)}{' …' if len(value) > _MOST_WORDS else ''}]"
    return printable(str(value))


def _word(value: Any) -> str:
    text = _plain(value)
    return f'"{text}"' if not text or " " in text else text
