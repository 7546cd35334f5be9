"""Programs in the manner of BCC's newest tools: what those use that its older ones did not."""

from __future__ import annotations

import ctypes as ct
import os
import signal
import socket
from typing import Any

import pytest

from seismo.base.errors import SyscallError
from seismo.bcc import BPF, Perf, PerfSWConfig, PerfType, get_online_cpus, perf

pytestmark = pytest.mark.kernel

_HTTP = """
#include <bcc/proto.h>

struct flow { u32 from, to; u16 from_port, to_port; };
BPF_HASH(sessions, struct flow, int);

int first_bytes(struct __sk_buff *skb) {
    u8 *cursor = 0;
    struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
    if (ethernet->type != 0x0800)
        goto drop;
    struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
    if (ip->nextp != 6)
        goto drop;
    struct tcp_t *tcp = cursor_advance(cursor, sizeof(*tcp));
    struct flow key = {ip->src, ip->dst, tcp->src_port, tcp->dst_port};
    u32 headers = (ip->hlen << 2) + (tcp->offset << 2);
    if (ip->tlen - headers < 4)
        goto drop;

    unsigned long text[4];
    u32 start = sizeof(struct ethernet_t) + headers;
    int i, j = 0;
    for (i = start; i < (start + 4); i++) {
        text[j] = load_byte(skb, i);
        j++;
    }
    if (text[0] == 'G' && text[1] == 'E' && text[2] == 'T' && text[3] == ' ') {
        int zero = 0;
        sessions.lookup_or_init(&key, &zero);
        return -1;
    }
drop:
    return 0;
}
"""


def test_a_payload_is_read_from_where_it_begins() -> None:
    with BPF(text=_HTTP) as b:
        program = b.load_func("first_bytes", BPF.SOCKET_FILTER)
        BPF.attach_raw_socket(program, "lo")
        with (
            socket.fromfd(program.sock, socket.AF_PACKET, socket.SOCK_RAW) as seen,
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname()) as client,
        ):
            seen.settimeout(10)
            client.send(b"PUT /")
            client.send(b"GET /e4 ")
            assert seen.recv(2048).endswith(b"GET /e4 ")
            port = client.getsockname()[1]
        assert [key.from_port for key in b["sessions"]] == [port]


def _of_self(fields: str) -> str:
    return f"""
    #if LINUX_VERSION_CODE < KERNEL_VERSION(4, 18, 0)
    #error "not a kernel that this runs on"
    #endif
    struct key {{ u32 pid; int sig; }};
    struct event {{ u32 pid; int sig; int ret; }};
    static bool WITH_RESULT = true;
    BPF_HASH(pending, struct key);
    BPF_PERF_OUTPUT(events);

    static int begin(struct key key) {{
        if (key.pid != {os.getpid()})
            return 0;
        u64 now = bpf_ktime_get_ns();
        pending.update(&key, &now);
        return 0;
    }}

    int generated(struct tracepoint__signal__signal_generate *args) {{
        struct key key = {{ .pid = bpf_get_current_pid_tgid() >> 32, .sig = args->sig }};
        return begin(key);
    }}

    int delivered(struct tracepoint__signal__signal_deliver *args) {{
        struct key key = {{ .pid = bpf_get_current_pid_tgid() >> 32, .sig = args->sig }};
        if (!pending.lookup(&key))
            return 0;
        struct event event = {{ .pid = key.pid, .sig = key.sig }};
        if (WITH_RESULT)
            event.ret = {fields};
        pending.delete(&key);
        events.perf_submit(args, &event, sizeof(event));
        return 0;
    }}
    """


def test_functions_take_a_tracepoint_and_records_by_value() -> None:
    seen: list[tuple[int, int, int]] = []
    with BPF(text=_of_self("args->errno + 5")) as b:

        def keep(_cpu: int, data: Any, _size: int) -> None:
            event = b["events"].event(data)
            seen.append((event.pid, event.sig, event.ret))

        b.attach_tracepoint(tp="signal:signal_generate", fn_name="generated")
        b.attach_tracepoint(tp="signal:signal_deliver", fn_name="delivered")
        b["events"].open_perf_buffer(keep, page_cnt=64)
        before = signal.signal(signal.SIGUSR1, lambda *_: None)
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)
        b.perf_buffer_poll(timeout=2000)
    assert seen == [(os.getpid(), signal.SIGUSR1, 5)]


def test_keys_and_leaves_of_other_widths_are_taken() -> None:
    class Name(ct.Structure):
        _fields_ = (("text", ct.c_char * 18),)

    text = "struct name { char text[TASK_COMM_LEN]; }; BPF_HASH(names, struct name);"
    with BPF(text=text) as b:
        b["names"][Name(b"curl")] = ct.c_uint32(1)
        assert [(key.text, leaf.value) for key, leaf in b["names"].items()] == [(b"curl", 1)]


def test_a_storage_without_a_first_value_may_be_asked_for() -> None:
    text = """
    BPF_TASK_STORAGE(starts, u64);
    KFUNC_PROBE(inet_listen) {
        u64 *start = starts.task_storage_get(bpf_get_current_task_btf(), 0, 0);
        return start ? 1 : 0;
    }
    """
    with BPF(text=text.replace("KFUNC_PROBE(inet_listen)", "int f(void *ctx)")) as b:
        assert b.load_func("f", BPF.RAW_TRACEPOINT).fd > 0


def test_an_event_may_be_there_without_a_program() -> None:
    attr = Perf.perf_event_attr()
    attr.type, attr.config = PerfType.SOFTWARE, PerfSWConfig.CONTEXT_SWITCHES
    before = len(os.listdir("/proc/self/fd"))
    Perf.perf_custom_event_open(attr, pid=os.getpid())
    assert len(os.listdir("/proc/self/fd")) == before + len(get_online_cpus())
    perf._kept.close()
    attr.config = 1 << 20
    with pytest.raises(SyscallError):
        Perf.perf_custom_event_open(attr)
    assert len(os.listdir("/proc/self/fd")) == before
