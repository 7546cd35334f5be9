"""Families: names for sets of events, and which system call belongs to which of strace's classes.

A family's name is a word of a row of meanings, or one that follows from arguments. strace's classes
have `%` before them: `%file` are the calls that take a path.
"""

from __future__ import annotations

from seismo.audit.catalog.meaning import Meaning
from seismo.audit.catalog.model import FieldKind

__all__ = ("DEFAULT", "FAMILY_DOCS", "MANY", "families_of")

FAMILY_DOCS = {
    "aio": "asynchronous requests of Linux' old kind",
    "all": "every event, but for sched_switch and `interrupts`, which are many: name them as well",
    "attributes": "changes of permissions, owners, times, extended attributes",
    "bpf": "bpf(2)",
    "cgroup": "cgroups made, removed, and tasks moved",
    "compat": "system calls of 32-bit programs",
    "copy": "data moved between descriptors",
    "create": "names and directories made",
    "credentials": "users, groups, capabilities, keys: asked for and changed",
    "default": "a sane set: what changes processes, rights, connections and the system",
    "desc": "calls about descriptors",
    "directories": "the working directory and the root",
    "events": "waiting for descriptors, timers, watches",
    "exec": "programs run",
    "exit": "processes' ends",
    "file": "calls about files",
    "fork": "processes and threads made",
    "futex": "locks of user space",
    "inject": "memory of other processes read and written",
    "interrupts": "of devices, and what is put off from them (softirqs), in a task's time",
    "io_uring": "rings of requests",
    "ipc": "System V and POSIX queues, semaphores, shared memory",
    "kernel": "events of `all` that are no system calls",
    "keys": "the kernel's keys",
    "landlock": "landlock",
    "memory": "mappings and their protection",
    "modules": "kernel modules, and other kernels",
    "mounts": "file systems mounted, changed, unmounted; swap and quotas",
    "namespaces": "namespaces made and joined",
    "network": "sockets and connections",
    "obsolete": "calls that no kernel of today has",
    "open": "files opened",
    "perf": "perf_event_open(2)",
    "process": "processes and threads",
    "ptrace": "processes watched and changed by others",
    "read": "data read from descriptors",
    "reboot": "reboots",
    "remove": "names and directories removed",
    "rename": "files renamed",
    "sched": "scheduling: calls about it, and each time that a task leaves a CPU",
    "seccomp": "seccomp",
    "setid": "credentials changed",
    "settime": "clocks changed",
    "signals": "signals sent, delivered, handled",
    "stat": "what files are",
    "syscalls": "every system call",
    "system": "the system as a whole",
    "time": "clocks and timers",
    "unknown": "numbers that no table of ours has",
    "wait": "waiting for children",
    "write": "data written to descriptors",
}
"""What is in each family, in words; strace's classes are not among them."""

DEFAULT = frozenset(
    (
        *("process_fork", "process_exec", "process_exit", "execve", "execveat"),
        *("net_connect", "net_connect_failed", "net_accept", "net_listen", "net_close", "bind"),
        *("credentials_change", "namespace_change", "ptrace_attach", "setns", "unshare"),
        *("open", "openat", "openat2", "creat", "open_by_handle_at"),
        *("unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "truncate"),
        *("mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat"),
        *("chmod", "fchmod", "fchmodat", "fchmodat2"),
        *("chown", "fchown", "lchown", "fchownat", "chown32", "fchown32", "lchown32"),
        *("setxattr", "lsetxattr", "fsetxattr", "setxattrat", "chroot"),
        *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
        *("mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree"),
        *("open_tree_attr", "mount_setattr", "fsopen", "fsconfig", "fsmount", "fspick"),
        *("init_module", "finit_module", "delete_module", "module_load", "module_free"),
        *("kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct"),
        *("bpf", "perf_event_open", "ptrace", "process_vm_readv", "process_vm_writev"),
        *("memfd_create", "userfaultfd", "io_uring_setup", "seccomp", "capset"),
        *("pidfd_getfd", "settimeofday", "clock_settime", "sethostname", "setdomainname"),
        *("add_key", "keyctl", "cgroup_create", "cgroup_remove", "cgroup_move"),
        *("iopl", "ioperm", "socketcall"),
    )
)
"""The family `default`; those of 32-bit programs belong to it by their names, too."""

MANY = frozenset(("interrupt", "sched_switch", "softirq"))
"""Events that are in no family that is not about them: an idle machine has hundreds in a second."""

_SENDING = ("kill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "tkill")

_CLASSES = {
    "%clock": (
        *("adjtimex", "clock_adjtime", "clock_getres", "clock_gettime", "clock_settime"),
        *("gettimeofday", "settimeofday", "stime", "time"),
    ),
    "%creds": ("prctl",),
    "%desc": (
        *("bpf", "landlock_create_ruleset", "pipe", "pipe2", "poll", "ppoll", "pselect6"),
        "select",
    ),
    "%file": ("fsconfig", "getcwd"),
    "%fstat": ("fstat", "newfstatat", "statx"),
    "%fstatfs": ("fstatfs", "fstatfs64"),
    "%lstat": ("lstat",),
    "%memory": ("io_destroy", "io_setup", "io_uring_register", "shmat", "shmdt"),
    "%network": ("getpmsg", "putpmsg", "sendfile"),
    "%process": _SENDING,
    "%pure": (
        *("getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid", "gettid", "getuid"),
    ),
    "%signal": ("io_uring_enter", "pidfd_send_signal", "signalfd", "signalfd4"),
    "%stat": ("stat",),
    "%statfs": ("statfs", "statfs64"),
    "%%stat": ("fstat", "lstat", "newfstatat", "stat", "statx"),
    "%%statfs": ("fstatfs", "fstatfs64", "statfs", "statfs64", "ustat"),
}
"""strace's classes by calls, as strace 6.1 has them: those that no rule below gives."""

_CLASS_OF_FAMILY = {
    "credentials": "%creds",
    "exec": "%process",
    "exit": "%process",
    "fork": "%process",
    "ipc": "%ipc",
    "memory": "%memory",
    "network": "%network",
    "signals": "%signal",
    "wait": "%process",
}
_NOT_IN = {
    "%creds": ("add_key", "keyctl", "request_key"),
    "%ipc": (
        *("mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend"),
        "mq_unlink",
    ),
    "%memory": (
        *("memfd_create", "memfd_secret", "pkey_alloc", "pkey_free", "process_madvise"),
        "process_mrelease",
    ),
    "%process": ("uselib",),
    "%signal": ("alarm",),
}
_DESCRIPTORS = frozenset((FieldKind.FD, FieldKind.DIRFD))


def families_of(name: str, meaning: Meaning, *, is_compat: bool = False) -> tuple[str, ...]:
    """The families of a system call, sorted; a 32-bit program's is in those of the call that it is
    alike, too."""
    found = {*meaning.families, *_classes(meaning), "all", "syscalls"}
    if {name, meaning.name} & DEFAULT:
        found.add("default")
    if is_compat:
        found.add("compat")
    return tuple(sorted(found))


def _classes(meaning: Meaning) -> set[str]:
    """strace's classes."""
    kinds = {one.kind for one in meaning.arguments}
    found = {one for one, names in _CLASSES.items() if meaning.name in names}
    for family in meaning.families:
        class_ = _CLASS_OF_FAMILY.get(family, "")
        if class_ and meaning.name not in _NOT_IN.get(class_, ()):
            found.add(class_)
    if FieldKind.PATH in kinds:
        found.add("%file")
    is_desc = meaning.returns is FieldKind.FD or kinds & _DESCRIPTORS
    if is_desc and "network" not in meaning.families:
        found.add("%desc")
    return found
