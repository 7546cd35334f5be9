"""What calls are given and what they fill in: contents, structs, addresses; filters by them."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import struct
import time
from pathlib import Path

import pytest

from audit_rig import Rig, fields, names_of, plan
from seismo.audit.record.layout import (
    SOCKET,
    Capture,
    Section,
    SectionFlag,
    Setting,
)

pytestmark = pytest.mark.kernel

READ, WRITE, READV, WRITEV, CONNECT, SENDTO, RECVFROM = 0, 1, 19, 20, 42, 44, 45
SENDMSG, RECVMSG, GETSOCKNAME, EXECVE, PIPE2, PRLIMIT = 46, 47, 51, 59, 293, 302
LIBC = ctypes.CDLL(None, use_errno=True)


def _times(count: int) -> None:
    for _ in range(count):
        os.getpid()


def test_structs_and_numbers() -> None:
    told = os.pipe()

    def act() -> None:
        time.sleep(0.002)
        os.write(told[1], struct.pack("<2i", *os.pipe2(0)))
        os.write(told[1], struct.pack("<2q", *resource.getrlimit(resource.RLIMIT_STACK)))

    plans = {
        PIPE2: plan((0, Capture.NUMBERS_OUT, 2)),
        PRLIMIT: plan((3, Capture.STRUCT_OUT, 16), (2, Capture.STRUCT_IN, 16)),
    }
    with Rig(plans) as rig:
        rig.run(act)
        pipe, limit = rig.records()
    assert pipe.part(Section.NUMBERS).data == os.read(told[0], 8)
    part = limit.part(Section.STRUCT, 3)
    assert (part.data, part.detail) == (os.read(told[0], 16), 16)
    assert limit.kinds() == [Section.STRUCT]  # a NULL pointer is nothing


CONTENT = Setting.CONTENT | Setting.FD_PATHS


def test_contents_are_cut_where_settings_say() -> None:
    plans = {
        READ: plan((1, Capture.BYTES_OUT, 2)),
        WRITE: plan((1, Capture.BYTES_IN, 2)),
        WRITEV: plan((1, Capture.IOVEC_IN, 2)),
        READV: plan((1, Capture.IOVEC_OUT, 2)),
    }

    def act() -> None:
        read, write = os.pipe()
        os.write(write, b"12345678")
        os.write(write, b"123456789")
        os.read(read, 100)
        os.writev(write, [b"ab", b"", b"cdef"])
        os.writev(write, [b"ab", b"cdefghi"])
        os.readv(read, [bytearray(5), bytearray(50)])

    with Rig(plans, flags=CONTENT, content_bytes=8) as rig:
        rig.run(act)
        parts = [one.parts[0] for one in rig.records()]
        counts = [rig.counts(one).get("truncated", 0) for one in plans]
    cut = SectionFlag.TRUNCATED
    assert [(one.data, one.flags) for one in parts] == [
        *((b"12345678", 0), (b"12345678", cut), (b"12345678", cut)),
        *((b"abcdef", 0), (b"abcdefgh", cut), (b"abcdefab", cut)),
    ]
    assert counts == [1, 1, 1, 1]


def test_contents_end_where_the_buffer_does() -> None:
    """With MSG_TRUNC a longer message's length is told, behind the buffer is the program's own."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    buffer = ctypes.create_string_buffer(b"own memory")

    def act() -> None:
        one.send(b"12345678")
        LIBC.recv(other.fileno(), buffer, 3, socket.MSG_TRUNC)

    with Rig({RECVFROM: plan((1, Capture.BYTES_OUT, 2))}, flags=CONTENT) as rig:
        rig.run(act)
        (record,) = rig.records()
    assert record.ret == 8
    assert [one.data for one in record.parts] == [b"123"]


def test_contents_only_where_they_are_asked_for() -> None:
    with Rig({WRITE: plan((1, Capture.BYTES_IN, 2))}) as rig:
        rig.run(lambda: os.write(os.pipe()[1], b"secret"))
        (record,) = rig.records()
    assert (record.ret, record.parts) == (6, ())


def test_so_much_of_each_call_as_its_plan_has() -> None:
    plans = {
        WRITE: plan((1, Capture.BYTES_IN, 2), content=3),
        SENDMSG: plan((1, Capture.MSGHDR_IN), content=0),
        RECVMSG: plan((1, Capture.MSGHDR_OUT), content=5),
    }
    one, other = socket.socketpair()

    def act() -> None:
        os.write(one.fileno(), b"secret")
        other.sendmsg([b"secret"])
        one.recvmsg(100)

    with Rig(plans, flags=CONTENT) as rig:
        rig.run(act)
        records = rig.records()
    kinds, cut = (Section.BYTES, Section.IOVEC), SectionFlag.TRUNCATED
    found = [[(p.data, p.flags) for p in one.parts if p.kind in kinds] for one in records]
    assert found == [[(b"sec", cut)], [], [(b"secre", cut)]]


def test_addresses_given_and_filled_in() -> None:
    plans = {
        SENDTO: plan((1, Capture.BYTES_IN, 2), (4, Capture.SOCKADDR_IN, 5)),
        RECVFROM: plan((1, Capture.BYTES_OUT, 2), (4, Capture.SOCKADDR_OUT, 5)),
        SENDMSG: plan((1, Capture.MSGHDR_IN)),
        RECVMSG: plan((1, Capture.MSGHDR_OUT)),
    }
    server, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    server.bind(("127.0.0.1", 0))
    client.bind(("127.0.0.1", 0))

    def act() -> None:
        client.sendto(b"one", server.getsockname())
        server.recvfrom(100)
        client.sendmsg([b"tw", b"o!"], [], 0, server.getsockname())
        server.recvmsg(100)

    with Rig(plans, flags=CONTENT) as rig:
        rig.run(act)
        records = rig.records()
    to, by = (
        struct.pack("<H", socket.AF_INET)
        + struct.pack("!H4B8x", one.getsockname()[1], 127, 0, 0, 1)
        for one in (server, client)
    )
    address, contents = Section.SOCKADDR, Section.IOVEC
    assert [[(one.kind, one.argument, one.data) for one in record.parts] for record in records] == [
        [(Section.BYTES, 1, b"one"), (address, 4, to)],
        [(Section.BYTES, 1, b"one"), (address, 4, by)],
        [(address, 1, to), (contents, 1, b"two!")],
        [(address, 1, by), (contents, 1, b"two!")],
    ]


def test_an_address_ends_where_the_program_had_room_for_it() -> None:
    server, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    server.bind(("127.0.0.1", 0))
    client.connect(server.getsockname())

    def act() -> None:
        for room in (0, 6, 16, 20):
            length, name = ctypes.c_uint(room), ctypes.create_string_buffer(b"\xff" * 20)
            LIBC.getsockname(server.fileno(), name, ctypes.byref(length))
        client.send(b"x")
        name = ctypes.create_string_buffer(b"\xff" * 20)
        message = struct.pack("=Q2I5Q", ctypes.addressof(name), 4, 0, 0, 0, 0, 0, 0)
        assert LIBC.recvmsg(server.fileno(), message, 0) == 0

    plans = {
        GETSOCKNAME: plan((1, Capture.SOCKADDR_OUT, 2)),
        RECVMSG: plan((1, Capture.MSGHDR_OUT)),
    }
    with Rig(plans) as rig:
        rig.run(act)
        records = rig.records()
    address = struct.pack("=H", socket.AF_INET)
    address += struct.pack("!H4B8x", server.getsockname()[1], 127, 0, 0, 1)
    peer = struct.pack("=H", socket.AF_INET) + struct.pack("!H", client.getsockname()[1])
    cut = SectionFlag.TRUNCATED
    assert [[(one.data, one.flags) for one in record.parts] for record in records] == [
        *([(address[:size], cut)] for size in (0, 6)),
        *([(address, 0)], [(address, 0)]),
        [(peer, cut)],
    ]


def test_socket_of_a_descriptor() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.socket()

    def act() -> None:
        client.connect(server.getsockname())

    with Rig({CONNECT: plan((0, Capture.FD), (1, Capture.SOCKADDR_IN, 2))}) as rig:
        rig.run(act)
        (record,) = rig.records()
    found = fields(SOCKET, record.part(Section.SOCKET).data)
    port = server.getsockname()[1]
    assert [found[one] for one in ("family", "type", "protocol", "state", "fd")] == [
        *(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, 1, client.fileno())
    ]
    assert (found["remote_port"], found["local_port"]) == (port, client.getsockname()[1])
    assert bytes(found["remote"])[:4] == bytes([127, 0, 0, 1])  # type: ignore[call-overload]
    assert found["inode"] == os.fstat(client.fileno()).st_ino
    assert found["netns"] == os.stat("/proc/self/ns/net").st_ino
    address = record.part(Section.SOCKADDR, 1).data
    assert struct.unpack("!2xH4B8x", address) == (port, 127, 0, 0, 1)


PATHS = """
#define AUDIT_PATH_FILTERS 1
#define AUDIT_ADDRESS_FILTERS 0
static __always_inline int audit_wanted(struct audit_facts *facts) {
    return facts->path_mask >> 5 & 1 || (facts->path[0] == '/' && facts->path[1] == 'n');
}
static __always_inline int audit_counted(struct audit_facts *facts) { return 0; }
"""


def test_filter_by_directories(tmp_path: Path) -> None:
    openat, lseek = 257, 8
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to("in/sub")
    (tmp_path / "in" / "sub" / "file").touch()
    plans = {
        openat: plan((1, Capture.PATH_AT, 0), returned=Capture.FD_RETURNED),
        lseek: plan((0, Capture.FD)),
    }

    def act() -> None:
        os.lseek(os.open(tmp_path / "link" / "file", os.O_RDONLY), 0, 0)  # both wanted
        os.lseek(os.open("/etc/passwd", os.O_RDONLY), 0, 0)
        LIBC.open(b"/nowhere", 0)  # wanted: as it was given
        os.chdir(tmp_path / "in")
        LIBC.open(b"none", 0)  # wanted: relative to the directory
        LIBC.open(b"/etc/none", 0)

    stat = (tmp_path / "in").stat()
    with Rig(plans, filters=PATHS, flags=0) as rig:
        key = struct.pack("<QII", stat.st_ino, stat.st_dev, 0)
        rig.maps["path_prefixes"].put(key, struct.pack("<Q", 1 << 5))
        rig.run(act)
        strings = [
            one.part(Section.STRING, 1).data.decode() if one.type == openat else "lseek"
            for one in rig.records()
        ]
        assert rig.counts(openat) == {"produced": 5, "submitted": 3, "filtered": 2}
        assert rig.counts(lseek) == {"produced": 2, "submitted": 1, "filtered": 1}
    assert strings == [f"{tmp_path}/link/file", "lseek", "/nowhere", "none"]


ADDRESSES = """
#define AUDIT_PATH_FILTERS 0
#define AUDIT_ADDRESS_FILTERS 1
static __always_inline int audit_wanted(struct audit_facts *facts) {
    u32 first = *(u32 *)facts->address;
    return facts->family == 2 ? facts->port == 9 && first == 0x0100007f
                              : facts->family == 10 && facts->address[15] == 1;
}
static __always_inline int audit_counted(struct audit_facts *facts) { return 0; }
"""


def test_filter_by_addresses() -> None:
    plans = {SENDTO: plan((0, Capture.FD), (4, Capture.SOCKADDR_IN, 5))}

    def act() -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as of4,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as of6,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected,
        ):
            of4.sendto(b"a", ("127.0.0.1", 9))  # wanted
            of4.sendto(b"bb", ("127.0.0.1", 10))
            of4.sendto(b"ccc", ("127.0.0.2", 9))
            of6.sendto(b"dddd", ("::1", 9))  # wanted
            of6.sendto(b"eeeee", ("::ffff:127.0.0.1", 9))  # wanted: it is IPv4
            of6.sendto(b"ffffff", ("::ffff:127.0.0.1", 10))
            connected.connect(("127.0.0.1", 9))
            connected.send(b"ggggggg")  # wanted: by the socket

    with Rig(plans, filters=ADDRESSES, flags=0) as rig:
        rig.run(act)
        sent = [one.args[2] for one in rig.records()]
        assert rig.counts(SENDTO) == {"produced": 7, "submitted": 4, "filtered": 3}
    assert sent == [1, 4, 5, 7]


def test_filter_of_a_close_goes_by_the_file_that_was_closed(tmp_path: Path) -> None:
    close = 3
    (tmp_path / "file").touch()

    def act() -> None:
        for path in (tmp_path / "file", "/etc/passwd"):
            os.close(os.open(path, os.O_RDONLY))

    stat = tmp_path.stat()
    with Rig({close: plan((0, Capture.FD, 1))}, filters=PATHS) as rig:
        key = struct.pack("<QII", stat.st_ino, stat.st_dev, 0)
        rig.maps["path_prefixes"].put(key, struct.pack("<Q", 1 << 5))
        rig.run(act)
        (record,) = rig.records()
        assert rig.counts(close) == {"produced": 2, "submitted": 1, "filtered": 1}
    assert names_of(record.part(Section.PATH)) == f"{tmp_path}/file"


def test_words_are_cut_one_by_one() -> None:
    def act() -> None:
        with pytest.raises(FileNotFoundError):
            os.execv("/none", ["a" * 239, "b" * 300, "c"])
        with pytest.raises(FileNotFoundError):
            os.execv("/none", ["d" * 200] * 20)

    with Rig({EXECVE: plan((1, Capture.WORDS))}) as rig:
        rig.run(act)
        long, many = (one.part(Section.WORDS, 1) for one in rig.records())
    cut = SectionFlag.ENTRY | SectionFlag.TRUNCATED
    assert (long.data, long.flags) == (b"a" * 239 + b"\0" + b"b" * 239 + b"\0c\0", cut)
    assert (many.data, many.flags) == ((b"d" * 200 + b"\0") * (len(many.data) // 201), cut)
    assert 8 <= len(many.data) // 201 < 11
