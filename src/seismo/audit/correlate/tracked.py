"""The records that change what is known of processes, read straight from their bytes.

Nothing here needs the catalog or a decoded event, so a stream that goes to a file in columns is
followed, too.

>>> change_of(record)
Fork(head=Head(…), tgid=4711, tid=4711, start_ns=…, cgroup=1, flags=17)
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple, TypeAlias

from seismo.audit.correlate.process import Image
from seismo.audit.record import sections
from seismo.audit.record.event import Path
from seismo.audit.record.layout import (
    CREDENTIALS,
    FIXED,
    HEADER,
    NAMESPACES,
    KernelEvent,
    Section,
    SectionFlag,
)
from seismo.base.dataclass import dataclass

__all__ = (
    "PROCESS_EVENTS",
    "CgroupGone",
    "CgroupMade",
    "CgroupMoved",
    "Change",
    "Credentials",
    "Exec",
    "Exit",
    "Fork",
    "Head",
    "Namespaces",
    "change_of",
    "head_of",
)

PROCESS_EVENTS = frozenset(
    int(event)
    for event in (
        KernelEvent.PROCESS_FORK,
        KernelEvent.PROCESS_EXEC,
        KernelEvent.PROCESS_EXIT,
        KernelEvent.CGROUP_CREATE,
        KernelEvent.CGROUP_REMOVE,
        KernelEvent.CGROUP_MOVE,
        KernelEvent.CREDENTIALS_CHANGE,
        KernelEvent.NAMESPACE_CHANGE,
    )
)
"""Types whose records the table of processes is kept by."""

_HEADER = Struct("=5Qq4H6I16s")
_START = HEADER.size
_FORK = Struct("=IIQQQ")
_EXEC = Struct("=IIII")
_EXIT = Struct("=IIII")
_CGROUP = Struct("=Q4xI")
_MOVE = Struct("=Q4I")
_BEFORE = 8


class Head(NamedTuple):
    """A record's HEADER."""

    time_ns: int
    duration_ns: int
    sequence: int
    start_ns: int
    cgroup: int
    ret: int
    type: int
    flags: int
    cpu: int
    handler: int
    tgid: int
    tid: int
    ppid: int
    uid: int
    gid: int
    mntns: int
    comm: bytes

    @property
    def name(self) -> str:
        """`comm` as text."""
        return sections.text(self.comm.partition(b"\0")[0])


@dataclass(frozen=True, slots=True)
class Fork:
    """A new process, or thread where `tid` differs; `head` is of who forked."""

    head: Head
    tgid: int
    tid: int
    start_ns: int
    flags: int
    cgroup: int


@dataclass(frozen=True, slots=True)
class Exec:
    """A process that executes something else from now on; what was not told is empty."""

    head: Head
    image: Image
    cgroup_path: str
    credentials: dict[str, int]
    namespaces: dict[str, int]


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a thread, and of its process where it was the last."""

    head: Head
    code: int
    signal: int
    is_core_dumped: bool
    is_process: bool


@dataclass(frozen=True, slots=True)
class CgroupMade:
    """A new cgroup; `path` is below the root of its hierarchy, 0 for version 2: each other one has
    ids of its own."""

    head: Head
    id: int
    hierarchy: int
    path: str


@dataclass(frozen=True, slots=True)
class CgroupGone:
    """A cgroup was removed."""

    head: Head
    id: int
    hierarchy: int


@dataclass(frozen=True, slots=True)
class CgroupMoved:
    """A process, or one thread where not `is_process`, was moved to a cgroup."""

    head: Head
    id: int
    hierarchy: int
    tgid: int
    tid: int
    is_process: bool
    path: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """A thread's credentials are others from now on."""

    head: Head
    after: dict[str, int]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """A thread's namespaces are others from now on."""

    head: Head
    after: dict[str, int]


Change: TypeAlias = (
    Fork | Exec | Exit | CgroupMade | CgroupGone | CgroupMoved | Credentials | Namespaces
)


def head_of(record: bytes | memoryview) -> Head:
    """The header; struct.error if the record is too short for one."""
    return Head(*_HEADER.unpack_from(record))


def change_of(record: bytes) -> Change:
    """What a record of one of PROCESS_EVENTS says.

    Raises struct.error or `DamagedRecord` if it is cut.
    """
    head = head_of(record)
    match head.type:
        case KernelEvent.PROCESS_FORK:
            tgid, tid, start_ns, flags, cgroup = _FORK.unpack_from(record, _START)
            return Fork(head, tgid, tid, start_ns, flags, cgroup)
        case KernelEvent.PROCESS_EXEC:
            return _exec(record, head)
        case KernelEvent.PROCESS_EXIT:
            code, signal, is_dumped, is_process = _EXIT.unpack_from(record, _START)
            return Exit(head, code, signal, bool(is_dumped), bool(is_process))
        case KernelEvent.CGROUP_CREATE:
            id, hierarchy = _CGROUP.unpack_from(record, _START)
            return CgroupMade(head, id, hierarchy, _cgroup_path(record, head.type))
        case KernelEvent.CGROUP_REMOVE:
            return CgroupGone(head, *_CGROUP.unpack_from(record, _START))
        case KernelEvent.CGROUP_MOVE:
            id, tgid, tid, hierarchy, is_whole = _MOVE.unpack_from(record, _START)
            path = _cgroup_path(record, head.type)
            return CgroupMoved(head, id, hierarchy, tgid, tid, bool(is_whole) or tid == tgid, path)
        case KernelEvent.CREDENTIALS_CHANGE:
            at = _START + _BEFORE + CREDENTIALS.size
            return Credentials(head, sections.credentials(record[at : at + CREDENTIALS.size]))
        case _:
            at = _START + _BEFORE + NAMESPACES.size
            return Namespaces(head, sections.namespaces(record[at : at + NAMESPACES.size]))


def _cgroup_path(record: bytes, type_: int) -> str:
    start = _START + FIXED[KernelEvent(type_)].size
    for kind, _, flags, _, first, stop in sections.sections_of(record, start):
        if kind == Section.CGROUP:
            return _rooted(sections.path(record[first:stop], flags))
    return ""


def _rooted(path: Path) -> str:
    """A cgroup's path from the root of its hierarchy, `/` for the root itself."""
    return path.text if path.text.startswith(("/", "…")) else f"/{path.text}"


def _exec(record: bytes, head: Head) -> Exec:
    exe, cwd, group = Path(text=""), "", ""
    argv, environment = tuple[str, ...](), tuple[str, ...]()
    credentials, namespaces = dict[str, int](), dict[str, int]()
    inode = device = mode = 0
    is_cut = False
    _, _, _, secure = _EXEC.unpack_from(record, _START)
    start = _START + FIXED[KernelEvent.PROCESS_EXEC].size
    for kind, _, flags, _, first, stop in sections.sections_of(record, start):
        data = record[first:stop]
        if kind == Section.WORDS:
            argv, is_cut = sections.words(data), bool(flags & SectionFlag.TRUNCATED)
        elif kind == Section.ENVIRONMENT:
            environment = sections.words(data)
        elif kind == Section.CWD:
            cwd = sections.path(data, flags).text
        elif kind == Section.EXE:
            exe = sections.path(data, flags)
        elif kind == Section.CGROUP:
            group = _rooted(sections.path(data, flags))
        elif kind == Section.FILE and data:
            file = sections.file_object(data, None)
            inode, device, mode = file.inode, file.device, file.mode
        elif kind == Section.CREDENTIALS and data:
            credentials = sections.credentials(data)
        elif kind == Section.NAMESPACES and data:
            namespaces = sections.namespaces(data)
    image = Image(
        exe=exe.text,
        argv=argv,
        cwd=cwd,
        environment=environment,
        inode=inode,
        device=device,
        mode=mode,
        is_deleted=exe.is_deleted,
        is_cut=is_cut,
        is_secure=bool(secure),
    )
    return Exec(head, image, group, credentials, namespaces)
