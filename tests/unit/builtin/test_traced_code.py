"""What becomes of a script that asks `traced`, on a recorded kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from script_runs import complaints
from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.compiler import Inputs, compile_script
from seismo.plan import Plan
from seismo.spec.types import BreakpointAttach, ProgramSpec, TimerAttach
from seismo.views import RecordedView


class WithBreakpoints(RecordedView):
    """The recorded kernel with what its machine has not."""

    def has(self, feature: str) -> bool:
        return feature == "breakpoint" or super().has(feature)


VIEW = WithBreakpoints(Path(__file__).parents[2] / "recorded" / "6.18")
OPEN, CLOSE = "t:syscalls:sys_enter_openat", "t:syscalls:sys_enter_close"
NOTE = "every probe: the script filters by itself (`traced`)"


def plan_of(script: str, **wanted: object) -> Plan:
    options = LowerOptions(possible_cpus=2, filter=TaskFilter(**wanted))
    return compile_script(Source("case.bt", script), VIEW, options, Inputs()).plan


def programs(script: str, **wanted: object) -> tuple[ProgramSpec, ...]:
    return plan_of(script, **wanted).object.programs


@pytest.mark.parametrize("condition", ["traced", "traced()", "traced(curtask)"])
def test_without_a_filter_nothing_is_left_of_it(condition: str) -> None:
    (asked,) = programs(f"{OPEN} {{ if ({condition}) {{ @a = 1; }} }}")
    (plain,) = programs(f"{OPEN} {{ @a = 1; }}")
    assert asked.insns == plain.insns
    assert plan_of(f"{OPEN} /{condition}/ {{ @ = 1; }}").notes == ()


@pytest.mark.parametrize(
    "asking",
    [
        f"{CLOSE} {{ if (traced) {{ @b = 1; }} }}",
        f"{CLOSE} /traced(curtask)/ {{ @b = 1; }}",
        f"fn mine(): bool {{ return traced; }} {CLOSE} {{ @b = mine() }}",
        f"macro mine() {{ traced }} {CLOSE} {{ @b = mine; }}",
    ],
)
def test_no_probe_of_a_script_that_asks_is_filtered(asking: str) -> None:
    other = f"{OPEN} {{ @a = 1; }}"
    plain, filtered = programs(other)[0], programs(other, pid=77)[0]
    assert len(filtered.insns) > len(plain.insns)
    plan = plan_of(f"{other} {asking}", pid=77)
    assert plan.object.programs[0].insns == plain.insns
    assert NOTE in plan.notes


def test_the_current_task_is_asked_as_the_filter_does() -> None:
    (asked,) = programs(f"{OPEN} /traced/ {{ @a = 1; }}", pid=77, tid=78, uid=5, comm="cat*")
    (filtered,) = programs(f"{OPEN} {{ @a = 1; }}", pid=77, tid=78, uid=5, comm="cat*")
    helpers = [[one for one in program.insns if one.is_call] for program in (asked, filtered)]
    assert helpers[0] == helpers[1]


def test_what_asks_is_attached_to_all_processes() -> None:
    timer, watch = "profile:hz:99", "watchpoint:0x1000:8:w"
    body = "{ @ = count(); }"
    plain = plan_of(f"{timer} {body} {watch} {body}", pid=77).attachments
    asking = plan_of(f"{timer} /traced/ {body} {watch} {body}", pid=77).attachments
    timers = [one.at.pid for one in (*plain, *asking) if isinstance(one.at, TimerAttach)]
    watches = [one.at.pid for one in (*plain, *asking) if isinstance(one.at, BreakpointAttach)]
    assert timers == [77, 0]
    assert watches == [77, 77]  # an address is one of some process


def test_mistakes() -> None:
    hint = "such as curtask.real_parent, or a cast: (struct task_struct *)…"
    takes = "traced() takes a struct task_struct *, not"
    assert complaints("print(traced(kptr(0)));") == [f"kptr(0): {takes} void * ({hint})"]
    (message,) = complaints("print(traced(pid));")
    assert message.startswith("pid: ")
    (message,) = complaints("print(traced(curtask, 1));")
    assert "traced" in message


def test_a_task_of_the_script_s_own_making_has_not_what_it_takes() -> None:
    script = f"struct task_struct {{ int pid; }}; {OPEN} /traced(curtask)/ {{ @ = 1; }}"
    with pytest.raises(SourceError, match="this needs 'tgid' of struct task_struct"):
        programs(script, pid=77)
