"""Sockets that were there before us: /proc/net of each network namespace, and who has them open.

>>> [one.port for one in existing_sockets(processes).listeners if one.process]
[22, 53]
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from socket import AF_INET, AF_INET6, inet_ntop

from seismo.audit.correlate.process import Process
from seismo.audit.correlate.sockets import Listener, plain_address
from seismo.audit.record.event import SocketAddress, SocketState
from seismo.audit.record.sections import names_of
from seismo.base.dataclass import dataclass

__all__ = ("ExistingSockets", "SocketRow", "existing_sockets", "read_socket_rows")

_FILES = {
    "tcp": "IPPROTO_TCP",
    "tcp6": "IPPROTO_TCP",
    "udp": "IPPROTO_UDP",
    "udp6": "IPPROTO_UDP",
}
_LISTEN, _UNCONNECTED = 10, 7  # TCP_LISTEN, and TCP_CLOSE of a socket of UDP that is bound
_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketRow:
    """One line of /proc/net/tcp and the like."""

    protocol: str
    local: str
    local_port: int
    remote: str
    remote_port: int
    state: int
    uid: int
    inode: int

    @property
    def is_listening(self) -> bool:
        """Whether it waits for whoever comes."""
        if self.protocol == "IPPROTO_TCP":
            return self.state == _LISTEN
        return self.state == _UNCONNECTED and self.local_port != 0


def read_socket_rows(text: str, protocol: str) -> Iterator[SocketRow]:
    """The sockets of a file of /proc/net; lines of another form are passed over."""
    for line in text.splitlines()[1:]:
        words = line.split()
        try:
            local, local_port = _end(words[1])
            remote, remote_port = _end(words[2])
            state, uid, inode = int(words[3], 16), int(words[7]), int(words[9])
        except (IndexError, ValueError):
            continue
        yield SocketRow(
            protocol=protocol,
            local=local,
            local_port=local_port,
            remote=remote,
            remote_port=remote_port,
            state=state,
            uid=uid,
            inode=inode,
        )


def _end(text: str) -> tuple[str, int]:
    """The kernel prints each 32 bits of an address as a number of this machine."""
    digits, _, port = text.partition(":")
    raw = bytes.fromhex(digits)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return inet_ntop(AF_INET if len(raw) == 4 else AF_INET6, raw), int(port, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSockets:
    """What there is: who waits, and what has another end, each with who has it open, if anybody."""

    listeners: tuple[Listener, ...]
    connected: tuple[tuple[SocketState, Process | None], ...]


def existing_sockets(processes: Iterable[Process], proc: str = "/proc") -> ExistingSockets:
    """The sockets of the network namespaces of these processes.

    The process of one is that, or the first of those, which has it open; where several do, the
    others are its children as a rule. What we may not read is left out.
    """
    of_namespace: dict[int, list[Process]] = {}
    for process in processes:
        of_namespace.setdefault(process.namespaces.get("net", 0), []).append(process)
    listeners: list[Listener] = []
    connected: list[tuple[SocketState, Process | None]] = []
    for netns, inside in of_namespace.items():
        rows = _rows(inside, proc) if netns else []
        owners = _owners(inside, {row.inode for row in rows if row.inode}, proc)
        for row in rows:
            owner = owners.get(row.inode)
            if row.is_listening:
                listeners.append(_listener(row, netns, owner))
            elif row.remote_port and row.inode:
                connected.append((_state(row, netns), owner))
    return ExistingSockets(listeners=tuple(listeners), connected=tuple(connected))


def _listener(row: SocketRow, netns: int, owner: Process | None) -> Listener:
    return Listener(
        netns=netns,
        address=plain_address(row.local),
        port=row.local_port,
        protocol=row.protocol,
        inode=row.inode,
        process=owner,
    )


def _state(row: SocketRow, netns: int) -> SocketState:
    """As a record would show it; /proc tells neither cookie nor bytes."""
    family = "AF_INET6" if ":" in row.local else "AF_INET"
    return SocketState(
        family=family,
        type="SOCK_STREAM" if row.protocol == "IPPROTO_TCP" else "SOCK_DGRAM",
        protocol=row.protocol,
        state=names_of("tcp_state").get(row.state, str(row.state)),
        local=SocketAddress(family=family, address=row.local, port=row.local_port),
        remote=SocketAddress(family=family, address=row.remote, port=row.remote_port),
        netns=netns,
        inode=row.inode,
        cookie=0,
        sent_bytes=0,
        received_bytes=0,
        started_ns=0,
        fd=-1,
    )


def _rows(processes: list[Process], proc: str) -> list[SocketRow]:
    """/proc/PID/net of the first process that is still there."""
    for process in processes:
        try:
            return [row for name in _FILES for row in _file(f"{proc}/{process.tgid}/net/{name}")]
        except OSError:
            continue
    return []


def _file(path: str) -> list[SocketRow]:
    name = os.path.basename(path)
    if name.endswith("6") and not os.path.exists(path):
        return []  # a kernel without IPv6
    with open(path, encoding="ascii", errors="replace") as file:
        return list(read_socket_rows(file.read(), _FILES[name]))


def _owners(processes: list[Process], inodes: set[int], proc: str) -> dict[int, Process]:
    owners: dict[int, Process] = {}
    for process in sorted(processes, key=lambda one: one.start_ns):
        if len(owners) == len(inodes):
            break
        for inode in _open_sockets(f"{proc}/{process.tgid}/fd"):
            if inode in inodes:
                owners.setdefault(inode, process)
    return owners


def _open_sockets(directory: str) -> Iterator[int]:
    """The inodes of a process's sockets; what is closed meanwhile, or not ours to see, is not."""
    try:
        names = os.listdir(directory)
    except OSError:
        return
    for name in names:
        try:
            match = _SOCKET_LINK.fullmatch(os.readlink(f"{directory}/{name}"))
        except OSError:
            continue
        if match:
            yield int(match[1])
