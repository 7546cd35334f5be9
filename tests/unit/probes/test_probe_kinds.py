"""The probe kinds: names, targets, where they attach."""

from __future__ import annotations

import pytest

from lang_cases import VIEW
from seismo.base.source import NOWHERE
from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import KINDS, find_kind, kind_of
from seismo.spec.types import AttachSpec, TimerAttach, TracepointAttach
from seismo.spec.types import TestRunAttach as RunOnDemand


def chosen(text: str, *names: str) -> Backend:
    word, _, rest = text.partition(":")
    kind = find_kind(word)
    targets = kind.expand(kind.parse(rest), VIEW)
    points = tuple([AttachPoint(kind.name, one, NOWHERE) for one in targets])
    return kind.choose(points, Use(names=frozenset(names)), VIEW)


def attached(text: str) -> list[AttachSpec]:
    return list(chosen(text).attach)


def test_words_are_unique_and_kinds_documented() -> None:
    words = [word for kind in KINDS for word in (kind.name, *kind.aliases)]
    assert len(words) == len(set(words))
    assert all(kind.doc.endswith(".") for kind in KINDS)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        *(("begin", "begin"), ("BEGIN", "begin"), ("Begin", "begin"), ("END", "end")),
        *(("tracepoint", "tracepoint"), ("t", "tracepoint"), ("interval", "interval")),
        ("i", "interval"),
    ],
)
def test_find(word: str, name: str) -> None:
    assert find_kind(word).name == name


ALL = (
    "there are: begin end self tracepoint rawtracepoint kprobe kretprobe fentry fexit uprobe "
    "uretprobe usdt profile interval software hardware watchpoint iter test bench"
)


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("T", "unknown probe kind 'T'", ALL),
        ("trcepoint", "unknown probe kind 'trcepoint'", "did you mean 'tracepoint'?"),
        ("BEGINN", "unknown probe kind 'BEGINN'", "did you mean 'BEGIN'?"),
        ("kprob", "unknown probe kind 'kprob'", "did you mean 'kprobe'?"),
        ("K", "unknown probe kind 'K'", ALL),
    ],
)
def test_not_found(word: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        find_kind(word)
    assert caught.value.message == message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "prog_type", "context"),
    [
        ("begin", ProgType.RAW_TRACEPOINT, Context.NONE),
        ("end", ProgType.RAW_TRACEPOINT, Context.NONE),
        ("t:sched:sched_switch", ProgType.TRACEPOINT, Context.RECORD),
        ("i:s:1", ProgType.PERF_EVENT, Context.REGISTERS),
        ("test:sums", ProgType.XDP, Context.NONE),
        ("bench:sums", ProgType.XDP, Context.NONE),
    ],
)
def test_programs(text: str, prog_type: ProgType, context: Context) -> None:
    backend = chosen(text)
    assert (backend.prog_type, backend.context) == (prog_type, context)


def test_facts() -> None:
    """What the rest of the compiler asks of a kind."""
    facts = {
        one.name: "".join(
            letter
            for letter, holds in (
                ("t", one.is_task),
                ("1", one.is_single),
                ("u", one.is_user),
                ("r", one.is_return),
                ("a", one.arguments is not None),
            )
            if holds
        )
        for one in KINDS
    }
    expected = {
        "tracepoint": "ta",
        "rawtracepoint": "ta",
        "kprobe": "t",
        "kretprobe": "tr",
        "fentry": "t1a",
        "fexit": "t1ra",
        "uprobe": "tua",
        "uretprobe": "tur",
        "usdt": "tu",
        "profile": "t",
        "interval": "",
        "software": "t",
        "hardware": "t",
        "watchpoint": "t",
        "iter": "1a",
        "begin": "",
        "end": "",
        "self": "",
        "test": "",
        "bench": "",
    }
    assert facts == expected
    assert {one.name: one.return_value for one in KINDS if one.return_value} == {"tracepoint": 1}
    assert kind_of(AttachPoint("end", (), NOWHERE)).name == "end"


def test_places_are_told_by_cookies() -> None:
    assert not chosen("t:sched:*").has_cookies
    one = chosen("t:sched:sched_switch", "probe")
    assert not one.has_cookies
    assert one.attach == (TracepointAttach("sched", "sched_switch"),)


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("BEGIN", [RunOnDemand()]),
        ("t:sched:sched_switch", [TracepointAttach("sched", "sched_switch")]),
        ("i:s:2", [TimerAttach(period_ns=2_000_000_000)]),
        ("i:ms:100", [TimerAttach(period_ns=100_000_000)]),
        ("i:us:10", [TimerAttach(period_ns=10_000)]),
        ("i:hz:99", [TimerAttach(frequency_hz=99)]),
        ("i:1s", [TimerAttach(period_ns=1_000_000_000)]),
        ("test:sums", [RunOnDemand()]),
        ("bench:sums", [RunOnDemand()]),
        ("i:1000", [TimerAttach(period_ns=1_000)]),
    ],
)
def test_attach(text: str, specs: list[AttachSpec]) -> None:
    assert attached(text) == specs


def test_wildcards_expand_sorted() -> None:
    assert attached("t:sys*:sys_e*_openat*") == [
        TracepointAttach("syscalls", "sys_enter_openat"),
        TracepointAttach("syscalls", "sys_enter_openat2"),
        TracepointAttach("syscalls", "sys_exit_openat"),
        TracepointAttach("syscalls", "sys_exit_openat2"),
    ]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("BEGIN:x", "BEGIN and END have no target, but here is 'x'", ""),
        ("t:sched", "a tracepoint has a category and a name", "tracepoint:category:name"),
        ("t:a:b:c", "a tracepoint has a category and a name", ""),
        ("t::x", "a tracepoint has a category and a name", ""),
        ("t:a:b/pid/", "'a:b/pid/' is no tracepoint", "needs a blank"),
        (
            "t:sched:shed_switch",
            "there is no tracepoint 'sched:shed_switch'",
            "'sched:sched_switch'",
        ),
        (
            "t:block:block_io_done",
            "there is no tracepoint 'block:block_io_done'",
            "it came with Linux 6.5; the nearest is tracepoint:block:block_rq_complete",
        ),
        ("t:nope:*", "no tracepoint matches 'nope:*'", ""),
        ("t:a:[z-a]", "'a:[z-a]' has a set that is none: bad character range z-a", ""),
        ("i:x:1", "'x' is no unit of time", "units are hz s ms us"),
        ("i:ns:1", "'ns' is no unit of time", ""),
        ("i:s:x", "'x' is no interval", "interval:s:1"),
        ("i:s:1:2", "'s:1:2' is no interval", ""),
        ("i:", "'' is no interval", ""),
        ("i:hz:0", "an interval of 0 hz never ends", ""),
        ("i:999", "an interval of 999 ns is too short", "1us"),
        ("i:s:0", "an interval of 0 ns is too short", ""),
    ],
)
def test_targets_that_mean_nothing(text: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        attached(text)
    assert caught.value.message == message
    assert hint in caught.value.hint
