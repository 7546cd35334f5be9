"""Programs taken apart and put together again, and the names of their parts."""

from __future__ import annotations

import pytest

from seismo.base.dataclass import replace
from seismo.base.errors import FormatError
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objfile.model import CallTarget, CodeRef, DataRef, MapRef
from seismo.ship.code import by_value, join, names_of, split
from seismo.ship.section_names import section_name
from seismo.spec.types import (
    AttachSpec,
    BreakpointAttach,
    FunctionInfo,
    KprobeAttach,
    KprobeMultiAttach,
    MapSpec,
    ObjectSpec,
    ProgramSpec,
    ProgramTarget,
    RawTracepointAttach,
    TimerAttach,
    TracepointAttach,
    TracingAttach,
    UprobeAttach,
    UprobeMultiAttach,
)

CODE = """
r1 = map[fd:0]
r2 = subprog[+8]
r3 = map[fd:0][0]+8
call pc+1
exit
r0 = 1
call pc+1
exit
r0 = 2
call pc-5
exit
"""
PROGRAM = ProgramSpec(
    name="0_probe",
    type=ProgType.TRACEPOINT,
    insns=parse_listing(CODE),
    map_refs=((0, "@x"), (2, "lost")),
    functions=(
        FunctionInfo(0, "0_probe", (True,)),
        FunctionInfo(5, "twice", (False,)),
        FunctionInfo(8, "twice", (False, True)),
    ),
)
LOST = MapSpec(name="lost", type=MapType.ARRAY, key_size=4, value_size=16, max_entries=1)
SPEC = ObjectSpec(maps=(replace(LOST, name="@x"), LOST), programs=(PROGRAM,))
NAMES = names_of(SPEC)


def test_names_are_c_identifiers_and_unique() -> None:
    assert NAMES.maps == {"@x": "AT_x", "lost": "lost"}
    assert [*NAMES.functions.values()] == ["_0_probe", "_0_probe_twice", "_0_probe_twice_2"]
    clash = ObjectSpec(maps=(replace(LOST, name="AT_x"), replace(LOST, name="@x")), programs=())
    assert names_of(clash).maps == {"AT_x": "AT_x", "@x": "AT_x_2"}


def test_maps_that_are_only_values_are_data() -> None:
    assert by_value(SPEC) == (LOST,)
    both = replace(PROGRAM, map_refs=((0, "lost"), (2, "lost")))
    assert by_value(replace(SPEC, programs=(both,))) == ()


def test_parts_refer_to_each_other_by_name() -> None:
    main, first, second = split(PROGRAM, NAMES, ["lost"])
    assert main.references == (
        (0, MapRef("AT_x")),
        (1, CodeRef("_0_probe_twice_2")),
        (2, DataRef("lost", 8)),
        (3, CallTarget("_0_probe_twice")),
    )
    assert first.references == ((1, CallTarget("_0_probe_twice_2")),)
    assert second.references == ((1, CallTarget("_0_probe_twice")),)
    assert [(one.start, one.end) for one in (main, first, second)] == [(0, 5), (5, 8), (8, 11)]
    assert [one.imm for one in main.insns[:4]] == [0, 0, 8, -1]


def test_parts_make_the_program_again() -> None:
    pieces = split(PROGRAM, NAMES, ["lost"])
    bare = replace(PROGRAM, insns=(), map_refs=())
    assert join(bare, pieces, {"AT_x": "@x", "lost": "lost"}) == PROGRAM


def test_a_reference_to_what_is_not_ours_is_refused() -> None:
    pieces = split(PROGRAM, NAMES, ["lost"])
    with pytest.raises(FormatError, match="_0_probe refers to AT_x: not ours"):
        join(PROGRAM, pieces, {"lost": "lost"})
    with pytest.raises(FormatError, match="refers to _0_probe_twice_2: not ours"):
        join(PROGRAM, pieces[:2], {"AT_x": "@x", "lost": "lost"})


@pytest.mark.parametrize(
    ("type_", "attach_type", "target", "at", "expected"),
    [
        ("TRACEPOINT", None, "", TracepointAttach("sched", "sched_switch"),
         "tracepoint/sched/sched_switch"),
        ("KPROBE", None, "", KprobeAttach("vfs_read", 8), "kprobe/vfs_read+0x8"),
        ("KPROBE", None, "", KprobeAttach("vfs_read", is_return=True), "kretprobe/vfs_read"),
        ("KPROBE", None, "", KprobeAttach("", address=0xFF), "kprobe"),
        ("KPROBE", "TRACE_KPROBE_MULTI", "", KprobeMultiAttach(("a", "b")), "kprobe.multi/a"),
        ("KPROBE", None, "", UprobeAttach("/bin/true", 8, is_return=True), "uretprobe"),
        ("KPROBE", "TRACE_UPROBE_MULTI", "", UprobeMultiAttach("/bin/true", (8,)), "uprobe.multi"),
        ("RAW_TRACEPOINT", None, "", RawTracepointAttach("sched_switch"), "raw_tp/sched_switch"),
        ("RAW_TRACEPOINT", None, "", None, "raw_tp"),
        ("PERF_EVENT", None, "", TimerAttach(1), "perf_event"),
        ("PERF_EVENT", None, "", BreakpointAttach(8, 8, "w"), "perf_event"),
        ("TRACING", "TRACE_FENTRY", "vfs_read", TracingAttach(), "fentry/vfs_read"),
        ("TRACING", "TRACE_RAW_TP", "btf_trace_sys_enter", TracingAttach(), "tp_btf/sys_enter"),
        ("TRACING", "TRACE_ITER", "bpf_iter_task", TracingAttach(), "iter/task"),
    ],
)  # fmt: skip
def test_section_names_are_those_of_libbpf(
    type_: str, attach_type: str | None, target: str, at: AttachSpec | None, expected: str
) -> None:
    program = replace(
        PROGRAM,
        type=ProgType[type_],
        expected_attach_type=AttachType[attach_type] if attach_type else None,
        target=ProgramTarget(target) if target else None,
    )
    assert section_name(program, at) == expected


def test_a_function_of_a_module_says_so() -> None:
    program = replace(
        PROGRAM,
        expected_attach_type=AttachType.TRACE_FEXIT,
        target=ProgramTarget("xfs_file_open", "xfs"),
    )
    assert section_name(program, TracingAttach()) == "fexit/xfs:xfs_file_open"
