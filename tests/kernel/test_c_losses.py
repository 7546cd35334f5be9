"""What a program could not send is counted: produced = received + lost."""

from __future__ import annotations

import pytest

from c_runs import c_run
from seismo.kernel.live import LiveKernel
from seismo.objects.ringbuf import RingBuffer

pytestmark = pytest.mark.kernel

_RECORDS = 100
_FILL = f"""
    struct record {{ u64 number; char text[56]; }};
    BPF_RINGBUF_OUTPUT(ring, 1);
    BPF_ARRAY(made, u64, 1);
    int f(struct bpf_raw_tracepoint_args *ctx) {{
        int key = 0;
        u64 *count = made.lookup(&key);
        if (!count) return 0;
        for (int i = 0; i < {_RECORDS}; i++) {{ SEND; *count += 1; }}
        return 0;
    }}
"""
_OUTPUT = "struct record r = {.number = i}; ring.ringbuf_output(&r, sizeof(r), 0)"
_RESERVE = """
    struct record *r = ring.ringbuf_reserve(sizeof(struct record));
    if (r) { r->number = i; ring.ringbuf_submit(r, 0); }
"""


@pytest.mark.parametrize("send", [_OUTPUT, _RESERVE], ids=["output", "reserve"])
def test_a_full_ring(kernel: LiveKernel, send: str) -> None:
    with c_run(_FILL.replace("SEND", send), kernel) as ran:
        received: list[int] = []
        with RingBuffer(ran.map("ring"), kernel) as ring:
            ring.consume(lambda data: received.append(int.from_bytes(data[:8], "little")))
        assert received == list(range(len(received)))
        assert 0 < len(received) < _RECORDS
        assert ran.items("made") == {0: _RECORDS}
        assert len(received) + ran.lost("ring") == _RECORDS


def test_a_ring_with_room_loses_nothing(kernel: LiveKernel) -> None:
    text = _FILL.replace("ring, 1", "ring, 4").replace("SEND", _OUTPUT)
    with c_run(text, kernel) as ran:
        assert ran.lost("ring") == 0


def test_records_that_nobody_reads(kernel: LiveKernel) -> None:
    text = """
        struct record { u64 number; };
        BPF_PERF_OUTPUT(events);
        BPF_PERF_OUTPUT(others);
        int f(struct bpf_raw_tracepoint_args *ctx) {
            struct record r = {};
            events.perf_submit(ctx, &r, sizeof(r));
            return 0;
        }
    """
    with c_run(text, kernel, repeat=3) as ran:
        assert (ran.lost("events"), ran.lost("others")) == (3, 0)
