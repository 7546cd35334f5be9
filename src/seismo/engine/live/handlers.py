"""`Handlers`: what each process does with its signals, as its calls of rt_sigaction(2) say."""

from __future__ import annotations

import struct

from seismo.engine.live.tracee import Call, Tracee

__all__ = ("Handlers",)

_ACTION = struct.Struct("<QQ")  # struct sigaction begins so: sa_handler, sa_flags
_CLONE_SIGHAND = 0x800  # include/uapi/linux/sched.h

_Table = dict[int, tuple[int, int]]


class Handlers:
    """Tables are shared by who was cloned so, copied at a fork, and cleared of functions at an
    exec."""

    def __init__(self) -> None:
        self._tables: dict[int, _Table] = {}

    def of(self, pid: int, signal: int) -> tuple[int, int]:
        """sa_handler and sa_flags; SIG_DFL and none of whom nothing was heard."""
        return self._tables.get(pid, {}).get(signal, (0, 0))

    def changed(self, tracee: Tracee, call: Call) -> None:
        """rt_sigaction has gone well."""
        signal, address = call.arguments[:2]
        if not address:
            return
        try:
            handler, flags = _ACTION.unpack(tracee.read_user(address, _ACTION.size))
        except OSError:
            return
        self._tables.setdefault(tracee.pid, {})[signal] = handler, flags

    def made(self, parent: int, child: int, clone_flags: int) -> None:
        """A process was made by another."""
        table = self._tables.setdefault(parent, {})
        self._tables[child] = table if clone_flags & _CLONE_SIGHAND else dict(table)

    def executed(self, pid: int) -> None:
        """Its functions are gone with its program. What it ignores is never delivered."""
        self._tables.pop(pid, None)

    ended = executed
