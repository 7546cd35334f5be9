"""The tracepoints of system calls and of the life of processes, without a tracefs to ask.

A system call is known by two names: `uname -r` is of uname(2), whose tracepoint is called after
the kernel's function for it, sys_enter_newuname.

>>> system_call_names("x86_64")[63]
'newuname'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seismo.base.errors import NotSupported
from seismo.engine.syscall_formats import ARM64_CALLS, CALLS, EVENTS
from seismo.lang.syscall_names import SYSCALLS
from seismo.probes.format import FormatField, TracepointFormat, parse_format

__all__ = ("ENTER", "EXIT", "SyscallFormats", "system_call_names")

ENTER, EXIT = "syscalls:sys_enter_", "syscalls:sys_exit_"

_CALLED = {
    "fstat": "newfstat",
    "lstat": "newlstat",
    "sendfile": "sendfile64",
    "stat": "newstat",
    "umount2": "umount",
    "uname": "newuname",
}
_CALLED_ON_ARM64 = {"fadvise64": "fadvise64_64", "personality": "arm64_personality"}
"""Tracepoints that are not called as unistd.h calls the system call."""

_SLOT = 8
_NUMBER = FormatField(name="__syscall_nr", c_type="int", offset=8, size=4, signed=True)
_RESULT = FormatField(name="ret", c_type="long", offset=16, size=_SLOT, signed=True)


def system_call_names(machine: str) -> Mapping[int, str]:
    """What tracepoints call the system calls, by number; those that no kernel of today has are
    left out. NotSupported for a machine that is neither x86_64 nor aarch64."""
    if machine not in SYSCALLS:
        raise NotSupported("system calls", f"those of {machine} are not known")
    known = _calls(machine)
    called = _CALLED | (_CALLED_ON_ARM64 if machine == "aarch64" else {})
    names = [called.get(name, name) for name in SYSCALLS[machine]]
    return {number: name for number, name in enumerate(names) if name in known}


class SyscallFormats(Mapping[str, TracepointFormat]):
    """By `category:name` the format of each tracepoint, made when it is asked for."""

    def __init__(self, machine: str) -> None:
        """NotSupported for a machine that is neither x86_64 nor aarch64."""
        self._calls = _calls(machine)
        self._events = _events()
        called = system_call_names(machine).values()
        calls = [prefix + name for name in called for prefix in (ENTER, EXIT)]
        self._names = tuple(sorted([*self._events, *calls]))
        self._known = frozenset(self._names)

    def __getitem__(self, name: str) -> TracepointFormat:
        if name not in self._known:
            raise KeyError(name)
        category, _, event = name.partition(":")
        if name in self._events:
            return parse_format(category, f"name: {event}\n{self._events[name]}")
        if name.startswith(EXIT):
            return TracepointFormat(category, event, (_NUMBER, _RESULT))
        return TracepointFormat(category, event, _entry(self._calls[name.removeprefix(ENTER)]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._known


def _calls(machine: str) -> dict[str, str]:
    """The parameters of each system call, as C has them."""
    text = CALLS + (ARM64_CALLS if machine == "aarch64" else "")
    lines = text.replace("\n ", " ").splitlines()
    return {name: rest.rstrip(")") for name, _, rest in [one.partition("(") for one in lines]}


def _events() -> dict[str, str]:
    """The fields of what is no system call, as tracefs shows them."""
    found = [one.partition("\n") for one in EVENTS.split("\n\n")]
    return {name: fields for name, _, fields in found}


def _entry(parameters: str) -> tuple[FormatField, ...]:
    """Each argument has 8 bytes, unsigned: kernel/trace/trace_syscalls.c,
    `syscall_enter_define_fields`."""
    fields = [_NUMBER]
    for number, one in enumerate(parameters.split(", ") if parameters else ()):
        c_type, _, name = one.rpartition(" ")
        fields.append(
            FormatField(
                name=name, c_type=c_type, offset=16 + _SLOT * number, size=_SLOT, signed=False
            )
        )
    return tuple(fields)
