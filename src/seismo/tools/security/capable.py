"""`capable`: which capabilities are asked for, and whether they are there."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL", "capability_name")

# include/uapi/linux/capability.h, from 0
_CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
    *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
    *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"),
    *("LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
    *("WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)
_AUDITS = {0: "no", 1: "yes"}


def capability_name(number: int) -> str:
    """`CAP_SYS_ADMIN` of 21."""
    is_known = number < len(_CAPABILITIES)
    return f"CAP_{_CAPABILITIES[number]}" if is_known else str(number)


TOOL = Tool(
    name="capable",
    area=Area.SECURITY,
    summary="Show every check of a capability: who is asked for which, and the answer.",
    about="""A row for each time that the kernel asks whether a process has a capability, in any
user namespace; ERR is EPERM where it has not. One system call may ask more than once, also before
it knows whether it needs the answer. AUDIT says whether a refusal is meant for the audit log;
checks of which it is not, as the kernel's own about memory (CAP_SYS_ADMIN), are left out without
--all. The tracepoint of Linux 6.14 does not tell that: where there is nothing else, all checks
are shown, and AUDIT is "-". What a security module forbids before is not asked, and so not
seen.""",
    kernel="Linux 6.14, or kprobes on older kernels.",
    scripts=("capable_fexit", "capable", "capable_kprobe"),
    rows=Rows(
        (
            *columns("uid pid comm cap"),
            Column("name", capability_name),
            Column("audit", _AUDITS.get),
            Column("err", errno_name),
            Column("kstack", is_stack=True),
            Column("ustack", is_stack=True),
        )
    ),
    options=(
        Option("all", "checks that are not for the audit log, too", "-a"),
        Option("kernel_stack", "with the kernel's stack", "-K"),
        Option("user_stack", "with the process's stack", "-U"),
        Option("unique", "each check of a process only once"),
    ),
    example="""examples:
  seismo capable                            every check on the machine, until Ctrl-C
  seismo capable --unique -c 'ping ::1'     which capabilities a command needs
  seismo capable -K -p 1234                 where in the kernel a process is asked
  seismo capable --uid www-data -T          one user's checks, with the local time

    UID     PID     COMM             CAP  NAME               AUDIT ERR
    0       9120    chown            0    CAP_CHOWN          yes   -
    1000    9131    ping             13   CAP_NET_RAW        yes   EPERM
""",
)
