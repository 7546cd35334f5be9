"""Rules that the kernel can count: which they are, and what the generated program needs for them.

The kernel counts what `struct audit_facts` has: COUNT and RATE of the whole of a rule's events, by
groups of numbers and `comm`, with a `where` of comparisons that are all to be met. The program adds
1 to the entry `KernelRule.key` of a hash, and user space hands what it finds there to
`Aggregator.take_count`, so that thresholds, channels and texts are the same for both.

`window` in the key is the time over the window's size, by bpf_ktime_get_ns() when the event is
counted; an event whose record is made just before the end of a window may so be counted in the
next.

>>> plan = kernel_rules(rules.rules)[0]
>>> plan.key.field("window").offset
8
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seismo.audit.rules.conditions import numeric_constant
from seismo.audit.rules.fields import FieldValue
from seismo.audit.rules.model import (
    AllOf,
    Comparison,
    Condition,
    FunctionKind,
    Operator,
    Rule,
)
from seismo.base.dataclass import dataclass
from seismo.base.layout import BYTE_ORDER, S64, U16, U32, U64, FieldType, Int, Layout, Text

__all__ = (
    "FACTS",
    "KernelCount",
    "KernelRule",
    "KernelTerm",
    "kernel_rules",
    "why_not_in_kernel",
)

FACTS: dict[str, tuple[str, FieldType]] = {
    "pid": ("tgid", U32),
    "tgid": ("tgid", U32),
    "ppid": ("ppid", U32),
    "uid": ("uid", U32),
    "gid": ("gid", U32),
    "cgroup": ("cgroup", U64),
    "ret": ("ret", S64),
    "comm": ("comm", Text(16)),
    "event": ("type", U16),
}
"""Fields that the kernel has of every event: the member of `struct audit_facts`, and its type. An
event's type is a number there; it makes groups, and is chosen by `events`, not by `where`."""

_COMPARED = tuple([name for name in FACTS if name != "event"])
_NUMBERS = (
    Operator.EQUAL,
    Operator.UNEQUAL,
    Operator.LESS,
    Operator.LESS_EQUAL,
    Operator.GREATER,
    Operator.GREATER_EQUAL,
    Operator.IN,
    Operator.NOT_IN,
)
_TEXTS = (Operator.EQUAL, Operator.UNEQUAL, Operator.IN, Operator.NOT_IN, Operator.PREFIX)
_COMM_BYTES = 15


@dataclass(frozen=True, slots=True)
class KernelTerm:
    """A comparison of a member of the facts; `values` are numbers, or bytes for `comm`."""

    member: str
    operator: Operator
    values: tuple[int, ...] | tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRule:
    """What is to be counted: events of `types` that meet all `terms`, by `key`.

    `key` has `rule` (u32, `index`), `pad` (u32), `window` (u64: the time over `window_ns`, 0
    without windows), and the rule's `by` under the names of the facts. `limit` is how many entries
    there may be; the program counts what finds no room under the key whose group is all zero and
    `pad` 1.
    """

    index: int
    rule: Rule
    types: frozenset[int]
    terms: tuple[KernelTerm, ...]
    key: Layout
    window_ns: int
    limit: int

    def count(self, key: bytes, events: int, names: Mapping[int, str]) -> KernelCount:
        """What an entry of the map says; `names` are those of the event types, by number."""
        window = _number(self.key, "window", key)
        is_others = bool(_number(self.key, "pad", key))
        group: tuple[FieldValue, ...] = ()
        if not is_others:
            values = [(name, _value(self.key, FACTS[name][0], key)) for name in self.rule.by]
            group = tuple([names[one] if name == "event" else one for name, one in values])
        time_ns = window * self.window_ns
        return KernelCount(rule=self.rule.name, key=group, time_ns=time_ns, events=events)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelCount:
    """So many events of a group in the window that begins at `time_ns`: for `take_count`."""

    rule: str
    key: tuple[FieldValue, ...]
    time_ns: int
    events: int


def kernel_rules(rules: Iterable[Rule]) -> tuple[KernelRule, ...]:
    """What the kernel is to count: the rules that are `is_counted_only`."""
    wanted = [rule for rule in rules if rule.is_counted_only]
    return tuple([_planned(index, rule) for index, rule in enumerate(wanted)])


def why_not_in_kernel(rule: Rule) -> str:
    """Why the kernel cannot count a rule, '' if it can."""
    if rule.function.kind not in (FunctionKind.COUNT, FunctionKind.RATE):
        return f"{rule.function.kind.value} is not a count"
    if rule.window is not None and rule.window.panes > 1:
        return "its windows slide"
    if rule.output.metrics:
        return f"{rule.output.metrics} tells the last event, which is not sent"
    for name in rule.by:
        if name not in FACTS:
            return f"it has no field '{name}' to group by, only {', '.join(FACTS)}"
    if len({FACTS[name][0] for name in rule.by}) < len(rule.by):
        return "it groups by the same field twice"
    return _why_not_terms(rule.where)


def _why_not_terms(condition: Condition) -> str:
    match condition:
        case AllOf(parts):
            return next((why for part in parts if (why := _why_not_terms(part))), "")
        case Comparison():
            return _why_not_comparison(condition)
    return "its condition has 'or' or 'not'"


def _why_not_comparison(one: Comparison) -> str:
    if one.field not in FACTS or one.field == "event":
        return f"it has no field '{one.field}' to compare, only {', '.join(_COMPARED)}"
    is_text = one.field == "comm"
    if one.operator not in (_TEXTS if is_text else _NUMBERS):
        return f"it has no '{one.operator.value}' for {one.field}"
    for value in one.values:
        if is_text and len(_encoded(value)) > _COMM_BYTES:
            return f"'{value}' is longer than the {_COMM_BYTES} bytes of comm"
    return ""


def _planned(index: int, rule: Rule) -> KernelRule:
    members = [("rule", U32), ("pad", U32), ("window", U64), *[FACTS[name] for name in rule.by]]
    return KernelRule(
        index=index,
        rule=rule,
        types=rule.types,
        terms=tuple(_terms(rule.where)),
        key=Layout.of(f"audit_rule_{index}", members),
        window_ns=rule.window.size_ns if rule.window else 0,
        limit=rule.limit,
    )


def _terms(condition: Condition) -> list[KernelTerm]:
    match condition:
        case AllOf(parts):
            return [term for part in parts for term in _terms(part)]
        case Comparison(field="comm"):
            texts = tuple([_encoded(value) for value in condition.values])
            return [KernelTerm("comm", condition.operator, texts)]
        case Comparison():
            numbers = [numeric_constant(condition.field, value) for value in condition.values]
            whole = tuple([number for number in numbers if isinstance(number, int)])
            return [KernelTerm(FACTS[condition.field][0], condition.operator, whole)]
    return []


def _encoded(value: int | str) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def _number(key: Layout, name: str, data: bytes) -> int:
    field = key.field(name)
    is_signed = isinstance(field.type, Int) and field.type.signed
    return int.from_bytes(data[field.offset : field.end], BYTE_ORDER, signed=is_signed)


def _value(key: Layout, name: str, data: bytes) -> Any:
    field = key.field(name)
    if isinstance(field.type, Text):
        text = data[field.offset : field.end].split(b"\0")[0]
        return text.decode("utf-8", "surrogateescape")
    return _number(key, name, data)
