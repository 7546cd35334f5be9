"""Programs written for BCC, attached in every way that the host's kernel has."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.bcc import (
    BPF,
    NotAttached,
    NotTraceable,
    PerfSWConfig,
    PerfType,
    UnknownFunction,
    UnknownTable,
)
from seismo.kernel.errors import NotInKernel
from seismo.objects.verifier_log import VerifierError

pytestmark = pytest.mark.kernel

_PID = f"(bpf_get_current_pid_tgid() >> 32 == {os.getpid()})"
_DEADLINE = 30

COUNT = f"""
BPF_HASH(counts, u32, u64);

int count(void *ctx) {{
    u32 key = 0;
    if ({_PID})
        counts.increment(key);
    return 0;
}}
"""

COUNT_ALL = """
BPF_ARRAY(counts, u64, 1);

int count(void *ctx) {
    counts.increment(0);
    return 0;
}
"""


def _total(b: BPF) -> int:
    return sum(value.value for _, value in b["counts"].items())


def _until(done: Callable[[], bool], work: Callable[[], object]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not done():
        assert time.monotonic() < deadline
        work()


class TestTracepoints:
    def test_by_name_and_off_again(self) -> None:
        with BPF(text=COUNT) as b:
            b.attach_tracepoint(tp="syscalls:sys_enter_getppid", fn_name="count")
            assert b.num_open_tracepoints() == 1
            for _ in range(7):
                os.getppid()
            b.detach_tracepoint(b"syscalls:sys_enter_getppid")
            os.getppid()
            assert (_total(b), b.num_open_tracepoints()) == (7, 0)
            with pytest.raises(NotAttached, match="sys_enter_getppid"):
                b.detach_tracepoint("syscalls:sys_enter_getppid")

    def test_by_pattern(self) -> None:
        with BPF(text=COUNT) as b:
            b.attach_tracepoint(tp_re=b"^syscalls:sys_(enter|exit)_getppid$", fn_name=b"count")
            assert b.num_open_tracepoints() == 2
            os.getppid()
            assert _total(b) == 2

    def test_that_are_not_there(self) -> None:
        with BPF(text=COUNT) as b, pytest.raises(NotInKernel, match="sys_enter_getppid"):
            b.attach_tracepoint("syscalls:sys_enter_getpppid", fn_name="count")

    def test_raw(self) -> None:
        with BPF(text=COUNT) as b:
            b.attach_raw_tracepoint(tp="sys_enter", fn_name="count")
            os.getppid()
            b.detach_raw_tracepoint("sys_enter")
            before = _total(b)
            os.getppid()
            assert before == _total(b) > 0

    def test_by_the_function_s_name(self) -> None:
        text = f"""
        BPF_HASH(counts, u64, u64);
        TRACEPOINT_PROBE(syscalls, sys_enter_kill) {{
            u64 signal = args->sig;
            if ({_PID} && args->pid == {os.getpid()})
                counts.increment(signal);
            return 0;
        }}
        RAW_TRACEPOINT_PROBE(sys_exit) {{
            return 0;
        }}
        """
        with BPF(text=text) as b:
            for _ in range(3):
                os.kill(os.getpid(), 0)
            assert {key.value: value.value for key, value in b["counts"].items()} == {0: 3}
            assert set(b.funcs) == {
                b"tracepoint__syscalls__sys_enter_kill",
                b"raw_tracepoint__sys_exit",
            }


class TestMessages:
    def test_lines_and_fields(self) -> None:
        text = f"""
        TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {{
            if ({_PID})
                bpf_trace_printk("called by %d\\n", (u32)bpf_get_current_pid_tgid());
            return 0;
        }}
        """
        with BPF(text=text) as b:
            os.getppid()
            task, pid, cpu, _, ts, msg = b.trace_fields()
            assert (pid, msg) == (os.getpid(), b"called by %d" % os.getpid())
            assert task == Path("/proc/self/comm").read_bytes().strip()
            assert 0 <= cpu < (os.cpu_count() or 1)
            assert abs(time.clock_gettime(time.CLOCK_MONOTONIC) - ts) < _DEADLINE  # another clock
            assert b.trace_fields(nonblocking=True) == (None,) * 6
            os.getppid()
            line = b.trace_readline()
            assert line is not None
            assert line.endswith(b"called by %d" % os.getpid())
            assert b.trace_readline(nonblocking=True) is None


class TestCalls:
    """What is for the functions of system calls, without kprobes."""

    def test_entry_and_return(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = f"""
        #include <uapi/linux/ptrace.h>
        BPF_HASH(counts, int, int);
        int syscall__kill(struct pt_regs *ctx, int pid, int sig) {{
            int key = 1;
            if ({_PID} && sig == 0)
                counts.update(&key, &pid);
            return 0;
        }}
        int on_return(struct pt_regs *ctx) {{
            int key = 2, answer = PT_REGS_RC(ctx);
            if ({_PID})
                counts.update(&key, &answer);
            return 0;
        }}
        """
        with BPF(text=text) as b:
            event = b.get_syscall_fnname("kill")
            b.attach_kprobe(event=event, fn_name="syscall__kill")
            b.attach_kretprobe(event=event, fn_name="on_return")
            assert b.num_open_kprobes() == 2
            with pytest.raises(ProcessLookupError):
                os.kill(4194304, 0)
            assert {key.value: value.value for key, value in b["counts"].items()} == {
                1: 4194304,
                2: -3,
            }
            b.detach_kprobe(event, "syscall__kill")
            b.detach_kretprobe(event)
            assert b.num_open_kprobes() == 0

    def test_by_the_function_s_name(self) -> None:
        text = COUNT.replace("int count(", "int kprobe__sys_getppid(")
        with BPF(text=text) as b:
            for _ in range(5):
                os.getppid()
            assert _total(b) == 5

    def test_by_pattern(self) -> None:
        with BPF(text=COUNT) as b:
            b.attach_kprobe(event_re=r"^__(x64|arm64)_sys_get(pg|s)id$", fn_name="count")
            assert b.num_open_kprobes() == 2
            os.getpgid(0)
            os.getsid(0)
            assert _total(b) == 2


class TestNoKprobes:
    """What other functions are told on a kernel that has none."""

    @pytest.fixture(autouse=True)
    def _without(self) -> None:
        if not BPF.get_kprobe_functions(b"^vfs_read$"):
            return
        pytest.skip("this kernel has kprobes")

    @pytest.mark.parametrize(
        ("event", "tracepoint"),
        [
            ("vfs_read", "syscalls:sys_enter_read"),
            (b"tcp_retransmit_skb", "tcp:tcp_retransmit_skb"),
            ("ptrace_attach", "syscalls:sys_enter_ptrace"),
        ],
    )
    def test_the_message_names_a_tracepoint(self, event: str | bytes, tracepoint: str) -> None:
        with BPF(text=COUNT) as b, pytest.raises(NotTraceable, match=tracepoint):
            b.attach_kprobe(event=event, fn_name="count")

    def test_nothing_is_left_of_a_program_that_cannot_be(self) -> None:
        with pytest.raises(NotTraceable, match="kprobe ptrace_attach: the kernel has no kprobes"):
            BPF(text=COUNT.replace("int count(", "int kprobe__ptrace_attach("))


class TestEvents:
    def test_of_a_clock(self) -> None:
        with BPF(text=COUNT_ALL) as b:
            b.attach_perf_event(
                ev_type=PerfType.SOFTWARE,
                ev_config=PerfSWConfig.CPU_CLOCK,
                fn_name="count",
                sample_freq=997,
            )
            _until(lambda: b["counts"][0].value > 5, lambda: sum(range(100_000)))
            b.detach_perf_event(PerfType.SOFTWARE, PerfSWConfig.CPU_CLOCK)
            before = b["counts"][0].value
            sum(range(1_000_000))
            assert b["counts"][0].value == before

    def test_of_a_process(self) -> None:
        with BPF(text=COUNT_ALL) as b:
            b.attach_perf_event(
                ev_type=PerfType.SOFTWARE,
                ev_config=PerfSWConfig.PAGE_FAULTS,
                fn_name="count",
                sample_period=1,
                pid=os.getpid(),
            )
            with mmap.mmap(-1, 64 * mmap.PAGESIZE) as memory:
                memory.madvise(mmap.MADV_NOHUGEPAGE)
                memory[:: mmap.PAGESIZE] = b"x" * 64
            assert b["counts"][0].value >= 64


class TestPackets:
    def test_a_filter_of_a_raw_socket(self) -> None:
        text = """
        BPF_ARRAY(counts, u64, 1);
        int filter(struct __sk_buff *skb) {
            counts.increment(0);
            return -1;
        }
        """
        with BPF(text=text) as b:
            function = b.load_func("filter", BPF.SOCKET_FILTER)
            BPF.attach_raw_socket(function, "lo")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x" * 33, ("127.0.0.1", 9))
            _until(lambda: b["counts"][0].value > 0, lambda: time.sleep(0.01))
            assert len(os.read(function.sock, 2048)) > 33

    def test_an_interface(self) -> None:
        text = "int drop(struct xdp_md *ctx) { return XDP_DROP; }"
        with BPF(text=text) as b:
            function = b.load_func(b"drop", BPF.XDP)
            assert function.program.test_run(data=bytes(64)).retval == BPF.XDP_DROP
            with pytest.raises(NotInKernel, match="no_such0"):
                b.attach_xdp("no_such0", function)
            with pytest.raises(NotAttached):
                b.remove_xdp("lo")


class TestTables:
    def test_names(self) -> None:
        with BPF(text=COUNT) as b:
            assert b["counts"] is b[b"counts"]
            assert ("counts" in b, "count" in b, list(b), len(b)) == (True, False, ["counts"], 1)
            with pytest.raises(UnknownTable, match="did you mean 'counts'"):
                b["count"]
            with pytest.raises(KeyError):
                b.get_table("nothing")

    def test_one_that_another_text_declared(self) -> None:
        first = 'BPF_TABLE_PUBLIC("hash", u32, u64, shared, 16); ' + COUNT
        second = """
        BPF_TABLE("extern", u32, u64, shared, 16);
        TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
            u32 key = 7;
            u64 value = 9;
            shared.update(&key, &value);
            return 0;
        }
        """
        with BPF(text=first) as a:
            with BPF(text=second):
                os.getppid()
            assert a["shared"][ctypes.c_uint32(7)].value == 9
        with pytest.raises(Exception, match="no table 'shared' that other programs may use"):
            BPF(text=second)


class TestPerfBuffers:
    def test_a_poll_without_end_ends_with_what_comes(self) -> None:
        text = f"""
        BPF_PERF_OUTPUT(events);
        TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {{
            u64 now = bpf_ktime_get_ns();
            if ({_PID})
                events.perf_submit(args, &now, sizeof(now));
            return 0;
        }}
        """
        with BPF(text=text) as b:
            received: list[int] = []
            b["events"].open_perf_buffer(lambda cpu, data, size: received.append(size))
            for count in range(1, 4):
                call = threading.Timer(0.05, os.getppid)
                call.start()
                b.perf_buffer_poll()
                call.join()
                assert len(received) == count


class TestTexts:
    def test_a_file_with_another_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / "program.c").write_text('#include "more.h"\nBPF_ARRAY(counts, u64, SIZE);\n')
        (tmp_path / "more.h").write_text("#define SIZE (MORE + 1)\n")
        with BPF(src_file=str(tmp_path / "program.c"), cflags=["-DMORE=4", "-w"]) as b:
            assert len(b["counts"]) == 5

    def test_mistakes_are_shown_with_their_lines(self) -> None:
        with pytest.raises(DiagnosticsError, match=r"<text>:2:\d+: error: .*'nothing'"):
            BPF(text="int f(void *ctx) {\n    return nothing;\n}")

    def test_what_may_be_a_mistake_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = "int f(void *ctx) {\n    u64 address = 5;\n    char *p = address;\n    return !p;\n}"
        with BPF(text=text):
            said = capsys.readouterr().err
        assert said.startswith("<text>:3:15: warning: 'p' is a pointer (char *), and this is u64")

    def test_what_the_verifier_refuses_is_shown_with_its_line(self) -> None:
        text = """
        BPF_HASH(counts, u32, u64);
        int f(void *ctx) {
            u32 key = 1;
            u64 *value = counts.lookup(&key);
            return *value;
        }
        """
        with BPF(text=text) as b, pytest.raises(VerifierError, match=r"from <text>:6:\d+"):
            b.load_func("f", BPF.KPROBE)

    def test_functions(self) -> None:
        text = COUNT + "static int helper(int x) { return x; }\nint g(void *ctx) { return 1; }"
        with BPF(text=text) as b:
            assert [one.name for one in b.load_funcs(BPF.TRACEPOINT)] == [b"count", b"g"]
            with pytest.raises(UnknownFunction, match="no function 'helper'"):
                b.load_func("helper", BPF.KPROBE)
            assert b.dump_func("g")[-8:] == bytes([0x95, *bytes(7)])
            assert "exit" in b.disassemble_func(b"g")
            assert "call bpf_get_current_pid_tgid#14" in b.disassemble_func("count")
            assert b.decode_table("counts", sizeinfo=True).splitlines()[1:] == [
                "  u32 key; (offset 0, size 4)",
                "  u64 leaf; (offset 0, size 8)",
            ]


def test_all_is_gone_with_the_process() -> None:
    """Also what is never closed; a child that is forked and ends closes nothing."""
    code = f"""
import os
from seismo.bcc import BPF
text = '''{COUNT}'''
b = BPF(text=text.replace("{os.getpid()}", str(os.getpid())))
b.attach_tracepoint("syscalls:sys_enter_getppid", fn_name="count")
if not os.fork():
    raise SystemExit
os.wait()
os.getppid()
print(sum(value.value for _, value in b["counts"].items()), b["counts"].map_id)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    hits, _ = done.stdout.split()
    assert hits == "1"
