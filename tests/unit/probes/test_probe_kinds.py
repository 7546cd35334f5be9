"""The probe kinds: names, targets, where they attach."""

from __future__ import annotations

import pytest

from lang_cases import VIEW
from seismo.base.source import NOWHERE
from seismo.isa.prog_types import ProgType
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import KINDS, find_kind, kind_of
from seismo.spec.types import AttachSpec, TimerAttach, TracepointAttach
from seismo.spec.types import TestRunAttach as RunOnDemand


def attached(text: str) -> list[AttachSpec]:
    word, _, rest = text.partition(":")
    kind = find_kind(word)
    targets = kind.expand(kind.parse(rest), VIEW)
    return [kind.attach(AttachPoint(kind.name, one, NOWHERE)) for one in targets]


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


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("T", "unknown probe kind 'T'", ""),
        ("trcepoint", "unknown probe kind 'trcepoint'", "did you mean 'tracepoint'?"),
        ("BEGINN", "unknown probe kind 'BEGINN'", "did you mean 'BEGIN'?"),
        ("k", "probes of kind kprobe are not supported yet", "there are: begin, end, "),
        ("U", "probes of kind usdt are not supported yet", ""),
        ("u", "probes of kind uprobe are not supported yet", ""),
    ],
)
def test_not_found(word: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        find_kind(word)
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_programs() -> None:
    facts = {kind.name: (kind.prog_type, kind.return_value, kind.has_args) for kind in KINDS}
    assert facts == {
        "begin": (ProgType.RAW_TRACEPOINT, 0, False),
        "end": (ProgType.RAW_TRACEPOINT, 0, False),
        "tracepoint": (ProgType.TRACEPOINT, 1, True),
        "interval": (ProgType.PERF_EVENT, 0, False),
        "test": (ProgType.XDP, 0, False),
        "bench": (ProgType.XDP, 0, False),
    }
    assert kind_of(AttachPoint("end", (), NOWHERE)).name == "end"


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
    names = [str(one) for one in attached("t:sys*:sys_e*_openat*")]
    assert names == [
        "TracepointAttach(category='syscalls', name='sys_enter_openat')",
        "TracepointAttach(category='syscalls', name='sys_enter_openat2')",
        "TracepointAttach(category='syscalls', name='sys_exit_openat')",
        "TracepointAttach(category='syscalls', name='sys_exit_openat2')",
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
