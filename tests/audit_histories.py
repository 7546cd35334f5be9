"""Records of audit's programs made by hand: what happened, as tests of correlation tell it.

>>> history = History()
>>> shell = history.process(100, start_ns=5)
>>> child = history.fork(shell, 101)
>>> history.exec(child, ["ls", "-l"], exe="/usr/bin/ls")
>>> history.records
[b'...', b'...']
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from seismo.audit.correlate.correlator import Correlator
from seismo.audit.record.batch import Batch
from seismo.audit.record.decode import Decoder, TypeTable
from seismo.audit.record.layout import (
    CREDENTIALS,
    FIXED,
    FIXED_FILE,
    HEADER,
    NAMESPACES,
    SECTION,
    SOCKET,
    SYSCALL,
    KernelEvent,
    Section,
    SectionFlag,
)
from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.base.layout import Array, Blob, Int, Layout, Text

__all__ = (
    "History",
    "Who",
    "batch_of",
    "observed",
    "packed",
    "path_section",
    "section",
    "socket_bytes",
)

STEP_NS = 1000
_SOCK_STREAM, _IPPROTO_TCP = 1, 6


@dataclass(frozen=True, slots=True)
class Who:
    """A process of a history; its records have this header."""

    tgid: int
    start_ns: int
    ppid: int = 1
    tid: int = 0
    cgroup: int = 1
    mntns: int = 0
    uid: int = 0


def packed(layout: Layout, **values: int | bytes | Sequence[int]) -> bytes:
    """The bytes of a layout; what is not named is 0."""
    data = bytearray(layout.size)
    for field in layout.fields:
        value = values.pop(field.name, None)
        if value is None:
            continue
        match field.type, value:
            case Int(size=size, signed=signed), int():
                raw = value.to_bytes(size, "little", signed=signed)
            case Array(element=Int(size=size), count=count), [*items]:
                numbers = [*items, *[0] * (count - len(items))]
                raw = b"".join((one & (1 << 64) - 1).to_bytes(size, "little") for one in numbers)
            case ((Text(size=size) | Blob(size=size)), bytes()):
                raw = value.ljust(size, b"\0")[:size]
            case _:
                raise TypeError(f"{field.name} cannot be {value!r}")
        data[field.offset : field.offset + len(raw)] = raw
    if values:
        raise TypeError(f"{layout.name} has no {', '.join(values)}")
    return bytes(data)


def section(kind: Section, data: bytes, *, flags: int = 0, argument: int = 255) -> bytes:
    """A section with its head and padding."""
    head = packed(SECTION, kind=int(kind), argument=argument, flags=flags, size=len(data))
    return head + data.ljust(align_up(len(data), 8), b"\0")


def path_section(kind: Section, path: str, *, argument: int = 255, flags: int = 0) -> bytes:
    """A path as programs walk it: the last name first."""
    names = [name for name in path.split("/") if name]
    data = b"".join(name.encode() + b"\0" for name in reversed(names))
    absolute = SectionFlag.ABSOLUTE if path.startswith("/") else 0
    return section(kind, data, argument=argument, flags=flags | absolute)


def socket_bytes(
    local: tuple[str, int],
    remote: tuple[str, int],
    *,
    cookie: int = 0,
    inode: int = 0,
    netns: int = 7,
    type_: int = _SOCK_STREAM,
    protocol: int = _IPPROTO_TCP,
    sent: int = 0,
    received: int = 0,
    started_ns: int = 0,
) -> bytes:
    """A SOCKET."""
    is_ipv6 = ":" in local[0]
    return packed(
        SOCKET,
        cookie=cookie,
        inode=inode,
        netns=netns,
        sent_bytes=sent,
        received_bytes=received,
        started_ns=started_ns,
        family=10 if is_ipv6 else 2,
        type=type_,
        protocol=protocol,
        state=1,
        local_port=local[1],
        remote_port=remote[1],
        is_ipv6=int(is_ipv6),
        fd=-1,
        local=ip_address(local[0]).packed,
        remote=ip_address(remote[0]).packed,
    )


class History:
    """Makes records, each a microsecond later than the one before; `records` are all of them."""

    def __init__(self, *, now_ns: int = 1_000_000_000) -> None:
        self.records: list[bytes] = []
        self.now_ns = now_ns

    def process(self, tgid: int, start_ns: int, **more: int) -> Who:
        """A process that is just there."""
        return Who(tgid, start_ns, **more)

    def record(
        self,
        type_: int,
        who: Who,
        fixed: bytes,
        sections: Iterable[bytes] = (),
        *,
        ret: int = 0,
        flags: int = 0,
        comm: bytes = b"test",
    ) -> bytes:
        """Any record."""
        self.now_ns += STEP_NS
        header = packed(
            HEADER,
            time_ns=self.now_ns,
            start_ns=who.start_ns,
            cgroup=who.cgroup,
            ret=ret,
            type=int(type_),
            flags=flags,
            tgid=who.tgid,
            tid=who.tid or who.tgid,
            ppid=who.ppid,
            uid=who.uid,
            gid=who.uid,
            mntns=who.mntns,
            comm=comm,
        )
        made = header + fixed + b"".join(sections)
        self.records.append(made)
        return made

    def fork(self, parent: Who, tgid: int, *, start_ns: int = 0, cgroup: int = 0) -> Who:
        """A new process; it starts when its parent forks, if nothing else is said."""
        start_ns = start_ns or self.now_ns + STEP_NS
        fixed = packed(
            FIXED[KernelEvent.PROCESS_FORK],
            child_tgid=tgid,
            child_tid=tgid,
            child_start_ns=start_ns,
            child_cgroup=cgroup or parent.cgroup,
        )
        self.record(KernelEvent.PROCESS_FORK, parent, fixed)
        return Who(
            tgid, start_ns, parent.tgid, 0, cgroup or parent.cgroup, parent.mntns, parent.uid
        )

    def thread(self, who: Who, tid: int) -> Who:
        """A new thread of a process."""
        fixed = packed(
            FIXED[KernelEvent.PROCESS_FORK],
            child_tgid=who.tgid,
            child_tid=tid,
            child_start_ns=self.now_ns,
        )
        self.record(KernelEvent.PROCESS_FORK, who, fixed)
        return Who(who.tgid, who.start_ns, who.ppid, tid, who.cgroup, who.mntns, who.uid)

    def exec(
        self,
        who: Who,
        argv: Sequence[str],
        *,
        exe: str = "",
        cwd: str = "",
        cgroup_path: str = "",
        environment: Sequence[str] = (),
        inode: int = 0,
        flags: int = 0,
        numbers: dict[str, int] | None = None,
        namespaces: dict[str, int] | None = None,
    ) -> bytes:
        """execve(2) that succeeded."""
        words = b"".join(word.encode() + b"\0" for word in argv)
        parts = [section(Section.WORDS, words)]
        if environment:
            words = b"".join(word.encode() + b"\0" for word in environment)
            parts.append(section(Section.ENVIRONMENT, words))
        if cwd:
            parts.append(path_section(Section.CWD, cwd))
        parts.append(path_section(Section.EXE, exe or f"/usr/bin/{argv[0]}", flags=flags))
        parts.append(
            section(Section.FILE, packed(FIXED_FILE, inode=inode, device=2, mode=0o100755))
        )
        if numbers:
            parts.append(section(Section.CREDENTIALS, packed(CREDENTIALS, **numbers)))
        if namespaces:
            parts.append(section(Section.NAMESPACES, packed(NAMESPACES, **namespaces)))
        if cgroup_path:
            parts.append(path_section(Section.CGROUP, cgroup_path))
        fixed = packed(FIXED[KernelEvent.PROCESS_EXEC], argc=len(argv))
        return self.record(KernelEvent.PROCESS_EXEC, who, fixed, parts, comm=argv[0].encode()[:15])

    def exit(self, who: Who, code: int = 0, *, signal: int = 0, is_process: bool = True) -> bytes:
        """The end of a thread, and of its process as a rule."""
        fixed = packed(
            FIXED[KernelEvent.PROCESS_EXIT], code=code, signal=signal, is_process=int(is_process)
        )
        return self.record(KernelEvent.PROCESS_EXIT, who, fixed)

    def call(
        self,
        number: int,
        who: Who,
        args: Sequence[int] = (),
        sections: Iterable[bytes] = (),
        *,
        ret: int = 0,
        flags: int = 0,
    ) -> bytes:
        """A system call."""
        return self.record(number, who, packed(SYSCALL, args=args), sections, ret=ret, flags=flags)

    def socket(self, event: KernelEvent, who: Who, socket: bytes, *, bytes_: int = 0) -> bytes:
        """A NET_ event."""
        layout = FIXED[event]
        size = {"bytes": bytes_} if layout.size > SOCKET.size else {}
        return self.record(event, who, packed(layout, socket=socket, **size))

    def cgroup(
        self, event: KernelEvent, who: Who, id: int, path: str, *, hierarchy: int = 0
    ) -> bytes:
        """A cgroup was made or removed."""
        fixed = packed(FIXED[event], id=id, hierarchy=hierarchy)
        return self.record(event, who, fixed, [path_section(Section.CGROUP, path)])

    def move(self, who: Who, id: int, path: str, moved: Who, *, hierarchy: int = 0) -> bytes:
        """A process, or a thread of one, was moved to a cgroup."""
        fixed = packed(
            FIXED[KernelEvent.CGROUP_MOVE],
            id=id,
            moved_tgid=moved.tgid,
            moved_tid=moved.tid or moved.tgid,
            hierarchy=hierarchy,
            whole_process=int(not moved.tid),
        )
        sections = [path_section(Section.CGROUP, path)]
        return self.record(KernelEvent.CGROUP_MOVE, who, fixed, sections)


def batch_of(records: Sequence[bytes], catalog: TypeTable) -> Batch:
    """A batch of them in the order of time, as the reader hands them out."""
    times = [struct.unpack_from("=Q", record)[0] for record in records]
    ordered = [record for _, record in sorted(zip(times, records, strict=True), key=_time)]
    return Batch(ordered, Decoder(catalog))


def _time(pair: tuple[int, bytes]) -> int:
    return pair[0]


def observed(correlator: Correlator, records: Sequence[bytes], catalog: TypeTable) -> None:
    """Let the correlator see records, in one batch."""
    correlator.observe(batch_of(records, catalog))
