"""`SocketTable`: connections from their first event to their end, and who is at the other one.

A socket is known by its cookie, which the kernel never gives twice; where it has none yet, by its
inode and network namespace, else by its addresses. Both ends of a connection inside this machine
are joined by their addresses: in the same network namespace first, and between two namespaces where
only one other end is possible (the addresses of loopback mean another socket in each).
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import ip_address
from typing import TypeAlias

from seismo.audit.correlate.process import Process
from seismo.audit.record.event import SocketState
from seismo.audit.record.layout import KernelEvent
from seismo.base.dataclass import dataclass, replace

__all__ = ("Connection", "Listener", "SocketTable", "plain_address")

_STREAM = "SOCK_STREAM"
_ANY = ("0.0.0.0", "::")
_MAPPED = "::ffff:"
_INTERNET = ("AF_INET", "AF_INET6")

Key: TypeAlias = tuple[object, ...]
Ends: TypeAlias = tuple[str, str, int, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that waits for connections; `address` is :: or 0.0.0.0 for all. Without `process`
    nobody was found who has it open. `closed_ns` (CLOCK_MONOTONIC) is 0 while it waits."""

    netns: int
    address: str
    port: int
    protocol: str
    inode: int
    process: Process | None
    closed_ns: int = 0


class Connection:
    """What is known of one socket that has, or had, another end.

    `opened_ns` and `closed_ns` are CLOCK_MONOTONIC, 0 where that was not seen; `is_failed` is for
    one that never stood. Of UDP a connection is what one socket and one address have said to each
    other.
    """

    __slots__ = (
        "closed_ns",
        "is_accepted",
        "is_failed",
        "key",
        "opened_ns",
        "peer",
        "process",
        "received_bytes",
        "sent_bytes",
        "state",
    )

    def __init__(self, key: Key, state: SocketState) -> None:
        self.key = key
        self.state = state
        self.process: Process | None = None
        self.peer: Connection | None = None
        self.opened_ns = 0
        self.closed_ns = 0
        self.sent_bytes = 0
        self.received_bytes = 0
        self.is_accepted = False
        self.is_failed = False

    @property
    def duration_ns(self) -> int:
        """From the beginning to the end; 0 while it lasts, or where one of them was not seen."""
        if not (self.opened_ns and self.closed_ns):
            return 0
        return max(self.closed_ns - self.opened_ns, 0)

    def __str__(self) -> str:
        arrow = "<-" if self.is_accepted else "->"
        return f"{self.state.local} {arrow} {self.state.remote}"


class SocketTable:
    """Connections by socket, kept for a while after their end: `limit` in all, `forgotten` counts.

    Listeners are those that `add_listener` or an event told of; `limit` holds for them, too.
    """

    def __init__(self, *, limit: int = 16_384) -> None:
        self.forgotten = 0
        self._limit = limit
        self._connections: OrderedDict[Key, Connection] = OrderedDict()
        self._by_ends: dict[Ends, dict[int, Connection]] = {}
        self._listeners: OrderedDict[tuple[int, str, int, str], Listener] = OrderedDict()
        self._local: set[tuple[int, str]] = set()

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All that are known, the one that was last heard of last."""
        return tuple(self._connections.values())

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All that are known."""
        return tuple(self._listeners.values())

    def add_listener(self, listener: Listener) -> None:
        """There is one: it was there before us, or NET_LISTEN told of it."""
        key = (listener.netns, listener.protocol, listener.port, listener.address)
        self._listeners[key] = listener
        self._listeners.move_to_end(key)
        if len(self._listeners) > self._limit:
            self._listeners.popitem(last=False)
            self.forgotten += 1

    def listener(
        self, netns: int, address: str, port: int, protocol: str, *, time_ns: int = 0
    ) -> Listener | None:
        """Who would get what is sent there, in that network namespace, at that time; without a
        time who waits there, or did last.

        One that waits on all addresses has those of this machine: loopback's, and those that
        sockets were seen to have in that namespace.
        """
        plain = plain_address(address)
        is_ours = (netns, plain) in self._local or _is_loopback(plain)
        for one in (plain, *_ANY) if is_ours else (plain,):
            found = self._listeners.get((netns, protocol, port, one))
            if found is not None and not 0 < found.closed_ns < time_ns:
                return found
        return None

    def add_existing(self, state: SocketState, process: Process | None) -> None:
        """A connection that was there before us; when it began is not known."""
        connection = self._of(state)
        connection.process = connection.process or process
        self._join(connection)

    def listen(self, state: SocketState, process: Process) -> None:
        """What a NET_LISTEN event tells."""
        self.add_listener(
            Listener(
                netns=state.netns,
                address=plain_address(state.local.address),
                port=state.local.port,
                protocol=state.protocol,
                inode=state.inode,
                process=process,
            )
        )

    def unlisten(self, state: SocketState, time_ns: int) -> None:
        """A socket that has waited is closed; another at the same address is not."""
        key = (state.netns, state.protocol, state.local.port, plain_address(state.local.address))
        found = self._listeners.get(key)
        if found is not None and found.inode == state.inode:
            self._listeners[key] = replace(found, closed_ns=time_ns)

    def apply(
        self, type_: int, state: SocketState, time_ns: int, process: Process, bytes_: int = 0
    ) -> Connection:
        """What a NET_ event other than NET_LISTEN tells; the connection that it is of."""
        connection = self._of(state)
        if connection.process is None:
            connection.process = process
        match type_:
            case KernelEvent.NET_CONNECT:
                connection.opened_ns = state.started_ns or time_ns
            case KernelEvent.NET_ACCEPT:
                connection.opened_ns = state.started_ns or time_ns
                connection.is_accepted = True
                connection.process = process
            case KernelEvent.NET_CONNECT_FAILED:
                connection.opened_ns = connection.opened_ns or state.started_ns
                connection.closed_ns = time_ns
                connection.is_failed = True
            case KernelEvent.NET_CLOSE:
                connection.opened_ns = connection.opened_ns or state.started_ns
                connection.closed_ns = time_ns
            case KernelEvent.NET_SEND:
                connection.opened_ns = connection.opened_ns or time_ns
                connection.sent_bytes += bytes_
            case KernelEvent.NET_RECEIVE:
                connection.opened_ns = connection.opened_ns or time_ns
                connection.received_bytes += bytes_
        if state.type == _STREAM:
            connection.sent_bytes = max(connection.sent_bytes, state.sent_bytes)
            connection.received_bytes = max(connection.received_bytes, state.received_bytes)
        self._join(connection)
        return connection

    def known(self, state: SocketState) -> Connection | None:
        """The connection of a socket that some event shows; None where no event told of it."""
        found = self._connections.get(_key(state))
        if found is None and state.type == _STREAM:
            found = self._by_ends.get(_ends(state), {}).get(state.netns)
            if found is not None and (found.closed_ns or not _may_be(found.state, state)):
                found = None
        return found

    def peer(self, state: SocketState, time_ns: int = 0) -> Process | None:
        """The process at the other end of a socket, if it is on this machine and was seen; where
        none has accepted it, who waited there at that time (0: whenever)."""
        if state.family not in _INTERNET:
            return None
        connection = self.known(state)
        other = connection.peer if connection is not None else self._other_end(state)
        if other is not None:
            return other.process
        listener = self.listener(
            state.netns,
            state.remote.address,
            state.remote.port,
            state.protocol,
            time_ns=time_ns,
        )
        return None if listener is None else listener.process

    def _of(self, state: SocketState) -> Connection:
        key = _key(state)
        found = self.known(state)
        if found is not None and found.key != key:
            # It has its cookie, or its inode, only now, or not any more.
            self._rename(found, key)
        elif found is not None and found.closed_ns and not state.cookie:
            self._drop(found)
            found = None
        if found is None:
            found = self._connections[key] = Connection(key, state)
            if len(self._connections) > self._limit:
                self._drop(self._oldest())
                self.forgotten += 1
        elif state.remote.port:
            self._unindex(found)
            found.state = state
        self._connections.move_to_end(found.key)
        return found

    def _rename(self, connection: Connection, key: Key) -> None:
        """The best name that it ever had is its name: the cookie."""
        if connection.key[0] != "cookie":
            del self._connections[connection.key]
            connection.key = key
            self._connections[key] = connection

    def _oldest(self) -> Connection:
        return next(iter(self._connections.values()))

    def _drop(self, connection: Connection) -> None:
        """Forget it; the other end keeps who this one was."""
        del self._connections[connection.key]
        self._unindex(connection)

    def _unindex(self, connection: Connection) -> None:
        ends, netns = _ends(connection.state), connection.state.netns
        if self._by_ends.get(ends, {}).get(netns) is connection:
            del self._by_ends[ends][netns]
            if not self._by_ends[ends]:
                del self._by_ends[ends]

    def _join(self, connection: Connection) -> None:
        state = connection.state
        ends = _ends(state)
        self._by_ends.setdefault(ends, {})[state.netns] = connection
        if len(self._local) >= self._limit:
            self._local.clear()  # addresses that are still in use come again
        self._local.add((state.netns, ends[1]))
        if connection.peer is None:
            other = self._other_end(state)
            if other is not None and other is not connection and _met(connection, other):
                connection.peer, other.peer = other, connection

    def _other_end(self, state: SocketState) -> Connection | None:
        protocol, local, local_port, remote, remote_port = _ends(state)
        # A socket of UDP that is bound to all addresses does not tell which of them it was.
        here = remote if local in _ANY else local
        for there in (remote, *_ANY):
            ends = self._by_ends.get((protocol, there, remote_port, here, local_port))
            if ends:
                break
        else:
            return None
        if state.netns in ends:
            return ends[state.netns]
        if len(ends) == 1 and not _is_loopback(here):
            return next(iter(ends.values()))
        return None


def plain_address(address: str) -> str:
    """An address of IPv4 that is written as one of IPv6, as IPv4."""
    return address.removeprefix(_MAPPED) if "." in address else address


def _ends(state: SocketState) -> Ends:
    return (
        state.protocol,
        plain_address(state.local.address),
        state.local.port,
        plain_address(state.remote.address),
        state.remote.port,
    )


def _may_be(known: SocketState, state: SocketState) -> bool:
    """Whether two states with the same addresses may be of one socket."""
    cookies = {known.cookie, state.cookie} - {0}
    inodes = {known.inode, state.inode} - {0}
    return len(cookies) <= 1 and (bool(cookies) or len(inodes) <= 1)


def _met(connection: Connection, other: Connection) -> bool:
    """Whether one may be the other's end: the same addresses are used again and again."""
    if other.peer is not None:
        return False
    return not (other.closed_ns and connection.opened_ns > other.closed_ns)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _key(state: SocketState) -> Key:
    """UDP sockets speak with many: there the other address belongs to it."""
    other = () if state.type == _STREAM else (state.remote.address, state.remote.port)
    if state.cookie:
        return ("cookie", state.cookie, *other)
    if state.inode:
        return ("inode", state.netns, state.inode, *other)
    return ("ends", state.netns, *_ends(state))
