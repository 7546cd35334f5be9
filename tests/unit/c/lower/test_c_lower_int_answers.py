"""Answers of a map's own functions: of older kernels only the lower half means something."""

from __future__ import annotations

import pytest

from c_lowering import lowered
from seismo.ir.ops import Call, Extend

TABLES = "BPF_HASH(t, u32, u64, 10); BPF_QUEUE(q, u64, 10);"
CALLS = {
    "t.update(&k, &v)": "map_update_elem",
    "t.insert(&k, &v)": "map_update_elem",
    "t.delete(&k)": "map_delete_elem",
    "q.push(&v)": "map_push_elem",
    "q.pop(&v)": "map_pop_elem",
    "q.peek(&v)": "map_peek_elem",
}


@pytest.mark.parametrize("call", list(CALLS))
def test_an_error_is_below_0(call: str) -> None:
    text = f"{TABLES} int f(long *ctx) {{ u32 k = 1; u64 v = 2; return {call} < 0; }}"
    ops = [op for block in lowered(text).blocks for op in block.ops]
    (made,) = [op for op in ops if isinstance(op, Call) and op.helper == CALLS[call]]
    (extended,) = [op for op in ops if isinstance(op, Extend) and op.value is made.result]
    assert (extended.bits, extended.signed) == (32, True)


def test_other_answers_are_as_they_are() -> None:
    text = "int f(long *ctx) { return bpf_get_current_pid_tgid() >> 32; }"
    ops = [op for block in lowered(text).blocks for op in block.ops]
    (made,) = [op for op in ops if isinstance(op, Call)]
    assert not [op for op in ops if isinstance(op, Extend) and op.value is made.result]
