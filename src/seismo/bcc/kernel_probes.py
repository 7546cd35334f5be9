"""Programs at functions of the kernel, by kprobes.

A kernel may have none. What is meant for the function of a system call then runs at the raw
tracepoints that all system calls pass, compiled so that it finds the same registers; of other
functions the error names a tracepoint that tells of the same.
"""

from __future__ import annotations

import sys

from seismo.base.errors import BpfError
from seismo.bcc.errors import BccError, NotTraceable
from seismo.bcc.machine import machine
from seismo.bcc.names import Name, as_text, syscall_call, syscall_prefix
from seismo.bcc.places import check_limit, kprobe_functions
from seismo.bcc.programs import Programs
from seismo.c.flavour import KPROBE, Flavour, syscall_enter, syscall_exit
from seismo.lang.syscall_names import SYSCALLS
from seismo.objects.attach.kprobe import attach_kprobe
from seismo.objects.attach.raw_tracepoint import attach_raw_tracepoint
from seismo.probes.nearest import nearest_tracepoint
from seismo.spec.types import KprobeAttach, RawTracepointAttach

__all__ = ("KernelProbes", "syscall_number")

_ENTRY, _RETURN = "kprobe", "kretprobe"

# What unistd.h calls otherwise than the kernel's functions; SYSCALL_DEFINE in fs/ and kernel/sys.c.
_CALLED = {
    "arm64_personality": "personality",
    "fadvise64_64": "fadvise64",
    "newfstat": "fstat",
    "newlstat": "lstat",
    "newstat": "stat",
    "newuname": "uname",
    "sendfile64": "sendfile",
    "umount": "umount2",
}

_announced: set[str] = set()


class KernelProbes:
    """Those of one text."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._attachments = programs.attachments

    @property
    def count(self) -> int:
        """At how many entries and returns there are programs."""
        return self._attachments.places(_ENTRY, _RETURN)

    def attach(
        self,
        event: Name,
        function: Name,
        *,
        offset: int = 0,
        is_return: bool = False,
        max_active: int = 0,
    ) -> None:
        """At one function of the kernel, `offset` bytes into it, or its return.

        Raises `NotTraceable` where that cannot be, and what loading and attaching raise.
        """
        if not event:
            hint = "event= is one, event_re= are all that match"
            raise BccError("a kprobe is given no function of the kernel", hint)
        check_limit(self.count + 1)
        at = KprobeAttach(
            as_text(event), offset, is_return=is_return, max_active=max(max_active, 0)
        )
        if machine().has_kprobes:
            self._attach_kprobe(at, as_text(function))
        else:
            self._attach_to_call(at, as_text(function))

    def attach_all(
        self, pattern: Name, function: Name, *, is_return: bool = False, max_active: int = 0
    ) -> None:
        """At all functions whose names the regular expression matches; those where it cannot be are
        left out. Raises `NotTraceable` when it can be at none."""
        matches = kprobe_functions(as_text(pattern))
        check_limit(self.count + len(matches))
        refused: BpfError | None = None
        attached = 0
        for one in sorted(matches):
            try:
                self.attach(one, function, is_return=is_return, max_active=max_active)
                attached += 1
            except (NotTraceable, OSError, LookupError) as error:
                refused = error if isinstance(error, BpfError) else refused
        if matches and not attached:
            why = "all functions that match refuse it"
            raise NotTraceable(_place(as_text(pattern), is_return), why) from refused

    def detach(self, event: Name, function: Name = "", *, is_return: bool = False) -> None:
        """From one function of the kernel; `NotAttached`."""
        kind = _RETURN if is_return else _ENTRY
        self._attachments.remove(kind, as_text(event), as_text(function))

    def _attach_kprobe(self, at: KprobeAttach, function: str) -> None:
        program = self._programs.load(function, KPROBE).program
        link = attach_kprobe(program, at, machine().kernel, machine().tracefs)
        kind = _RETURN if at.is_return else _ENTRY
        self._attachments.add(kind, at.function, function, link)

    def _attach_to_call(self, at: KprobeAttach, function: str) -> None:
        """At the raw tracepoint of all system calls, for the one whose function it is."""
        flavour = _call_flavour(at)
        place = RawTracepointAttach("sys_exit" if at.is_return else "sys_enter")
        program = self._programs.load(function, flavour).program
        link = attach_raw_tracepoint(program, place, machine().kernel, machine().tracefs)
        self._attachments.add(_RETURN if at.is_return else _ENTRY, at.function, function, link)
        _announce(
            "this kernel has no kprobes: what is for functions of system calls runs at the raw "
            "tracepoints sys_enter and sys_exit"
        )


def _call_flavour(at: KprobeAttach) -> Flavour:
    """How a function is to be compiled for the system call that a kprobe would be at.

    Raises `NotTraceable` when it would be at another function.
    """
    call = syscall_call(at.function) if at.function.startswith(_own_prefixes()) else ""
    try:
        number = syscall_number(call)
    except KeyError:
        number = -1
    if number < 0 or at.offset:
        near = nearest_tracepoint(at.function, machine().view, is_return=at.is_return)
        why, _ = machine().view.refusal("kprobe")
        raise NotTraceable(
            _place(at.function, at.is_return),
            why,
            f"the nearest tracepoint is {near.removeprefix('tracepoint:')}" if near else "",
        )
    return syscall_exit(number) if at.is_return else syscall_enter(number)


def syscall_number(call: str) -> int:
    """The number of a system call by its name or by its function's; KeyError if there is none."""
    names = SYSCALLS.get(machine().view.machine(), ())
    for name in (_CALLED.get(call, call), call):
        if name and name in names:
            return names.index(name)
    raise KeyError(call)


def _own_prefixes() -> tuple[str, ...]:
    """Of the functions of system calls of 64 bits: others have other numbers."""
    return tuple({syscall_prefix(), "sys_"})


def _place(function: str, is_return: bool) -> str:
    return f"{_RETURN if is_return else _ENTRY} {function}"


def _announce(text: str) -> None:
    """Say something once in this process."""
    if text not in _announced:
        _announced.add(text)
        sys.stderr.write(f"seismo.bcc: {text}\n")
