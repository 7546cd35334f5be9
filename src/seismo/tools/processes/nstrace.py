"""`nstrace`: who makes namespaces, and who enters which."""

from __future__ import annotations

from seismo.tools.namespaces import (
    clone_letters,
    namespace_changes,
    namespace_letters,
    namespace_names,
)
from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)


def _clone_flags(flags: int) -> str | None:
    return clone_letters(flags) if flags >= 0 else None


TOOL = Tool(
    name="nstrace",
    area=Area.PROCESSES,
    summary="Show clone, unshare and setns with the namespaces that they make or enter.",
    about="""A row for each unshare(2) and setns(2), and each clone(2) and clone3(2) that asks for
new namespaces (with --all: each of them), when it returns. FD is the descriptor that setns was
given, of a namespace or of a process (pidfd), CHILD the process that clone made. KINDS are the
namespaces that it is about, as letters of MCUIUPN (mount, cgroup, UTS, IPC, user, PID, network),
NAMESPACES their names, time included. LEVEL, OWNER, GROUP and PARENT are of the user namespace
that the task, or clone's child, is in then: how deep it is, its owner's user and group, and the
inode of the namespace around it. CHANGED has the inodes of the namespaces that are others now,
before and after, as in /proc/PID/ns; of PID and time it is those for children. CLONE are the
other flags of a clone, two letters each, in the order of their bits.""",
    kernel="Linux 5.8 with BTF: the tracepoints of system calls, and task_newtask, raw.",
    scripts=("nstrace",),
    rows=Rows(
        (
            *columns("pid comm call fd child"),
            Column("err", errno_name),
            Column("kinds", namespace_letters),
            Column("namespaces", namespace_names),
            *columns("level owner group parent"),
            Column("changed", namespace_changes),
            Column("clone", _clone_flags),
        )
    ),
    options=(
        Option("all", "clones without namespaces, too", "-a"),
        Option("failed", "failed calls only", "-x"),
    ),
    example="""examples:
  seismo nstrace                            every such call on the machine, until Ctrl-C
  seismo nstrace -c 'unshare -U -m true'    what a command makes of its namespaces
  seismo nstrace --comm 'runc*' -T          how a container is made, with the local time
  seismo nstrace --json | jq .changed       the inodes, before and after

    PID   COMM     CALL     FD CHILD ERR  KINDS   NAMESPACES  LEVEL  OWNER …  CHANGED
    4410  unshare  unshare  -1 0     -    M---U-- mnt,user        1   1000 …  mnt:4026531832>402653…
    4417  nsenter  setns     3 0     -    ------N net             0      0 …  net:4026531833>402653…
""",
)
