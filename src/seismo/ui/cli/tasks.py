"""Whom to trace: the options that say so, and the filter that they make."""

from __future__ import annotations

import argparse
import os
import pwd
from collections.abc import MutableMapping
from typing import Any

from seismo.base.dataclass import dataclass, replace
from seismo.builtin.options import TaskFilter
from seismo.kernel.cgroups import find_cgroup
from seismo.kernel.protocol import Kernel
from seismo.runtime.containers import find_container
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.target import process_of

__all__ = ("EVERYBODY", "Tasks", "add_task_options", "take_tasks", "task_filter")

_PID_MAX = 1 << 22  # include/linux/threads.h: PID_MAX_LIMIT
_UID_MAX = (1 << 32) - 2  # the last is no user: include/linux/uidgid.h, INVALID_UID
_COMM_BYTES = 15  # include/linux/sched.h: TASK_COMM_LEN, without its NUL
_FIELDS = ("command", "pid", "tid", "is_tree", "cgroup", "container", "comm", "uid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Whom the command line says to trace: those of whom all is true.

    `command` is run and traced to its end, `pid` traced until it ends (0: neither); `is_tree`
    follows whichever it is with all that it forks. `tid` is one thread of `pid`. `cgroup` is a path
    or an id, `container` how an id begins, `comm` a name, perhaps with a `*` at its end.
    """

    command: str = ""
    pid: int = 0
    tid: int = 0
    is_tree: bool = False
    cgroup: str = ""
    container: str = ""
    comm: str = ""
    uid: int | None = None


EVERYBODY = Tasks()


def task_filter(tasks: Tasks, kernel: Kernel, command_pid: int) -> TaskFilter:
    """What is compiled into the programs. A command is filtered by only with all that it forks.

    Raises `CgroupError` for a cgroup or a container that is not there.
    """
    cgroups = [find_cgroup(kernel, tasks.cgroup)] if tasks.cgroup else []
    if tasks.container:
        cgroups.append(find_container(kernel, tasks.container))
    return TaskFilter(
        pid=command_pid if tasks.command and tasks.is_tree else tasks.pid,
        and_children=tasks.is_tree,
        tid=tasks.tid,
        cgroups=tuple(cgroups),
        cgroup_ids=tuple([os.stat(path).st_ino for path in cgroups]),
        comm=tasks.comm,
        uid=tasks.uid,
    )


def take_tasks(
    parser: argparse.ArgumentParser, given: MutableMapping[str, Any], *, is_open: bool = False
) -> Tasks:
    """Take what `add_task_options` added out of what the parser read; a contradiction ends the
    program with status 1. Raises `InputError` for a thread that is not there.

    With `is_open` a family may be that of a command which is not known yet.
    """
    found = {name: given.pop(name) for name in _FIELDS}
    tasks = Tasks(**{name: value for name, value in found.items() if value is not None})
    if tasks.command and tasks.pid:
        parser.error("-c runs a command and -p names a process: give one of them")
    if tasks.is_tree and not (tasks.command or tasks.pid or is_open):
        parser.error("--tree follows the process of -c or -p: give one of them")
    return replace(tasks, pid=_process_of_thread(tasks)) if tasks.tid else tasks


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Whom to trace; of several options all must be true."""
    group = parser.add_argument_group("whom to trace (filters in the kernel; all must be true)")
    group.add_argument("-p", "--pid", type=_pid, help="this process, to its end")
    group.add_argument("-t", "--tid", type=_pid, help="this thread, to its end")
    group.add_argument(
        *("-c", "--cmd"),
        dest="command",
        type=_not_empty,
        metavar="CMD",
        help="run CMD, and end when it ends; cpid is its process id",
    )
    add = group.add_argument
    text = "with -c or -p: that process, and all that it forks"
    add("--tree", dest="is_tree", action="store_true", help=text)
    text = "tasks in a cgroup (version 2) or below it, by its directory or its id"
    add("--cgroup", type=_not_empty, metavar="PATH|ID", help=text)
    text = "tasks of a container; the beginning of its id will do"
    add("--container", type=_container, metavar="ID", help=text)
    text = "tasks called NAME; a * at its end stands for the rest"
    add("--comm", type=_comm, metavar="NAME", help=text)
    add("-u", "--uid", type=_uid, metavar="USER", help="tasks of a user, by name or number")


def _process_of_thread(tasks: Tasks) -> int:
    process = process_of(tasks.tid)
    if not process:
        raise InputError(f"-t {tasks.tid}: there is no such thread")
    if tasks.pid not in (0, process):
        raise InputError(f"-t {tasks.tid}: it is a thread of process {process}, not of -p's")
    return process


def _pid(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _PID_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not an id of a process or thread")
    return int(text)


def _not_empty(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _container(text: str) -> str:
    if not text or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(
            f"'{text}' does not begin an id, which is in hexadecimal: see `docker ps`, `crictl ps`"
        )
    return text


def _comm(text: str) -> str:
    name = text.removesuffix("*")
    if not name or "*" in name:
        raise argparse.ArgumentTypeError(f"'{text}' is not a name, nor a beginning with a *")
    if len(name.encode("utf-8", "surrogateescape")) > _COMM_BYTES:
        raise argparse.ArgumentTypeError(
            f"'{name}' is too long: the kernel keeps {_COMM_BYTES} bytes of a name"
        )
    return text


def _uid(text: str) -> int:
    if text.isdecimal():
        if int(text) > _UID_MAX:
            raise argparse.ArgumentTypeError(f"{text} is more than the number of any user")
        return int(text)
    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        raise argparse.ArgumentTypeError(f"there is no user '{text}'") from None
