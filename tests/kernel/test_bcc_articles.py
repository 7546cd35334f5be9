"""Three programs of an article on BCC, as they are but for the line that imports it.

They trace until they are ended, so each runs in a process of its own.
"""

from __future__ import annotations

import ctypes
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seismo.bcc.machine import machine

pytestmark = pytest.mark.kernel

_SECONDS = 60
_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17  # include/uapi/linux/ptrace.h

PTRACE = r"""
from seismo.bcc import BPF

BPF(text='int kprobe__ptrace_attach(void *ctx) { bpf_trace_printk("ptrace_attach called\\n"); return 0; }').trace_print()
"""  # noqa: E501

TWO_CALLS = r'''
from seismo.bcc import BPF

# define BPF program
bpf_program = """
int p_event(void *ctx) {
    bpf_trace_printk("traced very meaningful event!\\n");
    return 0;
}
"""


# load BPF program
b = BPF(text=bpf_program)

#attach kprobes for sys_clone and execve
b.attach_kprobe(event=b.get_syscall_fnname("clone"), fn_name="p_event")
b.attach_kprobe(event=b.get_syscall_fnname("execve"), fn_name="p_event")

while True:
    try:
        (task, pid, cpu, flags, ts, msg) = b.trace_fields()
    except ValueError:
        continue
    print("%f\t%d\t%s\t%s" % (ts, pid, task, msg))
'''

COLUMNS = r'''
from seismo.bcc import BPF

# define BPF program
bpf_program = """
#include <linux/sched.h>

struct omg_data {
    u64 gid_pid;
    u32 pid;
    u32 gid;
    u64 ts;  //timestamp with nanosecond precision
    char procname[TASK_COMM_LEN]; //holds the name of the current process
};

BPF_PERF_OUTPUT(custom_event);    //creates a BPF table for pushing out custom event data

int get_thi_dete(struct pt_regs *ctx) {
    struct omg_data mdata;

    mdata.gid_pid = bpf_get_current_pid_tgid();
    mdata.pid = (u32) mdata.gid_pid;
    mdata.gid = mdata.gid_pid >> 32;

    mdata.ts = bpf_ktime_get_ns(); //gets timestamp in nanoseconds

    bpf_get_current_comm(&mdata.procname, sizeof(mdata.procname));

    custom_event.perf_submit(ctx, &mdata, sizeof(mdata));

    return 0;
}
"""

# load BPF program
b = BPF(text=bpf_program)
b.attach_kprobe(event=b.get_syscall_fnname("clone"), fn_name="get_thi_dete")


# header
print("%-18s %-6s %-6s %-16s %s" % ("TIME(s)", "PID", "TID", "TASK", "MESSAGE"))

# process event
start = 0
def print_event(cpu, omg_data, size):
    global start
    event = b["custom_event"].event(omg_data)
    if start == 0:
            start = event.ts
    time_s = (float(event.ts - start)) / 1000000000
    print("%-18.9f %-6d %-6d %-16s %s" % (time_s, event.gid, event.pid, event.procname, "Traced sys_clone!"))

# loop with callback to print_event
b["custom_event"].open_perf_buffer(print_event)
while 1:
    b.perf_buffer_poll()
'''  # noqa: E501


@contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-u", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _start_a_child() -> None:
    """By clone(2), which starts another program by execve(2)."""
    if not (child := os.fork()):
        os.execv("/bin/true", ["true"])
    os.waitpid(child, 0)


def _line_of(
    process: subprocess.Popen[str], pattern: str, act: Callable[[], None] = _start_a_child
) -> re.Match[str]:
    """The first line that matches, while this process does what is to be told of."""
    assert process.stdout is not None
    out = process.stdout.fileno()
    deadline = time.monotonic() + _SECONDS
    text = ""
    while time.monotonic() < deadline and process.poll() is None:
        act()
        if select.select([out], [], [], 0.05)[0]:
            text += os.read(out, 1 << 16).decode()
        if found := re.search(pattern, text, re.MULTILINE):
            return found
    raise AssertionError(text + (process.stderr.read() if process.stderr else ""))


def test_two_system_calls_in_the_trace_pipe() -> None:
    own, name = os.getpid(), re.escape(Path("/proc/self/comm").read_text().strip())
    with _running("-c", TWO_CALLS) as process:
        pattern = rf"^\d+\.\d{{6}}\t{own}\tb'.*'\tb'traced very meaningful event!'$"
        _line_of(process, pattern)
        child = rf"^\d+\.\d{{6}}\t(?!{own}\t)\d+\tb'({name}|true)'"
        _line_of(process, rf"{child}\tb'traced very meaningful event!'$")


def _check_columns(process: subprocess.Popen[str]) -> None:
    own = os.getpid()
    _line_of(process, r"\ATIME\(s\)            PID    TID    TASK             MESSAGE$")
    found = _line_of(process, rf"^(\d+\.\d{{9}}) +{own} +{own} +b'.*' +Traced sys_clone!$")
    assert 0 <= float(found[1]) < _SECONDS


def test_events_with_columns() -> None:
    with _running("-c", COLUMNS) as process:
        _check_columns(process)


def test_a_tool_that_is_not_changed_at_all(tmp_path: Path) -> None:
    tool = tmp_path / "columns.py"
    tool.write_text(COLUMNS.replace("from seismo.bcc import", "from bcc import"))
    with _running("-m", "seismo.bcc", str(tool)) as process:
        _check_columns(process)


def _attach_to_a_child() -> None:
    """PTRACE_ATTACH to a process of our own, and off again."""
    libc = ctypes.CDLL(None, use_errno=True)
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            assert libc.ptrace(_PTRACE_ATTACH, child.pid, 0, 0) == 0
            os.waitpid(child.pid, os.WUNTRACED)
            assert libc.ptrace(_PTRACE_DETACH, child.pid, 0, 0) == 0
        finally:
            child.kill()


@pytest.mark.guest
def test_a_function_of_the_kernel() -> None:
    with _running("-c", PTRACE) as process:
        name = re.escape(Path("/proc/self/comm").read_text().strip())
        line = rf"^ *{name}-{os.getpid()} .*: bpf_trace_printk: ptrace_attach called$"
        _line_of(process, line, _attach_to_a_child)


@pytest.mark.skipif(machine().has_kprobes, reason="this kernel has kprobes")
def test_a_function_that_is_no_system_call() -> None:
    """Without kprobes the message names the tracepoint to use."""
    with _running("-c", PTRACE) as process:
        _, errors = process.communicate(timeout=_SECONDS)
    assert "NotTraceable: kprobe ptrace_attach: the kernel has no kprobes" in errors
    assert "hint: the nearest tracepoint is syscalls:sys_enter_ptrace" in errors
