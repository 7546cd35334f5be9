"""Count a process's system calls for some seconds, in a per-CPU hash map of typed keys.

clang -O2 -g -target bpf -c syscalls.bpf.c -o syscalls.bpf.o
python syscall_counts.py syscalls.bpf.o 1234 --seconds 5
"""

from __future__ import annotations

import argparse
import time

import seismo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("object")
    parser.add_argument("process", type=int)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()

    with seismo.Object.open(options.object) as obj:
        obj.rodata.process = options.process
        obj.load()
        links = obj.attach()
        print("attached", flush=True)
        time.sleep(options.seconds)
        for link in links:
            link.close()
        rows = [(sum(cpus), key) for key, cpus in obj.maps["counts"].take_all()]
        for count, key in sorted(rows, key=lambda row: -row[0]):
            print(f"thread {key.thread} system call {key.number}: {count}")


if __name__ == "__main__":
    main()
