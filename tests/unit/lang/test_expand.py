"""Attach points to programs."""

from __future__ import annotations

import pytest

from lang_cases import VIEW, parsed
from seismo.base.diagnostics import Diagnostics
from seismo.lang.expand import expand


def expanded(text: str) -> tuple[list[list[str]], list[str]]:
    script, diagnostics = parsed(text)
    diagnostics.stop_on_errors()
    found = Diagnostics()
    instances = expand(script, VIEW, found)
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
                "tracepoint:syscalls:sys_enter_kill",
            ],
            ["interval:s:1"],
            ["end"],
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
        "22: probes of kind kprobe are not supported yet",
        "32: no tracepoint matches 'no:*'",
    ]
