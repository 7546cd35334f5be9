"""Every kind of relocation, on instructions of every kind."""

from __future__ import annotations

import pytest

from core_cases import KernelOf
from seismo.base.bits import U64_MAX
from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Int,
    IntEncoding,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
)
from seismo.btf.write import StringTable, write
from seismo.core.errors import CoreError
from seismo.core.patch import POISON
from seismo.core.relocate import Poison, Relocator, relocate, value
from seismo.isa.insn import Insn, Reg
from seismo.isa.opcode import LD_IMM64
from seismo.isa.relo_kinds import CoreKind

INT, UINT, CHAR, U64 = (
    Int("int", 4, IntEncoding.SIGNED),
    Int("unsigned int", 4),
    Int("char", 1, IntEncoding.SIGNED),
    Int("u64", 8),
)
SCALARS = (INT, UINT, CHAR, U64, Ptr(0))
"""Ids 1 to 5."""

K = CoreKind


def btf(*types: Type) -> Btf:
    """Scalars, then these types from id 6."""
    return Btf.from_bytes(write([*SCALARS, *types]))


def struct(name: str, size: int, *members: tuple[str, int, int]) -> Struct:
    """Members are (name, type, byte)."""
    return Struct(name, size, tuple([Member(one, id, at * 8) for one, id, at in members]))


def relo(access: str, kind: CoreKind = K.FIELD_BYTE_OFFSET, type: int = 6) -> CoreRelo:
    return CoreRelo(instruction=0, type=type, access=access, kind=kind)


def mov(number: int) -> Insn:
    return Insn(0xB7, Reg.R1, Reg.R0, 0, number)


def ldx(op: int, offset: int) -> Insn:
    """0x61 loads 4 bytes, 0x69 2, 0x71 1, 0x79 8."""
    return Insn(op, Reg.R1, Reg.R2, offset)


def relocated(local: Btf, kernel: Btf, insn: Insn, one: CoreRelo) -> Insn:
    (done,) = relocate([insn], [one], local, KernelOf(kernel)).insns
    return done


LOCAL = btf(struct("s___mine", 8, ("a", 1, 0), ("b", 1, 4)))
KERNEL = btf(
    struct("other", 4, ("b", 1, 0)),
    Union("", 16, (Member("x", 4, 0), Member("", 8, 64))),
    struct("", 8, ("c", 1, 0), ("b", 1, 4)),
    Struct("s", 32, (Member("a", 1, 64), Member("", 7, 128))),
)


def test_a_member_is_found_by_name_and_through_unnamed_ones() -> None:
    assert value(relo("0:0"), LOCAL, KernelOf(KERNEL)) == 8
    assert value(relo("0:1"), LOCAL, KernelOf(KERNEL)) == 16 + 8 + 4


@pytest.mark.parametrize(
    ("insn", "expected"),
    [
        (mov(4), mov(28)),
        (Insn(0x07, Reg.R3, Reg.R0, 0, 4), Insn(0x07, Reg.R3, Reg.R0, 0, 28)),
        (Insn(0xB4, Reg.R3, Reg.R0, 0, 4), Insn(0xB4, Reg.R3, Reg.R0, 0, 28)),
        (ldx(0x61, 4), ldx(0x61, 28)),
        (Insn(0x63, Reg.R1, Reg.R2, 4), Insn(0x63, Reg.R1, Reg.R2, 28)),
        (Insn(0x62, Reg.R1, Reg.R0, 4, 99), Insn(0x62, Reg.R1, Reg.R0, 28, 99)),
        (Insn(LD_IMM64, Reg.R1, Reg.R0, 0, 4), Insn(LD_IMM64, Reg.R1, Reg.R0, 0, 28)),
    ],
    ids=str,
)
def test_the_value_goes_where_the_instruction_has_it(insn: Insn, expected: Insn) -> None:
    assert relocated(LOCAL, KERNEL, insn, relo("0:1")) == expected


@pytest.mark.parametrize(
    ("insn", "says"),
    [
        (mov(5), "the instruction has 5, its types say 4"),
        (ldx(0x61, 0), "the instruction has 0, its types say 4"),
        (Insn(0xBF, Reg.R1, Reg.R2), "no immediate value"),
        (Insn(0x95, Reg.R0, Reg.R0), "'exit' cannot be relocated"),
        (Insn(LD_IMM64, Reg.R1, Reg.R1, 0, 4), "cannot be relocated"),
    ],
    ids=str,
)
def test_an_instruction_that_does_not_hold_the_value(insn: Insn, says: str) -> None:
    with pytest.raises(CoreError, match=says):
        relocated(LOCAL, KERNEL, insn, relo("0:1"))


def test_an_error_says_where() -> None:
    with pytest.raises(CoreError) as caught:
        relocate([mov(0), mov(9)], [relo("0:1")], LOCAL, KernelOf(KERNEL), "main")
    assert caught.value.place == (
        "program 'main', instruction 0, struct s___mine: b, offset (0:1 of type 6)"
    )
    with pytest.raises(CoreError, match="instruction 0: a relocation beyond the 0 instructions"):
        relocate([], [relo("0:1")], LOCAL, KernelOf(KERNEL))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (K.FIELD_BYTE_OFFSET, 8),
        (K.FIELD_BYTE_SIZE, 1),
        (K.FIELD_EXISTS, 1),
        (K.FIELD_SIGNED, 1),
        (K.FIELD_LSHIFT_U64, 56),
        (K.FIELD_RSHIFT_U64, 56),
    ],
)
def test_what_may_be_asked_of_a_field(kind: CoreKind, expected: int) -> None:
    kernel = btf(struct("s", 12, ("a", 3, 8)))
    assert value(relo("0:0", kind), LOCAL, KernelOf(kernel)) == expected


@pytest.mark.parametrize(
    ("order", "place", "width", "expected"),
    [
        ("<", 35, 9, (4, 4, 52, 55)),
        (">", 35, 9, (4, 4, 35, 55)),
        ("<", 28, 8, (0, 8, 28, 56)),
        (">", 28, 8, (0, 8, 28, 56)),
        ("<", 0, 32, (0, 4, 32, 32)),
    ],
)
def test_a_bit_field(order: str, place: int, width: int, expected: tuple[int, ...]) -> None:
    record = Struct("s", 16, (Member("a", 1, place, width),))
    kernel = Btf.from_bytes(write([*SCALARS, record], byte_order=order))
    kinds = (K.FIELD_BYTE_OFFSET, K.FIELD_BYTE_SIZE, K.FIELD_LSHIFT_U64, K.FIELD_RSHIFT_U64)
    found = [value(relo("0:0", kind), LOCAL, KernelOf(kernel)) for kind in kinds]
    assert tuple(found) == expected


def test_a_bit_field_in_no_integer() -> None:
    kernel = btf(Struct("s", 16, (Member("a", 4, 60, 10),)))
    with pytest.raises(CoreError, match="does not lie in one integer of 8 bytes"):
        value(relo("0:0"), LOCAL, KernelOf(kernel))
    kernel = btf(Struct("s", 16, (Member("a", 5, 60, 10),)))
    with pytest.raises(CoreError, match="bit-field 'a' of pointer"):
        relocate([mov(0)], [relo("0:0")], kernel, KernelOf(kernel))


def test_the_compiler_may_read_a_bit_field_otherwise() -> None:
    both = btf(Struct("s", 8, (Member("a", 1, 35, 9),)))
    for kind in (K.FIELD_BYTE_OFFSET, K.FIELD_BYTE_SIZE, K.FIELD_LSHIFT_U64):
        relocated(both, both, mov(99), relo("0:0", kind))
    for kind in (K.FIELD_SIGNED, K.FIELD_RSHIFT_U64):
        with pytest.raises(CoreError, match="the instruction has 99"):
            relocated(both, both, mov(99), relo("0:0", kind))


def test_arrays() -> None:
    rows = (Array(1, 1, 4), Array(6, 1, 3))
    local = btf(*rows, struct("s", 52, ("rows", 7, 0), ("end", 1, 48)))
    kernel = btf(*rows, struct("s", 60, ("pad", 4, 0), ("rows", 7, 8), ("end", 1, 56)))
    assert value(relo("0:0:2:3", type=8), local, KernelOf(kernel)) == 8 + 2 * 16 + 3 * 4
    assert value(relo("2:0:1", type=8), local, KernelOf(kernel)) == 120 + 8 + 16
    assert value(relo("0:0:1", K.FIELD_BYTE_SIZE, 8), local, KernelOf(kernel)) == 16
    with pytest.raises(CoreError, match=r"\[3\] of an array of 3"):
        value(relo("0:0:3", type=8), local, KernelOf(kernel))
    with pytest.raises(CoreError, match="an element of an array has only"):
        value(relo("0:0:1", K.FIELD_SIGNED, 8), local, KernelOf(kernel))


def test_a_shorter_array_has_not_the_element() -> None:
    local = btf(Array(1, 1, 4), struct("s", 16, ("a", 6, 0)))
    kernel = btf(Array(1, 1, 3), struct("s", 12, ("a", 6, 0)))
    assert value(relo("0:0:2", K.FIELD_EXISTS, 7), local, KernelOf(kernel)) == 1
    assert value(relo("0:0:3", K.FIELD_EXISTS, 7), local, KernelOf(kernel)) == 0


def test_only_the_last_array_is_open() -> None:
    local = btf(Array(1, 1, 4), struct("s", 16, ("a", 6, 0)))
    opened = btf(Array(1, 1, 0), struct("s", 8, ("n", 4, 0), ("a", 6, 8)))
    closed = btf(Array(1, 1, 0), struct("s", 8, ("a", 6, 0), ("n", 4, 0)))
    assert value(relo("0:0:3", type=7), local, KernelOf(opened)) == 8 + 12
    assert value(relo("0:0:3", K.FIELD_EXISTS, 7), local, KernelOf(closed)) == 0


@pytest.mark.parametrize(
    ("mine", "its", "op", "expected"),
    [
        (2, 4, 0x61, ldx(0x79, 8)),
        (4, 2, 0x79, ldx(0x61, 8)),
        (1, 4, 0x61, POISON),
        (4, 1, 0x79, POISON),
        (1, 1, 0x61, ldx(0x61, 8)),
        (1, 5, 0x61, POISON),
        (5, 5, 0x79, ldx(0x79, 8)),
    ],
)
def test_loads_are_resized_where_upper_bits_are_zeros(
    mine: int, its: int, op: int, expected: Insn
) -> None:
    local, kernel = btf(struct("s", 8, ("a", mine, 0))), btf(struct("s", 16, ("a", its, 8)))
    assert relocated(local, kernel, ldx(op, 0), relo("0:0")) == expected


def test_pointers_of_a_kernel_of_32_bits() -> None:
    local = btf(struct("s", 8, ("a", 5, 0)))
    words: list[Type] = [*SCALARS, struct("s", 8, ("a", 5, 4)), Int("long unsigned int", 4)]
    kernel = Btf.from_bytes(write(words))
    assert relocated(local, kernel, ldx(0x79, 0), relo("0:0")) == ldx(0x61, 4)


def test_a_load_of_another_size_than_its_types_say() -> None:
    local, kernel = btf(struct("s", 8, ("a", 2, 0))), btf(struct("s", 16, ("a", 4, 8)))
    with pytest.raises(CoreError, match="accesses 2 bytes, its types say 4"):
        relocated(local, kernel, ldx(0x69, 0), relo("0:0"))


def test_an_offset_too_large_for_a_load() -> None:
    kernel = btf(struct("s", 1 << 16, ("a", 1, 1 << 15), ("b", 1, 0)))
    assert relocated(LOCAL, kernel, mov(0), relo("0:0")).imm == 1 << 15
    with pytest.raises(CoreError, match="32767 is the largest"):
        relocated(LOCAL, kernel, ldx(0x61, 0), relo("0:0"))


def test_what_the_kernel_lacks_is_poison() -> None:
    load = Insn(LD_IMM64, Reg.R1, Reg.R0, 0, 4)
    insns = [mov(0), load, mov(0), ldx(0x61, 0)]
    relos = [
        CoreRelo(instruction=1, type=6, access="0:1", kind=0),
        CoreRelo(instruction=3, type=6, access="0:0", kind=0),
    ]
    done = relocate(insns, relos, LOCAL, KernelOf(btf(struct("s", 4, ("z", 1, 0)))))
    assert done.insns == (mov(0), POISON, POISON, mov(0), POISON)
    assert [done.index(at) for at in range(4)] == [0, 1, 3, 4]
    assert POISON.is_helper_call and POISON.imm == 195896080
    assert done.poisons == (
        Poison(
            1,
            "struct s___mine: b",
            "the kernel has no `struct s___mine: b`; guard it with bpf_core_field_exists()",
        ),
        Poison(
            4,
            "struct s___mine: a",
            "the kernel has no `struct s___mine: a`; guard it with bpf_core_field_exists()",
        ),
    )


def test_a_poisoned_load_says_what_the_kernel_has() -> None:
    local, kernel = btf(struct("s", 4, ("a", 1, 0))), btf(struct("s", 8, ("a", 4, 0)))
    (poison,) = relocate([ldx(0x61, 0)], [relo("0:0")], local, KernelOf(kernel)).poisons
    assert poison.words == "struct s: a of 4 bytes"
    assert poison.why.startswith("`struct s: a` is u64 of 8 bytes in the kernel, not of 4;")


@pytest.mark.parametrize(
    ("kind", "there", "missing"),
    [(K.TYPE_EXISTS, 1, 0), (K.TYPE_SIZE, 32, 0), (K.TYPE_ID_TARGET, 9, 0), (K.TYPE_MATCHES, 0, 0)],
)
def test_what_may_be_asked_of_a_type(kind: CoreKind, there: int, missing: int) -> None:
    assert value(relo("0", kind), LOCAL, KernelOf(KERNEL)) == there
    assert value(relo("0", kind), LOCAL, KernelOf(btf())) == missing


def test_the_local_id_asks_nobody() -> None:
    assert relocated(btf(), btf(), mov(77), relo("0", K.TYPE_ID_LOCAL, 5)).imm == 5


@pytest.mark.parametrize("wide", [Enum, Enum64])
def test_enumerators(wide: type[Enum] | type[Enum64]) -> None:
    local = btf(Enum("e", 4, (Enumerator("A", 1), Enumerator("B___mine", 2)), signed=True))
    kernel = btf(wide("e", 4, (Enumerator("B", -7), Enumerator("C", 3)), signed=True))
    assert value(relo("1", K.ENUMVAL_VALUE), local, KernelOf(kernel)) == -7 & U64_MAX
    assert value(relo("1", K.ENUMVAL_EXISTS), local, KernelOf(kernel)) == 1
    assert value(relo("0", K.ENUMVAL_EXISTS), local, KernelOf(kernel)) == 0
    assert relocated(local, kernel, mov(2), relo("1", K.ENUMVAL_VALUE)) == mov(-7)
    with pytest.raises(CoreError, match="the kernel has no `enum e: A`; guard it with bpf_core_en"):
        value(relo("0", K.ENUMVAL_VALUE), local, KernelOf(kernel))


def test_an_unsigned_enumerator_is_read_as_libbpf_reads_it() -> None:
    both = btf(Enum("e", 4, (Enumerator("A", 0xFFFF_FFFE),)))
    assert value(relo("0", K.ENUMVAL_VALUE), both, KernelOf(both)) == U64_MAX - 1


def test_several_candidates_may_agree() -> None:
    kernel = btf(struct("s", 8, ("a", 1, 4)), struct("s", 16, ("a", 2, 4), ("b", 1, 12)))
    assert value(relo("0:0"), LOCAL, KernelOf(kernel)) == 4


def test_several_candidates_that_disagree() -> None:
    kernel = btf(struct("s", 8, ("a", 1, 4)), struct("s___2", 16, ("a", 1, 8)))
    with pytest.raises(CoreError, match="several types of this name, which disagree"):
        value(relo("0:0"), LOCAL, KernelOf(kernel))


def test_what_one_relocation_found_leads_the_next() -> None:
    kernel = btf(struct("s", 8, ("a", 1, 4)), struct("s", 16, ("b", 1, 8)))
    relocator = Relocator(LOCAL, KernelOf(kernel))
    assert relocator.resolve(relo("0:0")).new is not None
    assert relocator.resolve(relo("0:1")).new is None
    other = Relocator(LOCAL, KernelOf(kernel))
    assert other.resolve(relo("0:1")).new is not None


def test_modules_are_asked_only_when_the_kernel_has_no_such_type() -> None:
    def module(base: Btf, at: int) -> Btf:
        strings = StringTable(start=base.string_bytes)
        return Btf.from_bytes(write([struct("s", 64, ("a", 1, at))], strings), base)

    without, with_it = btf(), btf(struct("s", 8, ("z", 1, 0)))
    kernel = KernelOf(without, one=module(without, 40))
    assert value(relo("0:0"), LOCAL, kernel) == 40
    assert value(relo("0", K.TYPE_ID_TARGET), LOCAL, kernel) == 6
    kernel = KernelOf(with_it, one=module(with_it, 40))
    assert value(relo("0:0", K.FIELD_EXISTS), LOCAL, kernel) == 0
    kernel = KernelOf(without, one=module(without, 40), two=module(without, 48))
    with pytest.raises(CoreError, match="disagree"):
        value(relo("0:0"), LOCAL, kernel)


def test_fields_must_be_of_the_same_sort() -> None:
    local = btf(Float("f", 8), struct("s", 8, ("a", 1, 0)), Typedef("t", 1), Const(8))
    for type_, is_there in ((9, 1), (2, 1), (5, 0), (6, 0)):
        kernel = btf(Float("f", 8), struct("s", 8, ("a", type_, 0)), Typedef("t", 1), Const(8))
        assert value(relo("0:0", K.FIELD_EXISTS, 7), local, KernelOf(kernel)) == is_there, type_


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (relo("0:2"), "struct s___mine has no member number 2"),
        (relo("0:0:0"), "int has no member or element 0"),
        (relo(""), "numbers joined by ':' are expected"),
        (relo("0:"), "numbers joined by ':' are expected"),
        (relo("-1"), "numbers joined by ':' are expected"),
        (relo("0:0", K.TYPE_SIZE), "access string '0:0' of a whole type"),
        (relo("0", K.ENUMVAL_VALUE), "an enumerator of struct s___mine is asked for"),
        (relo(":".join(["0"] * 65)), "65 numbers; 64 at most"),
        (relo("9999999999:0"), "more than a program can say"),
        (relo("0", K.TYPE_SIZE, 99), "no type 99"),
        (relo("0", K.FIELD_EXISTS, 5), "pointer has no name by which"),
        (CoreRelo(instruction=0, type=6, access="0", kind=13), "kind 13; 12 is the last one"),
    ],
)
def test_a_relocation_that_makes_no_sense(one: CoreRelo, says: str) -> None:
    with pytest.raises(CoreError, match=says):
        value(one, LOCAL, KernelOf(KERNEL))
