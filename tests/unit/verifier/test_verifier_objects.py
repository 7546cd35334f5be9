"""Pointers to objects of the kernel: members by BTF, and how far they are trusted."""

from __future__ import annotations

import pytest
from typed_programs import KERNEL, TypedWriter, passes, plain, stops

from seismo.base.errors import NotSupported
from seismo.isa.insn import Reg
from seismo.isa.opcode import JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.verifier.rules import Rule
from seismo.verifier.types import NO_TYPES

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg
PARENT, REAL_PARENT, CGROUPS, STACK, TID, NUMBER = 8, 16, 24, 32, 40, 48


def traced(
    *, at: AttachType = AttachType.TRACE_RAW_TP, target: str = "btf_trace_tested"
) -> TypedWriter:
    """r6 = the task that is the program's first argument."""
    program = TypedWriter(at=at, target=target)
    program.load(R6, R1, 0, 8)
    return program


@pytest.mark.parametrize(
    ("offset", "size"), [(0, 4), (0, 1), (2, 2), (PARENT, 8), (STACK, 8), (NUMBER, 8), (NUMBER, 2)]
)
def test_members_are_read(offset: int, size: int) -> None:
    program = traced()
    program.load(R0, R6, offset, size)
    program.ends()
    passes(program)


@pytest.mark.parametrize(
    ("offset", "size", "message"),
    [
        (0, 8, "access beyond the end of member pid of struct task_struct"),
        (4, 4, "struct task_struct doesn't have field at offset 4"),
        (PARENT, 4, "cannot access ptr member parent of struct task_struct with off 8 size 4"),
        (PARENT + 4, 8, "cannot access ptr member parent"),
        (60, 8, "access beyond struct task_struct at off 60 size 8"),
        (-8, 8, "R6 is trusted_ptr_task_struct invalid negative access: off=-8"),
    ],
)
def test_what_is_no_member_is_not_read(offset: int, size: int, message: str) -> None:
    program = traced()
    program.load(R0, R6, offset, size)
    program.ends()
    stops(program, Rule.BOUNDS, message)


def test_objects_are_not_written() -> None:
    program = traced()
    program.store(R6, 0, 1, 4)
    program.ends()
    stops(program, Rule.BOUNDS, "only read is supported")


def test_numbers_of_a_union_may_reach_beyond_their_member() -> None:
    program = traced()
    program.load(R0, R6, NUMBER, 4)
    program.load(R0, R6, NUMBER + 4, 4)
    program.ends()
    passes(program)


def test_addresses_of_what_is_no_struct_are_read_but_not_passed_on() -> None:
    program = traced()
    program.load(R7, R6, STACK, 8)
    program.load(R0, R7, 1 << 10, 8)
    program.ends()
    passes(program)
    program = traced()
    program.load(R7, R6, STACK, 8)
    program.store(R7, 0, 1, 8)
    program.ends()
    stops(program, Rule.BOUNDS, "R7 cannot write into rdonly_mem")


def test_memory_of_the_user_is_not_followed() -> None:
    program = traced()
    program.load(R7, R6, TID, 8)
    program.load(R0, R7, 0, 8)
    program.ends()
    stops(program, Rule.BOUNDS, "access user memory")


def acquires(offset: int) -> TypedWriter:
    """What is read at `offset` of a task is acquired as a task, and released."""
    program = traced()
    program.load(R1, R6, offset, 8)
    program.kernel("bpf_task_acquire")
    done = program.label()
    program.jump_if(JumpOp.JEQ, R0, 0, done)
    program.mov(R1, R0)
    program.kernel("bpf_task_release")
    program.bind(done)
    program.ends()
    return program


def test_trust_is_handed_on_by_the_members_that_the_kernel_names() -> None:
    # Programs that cannot sleep are in a read section all the time.
    passes(acquires(REAL_PARENT))
    stops(acquires(PARENT), Rule.HELPER, "R1 must be a rcu pointer")
    stops(acquires(STACK), Rule.HELPER, "R1 must be a rcu pointer")


def test_a_member_under_rcu_may_be_null() -> None:
    program = traced()
    program.load(R7, R6, CGROUPS, 8)
    program.load(R0, R7, 0, 8)
    program.ends()
    stops(program, Rule.NULL, "R7 invalid mem access 'rcu_ptr_or_null_css_set'")
    program = traced()
    program.load(R7, R6, CGROUPS, 8)
    done = program.label()
    program.jump_if(JumpOp.JEQ, R7, 0, done)
    program.load(R0, R7, 0, 8)
    program.bind(done)
    program.ends()
    passes(program)


def test_arguments_of_functions_are_not_trusted() -> None:
    program = traced(at=AttachType.TRACE_FENTRY, target="tested")
    program.load(R7, R6, REAL_PARENT, 8)
    program.load(R0, R7, 0, 4)
    program.ends()
    passes(program)
    program = traced(at=AttachType.TRACE_FENTRY, target="tested")
    program.mov(R1, R6)
    program.kernel("bpf_task_acquire")
    program.ends()
    stops(program, Rule.HELPER, "R1 must be a rcu pointer")


def test_the_result_follows_a_functions_arguments() -> None:
    program = TypedWriter(at=AttachType.TRACE_FEXIT, target="tested")
    program.load(R0, R1, 16, 4)
    program.ends()
    passes(program)
    program = TypedWriter(at=AttachType.TRACE_FENTRY, target="tested")
    program.load(R0, R1, 16, 8)
    program.ends()
    stops(program, Rule.CONTEXT, "invalid bpf_context access off=16 size=8")


def test_an_iterator_ends_with_null() -> None:
    program = TypedWriter(at=AttachType.TRACE_ITER, target="bpf_iter_task")
    program.load(R6, R1, 8, 8)
    program.load(R0, R6, 0, 4)
    program.ends()
    stops(program, Rule.NULL, "R6 invalid mem access 'trusted_ptr_or_null_task_struct'")


def test_a_pointer_among_the_arguments_is_read_whole() -> None:
    program = TypedWriter()
    program.load(R0, R1, 0, 4)
    program.ends()
    stops(program, Rule.CONTEXT, "invalid bpf_context access off=0 size=4")
    program = TypedWriter()
    program.load(R0, R1, 8, 4)
    program.ends()
    passes(program)


def test_without_types_nothing_is_claimed() -> None:
    program = TypedWriter()
    program.types = NO_TYPES
    program.ends()
    with pytest.raises(NotSupported, match="kernel's types are not at hand"):
        program.verdict()
    program = TypedWriter(target="btf_trace_of_another_kernel")
    program.ends()
    with pytest.raises(NotSupported, match="of this kernel"):
        program.verdict()
    program = plain(ProgType.KPROBE)
    program.helper("get_current_task_btf")
    program.load(R1, R0, 0, 4)
    program.ends()
    with pytest.raises(NotSupported, match="loads through pointers to objects"):
        program.verdict()


def test_what_helpers_give_is_typed() -> None:
    program = plain(ProgType.KPROBE)
    program.types = KERNEL
    program.helper("get_current_task_btf")
    program.load(R1, R0, REAL_PARENT, 8)
    program.load(R0, R1, 0, 4)
    program.ends()
    passes(program)
