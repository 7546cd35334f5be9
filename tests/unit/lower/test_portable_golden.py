"""What portable programs leave open: `tests/golden/portable/*.test`."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden_cases import GoldenCase
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.compiler import compile_script
from seismo.plan import Plan
from seismo.spec.relocations import TracepointField
from seismo.views import RecordedView

VIEW = RecordedView(Path(__file__).parents[2] / "recorded" / "6.18")


def plan_of(script: str, *, is_portable: bool = True) -> Plan:
    options = LowerOptions(possible_cpus=2, is_portable=is_portable)
    return compile_script(Source("case.bt", script), VIEW, options).plan


@pytest.mark.golden("portable/*.test")
def test_relocations(case: GoldenCase) -> None:
    if "mistakes" in case:
        with pytest.raises((DiagnosticsError, SourceError)) as caught:
            plan_of(case["script"])
        case.expect("mistakes", str(caught.value))
        return
    plan = plan_of(case["script"])
    relocated = [
        f"{program.insns[index]}: {one}"
        for program in plan.object.programs
        for index, one in program.relocations
    ]
    case.expect("relocations", "\n".join(relocated))
    case.expect("assumptions", "\n".join(f"{value} {one}" for one, value in plan.assumptions))


SCRIPTS = (
    'tracepoint:syscalls:sys_enter_openat { printf("%s %d", str(args.filename), ncpus); }',
    "BEGIN { print(curtask.se.vruntime + sizeof(struct path)); print((pid, elapsed, cpid)); }",
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_not_portable_leaves_nothing_open(script: str) -> None:
    plan = plan_of(script, is_portable=False)
    assert all(not one.relocations for one in plan.object.programs)
    assert not plan.assumptions


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_relocation_is_in_an_instruction_of_its_own(script: str) -> None:
    for program in plan_of(script).object.programs:
        indices = [index for index, _ in program.relocations]
        assert len(indices) == len(set(indices)) > 0
        assert all(0 <= index < len(program.insns) for index in indices)


def test_enums_that_are_shown() -> None:
    """Of the kernel's and of the script's own, those that are the kernel's; each once."""
    script = (
        "enum own { OWN_A, OWN_B } BEGIN { print(((enum pid_type)1, (enum own)1)); "
        "@a[(enum pid_type)2] = 1; @b = (enum pid_type)0; }"
    )
    ((name, pairs),) = plan_of(script).enums
    assert name == "enum pid_type"
    assert pairs[:2] == ((0, "PIDTYPE_PID"), (1, "PIDTYPE_TGID"))
    assert not plan_of(script, is_portable=False).enums


def test_who_follows_a_family_reads_its_tracepoints_anywhere() -> None:
    options = LowerOptions(
        possible_cpus=2, filter=TaskFilter(pid=7, and_children=True), is_portable=True
    )
    plan = compile_script(Source("case.bt", "BEGIN { }"), VIEW, options).plan
    follow, forget = plan.object.programs[-2:]
    child = TracepointField("sched", "sched_process_fork", "child_pid")
    assert child in [one for _, one in follow.relocations]
    assert [one for _, one in forget.relocations] == [
        TracepointField("sched", "sched_process_free", "pid")
    ]
