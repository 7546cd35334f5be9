"""The interpreter: memory, atomics, helpers, faults."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seismo.ir.interp import Fault, Memory, interpret
from seismo.ir.parse import parse
from seismo.ir.verify import verify


def run(body: str, context: bytes = bytes(16), **options: object) -> int:
    return interpret(parse(f"func f(%p0)\nentry:\n{body}"), context=context, **options)


def test_loads_extend_as_they_say() -> None:
    body = "    %1 = load.{} %p0+1\n    return %1"
    assert run(body.format("u16"), bytes([0, 0x34, 0xF2])) == 0xF234
    assert run(body.format("s16"), bytes([0, 0x34, 0xF2])) == (1 << 64) - 0x10000 + 0xF234


def test_atomics_give_the_old_value() -> None:
    body = """
    %p1 = slot a[8]
    %2 = const 10
    store.u64 %p1+0, %2
    %3 = const 6
    %4 = atomic.{}64 %p1+0, %3
    %5 = load.u64 %p1+0
    %6 = const 100
    %7 = mul64 %4, %6
    %8 = add64 %7, %5
    return %8
"""
    answers = {"add": 16, "and": 2, "or": 14, "xor": 12, "xchg": 6}
    for kind, new in answers.items():
        assert run(body.format(kind)) == 1000 + new


def test_a_helper_sees_maps_and_memory() -> None:
    def call(name: str, args: Sequence[int], memory: Memory) -> int:
        assert (name, memory.map_name(args[0])) == ("map_lookup_elem", "counts")
        return memory.allocate(memory.read(args[1], 4) + b"\x2a\0\0\0")

    body = """
    %p1 = slot key[8]
    %2 = const 7
    store.u64 %p1+0, %2
    %p3 = map counts
    %p4 = call map_lookup_elem(%p3, %p1)
    %5 = load.u64 %p4+0
    return %5
"""
    assert run(body, call=call) == 42 << 32 | 7


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    %1 = load.u64 %p0+12\n    return %1", "leave their region of 16"),
        ("    %1 = const 8\n    %2 = load.u64 %1+0\n    return %2", "no memory at 0x8"),
        ("    jump a\na:\n    jump a", "f does not end"),
        ("    %1 = call ktime_get_ns()\n    return %1", "call of ktime_get_ns()"),
    ],
)
def test_faults(body: str, message: str) -> None:
    with pytest.raises(Fault) as caught:
        run(body)
    assert message in str(caught.value)


LOOP = """
func f(%p0)
entry:
    %1 = load.u64 %p0+0
    %2 = const {flags}
    %p3 = slot total[8]
    store.u64 %p3+0, %2
    %p4 = func @turn
    %5 = call loop(%1, %p4, %p3, %2)
    %6 = call @pack(%5, %p3)
    return %6

sub pack(%0, %p1)
entry:
    %2 = load.u64 %p1+0
    %3 = const 1000
    %4 = mul64 %0, %3
    %5 = add64 %4, %2
    return %5

sub turn(%0, %p1)
entry:
    %2 = load.u64 %p1+0
    %3 = add64 %2, %0
    store.u64 %p1+0, %3
    %4 = const 4
    %5 = cmp.eq64 %0, %4
    return %5
"""


@pytest.mark.parametrize(("turns", "want"), [(0, 0), (3, 3003), (5, 5010), (100, 5010)])
def test_a_loop_calls_back_until_it_is_told_to_stop(turns: int, want: int) -> None:
    func = parse(LOOP.format(flags=0))
    verify(func, "parse")
    assert interpret(func, context=turns.to_bytes(8, "little")) == want


@pytest.mark.parametrize(("turns", "flags"), [((1 << 23) + 1, 0), (1, 1)])
def test_a_loop_that_the_kernel_refuses(turns: int, flags: int) -> None:
    with pytest.raises(Fault, match=f"loop of {turns} turns with flags {flags:#x}"):
        interpret(parse(LOOP.format(flags=flags)), context=turns.to_bytes(8, "little"))


def test_turns_count_towards_the_end() -> None:
    func = parse(LOOP.format(flags=0).replace("const 4", "const -1"))
    with pytest.raises(Fault, match="turn does not end"):
        interpret(func, context=(1 << 20).to_bytes(8, "little"))
