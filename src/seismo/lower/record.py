"""Records for user space: reserved in the ring and written in place, or made in scratch and cut.

A record of known size is written straight into the ring buffer. One that ends in a long string is
made in scratch memory and only its used part is sent, so that the ring holds more of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.layout import Layout, Text
from seismo.builtin.record import Address, Writer
from seismo.ir.ops import Cond, Kind, Value
from seismo.lower.context import Counter, ProbeContext, fork

__all__ = ("CUT_FROM_BYTES", "send_record")

CUT_FROM_BYTES = 64
"""A last string of at least this size is sent only as long as it is."""


def send_record(
    low: ProbeContext, ring: str, counter: Counter, layout: Layout, parts: Sequence[Writer]
) -> None:
    """Send a record whose id is already among `parts`; a full ring adds one to `counter`."""
    last = layout.fields[-1].type
    if isinstance(last, Text) and last.size >= CUT_FROM_BYTES:
        _send_cut(low, ring, counter, layout, parts)
    else:
        _send_in_place(low, ring, counter, layout, parts)


def _write(layout: Layout, parts: Sequence[Writer], to: Address) -> Value:
    """Every part at its field; answers with the last part's length."""
    lengths = [
        write(to.at(field.offset)) for field, write in zip(layout.fields, parts, strict=True)
    ]
    return lengths[-1]


def _send_in_place(
    low: ProbeContext, ring: str, counter: Counter, layout: Layout, parts: Sequence[Writer]
) -> None:
    b = low.b
    size = b.const(layout.size)
    record = b.call("ringbuf_reserve", b.map(ring), size, b.const(0), kind=Kind.PTR)

    def fill_and_submit() -> None:
        _write(layout, parts, Address(record))
        b.call("ringbuf_submit", record, b.const(0))

    fork(
        low,
        lambda then, other: b.branch_if(record, then, other),
        fill_and_submit,
        lambda: low.count(counter),
    )


def _send_cut(
    low: ProbeContext, ring: str, counter: Counter, layout: Layout, parts: Sequence[Writer]
) -> None:
    b = low.b
    last = layout.fields[-1]
    to = low.temporary("record", layout.size)
    length = _write(layout, parts, to)
    used = low.fresh("used")
    # A fault's negative length is huge as an unsigned one; its string is then "" (one NUL). The
    # comparison also tells the kernel's verifier that what is sent lies within the scratch.
    fork(
        low,
        lambda then, other: b.branch(Cond.LE, length, b.const(last.type.size), then, other),
        lambda: b.write(used, length),
        lambda: b.write(used, b.const(1)),
    )
    total = b.add(b.read(used), b.const(last.offset))
    failed = b.call("ringbuf_output", b.map(ring), low.address(to), total, b.const(0))
    fork(
        low,
        lambda then, other: b.branch_if(failed, then, other),
        lambda: low.count(counter),
    )
