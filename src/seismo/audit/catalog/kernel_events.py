"""Events that are no system calls: one record each of `KernelEvent`.

Their fields are those of the fixed part (`record/layout.py`, `FIXED`) with the same names, and what
sections bring. Kernel tracepoints that they come from are named in the texts.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.audit.catalog.families import DEFAULT, MANY
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.record.layout import FIXED, KernelEvent, Section
from seismo.base.dataclass import dataclass
from seismo.base.layout import Blob, FieldType, Int, Text

__all__ = ("KERNEL_EVENT_TYPES",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What the layouts do not tell: families, meanings by name, sections, a text."""

    families: str
    doc: str
    kinds: Mapping[str, str] = {}
    sections: tuple[tuple[str, str, Section], ...] = ()


_SOCKET = {"socket": "socket"}
_BOTH_CREDENTIALS = {"before": "credentials", "after": "credentials"}
_BOTH_NAMESPACES = {"before": "namespaces", "after": "namespaces"}
_CGROUP_PATH = (("path", "path", Section.CGROUP),)

_EXEC_SECTIONS = (
    ("argv", "words", Section.WORDS),
    ("environment", "words", Section.ENVIRONMENT),
    ("cwd", "path", Section.CWD),
    ("exe", "path", Section.EXE),
    ("file", "struct:audit_file", Section.FILE),
    ("credentials", "credentials", Section.CREDENTIALS),
    ("namespaces", "namespaces", Section.NAMESPACES),
    ("cgroup_path", "path", Section.CGROUP),
)

_DOCS = {
    "child_tgid": "the process that was made, or the own one if it is a thread",
    "child_tid": "the thread that was made",
    "child_start_ns": "when the child started, since boot",
    "clone_flags": "what it shares; 0 where the kernel does not tell",
    "child_cgroup": "the cgroup that the child is in",
    "old_tid": "the thread that ran the program; its id is the process's now",
    "argc": "how many words argv has",
    "envc": "how many words the environment has",
    "secure": "1: the program runs with other rights than who ran it (AT_SECURE)",
    "argv": "the words of the command",
    "environment": "the environment, where it is asked for",
    "cwd": "the working directory",
    "exe": "the file that runs",
    "file": "inode, device and permissions of that file",
    "credentials": "users, groups and capabilities that the program runs with",
    "namespaces": "inode numbers of the namespaces",
    "cgroup_path": "the cgroup's path",
    "code": "why it was sent, and by whom",
    "process_exit.code": "the exit status",
    "process_exit.signal": "the signal that ended it, 0 if none did",
    "is_core_dumped": "1: there is a core dump",
    "is_process": "1: it was the last thread of its process",
    "socket": "both addresses, bytes, network namespace",
    "bytes": "how many were sent or received",
    "signal": "the signal",
    "to_tgid": "the process that it is for",
    "to_tid": "the thread that it is for",
    "handler": "the address of the function that handles it; 0 default, 1 ignored",
    "id": "the cgroup's id",
    "level": "how deep below the root",
    "hierarchy": "the hierarchy, by number: 1 and above are of version 1, 0 is version 2",
    "path": "the cgroup's path",
    "moved_tgid": "the process that was moved",
    "moved_tid": "the thread that was moved",
    "whole_process": "1: all threads of the process are moved",
    "taints": "what it taints the kernel with",
    "name": "the module",
    "by": "the system call in which it changed, by number; 0 where the kernel does not tell",
    "before": "as they were",
    "after": "as they are now",
    "request": "PTRACE_ATTACH, PTRACE_SEIZE or PTRACE_TRACEME",
    "target_tgid": "the process that is watched from now on",
    "target_tid": "the thread that is watched from now on",
    "capability": "which was asked for",
    "is_granted": "1: the task has it",
    "next_tgid": "the process that has the CPU now; 0: none, it idles",
    "next_tid": "the thread that has the CPU now",
    "next_comm": "what that thread is called",
    "state": "what it waits in; running: it waits for nothing but the CPU",
    "is_preempted": "1: the CPU was taken from it within the kernel, not on its way back",
    "irq": "the interrupt's number, as in /proc/interrupts",
    "is_handled": "0: the handler's device had not asked for it",
    "interrupt.name": "the handler, as in /proc/interrupts",
    "vector": "which, as in /proc/softirqs",
}

_EVENTS = {
    KernelEvent.PROCESS_FORK: _Event(
        families="process fork",
        doc="A process or thread was made; told by its parent (sched_process_fork)",
        kinds={
            "child_tgid": "pid",
            "child_tid": "pid",
            "child_start_ns": "time_ns",
            "clone_flags": "flags:clone",
        },
    ),
    KernelEvent.PROCESS_EXEC: _Event(
        families="process exec",
        doc="A process runs another program (sched_process_exec)",
        kinds={"old_tid": "pid"},
        sections=_EXEC_SECTIONS,
    ),
    KernelEvent.PROCESS_EXIT: _Event(
        families="process exit",
        doc="A thread ended (sched_process_exit)",
        kinds={"signal": "signal"},
    ),
    KernelEvent.NET_CONNECT: _Event(
        families="network", doc="A TCP connection that was asked for here stands", kinds=_SOCKET
    ),
    KernelEvent.NET_ACCEPT: _Event(
        families="network", doc="A TCP connection to a listener here stands", kinds=_SOCKET
    ),
    KernelEvent.NET_CLOSE: _Event(
        families="network", doc="A TCP connection has ended", kinds=_SOCKET
    ),
    KernelEvent.NET_LISTEN: _Event(
        families="network", doc="A TCP socket takes connections", kinds=_SOCKET
    ),
    KernelEvent.NET_SEND: _Event(
        families="network", doc="A UDP message was sent", kinds={**_SOCKET, "bytes": "size"}
    ),
    KernelEvent.NET_RECEIVE: _Event(
        families="network", doc="A UDP message was received", kinds={**_SOCKET, "bytes": "size"}
    ),
    KernelEvent.SIGNAL_SEND: _Event(
        families="signals",
        doc="A signal was sent (signal_generate)",
        kinds={
            "signal": "signal",
            "code": "enum:si_code",
            "to_tgid": "pid",
            "to_tid": "pid",
        },
    ),
    KernelEvent.SIGNAL_DELIVER: _Event(
        families="signals",
        doc="A signal came to whom it was for (signal_deliver)",
        kinds={"signal": "signal", "code": "enum:si_code", "handler": "pointer"},
    ),
    KernelEvent.CGROUP_CREATE: _Event(
        families="cgroup", doc="A cgroup was made (cgroup_mkdir)", sections=_CGROUP_PATH
    ),
    KernelEvent.CGROUP_REMOVE: _Event(
        families="cgroup", doc="A cgroup was removed (cgroup_rmdir)", sections=_CGROUP_PATH
    ),
    KernelEvent.CGROUP_MOVE: _Event(
        families="cgroup",
        doc="A task was moved to a cgroup (cgroup_attach_task)",
        kinds={"moved_tgid": "pid", "moved_tid": "pid"},
        sections=_CGROUP_PATH,
    ),
    KernelEvent.MODULE_LOAD: _Event(
        families="modules",
        doc="A kernel module was loaded (module_load)",
        kinds={"taints": "flags:taint"},
    ),
    KernelEvent.MODULE_FREE: _Event(
        families="modules", doc="A kernel module was unloaded (module_free)"
    ),
    KernelEvent.CREDENTIALS_CHANGE: _Event(
        families="credentials setid",
        doc="Users, groups or capabilities of a task changed",
        kinds=_BOTH_CREDENTIALS,
    ),
    KernelEvent.NAMESPACE_CHANGE: _Event(
        families="namespaces", doc="A task has other namespaces", kinds=_BOTH_NAMESPACES
    ),
    KernelEvent.PTRACE_ATTACH: _Event(
        families="ptrace",
        doc="A task watches another one",
        kinds={"request": "enum:ptrace", "target_tgid": "pid", "target_tid": "pid"},
    ),
    KernelEvent.NET_CONNECT_FAILED: _Event(
        families="network",
        doc="A TCP connection was asked for, and refused or given up",
        kinds=_SOCKET,
    ),
    KernelEvent.CAPABILITY_USE: _Event(
        families="credentials",
        doc="A capability was asked for, where the kernel tells (cap_capable, Linux 6.11)",
        kinds={"capability": "enum:capability"},
    ),
    KernelEvent.SCHED_SWITCH: _Event(
        families="sched",
        doc="A task left the CPU; duration: how long it had it (sched_switch)",
        kinds={"next_tgid": "pid", "next_tid": "pid", "state": "enum:task_state"},
    ),
    KernelEvent.INTERRUPT: _Event(
        families="interrupts",
        doc="A device interrupted the task; duration: of the handler (irq_handler_exit)",
    ),
    KernelEvent.SOFTIRQ: _Event(
        families="interrupts",
        doc="Work put off from interrupts ran instead of the task, for duration (softirq_exit)",
        kinds={"vector": "enum:softirq"},
    ),
}


def _event_type(event: KernelEvent) -> EventType:
    said, layout = _EVENTS[event], FIXED[event]
    name = event.name.lower()
    fields = [
        _field(name, one.name, said.kinds.get(one.name) or _kind(one.type), str(one.type), 0)
        for one in layout.fields
        if one.name != "pad"
    ]
    fields += [_field(name, field, kind, "", section) for field, kind, section in said.sections]
    families = set(said.families.split())
    if name not in MANY:
        families |= {"all", "kernel"}
    if name in DEFAULT:
        families.add("default")
    return EventType(
        id=int(event),
        name=name,
        families=tuple(sorted(families)),
        fields=tuple(fields),
        fixed=layout,
        doc=said.doc,
        is_syscall=False,
    )


def _kind(type_: FieldType) -> str:
    """What a member is if nothing else is said."""
    if isinstance(type_, Text):
        return "text"
    if isinstance(type_, Blob):
        return "bytes"
    return "int" if isinstance(type_, Int) and type_.signed else "uint"


def _field(event: str, name: str, kind: str, c_type: str, section: int) -> EventField:
    word, _, table = kind.partition(":")
    return EventField(
        name=name,
        kind=FieldKind(word),
        c_type=c_type,
        section=section,
        table=table,
        doc=_DOCS.get(f"{event}.{name}") or _DOCS.get(name, ""),
    )


KERNEL_EVENT_TYPES = tuple([_event_type(one) for one in KernelEvent])
"""In the order of their numbers."""
