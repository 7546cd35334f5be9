"""The stack frame: slots side by side, shared, or too large."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bpf_machine import run_machine
from seismo.base.source import Source, Span
from seismo.codegen.emit import generate
from seismo.codegen.stack import StackOverflow
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.interp import Memory, interpret
from seismo.ir.ops import BinaryKind, Kind, Value
from seismo.ir.parse import parse
from seismo.ir.verify import verify


def statement(b: Builder, number: int) -> None:
    """Fill a slot of its own, hand it to a helper, read it back."""
    slot = b.slot("record", 64)
    b.fill(slot, 0, 64)
    b.store(slot, 8, b.const(number), 8)
    b.call("trace_printk", slot)
    b.write("sum", b.binary(BinaryKind.ADD, b.read("sum"), b.load(slot, 8, 8)))


def ignore(name: str, args: Sequence[int], memory: Memory) -> int:
    return 0


def test_slots_stand_side_by_side_while_they_fit() -> None:
    b = Builder("f")
    b.write("sum", b.const(0))
    for number in range(8):
        statement(b, number)
    b.ret(b.read("sum"))
    assert generate(b.func).stack_bytes == 8 * 64


def test_slots_that_are_not_in_use_together_share_bytes() -> None:
    b = Builder("f")
    b.write("sum", b.const(0))
    for number in range(100):
        statement(b, number)
    b.ret(b.read("sum"))
    generated = generate(b.func)
    assert generated.stack_bytes == 64
    assert run_machine(generated.insns, context=b"", call=ignore) == sum(range(100))


def test_a_slot_that_a_loop_reads_again_is_not_shared() -> None:
    b = Builder("f")
    kept = b.slot("kept", 64)
    b.fill(kept, 0, 64)
    b.write("sum", b.const(0))
    b.write("turn", b.const(0))
    head, after = b.new_block("head"), b.new_block("after")
    b.jump(head)
    b.start(head)
    b.store(kept, 0, b.binary(BinaryKind.ADD, b.load(kept, 0, 8), b.const(5)), 8)
    for number in range(10):
        statement(b, number)
    b.write("turn", b.binary(BinaryKind.ADD, b.read("turn"), b.const(1)))
    b.branch_if(b.binary(BinaryKind.SUB, b.read("turn"), b.const(3)), head, after)
    b.seal(head)
    b.seal(after)
    b.start(after)
    b.ret(b.binary(BinaryKind.ADD, b.read("sum"), b.load(kept, 0, 8)))
    generated = generate(b.func)
    assert generated.stack_bytes == 2 * 64
    assert run_machine(generated.insns, context=b"", call=ignore) == 3 * 45 + 15


def test_a_slot_whose_address_is_stored_is_not_shared() -> None:
    b = Builder("f")
    b.write("sum", b.const(0))
    hidden, place = b.slot("hidden", 64), b.slot("place", 8)
    b.fill(hidden, 0, 64)
    b.store(place, 0, hidden, 8)
    for number in range(10):
        statement(b, number)
    b.ret(b.load(place, 0, 8))
    assert generate(b.func).stack_bytes == 64 + 64 + 8


def overflowing() -> tuple[Builder, Span]:
    b = Builder("f")
    source = Source("stdin", "@a[str(args.name)] = 1")
    b.span = Span(source, 0, 2)
    key = b.slot("key", 200)
    b.fill(key, 0, 200)
    b.span = Span(source, 3, 17)
    text = b.slot("str", 400)
    b.fill(text, 0, 400)
    b.call("trace_printk", key, text)
    b.ret(b.const(0))
    return b, b.span


def test_too_large_a_frame_is_a_script_line() -> None:
    b, span = overflowing()
    with pytest.raises(StackOverflow) as caught:
        generate(b.func)
    assert caught.value.span == span
    assert str(caught.value) == (
        "stdin:1:4: error: the program needs 600 bytes of stack, the kernel has 512\n"
        "    @a[str(args.name)] = 1\n"
        "       ^^^^^^^^^^^^^^\n"
        "hint: this takes 400 of them: use shorter strings or fewer variables"
    )


def chain(*sizes: int) -> Func:
    """A program with a slot of the first size that calls one with the second, and so on."""
    made: list[Func] = []
    for number, size in reversed(list(enumerate(sizes))):
        b = Builder(f"f{number}", (Kind.PTR,) if number == 0 else ())
        b.span = Span(Source("stdin", "0123456789"), number, number + 1)
        slot = b.slot("slot", size)
        b.fill(slot, 0, size)
        b.ret(b.call_func(made[-1].name) if made else b.load(slot, 0, 8))
        made.append(b.func)
    *subprograms, program = made
    program.subprograms += subprograms
    verify(program, "builder")
    return program


@pytest.mark.parametrize(
    ("sizes", "depth"), [((200, 200), 448), ((256, 256), 512), ((8,) * 8, 256), ((0x1D8, 8), 512)]
)
def test_frames_lie_below_one_another(sizes: Sequence[int], depth: int) -> None:
    """Each takes a multiple of 32 bytes."""
    generated = generate(chain(*sizes))
    assert generated.stack_bytes == depth
    assert run_machine(generated.insns, context=b"", call=ignore) == 0


def test_a_chain_of_frames_that_is_too_deep_names_the_largest_slot() -> None:
    with pytest.raises(StackOverflow, match="needs 544 bytes of stack") as caught:
        generate(chain(100, 250, 130))
    assert caught.value.span.start == 1


def test_functions_that_are_not_under_way_together_do_not_add_up() -> None:
    """The program calls one, and hands out the address of the other."""
    b = Builder("f")
    slot = b.slot("slot", 200)
    b.fill(slot, 0, 200)
    b.call_func("called")
    b.call("loop", b.const(2), b.func_address("callback"), slot, b.const(0))
    b.ret(b.load(slot, 0, 8))
    for name, params in (("called", ()), ("callback", (Kind.INT, Kind.PTR))):
        inner = Builder(name, params)
        own = inner.slot("slot", 280)
        inner.fill(own, 0, 280)
        inner.ret(inner.load(own, 0, 8))
        b.func.subprograms.append(inner.func)
    verify(b.func, "builder")
    generated = generate(b.func)
    assert generated.stack_bytes == 224 + 288
    assert run_machine(generated.insns, context=b"", call=ignore) == 0


def test_slots_share_bytes_when_a_chain_would_be_too_deep() -> None:
    b = Builder("f")
    b.write("sum", b.const(0))
    for number in range(5):
        statement(b, number)
    b.ret(b.add(b.read("sum"), b.call_func("called")))
    called = Builder("called", ())
    called.write("sum", called.const(0))
    for number in range(5):
        statement(called, number)
    called.ret(called.read("sum"))
    b.func.subprograms.append(called.func)
    generated = generate(b.func)
    assert generated.stack_bytes < 512
    assert run_machine(generated.insns, context=b"", call=ignore) == 20


def test_calls_nested_deeper_than_eight_frames_are_a_script_line() -> None:
    generate(chain(*(8,) * 8))
    with pytest.raises(StackOverflow, match="9 deep, the kernel allows 8") as caught:
        generate(chain(*(8,) * 9))
    assert caught.value.span.start == 7


def test_a_slot_is_8_byte_aligned_whatever_stands_beside_it() -> None:
    func = parse("""
func f(%p0)
entry:
    %p1 = slot a[3] align 1
    %p2 = slot b[8]
    %3 = const 1
    store.u8 %p1+2, %3
    store.u64 %p2+0, %3
    %4 = load.u64 %p2+0
    return %4
""")
    generated = generate(func)
    assert generated.stack_bytes == 16
    assert [insn.off for insn in generated.insns[:2]] == [-6, -16]
    assert interpret(func) == 1


def test_values_do_not_need_a_frame() -> None:
    b = Builder("f")
    value: Value = b.const(3)
    b.ret(value)
    assert generate(b.func).stack_bytes == 0
