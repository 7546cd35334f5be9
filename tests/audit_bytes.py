"""Records of audit as the kernel's programs send them, made by the layouts."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from seismo.audit.record.layout import (
    CREDENTIALS,
    FIXED_FILE,
    HEADER,
    NO_ARGUMENT,
    SECTION,
    SOCKET,
    Section,
)

_HEADER = Struct("=5QqHHHH6I16s")
_HEAD = Struct("=BBHHH")
assert (_HEADER.size, _HEAD.size) == (HEADER.size, SECTION.size)


def header(type_: int, **values: int | bytes) -> bytes:
    """A header; what is not given has a value of its own."""
    usual: dict[str, int | bytes] = {
        "time_ns": 1_000_000_000,
        "duration_ns": 250,
        "sequence": 1,
        "start_ns": 77_000,
        "cgroup": 4242,
        "ret": 0,
        "type": type_,
        "flags": 0,
        "cpu": 1,
        "handler": 3,
        "tgid": 70_001,
        "tid": 70_002,
        "ppid": 70_000,
        "uid": 1000,
        "gid": 100,
        "mntns": 4026531841,
        "comm": b"worker",
    }
    assert values.keys() <= usual.keys()
    merged = usual | values
    return _HEADER.pack(*[merged[one.name] for one in HEADER.fields])


def section(
    kind: Section, data: bytes, argument: int = NO_ARGUMENT, flags: int = 0, detail: int = 0
) -> bytes:
    """A section with its padding."""
    head = _HEAD.pack(kind, argument, flags, len(data), detail)
    return head + data + bytes(-len(data) % 8)


def syscall(
    type_: int, args: Sequence[int] = (), sections: bytes = b"", **values: int | bytes
) -> bytes:
    """A system call's record; missing arguments are 0, negative ones 64 bits wide."""
    six = [one & (1 << 64) - 1 for one in (*args, *[0] * (6 - len(args)))]
    return header(type_, **values) + Struct("=6Q").pack(*six) + sections


def file_bytes(**values: int) -> bytes:
    """A FILE section's bytes."""
    usual = {
        "inode": 99,
        "device": 0x801,
        "mode": 0o100644,
        "flags": 0o100000,
        "fd": 3,
        "position": 10,
        "links": 1,
        "uid": 1000,
    } | values
    return Struct("=QIIIiqII").pack(*[usual[one.name] for one in FIXED_FILE.fields])


def socket_bytes(local: bytes, remote: bytes, **values: int) -> bytes:
    """A SOCKET section's bytes: of TCP over IPv4, established."""
    usual = {
        "cookie": 5,
        "inode": 6,
        "sent_bytes": 70,
        "received_bytes": 80,
        "started_ns": 90,
        "netns": 4026531840,
        "family": 2,
        "type": 1,
        "state": 1,
        "protocol": 6,
        "local_port": 40001,
        "remote_port": 80,
        "is_ipv6": 0,
        "fd": 4,
        "pad": 0,
    } | values
    numbers = [usual[one.name] for one in SOCKET.fields if one.name in usual]
    return Struct("=5QIHBB4HiI16s16s").pack(*numbers, local, remote)


def credential_bytes() -> bytes:
    """A CREDENTIALS section's bytes: each number is its place, from 1."""
    count = len(CREDENTIALS.fields)
    return Struct("=8I5Q2I").pack(*range(1, count + 1))
