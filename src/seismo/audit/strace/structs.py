"""Structs as strace shows them: abridged as it abridges them, nested where C has them nested.

`Members` are what `catalog.structs.decode_struct` gives; a struct without a form of its own is
shown member by member, constants by their names.

>>> struct_shown("timespec", {"tv_sec": 1, "tv_nsec": 0})
'{tv_sec=1, tv_nsec=0}'
"""

from __future__ import annotations

import os
import signal as signals
import stat
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from seismo.audit.catalog.constants import show_flags, signal_name
from seismo.audit.catalog.model import FieldKind
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.strace.ends import code_text
from seismo.audit.strace.text import hexadecimal, mode_text, pointer_text, quoted, struct_text

__all__ = ("device_text", "file_mode", "signal_set", "struct_shown", "wait_status")

Members: TypeAlias = Mapping[str, Any]

_SIGNALS = 64
_UTIME_NOW, _UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2  # include/linux/stat.h
_NO_LIMIT = (1 << 64) - 1
_KIB = 1024
_TEXT_LIMIT = 64
_SA_RESTORER = 0x04000000
_SENT_WHOLE = (0, -6)  # SI_USER, SI_TKILL: a signal that has a sender and nothing else
_SENT_CODES = (*_SENT_WHOLE, -1)  # SI_QUEUE
_PREFIXES = {"tms": "tms_", "sched_attr": "sched_"}  # what C's names of members begin with
_PIDFD, _SETTLS, _PARENT_SETTID, _INTO_CGROUP = 0x1000, 0x80000, 0x100000, 0x200000000
_CHILD_TID = 0x01200000  # CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID


def struct_shown(table: str, members: Members) -> str:
    """A struct of the catalog's table of structs."""
    shower = _SHOWERS.get(table)
    return shower(members) if shower else _plain(table, members)


def signal_set(mask: int) -> str:
    """`[INT CHLD]`; of most signals those that are missing: `~[RTMIN RT_1]`."""
    members = [one for one in range(1, _SIGNALS + 1) if mask >> (one - 1) & 1]
    sign = ""
    # As strace: shorter by what is missing where two thirds of the first 32 or more are there.
    if len(members) >= _SIGNALS * 2 // 3:
        members = [one for one in range(1, _SIGNALS + 1) if one not in members]
        sign = "~"
    return f"{sign}[{' '.join([signal_name(one).removeprefix('SIG') for one in members])}]"


def wait_status(status: int) -> str:
    """What wait4(2) tells: `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`."""
    status &= 0xFFFF
    if status == 0xFFFF:
        return "[{WIFCONTINUED(s)}]"
    if status & 0xFF == 0x7F:
        return f"[{{WIFSTOPPED(s) && WSTOPSIG(s) == {signal_name(status >> 8)}}}]"
    if signal := status & 0x7F:
        dumped = " && WCOREDUMP(s)" if status & 0x80 else ""
        return f"[{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_name(signal)}{dumped}}}]"
    return f"[{{WIFEXITED(s) && WEXITSTATUS(s) == {status >> 8}}}]"


def device_text(value: int) -> str:
    """`makedev(0x1, 0x3)`."""
    return f"makedev({hexadecimal(os.major(value))}, {hexadecimal(os.minor(value))})"


def _plain(table: str, members: Members) -> str:
    if table not in STRUCTS:
        return struct_text({name: _value_text(value) for name, value in members.items()})
    type_ = STRUCTS[table]
    prefix = _PREFIXES.get(table, "")
    return struct_text(
        {
            f"{prefix}{name}" if name != "size" else name: _member_text(
                type_.member(name).kind, type_.member(name).table, value
            )
            for name, value in members.items()
        }
    )


def _value_text(value: Any) -> str:
    return quoted(value, _TEXT_LIMIT) if isinstance(value, bytes) else str(value)


def _member_text(kind: FieldKind, table: str, value: Any) -> str:
    if isinstance(value, str):
        return quoted(os.fsencode(value), _TEXT_LIMIT)
    if table:
        return show_flags(table, value)
    if kind is FieldKind.POINTER:
        return pointer_text(value)
    if kind is FieldKind.SIGNAL:
        return signal_name(value)
    if kind is FieldKind.MODE:
        return mode_text(value)
    if kind is FieldKind.DEVICE:
        return device_text(value)
    return str(value)


def file_mode(value: int) -> str:
    """A file's kind and permissions: `S_IFDIR|S_ISVTX|0777`."""
    special = {"S_ISUID": stat.S_ISUID, "S_ISGID": stat.S_ISGID, "S_ISVTX": stat.S_ISVTX}
    names = [name for name, bit in special.items() if value & bit]
    kind, *permissions = show_flags("st_mode", value & ~0o7000).split("|")
    return "|".join([kind, *names, *permissions] if permissions else [*names, kind])


def _stat(members: Members) -> str:
    mode = members["st_mode"]
    is_device = stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    rest = (
        f"st_rdev={device_text(members['st_rdev'])}"
        if is_device
        else (f"st_size={members['st_size']}")
    )
    return f"{{st_mode={file_mode(mode)}, {rest}, ...}}"


def _statx(members: Members) -> str:
    attributes = show_flags("statx_attributes", members["stx_attributes"])
    return (
        f"{{stx_mask={show_flags('statx', members['stx_mask'])}, stx_attributes={attributes}, "
        f"stx_mode={file_mode(members['stx_mode'])}, stx_size={members['stx_size']}, ...}}"
    )


def _statfs(members: Members) -> str:
    shown = {name: str(value) for name, value in members.items()}
    shown["f_type"] = show_flags("fs_magic", members["f_type"])
    low, high = members["f_fsid"] & 0xFFFFFFFF, members["f_fsid"] >> 32
    shown["f_fsid"] = f"{{val=[{hexadecimal(low)}, {hexadecimal(high)}]}}"
    shown["f_flags"] = show_flags("statfs", members["f_flags"])
    return struct_text(shown)


def _limit(value: int) -> str:
    if value == _NO_LIMIT:
        return "RLIM64_INFINITY"
    return f"{value // _KIB}*1024" if value > _KIB and not value % _KIB else str(value)


def _rlimit(members: Members) -> str:
    return struct_text({name: _limit(value) for name, value in members.items()})


def _time(members: Members, prefix: str, unit: str) -> str:
    return f"{{tv_sec={members[f'{prefix}_sec']}, tv_{unit}={members[f'{prefix}_{unit}']}}}"


def _rusage(members: Members) -> str:
    user, system = _time(members, "utime", "usec"), _time(members, "stime", "usec")
    return f"{{ru_utime={user}, ru_stime={system}, ...}}"


def _timer(unit: str) -> Callable[[Members], str]:
    def shown(members: Members) -> str:
        interval, value = _time(members, "interval", unit), _time(members, "value", unit)
        return f"{{it_interval={interval}, it_value={value}}}"

    return shown


def _file_times(unit: str) -> Callable[[Members], str]:
    def shown(members: Members) -> str:
        both = [_file_time(members, which, unit) for which in ("atime", "mtime")]
        return f"[{', '.join(both)}]"

    return shown


def _file_time(members: Members, which: str, unit: str) -> str:
    seconds, part = members[f"{which}_sec"], members[f"{which}_{unit}"]
    if unit == "nsec" and part in (_UTIME_NOW, _UTIME_OMIT):
        return "UTIME_NOW" if part == _UTIME_NOW else "UTIME_OMIT"
    when = time.localtime(seconds)
    digits = 9 if unit == "nsec" else 6
    fraction = f".{part:0{digits}d}" if part else ""
    date = time.strftime("%Y-%m-%dT%H:%M:%S", when) + fraction + time.strftime("%z", when)
    return f"{_time(members, which, unit)} /* {date} */"


def _signals(members: Members) -> str:
    return signal_set(members["mask"])


def _action(members: Members) -> str:
    handler, flags = members["handler"], members["flags"]
    named = {0: "SIG_DFL", 1: "SIG_IGN"}.get(handler) or pointer_text(handler)
    shown = {
        "sa_handler": named,
        "sa_mask": signal_set(members["mask"]),
        "sa_flags": show_flags("sigaction", flags),
    }
    if flags & _SA_RESTORER:
        shown["sa_restorer"] = pointer_text(members["restorer"])
    return struct_text(shown)


def _clone(members: Members) -> str:
    """What the flags make of importance."""
    if "stack_size" not in members:
        return _plain("clone_args", members)
    flags = members["flags"]
    shown = {"flags": show_flags("clone3", flags)}
    for name, bits in (
        ("pidfd", _PIDFD),
        ("child_tid", _CHILD_TID),
        ("parent_tid", _PARENT_SETTID),
    ):
        if flags & bits:
            shown[name] = pointer_text(members[name])
    shown["exit_signal"] = signal_name(members["exit_signal"])
    shown["stack"] = pointer_text(members["stack"])
    shown["stack_size"] = hexadecimal(members["stack_size"])
    if flags & _SETTLS:
        shown["tls"] = pointer_text(members["tls"])
    if members.get("set_tid_size"):
        shown["set_tid"] = pointer_text(members["set_tid"])
        shown["set_tid_size"] = str(members["set_tid_size"])
    if flags & _INTO_CGROUP and "cgroup" in members:
        shown["cgroup"] = str(members["cgroup"])
    return struct_text(shown)


def _epoll(members: Members) -> str:
    data = members["data"]
    events = show_flags("epoll", members["events"])
    return f"{{events={events}, data={{u32={data & 0xFFFFFFFF}, u64={data}}}}}"


def _uname(members: Members) -> str:
    both = [f"{name}={quoted(os.fsencode(members[name]), 65)}" for name in ("sysname", "nodename")]
    return f"{{{', '.join(both)}, ...}}"


def _sysinfo(members: Members) -> str:
    shown = {name: str(value) for name, value in members.items() if not name.startswith("load")}
    loads = ", ".join([str(members[f"load{minutes}"]) for minutes in (1, 5, 15)])
    return struct_text({"uptime": shown.pop("uptime"), "loads": f"[{loads}]", **shown})


def _siginfo(members: Members) -> str:
    """As much of it as the signal and its code say that there is."""
    number, code = members["signo"], members["code"]
    if not number:
        return "{}"  # waitid(2) with WNOHANG: no child has changed
    shown = {"si_signo": signal_name(number), "si_code": code_text(number, code)}
    is_child = number == signals.SIGCHLD and code > 0
    if is_child or code in _SENT_CODES:
        shown |= {"si_pid": str(members["pid"]), "si_uid": str(members["uid"])}
    if is_child:
        status = members["status"]
        shown["si_status"] = str(status) if code == os.CLD_EXITED else signal_name(status)
    text = struct_text(shown)
    return text if code in _SENT_WHOLE else f"{text[:-1]}, ...}}"


def _processors(members: Members) -> str:
    return f"[{' '.join([str(bit) for bit in range(64) if members['mask'] >> bit & 1])}]"


_SHOWERS: Mapping[str, Callable[[Members], str]] = {
    "clone_args": _clone,
    "cpu_mask": _processors,
    "epoll_event": _epoll,
    "itimerspec": _timer("nsec"),
    "itimerval": _timer("usec"),
    "rlimit": _rlimit,
    "rusage": _rusage,
    "sched_param": lambda members: f"[{members['sched_priority']}]",
    "sigaction": _action,
    "siginfo": _siginfo,
    "sigset": _signals,
    "stat": _stat,
    "statfs": _statfs,
    "statx": _statx,
    "sysinfo": _sysinfo,
    "timespec_pair": _file_times("nsec"),
    "timeval_pair": _file_times("usec"),
    "utsname": _uname,
}
