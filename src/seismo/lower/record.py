"""Records for user space: reserved in the ring and written in place, or made in scratch and cut.

A record of known size is written straight into the ring buffer. One that ends in a long string, a
buffer or a stack is made in scratch memory, if there is room, and only its used part is sent, so
that the ring holds more.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.errors import SourceError
from seismo.base.layout import U32, U64, Buffer, FieldType, Layout, Symbolic, Text
from seismo.base.source import Span
from seismo.builtin.record import Address, Writer, value_writer
from seismo.events.kinds import CONTROL_ACTIONS, Action, event_layout
from seismo.events.stack import is_cuttable
from seismo.ir.ops import Cond, Kind, Value
from seismo.lower.context import FuncContext
from seismo.lower.pinned import is_pinned, print_to_reader
from seismo.lower.resources import CONTROL_MAP, EVENTS_MAP, RING_COUNTERS, Resources

__all__ = ("CUT_FROM_BYTES", "send_event")

CUT_FROM_BYTES = 64
"""A last string, buffer or stack of at least this size is sent only as long as it is."""

_UNHEARD = (Action.RUNTIME_ERROR, Action.HELPER_ERROR)
"""What a pinned iterator sends to nobody."""

_RECORD_HEADER_BYTES = 8  # include/uapi/linux/bpf.h: BPF_RINGBUF_HDR_SZ
BPF_RB_PROD_POS = 3  # include/uapi/linux/bpf.h


def send_event(
    low: FuncContext,
    shared: Resources,
    action: Action,
    text: str,
    fields: Sequence[tuple[FieldType, Writer]],
    span: Span,
) -> None:
    """See `Lowering.event`."""
    if is_pinned(low) and action not in _UNHEARD:
        print_to_reader(low, action, text, fields, span)
        return
    b, is_control = low.b, action in CONTROL_ACTIONS
    members = [(f"arg{index}", form) for index, (form, _) in enumerate(fields)]
    layout = event_layout(action.value, members, is_control=is_control)
    event = shared.new_event(action, text, layout, span)
    parts = [value_writer(low, b.const(event.id), U32.size)]
    if is_control:
        after = b.call("ringbuf_query", b.map(EVENTS_MAP), b.const(BPF_RB_PROD_POS))
        parts.append(value_writer(low, after, U64.size))
    parts += [write for _, write in fields]
    send = _send_cut if _is_cut(low, layout) else _send_in_place
    if send is _send_in_place and layout.size > shared.ring_bytes - _RECORD_HEADER_BYTES:
        what = f"this takes {layout.size} bytes of a ring that has {shared.ring_bytes}"
        raise SourceError(span, what, "config = { perf_rb_pages = … } makes the ring larger")
    send(low, CONTROL_MAP if is_control else EVENTS_MAP, layout, parts)


def _is_cut(low: FuncContext, layout: Layout) -> bool:
    last = layout.fields[-1].type
    if not (isinstance(last, Text | Buffer) or (isinstance(last, Symbolic) and is_cuttable(last))):
        return False
    return last.size >= CUT_FROM_BYTES and low.body.arena.has_room(layout.size)


def _write(layout: Layout, parts: Sequence[Writer], to: Address) -> Value:
    """Every part at its field; answers with the last part's length."""
    lengths = [
        write(to.at(field.offset)) for field, write in zip(layout.fields, parts, strict=True)
    ]
    return lengths[-1]


def _send_in_place(low: FuncContext, ring: str, layout: Layout, parts: Sequence[Writer]) -> None:
    b = low.b
    size = b.const(layout.size)
    record = b.call("ringbuf_reserve", b.map(ring), size, b.const(0), kind=Kind.PTR)

    def fill_and_submit() -> None:
        _write(layout, parts, Address(record))
        b.call("ringbuf_submit", record, b.const(0))

    b.when_set(record, fill_and_submit, lambda: low.count(RING_COUNTERS[ring]))


def _send_cut(low: FuncContext, ring: str, layout: Layout, parts: Sequence[Writer]) -> None:
    b = low.b
    last = layout.fields[-1]
    to = low.temporary("record", layout.size)
    length = _write(layout, parts, to)
    if isinstance(last.type, Buffer):
        # One that was kept in a variable or a map is copied whole, whatever is in it.
        count = b.load(to.base, to.offset + last.offset, U32.size)
        length = b.add(count, b.const(U32.size))
    used = low.fresh("used")
    # A fault's negative length is huge as an unsigned one; its string is then "" (one NUL). The
    # comparison also tells the kernel's verifier that what is sent lies within the scratch.
    b.when(
        Cond.LE,
        length,
        b.const(last.type.size),
        lambda: b.write(used, length),
        lambda: b.write(used, b.const(1)),
    )
    total = b.add(b.read(used), b.const(last.offset))
    failed = b.call("ringbuf_output", b.map(ring), low.address(to), total, b.const(0))
    b.when_set(failed, lambda: low.count(RING_COUNTERS[ring]))
