"""`Services`: what an address and a port stand for: names, well-known services, own processes.

Names come from /etc/hosts, from answers of name servers that traced programs were seen to receive,
and from nowhere else: nobody is asked, so that looking on leaves no trace in the network.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from seismo.audit.correlate.dns import DnsAnswer, NoAnswer, parse_answer
from seismo.audit.correlate.sockets import SocketTable, plain_address
from seismo.base.dataclass import dataclass

__all__ = ("DNS_PORT", "NameStore", "Service", "Services", "read_hosts", "read_services")

DNS_PORT = 53
_SECOND_NS = 1_000_000_000
_LEAST_SECONDS = 60
_STREAM_PREFIX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is behind an address. '' for what is not known; `names` are the newest first.

    `process` is who listens there on this machine, as text.
    """

    address: str
    port: int
    names: tuple[str, ...] = ()
    service: str = ""
    process: str = ""

    def __str__(self) -> str:
        host = self.names[0] if self.names else self.address
        host = f"[{host}]" if ":" in host else host
        return f"{host}:{self.service or self.port}"


class NameStore:
    """Names of addresses from answers seen: `limit` addresses, the longest unheard of goes first.

    A name holds for the seconds that its answer says, but for a minute at least, since connections
    are made after the answer came. `evicted` counts addresses that went, `answers` what was read,
    `unread` contents that were no answer.
    """

    def __init__(self, *, limit: int = 5_000, names_limit: int = 16) -> None:
        self.answers = 0
        self.unread = 0
        self.evicted = 0
        self._limit = limit
        self._names_limit = names_limit
        self._names: OrderedDict[str, dict[str, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._names)

    def hear(self, data: bytes, time_ns: int, *, is_stream: bool = False) -> None:
        """Contents that came from a name server's port; over TCP with their length before them."""
        try:
            self.learn(_answer(data, is_stream=is_stream), time_ns)
        except NoAnswer:
            self.unread += 1

    def learn(self, answer: DnsAnswer, time_ns: int) -> None:
        """Take in an answer that came at `time_ns`."""
        self.answers += 1
        for address, name, seconds in answer.addresses:
            names = self._names.setdefault(address, {})
            names.pop(name, None)
            names[name] = time_ns + max(seconds, _LEAST_SECONDS) * _SECOND_NS
            if len(names) > self._names_limit:
                del names[next(iter(names))]
            self._names.move_to_end(address)
            if len(self._names) > self._limit:
                self._names.popitem(last=False)
                self.evicted += 1

    def names(self, address: str, time_ns: int) -> tuple[str, ...]:
        """The names that an address had then, the newest first."""
        names = self._names.get(plain_address(address), {})
        return tuple([name for name, until in reversed(names.items()) if until >= time_ns])


def _answer(data: bytes, *, is_stream: bool) -> DnsAnswer:
    """Of a stream the length stands before the message, or was read by a call of its own."""
    if is_stream and len(data) > _STREAM_PREFIX:
        size = int.from_bytes(data[:_STREAM_PREFIX], "big")
        if size == len(data) - _STREAM_PREFIX:
            return parse_answer(data[_STREAM_PREFIX:])
    return parse_answer(data)


class Services:
    """Addresses to services, by what `hosts`, `services`, `names` and `sockets` know."""

    def __init__(
        self,
        *,
        hosts: dict[str, tuple[str, ...]] | None = None,
        services: dict[tuple[int, str], str] | None = None,
        names: NameStore | None = None,
        sockets: SocketTable | None = None,
    ) -> None:
        self.names = NameStore() if names is None else names
        self._hosts = hosts or {}
        self._services = services or {}
        self._sockets = SocketTable() if sockets is None else sockets

    def lookup(
        self, address: str, port: int, *, time_ns: int = 0, protocol: str = "tcp", netns: int = 0
    ) -> Service:
        """What an address and a port stood for at a time, as seen from a network namespace.

        Names from answers come first: they are what the program asked for.
        """
        plain = plain_address(address)
        names = (*self.names.names(plain, time_ns), *self._hosts.get(plain, ()))
        wanted = f"IPPROTO_{protocol.upper()}"
        listener = self._sockets.listener(netns, plain, port, wanted, time_ns=time_ns)
        process = listener.process if listener is not None else None
        return Service(
            address=plain,
            port=port,
            names=tuple(dict.fromkeys(names)),
            service=self._services.get((port, protocol), ""),
            process=str(process.comm) if process is not None else "",
        )


def read_hosts(text: str) -> dict[str, tuple[str, ...]]:
    """Names by address, as /etc/hosts gives them; lines that make no sense are passed over."""
    found: dict[str, tuple[str, ...]] = {}
    for words in _lines(text):
        try:
            address = str(ip_address(words[0].partition("%")[0]))
        except ValueError:
            continue
        found[address] = (*found.get(address, ()), *words[1:])
    return found


def read_services(text: str) -> dict[tuple[int, str], str]:
    """Names by port and protocol, as /etc/services gives them; the first of several."""
    found: dict[tuple[int, str], str] = {}
    for words in _lines(text):
        port, _, protocol = words[1].partition("/") if len(words) > 1 else ("", "", "")
        if port.isdecimal() and protocol:
            found.setdefault((int(port), protocol), words[0])
    return found


def _lines(text: str) -> Iterator[list[str]]:
    lines: Iterable[str] = text.splitlines()
    for line in lines:
        words = line.partition("#")[0].split()
        if words:
            yield words
