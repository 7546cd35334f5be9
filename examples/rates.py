"""Rates from whole batches of events: numpy arrays, no Python object for a record.

pip install seismo[data]
clang -O2 -g -target bpf -c syscalls.bpf.c -o syscalls.bpf.o
python rates.py syscalls.bpf.o 1234 --seconds 5
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import seismo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("object")
    parser.add_argument("process", type=int)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()

    with seismo.Object.open(options.object) as obj:
        obj.rodata.process = options.process
        obj.rodata.sends_events = True
        obj.load()
        links = obj.attach()
        events = obj.events("events", type="struct event")
        print("attached", flush=True)
        for second in range(options.seconds):
            time.sleep(1)
            if second + 1 == options.seconds:
                for link in links:
                    link.close()
            batch = events.arrays()
            numbers, counts = np.unique(batch["number"], return_counts=True)
            busiest = f", most of them {numbers[counts.argmax()]}" if len(batch) else ""
            print(f"{len(batch)} system calls in a second{busiest}", flush=True)
        print(f"received {events.received} of {obj.bss.sent}, dropped {obj.bss.dropped}")


if __name__ == "__main__":
    main()
