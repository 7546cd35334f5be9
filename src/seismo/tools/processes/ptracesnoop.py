"""`ptracesnoop`: which process takes hold of which, the beginning of most injections of code."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL", "request_name")

# include/uapi/linux/ptrace.h, arch/x86/include/uapi/asm/ptrace-abi.h; {first number: names}
_NAMES = {
    0: "TRACEME PEEKTEXT PEEKDATA PEEKUSER POKETEXT POKEDATA POKEUSER CONT KILL SINGLESTEP",
    12: "GETREGS SETREGS GETFPREGS SETFPREGS ATTACH DETACH GETFPXREGS SETFPXREGS",
    24: "SYSCALL GET_THREAD_AREA SET_THREAD_AREA",
    30: "ARCH_PRCTL SYSEMU SYSEMU_SINGLESTEP SINGLEBLOCK",
    0x4200: "SETOPTIONS GETEVENTMSG GETSIGINFO SETSIGINFO GETREGSET SETREGSET SEIZE INTERRUPT "
    "LISTEN PEEKSIGINFO GETSIGMASK SETSIGMASK SECCOMP_GET_FILTER SECCOMP_GET_METADATA "
    "GET_SYSCALL_INFO GET_RSEQ_CONFIGURATION SET_SYSCALL_USER_DISPATCH_CONFIG "
    "GET_SYSCALL_USER_DISPATCH_CONFIG SET_SYSCALL_INFO",
}
_REQUESTS = {
    first + at: f"PTRACE_{name}"
    for first, names in _NAMES.items()
    for at, name in enumerate(names.split())
}


def request_name(request: int | str) -> str:
    """`PTRACE_ATTACH` of 16; what is no request of ptrace(2) has its name already."""
    return request if isinstance(request, str) else _REQUESTS.get(request, str(request))


def _name(comm: str) -> str | None:
    return comm or None


TOOL = Tool(
    name="ptracesnoop",
    area=Area.PROCESSES,
    summary="Show who attaches to which process, or writes into its memory: process injection.",
    about="""A row for each request of ptrace(2) that takes hold of a process (PTRACE_ATTACH,
PTRACE_SEIZE and PTRACE_TRACEME, by which a process has its parent trace it), for each
process_vm_writev(2), and for each write to /proc/PID/mem, when the call returns. TPID is the
other process or thread: the one that is attached to or written to, and of PTRACE_TRACEME the
parent. TCOMM is its name when the call begins, "-" if there is none. With --all every request of
ptrace(2) is a row, of which a debugger makes thousands: without it, what is done to a process
after an attachment is not shown.""",
    kernel="Linux 5.8 with BTF: the tracepoints of system calls.",
    scripts=("ptracesnoop",),
    rows=Rows(
        (
            *columns("pid comm"),
            Column("request", request_name),
            Column("tpid"),
            Column("tcomm", _name),
            Column("err", errno_name),
        )
    ),
    options=(
        Option("all", "every request of ptrace(2)", "-a"),
        Option("failed", "failed calls only", "-x"),
    ),
    example="""examples:
  seismo ptracesnoop                        every attachment on the machine, until Ctrl-C
  seismo ptracesnoop -x --with user         who tried what it may not
  seismo ptracesnoop -c 'strace -f ls'      how a tracer takes hold of what it starts
  seismo ptracesnoop --all -p 1234          all that a debugger does

    PID     COMM             REQUEST              TPID    TCOMM            ERR
    8120    gdb              PTRACE_ATTACH        4123    bash             -
    8133    strace           PTRACE_SEIZE         1       systemd          EPERM
    8140    inject           process_vm_writev    4123    bash             -
""",
)
