"""Kernel functions, dynptrs and iterators: what is made, asked and given back."""

from __future__ import annotations

import pytest
from typed_programs import TypedWriter, passes, plain, stops

from seismo.base.errors import NotSupported
from seismo.isa.insn import Reg
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.verifier.rules import Rule

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg


def task(program: TypedWriter, *, is_checked: bool = True) -> None:
    """r6 = a task that is the program's."""
    program.mov(R1, 1)
    program.kernel("bpf_task_from_pid")
    if is_checked:
        found = program.label()
        program.jump_if(JumpOp.JNE, R0, 0, found)
        program.exit()
        program.bind(found)
    program.mov(R6, R0)


def release(program: TypedWriter) -> None:
    program.mov(R1, R6)
    program.kernel("bpf_task_release")


def test_what_is_acquired_is_released_once() -> None:
    program = TypedWriter()
    task(program)
    program.load(R7, R6, 0, 4)
    release(program)
    program.ends()
    passes(program)
    program = TypedWriter()
    task(program)
    program.ends()
    stops(program, Rule.REFERENCE, "would lead to reference leak")
    program = TypedWriter()
    task(program)
    release(program)
    release(program)
    program.ends()
    stops(program, Rule.HELPER, "arg#0 pointer type STRUCT task_struct must point to scalar")


def test_what_is_released_is_gone() -> None:
    program = TypedWriter()
    task(program)
    release(program)
    program.load(R0, R6, 0, 4)
    program.ends()
    stops(program, Rule.BOUNDS, "R6 invalid mem access 'scalar'")


def test_null_is_looked_for_before_a_release() -> None:
    program = TypedWriter()
    task(program, is_checked=False)
    release(program)
    program.ends()
    stops(program, Rule.NULL, "Possibly NULL pointer passed to trusted arg0")


def test_only_what_was_acquired_is_released() -> None:
    program = TypedWriter()
    program.load(R6, R1, 0, 8)
    release(program)
    program.ends()
    stops(program, Rule.REFERENCE, "expects refcounted PTR_TO_BTF_ID")


def test_sections_are_left_as_often_as_entered() -> None:
    program = TypedWriter()
    program.kernel("bpf_rcu_read_lock")
    program.kernel("bpf_rcu_read_unlock")
    program.ends()
    passes(program)
    program = TypedWriter()
    program.kernel("bpf_rcu_read_lock")
    program.ends()
    stops(program, Rule.REFERENCE, "cannot be used inside bpf_rcu_read_lock-ed region")
    program = TypedWriter()
    program.kernel("bpf_rcu_read_unlock")
    program.ends()
    stops(program, Rule.REFERENCE, "unmatched rcu read unlock")
    program = TypedWriter()
    program.kernel("bpf_rcu_read_lock")
    program.kernel("bpf_rcu_read_lock")
    program.ends()
    stops(program, Rule.REFERENCE, "nested rcu read lock")
    program = TypedWriter()
    program.kernel("bpf_preempt_disable")
    program.ends()
    stops(program, Rule.REFERENCE, "bpf_preempt_disable-ed region")


def test_functions_are_for_some_program_types() -> None:
    program = TypedWriter(ProgType.KPROBE, None, "")
    task(program)
    release(program)
    program.ends()
    stops(program, Rule.HELPER, "calling kernel function bpf_task_from_pid is not allowed")


def test_a_function_whose_effect_is_not_known_is_not_judged() -> None:
    program = TypedWriter()
    program.mov(R1, 1)
    program.mov(R2, 0)
    program.kernel("bpf_obj_new_impl")
    program.ends()
    with pytest.raises(NotSupported, match="bpf_obj_new_impl"):
        program.verdict()


def test_an_exception_ends_the_program() -> None:
    program = TypedWriter()
    program.mov(R1, 0)
    program.kernel("bpf_throw")
    program.exit()
    passes(program)
    program = TypedWriter()
    task(program)
    program.mov(R1, 0)
    program.kernel("bpf_throw")
    program.exit()
    stops(program, Rule.REFERENCE, "bpf_throw would lead to reference leak")


def numbers(program: TypedWriter, name: str, at: int = -8) -> None:
    """Call one of the functions of the iterator over 0 to 9 at `at`."""
    program.stack(R1, at)
    if name == "new":
        program.mov(R2, 0)
        program.mov(R3, 10)
    program.kernel(f"bpf_iter_num_{name}")


def counting(limit: int) -> TypedWriter:
    """Each number that the iterator gives, if below `limit`, indexes an array's value."""
    program = TypedWriter()
    top, done = program.label(), program.label()
    program.look_up()
    program.mov(R7, R0)
    program.mov(R6, 0)
    numbers(program, "new", -16)
    program.bind(top)
    numbers(program, "next", -16)
    program.jump_if(JumpOp.JEQ, R0, 0, done)
    program.load(R1, R0, 0, 4)
    program.alu(AluOp.ADD, R6, R1)
    program.jump_if(JumpOp.JGE, R1, limit, top)
    program.mov(R2, R7)
    program.alu(AluOp.ADD, R2, R1)
    program.store(R2, 0, 1, 1)
    program.jump(top)
    program.bind(done)
    numbers(program, "destroy", -16)
    program.ends()
    return program


def test_an_iterator_ends_a_loop_by_itself() -> None:
    passes(counting(48))
    stops(counting(49), Rule.BOUNDS, "invalid access to map value")


def test_an_iterator_is_made_asked_and_ended_in_this_order() -> None:
    program = TypedWriter()
    numbers(program, "next")
    program.ends()
    stops(program, Rule.HELPER, "expected an initialized iter_num as arg #0")
    program = TypedWriter()
    numbers(program, "new")
    program.ends()
    stops(program, Rule.REFERENCE, "would lead to reference leak")
    program = TypedWriter()
    numbers(program, "new")
    numbers(program, "new")
    program.ends()
    stops(program, Rule.HELPER, "expected uninitialized iter_num as arg #0")


def test_what_an_iterator_gives_may_be_null_is_read_only_and_ends_with_it() -> None:
    program = TypedWriter()
    numbers(program, "new")
    numbers(program, "next")
    program.load(R1, R0, 0, 4)
    numbers(program, "destroy")
    program.ends()
    stops(program, Rule.BOUNDS, "R0 invalid mem access 'scalar'")
    for is_ended, message in ((False, "cannot write"), (True, "invalid mem access")):
        program = TypedWriter()
        done = program.label()
        numbers(program, "new")
        numbers(program, "next")
        program.mov(R6, R0)
        if is_ended:
            numbers(program, "destroy")
        program.jump_if(JumpOp.JEQ, R6, 0, done)
        program.store(R6, 0, 1, 4)
        program.bind(done)
        if not is_ended:
            numbers(program, "destroy")
        program.ends()
        stops(program, Rule.BOUNDS, message)


def test_programs_do_not_look_into_an_iterator() -> None:
    program = TypedWriter()
    numbers(program, "new")
    program.load(R0, R10, -8, 8)
    program.ends()
    stops(program, Rule.READ, "invalid read from stack")
    program = TypedWriter()
    numbers(program, "new")
    program.store(R10, -8, 0, 8)
    numbers(program, "destroy")
    program.ends()
    stops(program, Rule.HELPER, "expected an initialized iter_num")


def local(program: TypedWriter) -> None:
    """A dynptr of 32 bytes of a map's value, at r10-32."""
    program.look_up()
    program.mov(R1, R0)
    program.mov(R2, 32)
    program.mov(R3, 0)
    program.stack(R4, -32)
    program.helper("dynptr_from_mem")


def piece(program: TypedWriter, size: int = 8) -> None:
    """r6 = `size` bytes of the dynptr."""
    found = program.label()
    program.stack(R1, -32)
    program.mov(R2, 0)
    program.mov(R3, size)
    program.helper("dynptr_data")
    program.jump_if(JumpOp.JNE, R0, 0, found)
    program.exit()
    program.bind(found)
    program.mov(R6, R0)


@pytest.mark.parametrize(("offset", "is_fine"), [(0, True), (8, False)])
def test_a_slice_has_the_size_that_was_asked_for(offset: int, is_fine: bool) -> None:
    program = plain(ProgType.KPROBE)
    local(program)
    piece(program)
    program.store(R6, offset, 1, 8)
    program.ends()
    if is_fine:
        passes(program)
    else:
        stops(program, Rule.BOUNDS, "invalid access to memory")


def test_what_overwrites_a_dynptr_ends_it_and_its_slices() -> None:
    program = plain(ProgType.KPROBE)
    local(program)
    piece(program)
    program.store(R10, -32, 0, 8)
    program.store(R6, 0, 1, 8)
    program.ends()
    stops(program, Rule.BOUNDS, "R6 invalid mem access 'scalar'")
    program = plain(ProgType.KPROBE)
    local(program)
    program.store(R10, -24, 0, 8)
    piece(program)
    program.ends()
    stops(program, Rule.HELPER, "Expected an initialized dynptr as arg #0")


def ring(program: TypedWriter) -> None:
    """A dynptr of a record of the ring, at r10-32."""
    program.map(R1, "ring")
    program.mov(R2, 64)
    program.mov(R3, 0)
    program.stack(R4, -32)
    program.helper("ringbuf_reserve_dynptr")


def submit(program: TypedWriter) -> None:
    program.stack(R1, -32)
    program.mov(R2, 0)
    program.helper("ringbuf_submit_dynptr")


def test_a_record_in_a_dynptr_is_submitted() -> None:
    program = plain(ProgType.KPROBE)
    ring(program)
    submit(program)
    program.ends()
    passes(program)
    program = plain(ProgType.KPROBE)
    ring(program)
    program.ends()
    stops(program, Rule.REFERENCE, "would lead to reference leak")
    program = plain(ProgType.KPROBE)
    ring(program)
    program.store(R10, -24, 0, 8)
    program.ends()
    stops(program, Rule.REFERENCE, "cannot overwrite referenced dynptr")
    program = plain(ProgType.KPROBE)
    local(program)
    submit(program)
    program.ends()
    stops(program, Rule.HELPER, "Expected a dynptr of type ringbuf as arg #0")


def test_a_dynptr_is_of_memory_in_a_map() -> None:
    program = plain(ProgType.KPROBE)
    program.store(R10, -8, 0, 8)
    program.stack(R1, -8)
    program.mov(R2, 8)
    program.mov(R3, 0)
    program.stack(R4, -32)
    program.helper("dynptr_from_mem")
    program.ends()
    stops(program, Rule.HELPER, "Unsupported reg type fp for bpf_dynptr_from_mem data")


def test_helpers_do_not_write_over_a_dynptr() -> None:
    program = plain(ProgType.KPROBE)
    local(program)
    program.stack(R1, -32)
    program.mov(R2, 16)
    program.helper("get_current_comm")
    program.ends()
    stops(program, Rule.READ, "invalid read from stack")
