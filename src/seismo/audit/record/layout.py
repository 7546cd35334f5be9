"""The bytes that audit's programs and its user space share: records, maps' keys and values.

A record is a `HEADER`, the fixed part of its type (`SYSCALL`, or one of `FIXED`), and sections: a
`SECTION` head each, its bytes, and what it takes to get to a multiple of eight. The C of the same
structs is made of these layouts (`c_text.py`); nothing else states an offset.

>>> HEADER.field("ret").offset
40
"""

from __future__ import annotations

from seismo.base.enum import IntEnum
from seismo.base.layout import S32, S64, U8, U16, U32, U64, Array, Blob, Layout, Text

__all__ = (
    "FIXED",
    "HANDLERS",
    "HEADER",
    "KERNEL_EVENTS",
    "PLAN",
    "SECTION",
    "SETTINGS",
    "SYSCALL",
    "TYPES",
    "Capture",
    "Counter",
    "EventFlag",
    "KernelEvent",
    "Section",
    "SectionFlag",
    "Setting",
    "Shape",
)

TYPES = 2560
"""How many event types there may be: 0-1023 system calls by their number, 1024-2047 those of 32-bit
programs by theirs, 2048 and above `KernelEvent`."""

COMPAT = 1024
"""What is added to the number of a 32-bit program's system call."""

HANDLERS = 64
"""How many handlers there may be at a time; a handler is known by its index in the kernel."""

HEADER = Layout.of(
    "audit_header",
    [
        ("time_ns", U64),  # CLOCK_MONOTONIC when the event was complete
        ("duration_ns", U64),  # of a system call, from its entry; of what `FIXED` says; else 0
        ("sequence", U64),  # of this CPU's records, lost ones included: from 1, without holes
        ("start_ns", U64),  # when the process started, since boot: with `tgid` it names a process
        ("cgroup", U64),  # the id of the cgroup (version 2)
        ("ret", S64),
        ("type", U16),
        ("flags", U16),  # EventFlag
        ("cpu", U16),
        ("handler", U16),  # index of the handler
        ("tgid", U32),
        ("tid", U32),
        ("ppid", U32),  # tgid of the real parent
        ("uid", U32),
        ("gid", U32),
        ("mntns", U32),  # inode number of the mount namespace
        ("comm", Text(16)),
    ],
)

SYSCALL = Layout.of("audit_syscall", [("args", Array(U64, 6))])
"""The fixed part of a system call's record."""

SECTION = Layout.of(
    "audit_section",
    [
        ("kind", U8),  # Section
        ("argument", U8),  # which of the six, or NO_ARGUMENT
        ("flags", U16),  # SectionFlag
        ("size", U16),  # bytes that follow, without padding
        ("detail", U16),  # see Section
    ],
)

NO_ARGUMENT = 255


class EventFlag(IntEnum):
    """What is to be known of a record as a whole."""

    INCOMPLETE = 1  # something could not be read: the section says what
    CHANGED = 2  # memory of an argument was another at the end than at the entry
    NO_RETURN = 4  # the call did not, or will not, return; `ret` means nothing
    COMPAT = 8  # a system call of a 32-bit program
    KERNEL_DIFFERS = 16  # the name that the kernel took differs from the one at the entry
    TRUNCATED = 32  # some section was cut
    HIDDEN = 64  # a filter refused it: it is there for correlation, and is not shown


class Section(IntEnum):
    """What the bytes of a section are."""

    STRING = 1  # a string argument at the entry, without NUL (at the end, where RETRIED says so)
    CHANGED_STRING = 2  # what the same argument was at the end, where it differs
    BYTES = 3  # contents: of a buffer; `detail` is unused
    SOCKADDR = 4  # a struct sockaddr that the program gave or was given
    PATH = (
        5  # names of a path, the last first, each with a NUL; `flags` ABSOLUTE when up to the root
    )
    FILE = 6  # FIXED_FILE: what a descriptor, or the opened file, is
    SOCKET = 7  # SOCKET: a descriptor's socket as the kernel has it
    WORDS = 8  # argv: strings with a NUL behind each
    ENVIRONMENT = 9  # the same of the environment
    DIRECTORY = 10  # like PATH: what a relative path argument is relative to (cwd or dirfd)
    NUMBERS = 11  # u32 each: pipe(2)'s pair and the like; int32
    STRUCT = 12  # a struct that the argument points to, `detail` bytes of it wanted
    IOVEC = 13  # contents of the vectors, one behind the other
    KERNEL_STRING = 14  # a name that the kernel itself used
    CREDENTIALS = 15  # CREDENTIALS
    CWD = 16  # like PATH: the working directory
    EXE = 17  # like PATH: the executable
    CGROUP = 18  # like PATH: the cgroup's names, the last first
    NAMESPACES = 19  # NAMESPACES


class SectionFlag(IntEnum):
    """What is to be known of a section."""

    TRUNCATED = 1  # there was more
    FAULTED = 2  # could not be read, not even at the end: the section is empty
    RETRIED = 4  # could not be read at the entry, only at the end
    ABSOLUTE = 8  # of a path: complete up to the root of the process
    DELETED = 16  # of a path: the file has no name any more
    UNREACHABLE = 32  # of a path: it is not below the process's root
    ENTRY = 64  # read at the entry
    NAME = 128  # of a path: the one name is no path: `pipe:[7]`, `anon_inode:[eventpoll]`


class KernelEvent(IntEnum):
    """Events that are no system calls. `FIXED` has their fixed parts."""

    PROCESS_FORK = 2048
    PROCESS_EXEC = 2049
    PROCESS_EXIT = 2050
    NET_CONNECT = 2051  # TCP: this end asked, and it stands
    NET_ACCEPT = 2052  # TCP: this end listened, and it stands
    NET_CLOSE = 2053  # TCP: it has ended
    NET_LISTEN = 2054
    NET_SEND = 2055  # UDP
    NET_RECEIVE = 2056  # UDP
    SIGNAL_SEND = 2057
    SIGNAL_DELIVER = 2058
    CGROUP_CREATE = 2059
    CGROUP_REMOVE = 2060
    CGROUP_MOVE = 2061  # a task was moved
    MODULE_LOAD = 2062
    MODULE_FREE = 2063
    CREDENTIALS_CHANGE = 2064
    NAMESPACE_CHANGE = 2065
    PTRACE_ATTACH = 2066
    NET_CONNECT_FAILED = 2067  # TCP: asked, and refused or given up
    CAPABILITY_USE = 2068  # a check of a capability (where the kernel tells)
    SCHED_SWITCH = 2069  # a task left the CPU
    INTERRUPT = 2070  # a device's, while the task had the CPU
    SOFTIRQ = 2071


CREDENTIALS = Layout.of(
    "audit_credentials",
    [
        *((name, U32) for name in ("uid", "gid", "suid", "sgid", "euid", "egid", "fsuid", "fsgid")),
        *((name, U64) for name in ("cap_inheritable", "cap_permitted", "cap_effective")),
        *((name, U64) for name in ("cap_bounding", "cap_ambient")),
        ("loginuid", U32),
        ("sessionid", U32),
    ],
)

NAMESPACES = Layout.of(
    "audit_namespaces",
    [(name, U32) for name in ("mnt", "pid", "net", "uts", "ipc", "user", "cgroup", "time")],
)

FIXED_FILE = Layout.of(
    "audit_file",
    [
        ("inode", U64),
        ("device", U32),  # as st_dev has it: new_encode_dev
        ("mode", U32),  # st_mode
        ("flags", U32),  # f_flags
        ("fd", S32),
        ("position", S64),
        ("links", U32),
        ("uid", U32),
    ],
)

SOCKET = Layout.of(
    "audit_socket",
    [
        ("cookie", U64),  # 0 where the kernel has given none yet
        ("inode", U64),
        ("sent_bytes", U64),  # TCP: acknowledged
        ("received_bytes", U64),
        ("started_ns", U64),  # when it was asked for, or accepted; 0 if that was not seen
        ("netns", U32),
        ("family", U16),
        ("type", U8),  # SOCK_STREAM and so on
        ("state", U8),  # TCP_ESTABLISHED and so on
        ("protocol", U16),
        ("local_port", U16),  # in host order
        ("remote_port", U16),
        ("is_ipv6", U16),
        ("fd", S32),
        ("pad", U32),
        ("local", Blob(16)),  # IPv4 in the first four bytes
        ("remote", Blob(16)),
    ],
)

_PROCESS = ("tgid", U32), ("tid", U32)

FIXED = {
    KernelEvent.PROCESS_FORK: Layout.of(
        "audit_fork",
        [
            ("child_tgid", U32),
            ("child_tid", U32),  # another than `child_tgid`: a thread
            ("child_start_ns", U64),
            ("clone_flags", U64),  # 0 where the kernel does not tell
            ("child_cgroup", U64),
        ],
    ),
    KernelEvent.PROCESS_EXEC: Layout.of(
        # Sections: WORDS, ENVIRONMENT, CWD, EXE, FILE, CREDENTIALS, NAMESPACES, CGROUP.
        "audit_exec",
        [("old_tid", U32), ("argc", U32), ("envc", U32), ("secure", U32)],
    ),
    KernelEvent.PROCESS_EXIT: Layout.of(
        "audit_exit",
        [
            ("code", U32),  # exit status
            ("signal", U32),
            ("is_core_dumped", U32),
            ("is_process", U32),  # the last thread of its process
        ],
    ),
    KernelEvent.SIGNAL_SEND: Layout.of(
        "audit_signal", [("signal", U32), ("code", S32), ("to_tgid", U32), ("to_tid", U32)]
    ),
    KernelEvent.SIGNAL_DELIVER: Layout.of(
        "audit_signal_deliver", [("signal", U32), ("code", S32), ("handler", U64)]
    ),
    KernelEvent.CGROUP_CREATE: Layout.of(
        "audit_cgroup",  # `hierarchy` is 0 for version 2; else `id` is one of that hierarchy
        [("id", U64), ("level", U32), ("hierarchy", U32)],
    ),
    KernelEvent.CGROUP_REMOVE: Layout.of(
        "audit_cgroup_remove", [("id", U64), ("level", U32), ("hierarchy", U32)]
    ),
    KernelEvent.CGROUP_MOVE: Layout.of(
        "audit_cgroup_move",
        [
            *(("id", U64), ("moved_tgid", U32), ("moved_tid", U32), ("hierarchy", U32)),
            ("whole_process", U32),
        ],
    ),
    KernelEvent.MODULE_LOAD: Layout.of("audit_module", [("taints", U64), ("name", Text(64))]),
    KernelEvent.MODULE_FREE: Layout.of("audit_module_free", [("name", Text(64))]),
    KernelEvent.CREDENTIALS_CHANGE: Layout.of(
        "audit_credentials_change",
        [
            ("by", U32),
            ("pad", U32),
            ("before", Blob(CREDENTIALS.size)),
            ("after", Blob(CREDENTIALS.size)),
        ],
    ),
    KernelEvent.NAMESPACE_CHANGE: Layout.of(
        "audit_namespace_change",
        [
            ("by", U32),
            ("pad", U32),
            ("before", Blob(NAMESPACES.size)),
            ("after", Blob(NAMESPACES.size)),
        ],
    ),
    KernelEvent.PTRACE_ATTACH: Layout.of(
        "audit_ptrace", [("request", U64), ("target_tgid", U32), ("target_tid", U32)]
    ),
    KernelEvent.CAPABILITY_USE: Layout.of(
        "audit_capability", [("capability", U32), ("is_granted", U32)]
    ),
    KernelEvent.SCHED_SWITCH: Layout.of(
        # `duration_ns` in the header: how long the task had the CPU; 0 if its begin was not seen.
        "audit_sched_switch",
        [
            ("next_tgid", U32),  # 0: the CPU idles
            ("next_tid", U32),
            ("state", U32),  # TASK_INTERRUPTIBLE and so on; 0: it could go on
            ("is_preempted", U32),
            ("next_comm", Text(16)),
        ],
    ),
    KernelEvent.INTERRUPT: Layout.of(
        # `duration_ns`: of the handler.
        "audit_interrupt",
        [("irq", U32), ("is_handled", U32), ("name", Text(32))],
    ),
    KernelEvent.SOFTIRQ: Layout.of("audit_softirq", [("vector", U32), ("pad", U32)]),
    **{
        event: Layout.of(f"audit_{event.name.lower()}", [("socket", Blob(SOCKET.size))])
        for event in (
            KernelEvent.NET_CONNECT,
            KernelEvent.NET_ACCEPT,
            KernelEvent.NET_CLOSE,
            KernelEvent.NET_LISTEN,
            KernelEvent.NET_CONNECT_FAILED,
        )
    },
    **{
        event: Layout.of(
            f"audit_{event.name.lower()}", [("bytes", U64), ("socket", Blob(SOCKET.size))]
        )
        for event in (KernelEvent.NET_SEND, KernelEvent.NET_RECEIVE)
    },
}

KERNEL_EVENTS = tuple(KernelEvent)


class Capture(IntEnum):
    """What of a system call's argument is recorded beside its value.

    The parameter is a byte in `PLAN`, `parameters`.
    """

    NONE = 0
    STRING = 1  # a string at the entry; compared at the end
    PATH = 2  # the same, a path relative to the cwd
    PATH_AT = 3  # the same, relative to the directory of the argument before it (parameter: which)
    FD = 4  # FILE, PATH and SOCKET of a descriptor at the end; parameter 1: at the entry, close(2)
    SOCKADDR_IN = 5  # given: parameter is the argument with its length
    SOCKADDR_OUT = 6  # filled in: parameter is the argument with the pointer to its length
    BYTES_IN = 7  # given contents, on request: parameter is the argument with the size
    BYTES_OUT = 8  # filled in contents, on request: as many as `ret`
    IOVEC_IN = 9  # parameter is the argument with the count
    IOVEC_OUT = 10
    MSGHDR_IN = 11  # address and contents of sendmsg(2)
    MSGHDR_OUT = 12
    NUMBERS_OUT = 13  # parameter is how many int32: pipe(2), socketpair(2)
    STRUCT_IN = 14  # parameter is the size in bytes, at most 248
    STRUCT_OUT = 15
    WORDS = 16  # argv at the entry (execve(2) that fails)
    FD_RETURNED = 17  # of `ret`: what was really opened. Stands in `PLAN`, `returned`


class Shape(IntEnum):
    """Flags of a plan."""

    NO_RETURN = 1  # exit(2), exit_group(2): told at the entry
    NO_CAPTURE = 2  # nothing but numbers: the short way


PLAN = Layout.of(
    "audit_plan",
    [
        ("flags", U8),  # Shape
        ("returned", U8),  # Capture.FD_RETURNED or NONE
        ("captures", Array(U8, 6)),
        ("parameters", Array(U8, 6)),
        ("content", U16),  # so many bytes of contents at most, where SETTINGS asks for any
    ],
)
"""What to record of each type, by its number: the values of the array `plans`."""


class Counter(IntEnum):
    """Columns of the per-CPU array `counters`, whose key is type * 8 + counter.

    produced = submitted + filtered + lost_ring + lost_pending + those that have not ended yet.
    """

    PRODUCED = 0
    SUBMITTED = 1
    FILTERED = 2
    LOST_RING = 3  # no room in the ring
    LOST_PENDING = 4  # no room among the calls in progress
    FAULTED = 5  # submitted, with a part that could not be read
    TRUNCATED = 6  # submitted, with a part that was cut
    NO_ENTRY = 7  # an end whose entry was before we came: not produced


class Setting(IntEnum):
    """`SETTINGS`, `flags`."""

    CONTENT = 1  # record contents (BYTES, IOVEC)
    ENVIRONMENT = 2  # record the environment at exec
    CGROUPS = 4  # some handler is for a cgroup
    EXES = 8  # some handler is for an executable
    DEFAULT = 16  # there is a default handler
    FD_PATHS = 32  # paths of descriptors that are arguments


SETTINGS = Layout.of(
    "audit_settings",
    [
        ("self_tgid", U32),  # never recorded
        ("flags", U32),  # Setting
        ("default_handler", U32),
        ("content_bytes", U32),  # at most 4096
        ("words_bytes", U32),  # of argv, of the environment: at most 32768 together
        ("wake_bytes", U32),  # wake the reader when so much is in the ring
        ("initial_pidns", U32),
        ("pad", U32),
    ],
)
