"""Helpers: who may call them, and what they take, give and change."""

from __future__ import annotations

import pytest
from typed_programs import TypedWriter, map_of, passes, plain, stops
from verifier_programs import MAPS

from seismo.isa.helper_table import TABLE
from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import MapSpec
from seismo.verifier.check import Options
from seismo.verifier.map_helpers import check_map_helper
from seismo.verifier.prototypes import Arg, Result, prototype_of
from seismo.verifier.rules import Refused, Rule

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg
SLEEPABLE = 1 << 4
RDONLY_PROG = 1 << 7


def test_every_helper_has_a_prototype() -> None:
    for name, returns, args, _ in TABLE[1:]:
        prototype = prototype_of(name)
        # As many as the format says, one that is not looked at, one of some program types only.
        if name not in ("trace_printk", "get_branch_snapshot", "get_cgroup_classid"):
            assert len(prototype.args) == len(args), name
        gives_pointer = returns.endswith("*") or name == "task_pt_regs"
        numbers = (Result.NUMBER, Result.LENGTH, Result.VOID)
        assert gives_pointer is (prototype.result not in numbers), name
        for before, after in zip(prototype.args, prototype.args[1:], strict=False):
            if after.kind in (Arg.SIZE, Arg.SIZE_OR_ZERO):
                assert before.kind in (Arg.READ, Arg.OUT, Arg.CHANGED), name


def calls(
    helper: str,
    kind: ProgType,
    at: AttachType | None = None,
    *,
    flags: int = 0,
    license: str = "GPL",
) -> TypedWriter:
    """One call with the context in r1, 8 bytes of the stack in r2, and numbers."""
    program = plain(kind, at, flags=flags, license=license)
    program.store(R10, -8, 0, 8)
    program.stack(R2, -8)
    program.mov(R3, 8)
    program.mov(R4, 0)
    program.mov(R5, 0)
    program.helper(helper)
    program.ends()
    return program


@pytest.mark.parametrize(
    ("helper", "kind", "at"),
    [
        ("xdp_adjust_head", ProgType.SCHED_CLS, None),
        ("get_attach_cookie", ProgType.XDP, None),
        ("get_retval", ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_GETPEERNAME),
        ("bind", ProgType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_BIND),
        ("getsockopt", ProgType.CGROUP_SOCKOPT, AttachType.CGROUP_GETSOCKOPT),
        ("sys_close", ProgType.KPROBE, None),
    ],
)
def test_helpers_are_for_some_programs(helper: str, kind: ProgType, at: AttachType | None) -> None:
    stops(
        calls(helper, kind, at),
        Rule.HELPER,
        f"program of this type cannot use helper bpf_{helper}#",
    )


def test_an_address_of_a_function_is_of_programs_at_functions() -> None:
    passes(calls("get_func_ip", ProgType.KPROBE))
    stops(
        calls("get_func_ip", ProgType.TRACEPOINT), Rule.HELPER, "not supported for program type 5"
    )


def test_some_helpers_need_a_license() -> None:
    passes(calls("get_current_task", ProgType.KPROBE, license="Dual MIT/GPL"))
    stops(
        calls("get_current_task", ProgType.KPROBE, license="MIT"),
        Rule.HELPER,
        "cannot call GPL-restricted function from non-GPL compatible program",
    )
    passes(calls("ktime_get_ns", ProgType.KPROBE, license="MIT"))


def copies(flags: int) -> TypedWriter:
    program = plain(ProgType.KPROBE, flags=flags)
    program.stack(R1, -8)
    program.mov(R2, 8)
    program.mov(R3, 0)
    program.helper("copy_from_user")
    program.ends()
    return program


def test_some_helpers_sleep() -> None:
    passes(copies(SLEEPABLE))
    stops(copies(0), Rule.HELPER, "helper call might sleep in a non-sleepable prog")


def test_a_prototype_may_depend_on_the_program() -> None:
    passes(calls("get_cgroup_classid", ProgType.SCHED_CLS))
    program = plain(ProgType.SCHED_CLS)
    program.mov(R1, 0)
    program.helper("get_cgroup_classid")
    program.ends()
    stops(program, Rule.HELPER, "R1 type=scalar expected=ctx")
    program = plain(ProgType.KPROBE)
    program.mov(R1, 0)
    program.helper("get_cgroup_classid")
    program.ends()
    passes(program)


KEYED = """
    HASH ARRAY PERCPU_HASH PERCPU_ARRAY LRU_HASH LRU_PERCPU_HASH LPM_TRIE SOCKMAP SOCKHASH UNSPEC
"""
LOOKED_UP = "DEVMAP DEVMAP_HASH XSKMAP ARRAY_OF_MAPS HASH_OF_MAPS"


def is_taken(helper: str, kind: MapType) -> bool:
    try:
        check_map_helper(helper, kind)
    except Refused:
        return False
    return True


def test_maps_and_helpers_fit() -> None:
    for kind in MapType:
        is_keyed = kind.name in KEYED.split()
        assert is_taken("map_update_elem", kind) is is_keyed, kind
        assert is_taken("map_delete_elem", kind) is is_keyed, kind
        assert is_taken("map_lookup_elem", kind) is (is_keyed or kind.name in LOOKED_UP.split())
    check_map_helper("ringbuf_output", MapType.RINGBUF)
    with pytest.raises(Refused, match="cannot pass map_type 27 into func bpf_tail_call"):
        check_map_helper("tail_call", MapType.RINGBUF)


def with_map(spec: MapSpec, kind: ProgType = ProgType.KPROBE, *, flags: int = 0) -> TypedWriter:
    """A program that has `spec` by the name `other`."""
    program = plain(kind, flags=flags)
    program.maps = MAPS | {"other": spec}
    return program


def test_maps_that_programs_only_read_are_not_changed() -> None:
    program = with_map(map_of(MapType.HASH, flags=RDONLY_PROG))
    program.store(R10, -8, 0, 8)
    program.map(R1, "other")
    program.stack(R2, -8)
    program.helper("map_delete_elem")
    program.ends()
    stops(program, Rule.HELPER, "write into map forbidden")


def test_sleepable_programs_have_some_maps() -> None:
    for kind, is_fine in ((MapType.HASH, True), (MapType.LPM_TRIE, False)):
        program = with_map(map_of(kind, key_size=8), flags=SLEEPABLE)
        program.map(R1, "other")
        program.ends()
        if is_fine:
            passes(program)
        else:
            stops(program, Rule.INSTRUCTION, "Sleepable programs can only use")


def in_map(*, is_checked: bool, offset: int = 0) -> TypedWriter:
    """A value of a map that is found in a map is read."""
    outer = MapSpec(
        name="other",
        type=MapType.ARRAY_OF_MAPS,
        key_size=4,
        value_size=4,
        max_entries=1,
        inner=map_of(MapType.HASH),
    )
    program = with_map(outer)
    end = program.label()
    program.look_up("other", key=0, is_checked=False)
    if is_checked:
        program.jump_if(JumpOp.JEQ, R0, 0, end)
    program.mov(R1, R0)
    program.stack(R2, -4)
    program.helper("map_lookup_elem")
    program.jump_if(JumpOp.JEQ, R0, 0, end)
    program.load(R1, R0, offset, 8)
    program.bind(end)
    program.ends()
    return program


def test_a_map_is_found_in_a_map() -> None:
    passes(in_map(is_checked=True))
    stops(in_map(is_checked=False), Rule.NULL, "R1 type=map_ptr_or_null expected=a map")
    stops(in_map(is_checked=True, offset=8), Rule.BOUNDS, "value_size=8 off=8 size=8")


def test_frozen_values_are_known() -> None:
    frozen = MapSpec(
        name="other",
        type=MapType.ARRAY,
        key_size=4,
        value_size=8,
        max_entries=1,
        flags=RDONLY_PROG,
        is_frozen=True,
        contents=((bytes(4), (40).to_bytes(8, "little")),),
    )
    for offset, is_accepted in ((0, True), (1, False)):
        program = with_map(frozen)
        program.refs.append((program.position, "other"))
        program.ld_map_value(R1, 0, 0)
        program.load(R6, R1, 0, 8)
        program.look_up(key=0)
        program.alu(AluOp.ADD, R0, R6)
        program.store(R0, offset, 1, 8)
        program.ends()
        assert program.verdict().is_accepted is is_accepted


def test_a_cpu_is_one_of_those_that_there_are() -> None:
    for cpus, is_accepted in ((48, True), (49, False)):
        program = plain(ProgType.KPROBE)
        program.look_up()
        program.mov(R6, R0)
        program.helper("get_smp_processor_id")
        program.alu(AluOp.ADD, R6, R0)
        program.store(R6, 0, 1, 1)
        program.ends()
        assert program.verdict(Options(cpus=cpus)).is_accepted is is_accepted


@pytest.mark.parametrize(
    ("helper", "is_fine"), [("map_lookup_elem", True), ("get_current_comm", False)]
)
def test_memory_of_the_packet_is_for_some_helpers(helper: str, is_fine: bool) -> None:
    program = plain(ProgType.SCHED_CLS)
    end = program.label()
    program.load(R6, R1, 76, 4)
    program.load(R3, R1, 80, 4)
    program.mov(R4, R6)
    program.alu(AluOp.ADD, R4, 16)
    program.jump_if(JumpOp.JGT, R4, R3, end)
    if is_fine:
        program.map(R1, "array")
        program.mov(R2, R6)
    else:
        program.mov(R1, R6)
        program.mov(R2, 16)
    program.helper(helper)
    program.bind(end)
    program.ends()
    if is_fine:
        passes(program)
    else:
        stops(program, Rule.HELPER, "helper access to the packet is not allowed")


def test_what_may_be_null_is_passed_where_null_is_fine() -> None:
    program = plain(ProgType.KPROBE)
    program.look_up(is_checked=False)
    program.mov(R3, R0)
    program.mov(R4, 8)
    program.store(R10, -8, 0, 8)
    program.stack(R1, -8)
    program.mov(R2, 8)
    program.helper("trace_vprintk")
    program.ends()
    passes(program)
