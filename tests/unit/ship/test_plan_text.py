"""Scripts as text: exact both ways, and nothing but an error for text that is anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from golden_cases import GoldenCase
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import FormatError
from seismo.isa.relo_kinds import CoreKind
from seismo.plan import Attachment, Plan
from seismo.ship.plan_text import read_text, write_text
from seismo.ship.seal import VERSION
from seismo.spec.relocations import (
    CoreEnumerator,
    CoreField,
    CoreType,
    FunctionParameter,
    KernelSymbol,
    Relocation,
    RunValue,
    TracepointField,
)
from seismo.spec.types import (
    AttachSpec,
    BreakpointAttach,
    IterAttach,
    KprobeAttach,
    KprobeMultiAttach,
    PerfEventAttach,
    RawTracepointAttach,
    SignalAttach,
    TimerAttach,
    TracepointAttach,
    TracingAttach,
    UprobeAttach,
    UprobeMultiAttach,
)
from seismo.spec.types import TestRunAttach as OnDemand
from ship_plans import assert_same, manifest, one_program, plan_of

PLACES: tuple[AttachSpec, ...] = (
    TracepointAttach("sched", "sched_switch", 7),
    KprobeAttach("vfs_read", 4, "xfs", is_return=True, cookie=1),
    KprobeMultiAttach(("a", "b"), (1, 2)),
    TracingAttach(),
    RawTracepointAttach("x"),
    UprobeAttach("/bin/\udcff", 16, semaphore=8),
    UprobeMultiAttach("/bin/true", (1, 2), is_return=True),
    TimerAttach(period_ns=10),
    PerfEventAttach("cycles", 100, 3),
    BreakpointAttach(1 << 63, 8, "rw"),
    IterAttach("/sys/fs/bpf/x"),
    SignalAttach("SIGUSR1"),
    OnDemand(),
)
RELOCATIONS: tuple[Relocation, ...] = (
    CoreField("struct task_struct", "se.vruntime", CoreKind.FIELD_BYTE_SIZE),
    CoreType("struct file"),
    CoreEnumerator("enum pid_type", "PIDTYPE_TGID"),
    TracepointField("sched", "sched_switch", "next_pid", "size"),
    FunctionParameter("vfs_read", "count"),
    KernelSymbol("jiffies"),
    RunValue("started_ns"),
)


def headed(text: bytes) -> bytes:
    """Such JSON as if we had written it."""
    return b"seismo script %d 00000000\n%s\n" % (VERSION, text)


def parts(plan: Plan) -> dict[str, Any]:
    """The JSON of a plan."""
    body: dict[str, Any] = json.loads(write_text(manifest(plan)).partition(b"\n")[2])
    return body


@pytest.mark.golden("compile/*.test")
def test_scripts_survive(case: GoldenCase) -> None:
    try:
        script = manifest(plan_of(case["script"]))
    except DiagnosticsError:
        pytest.skip("no script")
    text = write_text(script)
    assert_same(script, read_text(text))
    assert write_text(read_text(text)) == text


def test_every_place_and_relocation_survives() -> None:
    plan = one_program(
        "r1 = 0",
        relocations=[(0, one) for one in RELOCATIONS],
        attachments=tuple(Attachment("0_begin", str(one), one, True) for one in PLACES),
        assumptions=tuple((one, 1 << 40) for one in RELOCATIONS),
        presets=(("m", b"\0\xff", b""),),
    )
    assert_same(manifest(plan), read_text(write_text(manifest(plan))))


def test_text_that_is_no_unicode_survives() -> None:
    plan = one_program("r0 = 0", notes=("\udc80\0é \U0001f4a1\n",))
    assert read_text(write_text(manifest(plan))).plan.notes == plan.notes


def test_spans_refer_to_each_source_once() -> None:
    plan = plan_of('BEGIN { @x = 1; printf("%d", pid); }')
    body = parts(plan)
    assert [name for name, _ in body["sources"]] == ["case.bt"]
    (program,) = body["script"]["plan"]["object"]["programs"]
    assert sum(count for count, *_ in program["spans"]) == len(plan.object.programs[0].insns)


def test_a_newer_text_is_refused_by_its_version() -> None:
    text = write_text(manifest(one_program("r0 = 0"))).replace(b"script 1 ", b"script 2 ")
    with pytest.raises(FormatError, match="a script of version 2; this seismo reads 1"):
        read_text(text)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("script",), 3, "'3' is no dict"),
        (("script", "machine"), 3, "Manifest.machine: '3' is no str"),
        (("script", "more"), 3, "Manifest has no 'more'"),
        (("script", "plan", "probe_count"), True, "Plan.probe_count: 'True' is no int"),
        (("script", "plan", "settings"), {"x": 1}, "RunSettings has no 'x'"),
        (("script", "plan", "attachments"), [{"probe": ""}], "Attachment without its 'program'"),
        (("script", "plan", "assumptions"), [[["os.system", {}], 1]], "of no type"),
        (("script", "plan", "assumptions"), [[[[], {}], 1]], "is no str"),
        (("script", "plan", "assumptions"), [[1]], "1 values, not 2"),
        (("script", "plan", "events"), [[1, {"id": 1, "action": "DANCE"}]], "no Action"),
        (("script", "plan", "presets"), [["m", "0", ""]], "non-hexadecimal"),
        (("script", "plan", "faults"), [{"index": 0, "kind": "", "helper": "", "span": [9, 0, 0]}],
         "no place in a source"),
        (("script", "plan", "object", "programs", 0, "insns"), "ff" * 8, "opcode"),
        (("script", "plan", "object", "programs", 0, "type"), "Plan", "no ProgType"),
        (("sources",), [["a"]], "1 values, not 2"),
        (("other",), 1, "neither a script nor its sources"),
    ],
)  # fmt: skip
def test_text_of_another_form_is_refused(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    body: Any = parts(one_program("r0 = 0"))
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(FormatError, match=message):
        read_text(headed(json.dumps(body).encode()))


@pytest.mark.parametrize("text", [b"", b"\n", b"seismo script", b"\x7fELF" * 9])
def test_what_is_no_text_of_ours_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError, match="no script that seismo shipped"):
        read_text(text)


def test_deep_nesting_is_refused() -> None:
    text = b"[" * 100_000
    with pytest.raises(FormatError, match="cannot be read"):
        read_text(headed(text))
