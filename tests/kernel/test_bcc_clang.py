"""Programs for BCC that clang compiles, beside the same ones by our own compiler."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from c_objects import CLANGS
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SourceError
from seismo.bcc import BPF
from seismo.clang.errors import ClangError
from seismo.objects.verifier_log import VerifierError

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
]

_ANY = CLANGS[-1] if CLANGS else ""
_BOTH = ("", _ANY)
_GETPID = 39
_MINE = f"(bpf_get_current_pid_tgid() >> 32 == {os.getpid()})"


def call_getpid(times: int = 3, first: int = 0) -> None:
    libc = ctypes.CDLL(None)
    for _ in range(times):
        libc.syscall(_GETPID, first)


def counts(b: BPF, table: str = "counts") -> dict[int, int]:
    return {key.value: leaf.value for key, leaf in b[table].items()}


EVENTS = f"""
#include <linux/sched.h>
struct event {{ u32 pid; u64 calls; char comm[TASK_COMM_LEN]; }};
BPF_HASH(counts, u32);
BPF_HISTOGRAM(dist);
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(raw_syscalls, sys_enter) {{
    if (!{_MINE} || args->id != {_GETPID})
        return 0;
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    u64 zero = 0, *calls = counts.lookup_or_try_init(&pid, &zero);
    if (!calls)
        return 0;
    (*calls)++;
    counts.increment(0, 2);
    dist.atomic_increment(bpf_log2l(args->args[0]));
    struct event event = {{ .pid = pid, .calls = *calls }};
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}}
"""


def rows_of_events(cc: str) -> list[object]:
    rows: list[object] = []
    with BPF(text=EVENTS, cc=cc) as b:
        events = b["events"]

        def take(_cpu: int, data: int, _size: int) -> None:
            event = events.event(data)
            rows.append((event.pid, event.calls, event.comm))

        events.open_perf_buffer(take)
        call_getpid(first=1000)
        b.perf_buffer_poll(timeout=1000)
        rows += [counts(b), [it.value for it in b["dist"].values()], events.lost]
    return rows


@pytest.mark.parametrize("cc", CLANGS)
def test_tables_and_events_are_those_of_our_compiler(cc: str) -> None:
    rows = rows_of_events(cc)
    assert rows == rows_of_events("")
    assert [row[1] for row in rows[:3]] == [1, 2, 3]  # type: ignore[index]
    assert rows[3] == {os.getpid(): 3, 0: 6}


ASSEMBLY = f"""
BPF_HASH(counts, u64);
static u64 twice(u64 x) {{
    asm volatile("%0 += %0" : "+r"(x));
    return x;
}}
RAW_TRACEPOINT_PROBE(sys_enter) {{
    if ({_MINE} && ctx->args[1] == {_GETPID})
        counts.increment(twice(ctx->args[1]), 7);
    return 0;
}}
"""


def test_inline_assembly() -> None:
    with BPF(text=ASSEMBLY, cc=_ANY) as b:
        call_getpid()
        assert counts(b) == {2 * _GETPID: 21}


def test_our_compiler_says_that_clang_takes_it() -> None:
    with pytest.raises(DiagnosticsError, match=r'cc="clang"\) compiles it') as raised:
        BPF(text=ASSEMBLY)
    (said,) = raised.value.diagnostics
    assert (said.message, said.span.location.line) == ("inline assembly is not supported", 4)


def test_global_variables_callbacks_and_names_of_the_kernels() -> None:
    text = f"""
    BPF_ARRAY(counts, u64, 2);
    static u64 calls;
    const volatile int step = 5;
    struct sock {{ int a; }};
    typedef u16 key_t;
    enum {{ FUTEX_STATE_OK = 77 }};
    static long add(void *map, u32 *key, u64 *value, void *data) {{
        calls += *value;
        return 0;
    }}
    RAW_TRACEPOINT_PROBE(sys_enter) {{
        struct sock small = {{ sizeof(struct sock) }};
        key_t constant = FUTEX_STATE_OK;
        if (!{_MINE} || ctx->args[1] != {_GETPID})
            return 0;
        calls += step;
        bpf_for_each_map_elem(&counts, add, 0, 0);
        counts.update(&(int){{0}}, &(u64){{calls + constant + small.a}});
        return 0;
    }}
    """
    with BPF(text=text, cc=_ANY) as b:
        call_getpid(2)
        # 5, 0: 5 + 77 + 4; then 10 + 86: 96 + 77 + 4.
        assert counts(b) == {0: 177, 1: 0}


def system_calls(cc: str) -> dict[int, int]:
    text = f"""
    BPF_HASH(counts, u32, u64);
    BPF_STACK_TRACE(stacks, 64);
    int syscall__enter(struct pt_regs *ctx, int a, u64 b) {{
        if (!{_MINE} || a != 77)
            return 0;
        counts.increment(a, b);
        counts.increment(1, stacks.get_stackid(ctx, 0) >= 0);
        return 0;
    }}
    int leave(struct pt_regs *ctx) {{
        u32 key = 77;
        u64 *calls = counts.lookup(&key);
        if ({_MINE} && calls && *calls == 10)
            counts.increment(2, PT_REGS_RC(ctx) == {os.getpid()});
        return 0;
    }}
    """
    with BPF(text=text, cc=cc) as b:
        place = b.get_syscall_fnname("getpid")
        b.attach_kprobe(event=place, fn_name="syscall__enter")
        b.attach_kretprobe(event=place, fn_name="leave")
        libc = ctypes.CDLL(None)
        for _ in range(3):
            libc.syscall(_GETPID, 77, 5)
        return counts(b)


def test_system_calls_have_their_arguments_and_results() -> None:
    expected = {77: 15, 1: 3, 2: 1}
    assert [system_calls(cc) for cc in _BOTH] == [expected, expected]


METHODS = f"""
BPF_HASH(counts);
BPF_HISTOGRAM(by_key, u64);
BPF_PERCPU_ARRAY(per_cpu, u64, 4);
BPF_QUEUE(queue, u64, 8);
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_PROG_ARRAY(programs, 4);
struct event {{ u64 a; }};
static int sum(void *ctx, int a, int b, int c, int d, int e, int f) {{
    return a + b + c + d + e + f;
}}
int last(struct bpf_raw_tracepoint_args *ctx) {{
    counts.atomic_increment(99);
    return 0;
}}
RAW_TRACEPOINT_PROBE(sys_enter) {{
    if (!{_MINE} || ctx->args[1] != {_GETPID})
        return 0;
    by_key.increment(5, 3);
    struct event *first = ring.ringbuf_reserve(sizeof(*first));
    if (!first)
        return 0;
    first->a = sum(ctx, 1, 2, 3, 4, 5, 6);
    ring.ringbuf_submit(first, 0);
    struct event second = {{ .a = min(3, 4) }};
    ring.ringbuf_output(&second, sizeof(second), 0);
    u64 value = 4;
    queue.push(&value, BPF_EXIST);
    u64 *slot = per_cpu.lookup(&(int){{1}});
    if (slot)
        lock_xadd(slot, 3);
    u64 key = 1, leaf = 2;
    counts.insert(&key, &leaf);
    key++;
    counts.update(&key, &(u64){{5}});
    leaf = counts.lookup(&(u64){{1}}) ? 1 : 0;
    counts.update(&leaf, &(u64){{bpf_num_cpus()}});
    programs.call(ctx, 1);
    return 0;
}}
"""


def all_methods(cc: str) -> list[object]:
    with BPF(text=METHODS, cc=cc) as b:
        b["programs"][1] = b.load_func("last", BPF.RAW_TRACEPOINT)
        ring, records = b["ring"], []

        def take(_ctx: object, data: int, _size: int) -> None:
            records.append(ring.event(data).a)

        ring.open_ring_buffer(take)
        call_getpid()
        b.ring_buffer_consume()
        queued = [one.value for one in b["queue"].values()]
        return [
            *(counts(b), counts(b, "by_key"), b["per_cpu"].sum(1).value, queued, records),
            ring.lost,
        ]


def test_methods_do_the_same() -> None:
    expected, found = [all_methods(cc) for cc in _BOTH]
    assert found == expected
    assert expected[4] == [21, 3] * 3


def test_what_could_not_be_sent_is_counted() -> None:
    text = f"""
    BPF_RINGBUF_OUTPUT(ring, 1);
    struct event {{ char bytes[400]; }};
    RAW_TRACEPOINT_PROBE(sys_enter) {{
        struct event event = {{}};
        if ({_MINE} && ctx->args[1] == {_GETPID})
            ring.ringbuf_output(&event, sizeof(event), 0);
        return 0;
    }}
    """
    with BPF(text=text, cc=_ANY) as b:
        received: list[int] = []
        b["ring"].open_ring_buffer(lambda _ctx, _data, size: received.append(size))
        call_getpid(50)
        b.ring_buffer_consume()
        assert len(received) + b["ring"].lost == 50
        assert b["ring"].lost > 30


def test_arguments_are_of_the_kind_that_load_func_says() -> None:
    text = "int f(struct pt_regs *ctx, int a) { return a; }"
    with BPF(text=text, cc=_ANY) as b:
        assert b.load_func("f", BPF.KPROBE).fd >= 0
        with pytest.raises(SourceError, match="no parameter but its context"):
            b.load_func("f", BPF.XDP)


def test_errors_of_clang_are_at_the_users_lines() -> None:
    text = """
    #define BAD(x) (x)->nothing
    int f(struct pt_regs *ctx) {
        struct task_struct *task = (void *)bpf_get_current_task();
        int y = BAD(task);
        return undeclared(y);
    }
    """
    with pytest.raises(DiagnosticsError) as raised:
        BPF(text=text, cc=_ANY)
    first, second = raised.value.diagnostics
    assert first.message == "no member named 'nothing' in 'struct task_struct' (clang)"
    assert (first.span.location.line, first.span.text) == (5, "BAD")
    assert "undeclared" in second.message
    assert (second.span.location.line, second.span.text) == (6, "undeclared")


def test_the_verifiers_complaints_are_at_the_users_lines() -> None:
    text = """
    int f(struct pt_regs *ctx) {
        struct task_struct *task = (void *)bpf_get_current_task();
        return task->tgid;
    }
    """
    with BPF(text=text, cc=_ANY) as b, pytest.raises(VerifierError) as raised:
        b.load_func("f", BPF.KPROBE)
    assert raised.value.span.location.line == 4
    assert "bpf_probe_read_kernel" in raised.value.__notes__[0]


def test_the_kernels_memory_is_read_by_core() -> None:
    text = f"""
    BPF_HASH(counts, u32);
    RAW_TRACEPOINT_PROBE(sys_enter) {{
        struct task_struct *task = (void *)bpf_get_current_task();
        if ({_MINE} && ctx->args[1] == {_GETPID})
            counts.increment(BPF_CORE_READ(task, group_leader, tgid));
        return 0;
    }}
    """
    with BPF(text=text, cc=_ANY) as b:
        call_getpid()
        assert counts(b) == {os.getpid(): 3}


@pytest.mark.parametrize(
    ("cc", "said"), [("/nonexistent/clang", "cannot run /nonexistent/clang"), ("clang", "seismo")]
)
def test_without_a_compiler_one_is_told(
    cc: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("seismo.clang.find.find_spec", _nothing)
    with pytest.raises(ClangError, match=said):
        BPF(text="int f(void *ctx) { return 0; }", cc=cc)


def _nothing(_name: str) -> Callable[[], None] | None:
    return None
