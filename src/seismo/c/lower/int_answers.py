"""Helpers whose answer is an `int`, though they are declared with `long`.

The verifier puts a map's own functions in the place of these helpers. Before Linux 6.4 those return
an `int`: of an error the upper half is 0, so that it seems not to be below 0
(d7ba4cc900bf, "bpf: return long from bpf_map_ops funcs").
"""

from __future__ import annotations

from seismo.ir.builder import Builder
from seismo.ir.ops import Value

__all__ = ("answer_of",)

_INTS = frozenset(
    ("map_update_elem", "map_delete_elem", "map_push_elem", "map_pop_elem", "map_peek_elem")
)


def answer_of(b: Builder, helper: str, *args: Value, pure: bool = False) -> Value:
    """Call the helper; its answer as the same number on all kernels."""
    answer = b.call(helper, *args, pure=pure)
    return b.extend(answer, 32, signed=True) if helper in _INTS else answer
