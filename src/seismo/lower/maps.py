"""Script maps: keys, reading, assigning, adding; the shares that CPUs keep."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.layout import Int
from seismo.builtin.record import Address
from seismo.ir.ops import Cond, Kind, Value
from seismo.lang.ast import MapAccess
from seismo.lang.types import AggregateType
from seismo.lower.context import Counter, ProbeContext, fork
from seismo.lower.layout import key_layout, value_type

__all__ = ("find_entry", "guarded_update", "map_key", "put_entry", "read_entry")

BPF_ANY, BPF_NOEXIST = 0, 1  # include/uapi/linux/bpf.h


def map_key(low: ProbeContext, access: MapAccess) -> Value:
    """A pointer to the key, all of whose bytes are written: equal keys must be equal bytes."""
    layout = key_layout(low.map_symbol(access.name).keys)
    if not access.keys:
        to = low.temporary("key", layout.size)
        low.b.store(to.base, to.offset, low.b.const(0), layout.size)
        return low.address(to)
    writers = [
        low.writer_as(key, field.type)
        for key, field in zip(access.keys, layout.fields, strict=True)
    ]
    to = low.temporary("key", layout.size)
    # Helpers need not write behind a string's NUL (bpf_get_current_comm() before Linux 6.2).
    if layout.padding() or any(not isinstance(field.type, Int) for field in layout.fields):
        low.b.fill(to.base, to.offset, (layout.size + 7) & -8)
    for field, write in zip(layout.fields, writers, strict=True):
        write(to.at(field.offset))
    return low.address(to)


def find_entry(low: ProbeContext, access: MapAccess) -> Value:
    """A pointer to the value under a key, null where there is none."""
    key = map_key(low, access)
    return low.b.call("map_lookup_elem", low.b.map(access.name), key, kind=Kind.PTR)


def read_entry(low: ProbeContext, access: MapAccess) -> Value:
    """The integer under a key, 0 where there is none; an aggregation gives all CPUs' sum."""
    value = low.map_symbol(access.name).value
    if isinstance(value, AggregateType):
        return _sum_shares(low, access)
    form = value_type(value)
    signed = isinstance(form, Int) and form.signed
    b, found, result = low.b, find_entry(low, access), low.fresh("entry")
    b.write(result, b.const(0))
    fork(
        low,
        lambda then, other: b.branch_if(found, then, other),
        lambda: b.write(result, b.load(found, 0, form.size, signed=signed)),
    )
    return b.read(result)


def _sum_shares(low: ProbeContext, access: MapAccess) -> Value:
    """total = 0; for cpu in 0..n: total += *share(cpu). `map_lookup_percpu_elem`: Linux 5.19."""
    b, cpu, total = low.b, low.fresh("cpu"), low.fresh("total")
    key = map_key(low, access)
    b.write(cpu, b.const(0))
    b.write(total, b.const(0))
    head, body, done = b.new_block("cpus"), b.new_block("cpu"), b.new_block("summed")
    b.jump(head)
    b.start(head)
    b.branch(Cond.LT, b.read(cpu), b.const(low.possible_cpus), body, done)
    b.seal(body)
    b.start(body)
    share = b.call("map_lookup_percpu_elem", b.map(access.name), key, b.read(cpu), kind=Kind.PTR)
    some = b.new_block("share")
    b.branch_if(share, some, done)
    b.seal(some)
    b.seal(done)
    b.start(some)
    b.write(total, b.add(b.read(total), b.load(share, 0, 8)))
    b.write(cpu, b.add(b.read(cpu), b.const(1)))
    b.jump(head)
    b.seal(head)
    b.start(done)
    return b.read(total)


def put_entry(low: ProbeContext, access: MapAccess, write: Callable[[Address], Value]) -> None:
    """`@m[k] = v`; where the map is full the update is counted as lost."""
    b = low.b
    form = value_type(low.map_symbol(access.name).value)
    value = low.temporary("value", form.size)
    if not isinstance(form, Int):
        b.fill(value.base, value.offset, (form.size + 7) & -8)
    write(value)
    key = map_key(low, access)
    failed = b.call(
        "map_update_elem", b.map(access.name), key, low.address(value), b.const(BPF_ANY)
    )
    fork(
        low,
        lambda then, other: b.branch_if(failed, then, other),
        lambda: low.count(Counter.MAP_FULL),
    )


def guarded_update(low: ProbeContext, access: MapAccess, update: Callable[[Value], None]) -> None:
    """`update` gets a pointer to the value under a key, put there as zero if there was none.

    The second look-up, not the update's result, decides: another CPU may have put the same key in
    between, and then BPF_NOEXIST's -EEXIST is no failure.
    """
    b = low.b
    key = map_key(low, access)
    found = b.call("map_lookup_elem", b.map(access.name), key, kind=Kind.PTR)

    def insert() -> None:
        size = value_type(low.map_symbol(access.name).value).size
        zero = low.temporary("zero", size)
        b.fill(zero.base, zero.offset, (size + 7) & -8)
        flags = b.const(BPF_NOEXIST)
        b.call("map_update_elem", b.map(access.name), key, low.address(zero), flags)
        again = b.call("map_lookup_elem", b.map(access.name), key, kind=Kind.PTR)
        fork(
            low,
            lambda then, other: b.branch_if(again, then, other),
            lambda: update(again),
            lambda: low.count(Counter.MAP_FULL),
        )

    fork(low, lambda then, other: b.branch_if(found, then, other), lambda: update(found), insert)
