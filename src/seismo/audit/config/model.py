"""`Config`: what `seismo audit` records, of whom, and where it goes.

>>> config = parse_config(Source("c.yaml", "version: 1\\nevents: [process]\\n"), catalog)
>>> config.handlers[0].match, [one.text for one in config.events.words]
(Match(kind=<MatchKind.ALL: 'all'>, values=()), ['process'])
"""

from __future__ import annotations

from typing import Any

from seismo.audit.config.filter import ALWAYS, Filter
from seismo.audit.rules.mistakes import Place
from seismo.audit.rules.model import Rules
from seismo.audit.sinks.settings import SinkSettings
from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum
from seismo.base.source import NOWHERE, Span

__all__ = (
    "Backpressure",
    "Capture",
    "Config",
    "EventWord",
    "Events",
    "Handler",
    "LegacyArgument",
    "LegacyEvent",
    "Limits",
    "Match",
    "MatchKind",
    "Ring",
    "RuleTexts",
)


@dataclass(frozen=True, slots=True)
class EventWord:
    """A name, a family or a pattern, with `!` before it to leave out. `content_bytes`: record so
    much of the contents that these calls read and write."""

    text: str
    content_bytes: int = 0
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Events:
    """A choice of events: the words in their order, and the ids of the types that they select."""

    words: tuple[EventWord, ...] = ()
    types: frozenset[int] = frozenset()


class MatchKind(Enum):
    """By what processes are chosen."""

    ALL = "all"
    PID = "pid"  # these processes alone
    TREE = "tree"  # these processes with what they have started and will start
    EXE = "exe"  # processes that run these files
    CGROUP = "cgroup"  # tasks in these cgroups and below
    CONTAINER = "container"  # tasks of these containers


@dataclass(frozen=True, slots=True)
class Match:
    """Whose events: `values` are numbers for PID and TREE, paths or ids for the others."""

    kind: MatchKind = MatchKind.ALL
    values: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """What is recorded of some processes.

    `program_id` and
    `session_id` go into every event of it, u64 and u64. `filter` is what was written together with
    the match's conditions (`uid`, `comm`) and the filter of all handlers.
    """

    program_id: int = 0
    session_id: int = 0
    match: Match = Match()
    events: Events = Events()
    filter: Filter = ALWAYS
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What is recorded beside the events' arguments.

    `content_bytes` of what is read and written, at most 4096, 0 for nothing; `environment` of
    programs that are executed; `fd_paths` of descriptors that are arguments; `words_bytes` of
    arguments and environment together, at most 32768.
    """

    content_bytes: int = 0
    environment: bool = False
    fd_paths: bool = True
    words_bytes: int = 8192


class Backpressure(Enum):
    """What happens when outputs are slower than events come."""

    DROP = "drop"  # a ring that is nearly full is emptied, dropped and counted: tables stay true
    RING = "ring"  # the ring fills, and the kernel drops and counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """The ring of events: `size_bytes` a power of two; the reader is woken when `wake_bytes` wait;
    events are held back for `order_ns` to be put in the order of time. The reader runs with a nice
    value that is less by `priority_boost`, as auditd does."""

    size_bytes: int = 32 << 20
    wake_bytes: int = 64 << 10
    order_ns: int = 5_000_000
    priority_boost: int = 15
    backpressure: Backpressure = Backpressure.RING


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes of tables: calls in progress, processes and sockets that are known at a time."""

    pending: int = 10_240
    processes: int = 65_536
    sockets: int = 16_384


@dataclass(frozen=True, slots=True)
class LegacyArgument:
    """An argument of TraceLeft's configuration. `hash_function`: `string` is hashed up to its NUL,
    `skip` is not hashed, '' is hashed whole."""

    position: int
    type: str
    name: str
    suffix: str = ""
    hash_function: str = ""


@dataclass(frozen=True, slots=True)
class LegacyEvent:
    """An event of TraceLeft's configuration."""

    name: str
    arguments: tuple[LegacyArgument, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTexts:
    """Rules as they were written: `rules` and `channels` are lists of mappings, empty if
    `is_legacy`: then the whole text is TraceLeft's specification of aggregations. `spans` are
    places of values, by the way to them: `("rules", 0, "where")`."""

    rules: tuple[Any, ...] = ()
    channels: tuple[Any, ...] = ()
    is_legacy: bool = False
    spans: dict[Place, Span] = field(default_factory=dict, compare=False, repr=False)

    def span(self, place: Place) -> Span:
        """Where a value stands, or the nearest one that holds it."""
        while place and place not in self.spans:
            place = place[:-1]
        return self.spans.get(place, NOWHERE)

    def where(self, place: Place) -> str:
        """`file:line:col`, as the parsers of rules want it."""
        return str(self.span(place).location)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration; every part has a default, and without handlers there is one for
    all."""

    name: str = ""
    events: Events = Events()
    handlers: tuple[Handler, ...] = (Handler(),)
    filter: Filter = ALWAYS
    capture: Capture = Capture()
    ring: Ring = Ring()
    outputs: tuple[SinkSettings, ...] = ()
    rules: Rules = Rules()
    rule_texts: RuleTexts = RuleTexts()
    limits: Limits = Limits()
    legacy: tuple[LegacyEvent, ...] = ()
    content_types: dict[int, int] = field(default_factory=dict)
    """How much of the contents to record by type, where that is more than `capture` has for all."""

    @property
    def content_bytes(self) -> int:
        """The most that is to be recorded of contents, 0 for nothing: a setting of the kernel's."""
        return max(self.capture.content_bytes, *self.content_types.values(), 0)
