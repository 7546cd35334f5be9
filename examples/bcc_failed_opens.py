"""Which files could not be opened: a program for BCC, but for the line that imports `BPF`.

python bcc_failed_opens.py --seconds 5
"""

from __future__ import annotations

import argparse
import errno
import time
from typing import Any

from seismo.bcc import BPF

TEXT = """
#include <linux/sched.h>

struct event {
    u32 pid;
    int error;
    char task[TASK_COMM_LEN];
    char path[200];
};
BPF_HASH(paths, u32, const char *);
BPF_RINGBUF_OUTPUT(events, 16);

TRACEPOINT_PROBE(syscalls, sys_enter_openat) {
    u32 tid = bpf_get_current_pid_tgid();
    const char *path = args->filename;
    paths.update(&tid, &path);
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    const char **path = paths.lookup(&tid);
    if (!path)
        return 0;
    if (args->ret < 0) {
        struct event event = {.pid = id >> 32, .error = -args->ret};
        bpf_get_current_comm(&event.task, sizeof(event.task));
        bpf_probe_read_user_str(event.path, sizeof(event.path), *path);
        events.ringbuf_output(&event, sizeof(event), 0);
    }
    paths.delete(&tid);
    return 0;
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()

    with BPF(text=TEXT) as b:
        events = b["events"]

        def show(ctx: Any, data: int, size: int) -> None:
            event = events.event(data)
            error = errno.errorcode.get(event.error, str(event.error))
            task, path = event.task.decode(), event.path.decode(errors="replace")
            print(f"{event.pid:<7} {task:<16} {error:<8} {path}", flush=True)

        events.open_ring_buffer(show)
        print(f"{'PID':<7} {'TASK':<16} {'ERROR':<8} PATH", flush=True)
        end = time.monotonic() + options.seconds
        while (left := end - time.monotonic()) > 0:
            b.ring_buffer_poll(round(left * 1000))
        print(f"{events.received} received, {events.lost} lost")


if __name__ == "__main__":
    main()
