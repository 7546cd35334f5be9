"""`Rule`: what is counted of which events, in which windows, and when that is an alert.

>>> rule = parse_rules([{"name": "many-opens", "events": ["openat"], "by": ["comm"],
...     "window": {"seconds": 1}, "function": "count", "when": "> 99"}], catalog).rules[0]
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum

__all__ = (
    "AllOf",
    "AnyOf",
    "Channel",
    "Comparison",
    "Condition",
    "Constant",
    "FunctionKind",
    "Not",
    "Operator",
    "Rule",
    "RuleFunction",
    "RuleOutput",
    "Rules",
    "Threshold",
    "Window",
)

Constant: TypeAlias = int | str


class Operator(Enum):
    """How a field is compared. A field that an event does not have satisfies none of them."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    IN = "in"
    NOT_IN = "not in"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"
    GLOB = "glob"  # `*`, `?`, `[a-z]`; `*` matches `/` too
    CIDR = "cidr"  # an address in one of the networks
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field` against `values`: one for most operators, any number for IN, NOT_IN and CIDR."""

    field: str
    operator: Operator
    values: tuple[Constant, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if all parts are; without parts, always."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if a part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True if the part is not."""

    part: Condition


Condition: TypeAlias = Comparison | AllOf | AnyOf | Not


class FunctionKind(Enum):
    """What is made of a group's events in a window; or, the last two, since the start."""

    COUNT = "count"
    RATE = "rate"  # count by second of the window
    DISTINCT = "distinct"  # how many values of a field
    TOP = "top"  # the most frequent values of a field
    HISTOGRAM = "histogram"  # of a number, by powers of two
    FIRST_SEEN = "first_seen"  # a value of a field that was not there before
    SIGMA = "sigma"  # every so many events of the same hash


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFunction:
    """A function and its parameters.

    `field` is for DISTINCT, TOP, HISTOGRAM and FIRST_SEEN. `most` is how many of TOP to tell.
    `quantile` is what HISTOGRAM compares with the threshold. `learn_ns`: FIRST_SEEN only learns for
    so long after its first event. `frequency`: SIGMA passes when there are more of a hash, then
    begins anew; `within_ns`, unless 0, is how long they may take.
    """

    kind: FunctionKind
    field: str = ""
    most: int = 10
    quantile: float = 0.99
    learn_ns: int = 0
    frequency: int = 0
    within_ns: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Windows of `size_ns` that end at every multiple of `slide_ns`, by the events' own time.

    With both the same they tumble. `size_ns` is a multiple of `slide_ns`.
    """

    size_ns: int
    slide_ns: int

    @property
    def panes(self) -> int:
        """How many pieces of `slide_ns` a window has."""
        return self.size_ns // self.slide_ns


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a value must be for an alert, by one of the six operators of order."""

    operator: Operator
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """An output of alerts alone: `type` is one of `SINK_TYPES`, `file` (text lines) among them."""

    id: str
    type: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutput:
    """Where alerts go: the channel's id, '' for all outputs; and how they read.

    `format` is a text with `{rule}`, `{value}`, `{function}`, `{events}`, `{window}` (seconds), and
    `{FIELD}` of the group or of the last event; '' is the usual text. `metrics`: `alerts_per_sec`
    makes of all alerts in a second one, with their count and the last event.
    """

    channel: str = ""
    format: str = ""
    metrics: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `types` are ids of event types; `by` are the fields that make groups.

    No window: the whole run is one, and is told at its end. No threshold: every group is told at
    the end of each window; FIRST_SEEN and SIGMA need none. `limit` bounds the groups of a window
    (of each `slide_ns` of one that slides), the values that DISTINCT and TOP remember of each
    group, and those that FIRST_SEEN and SIGMA remember in all: what comes beyond it goes into one
    group of all others, or, where there is none, makes the oldest be forgotten; both are counted.
    `is_counted_only`: its events are counted in the kernel and not sent.
    """

    name: str
    types: frozenset[int]
    function: RuleFunction
    where: Condition = AllOf(())
    by: tuple[str, ...] = ()
    window: Window | None = None
    when: Threshold | None = None
    output: RuleOutput = RuleOutput()
    limit: int = 10_000
    is_counted_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a configuration says of rules."""

    rules: tuple[Rule, ...] = ()
    channels: tuple[Channel, ...] = ()
