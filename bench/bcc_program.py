"""One BCC program for either implementation: `python bcc_program.py MODULE HOW PID`.

MODULE is `bcc` or `seismo.bcc`; PID's calls of getppid are told. HOW is `start` (only the
constructor), `perf` or `ring` (a callback for each event, three of its fields read), or `arrays`
(what only seismo has). Prints lines of JSON: what being ready took, then, once a line has come on
standard input, what was received.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import select
import sys
import time
from typing import Any

__all__ = ("main",)

_TEXT = """
struct event_t { u64 ts; u32 pid; u32 tid; char comm[16]; u64 ret; };
OUTPUT

TRACEPOINT_PROBE(raw_syscalls, sys_enter) {
    u64 id = bpf_get_current_pid_tgid();
    if ((id >> 32) != PID || args->id != CALL)
        return 0;
    struct event_t event = {};
    event.ts = bpf_ktime_get_ns();
    event.pid = id >> 32;
    event.tid = id;
    event.ret = args->id;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    SUBMIT
    return 0;
}
"""
_GETPPID = {"x86_64": 110, "aarch64": 173}
_PERF_PAGES = 1024
_RING_PAGES = 16384
"""64 MiB; what reads by callbacks has 1024 pages, as BCC's tools do."""


def main(module_name: str, how: str, pid: str) -> None:
    """Be ready, say so, receive until told to stop, and say what came."""
    os.sched_setaffinity(0, {0})
    begin = time.perf_counter()
    program = importlib.import_module(module_name).BPF
    start = time.perf_counter()
    bpf = program(text=_program(how, pid))
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    receiver = Receiver(bpf, how)
    answer = {"seconds": end - start, "with_import": end - begin, "kib": peak}
    print(json.dumps(answer), flush=True)
    if how != "start":
        receiver.run()
        print(json.dumps(receiver.answer()), flush=True)


def _program(how: str, pid: str) -> str:
    pages = _RING_PAGES if how == "arrays" else _PERF_PAGES
    output = f"BPF_RINGBUF_OUTPUT(events, {pages});"
    submit = "events.ringbuf_output(&event, sizeof(event), 0);"
    if how in ("start", "perf"):
        output = "BPF_PERF_OUTPUT(events);"
        submit = "events.perf_submit(args, &event, sizeof(event));"
    text = _TEXT.replace("OUTPUT", output).replace("SUBMIT", submit)
    return text.replace("PID", pid).replace("CALL", str(_GETPPID[os.uname().machine]))


class Receiver:
    """Counts what comes out of `events`."""

    def __init__(self, bpf: Any, how: str) -> None:
        self.bpf = bpf
        self.how = how
        self.table = bpf["events"]
        self.received = self.lost = self.last_ns = 0
        if how == "perf":
            self.table.open_perf_buffer(self.take, page_cnt=_PERF_PAGES, lost_cb=self.lose)
        elif how != "start":
            self.table.open_ring_buffer(self.take if how == "ring" else None)

    def take(self, _cpu: object, data: object, _size: int) -> None:
        """What a tool does at least: decode an event and look at three of its fields."""
        event = self.table.event(data)
        self.received += 1
        self.last_ns = max(event.ts, event.pid, event.tid)

    def lose(self, count: int) -> None:
        """BCC's way to tell of losses."""
        self.lost += count

    def run(self) -> None:
        """Receive until a line comes on standard input, and then what is left."""
        while not select.select([sys.stdin], [], [], 0)[0]:
            self.poll(10)
        before = -1
        while before != self.received:
            before = self.received
            self.poll(0)

    def answer(self) -> dict[str, int]:
        """What was received and lost, and when by CLOCK_MONOTONIC that was known."""
        now = time.monotonic_ns()
        lost = getattr(self.table, "lost", self.lost)
        return {"received": self.received, "lost": lost, "end_ns": now}

    def poll(self, milliseconds: int) -> None:
        """Take what is there, waiting for the first so long."""
        if self.how == "perf":
            self.bpf.perf_buffer_poll(timeout=milliseconds)
        elif self.how == "ring":
            self.bpf.ring_buffer_poll(timeout=milliseconds)
        else:
            events = self.table.arrays(timeout=milliseconds)
            self.received += len(events)
            self.last_ns = int(events["ts"].max(initial=self.last_ns))


if __name__ == "__main__":
    main(*sys.argv[1:])
