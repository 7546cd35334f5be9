"""`bpf_trace_printk`: the format goes to the stack, where the helper reads it."""

from __future__ import annotations

from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import Operand
from seismo.c.tree import AddressOf, StringPlace

__all__ = ("lower_printk",)

_MOST_VALUES = 3


def lower_printk(call: LowerCall) -> Operand:
    """The format as a literal, and values; or, as the kernel has it, with its size behind it."""
    match call.args[0]:
        case AddressOf(StringPlace(data)):
            size, first = call.b.const(len(data)), 1
        case _ if len(call.args) > 1:
            size, first = call.value(1), 2
        case _:
            hint = 'write it as a literal: bpf_trace_printk("%d\\n", x)'
            raise call.error("the size of the format is not known", hint, 0)
    if len(call.args) - first > _MOST_VALUES:
        hint = "send a record instead: BPF_PERF_OUTPUT or BPF_RINGBUF_OUTPUT"
        message = f"bpf_trace_printk() shows at most {_MOST_VALUES} values"
        raise call.error(message, hint, first + _MOST_VALUES)
    args = [call.value(0), size, *map(call.value, range(first, len(call.args)))]
    return call.result(call.b.call("trace_printk", *args))
