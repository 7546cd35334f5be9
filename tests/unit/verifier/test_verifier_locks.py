"""What the kernel keeps in maps' values: locks, timers and pointers, found by the object's BTF."""

from __future__ import annotations

import pytest
from typed_programs import KERNEL, TypedWriter, passes, stops

from seismo.base.errors import NotSupported
from seismo.btf.spec import Btf
from seismo.btf.types import Int, IntEncoding, Member, Ptr, Struct, TypeTag
from seismo.btf.write import write
from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec
from seismo.verifier.map_fields import FieldKind, MapField, fields_in
from seismo.verifier.rules import Rule
from seismo.verifier.types import Types

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg
OWN = Btf.from_bytes(
    write(
        [
            Int("int", 4, IntEncoding.SIGNED),
            Int("long", 8, IntEncoding.SIGNED),
            Struct("bpf_spin_lock", 4, (Member("val", 1, 0),)),
            Struct("guarded", 16, (Member("lock", 3, 0), Member("n", 1, 32), Member("m", 2, 64))),
            Struct("bpf_timer", 16, (Member("opaque", 2, 0), Member("more", 2, 64))),
            Struct("timed", 24, (Member("n", 2, 0), Member("timer", 5, 64))),
            Struct("task_struct", 4, (Member("pid", 1, 0),)),
            TypeTag("kptr", 7),
            Ptr(8),
            TypeTag("kptr_untrusted", 7),
            Ptr(10),
            Struct("kept", 16, (Member("owned", 9, 0), Member("seen", 11, 64))),
        ]
    )
)
GUARDED, TIMED, KEPT = 4, 6, 12


def spec(name: str, type_: int, size: int) -> MapSpec:
    return MapSpec(
        name=name,
        type=MapType.HASH,
        key_size=4,
        value_size=size,
        max_entries=4,
        value_type=type_,
    )


LOCKED = {
    "guarded": spec("guarded", GUARDED, 16),
    "timed": spec("timed", TIMED, 24),
    "other": spec("other", TIMED, 24),
    "kept": spec("kept", KEPT, 16),
    "untyped": spec("untyped", 0, 16),
}


def program_of(kind: ProgType = ProgType.SCHED_CLS) -> TypedWriter:
    program = TypedWriter(kind, None, "")
    program.types = Types(KERNEL.kernel, OWN)
    program.maps = LOCKED
    return program


def guarded(*, map: str = "guarded", kind: ProgType = ProgType.SCHED_CLS) -> TypedWriter:
    """r6 = a value with a lock."""
    program = program_of(kind)
    program.look_up(map)
    program.mov(R6, R0)
    return program


def call(program: TypedWriter, helper: str, value: Reg = R6) -> None:
    program.mov(R1, value)
    program.helper(helper)


def test_the_fields_are_found_by_their_types() -> None:
    assert fields_in(OWN, GUARDED) == (MapField(FieldKind.LOCK, 0, 4),)
    assert fields_in(OWN, TIMED) == (MapField(FieldKind.TIMER, 8, 16),)
    assert fields_in(OWN, KEPT) == (
        MapField(FieldKind.POINTER, 0, 8, "task_struct"),
        MapField(FieldKind.POINTER, 8, 8, "task_struct", is_untrusted=True),
    )
    assert fields_in(OWN, 1) == ()


def test_a_lock_is_let_go_of() -> None:
    program = guarded()
    call(program, "spin_lock")
    program.store(R6, 4, 1, 4)
    call(program, "spin_unlock")
    program.ends()
    passes(program)
    program = guarded()
    call(program, "spin_lock")
    program.ends()
    stops(program, Rule.REFERENCE, "cannot be used inside bpf_spin_lock-ed region")
    program = guarded()
    call(program, "spin_unlock")
    program.ends()
    stops(program, Rule.REFERENCE, "bpf_spin_unlock without taking a lock")


def test_nothing_is_called_while_a_lock_is_held() -> None:
    program = guarded()
    call(program, "spin_lock")
    program.helper("ktime_get_ns")
    call(program, "spin_unlock")
    program.ends()
    stops(program, Rule.REFERENCE, "function calls are not allowed while holding a lock")


def test_a_lock_is_that_of_the_value_that_was_found() -> None:
    program = guarded()
    program.look_up("guarded")
    program.mov(R7, R0)
    call(program, "spin_lock", R6)
    call(program, "spin_unlock", R7)
    program.ends()
    stops(program, Rule.REFERENCE, "bpf_spin_unlock of different lock")


def test_only_helpers_touch_a_lock() -> None:
    program = guarded()
    program.store(R6, 0, 1, 4)
    program.ends()
    stops(program, Rule.BOUNDS, "bpf_spin_lock cannot be accessed directly by load/store")
    program = guarded()
    program.mov(R1, R6)
    program.mov(R2, 16)
    program.mov(R3, 0)
    program.helper("probe_read_kernel")
    program.ends()
    stops(program, Rule.BOUNDS, "bpf_spin_lock cannot be accessed directly by load/store")


def test_a_lock_is_where_the_type_has_it() -> None:
    program = guarded(map="untyped")
    call(program, "spin_lock")
    program.ends()
    stops(program, Rule.HELPER, "map 'untyped' has to have BTF in order to use bpf_spin_lock")
    program = guarded(map="timed")
    call(program, "spin_lock")
    program.ends()
    stops(program, Rule.HELPER, "off 0 doesn't point to 'struct bpf_spin_lock' in map 'timed'")
    program = guarded()
    program.types = KERNEL
    call(program, "spin_lock")
    program.ends()
    with pytest.raises(NotSupported, match="types of the map are not at hand"):
        program.verdict()


@pytest.mark.parametrize(
    ("kind", "who"), [(ProgType.KPROBE, "tracing"), (ProgType.SOCKET_FILTER, "socket filter")]
)
def test_some_programs_have_no_locks(kind: ProgType, who: str) -> None:
    program = guarded(kind=kind)
    program.ends()
    stops(program, Rule.INSTRUCTION, f"{who} progs cannot use bpf_spin_lock yet")


def timed(map: str = "timed", result: int = 0) -> TypedWriter:
    """A timer of a value of `timed`, made with `map`, with a callback that returns `result`."""
    program = program_of()
    function = program.label()
    program.look_up("timed")
    program.mov(R6, R0)
    program.mov(R1, R6)
    program.alu(AluOp.ADD, R1, 8)
    program.map(R2, map)
    program.mov(R3, 1)
    program.helper("timer_init")
    program.mov(R1, R6)
    program.alu(AluOp.ADD, R1, 8)
    program.ld_func(R2, function)
    program.helper("timer_set_callback")
    program.ends()
    program.bind(function)
    program.store(R3, 0, 1, 8)
    program.ends(result)
    return program


def test_a_timer_belongs_to_its_map_and_returns_nothing() -> None:
    passes(timed())
    stops(timed("other"), Rule.HELPER, "doesn't match map pointer in R2")
    stops(timed(result=1), Rule.RESULT, "should have been in [0, 0]")


def test_a_pointer_that_a_map_owns_is_exchanged() -> None:
    for is_released in (True, False):
        program = guarded(map="kept")
        end = program.label()
        program.mov(R1, R6)
        program.mov(R2, 0)
        program.helper("kptr_xchg")
        program.jump_if(JumpOp.JEQ, R0, 0, end)
        program.mov(R1, R0)
        if is_released:
            program.kernel("bpf_task_release")
        program.bind(end)
        program.ends()
        if is_released:
            passes(program)
        else:
            stops(program, Rule.REFERENCE, "would lead to reference leak")


def test_a_pointer_that_a_map_owns_is_not_stored_to() -> None:
    for offset, is_fine in ((0, False), (8, True)):
        program = guarded(map="kept")
        program.store(R6, offset, 0, 8)
        program.ends()
        if is_fine:
            passes(program)
        else:
            stops(program, Rule.BOUNDS, "store to referenced kptr disallowed")


def test_what_a_map_keeps_may_be_null() -> None:
    program = guarded(map="kept")
    program.load(R7, R6, 0, 8)
    program.load(R0, R7, 0, 4)
    program.ends()
    stops(program, Rule.NULL, "R7 invalid mem access 'rcu_ptr_or_null_task_struct'")
    program = guarded(map="kept")
    program.load(R7, R6, 4, 4)
    program.ends()
    stops(program, Rule.BOUNDS, "kptr access size must be BPF_DW")
