"""Clocks: `nsecs`."""

from __future__ import annotations

from seismo.builtin.record import Builtin, Lowering
from seismo.ir.ops import Value
from seismo.lang.ast import Call
from seismo.lang.signature import Signature
from seismo.lang.types import UINT64

__all__ = ("BUILTINS", "NSECS")


def _lower_nsecs(low: Lowering, _: Call) -> Value:
    return low.b.call("ktime_get_boot_ns")


NSECS = Builtin(
    Signature(name="nsecs", returns=UINT64, is_variable=True),
    "Nanoseconds since boot, time asleep included. Since Linux 5.8 (`bpf_ktime_get_boot_ns`).",
    _lower_nsecs,
)

BUILTINS = (NSECS,)
