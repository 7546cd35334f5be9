"""What comes with the instructions: map references, spans, stages."""

from __future__ import annotations

from seismo.base.source import Source, Span
from seismo.codegen.emit import generate
from seismo.ir.builder import Builder
from seismo.ir.ops import Kind
from seismo.isa.opcode import LD_IMM64
from seismo.spec.types import FunctionInfo

TEXT = "@n[pid] = count(); exit()"


def counting() -> tuple[Builder, Span, Span]:
    source = Source("stdin", TEXT)
    count, leave = Span(source, 0, 17), Span(source, 19, 25)
    b = Builder("f")
    b.span = count
    key = b.slot("key", 8)
    b.store(key, 0, b.call("get_current_pid_tgid"), 8)
    value = b.call("map_lookup_elem", b.map("@n"), key, kind=Kind.PTR)
    found, missing = b.new_block("found"), b.new_block("missing")
    b.branch_if(value, found, missing)
    b.start(found)
    b.atomic_add(value, 0, b.const(1))
    b.jump(missing)
    b.span = leave
    b.start(missing)
    b.call("map_delete_elem", b.map("control"), key)
    b.ret(b.const(0))
    return b, count, leave


def test_map_references_point_at_their_loads() -> None:
    b, _, _ = counting()
    generated = generate(b.func)
    assert [name for _, name in generated.map_refs] == ["@n", "control"]
    assert all(generated.insns[index].op == LD_IMM64 for index, _ in generated.map_refs)


def test_each_instruction_has_the_span_of_its_op() -> None:
    b, count, leave = counting()
    generated = generate(b.func)
    assert len(generated.spans) == len(generated.insns)
    first_of_leave = next(index for index, name in generated.map_refs if name == "control")
    assert set(generated.spans[:first_of_leave]) == {count}
    assert set(generated.spans[first_of_leave:]) == {leave}


def test_stages_are_told() -> None:
    b, _, _ = counting()
    told: dict[str, object] = {}
    generate(b.func, told.__setitem__)
    assert list(told) == ["prepare", "regalloc"]
    assert str(told["prepare"]).startswith("func f(%p0)\nentry:")
    listing = str(told["regalloc"])
    assert "    store.u64 %p1+0, %2\n" in listing
    assert "; %2 in r0\n" in listing


def with_subprogram() -> Builder:
    b = Builder("f")
    b.ret(b.call_func("add", b.const(1 << 40), b.const(2)))
    add = Builder("add", (Kind.INT, Kind.INT))
    add.ret(add.add(*add.func.params))
    callback = Builder("unused", (Kind.INT, Kind.PTR))
    callback.ret(callback.func.params[0])
    b.func.subprograms += [add.func, callback.func]
    return b


def test_functions_are_told_where_there_are_several() -> None:
    generated = generate(with_subprogram().func)
    assert generated.functions == (
        FunctionInfo(0, "f", (True,)),
        FunctionInfo(4, "add", (False, False)),
        FunctionInfo(7, "unused", (False, True)),
    )
    assert all(generated.insns[one.start - 1].is_exit for one in generated.functions[1:])
    b, _, _ = counting()
    assert generate(b.func).functions == ()


def test_the_stages_of_all_functions_are_told_together() -> None:
    told: dict[str, object] = {}
    generate(with_subprogram().func, told.__setitem__)
    for listing in map(str, told.values()):
        heads = [line for line in listing.splitlines() if line.startswith(("func ", "sub "))]
        assert [head.split()[1] for head in heads] == ["f(%p0)", "add(%0,", "unused(%0,"]


def test_far_jumps_keep_spans_and_map_references_in_step() -> None:
    """A jump over 32,767 slots is widened when the program is finished."""
    source = Source("stdin", TEXT)
    b = Builder("f")
    key = b.slot("key", 8)
    b.store(key, 0, b.const(0), 8)
    far, near = b.new_block("far"), b.new_block("near")
    b.branch_if(b.load(b.context, 0, 8), near, far)
    b.start(near)
    big = b.slot("big", 400)
    for _ in range(700):
        b.fill(big, 0, 400)
    b.jump(far)
    b.span = Span(source, 19, 25)
    b.start(far)
    b.call("map_delete_elem", b.map("control"), key)
    b.ret(b.const(0))
    generated = generate(b.func)
    assert len(generated.insns) > 35_000
    assert len(generated.spans) == len(generated.insns)
    ((index, name),) = generated.map_refs
    assert (generated.insns[index].op, name) == (LD_IMM64, "control")
    assert generated.spans[index] == b.span
    assert generated.spans[index - 1] != b.span
