"""`AuditSession`: a configuration at work: programs, handlers, correlation, rules and outputs.

>>> with AuditSession(config, kernel, tracefs, around) as session:
...     session.start()
...     while not is_over():
...         session.poll(100)
...     print(session.finish().text())

There are no threads: `poll` waits, takes what is there and hands it on. A slow output makes the
ring fill, and what finds no room there the kernel counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.model import Backpressure, Config, Handler, MatchKind
from seismo.audit.config.resolve import LivePlaces, prefix_entries
from seismo.audit.correlate.correlator import Correlator
from seismo.audit.correlate.process import TICK_NS, Process
from seismo.audit.correlate.process_table import Bounds
from seismo.audit.correlate.tree import tree_text
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.content_plans import content_plans
from seismo.audit.program.generate import GeneratedFilters, generate
from seismo.audit.program.rule_c import map_names
from seismo.audit.record.account import Account
from seismo.audit.record.batch import Batch
from seismo.audit.rules.aggregator import Aggregator
from seismo.audit.rules.channels import Channels, RuleSink
from seismo.audit.rules.kernel import kernel_rules
from seismo.audit.rules.kernel_counts import CountReader
from seismo.audit.sinks.open import Surroundings, open_sink
from seismo.audit.sinks.sink import Sink
from seismo.audit.sinks.tee import Tee
from seismo.audit.tracer.command import StoppedCommand
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.programs import Recording, require_privilege
from seismo.audit.tracer.stream import Stream
from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass, replace
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs

__all__ = ("AuditSession", "MakePrograms", "recording_of")

MakePrograms = Callable[[Config, GeneratedFilters], AuditObject]
"""Gives the programs of a configuration: compiled, or the battery's."""

_FLUSH_NS = 1_000_000_000
_SWEEP_NS = 30_000_000_000
_LEAST_NICE = -20


@dataclass(slots=True)
class _Due:
    """Something to be done every so often."""

    every_ns: int
    next_ns: int = 0

    def is_now(self, now_ns: int) -> bool:
        if now_ns < self.next_ns:
            return False
        self.next_ns = now_ns + self.every_ns
        return True


def recording_of(config: Config) -> Recording:
    """What is recorded beside the events, by a configuration."""
    contents = max([config.capture.content_bytes, *config.content_types.values()])
    return Recording(
        content=contents > 0,
        content_bytes=contents,
        environment=config.capture.environment,
        words_bytes=config.capture.words_bytes,
        fd_paths=config.capture.fd_paths,
        wake_bytes=config.ring.wake_bytes,
    )


class AuditSession(Closing):
    """Owns all of it from the start; `sinks` are added to those of the configuration.

    Raises SinkError for an output that cannot be opened, UnresolvedFilter, ScopeError, NotPermitted
    and what loading raises, and leaves nothing behind. `correlator` has the tables of processes,
    sockets and names. `argv` is run when all stands, and its events are those of handlers for all;
    `follows`: and those of what it starts.
    """

    def __init__(
        self,
        config: Config,
        kernel: Kernel,
        tracefs: Tracefs,
        catalog: Catalog,
        make_programs: MakePrograms,
        around: Surroundings,
        *,
        sinks: Sequence[Sink] = (),
        argv: Sequence[str] = (),
        follows: bool = True,
    ) -> None:
        require_privilege(kernel)
        self.config = config
        self.correlator = _correlator(config, kernel, catalog)
        if any(one.type == "parquet" for one in config.outputs):
            around = replace(around, owners=_owners(self.correlator))
        self._kernel = kernel
        self._flush, self._sweep = _Due(_FLUSH_NS), _Due(_SWEEP_NS)
        self.command: StoppedCommand | None = None
        places = LivePlaces(kernel)
        generated = generate(config, places, kernel_rules(config.rules.rules))
        with ExitStack() as owned:
            audit = make_programs(config, generated)
            recording = recording_of(config)
            self._probe = Probe(kernel, audit, catalog, tracefs, recording=recording)
            owned.enter_context(self._probe)
            if config.content_types:
                others = config.capture.content_bytes
                plans = content_plans(catalog, config.content_types, others)
                self._probe.programs.set_plans(plans)
            self._probe.set_prefixes(prefix_entries(generated.prefixes, places))
            maps = self._probe.maps
            self._counts = CountReader(
                generated.rules,
                {one.index: [maps[name] for name in map_names(one)] for one in generated.rules},
                {one.id: one.name for one in catalog.types},
            )
            self._stream = owned.enter_context(
                Stream(self._probe, kernel, order_ns=config.ring.order_ns)
            )
            self._began_ns = self.correlator.procfs.now_ns() - TICK_NS
            if argv:
                self.command = owned.enter_context(StoppedCommand(argv))
            self._register("tree" if follows else "pid")
            # At last, so that no file is made for a run that does not come about.
            self._sink = self._opened(config, around, sinks, owned)
            self._owned = owned.pop_all()

    @property
    def skipped(self) -> dict[str, str]:
        """Programs that this kernel does not take, with why; none of them is required."""
        return self._probe.programs.skipped

    @property
    def fd(self) -> int:
        """Readable when there are records."""
        return self._stream.fd

    def start(self) -> None:
        """Attach, read what runs already, and let the command go."""
        self._boost(self.config.ring.priority_boost)
        self._stream.start()
        self.correlator.bootstrap()
        if self.command is not None:
            self.command.release()

    def _boost(self, steps: int) -> None:
        """Have this thread run before others: who reads too late loses what it should tell of."""
        if not steps:
            return
        before = os.getpriority(os.PRIO_PROCESS, 0)
        try:
            os.setpriority(os.PRIO_PROCESS, 0, max(before - steps, _LEAST_NICE))
        except PermissionError:
            return  # without CAP_SYS_NICE it runs as all others do
        self._owned.callback(os.setpriority, os.PRIO_PROCESS, 0, before)

    def poll(self, timeout_ms: int, *others: int) -> int:
        """Wait for events, or one of the descriptors `others`; how many were handed on."""
        is_late = self._is_too_late()
        batch = self._stream.poll(0 if is_late else timeout_ms, *others)
        if is_late:
            self.correlator.attend(batch)
            self._stream.drop(batch)
            shown = 0
        else:
            shown = self._hand_on(batch)
        now = time.monotonic_ns()
        if self._flush.is_now(now):
            self._advance(now)
            self._sink.flush()
        if self._sweep.is_now(now):
            self._probe.sweep()
        return shown

    def _is_too_late(self) -> bool:
        """Whether outputs took so long that the ring is nearly full, and is to be emptied."""
        ring = self.config.ring
        if ring.backpressure is not Backpressure.DROP:
            return False
        return self._probe.ring.pending_bytes > ring.size_bytes // 4 * 3

    def finish(self) -> Account:
        """Detach, hand on what is left, close the outputs; where all events have gone."""
        self._hand_on(self._stream.finish())
        self._rule_sink.take_counts(self._counts, time.monotonic_ns(), is_final=True)
        self._rule_sink.close()
        account = self.account()
        self._sink.account(account, is_final=True)
        self._sink.close()
        return account

    def process_tree(self) -> str:
        """A line for each process that the command has become, those that have ended included;
        without a command, for each that has begun or ended since we have, and its ancestors."""
        now = self.correlator.processes.now_ns
        known = [life.at(now) for life in self.correlator.processes]
        if self.command is None:
            new = [one for one in known if one.has_exited or one.start_ns >= self._began_ns]
            return tree_text({one: None for each in new for one in (*each.ancestors, each)})
        pid, first = self.command.pid, self._began_ns
        found = [(one, (one, *one.ancestors)) for one in known]
        return tree_text(
            [one for one, line in found if any(_is(each, pid, first) for each in line)]
        )

    def account(self) -> Account:
        """Where all events have gone so far."""
        return self._stream.account()

    @property
    def failed(self) -> int:
        """How many events outputs could not write; `failure` has the last reason."""
        return self._sink.failed

    @property
    def failure(self) -> str:
        return self._sink.failure

    @property
    def missed_by_rules(self) -> dict[str, str]:
        """By the rules' names, what they could not count."""
        return self._rule_sink.missed

    def close(self) -> None:
        """Close everything; a second time does nothing."""
        self._owned.close()

    def _opened(
        self,
        config: Config,
        around: Surroundings,
        sinks: Sequence[Sink],
        owned: ExitStack,
    ) -> Tee:
        """The outputs, the rules in front of them."""
        opened: list[Sink] = []
        for settings in config.outputs:
            one = open_sink(settings, around)
            owned.callback(one.close)
            opened.append(one)
        opened += sinks
        channels = Channels(config.rules, around, outputs=[("", one) for one in opened])
        owned.callback(channels.close)
        self._rule_sink = RuleSink(Aggregator(config.rules.rules), channels)
        return Tee([self._rule_sink, *opened] if config.rules.rules else opened)

    def _register(self, command_scope: str) -> None:
        """The configuration's handlers; what is for all is for the command, if there is one."""
        for index, handler in enumerate(self.config.handlers):
            for scope in self._scopes(handler, command_scope):
                self._probe.register_handler(
                    handler.program_id,
                    types=handler.events.types,
                    session_id=handler.session_id,
                    filters=1 << index,
                    **scope,
                )

    def _scopes(self, handler: Handler, command_scope: str) -> Iterator[dict[str, Any]]:
        match = handler.match
        if match.kind is not MatchKind.ALL:
            yield from ({match.kind.value: value} for value in match.values)
        elif self.command is not None:
            yield {command_scope: self.command.pid}
        else:
            yield {}

    def _hand_on(self, batch: Batch) -> int:
        if not len(batch):
            return 0
        self.correlator.attend(batch)
        shown = self._stream.shown(batch)
        if len(shown):
            self._sink.write(shown)
        return len(shown)

    def _advance(self, now_ns: int) -> None:
        self._rule_sink.take_counts(self._counts, now_ns)
        self._rule_sink.advance(self._stream.reached_ns)


def _correlator(config: Config, kernel: Kernel, catalog: Catalog) -> Correlator:
    limits = config.limits
    bounds = Bounds(exited=limits.processes)
    return Correlator(kernel, catalog, bounds=bounds, sockets_limit=limits.sockets)


def _owners(correlator: Correlator) -> Any:
    """What fills Parquet's columns of processes; None without numpy: who opens it tells so."""
    try:
        from seismo.audit.correlate.attribution import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            Owners,
        )
    except ImportError:
        return None
    return Owners(correlator)


def _is(process: Process, pid: int, first_ns: int) -> bool:
    """Whether it is the process with this number that has begun at that time or later."""
    return process.tgid == pid and process.start_ns >= first_ns
