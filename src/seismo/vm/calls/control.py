"""Helpers that call, and that go to another program."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from seismo.base.bits import U32_MAX
from seismo.vm.errors import BadAccess
from seismo.vm.maps.references import ProgramMap
from seismo.vm.run import MAX_LOOPS, Helper, Loaded, Run, TailCall

__all__ = ("CONTROL",)


def loop(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(turns, callback, context, flags): how many turns were made. Since Linux 5.17."""
    turns = a & U32_MAX
    if d:
        return -errno.EINVAL
    if turns > MAX_LOOPS:
        return -errno.E2BIG
    for turn in range(turns):
        answer = run.call_back(b, turn, c)
        if answer > 1:
            raise BadAccess(f"a callback answers {answer}, and not 0 or 1")
        if answer:
            return turn + 1
    return turns


def tail_call(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, map, index): does not come back, but where nothing is there or after 33 of them."""
    programs = run.map_at(b)
    if not isinstance(programs, ProgramMap):
        raise BadAccess("a tail call through what is no program array", b)
    machine = programs.machine(c & U32_MAX)
    if machine is None or run.tail_calls_left == 0:
        return -errno.ENOENT
    if not isinstance(machine, Loaded) or machine.memory is not run.memory:
        raise BadAccess("a tail call to a program whose memory is another")
    run.tail_calls_left -= 1
    raise TailCall(machine, a)


def do_nothing(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """Locks: one program runs at a time."""
    return 0


CONTROL: Mapping[str, Helper] = {
    "loop": loop,
    "spin_lock": do_nothing,
    "spin_unlock": do_nothing,
    "tail_call": tail_call,
}
