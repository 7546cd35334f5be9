"""`Hit`: one time that a place was come by, with all that a script may ask about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.vm.environment import Task, no_memory

__all__ = ("Hit", "Value")

Value: TypeAlias = "int | str | bytes | tuple[int, ...] | tuple[str | bytes, ...]"
"""What an argument is: a number, contents, or several of either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place was come by: `at` is a full attach point, such as
    `tracepoint:syscalls:sys_enter_openat`, `rawtracepoint:sys_enter`, `kprobe:vfs_read` or
    `uprobe:/bin/sh:main`.

    `ns` is CLOCK_MONOTONIC. `arguments` have the names of a tracepoint's fields, or are arg0 and so
    on at an entry, retval at a return; registers have their own names there. A str or bytes, or a
    tuple of them (argv), for a field that is a pointer means memory of the user that holds it.
    Stacks are addresses, innermost first. `read_user` reads (address, size) of the task's memory
    and raises OSError, `read_kernel` of what is known of the kernel's; they are good while the hit
    is being fired.
    """

    at: str
    task: Task
    ns: int
    cpu: int = 0
    arguments: Mapping[str, Value] = field(default_factory=dict)
    kernel_stack: tuple[int, ...] = ()
    user_stack: tuple[int, ...] = ()
    read_user: Callable[[int, int], bytes] = no_memory
    read_kernel: Callable[[int, int], bytes] = no_memory
