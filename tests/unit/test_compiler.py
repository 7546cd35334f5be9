"""The whole compiler on a recorded kernel: each stage of small scripts, alike on any machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golden_cases import GoldenCase
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.compiler import STAGES, Inputs, compile_script
from seismo.plan import Plan
from seismo.spec.types import TracepointAttach
from seismo.views import RecordedView

RECORDED = Path(__file__).parents[1] / "recorded" / "6.18"
VIEW = RecordedView(RECORDED)
OPTIONS = LowerOptions(possible_cpus=2)


def stages_of(script: str, options: LowerOptions = OPTIONS) -> dict[str, str]:
    """Every stage's text, by name."""
    seen: dict[str, str] = {}

    def keep(name: str, text: Callable[[], str]) -> None:
        seen[name] = text()

    compile_script(Source("case.bt", script), VIEW, options, Inputs(), keep)
    return seen


def plan_of(script: str, options: LowerOptions = OPTIONS, *parameters: str) -> Plan:
    return compile_script(
        Source("case.bt", script), VIEW, options, Inputs(parameters=parameters)
    ).plan


@pytest.mark.golden("compile/*.test")
def test_stages(case: GoldenCase) -> None:
    stages = stages_of(case["script"])
    for name in case.sections:
        if name != "script":
            case.expect(name, stages[name])


def test_every_stage_is_told_once_and_in_order() -> None:
    names = [name for name in stages_of("BEGIN { @x = 1 }") if not name.startswith("ir:")]
    assert names == list(STAGES)


def test_same_script_same_bytes() -> None:
    script = 't:syscalls:sys_enter_openat { printf("%s", str(args.filename)); @[comm] = count() }'
    assert plan_of(script).object == plan_of(script).object


def test_places_without_args_share_a_program() -> None:
    plan = plan_of("t:syscalls:sys_enter_open* { @ = count() }")
    assert len(plan.object.programs) == 1
    assert [one.at for one in plan.attachments] == [
        TracepointAttach("syscalls", f"sys_enter_{name}") for name in ("open", "openat", "openat2")
    ]
    assert plan.probe_count == 3


def test_places_with_args_have_programs_of_their_own() -> None:
    plan = plan_of("t:syscalls:sys_enter_open* { @ = args.filename }")
    assert len({one.program for one in plan.attachments}) == 3


def test_begin_and_end_run_in_script_order() -> None:
    plan = plan_of("END { @e = 1 } BEGIN { @a = 1 } begin { @b = 1 }")
    assert (len(plan.begin), len(plan.end), plan.attachments) == (2, 1, ())
    assert plan.begin[0].startswith("1_") and plan.begin[1].startswith("2_")


def test_a_family_adds_programs_and_a_preset() -> None:
    options = LowerOptions(possible_cpus=2, filter=TaskFilter(77, and_children=True))
    plan = plan_of("t:syscalls:sys_enter_close { @ = count() }", options)
    assert [one.at for one in plan.attachments[:2]] == [
        TracepointAttach("sched", "sched_process_fork"),
        TracepointAttach("sched", "sched_process_free"),
    ]
    assert plan.presets == (("tree", (77).to_bytes(4, "little"), (1).to_bytes(8, "little")),)
    assert plan.probe_count == 1


def test_parameters_are_literals() -> None:
    listing = stages_of("BEGIN { @x = $1; @n = $#; @y = str($2) }")["ast"]
    assert "$" not in listing
    plan = plan_of('BEGIN { if ($1 == 3) { printf("%s", $2) } }', OPTIONS, "3", "word")
    assert len(plan.events) == 1


def test_all_mistakes_of_a_stage_are_reported() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        plan_of("BEGIN { $a = nsec; @b = cmm; @c = pidd }")
    assert [one.hint for one in caught.value.diagnostics] == [
        "did you mean 'nsecs'?",
        "did you mean 'comm'?",
        "did you mean 'pid'?",
    ]


def test_program_names_fit_the_kernel() -> None:
    plan = plan_of("t:sched:sched_process_fork { @ = args.child_pid } i:s:1 { @x = 1 }")
    assert [one.name for one in plan.object.programs] == ["0_sched_process", "1_1"]
