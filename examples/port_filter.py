"""Try an XDP program on packets that were never sent: BPF_PROG_TEST_RUN.

clang -O2 -g -target bpf -c port_filter.bpf.c -o port_filter.bpf.o
python port_filter.py port_filter.bpf.o
"""

from __future__ import annotations

import argparse
import struct

import seismo

XDP_DROP, XDP_PASS = 1, 2  # enum xdp_action


def udp_packet(port: int) -> bytes:
    """Ethernet, IPv4 and UDP headers; what the program does not read is zeros."""
    ethernet = bytes(12) + struct.pack("!H", 0x0800)
    ip = struct.pack("!BxHxxxxBB10x", 0x45, 28, 64, 17)
    return ethernet + ip + struct.pack("!HHHH", 4000, port, 8, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("object")
    options = parser.parse_args()

    with seismo.Object.open(options.object) as obj:
        obj.load()
        program = obj.programs["filter"]
        obj.bss.port = 53
        for port in (53, 80):
            result = program.test_run(data=udp_packet(port))
            print(f"port {port}: {'dropped' if result.retval == XDP_DROP else 'passed'}")
        obj.bss.port = 80
        result = program.test_run(data=udp_packet(80), repeat=1000)
        assert result.retval == XDP_DROP
        for verdict, count in obj.maps["verdicts"].items():
            print(f"{verdict.name}: {count}")


if __name__ == "__main__":
    main()
