"""Script maps: keys, reading, assigning, adding; the shares that CPUs keep."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.errors import CompilerBug
from seismo.base.layout import Int
from seismo.builtin.portable import run_value
from seismo.builtin.record import Writer
from seismo.ir.ops import Cond, Kind, Value
from seismo.lang.ast import Expr, MapAccess
from seismo.lang.typed import MapSymbol
from seismo.lang.types import AggregateType, IntType
from seismo.lower.arithmetic import divide_signed
from seismo.lower.context import FuncContext
from seismo.lower.layout import key_layout, key_size, value_type

__all__ = (
    "find_entry",
    "guarded_update",
    "map_key",
    "map_length",
    "put_entry",
    "read_entry",
    "read_shares",
)

BPF_ANY, BPF_NOEXIST = 0, 1  # include/uapi/linux/bpf.h
_WORD = 8


def map_key(low: FuncContext, access: MapAccess, bucket: Value | None = None) -> Value:
    """A pointer to the key, all of whose bytes are written: equal keys must be equal bytes."""
    b, symbol = low.b, low.map_symbol(access.name)
    layout = key_layout(symbol.keys)
    size = key_size(symbol, is_bucketed=bucket is not None)
    writers = _key_writers(low, access, symbol) if access.keys else []
    to = low.temporary("key", size)
    # Helpers need not write behind a string's NUL (bpf_get_current_comm() before Linux 6.2).
    if (
        size != layout.size
        or layout.padding()
        or any(not isinstance(field.type, Int) for field in layout.fields)
    ):
        b.fill(to.base, to.offset, (size + 7) & -8)
    elif not access.keys:
        b.store(to.base, to.offset, b.const(0), layout.size)
    for field, write in zip(layout.fields, writers, strict=False):
        write(to.at(field.offset))
    if bucket is not None:
        b.store(to.base, to.offset + size - _WORD, bucket, _WORD)
    return low.address(to)


def _key_writers(low: FuncContext, access: MapAccess, symbol: MapSymbol) -> list[Writer]:
    """One for each element; where one tuple gives them all, it has the whole key's layout."""
    layout = key_layout(symbol.keys)
    if len(access.keys) == 1 and len(layout.fields) > 1:
        whole = low.writer_as(access.keys[0], layout)
        return [whole]
    return [
        low.writer_as(key, field.type)
        for key, field in zip(access.keys, layout.fields, strict=True)
    ]


def find_entry(low: FuncContext, access: MapAccess) -> Value:
    """A pointer to the value under a key, null where there is none."""
    key = map_key(low, access)
    return low.b.call("map_lookup_elem", low.b.map(access.name), key, kind=Kind.PTR)


def read_entry(low: FuncContext, access: MapAccess) -> Value:
    """The integer under a key, 0 where there is none; an aggregation gives all CPUs' value."""
    symbol = low.map_symbol(access.name)
    if isinstance(symbol.value, AggregateType):
        return read_shares(low, symbol, map_key(low, access))
    form = value_type(symbol.value)
    signed = isinstance(form, Int) and form.signed
    b, found, result = low.b, find_entry(low, access), low.fresh("entry")
    b.write(result, b.const(0))
    b.when_set(found, lambda: b.write(result, b.load(found, 0, form.size, signed=signed)))
    return b.read(result)


def read_shares(low: FuncContext, symbol: MapSymbol, key: Value) -> Value:
    """What an aggregation comes to over all CPUs. `map_lookup_percpu_elem`: Linux 5.19."""
    assert isinstance(symbol.value, AggregateType), "only aggregations have shares"
    b, read = low.b, low.aggregate(symbol.value.function).read
    signed = isinstance(symbol.value.value, IntType) and symbol.value.value.signed
    first, second = low.fresh("first"), low.fresh("second")
    for name in (first, second):
        b.write(name, b.const(0))

    def add(share: Value) -> None:
        b.write(first, b.add(b.read(first), b.load(share, 0, _WORD)))
        if read == "avg":
            b.write(second, b.add(b.read(second), b.load(share, _WORD, _WORD)))

    def choose(share: Value) -> None:
        value = b.load(share, 0, _WORD)

        def take() -> None:
            b.write(first, value)
            b.write(second, b.const(1))

        def compare() -> None:
            b.when(_BETTER[read][signed], value, b.read(first), take)

        is_set = b.load(share, _WORD, _WORD)
        b.when_set(is_set, lambda: b.when_set(b.read(second), compare, take))

    match read:
        case "sum" | "avg":
            _each_share(low, symbol.name, key, add)
        case "min" | "max":
            _each_share(low, symbol.name, key, choose)
        case _:
            raise CompilerBug("types", f"{symbol.value} is no number")
    if read != "avg":
        return b.read(first)
    return _average(low, b.read(first), b.read(second), signed=signed)


_BETTER = {"min": {False: Cond.LT, True: Cond.SLT}, "max": {False: Cond.GT, True: Cond.SGT}}


def _average(low: FuncContext, total: Value, count: Value, *, signed: bool) -> Value:
    b, result = low.b, low.fresh("average")
    b.write(result, b.const(0))
    b.when_set(count, lambda: b.write(result, divide_signed(low, total, count, signed=signed)))
    return b.read(result)


def _each_share(low: FuncContext, name: str, key: Value, visit: Callable[[Value], None]) -> None:
    """for cpu in 0..n: visit(share of cpu); no shares at all where there is no such key."""
    b, cpu = low.b, low.fresh("cpu")
    b.write(cpu, b.const(0))
    head, body, done = b.new_block("cpus"), b.new_block("cpu"), b.new_block("summed")
    b.jump(head)
    b.start(head)
    b.branch(Cond.LT, b.read(cpu), run_value(b, low.options, "possible_cpus"), body, done)
    b.seal(body)
    b.start(body)
    share = b.call("map_lookup_percpu_elem", b.map(name), key, b.read(cpu), kind=Kind.PTR)
    some = b.new_block("share")
    b.branch_if(share, some, done)
    b.seal(some)
    b.seal(done)
    b.start(some)
    visit(share)
    b.write(cpu, b.add(b.read(cpu), b.const(1)))
    b.jump(head)
    b.seal(head)
    b.start(done)


def map_length(low: FuncContext, access: MapAccess) -> Value:
    """How many entries `bpf_for_each_map_elem` comes by."""
    b = low.b

    def invoke(function: str) -> Value:
        none = b.const(0)
        return b.call("for_each_map_elem", b.map(access.name), b.func_address(function), none, none)

    return low.callback("count", (Kind.PTR,) * 3, (), lambda body: body.again(), invoke)


def put_entry(low: FuncContext, access: MapAccess, value: Expr) -> None:
    """`@m[k] = v`; where the map is full the update is counted as lost."""
    b, span = low.b, access.span
    form = low.value_form(access.name)
    write = low.writer_as(value, form)
    to = low.temporary("value", form.size)
    if not isinstance(form, Int):
        b.fill(to.base, to.offset, (form.size + 7) & -8)
    write(to)
    key = map_key(low, access)
    failed = b.call("map_update_elem", b.map(access.name), key, low.address(to), b.const(BPF_ANY))
    b.when_set(failed, lambda: low.fault("map_full", "map_update_elem", failed, span))


def guarded_update(
    low: FuncContext,
    access: MapAccess,
    update: Callable[[Value], None],
    bucket: Value | None = None,
) -> None:
    """`update` gets a pointer to the value under a key, put there as zero if there was none.

    The second look-up, not the update's result, decides: another CPU may have put the same key in
    between, and then BPF_NOEXIST's -EEXIST is no failure.
    """
    b, span, entry = low.b, access.span, low.fresh("entry")
    key = map_key(low, access, bucket)
    some, none, full, done = map(b.new_block, ("found", "absent", "full", "updated"))
    found = b.call("map_lookup_elem", b.map(access.name), key, kind=Kind.PTR)
    b.write(entry, found)
    b.branch_if(found, some, none)
    b.seal(none)
    b.start(none)
    size = low.value_form(access.name).size
    zero = low.temporary("zero", size)
    b.fill(zero.base, zero.offset, (size + 7) & -8)
    flags = b.const(BPF_NOEXIST)
    failed = b.call("map_update_elem", b.map(access.name), key, low.address(zero), flags)
    again = b.call("map_lookup_elem", b.map(access.name), key, kind=Kind.PTR)
    b.write(entry, again)
    b.branch_if(again, some, full)
    b.seal(full)
    b.start(full)
    low.fault("map_full", "map_update_elem", failed, span)
    b.jump(done)
    b.seal(some)
    b.start(some)
    update(b.read(entry))
    b.jump(done)
    b.seal(done)
    b.start(done)
