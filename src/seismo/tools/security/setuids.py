"""`setuids`: who changes its user or group ids, from which to which."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)

TOOL = Tool(
    name="setuids",
    area=Area.SECURITY,
    summary="Show every change of a process's user or group ids: asked for, before, after, error.",
    about="""A row for each setuid(2), setreuid(2), setresuid(2), setfsuid(2) and their like for
groups when it returns. ASKED is what the call asks for, as its caller's user namespace counts,
where -1 leaves an id as it is. BEFORE and AFTER are the real, effective, saved and file system id
of the thread, as the initial namespace counts. setfsuid(2) never fails: if it may not, nothing
changes. A program with the set-user-id bit changes ids by execve(2), which is not shown, and so
are changes of supplementary groups. The C library makes such a call in every thread of a
process.""",
    kernel="Linux 5.8 with BTF: the tracepoints of system calls.",
    user_engine=True,
    scripts=("setuids",),
    rows=Rows((*columns("pid comm call asked before after"), Column("err", errno_name))),
    options=(Option("failed", "failed calls only", "-x"),),
    example="""examples:
  seismo setuids                            every change on the machine, until Ctrl-C
  seismo setuids -c 'su - alice -c id'      what a command and all that it starts change
  seismo setuids -x --with user,container   who tried what it may not

    PID     COMM      CALL      ASKED  BEFORE           AFTER                    ERR
    7211    su        setgid    1000   (0, 0, 0, 0)     (1000, 1000, 1000, 1000) -
    7211    su        setuid    1000   (0, 0, 0, 0)     (1000, 1000, 1000, 1000) -
    7240    python3   setuid    0      (1000, 1000, …)  (1000, 1000, …)          EPERM
""",
)
