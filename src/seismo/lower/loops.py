"""Loops: `while` and `unroll` in the function itself, `for` as functions that helpers call back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.base.errors import CompilerBug
from seismo.base.layout import Layout
from seismo.builtin.record import Address, LoopStep, Lowering
from seismo.ir.func import Block as IrBlock
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.lang.ast import Block, ForMap, ForRange, Unroll, Variable, While
from seismo.lang.types import AggregateType
from seismo.lang.walk import walk
from seismo.lower.context import Callback, Exits, FuncContext
from seismo.lower.layout import field_type, is_scalar, key_layout, value_type
from seismo.lower.maps import read_shares
from seismo.lower.memory import copy_as

__all__ = ("lower_for_map", "lower_for_range", "lower_unroll", "lower_while", "run_loop")


def lower_while(low: FuncContext, node: While) -> None:
    """A loop of jumps: the verifier follows every round until it ends."""
    b = low.b
    head, body, done = b.new_block("while"), b.new_block("do"), b.new_block("done")
    b.jump(head)
    b.start(head)
    low.condition(node.condition, body, done)
    b.seal(body)
    b.start(body)
    _run(low, node.body, Exits(lambda: b.jump(done), lambda: b.jump(head)))
    if b.is_open:
        b.jump(head)
    b.seal(head)
    b.seal(done)
    b.start(done)


def lower_unroll(low: FuncContext, node: Unroll) -> None:
    """The body again and again."""
    b = low.b
    done = b.new_block("done")
    for _ in range(int(low.constant(node.count))):
        _run_once(low, node.body, done)
    b.jump(done)
    b.seal(done)
    b.start(done)


def _run_once(low: FuncContext, body: Block, done: IrBlock) -> None:
    b = low.b
    following = b.new_block("again")
    _run(low, body, Exits(lambda: b.jump(done), lambda: b.jump(following)))
    if b.is_open:
        b.jump(following)
    b.seal(following)
    b.start(following)


def _run(low: FuncContext, body: Block, exits: Exits) -> None:
    """The body of a loop, `break` and `continue` in it meaning `exits`."""
    low.loops.append(exits)
    low.statements(body.statements)
    low.loops.pop()


def lower_for_range(low: FuncContext, node: ForRange) -> None:
    """`for $i : a..b`: bpf_loop() over b - a rounds. Since Linux 5.17."""
    b = low.b
    first, end = low.scalar(node.first), low.scalar(node.end)
    start = low.fresh("first")
    b.write(start, first)
    carried = (start, *_carried(low, node.body, node.variable))

    def run(body: Callback) -> None:
        inner = body.low
        (index,) = body.params
        inner.b.write(low.local(node.variable), inner.b.add(inner.b.read(start), index))
        _run_body(body, node.body)

    def invoke(function: str) -> Value:
        rounds, none = b.binary(BinaryKind.SUB, end, first), b.const(0)
        return b.call("loop", rounds, b.func_address(function), none, none)

    def loop() -> None:
        done = low.callback("range", (Kind.INT,), carried, run, invoke)
        b.when(Cond.SLT, done, b.const(0), lambda: low.fault("helper", "loop", done, node.span))

    # A verifier that sees bpf_loop() called for no rounds takes the function away, but not what
    # refers to it.
    b.when(Cond.SGT, end, first, loop)


def lower_for_map(low: FuncContext, node: ForMap) -> None:
    """`for $kv : @m`: bpf_for_each_map_elem(). Since Linux 5.13."""
    b, name = low.b, node.map.name

    def run(body: Callback) -> None:
        inner = body.low
        _, key, value = body.params
        mark = inner.mark()
        _store_entry(inner, node, key, value)
        inner.release(mark)
        _run_body(body, node.body)

    def invoke(function: str) -> Value:
        none = b.const(0)
        address = b.func_address(function)
        return b.call("for_each_map_elem", b.map(name), address, none, none)

    carried = _carried(low, node.body, node.variable)
    low.callback("entries", (Kind.PTR,) * 3, carried, run, invoke)


def _store_entry(low: FuncContext, node: ForMap, key: Value, value: Value) -> None:
    """`$kv` becomes (key, value); an aggregation's value is that of all CPUs."""
    symbol = low.map_symbol(node.map.name)
    home, form = low.home(node.variable), field_type(low.local_type(node.variable))
    if not isinstance(form, Layout):
        raise CompilerBug("types", f"the entries of {node.map.name} are no tuples")
    low.b.fill(home.base, home.offset, (form.size + 7) & -8)
    first, second = form.fields
    keys = key_layout(symbol.keys)
    source = keys if len(symbol.keys) > 1 else keys.fields[0].type
    copy_as(low, home.at(first.offset), first.type, Address(key), source)
    to = home.at(second.offset)
    if isinstance(symbol.value, AggregateType):
        total = read_shares(low, symbol, key)
        low.b.store(to.base, to.offset, total, second.type.size)
    else:
        copy_as(low, to, second.type, Address(value), value_type(symbol.value))


def _run_body(body: Callback, block: Block) -> None:
    """The statements of a loop's body as a function: falling off its end goes on."""
    _run(body.low, block, Exits(body.stop, body.again))
    if body.low.b.is_open:
        body.again()


def _carried(low: FuncContext, block: Block, variable: Variable) -> tuple[str, ...]:
    """The variables from around the loop that its body uses, if they live in registers."""
    own = low.local(variable)
    used = {
        low.local(node): None
        for node in walk(block)
        if isinstance(node, Variable) and low.is_typed(node)
    }
    return tuple(
        name
        for name in used
        if name != own and low.b.is_written(name) and is_scalar(low.body.facts.local_types[name])
    )


def run_loop(
    low: FuncContext,
    count: Value,
    carried: Mapping[str, Value],
    body: Callable[[Lowering, Value, Mapping[str, Value]], LoopStep],
) -> Mapping[str, Value]:
    """See `Lowering.loop`."""
    b = low.b
    names = {key: low.fresh(key) for key in carried}
    for key, value in carried.items():
        b.write(names[key], value)

    def run(function: Callback) -> None:
        inner = function.low
        (index,) = function.params
        mark = inner.mark()
        step = body(inner, index, {key: inner.b.read(name) for key, name in names.items()})
        for key, value in step.carried.items():
            inner.b.write(names[key], value)
        inner.release(mark)
        if step.stop is not None:
            inner.b.when_set(step.stop, function.stop)
        function.again()

    def invoke(function: str) -> Value:
        none = b.const(0)
        return b.call("loop", count, b.func_address(function), none, none)

    low.callback("loop", (Kind.INT,), tuple(names.values()), run, invoke)
    return {key: b.read(name) for key, name in names.items()}
