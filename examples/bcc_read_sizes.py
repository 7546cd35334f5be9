"""How much a process reads at once: a histogram that the kernel keeps, and each read in batches.

The batches (`arrays`) and the count of what was lost are seismo's own; BCC has no such things.

pip install seismo[data]
python bcc_read_sizes.py 1234 --seconds 5
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from seismo.bcc import BPF

TEXT = """
struct event {
    u64 time;
    u32 fd;
    u32 size;
};
BPF_HISTOGRAM(sizes);
BPF_PERF_OUTPUT(reads);

TRACEPOINT_PROBE(syscalls, sys_enter_read) {
    if (bpf_get_current_pid_tgid() >> 32 != PROCESS)
        return 0;
    struct event event = {bpf_ktime_get_ns(), args->fd, args->count};
    sizes.increment(bpf_log2l(args->count));
    reads.perf_submit(args, &event, sizeof(event));
    return 0;
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("process", type=int)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()

    with BPF(text=TEXT, cflags=[f"-DPROCESS={options.process}"]) as b:
        reads = b["reads"]
        reads.open_perf_buffer(None, page_cnt=256)
        print("attached", flush=True)
        time.sleep(options.seconds)
        batch = reads.arrays()
        for fd, count in zip(*np.unique(batch["fd"], return_counts=True), strict=True):
            mean = batch["size"][batch["fd"] == fd].mean()
            print(f"file descriptor {fd}: {count} reads of {mean:.0f} bytes")
        b["sizes"].print_log2_hist("bytes")
        print(f"{reads.received} received, {reads.lost} lost")


if __name__ == "__main__":
    main()
