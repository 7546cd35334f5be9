"""`Correlator`: says of events whose they are and what they are about.

>>> correlator = Correlator(kernel, catalog)
>>> correlator.bootstrap()
>>> correlator.enrich(batch)
>>> batch.events()[0].process.ancestors

`bootstrap` reads what runs already, after the tracer was told whom to watch: so what begins
meanwhile is told by an event, and what both tell is one process. `observe` keeps tables true from
a batch without decoding it; `enrich` does so, and fills `process`, `peer`, `paths` and
`notes` of events.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from seismo.audit.correlate.cgroup_names import CgroupNames
from seismo.audit.correlate.container_names import ContainerNames
from seismo.audit.correlate.existing_sockets import existing_sockets
from seismo.audit.correlate.paths import PathResolver, absolute
from seismo.audit.correlate.process import TICK_NS, Life, Process
from seismo.audit.correlate.process_table import Bounds, ProcessTable
from seismo.audit.correlate.procfs import Procfs
from seismo.audit.correlate.services import DNS_PORT, NameStore, Services, read_hosts, read_services
from seismo.audit.correlate.sockets import Connection, SocketTable
from seismo.audit.correlate.tracked import (
    PROCESS_EVENTS,
    CgroupGone,
    CgroupMade,
    CgroupMoved,
    Exec,
    Head,
    change_of,
    head_of,
)
from seismo.audit.correlate.tree import tree_json, tree_text
from seismo.audit.record import sections
from seismo.audit.record.batch import Batch
from seismo.audit.record.decode import TypeTable
from seismo.audit.record.event import AuditEvent, SocketState
from seismo.audit.record.layout import (
    FIXED,
    HEADER,
    SYSCALL,
    KernelEvent,
    Section,
)
from seismo.audit.record.sections import DamagedRecord
from seismo.base.errors import BpfError
from seismo.kernel.protocol import Kernel

__all__ = ("Correlator",)

_SOCKET_EVENTS = frozenset(
    int(event)
    for event in (
        KernelEvent.NET_CONNECT,
        KernelEvent.NET_ACCEPT,
        KernelEvent.NET_CLOSE,
        KernelEvent.NET_LISTEN,
        KernelEvent.NET_SEND,
        KernelEvent.NET_RECEIVE,
        KernelEvent.NET_CONNECT_FAILED,
    )
)
_LISTENS = "TCP_LISTEN"
_WITH_BYTES = (KernelEvent.NET_SEND, KernelEvent.NET_RECEIVE)
_FIXED_BYTES = {int(event): layout.size for event, layout in FIXED.items()}
_CALL_BYTES = HEADER.size + SYSCALL.size
_STREAM_LENGTH = 2
_BYTES = struct.Struct("=Q")
_RECEIVING = ("recvfrom", "recvmsg", "recvmmsg", "read", "readv")
_MOVING = ("chdir", "fchdir")
_CONTENTS = (Section.BYTES, Section.IOVEC)


class Correlator:
    """Processes, paths, connections, names and containers behind a stream of events.

    `processes`, `sockets`, `names`, `services`, `cgroups` and `container_names` are the tables
    themselves; `damaged` counts records of theirs that could not be read. `proc` is where procfs is
    mounted, `hosts` and `services` are the files of those names.
    """

    def __init__(
        self,
        kernel: Kernel,
        catalog: TypeTable,
        *,
        bounds: Bounds | None = None,
        names_limit: int = 5_000,
        sockets_limit: int = 16_384,
        is_file_system_asked: bool = True,
        dns_ports: tuple[int, ...] = (DNS_PORT,),
        proc: str = "/proc",
        hosts: str = "/etc/hosts",
        services: str = "/etc/services",
    ) -> None:
        self.damaged = 0
        self.catalog = catalog
        self.cgroups = CgroupNames(kernel=kernel)
        self.procfs = Procfs(proc, cgroup_id=self.cgroups.id)
        self.processes = ProcessTable(
            bounds=bounds, cgroup_path=self.cgroups.path, is_running=self.procfs.is_running
        )
        self.container_names = ContainerNames()
        self.sockets = SocketTable(limit=sockets_limit)
        self.names = NameStore(limit=names_limit)
        self.services = Services(
            hosts=read_hosts(_text(hosts)),
            services=read_services(_text(services)),
            names=self.names,
            sockets=self.sockets,
        )
        self._paths = PathResolver(
            mntns=self.procfs.mount_namespace(),
            root_of=self.procfs.root_of,
            is_file_system_asked=is_file_system_asked and self.procfs.has_ids,
            proc=proc,
        )
        self._dns_ports = frozenset(dns_ports)
        self._receiving: dict[int, bool] = {}
        self._moving: dict[int, bool] = {}

    def bootstrap(self) -> None:
        """Read what is there: cgroups, processes, listening sockets. May be called again."""
        self.cgroups.walk()
        self.processes.add_known(self.procfs.processes())
        running = [one for one in self.processes if not one.has_exited]
        now = self.processes.now_ns
        existing = existing_sockets([one.at(now) for one in running], self.procfs.root)
        for listener in existing.listeners:
            self.sockets.add_listener(listener)
        for state, process in existing.connected:
            self.sockets.add_existing(state, process)

    def attend(self, batch: Batch) -> None:
        """Take note of the batch, and have its events enriched when somebody asks for them."""
        self.observe(batch)
        lives: dict[tuple[int, int], Life] = {}

        def complete(event: AuditEvent) -> None:
            key = event.tgid, event.start_ns
            life = lives.get(key)
            if life is None:
                life = lives[key] = self.life_of(event.data)
            event.process = Process(life, event.time_ns)
            self._paths.resolve(event, event.process)
            if _has_socket(event):
                event.peer = self.peer(event)

        batch.when_decoded(complete)

    def enrich(self, batch: Batch) -> None:
        """Set `process`, `paths` and `notes` of the batch's events, which come in order of time.

        Batches may overlap by the reader's bound: an event that comes late changes what was known
        from its time on, but not events that were handed out before.
        """
        self.attend(batch)
        batch.events()

    def observe(self, batch: Batch) -> None:
        """Keep the tables true by a batch's records, without decoding those of no concern."""
        # Not at the end: who has ended in this batch is asked for when its events are decoded.
        self.processes.trim()
        wanted = {type_ for type_ in batch.counts() if self._is_of_concern(type_)}
        if wanted:
            for record in batch.select(wanted).records:
                try:
                    self._take(record)
                except (struct.error, DamagedRecord):
                    self.damaged += 1
        if len(batch) and len(batch[-1]) >= HEADER.size:
            now = head_of(batch[-1]).time_ns
            self.processes.now_ns = max(self.processes.now_ns, now)
            self.cgroups.now_ns = self.processes.now_ns

    def process(self, tgid: int, start_ns: int) -> Process:
        """A process as it is, or was last; UnknownProcess."""
        return self.processes.find(tgid, start_ns)

    def life_of(self, record: bytes) -> Life:
        """Whose record this is. One that nothing told of is looked up in /proc, while it runs."""
        head = head_of(record)
        life = self.processes.life(head.tgid, head.start_ns)
        if life is None:
            life = self.processes.seen(head)
            self._look_up(life)
        return life

    def export(self, form: str = "text") -> str:
        """The tree of all that are known, ended ones included, as `text`, `ascii` or `json`."""
        now = self.processes.now_ns
        processes = [life.at(now) for life in self.processes]
        if form == "json":
            return tree_json(processes)
        return tree_text(processes, is_ascii=form == "ascii")

    def connection(self, state: SocketState) -> Connection | None:
        """What is known of a socket that an event shows; None where no event told of it."""
        return self.sockets.known(state)

    def peer(self, event: AuditEvent) -> Process | None:
        """The process at the other end of the event's socket; None if it is not on this machine,
        was not seen, or the event has no socket."""
        for state in _states(event):
            found = self.sockets.peer(state, event.time_ns)
            if found is not None:
                return found
        return None

    def _is_of_concern(self, type_: int) -> bool:
        if type_ in PROCESS_EVENTS or type_ in _SOCKET_EVENTS:
            return True
        return self._is_named(type_, _RECEIVING, self._receiving) or self._is_named(
            type_, _MOVING, self._moving
        )

    def _is_named(self, type_: int, names: tuple[str, ...], known: dict[int, bool]) -> bool:
        found = known.get(type_)
        if found is None:
            try:
                name = self.catalog.by_id(type_).name
            except (KeyError, BpfError):
                name = ""
            found = known[type_] = name.rpartition(":")[2] in names
        return found

    def _take(self, record: bytes) -> None:
        head = head_of(record)
        if head.type in PROCESS_EVENTS:
            self._take_process(record)
        elif head.type in _SOCKET_EVENTS:
            self._take_socket(record, head)
        elif self._receiving.get(head.type):
            if head.ret > 0 and len(record) > _CALL_BYTES:
                self._hear(record, head)
        elif head.ret == 0 and len(record) > _CALL_BYTES:
            self._move(record, head)

    def _take_process(self, record: bytes) -> None:
        change = change_of(record)
        match change:
            case CgroupMade(id=id, hierarchy=0, path=path):
                self.cgroups.made(id, path)
            case CgroupGone(id=id, hierarchy=0):
                self.cgroups.gone(id)
            case CgroupMoved(id=id, hierarchy=0, path=path) if path:
                self.cgroups.made(id, path)
            case Exec(head=head, cgroup_path=path) if path:
                self.cgroups.made(head.cgroup, path)
            case _:
                pass
        is_new = self.processes.life(change.head.tgid, change.head.start_ns) is None
        self.processes.apply(change)
        if is_new and (life := self.processes.life(change.head.tgid, change.head.start_ns)):
            self._look_up(life)

    def _take_socket(self, record: bytes, head: Head) -> None:
        at, bytes_ = HEADER.size, 0
        if head.type in _WITH_BYTES:
            (bytes_,) = _BYTES.unpack_from(record, at)
            at += _BYTES.size
        state = sections.socket_state(record[at : HEADER.size + _FIXED_BYTES[head.type]])
        process = self.life_of(record).at(head.time_ns)
        if head.type == KernelEvent.NET_LISTEN:
            self.sockets.listen(state, process)
        elif head.type == KernelEvent.NET_CLOSE and state.state == _LISTENS:
            self.sockets.unlisten(state, head.time_ns)
        else:
            self.sockets.apply(head.type, state, head.time_ns, process, bytes_)

    def _hear(self, record: bytes, head: Head) -> None:
        """Contents that came from the port of a name server."""
        is_dns = is_stream = False
        for kind, _, _, _, first, stop in sections.sections_of(record, _CALL_BYTES):
            if kind == Section.SOCKET and stop > first:
                state = sections.socket_state(record[first:stop])
                is_stream = state.type == "SOCK_STREAM"
                is_dns = is_dns or state.remote.port in self._dns_ports
            elif kind == Section.SOCKADDR:
                address = sections.socket_address(record[first:stop])
                is_dns = is_dns or (address is not None and address.port in self._dns_ports)
        if not is_dns:
            return
        for kind, _, _, _, first, stop in sections.sections_of(record, _CALL_BYTES):
            if kind in _CONTENTS and stop - first > _STREAM_LENGTH:
                self.names.hear(record[first:stop], head.time_ns, is_stream=is_stream)

    def _move(self, record: bytes, head: Head) -> None:
        """chdir(2) or fchdir(2) that succeeded."""
        life = self.life_of(record)
        text, directory = "", ""
        for kind, _, flags, _, first, stop in sections.sections_of(record, _CALL_BYTES):
            if kind == Section.STRING:
                text = sections.text(record[first:stop])
            elif kind in (Section.DIRECTORY, Section.PATH):
                directory = sections.path(record[first:stop], flags).text
        if directory:
            # Told at the end of the call: where it led, whatever the text was.
            life.cwds.put(head.time_ns, directory)
        elif text:
            life.cwds.put(head.time_ns, absolute(text, life.cwd_at(head.time_ns)))

    def _look_up(self, life: Life) -> None:
        """Ask /proc about one that came to be known by an event other than its fork."""
        if not life.is_guess:
            return
        try:
            known = self.procfs.process(life.tgid)
        except (OSError, ValueError, IndexError):
            return
        if known.start_ns // TICK_NS == life.start_ns // TICK_NS:
            self.processes.add_known([known])


def _has_socket(event: AuditEvent) -> bool:
    """Without decoding it."""
    if event.type.id in _SOCKET_EVENTS:
        return True
    return any(part[0] == Section.SOCKET for part in event.sections)


def _states(event: AuditEvent) -> Iterator[SocketState]:
    for value in event.values.values():
        if isinstance(value, SocketState):
            yield value
    yield from event.sockets.values()


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # a machine may have no such file
