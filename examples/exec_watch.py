"""Print the programs that are executed, until none has been for some seconds.

clang -O2 -g -target bpf -c exec_watch.bpf.c -o exec_watch.bpf.o
python exec_watch.py exec_watch.bpf.o --idle 5
"""

from __future__ import annotations

import argparse

import seismo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("object")
    parser.add_argument("--parent", type=int, default=0, help="only this process's children")
    parser.add_argument("--idle", type=float, default=None, help="end after so many quiet seconds")
    options = parser.parse_args()

    with seismo.Object.open(options.object) as obj:
        obj.rodata.wanted_parent = options.parent
        obj.load()
        obj.attach()
        print("attached", flush=True)
        for event in obj.events("events", type="struct event", timeout=options.idle):
            print(event.pid, event.parent, event.comm.decode(errors="replace"), flush=True)
        print(f"dropped {obj.bss.dropped}")


if __name__ == "__main__":
    main()
