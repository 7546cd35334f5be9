"""Starts a program and says what it took: `python -I -S launch.py PROGRAM ARGUMENT...`.

Prints wall time (ns), processor time (ns), peak memory (KiB) and exit status. A file of its own,
run by a small fresh interpreter: the peak that the kernel reports of a process includes that of the
process which it was forked from (fs/exec.c: setmax_mm_hiwater_rss() as the old memory goes).
"""

from __future__ import annotations

import os
import select
import sys
import time

__all__ = ("launch",)

_LIMIT_SECONDS = 60
# The signal module would make this process larger: it imports enum.
_SIGKILL = 9


def launch(command: list[str]) -> tuple[int, int, int, int]:
    """(wall ns, CPU ns, peak KiB, exit status) of a command whose standard output nobody reads.

    One that takes longer than a minute is killed: its status is -9.
    """
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    ended = os.pidfd_open(pid)
    if not select.select([ended], [], [], _LIMIT_SECONDS)[0]:
        os.kill(pid, _SIGKILL)
    os.close(ended)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter_ns() - start
    cpu = round((usage.ru_utime + usage.ru_stime) * 1e9)
    return wall, cpu, usage.ru_maxrss, os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    print(*launch(sys.argv[1:]))
