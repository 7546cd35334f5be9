"""Calls whose arguments strace shows in a way of their own, by their names.

Each function takes an event and its arguments as they would be shown otherwise, and gives them as
strace shows them: `mode` only where a file may be created, as many of futex(2)'s as its operation
has, names before those of clone(2).
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.audit.catalog.constants import show_flags
from seismo.audit.catalog.context import table_of
from seismo.audit.record.event import AuditEvent
from seismo.audit.strace.structs import file_mode, wait_status
from seismo.audit.strace.text import hexadecimal, pointer_text
from seismo.base.bits import to_signed
from seismo.base.layout import BYTE_ORDER

__all__ = ("arguments_of", "call_name")

Shown: TypeAlias = list[str]
_Adjust: TypeAlias = Callable[[AuditEvent, Shown], Shown]

_CREATES = 0o100 | 0o20000000  # O_CREAT, O_TMPFILE
_INT = 4
_INT_BITS, _LONG_BITS = 32, 64
_MREMAP_TO = 2 | 4  # MREMAP_FIXED, MREMAP_DONTUNMAP: who has a new address
_MEMBARRIER_CPU = 1
_IOC_KINDS = ("_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE")
_CLONE_SETTLS, _CLONE_PARENT_SETTID, _CLONE_CHILD_TID = 0x80000, 0x100000, 0x01200000


def call_name(event: AuditEvent) -> str:
    """The call's own name: without what says that its program is one of 32 bits."""
    return event.type.name.partition(":")[2] or event.type.name


def arguments_of(event: AuditEvent, shown: Shown) -> Shown:
    """The arguments as strace has them."""
    adjust = _ADJUSTED.get(call_name(event))
    return adjust(event, shown) if adjust is not None and len(shown) > 0 else shown


def _at(place: int, spell: Callable[[int], str]) -> _Adjust:
    """Another spelling of one argument's number."""

    def adjust(event: AuditEvent, shown: Shown) -> Shown:
        shown[place] = spell(event.args[place])
        return shown

    return adjust


def _open(flags: int) -> _Adjust:
    def adjust(event: AuditEvent, shown: Shown) -> Shown:
        return shown if event.args[flags] & _CREATES else shown[: flags + 1]

    return adjust


def _wait(event: AuditEvent, shown: Shown) -> Shown:
    status = event.values[event.type.fields[1].name]
    if status and event.ret > 0:
        shown[1] = wait_status(status[0])
    elif event.args[1]:
        shown[1] = pointer_text(event.args[1])
    if event.ret <= 0 and event.args[3]:
        shown[3] = pointer_text(event.args[3])
    return shown


def _rseq(event: AuditEvent, shown: Shown) -> Shown:
    shown[1], shown[3] = hexadecimal(event.args[1]), hexadecimal(event.args[3] & 0xFFFFFFFF)
    return shown


def _mknod(mode: int) -> _Adjust:
    def adjust(event: AuditEvent, shown: Shown) -> Shown:
        value = event.args[mode] & 0xFFFF
        shown[mode] = file_mode(value)
        is_device = stat.S_ISCHR(value) or stat.S_ISBLK(value)
        return shown if is_device else shown[: mode + 1]

    return adjust


_FCNTL_NUMBERS = (0, 8, 1024, 1026, 1030, 1031)  # F_DUPFD, F_SETOWN and above 1024
_FCNTL_NAMED = (2, 4, 10, 1033)  # F_SETFD, F_SETFL, F_SETSIG, F_ADD_SEALS
_FCNTL_BARE = (1, 3, 9, 11, 1025, 1032, 1034)  # F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, …


def _fcntl(event: AuditEvent, shown: Shown) -> Shown:
    command = event.args[1]
    if command in _FCNTL_BARE:
        return shown[:2]
    if command in _FCNTL_NUMBERS:
        shown[2] = str(to_signed(event.args[2] & 0xFFFFFFFF, _INT_BITS))
    elif command in _FCNTL_NAMED:
        table = table_of(call_name(event), event.type.fields[2].name, event.args)
        shown[2] = show_flags(table, event.args[2]) if table else hexadecimal(event.args[2])
    else:
        shown[2] = pointer_text(event.args[2])
    return shown


_IOCTL_BARE = (0x5450, 0x5451)  # FIONCLEX, FIOCLEX


def _ioctl(event: AuditEvent, shown: Shown) -> Shown:
    command = event.args[1] & 0xFFFFFFFF
    if command in _IOCTL_BARE:
        return shown[:2]
    if shown[1][0].isdigit():
        kind = _IOC_KINDS[command >> 30]
        parts = [hexadecimal(one) for one in (command >> 8 & 0xFF, command & 0xFF)]
        size = hexadecimal(command >> 16 & 0x3FFF)
        shown[1] = f"_IOC({kind}, {parts[0]}, {parts[1]}, {size})"
        shown[2] = hexadecimal(event.args[2])
    return shown


_FUTEX_ARGUMENTS = {
    **dict.fromkeys((1, 2), "012"),  # FUTEX_WAKE, FUTEX_FD
    **dict.fromkeys((7, 8), "01"),  # FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI
    **dict.fromkeys((6, 13), "013"),  # FUTEX_LOCK_PI, FUTEX_LOCK_PI2
    **dict.fromkeys((4, 5, 12), "012n45"),  # FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, …_REQUEUE_PI
    0: "0123",
    3: "012n4",
    9: "0123b",
    10: "012b",
    11: "01234",
}
"""Which arguments each operation has: `n` the fourth as a number, `b` the last as a set of bits."""

_FUTEX_PRIVATE = 128
_FUTEX_ANY = 0xFFFFFFFF


def _futex(event: AuditEvent, shown: Shown) -> Shown:
    operation = event.args[1]
    if operation & _FUTEX_PRIVATE:
        first, *others = shown[1].replace("|FUTEX_PRIVATE_FLAG", "").split("|")
        shown[1] = "|".join([f"{first}_PRIVATE", *others])
    bits = event.args[5] & _FUTEX_ANY
    spelled = {
        **{str(place): text for place, text in enumerate(shown)},
        "3": pointer_text(event.args[3]),
        "n": str(event.args[3] & 0xFFFFFFFF),
        "b": "FUTEX_BITSET_MATCH_ANY" if bits == _FUTEX_ANY else hexadecimal(bits),
    }
    return [spelled[one] for one in _FUTEX_ARGUMENTS.get(operation & 0x7F, "012345")]


def _clone(event: AuditEvent, shown: Shown) -> Shown:
    flags = event.args[0]
    found = [f"child_stack={pointer_text(event.args[1])}", f"flags={shown[0]}"]
    if flags & _CLONE_PARENT_SETTID:
        # The kernel writes there what it returns.
        parent = f"[{event.ret}]" if event.ret > 0 else pointer_text(event.args[2])
        found.append(f"parent_tid={parent}")
    if flags & _CLONE_SETTLS:
        found.append(f"tls={pointer_text(event.args[4])}")
    if flags & _CLONE_CHILD_TID:
        found.append(f"child_tidptr={pointer_text(event.args[3])}")
    return found


def _clone3(event: AuditEvent, shown: Shown) -> Shown:
    members = event.values[event.type.fields[0].name]
    if event.ret > 0 and members and members["flags"] & _CLONE_PARENT_SETTID:
        shown[0] += f" => {{parent_tid=[{event.ret}]}}"
    return shown


def _poll(event: AuditEvent, shown: Shown) -> Shown:
    members = event.values[event.type.fields[0].name]
    count = event.args[1] & 0xFFFFFFFF
    if members is None or not count:
        return shown
    events = show_flags("poll", members["events"] & 0xFFFF)
    more = ", ..." if count > 1 else ""
    shown[0] = f"[{{fd={members['fd']}, events={events}}}{more}]"
    return shown


def _ppoll(event: AuditEvent, shown: Shown) -> Shown:
    """What is left of the timeout is written over it; the result says how much that is."""
    shown[2] = pointer_text(event.args[2])
    return _poll(event, shown)


def _recvmmsg(event: AuditEvent, shown: Shown) -> Shown:
    """The same."""
    shown[4] = pointer_text(event.args[4])
    return shown


def _operations(event: AuditEvent, shown: Shown) -> Shown:
    """An array of operations on semaphores, of which the first is recorded."""
    if shown[1][0] == "{":
        shown[1] = f"[{shown[1]}{', ...' if event.args[2] > 1 else ''}]"
    return shown


def _epoll_wait(event: AuditEvent, shown: Shown) -> Shown:
    if event.ret == 0:
        shown[1] = "[]" if event.args[1] else "NULL"
    elif event.ret > 0 and shown[1][0] == "{":
        shown[1] = f"[{shown[1]}{', ...' if event.ret > 1 else ''}]"
    return shown


def _epoll_ctl(event: AuditEvent, shown: Shown) -> Shown:
    if event.args[1] == 2:  # EPOLL_CTL_DEL, for which the event means nothing
        shown[3] = pointer_text(event.args[3])
    return shown


def _select(event: AuditEvent, shown: Shown) -> Shown:
    """The sets as they were given are overwritten; the result says what came of them."""
    for place in (1, 2, 3, 4):
        shown[place] = pointer_text(event.args[place])
    return shown


def _set_option(event: AuditEvent, shown: Shown) -> Shown:
    value = event.values[event.type.fields[3].name]
    if isinstance(value, bytes) and len(value) == _INT:
        shown[3] = f"[{int.from_bytes(value, BYTE_ORDER, signed=True)}]"
    return shown


def _get_option(event: AuditEvent, shown: Shown) -> Shown:
    """A value of another size than an int's has only its address."""
    length = event.values[event.type.fields[4].name]
    if length and length[0] != _INT:
        shown[3] = pointer_text(event.args[3])
    return shown


_PRCTL_ARGUMENTS = {
    **dict.fromkeys((3, 7, 13, 14, 21, 27, 30, 31, 32, 46), 1),
    **dict.fromkeys((1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 15, 16, 19, 20, 23, 24, 25, 26), 2),
    **dict.fromkeys((28, 29, 36, 37, 40, 45, 0x59616D61), 2),
    22: 3,  # PR_SET_SECCOMP
}
"""How many arguments options of prctl(2) have, by option, that have not all five: what is in the
registers of the others is nobody's."""

_PRCTL_POINTERS = (2, 5, 9, 11, 15, 16, 19, 25, 37, 40)  # PR_SET_NAME, and what PR_GET_… writes to


def _prctl(event: AuditEvent, shown: Shown) -> Shown:
    option = event.args[0] & 0xFFFFFFFF
    if option in _PRCTL_POINTERS:
        shown[1] = pointer_text(event.args[1])
    elif table := table_of("prctl", "arg2", event.args):
        shown[1] = show_flags(table, event.args[1])
    return shown[: _PRCTL_ARGUMENTS.get(option, len(shown))]


def _sleep(rest: int) -> _Adjust:
    """What is left is written only where a signal ended the sleep."""

    def adjust(event: AuditEvent, shown: Shown) -> Shown:
        shown[rest] = pointer_text(event.args[rest])
        return shown

    return adjust


def _getcwd(event: AuditEvent, shown: Shown) -> Shown:
    """What it returns counts the NUL, which is not shown."""
    if event.ret > 0:
        shown[0] = shown[0].replace('\\0"', '"')
    return shown


def _mmap(event: AuditEvent, shown: Shown) -> Shown:
    if len(shown) > 5:
        shown[5] = hexadecimal(event.args[5])
    return shown


def _mremap(event: AuditEvent, shown: Shown) -> Shown:
    return shown if event.args[3] & _MREMAP_TO else shown[:4]


def _membarrier(event: AuditEvent, shown: Shown) -> Shown:
    return shown if event.args[1] & _MEMBARRIER_CPU else shown[:2]


def _vectors_at(event: AuditEvent, shown: Shown) -> Shown:
    """The position comes in two registers, of which calls of 64 bits take the first alone."""
    position = event.args[3]
    if event.type.name != call_name(event):
        position = position & 0xFFFFFFFF | (event.args[4] & 0xFFFFFFFF) << 32
    return [*shown[:3], str(to_signed(position, _LONG_BITS)), *shown[5:]]


_ADJUSTED: Mapping[str, _Adjust] = {
    "arch_prctl": _at(1, hexadecimal),
    "clone": _clone,
    "clone3": _clone3,
    "epoll_ctl": _epoll_ctl,
    **dict.fromkeys(("epoll_wait", "epoll_pwait", "epoll_pwait2"), _epoll_wait),
    **dict.fromkeys(("fcntl", "fcntl64"), _fcntl),
    "futex": _futex,
    "clock_nanosleep": _sleep(3),
    "nanosleep": _sleep(1),
    "getcwd": _getcwd,
    "getsockopt": _get_option,
    "ioctl": _ioctl,
    "mknod": _mknod(1),
    "mknodat": _mknod(2),
    "membarrier": _membarrier,
    "mmap": _mmap,
    "mremap": _mremap,
    "open": _open(1),
    "openat": _open(2),
    "poll": _poll,
    "ppoll": _ppoll,
    "prctl": _prctl,
    **dict.fromkeys(("preadv", "preadv2", "pwritev", "pwritev2"), _vectors_at),
    "recvmmsg": _recvmmsg,
    "rseq": _rseq,
    **dict.fromkeys(("select", "pselect6"), _select),
    **dict.fromkeys(("semop", "semtimedop"), _operations),
    "setsockopt": _set_option,
    "wait4": _wait,
}
