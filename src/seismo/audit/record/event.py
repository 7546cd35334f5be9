"""`AuditEvent`: one decoded event; what correlation adds to it stands in fields of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from seismo.audit.catalog.model import EventType
from seismo.base.dataclass import dataclass

__all__ = (
    "LAZY",
    "AuditEvent",
    "FileObject",
    "Filler",
    "Part",
    "Path",
    "SocketAddress",
    "SocketState",
)

Part: TypeAlias = tuple[int, int, int, int, int, int]
"""A section of a record: kind, argument, flags, detail, and where its bytes begin and end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketAddress:
    """A struct sockaddr: `address` is text, a path for AF_UNIX (`@name` for an abstract one)."""

    family: str
    address: str
    port: int = 0
    scope: int = 0

    def __str__(self) -> str:
        if self.family == "AF_UNIX":
            return f"unix:{self.address}"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}" if self.family in ("AF_INET", "AF_INET6") else self.family


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketState:
    """A socket as the kernel had it when the event happened."""

    family: str
    type: str
    protocol: str
    state: str
    local: SocketAddress
    remote: SocketAddress
    netns: int
    inode: int
    cookie: int
    sent_bytes: int
    received_bytes: int
    started_ns: int
    fd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path that the kernel walked. Not `is_complete`: the beginning is missing (…/name)."""

    text: str
    is_complete: bool = True
    is_deleted: bool = False
    is_unreachable: bool = False

    def __str__(self) -> str:
        return f"{self.text} (deleted)" if self.is_deleted else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class FileObject:
    """What a descriptor was: `path` (`pipe:[7]`, `anon_inode:…` where there is none of a file)."""

    path: Path
    inode: int
    device: int
    mode: int
    flags: int
    fd: int
    position: int
    links: int
    uid: int


class Filler(Protocol):
    """What decodes the fields of one type's events when they are asked for."""

    def fill(self, event: AuditEvent, name: str) -> Any:
        """The value of the attribute `name`, one of `LAZY`."""
        ...


_LAZY = """
args values files sockets directories changed contents kernel_names walks errno unreadable truncated
"""
LAZY = frozenset(_LAZY.split())
"""Attributes that are decoded when they are first asked for."""


class AuditEvent:
    """One event, its fields decoded when they are first asked for.

    Attributes of the header: `time_ns` (CLOCK_MONOTONIC), `duration_ns`, `sequence`, `start_ns`,
    `cgroup`, `ret`, `flags`, `cpu`, `handler` (index), `tgid`, `tid`, `ppid`, `uid`, `gid`,
    `mntns`, `comm` (str), `type` (EventType), `program_id` and `session_id` of its handler. `data`
    is the record.

    `args`: the six u64 of a system call; () of other events. `values`: dict by the names of the
    type's fields; None for text, contents and structs that the program gave no address of, or that
    could not be read: then `unreadable` has the field's name. `truncated` has the names of fields
    that were cut. `files`: dict by argument number, or -1 for the returned descriptor or the
    executed file, of FileObject. `sockets`: the same, of SocketState. `directories`: by argument
    number, Path that a relative path is relative to, as it was at the end of the call: of a chdir
    that succeeded it is where the path led. `changed`: by argument number, the string at the end
    where it differs. `contents`: by argument number, bytes of a buffer or of vectors.
    `kernel_names`: by argument number, or -1 for the program of an exec, the name that the kernel
    itself used. `walks`: dict by Section (CWD, EXE, CGROUP) of Path. `errno`: name of the error,
    '' if there is none.

    Correlation sets `process` (correlate.process.Process), `peer` (the process at the other end of
    the event's socket, None if it is not on this machine), `paths` (absolute paths, by field name)
    and `notes` (words such as `argument changed`).
    """

    __slots__ = (
        *("time_ns", "duration_ns", "sequence", "start_ns", "cgroup", "ret", "flags", "cpu"),
        *("handler", "tgid", "tid", "ppid", "uid", "gid", "mntns", "comm", "type"),
        *("program_id", "session_id", "data", "process", "paths", "notes", "_filler", "sections"),
        "peer",
        *LAZY,
    )

    time_ns: int
    duration_ns: int
    sequence: int
    start_ns: int
    cgroup: int
    ret: int
    flags: int
    cpu: int
    handler: int
    tgid: int
    tid: int
    ppid: int
    uid: int
    gid: int
    mntns: int
    comm: str
    type: EventType
    program_id: int
    session_id: int
    data: bytes
    sections: tuple[Part, ...]
    process: Any
    peer: Any
    paths: dict[str, str]
    notes: tuple[str, ...]
    args: tuple[int, ...]
    values: dict[str, Any]
    files: dict[int, FileObject]
    sockets: dict[int, SocketState]
    directories: dict[int, Path]
    changed: dict[int, str]
    contents: dict[int, bytes]
    kernel_names: dict[int, str]
    walks: dict[int, Path]
    errno: str
    unreadable: tuple[str, ...]
    truncated: tuple[str, ...]

    def __init__(
        self,
        header: tuple[Any, ...],
        data: bytes,
        type_: EventType,
        sections: tuple[Part, ...],
        filler: Filler,
    ) -> None:
        """`header` are the header's values in order, but for `comm`, which is text."""
        (
            self.time_ns,
            self.duration_ns,
            self.sequence,
            self.start_ns,
            self.cgroup,
            self.ret,
            _,
            self.flags,
            self.cpu,
            self.handler,
            self.tgid,
            self.tid,
            self.ppid,
            self.uid,
            self.gid,
            self.mntns,
            self.comm,
            self.program_id,
            self.session_id,
        ) = header
        self.data = data
        self.type = type_
        self.sections = sections
        self._filler = filler
        self.process = self.peer = None
        self.notes = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Called for what is not set yet: a slot is empty until somebody asks for it."""
            if name in LAZY:
                value = self._filler.fill(self, name)
            elif name == "paths":
                value = {}
            else:
                raise AttributeError(f"an audit event has no '{name}'")
            setattr(self, name, value)
            return value

    @property
    def name(self) -> str:
        """The name of its type: `openat`, `process_exec`."""
        return self.type.name

    def __repr__(self) -> str:
        return f"<AuditEvent {self.type.name} tgid {self.tgid} tid {self.tid} ret {self.ret}>"
