"""Rules: windows and conditions against plain models, the kernel's counts against ours."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit_batches import batch_of, catalog, event_of, opened
from audit_bytes import syscall
from audit_filters import filtering
from seismo.audit.config.filter_meaning import Facts
from seismo.audit.config.model import Config
from seismo.audit.config.resolve import LivePlaces
from seismo.audit.program.generate import generate
from seismo.audit.program.rule_c import map_names
from seismo.audit.rules.aggregator import Aggregator
from seismo.audit.rules.conditions import predicate
from seismo.audit.rules.expression import parse_expression
from seismo.audit.rules.kernel import kernel_rules
from seismo.audit.rules.model import Condition
from seismo.audit.rules.parse import parse_rules
from seismo.kernel.live import LiveKernel

_MS = 1_000_000
_OPENAT = 257


def _aggregator(**keys: Any) -> Aggregator:
    rule = {"name": "r", "events": ["openat"], **keys}
    return Aggregator(parse_rules([rule], catalog()).rules)


def _windowed(
    events: list[tuple[int, int]], slide_ms: int, panes: int
) -> dict[tuple[int, int], list[int]]:
    """For each window's end and each user the times of the events in it, by the definition."""
    found: dict[tuple[int, int], list[int]] = {}
    last = max(time for time, _ in events) // slide_ms
    for end in range(last + 1):
        for time, uid in events:
            if (end - panes + 1) * slide_ms <= time < (end + 1) * slide_ms:
                found.setdefault((end, uid), []).append(time)
    return found


@given(
    events=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), min_size=1, max_size=60),
    slide_ms=st.sampled_from((1, 7, 10, 50, 1000)),
    panes=st.integers(1, 5),
    cut=st.integers(0, 60),
)
def test_windows_are_those_of_the_definition(
    events: list[tuple[int, int]], slide_ms: int, panes: int, cut: int
) -> None:
    events = sorted(events)
    window = {"seconds": slide_ms * panes / 1000, "slide": slide_ms / 1000}
    aggregator = _aggregator(by="uid", window=window)
    records = [opened("/a", time_ns=time * _MS, uid=uid) for time, uid in events]
    alerts = aggregator.take(batch_of(*records[:cut]))
    alerts += aggregator.take(batch_of(*records[cut:]))
    alerts += aggregator.finish()
    found = {
        (one.end_ns // (slide_ms * _MS) - 1, one.key[0][1]): (one.value, one.last[0].time_ns // _MS)
        for one in alerts
    }
    assert len(found) == len(alerts)
    model = _windowed(events, slide_ms, panes)
    assert found == {key: (len(times), times[-1]) for key, times in model.items()}


@given(
    events=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 2)), min_size=1, max_size=60),
    least=st.integers(1, 6),
)
def test_a_threshold_is_told_once_at_the_event_that_reaches_it(
    events: list[tuple[int, int]], least: int
) -> None:
    events = sorted(events)
    aggregator = _aggregator(by="uid", window=0.02, when=f">= {least}")
    records = [opened("/a", time_ns=time * _MS, uid=uid) for time, uid in events]
    alerts = aggregator.take(batch_of(*records)) + aggregator.finish()
    groups = _windowed(events, 20, 1)
    expected = Counter(
        (end, uid, times[least - 1]) for (end, uid), times in groups.items() if len(times) >= least
    )
    told = Counter(
        (one.start_ns // (20 * _MS), one.key[0][1], one.time_ns // _MS) for one in alerts
    )
    assert told == expected


@given(
    uids=st.lists(st.integers(0, 20), max_size=80),
    limit=st.integers(1, 10),
)
def test_no_event_is_lost_by_bounds(uids: list[int], limit: int) -> None:
    aggregator = _aggregator(by="uid", window=1, limit=limit)
    aggregator.take(batch_of(*[opened("/a", uid=uid) for uid in uids]))
    alerts = aggregator.finish()
    assert sum(one.events for one in alerts) == len(uids)
    assert len(alerts) <= limit + 1
    first = list(dict.fromkeys(uids))[:limit]
    assert aggregator.counts()["r"].others == sum(uid not in first for uid in uids)


_COMPARISONS = st.builds(
    lambda field, operator, value: (f"{field} {operator} {value}", field, operator, value),
    st.sampled_from(("uid", "gid", "ret")),
    st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
    st.integers(-3, 3),
)
_TREES = st.recursive(
    _COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(("and", "or")), inner, inner),
    ),
    max_leaves=8,
)


def _text(tree: Any) -> str:
    match tree:
        case ("not", inner):
            return f"not ({_text(inner)})"
        case (("and" | "or") as word, left, right):
            return f"({_text(left)}) {word} ({_text(right)})"
    return str(tree[0])


def _python(tree: Any, values: dict[str, int]) -> bool:
    match tree:
        case ("not", inner):
            return not _python(inner, values)
        case ("and", left, right):
            return _python(left, values) and _python(right, values)
        case ("or", left, right):
            return _python(left, values) or _python(right, values)
    _, field, operator, value = tree
    sign = "==" if operator == "=" else operator
    return bool(eval(f"{values[field]} {sign} {value}"))


@given(tree=_TREES, uid=st.integers(0, 3), gid=st.integers(0, 3), ret=st.integers(-3, 3))
def test_conditions_mean_what_python_means(tree: Any, uid: int, gid: int, ret: int) -> None:
    condition: Condition = parse_expression(_text(tree))
    event = event_of(opened("/a", uid=uid, gid=gid, ret=ret))
    assert predicate(condition)(event) is _python(tree, {"uid": uid, "gid": gid, "ret": ret})


_NUMBERS = st.sampled_from((0, 1, 5, 1000, (1 << 32) - 1))
_COMMS = st.sampled_from((b"a", b"ab", b"abc", b"b", b"x" * 15))
_EVENTS = st.fixed_dictionaries(
    {
        "uid": _NUMBERS,
        "gid": _NUMBERS,
        "tgid": st.sampled_from((1, 2, 70_000)),
        "ppid": st.sampled_from((1, 2)),
        "ret": st.sampled_from((-(1 << 63), -13, -2, 0, 3, (1 << 63) - 1)),
        "cgroup": st.sampled_from((1, (1 << 64) - 1)),
        "comm": _COMMS,
        "type": st.sampled_from((_OPENAT, _OPENAT, 0, 39)),
    }
)
_TERMS = st.one_of(
    st.builds(
        lambda *parts: " ".join(map(str, parts)),
        st.sampled_from(("uid", "gid", "pid", "ret", "cgroup")),
        st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        st.sampled_from((-13, -2, 0, 1, 5, 1000, (1 << 32) - 1, (1 << 63) - 1)),
    ),
    st.sampled_from(
        (
            *("comm = a", "comm != ab", "comm prefix ab", "comm in [a, b]", "comm not in [abc]"),
            *("ret = ENOENT", "ret in [ENOENT, 3]", "uid not in [0, 5]"),
        )
    ),
)


@settings(max_examples=25, deadline=None)
@given(
    terms=st.lists(_TERMS, max_size=3),
    by=st.lists(
        st.sampled_from(("uid", "gid", "pid", "ppid", "ret", "cgroup", "comm", "event")),
        unique=True,
        max_size=4,
    ),
    limit=st.sampled_from((2, 1000)),
    events=st.lists(_EVENTS, max_size=25),
)
def test_the_kernel_counts_what_we_count(
    terms: list[str], by: list[str], limit: int, events: list[dict[str, Any]]
) -> None:
    rule = {"name": "r", "events": ["openat", "read"], "by": by, "limit": limit}
    if terms:
        rule["where"] = " and ".join(terms)
    rules = parse_rules([{**rule, "counted_only": True}], catalog()).rules
    planned = kernel_rules(rules)
    names = {one.id: one.name for one in catalog().types}
    with filtering(generate(Config(), LivePlaces(LiveKernel()), planned)) as programs:
        counted = [programs.answer(_facts(one))[2] for one in events]
        counts = [
            planned[0].count(key, number, names)
            for name in map_names(planned[0])
            for key, number in programs.counts(name).items()
        ]
    from_kernel = Aggregator(rules)
    for count in counts:
        from_kernel.take_count(count.rule, count.key, count.events, count.time_ns)
    ours = Aggregator(rules)
    records = [
        syscall(one["type"], **{k: v for k, v in one.items() if k != "type"}) for one in events
    ]
    ours.take(batch_of(*records))
    assert sum(counted) == ours.counts()["r"].matched == from_kernel.counts()["r"].matched
    told = [
        {one.key: one.value for one in aggregator.finish()} for aggregator in (from_kernel, ours)
    ]
    assert told[0] == told[1]


def _facts(event: dict[str, Any]) -> Facts:
    return Facts(
        pid=event["tgid"], **{name: value for name, value in event.items() if name != "tgid"}
    )
