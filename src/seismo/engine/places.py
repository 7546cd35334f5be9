"""`Places`: where hits may come from: tracepoints with their formats, functions, raw tracepoints.

>>> places = system_call_places("x86_64")
>>> [field.name for field in places.tracepoints["syscalls:sys_enter_close"].fields]
['__syscall_nr', 'fd']
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.engine.syscall_table import SyscallFormats
from seismo.probes.format import TracepointFormat

__all__ = ("Places", "system_call_places")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """`tracepoints` are known by `category:name`, `functions` are those that kprobes may be put on.

    `machine` is called as `uname -m` does; per-CPU values are laid out for `cpus`. `absence` is a
    hint for who asks for a place that is not among them.
    """

    tracepoints: Mapping[str, TracepointFormat]
    functions: frozenset[str] = frozenset()
    raw_tracepoints: frozenset[str] = frozenset()
    machine: str
    cpus: int = 1
    absence: str = ""


def system_call_places(machine: str, cpus: int = 1) -> Places:
    """What can be told of a process by tracing it from user space: its system calls, its life and
    its signals, in the formats of Linux 6.18.

    NotSupported for a machine that is neither x86_64 nor aarch64.
    """
    return Places(
        tracepoints=SyscallFormats(machine),
        raw_tracepoints=frozenset(("sys_enter", "sys_exit")),
        machine=machine,
        cpus=cpus,
        absence=(
            "without BPF there are a command's system calls, and what sched_process_fork, "
            "sched_process_exec, sched_process_exit, task and signal tell of it"
        ),
    )
