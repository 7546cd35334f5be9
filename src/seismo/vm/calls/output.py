"""Helpers that report: records, printed lines, stacks."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping

from seismo.base.bits import U32_MAX
from seismo.vm.calls.printing import bprintf
from seismo.vm.calls.refusal import refusing
from seismo.vm.errors import BadAccess, Errno
from seismo.vm.maps.ring import PerfMap, Record, RingMap
from seismo.vm.maps.stack_trace import StackTraceMap
from seismo.vm.run import Helper, Run

__all__ = ("OUTPUT",)

_CURRENT_CPU = U32_MAX
_WAKEUPS = 0b11  # BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
_SKIP = 0xFF
_USER_STACK = 1 << 8
_STACK_FLAGS = 0xFFF
_MAX_PRINTED = 3
_MAX_ARGUMENTS = 12


def ringbuf_reserve(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(ring, size, flags): the address of the record, or 0. Since Linux 5.8."""
    record = None if c else _ring(run, a).reserve(b)
    return run.memory.allocate(record.data, "record", thing=record).base if record else 0


def ringbuf_submit(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(record, flags)"""
    return _close(run, a, is_discarded=False)


def ringbuf_discard(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(record, flags)"""
    return _close(run, a, is_discarded=True)


def _close(run: Run, address: int, *, is_discarded: bool) -> int:
    record = run.memory.thing_at(address)
    if not isinstance(record, Record):
        raise BadAccess(f"{address:#x} is no record that was reserved", address)
    record.ring.close(record, is_discarded=is_discarded)
    run.memory.free(run.memory.region_at(address, 0))
    return 0


@refusing
def ringbuf_output(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(ring, data, size, flags)"""
    if d & ~_WAKEUPS:
        raise Errno(errno.EINVAL)
    _ring(run, a).output(run.memory.read(b, c))
    return 0


def ringbuf_query(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(ring, question)"""
    return _ring(run, a).query(b)


def _ring(run: Run, address: int) -> RingMap:
    found = run.map_at(address)
    if not isinstance(found, RingMap):
        raise BadAccess(f"map '{found.spec.name}' is no ring buffer", address)
    return found


@refusing
def perf_event_output(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, map, flags, data, size): into the buffer of a processor."""
    found = run.map_at(b)
    if not isinstance(found, PerfMap):
        raise BadAccess(f"map '{found.spec.name}' is no perf event array", b)
    if c & ~U32_MAX:
        raise Errno(errno.EINVAL)
    cpu = run.environment.cpu
    found.output(cpu if c == _CURRENT_CPU else c, run.memory.read(d, e), cpu)
    return 0


@refusing
def trace_printk(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(format, size, up to three arguments): the bytes printed."""
    form = run.memory.read(a, b & U32_MAX)
    if not form.endswith(b"\0"):
        raise Errno(errno.EINVAL)
    text = form.partition(b"\0")[0]
    wanted = text.replace(b"%%", b"").count(b"%")
    if wanted > _MAX_PRINTED:
        raise Errno(errno.EINVAL)
    line = bprintf(run, text, (c, d, e)[:wanted])
    run.environment.printed.append(line)
    return len(line)


@refusing
def trace_vprintk(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(format, size, arguments, their bytes): the bytes printed. Since Linux 5.16."""
    form, size = run.memory.read(a, b & U32_MAX), d & U32_MAX
    if not form.endswith(b"\0") or size % 8 or size > 8 * _MAX_ARGUMENTS:
        raise Errno(errno.EINVAL)
    arguments = struct.unpack(f"<{size // 8}Q", run.memory.read(c, size))
    line = bprintf(run, form.partition(b"\0")[0], arguments)
    run.environment.printed.append(line)
    return len(line)


@refusing
def get_stackid(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, map, flags): the number of the stack."""
    found = run.map_at(b)
    if not isinstance(found, StackTraceMap):
        raise BadAccess(f"map '{found.spec.name}' holds no stacks", b)
    if c & ~_STACK_FLAGS:
        raise Errno(errno.EINVAL)
    return found.put(_stack(run, c), c)


@refusing
def get_stack(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, buffer, size, flags): the bytes of addresses written; the rest are zeros."""
    size = c & U32_MAX
    if size % 8 or d & ~_STACK_FLAGS:
        raise Errno(errno.EINVAL)
    addresses = _stack(run, d)[: size // 8]
    data = struct.pack(f"<{len(addresses)}Q", *addresses)
    run.memory.write(b, data.ljust(size, b"\0"))
    return len(data)


def _stack(run: Run, flags: int) -> tuple[int, ...]:
    environment = run.environment
    stack = environment.user_stack if flags & _USER_STACK else environment.stack
    left = stack[flags & _SKIP :]
    if not left:
        raise Errno(errno.EFAULT)
    return left


OUTPUT: Mapping[str, Helper] = {
    "get_stack": get_stack,
    "get_stackid": get_stackid,
    "perf_event_output": perf_event_output,
    "ringbuf_discard": ringbuf_discard,
    "ringbuf_output": ringbuf_output,
    "ringbuf_query": ringbuf_query,
    "ringbuf_reserve": ringbuf_reserve,
    "ringbuf_submit": ringbuf_submit,
    "trace_printk": trace_printk,
    "trace_vprintk": trace_vprintk,
}
