"""`Probe`: the programs of audit in the kernel, and the handlers that are registered with them.

>>> with Probe(kernel, audit, catalog, tracefs) as probe:
...     probe.attach()
...     shell = probe.register_handler(7, tree=pid, events=["file", "process_exec"])
...     probe.unregister_handler(shell)

A handler is a set of types of events for a process, a tree of processes, a cgroup, a container, an
executable, or everything. Which one a process has is settled in the kernel: the process's own,
that of the nearest cgroup around it, the default one. A file that is executed brings its handler
along, which takes the place of the process's own. Handlers that are for the same one are both
served; where one of them is for the tree, the children have both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack

from seismo.audit.catalog.model import EventType
from seismo.audit.catalog.table import Catalog
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.plans import plan_bytes
from seismo.audit.record.decode import Decoder
from seismo.audit.record.handlers import Handlers
from seismo.audit.record.layout import KernelEvent
from seismo.audit.tracer import scopes
from seismo.audit.tracer.cache import CACHE_SIZE, CachedHandler, HandlerCache, handler_digest
from seismo.audit.tracer.errors import ScopeError
from seismo.audit.tracer.losses import KernelCounters
from seismo.audit.tracer.programs import AuditPrograms, Recording
from seismo.audit.tracer.scopes import Scope, ScopeKind
from seismo.audit.tracer.watches import Registration, Watches
from seismo.base.closing import Closing
from seismo.base.errors import NotSupported
from seismo.kernel.pid_namespace import pid_namespace
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.ringbuf import RingBuffer

__all__ = ("TRACKED", "Probe", "Registration")

TRACKED = frozenset((KernelEvent.PROCESS_FORK, KernelEvent.PROCESS_EXEC, KernelEvent.PROCESS_EXIT))
"""What correlation has to know of each process; not shown to who has not asked for it."""

_U64_MAX = (1 << 64) - 1
_ROUNDS = 20


class Probe(Closing):
    """Owns maps, programs, links, the ring and the pins of `pin_directory`, a directory of a bpffs.

    `recording` says what is recorded beside the events. With `tracks`, each handler has the events
    `TRACKED`, too. Nothing is traced before `attach`.
    """

    def __init__(
        self,
        kernel: Kernel,
        audit: AuditObject,
        catalog: Catalog,
        tracefs: Tracefs,
        *,
        recording: Recording | None = None,
        cache_size: int = CACHE_SIZE,
        pin_directory: str = "",
        tracks: bool = True,
    ) -> None:
        self.catalog = catalog
        self.decoder = Decoder(catalog)
        self.cache = HandlerCache(cache_size)
        self._kernel = kernel
        self._recording = recording or Recording()
        self._tracked = TRACKED if tracks else frozenset()
        self._digest = audit.digest
        self._last_id = 0
        with ExitStack() as owned:
            self.programs = owned.enter_context(AuditPrograms(audit, kernel, tracefs, os.getpid()))
            self.maps = self.programs.maps
            self.programs.set_plans(plan_bytes(catalog))
            self.ring = owned.enter_context(RingBuffer(self.maps["events"], kernel))
            self.counters = KernelCounters(self.maps, kernel)
            self._watches = Watches(self.maps)
            self._tell_settings()
            if pin_directory:
                self.programs.pin(pin_directory)
            self._owned = owned.pop_all()

    @property
    def handlers(self) -> Handlers:
        """What the indices in records mean now."""
        return self._watches.handlers

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """The handlers that are registered, the oldest first."""
        return self._watches.registrations

    def attach(self) -> None:
        """Begin: what is registered is traced from here on. NotInKernel, AttachRefused."""
        self.programs.attach()

    def register_handler(
        self,
        program_id: int,
        *,
        pid: int = 0,
        tree: int = 0,
        cgroup: str | int = "",
        exe: str = "",
        container: str = "",
        events: Iterable[str] = ("default",),
        types: Collection[int] | None = None,
        session_id: int = 0,
        filters: int = 0,
    ) -> Registration:
        """Trace `events` (names, families, globs, `!name`), or exactly the numbers `types`, of one
        of: a process, a process with all that descend from it, a cgroup (path or id), an executable
        with what it starts, a container (the beginning of its id), or, where none is given, of
        everything but ourselves.

        `program_id` and `session_id`, any u64, come back with each event. Processes that run
        already are included. `filters` are bits of the filters that the programs were compiled
        with: an event has to pass one of them. ScopeError, CgroupError, UnknownEvent,
        TooManyHandlers.
        """
        if types is None:
            selected = self.catalog.select(events)
        else:
            selected = tuple([self.catalog.by_id(one) for one in sorted(types)])
        handler = self._cached(selected)
        scope = self._scope(pid=pid, tree=tree, cgroup=cgroup, exe=exe, container=container)
        return self._register(program_id, session_id, scope, handler, filters)

    def register_handler_by_id(
        self, program_id: int, pid: int, digest: str, *, session_id: int = 0
    ) -> Registration:
        """Register a handler that is in the cache, by its SHA-512, for a process and, where `pid`
        is 0, for everything; NotInCache."""
        handler = self.cache.get(digest)
        return self._register(program_id, session_id, self._scope(pid=pid), handler)

    def unregister_handler(self, registration: Registration) -> None:
        """Trace no more what only this one asked for. A second time does nothing."""
        self._watches.remove(registration)
        self._tell_settings()

    def set_prefixes(self, prefixes: Mapping[bytes, bytes]) -> None:
        """What filters by directories know them by: keys and values of the map `path_prefixes`."""
        self.maps["path_prefixes"].put_many(prefixes.items())

    def sweep(self) -> int:
        """Forget processes that ended between being found and being watched; how many."""
        return self._watches.sweep() if pid_namespace() is None else 0

    def close(self) -> None:
        """Detach, unpin and close everything; a second time does nothing."""
        self._owned.close()

    def _cached(self, selected: Iterable[EventType]) -> CachedHandler:
        types = tuple(selected)
        if not types:
            raise ScopeError("a handler without events", "name some: events=['process', 'file']")
        handler = CachedHandler(
            types=frozenset(one.id for one in types),
            digest=handler_digest(types, self._digest),
        )
        self.cache.put(handler)
        return handler

    def _scope(
        self,
        *,
        pid: int = 0,
        tree: int = 0,
        cgroup: str | int = "",
        exe: str = "",
        container: str = "",
    ) -> Scope:
        given = [one for one in (pid, tree, cgroup, exe, container) if one]
        if len(given) > 1:
            raise ScopeError(
                f"a handler is for one thing, and {len(given)} are given",
                "register one for each: they may have the same program id",
            )
        if pid or tree:
            _require_pids()
            if os.getpid() in (pid, tree):
                raise ScopeError(
                    "a process cannot trace itself", "trace a child, or from another process"
                )
            return scopes.process_scope(pid or tree, with_children=bool(tree))
        if cgroup:
            return scopes.cgroup_scope(self._kernel, cgroup)
        if container:
            return scopes.container_scope(self._kernel, container)
        return scopes.exe_scope(exe) if exe else scopes.EVERYTHING

    def _register(
        self,
        program_id: int,
        session_id: int,
        scope: Scope,
        handler: CachedHandler,
        filters: int = 0,
    ) -> Registration:
        for name, number in (("program id", program_id), ("session id", session_id)):
            if not 0 <= number <= _U64_MAX:
                raise ScopeError(f"{name} {number} is no number of 64 bits without a sign")
        self._last_id += 1
        registration = Registration(
            id=self._last_id,
            program_id=program_id,
            session_id=session_id,
            scope=scope,
            types=handler.types,
            tracked=self._tracked,
            digest=handler.digest,
            filters=filters,
        )
        self._watches.add(registration)
        try:
            self._tell_settings()
            self._watch_running(registration)
        except BaseException:
            self.unregister_handler(registration)
            raise
        return registration

    def _watch_running(self, registration: Registration) -> None:
        """Include the processes that are there already.

        What forks after its parent was included has it from the kernel; what forked before is found
        by the next look, so looks are repeated until one finds nothing new.
        """
        scope = registration.scope
        find = self._finder(scope)
        for _ in range(_ROUNDS):
            found = [
                self._watches.watch(pid, registration, inherited=scope.inherited)
                for pid in find()
                if pid != os.getpid()
            ]
            if not any(found):
                return

    def _finder(self, scope: Scope) -> Callable[[], list[int]]:
        if scope.kind is ScopeKind.TREE:
            return lambda: [scope.pid, *scopes.descendants(self._kernel, scope.pid)]
        if scope.kind is ScopeKind.EXE and pid_namespace() is None:
            return lambda: scopes.running_exe(self._kernel, scope)
        if scope.kind is ScopeKind.PROCESS:
            # It may have ended just before it was put there.
            return lambda: [scope.pid]
        return list

    def _tell_settings(self) -> None:
        watches = self._watches
        self.programs.set_up(self._recording, watches.flags(), watches.default_slot)


def _require_pids() -> None:
    """Process ids are the kernel's own, and ours have to be the same."""
    if pid_namespace() is not None:
        raise NotSupported(
            "tracing by process id",
            "this process is in a PID namespace of its own, whose ids the kernel's programs do not "
            "have",
            "trace by cgroup, or run it in the initial PID namespace",
        )
