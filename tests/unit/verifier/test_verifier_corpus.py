"""The generated corpus is the same every time, and has what it says."""

from __future__ import annotations

from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec
from verifier_corpus.pen import MAPS
from verifier_corpus.runs import fault_of
from verifier_corpus.table import CLASSES, case

COUNT = 400


def spec(text: str, kind: ProgType = ProgType.RAW_TRACEPOINT) -> ProgramSpec:
    return ProgramSpec(name="p", type=kind, insns=parse_listing(text))


def test_numbers_make_the_same_program_again() -> None:
    assert [case(number) for number in range(40)] == [case(number) for number in range(40)]
    assert case(7) != case(7, seed=1)


def test_every_class_is_there_and_some_are_damaged() -> None:
    cases = [case(number) for number in range(COUNT)]
    assert {one.group for one in cases} == set(CLASSES)
    damaged = sum(one.is_mutated for one in cases)
    assert COUNT // 8 < damaged < COUNT // 3


def test_maps_are_named_where_they_are_loaded() -> None:
    for number in range(COUNT):
        program = case(number).spec
        for index, name in program.map_refs:
            assert name in MAPS
            assert program.insns[index].is_map_load


def test_functions_are_told_where_there_are_any() -> None:
    for number in range(COUNT):
        program = case(number).spec
        calls = any(one.is_subprog_call or one.is_func_address for one in program.insns)
        assert bool(program.functions) == calls


def test_a_fault_is_found_when_it_needs_a_certain_input() -> None:
    text = "r2 = *(u64 *)(r1 +8)\nif r2 != 0x40 goto pc+1\nr0 = *(u64 *)(r2 +0)\nr0 = 0\nexit"
    assert "a null pointer" in fault_of(spec(text), 500)
    assert fault_of(spec("r0 = *(u64 *)(r1 +8)\nexit"), 20) == ""


def test_packets_end_where_their_context_says() -> None:
    """xdp_md: the packet's addresses are 32-bit fields, which loads make whole."""
    checked = """
        r2 = *(u32 *)(r1 +0)
        r3 = *(u32 *)(r1 +4)
        r4 = r2
        r4 += 40
        if r4 > r3 goto pc+1
        r0 = *(u8 *)(r2 +39)
        r0 = 0
        exit"""
    assert fault_of(spec(checked, ProgType.XDP), 50) == ""
    assert "reads 1 byte at packet+" in fault_of(
        spec(checked.replace("+= 40", "+= 30"), ProgType.XDP), 50
    )
