"""What a call returned, as strace shows it: `3`, `0x8002 (flags O_RDWR|O_LARGEFILE)`, errors.

`? ERESTARTSYS` and the like are what only the kernel sees: the program gets EINTR, or its call
begins again.
"""

from __future__ import annotations

import errno as errno_numbers
import os
from collections.abc import Mapping

from seismo.audit.catalog.constants import show_flags
from seismo.audit.catalog.model import FieldKind
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import EventFlag
from seismo.audit.strace.calls import call_name
from seismo.audit.strace.text import mode_text, struct_text
from seismo.base.bits import to_signed

__all__ = ("has_failed", "result_text")

_MOST_ERROR = 4095  # include/linux/err.h: MAX_ERRNO
_INT_BITS = 32
_BITS64 = (1 << 64) - 1
_F_GETFD, _F_GETFL, _F_GET_SEALS = 1, 3, 1034
_SET_BITS = 64

_RESTARTS = {
    512: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
    513: "ERESTARTNOINTR (To be restarted)",
    514: "ERESTARTNOHAND (To be restarted if no handler)",
    516: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
}
"""include/linux/errno.h: what a call gives the kernel itself; the program never sees these."""


def has_failed(event: AuditEvent) -> bool:
    """Whether the call returned an error."""
    return -_MOST_ERROR <= event.ret < 0


def result_text(event: AuditEvent, behind: str) -> str:
    """What stands behind ` = `; `behind` is what is shown of a descriptor that was returned."""
    if event.flags & EventFlag.NO_RETURN:
        return "?"
    if has_failed(event):
        return _error(-event.ret)
    match event.type.returns:
        case FieldKind.POINTER:
            shown = f"{event.ret & _BITS64:#x}"
        case FieldKind.FD:
            shown = f"{event.ret}{behind}"
        case FieldKind.MODE:
            shown = mode_text(event.ret)
        case FieldKind.INT:
            shown = str(to_signed(event.ret & 0xFFFFFFFF, _INT_BITS))
        case _:
            shown = str(event.ret)
    return _with_details(event, shown)


def _error(number: int) -> str:
    if number in _RESTARTS:
        return f"? {_RESTARTS[number]}"
    name = errno_numbers.errorcode.get(number, f"errno {number}")
    name = {"EDEADLOCK": "EDEADLK", "ENOTSUP": "EOPNOTSUPP"}.get(name, name)
    return f"-1 {name} ({os.strerror(number)})"


def _with_details(event: AuditEvent, shown: str) -> str:
    """What strace adds in brackets."""
    name = call_name(event)
    if name in ("fcntl", "fcntl64"):
        return _fcntl(event, shown)
    if name in ("poll", "ppoll"):
        details = _polled(event)
    elif name in ("select", "pselect6"):
        details = _selected(event)
    elif name == "recvmmsg":
        details = _left(event, 4)
    else:
        return shown
    return f"{shown} ({details})" if details else shown


def _fcntl(event: AuditEvent, shown: str) -> str:
    table = {_F_GETFD: "fd_flags", _F_GETFL: "open", _F_GET_SEALS: "seals"}.get(event.args[1])
    if table is None or not (event.ret or event.args[1] == _F_GETFL):
        return shown
    number = f"{event.ret:#x}" if event.ret else "0"
    what = "seals" if table == "seals" else "flags"
    return f"{number} ({what} {show_flags(table, event.ret)})"


def _polled(event: AuditEvent) -> str:
    """What came of one descriptor; of several only the first is recorded."""
    if event.ret == 0:
        return "Timeout"
    members = event.values[event.type.fields[0].name]
    words: list[str] = []
    if members is not None and members["revents"]:
        events = show_flags("poll", members["revents"] & 0xFFFF)
        more = ", ..." if event.ret > 1 else ""
        words.append(f"[{{fd={members['fd']}, revents={events}}}{more}]")
    if call_name(event) == "ppoll" and (left := _left(event, 2)):
        words.append(left)
    return ", ".join(words)


def _selected(event: AuditEvent) -> str:
    if event.ret == 0:
        return "Timeout"
    fields = event.type.fields
    most = min(event.args[0], _SET_BITS)
    words: list[str] = []
    for name, field in zip(("in", "out", "except"), fields[1:4], strict=True):
        value: Mapping[str, int] | None = event.values[field.name]
        if value is not None and (found := _bits(value["bits"], most)):
            words.append(f"{name} {found}")
    if event.args[0] <= _SET_BITS and (left := _left(event, 4)):
        words.append(left)
    return ", ".join(words)


def _left(event: AuditEvent, place: int) -> str:
    """What the kernel has left of a timeout, which it writes over what was given."""
    members = event.values[event.type.fields[place].name]
    return f"left {struct_text(members)}" if members is not None else ""


def _bits(mask: int, most: int) -> str:
    """The descriptors of a set of up to 64."""
    found = [str(bit) for bit in range(most) if mask >> bit & 1]
    return f"[{' '.join(found)}]" if found else ""
