"""Shipped scripts on kernels that have things elsewhere, otherwise, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from seismo.base.dataclass import replace
from seismo.base.errors import BpfError
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Enum, Enumerator, FuncProto, Member, Param, Struct, Type
from seismo.events.enums import Names, names_in
from seismo.isa.relo_kinds import CoreKind
from seismo.plan import Plan
from seismo.ship.fit import fit
from seismo.ship.model import DoesNotFit
from seismo.ship.read import read_shipped
from seismo.ship.write import write_object
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
from ship_plans import RUN, TYPES, VIEW, Facts, btf_of, manifest, one_program, plan_of

TASK = 6
FORMAT = """name: sched_switch
ID: 1
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;
\tfield:pid_t pid;\toffset:{offset};\tsize:{size};\tsigned:1;

print fmt: "x"
"""


def formats(offset: int = 24, size: int = 4) -> Callable[[str, str], str]:
    """tracefs, where the field `pid` has this place."""
    return lambda category, name: FORMAT.format(offset=offset, size=size)


def changed(number: int, type_: Type) -> list[Type]:
    """The types with one of them otherwise."""
    return [type_ if at == number else one for at, one in enumerate(TYPES)]


def moved(name: str, bits: int) -> list[Type]:
    """The types with a member of task_struct elsewhere."""
    task = TYPES[TASK]
    assert isinstance(task, Struct)
    members = [replace(one, bit_offset=bits) if one.name == name else one for one in task.members]
    return changed(TASK, replace(task, members=tuple(members)))


def fitted(
    plan: Plan,
    types: Sequence[Type] = TYPES,
    tracefs: Callable[[str, str], str] | None = None,
    **facts: object,
) -> Plan:
    """The plan on a kernel with these types, after a journey as a file."""
    shipped = read_shipped(write_object(manifest(plan), btf_of(TYPES)), "x.bo")
    here = Facts(types=btf_of(types), **facts)
    return fit(shipped, here, tracefs or formats(), RUN)


def code(plan: Plan) -> list[str]:
    """The only program's instructions, but for its exit."""
    return [str(one) for one in plan.object.programs[0].insns[:-1]]


def one(line: str, relocation: Relocation) -> Plan:
    return one_program(line, relocations=[(0, relocation)])


def assuming(relocation: Relocation, value: int) -> Plan:
    return one_program("r0 = 0", assumptions=((relocation, value),))


PID = CoreField("struct task_struct", "pid")


@pytest.mark.parametrize(
    ("line", "relocation", "types", "expected"),
    [
        ("r1 = 0", PID, TYPES, "r1 = 0"),
        ("r1 = 0", PID, moved("pid", 192), "r1 = 24"),
        ("r1 = 40", CoreField("struct task_struct", "deep"), TYPES, "r1 = 40"),
        ("r1 = 40", CoreField("struct task_struct", "deep"), moved("", 256), "r1 = 36"),
        ("r1 = 16", CoreField("struct task_struct", "comm[12]"), moved("comm", 64), "r1 = 20"),
        ("r1 = 28", CoreField("struct task_struct", "in.b"), moved("in", 128), "r1 = 24"),
        ("r1 = 48", CoreType("struct task_struct"), changed(TASK, Struct("task_struct", 99)),
         "r1 = 99"),
        ("r1 = 5", CoreEnumerator("enum color", "BLUE"),
         changed(7, Enum("color", 4, (Enumerator("BLUE", 9),))), "r1 = 9"),
        ("r1 = 0x5", CoreEnumerator("", "BLUE"),
         changed(7, Enum("color", 4, (Enumerator("BLUE", 9),))), "r1 = 0x9"),
    ],
)  # fmt: skip
def test_types(line: str, relocation: Relocation, types: Sequence[Type], expected: str) -> None:
    plan = one(line, relocation)
    assert code(fitted(plan, types)) == [expected]


@pytest.mark.parametrize(
    ("line", "relocation", "expected"),
    [
        ("r1 = *(u32 *)(r1 +8)", TracepointField("sched", "sched_switch", "pid"),
         "r1 = *(u32 *)(r1 +28)"),
        ("r1 = 8", TracepointField("sched", "sched_switch", "pid"), "r1 = 28"),
        ("r1 = 8", TracepointField("sched", "sched_switch", "pid", "size"), "r1 = 8"),
        ("r1 = 0x1", KernelSymbol("jiffies"), "r1 = 0xffffffff81000000"),
        ("r1 = 0x1", RunValue("started_ns"), "r1 = 0x10000000000"),
        ("r1 = 0x1", RunValue("tai_offset_ns"), f"r1 = {37 << 30:#x}"),
        ("r1 = 2", RunValue("possible_cpus"), "r1 = 4"),
        ("r1 = 0", RunValue("command_pid"), "r1 = 77"),
        ("r1 = 0x0", RunValue("pid_namespace_inode"), "r1 = 0xf0000001"),
    ],
)  # fmt: skip
def test_what_is_not_a_type(line: str, relocation: Relocation, expected: str) -> None:
    plan = fitted(
        one(line, relocation),
        tracefs=formats(28, 8),
        symbols={"jiffies": 0xFFFF_FFFF_8100_0000},
    )
    assert code(plan) == [expected]
    assert plan.object.programs[0].relocations == ()


def test_parameters_are_counted_in_words() -> None:
    count = FunctionParameter("vfs_read", "count")
    assert fitted(assuming(count, 3)).assumptions == ()
    fewer = changed(8, FuncProto(1, (Param("pair", 4), Param("count", 1))))
    with pytest.raises(
        DoesNotFit, match="the place of `count` among what vfs_read takes is 2 on this"
    ):
        fitted(assuming(count, 3), fewer)
    with pytest.raises(DoesNotFit, match="vfs_read has no parameter 'pos' on this kernel"):
        fitted(assuming(FunctionParameter("vfs_read", "pos"), 0))
    with pytest.raises(DoesNotFit, match="this kernel's types have no vfs_write"):
        fitted(assuming(FunctionParameter("vfs_write", "pos"), 0))


def test_assumptions_that_hold_are_done_with() -> None:
    size = CoreField("struct task_struct", "comm", CoreKind.FIELD_BYTE_SIZE)
    assert fitted(assuming(size, 16)).assumptions == ()


def test_an_assumption_that_does_not_hold_names_both_values() -> None:
    size = CoreField("struct task_struct", "comm", CoreKind.FIELD_BYTE_SIZE)
    with pytest.raises(DoesNotFit) as error:
        fitted(assuming(size, 16), changed(2, Array(2, 1, 32)))
    assert str(error.value).splitlines() == [
        "the byte size of `struct task_struct: comm` is 32 on this kernel, and was 16 where the "
        "script was built on Linux 6.18.0-test",
        "hint: build it on a kernel like this one, or for its types (--btf)",
    ]


def test_a_field_of_a_record_that_is_elsewhere_breaks_an_assumption() -> None:
    field = TracepointField("sched", "sched_switch", "pid", "size")
    with pytest.raises(
        DoesNotFit,
        match="the size of `pid` in tracepoint:sched:sched_switch is 8 on this kernel, and was 4",
    ):
        fitted(assuming(field, 4), tracefs=formats(24, 8))


@pytest.mark.parametrize(
    ("plan", "types", "message"),
    [
        (one("r1 = 0", PID), changed(TASK, Struct("task_struct", 8, (Member("tgid", 1, 0),))),
         r"^case.bt:1:9: this kernel has no `struct task_struct: pid`"),
        (one("r1 = 5", CoreEnumerator("enum color", "BLUE")), changed(7, Enum("color", 4)),
         "this kernel has no `enum color: BLUE`"),
        (assuming(PID, 0), changed(TASK, Struct("task_struct", 8)),
         "this kernel has not the byte offset of `struct task_struct: pid`"),
        (one("r1 = 8", TracepointField("sched", "sched_switch", "pidd")), TYPES,
         "tracepoint:sched:sched_switch has no field 'pidd' on this kernel\nhint: did you mean"),
        (one("r1 = 0x1", KernelSymbol("jiffies")), TYPES, "no kernel symbol 'jiffies'"),
        (one("r1 = 0x1", RunValue("moon_phase")), TYPES, "a newer seismo built it"),
    ],
)  # fmt: skip
def test_what_this_kernel_has_not(plan: Plan, types: Sequence[Type], message: str) -> None:
    with pytest.raises(BpfError, match=message):
        fitted(plan, types)


def test_another_architecture_is_refused() -> None:
    with pytest.raises(DoesNotFit, match="built for x86_64, and this is aarch64"):
        fitted(one_program("r0 = 0"), architecture="aarch64")


NUMBERS = {"PIDTYPE_PID": 2, "PIDTYPE_TGID": 0, "PIDTYPE_NEW": 1}


def renumbered(btf: Btf) -> list[Type]:
    """The kernel's types, where `enum pid_type` has other constants."""
    constants = tuple(Enumerator(name, value) for name, value in NUMBERS.items())
    types = [btf.type(id) for id in btf.ids]
    return [
        replace(one, values=constants) if isinstance(one, Enum) and one.name == "pid_type" else one
        for one in types
    ]


def test_names_of_constants_are_those_of_the_kernel() -> None:
    plan = plan_of(
        "BEGIN { print((enum pid_type)pid); @[(enum pid_type)tid] = 1; }", is_portable=True
    )
    built = tuple(
        (one.value, one.name) for one in VIEW.btf().type(VIEW.btf().find("pid_type")).values
    )
    shipped = read_shipped(write_object(manifest(plan), VIEW.btf()), "x.bo")
    assert [names for _, names in shipped.manifest.plan.enums] == [built]

    def shown(types: Btf) -> set[Names]:
        there = fit(shipped, Facts(types=types), formats(), RUN)
        layouts = [one.layout for one in there.events.values()]
        layouts += [one.key for one in there.maps if one.key is not None]
        return {names for layout in layouts for names in names_in(layout)}

    here = tuple((value, name) for name, value in NUMBERS.items())
    assert shown(btf_of(renumbered(VIEW.btf()))) == {here}
    assert shown(VIEW.btf()) == {built}
    # A kernel without it shows what was known where the script was built.
    others = list(TYPES)
    assert shown(btf_of(others)) == {built}
