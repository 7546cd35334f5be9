"""Subprograms and callbacks as the kernel runs them: calls, loops, walks over maps, spilling."""

from __future__ import annotations

import pytest

from bpf_programs import u64
from seismo.base.source import Source, Span
from seismo.codegen.emit import generate
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.ir.pipeline import optimize
from seismo.ir.verify import verify
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.load import load
from seismo.objects.program import load_program
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec

pytestmark = pytest.mark.kernel

INT, PTR = Kind.INT, Kind.PTR
LOOP_PARAMS = (INT, PTR)
WALK_PARAMS = (PTR, PTR, PTR, PTR)


def spec_of(func: Func) -> ProgramSpec:
    generated = generate(func)
    return ProgramSpec(
        name=func.name,
        type=ProgType.RAW_TRACEPOINT,
        insns=generated.insns,
        map_refs=generated.map_refs,
        spans=generated.spans,
        functions=generated.functions,
    )


def answer(kernel: LiveKernel, func: Func, ctx: bytes = bytes(64)) -> int:
    """What the kernel computes, with the passes as without them."""
    verify(func, "builder")
    answers = set()
    for one in (func, optimize(func, check=True)):
        with load_program(spec_of(one), {}, kernel) as program:
            answers.add(program.test_run(ctx=ctx).retval)
    (only,) = answers
    return only


def weighted_sum() -> Func:
    """a + 2b + 3c + 4d + 5e."""
    b = Builder("weighted_sum", (INT,) * 5)
    total = b.const(0)
    for weight, param in enumerate(b.func.params, 1):
        total = b.add(total, b.binary(BinaryKind.MUL, param, b.const(weight)))
    b.ret(total)
    return b.func


def test_five_arguments_from_two_places(kernel: LiveKernel) -> None:
    b = Builder("caller")
    values = [b.load(b.context, 8 * index, 8) for index in range(5)]
    first = b.call_func("weighted_sum", *values)
    second = b.call_func("weighted_sum", *reversed(values))
    b.ret(b.add(b.binary(BinaryKind.MUL, first, b.const(1000)), second))
    b.func.subprograms.append(weighted_sum())
    ctx = b"".join(u64(number) for number in (1, 2, 3, 4, 5))
    assert answer(kernel, b.func, ctx) == 55 * 1000 + 35


def test_a_subprogram_without_parameters(kernel: LiveKernel) -> None:
    answering = Builder("answering", ())
    answering.ret(answering.const(42))
    b = Builder("caller")
    b.ret(b.call_func("answering"))
    b.func.subprograms.append(answering.func)
    assert answer(kernel, b.func) == 42


def test_the_context_reaches_a_subprogram(kernel: LiveKernel) -> None:
    second = Builder("second", (PTR,))
    second.ret(second.load(second.context, 8, 8))
    b = Builder("caller")
    b.ret(b.call_func("second", b.context))
    b.func.subprograms.append(second.func)
    assert answer(kernel, b.func, u64(1) + u64(77) + bytes(48)) == 77


def summing(name: str = "summing") -> Func:
    """Adds the index to the u64 that the context points to; stops after index 6."""
    b = Builder(name, LOOP_PARAMS)
    index, total = b.func.params
    b.store(total, 0, b.add(b.load(total, 0, 8), index), 8)
    b.ret(b.compare(Cond.EQ, index, b.const(6)))
    return b.func


@pytest.mark.parametrize(("turns", "total", "done"), [(0, 0, 0), (5, 10, 5), (100, 21, 7)])
def test_a_loop_sums_into_its_callers_stack(
    kernel: LiveKernel, turns: int, total: int, done: int
) -> None:
    b = Builder("caller")
    slot = b.slot("total", 8)
    b.store(slot, 0, b.const(0), 8)
    zero = b.const(0)
    made = b.call("loop", b.load(b.context, 0, 8), b.func_address("summing"), slot, zero)
    b.ret(b.add(b.binary(BinaryKind.MUL, made, b.const(1000)), b.load(slot, 0, 8)))
    b.func.subprograms.append(summing())
    assert answer(kernel, b.func, u64(turns) + bytes(56)) == done * 1000 + total


def test_the_context_reaches_a_callback_by_way_of_the_stack(kernel: LiveKernel) -> None:
    callback = Builder("adding", LOOP_PARAMS)
    frame = callback.func.params[1]
    context = callback.load(frame, 8, 8, kind=PTR)
    total = callback.add(callback.load(frame, 0, 8), callback.load(context, 16, 8))
    callback.store(frame, 0, total, 8)
    callback.ret(callback.const(0))
    b = Builder("caller")
    slot = b.slot("frame", 16)
    b.store(slot, 0, b.const(0), 8)
    b.store(slot, 8, b.context, 8)
    b.call("loop", b.const(3), b.func_address("adding"), slot, b.const(0))
    b.ret(b.load(slot, 0, 8))
    b.func.subprograms.append(callback.func)
    assert answer(kernel, b.func, bytes(16) + u64(14) + bytes(40)) == 42


def test_a_callback_that_loops(kernel: LiveKernel) -> None:
    outer = Builder("outer", LOOP_PARAMS)
    index, total = outer.func.params
    outer.call("loop", index, outer.func_address("inner"), total, outer.const(0))
    outer.ret(outer.const(0))
    b = Builder("caller")
    slot = b.slot("total", 8)
    b.store(slot, 0, b.const(0), 8)
    b.call("loop", b.const(5), b.func_address("outer"), slot, b.const(0))
    b.ret(b.load(slot, 0, 8))
    b.func.subprograms += [summing("inner"), outer.func]
    assert answer(kernel, b.func) == sum(sum(range(turns)) for turns in range(5))


def test_a_callback_that_spills(kernel: LiveKernel) -> None:
    """Ten values live across calls, four registers to keep them in."""
    callback = Builder("spilling", LOOP_PARAMS)
    index, numbers = callback.func.params
    kept = [
        callback.binary(BinaryKind.MUL, callback.load(numbers, 8, 8), callback.add(index, weight))
        for weight in map(callback.const, range(10))
    ]
    total: Value = callback.binary(BinaryKind.AND, callback.call("ktime_get_ns"), callback.const(0))
    for value in kept:
        callback.call("get_smp_processor_id")
        total = callback.add(total, value)
    callback.store(numbers, 0, callback.add(callback.load(numbers, 0, 8), total), 8)
    callback.ret(callback.const(0))
    b = Builder("caller")
    slot = b.slot("numbers", 16)
    b.store(slot, 0, b.const(0), 8)
    b.store(slot, 8, b.load(b.context, 0, 8), 8)
    b.call("loop", b.const(4), b.func_address("spilling"), slot, b.const(0))
    b.ret(b.load(slot, 0, 8))
    b.func.subprograms.append(callback.func)
    want = 3 * sum(turn + weight for turn in range(4) for weight in range(10))
    assert answer(kernel, b.func, u64(3) + bytes(56)) == want


def test_a_walk_over_a_hash(kernel: LiveKernel) -> None:
    callback = Builder("visiting", WALK_PARAMS)
    _, key, value, total = callback.func.params
    product = callback.binary(BinaryKind.MUL, callback.load(key, 0, 8), callback.load(value, 0, 8))
    callback.store(total, 0, callback.add(callback.load(total, 0, 8), product), 8)
    callback.store(value, 0, callback.const(7), 8)
    callback.ret(callback.const(0))
    b = Builder("caller")
    slot = b.slot("total", 8)
    b.store(slot, 0, b.const(0), 8)
    arguments = b.map("pairs"), b.func_address("visiting"), slot, b.const(0)
    visited = b.call("for_each_map_elem", *arguments)
    b.ret(b.add(b.binary(BinaryKind.MUL, visited, b.const(1000)), b.load(slot, 0, 8)))
    b.func.subprograms.append(callback.func)
    verify(b.func, "builder")
    pairs = MapSpec(name="pairs", type=MapType.HASH, key_size=8, value_size=8, max_entries=16)
    spec = ObjectSpec(maps=(pairs,), programs=(spec_of(optimize(b.func)),))
    with load(spec, kernel) as loaded:
        for number in range(1, 6):
            loaded.maps["pairs"].put(u64(number), u64(10 * number))
        run = loaded.programs["caller"].test_run(ctx=bytes(64))
        assert run.retval == 5 * 1000 + sum(10 * number * number for number in range(1, 6))
        assert {value for _, value in loaded.maps["pairs"].items()} == {u64(7)}


def test_a_complaint_about_a_subprogram_is_a_line_of_it(kernel: LiveKernel) -> None:
    text = "fn f() { *0 } BEGIN { f() }"
    source = Source("stdin", text)
    callee = Builder("f", ())
    callee.span = Span(source, text.index("*0"), text.index("*0") + 2)
    callee.ret(callee.load(callee.add(callee.slot("x", 8), callee.const(-4096)), 0, 8))
    b = Builder("0_begin")
    b.span = Span(source, 22, 25)
    b.ret(b.add(b.call_func("f"), b.const(0x1122334455667788)))
    b.func.subprograms.append(callee.func)
    with pytest.raises(VerifierError) as caught:
        load_program(spec_of(b.func), {}, kernel)
    assert caught.value.span.text == "*0"
    assert "invalid read from stack" in caught.value.summary
