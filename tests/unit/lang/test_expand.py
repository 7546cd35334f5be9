"""Attach points to programs."""

from __future__ import annotations

import pytest

from lang_cases import VIEW, parsed
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import NOWHERE
from seismo.lang.config import DEFAULTS, Config
from seismo.lang.expand import default_space, expand
from seismo.probes.spec import AttachPoint


def expanded(text: str, config: Config = DEFAULTS) -> tuple[list[list[str]], list[str]]:
    script, diagnostics = parsed(text)
    diagnostics.stop_on_errors()
    found = Diagnostics()
    instances = expand(script, VIEW, found, config)
    said = [f"{one.span.location.column}: {one.message}" for one in found.found]
    return [[str(point) for point in one.points] for one in instances], said


def test_one_program_for_all_places_of_a_kind() -> None:
    text = "BEGIN, t:sched:sched_p*, i:s:1, END, t:syscalls:sys_enter_kill { f(pid); }"
    assert expanded(text) == (
        [
            ["begin"],
            [
                "tracepoint:sched:sched_process_exec",
                "tracepoint:sched:sched_process_exit",
                "tracepoint:sched:sched_process_fork",
                "tracepoint:sched:sched_process_free",
            ],
            ["interval:s:1"],
            ["end"],
            # Its arguments point to user memory, those of the others to the kernel's.
            ["tracepoint:syscalls:sys_enter_kill"],
        ],
        [],
    )


@pytest.mark.parametrize(
    "body", ["args.pid", "f(args->pid)", "@[probe] = 1", "if 1 { $x = (1, probe()) }"]
)
def test_one_program_a_place_when_the_body_asks_for_it(body: str) -> None:
    assert expanded(f"t:sched:sched_process_e* {{ {body} }}") == (
        [["tracepoint:sched:sched_process_exec"], ["tracepoint:sched:sched_process_exit"]],
        [],
    )


def test_the_predicate_may_ask_too() -> None:
    assert len(expanded("t:sched:sched_process_e* / args.pid == 1 / { }")[0]) == 2


def test_probes_keep_their_order_and_repetitions() -> None:
    points, said = expanded("END { } BEGIN { } t:sched:sched_wakeup, t:sched:sched_w* { }")
    assert points == [["end"], ["begin"], ["tracepoint:sched:sched_wakeup"] * 2]
    assert said == []


def test_quotes_are_only_quotes() -> None:
    assert expanded('t:"sched":sched_wakeup { }')[0] == [["tracepoint:sched:sched_wakeup"]]


def test_every_wrong_attach_point_is_told() -> None:
    points, said = expanded("t:sched:nope, i:s:1, kprobe:f, t:no:* { }")
    assert points == [["interval:s:1"]]
    assert said == [
        "1: there is no tracepoint 'sched:nope'",
        "22: there is no function 'f' in this kernel, and none can be probed: the kernel has no "
        "kprobe",
        "32: no tracepoint matches 'no:*'",
    ]


@pytest.mark.parametrize(
    ("missing", "severities"), [("error", ["error"]), ("warn", ["warning"]), ("ignore", [])]
)
def test_what_is_not_there_is_told_as_the_script_wants(missing: str, severities: list[str]) -> None:
    script, _ = parsed("t:sched:nope, i:s:1 { }")
    found = Diagnostics()
    (instance,) = expand(script, VIEW, found, Config(missing_probes=missing))
    assert [str(point) for point in instance.points] == ["interval:s:1"]
    assert [one.severity for one in found.found] == severities


@pytest.mark.parametrize(
    ("missing", "text", "severities"),
    [
        ("error", "t:sched:nope*, i:s:1 { }", ["warning"]),
        ("error", "i:s:1 { } t:sched:nope* { }", ["error"]),
        ("error", "t:sched:nope*, t:no:* { }", ["error", "error"]),
        ("warn", "t:sched:nope*, i:s:1 { }", ["warning"]),
        ("warn", "t:sched:nope* { }", ["warning"]),
        ("ignore", "t:sched:nope*, i:s:1 { }", []),
    ],
)
def test_a_wildcard_that_finds_nothing_beside_what_is_there(
    missing: str, text: str, severities: list[str]
) -> None:
    script, _ = parsed(text)
    found = Diagnostics()
    expand(script, VIEW, found, Config(missing_probes=missing))
    assert [one.severity for one in found.found] == severities


def test_what_is_no_attach_point_is_an_error_always() -> None:
    points, said = expanded("t:sched { } kprobee:f { }", Config(missing_probes="ignore"))
    assert points == []
    assert len(said) == 2


def test_too_many_probes() -> None:
    config = Config(max_probes=2)
    assert expanded("i:s:1, i:s:2 { }", config)[1] == []
    _, said = expanded("i:s:1 { } i:s:2, i:s:3 { } i:s:4 { }", config)
    assert said == ["11: the script has more than 2 probes from here on"]


def test_names_of_probes_differ() -> None:
    _, said = expanded("a=i:s:1 { } b=i:s:2 { } a=i:s:3 { }")
    assert said == ["27: the probe at t:1:1 is called a, too"]


@pytest.mark.parametrize(
    ("kind", "target", "space"),
    [
        ("tracepoint", ("syscalls", "sys_enter_read"), "user"),
        ("tracepoint", ("sched", "sched_switch"), "kernel"),
        ("uprobe", ("/bin/sh", "main"), "user"),
        ("uretprobe", ("/bin/sh", "main"), "user"),
        ("usdt", ("/bin/sh", "a", "b"), "user"),
        ("interval", ("s", "1"), "kernel"),
        ("begin", (), "kernel"),
    ],
)
def test_whose_memory_an_address_means(kind: str, target: tuple[str, ...], space: str) -> None:
    assert default_space(AttachPoint(kind, target, NOWHERE)) == space
