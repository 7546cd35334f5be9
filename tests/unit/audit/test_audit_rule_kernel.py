"""Rules that the kernel counts: which can be, what is handed over of its maps, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit_batches import catalog
from seismo.audit.rules.aggregator import Aggregator
from seismo.audit.rules.kernel import KernelRule, KernelTerm, kernel_rules, why_not_in_kernel
from seismo.audit.rules.kernel_counts import CountReader
from seismo.audit.rules.model import Operator, Rule
from seismo.audit.rules.parse import parse_rules
from seismo.base.layout import BYTE_ORDER

_MS = 1_000_000
_SECOND = 1000 * _MS


class _Map:
    """A map of counts."""

    def __init__(self) -> None:
        self.counts: dict[bytes, int] = {}

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        for key, count in list(self.counts.items()):
            yield key, count.to_bytes(8, BYTE_ORDER)

    def delete_many(self, keys: list[bytes]) -> int:
        for key in keys:
            del self.counts[key]
        return len(keys)


def _rule(**keys: Any) -> Rule:
    (rule,) = parse_rules([{"name": "r", "events": ["openat"], **keys}], catalog()).rules
    return rule


def _planned(**keys: Any) -> KernelRule:
    (planned,) = kernel_rules([_rule(counted_only=True, **keys)])
    return planned


def _key(rule: KernelRule, window: int, **group: int | bytes) -> bytes:
    data = bytearray(rule.key.size)
    for name, value in {"rule": rule.index, "window": window, **group}.items():
        field = rule.key.field(name)
        size = field.type.size
        if isinstance(value, bytes):
            raw = value.ljust(size, b"\0")
        else:
            raw = value.to_bytes(size, BYTE_ORDER, signed=value < 0)
        data[field.offset : field.end] = raw
    return bytes(data)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({}, ""),
        ({"by": ["comm", "uid", "event"], "window": 1, "function": "rate"}, ""),
        ({"where": "uid = 0 and comm in [a, b] and ret = ENOENT and pid not in [1, 2]"}, ""),
        ({"function": {"name": "top", "field": "comm"}}, "top is not a count"),
        ({"window": {"seconds": 2, "slide": 1}}, "its windows slide"),
        ({"by": "path"}, "it has no field 'path' to group by"),
        ({"by": ["pid", "tgid"]}, "it groups by the same field twice"),
        ({"where": "uid = 0 or uid = 1"}, "its condition has 'or' or 'not'"),
        ({"where": "path = /a"}, "it has no field 'path' to compare"),
        (
            {"output": {"metrics": "alerts_per_sec"}},
            "alerts_per_sec tells the last event, which is not sent",
        ),
        ({"where": "event = openat"}, "it has no field 'event' to compare"),
        ({"where": "comm glob a*"}, "it has no 'glob' for comm"),
        ({"where": "uid prefix 1"}, "it has no 'prefix' for uid"),
        ({"where": "comm = sixteen-letters-"}, "longer than the 15 bytes"),
    ],
)
def test_what_the_kernel_can_count(keys: dict[str, Any], why: str) -> None:
    found = why_not_in_kernel(_rule(**keys))
    assert (why in found) if why else (found == "")


def test_what_the_program_is_to_do() -> None:
    planned = _planned(
        where="ret = ENOENT and comm in [cat, 5] and uid > 0", by=["comm", "ret", "event"], window=2
    )
    assert planned.terms == (
        KernelTerm("ret", Operator.EQUAL, (-2,)),
        KernelTerm("comm", Operator.IN, (b"cat", b"5")),
        KernelTerm("uid", Operator.GREATER, (0,)),
    )
    names = [(one.name, one.offset, one.type.size) for one in planned.key.fields]
    assert names == [
        ("rule", 0, 4),
        ("pad", 4, 4),
        ("window", 8, 8),
        ("comm", 16, 16),
        ("ret", 32, 8),
        ("type", 40, 2),
    ]
    assert planned.window_ns == 2 * _SECOND
    count = planned.count(_key(planned, 3, comm=b"cat", ret=-2, type=257), 9, {257: "openat"})
    assert (count.key, count.time_ns, count.events) == (("cat", -2, "openat"), 6 * _SECOND, 9)
    assert planned.count(_key(planned, 3, pad=1), 9, {}).key == ()


def test_only_rules_that_ask_for_it_are_counted_there() -> None:
    rules = parse_rules(
        [
            {"name": "a", "events": ["openat"], "counted_only": True},
            {"name": "b", "events": ["mkdir"]},
            {"name": "c", "events": ["openat"], "counted_only": True},
        ],
        catalog(),
    )
    planned = kernel_rules(rules.rules)
    assert [(one.index, one.rule.name) for one in planned] == [(0, "a"), (1, "c")]


def test_windows_are_handed_over_when_they_have_ended() -> None:
    planned = _planned(by="uid", window=1, when="> 5")
    groups, others = _Map(), _Map()
    aggregator = Aggregator([planned.rule])
    reader = CountReader([planned], {0: (groups, others)}, {})
    groups.counts = {
        _key(planned, 11, uid=7): 2,
        _key(planned, 10, uid=7): 6,
        _key(planned, 10, uid=8): 5,
    }
    others.counts = {_key(planned, 10, pad=1): 8}
    assert reader.hand_over(aggregator, 11 * _SECOND + 99 * _MS) == []
    assert len(groups.counts) == 3
    alerts = reader.hand_over(aggregator, 11 * _SECOND + 100 * _MS)
    assert [(one.key, one.value, one.start_ns // _SECOND) for one in alerts] == [
        ((("uid", 7),), 6, 10),
        ((("uid", "(others)"),), 8, 10),
    ]
    assert list(groups.counts) == [_key(planned, 11, uid=7)]
    assert others.counts == {}
    groups.counts[_key(planned, 11, uid=7)] = 7
    alerts = reader.hand_over(aggregator, 11 * _SECOND + 200 * _MS, is_final=True)
    assert [(one.value, one.start_ns // _SECOND) for one in alerts] == [(7, 11)]
    assert aggregator.counts()["r"].matched == 6 + 5 + 8 + 7


def test_without_windows_counts_are_taken_as_they_grow() -> None:
    planned = _planned(when="> 9")
    map_ = _Map()
    aggregator = Aggregator([planned.rule])
    reader = CountReader([planned], {0: (map_,)}, {})
    told = []
    for count in (4, 4, 9, 10, 20):
        map_.counts[_key(planned, 0)] = count
        told.append([one.value for one in reader.hand_over(aggregator, _SECOND)])
    assert told == [[], [], [], [10], []]
    assert aggregator.counts()["r"].matched == 20


def test_without_windows_the_time_is_when_counts_were_taken() -> None:
    planned = _planned()
    map_ = _Map()
    aggregator = Aggregator([planned.rule])
    reader = CountReader([planned], {0: (map_,)}, {})
    assert aggregator.advance(4 * _SECOND) == []
    for seconds in (5, 7):
        map_.counts[_key(planned, 0)] = seconds
        assert reader.hand_over(aggregator, seconds * _SECOND) == []
    (alert,) = aggregator.finish()
    assert alert.text() == "r: count 7 in 3s"
    assert (alert.start_ns, alert.end_ns, alert.time_ns) == (
        4 * _SECOND,
        7 * _SECOND,
        7 * _SECOND,
    )


def test_what_found_no_room_is_counted_by_events() -> None:
    planned = _planned(by="uid", limit=1)
    map_ = _Map()
    aggregator = Aggregator([planned.rule])
    reader = CountReader([planned], {0: (map_,)}, {})
    map_.counts = {_key(planned, 0, uid=7): 2, _key(planned, 0, uid=8): 6}
    reader.hand_over(aggregator, _SECOND)
    assert aggregator.counts()["r"].others == 6
