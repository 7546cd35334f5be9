"""Object files of scripts: what other loaders find in them, and that nothing is lost."""

from __future__ import annotations

import pytest

from golden_cases import GoldenCase
from seismo.base.dataclass import replace
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import BpfError
from seismo.btf.types import Func, Kind, Struct
from seismo.elf.file import ElfFile
from seismo.isa.map_types import MapType
from seismo.isa.relo_kinds import CoreKind
from seismo.objfile.read import read_object
from seismo.ship.model import NotShipped
from seismo.ship.read import read_shipped
from seismo.ship.seal import HEAD, UNSEALED, seal
from seismo.ship.write import write_object
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType, RunValue
from ship_plans import TYPES, VIEW, assert_same, btf_of, manifest, one_program, plan_of

BTF = btf_of(TYPES)
SCRIPT = """fn twice($n : uint64) : uint64 { return $n * 2; }
tracepoint:syscalls:sys_enter_openat {
    for ($i : 0..3) { @m[$i] = twice($i); }
    printf("%s", comm);
}
"""
LOOPS = write_object(manifest(plan_of(SCRIPT)), BTF)
RELOCATED = one_program(
    "r1 = 24",
    "r2 = 1",
    "r3 = 0x5",
    "r4 = 0x7",
    relocations=[
        (0, CoreField("struct task_struct", "in.b")),
        (1, CoreType("struct task_struct", CoreKind.TYPE_EXISTS)),
        (2, CoreEnumerator("enum color", "BLUE")),
        (3, RunValue("started_ns")),
    ],
    assumptions=((CoreField("struct task_struct", "comm", CoreKind.FIELD_BYTE_SIZE), 16),),
)


def resealed(data: bytes) -> bytes:
    """A file that was changed, as if it had been written so."""
    found = HEAD.search(data)
    assert found is not None
    return seal(data[: found.start(2)] + UNSEALED + data[found.end(2) :])


@pytest.mark.golden("compile/*.test")
def test_nothing_is_lost(case: GoldenCase) -> None:
    try:
        script = manifest(plan_of(case["script"]))
    except DiagnosticsError:
        pytest.skip("no script")
    data = write_object(script, BTF)
    assert_same(script, read_shipped(data, "x.bo").manifest)


def test_calls_callbacks_and_data_are_not_lost() -> None:
    assert_same(manifest(plan_of(SCRIPT)), read_shipped(LOOPS, "x.bo").manifest)


def test_same_plan_same_bytes() -> None:
    assert write_object(manifest(plan_of(SCRIPT)), BTF) == LOOPS


def test_sections_are_where_a_compiler_of_c_puts_them() -> None:
    names = [one.name for one in ElfFile(LOOPS).all_sections]
    assert names[1:8] == [
        "tracepoint/syscalls/sys_enter_openat", ".text", ".maps", ".data.lost", "license", ".BTF",
        ".BTF.ext",
    ]  # fmt: skip
    assert ".seismo" in names


def test_other_loaders_find_programs_maps_and_lines() -> None:
    file = read_object(LOOPS, "x.bo")
    assert file.license == "GPL"
    (program,) = file.programs
    assert program.name == "_0_sys_enter_ope"
    subprograms = {one.name for one in file.functions} - {program.name}
    assert {"_0_sys_enter_ope_twice"} < subprograms
    rings = [one for one in file.maps if one.type is MapType.RINGBUF]
    assert [(one.name, one.key_size, one.max_entries) for one in rings] == [
        ("events", 0, 4 << 20), ("control", 0, 64 << 10),
    ]  # fmt: skip
    counts = next(one for one in file.maps if one.name == "AT_m")
    assert (counts.type, counts.key_size, counts.value_size) == (MapType.HASH, 8, 8)
    for function in file.functions:
        assert function.func_info is not None
        described = file.btf.type(function.func_info.type)
        assert isinstance(described, Func) and described.name == function.name
        assert function.line_infos[0].instruction == 0
    lines = {(one.file, one.line, one.text) for one in program.line_infos}
    assert ("case.bt", 4, '    printf("%s", comm);') in lines


def test_core_relocations_name_types_of_the_file() -> None:
    shipped = read_shipped(write_object(manifest(RELOCATED), BTF), "x.bo")
    relos = shipped.core["0_begin"]
    assert [(one.instruction, one.access, one.kind) for one in relos] == [
        (0, "0:1:0", CoreKind.FIELD_BYTE_OFFSET),
        (1, "0", CoreKind.TYPE_EXISTS),
        (2, "0", CoreKind.ENUMVAL_VALUE),
    ]
    task = shipped.btf.type(relos[0].type)
    assert isinstance(task, Struct) and task.name == "task_struct" and task.size == 48
    # Only what is walked through, and what is assumed, is there.
    assert [one.name for one in task.members] == ["comm", "in"]
    assert [one.name for one in shipped.btf.struct("inner").members] == ["b"]
    (program,) = shipped.manifest.plan.object.programs
    assert program.relocations == ((3, RunValue("started_ns")),)
    assert program.insns == RELOCATED.object.programs[0].insns


def test_a_section_may_have_several_programs() -> None:
    functions = SCRIPT.partition("\n")[0]
    plan = plan_of(f"{functions} BEGIN {{ @a = 1 }} BEGIN {{ @b = twice(2) }} END {{ @c = 1 }}")
    data = write_object(manifest(plan), BTF)
    assert len([one for one in ElfFile(data).all_sections if one.name == "raw_tp"]) == 1
    assert_same(manifest(plan), read_shipped(data, "x.bo").manifest)


def test_text_that_btf_cannot_have_is_replaced() -> None:
    plan = plan_of("BEGIN { /* \udcff */ @x = 1; }")
    data = write_object(manifest(plan), BTF)
    (program,) = read_object(data, "x.bo").programs
    assert program.line_infos[0].text == "BEGIN { /* ? */ @x = 1; }"
    assert_same(manifest(plan), read_shipped(data, "x.bo").manifest)


def test_another_object_file_is_not_one_of_ours() -> None:
    with pytest.raises(NotShipped, match=r"x.bo has no section .seismo: `seismo build` did not"):
        read_shipped(resealed(LOOPS.replace(b".seismo\0", b".season\0")), "x.bo")


def test_a_function_that_is_missing_is_named() -> None:
    plan = plan_of(SCRIPT)
    (program,) = plan.object.programs
    renamed = replace(program, name="other")
    data = write_object(
        manifest(replace(plan, object=replace(plan.object, programs=(renamed,)))), BTF
    )
    with pytest.raises(BpfError, match="other"):
        read_shipped(resealed(data.replace(b"\0other\0", b"\0otheR\0")), "x.bo")


def test_recorded_types_may_be_shipped() -> None:
    plan = plan_of("BEGIN { print(curtask->pid) }", is_portable=True)
    shipped = read_shipped(write_object(manifest(plan), VIEW.btf()), "x.bo")
    assert shipped.btf.find("task_struct", Kind.STRUCT) and shipped.core["0_begin"]


def test_any_damaged_byte_is_noticed() -> None:
    """Code, types and what refers to them as well as the plan: no other script ever runs."""
    data = write_object(manifest(RELOCATED), BTF)
    assert resealed(data) == data
    for at in range(len(data)):
        for damaged in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at]):
            with pytest.raises(BpfError):
                read_shipped(damaged, "x.bo")
    with pytest.raises(NotShipped, match=r"x\.bo is damaged: its checksum is wrong"):
        read_shipped(data + b"\0", "x.bo")
