"""System calls in the kernel: one record for each, everything counted."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_rig import Rig, fields, names_of, plan
from seismo.audit.record.layout import (
    COMPAT,
    SOCKET,
    Capture,
    EventFlag,
    Section,
    SectionFlag,
    Setting,
    Shape,
)

pytestmark = pytest.mark.kernel

READ, WRITE, PAUSE, NANOSLEEP, GETPID, CONNECT, SENDTO, RECVFROM = 0, 1, 34, 35, 39, 42, 44, 45
SENDMSG, RECVMSG, EXECVE, GETPPID, EXIT_GROUP, PIPE2, PRLIMIT = 46, 47, 59, 110, 231, 293, 302
READV, WRITEV = 19, 20
ONLY_PPID = """
#define AUDIT_PATH_FILTERS 0
#define AUDIT_ADDRESS_FILTERS 0
static __always_inline int audit_wanted(struct audit_facts *facts) { return facts->type == 110; }
static __always_inline int audit_counted(struct audit_facts *facts) { return facts->ret == 1; }
"""
LIBC = ctypes.CDLL(None, use_errno=True)


def _times(count: int) -> None:
    for _ in range(count):
        os.getpid()


def test_each_call_is_one_record() -> None:
    with Rig({GETPID: plan()}) as rig:
        child = rig.run(lambda: _times(1000))
        records = rig.records()
        assert rig.counts(GETPID) == {"produced": 1000, "submitted": 1000}
        assert rig.in_progress() == []
    assert [one.type for one in records] == [GETPID] * 1000
    assert {one.ret for one in records} == {child}


def test_header_tells_who_and_when() -> None:
    with Rig({GETPID: plan()}) as rig:
        before = time.monotonic_ns()
        told = os.pipe()

        def act() -> None:
            stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
            os.write(told[1], stat[19].encode())
            os.getpid()

        child = rig.run(act)
        (record,) = rig.records()
        after = time.monotonic_ns()
    header = record.header
    ticks = int(os.read(told[0], 64))
    assert [header[one] for one in ("tgid", "tid", "ppid", "uid", "gid")] == [
        *(child, child, os.getpid(), os.getuid(), os.getgid())
    ]
    assert header["mntns"] == os.stat("/proc/self/ns/mnt").st_ino
    assert header["comm"] == Path("/proc/self/comm").read_text().strip()
    assert int(str(header["start_ns"])) // (10**9 // os.sysconf("SC_CLK_TCK")) == ticks
    assert before < int(str(header["time_ns"])) < after
    assert 0 < int(str(header["duration_ns"])) < after - before


def test_sequence_of_each_cpu_has_no_holes() -> None:
    with Rig({GETPID: plan()}) as rig:
        rig.run(lambda: _times(500))
        rig.run(lambda: _times(500))
        by_cpu = defaultdict(list)
        for one in rig.records():
            by_cpu[one.header["cpu"]].append(one.header["sequence"])
    assert sum(map(len, by_cpu.values())) == 1000
    for numbers in by_cpu.values():
        assert numbers == list(range(1, len(numbers) + 1))


def test_threads_are_of_their_process() -> None:
    told = os.pipe()

    def act() -> None:
        def run() -> None:
            os.write(told[1], struct.pack("<I", threading.get_native_id()))
            _times(50)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    with Rig({GETPID: plan()}) as rig:
        child = rig.run(act)
        records = rig.records()
    tids = struct.unpack("<4I", os.read(told[0], 16))
    counted = {tid: sum(one.header["tid"] == tid for one in records) for tid in tids}
    assert counted == dict.fromkeys(tids, 50)
    assert {one.header["tgid"] for one in records} == {child}


def test_others_and_other_calls_are_left_alone() -> None:
    with Rig({GETPID: plan(), GETPPID: plan()}) as rig:
        rig.want(0, [GETPPID])
        rig.run(lambda: [os.getppid(), os.getpid()])
        os.getppid()
        assert [one.type for one in rig.records()] == [GETPPID]
        assert rig.counts(GETPID) == {}


def test_default_handler_but_never_the_tracer() -> None:
    flags = Setting.DEFAULT | Setting.FD_PATHS
    with Rig({GETPPID: plan()}, flags=flags, self_tgid=os.getpid(), default_handler=3) as rig:
        rig.want(0, ())
        rig.want(3, [GETPPID])
        os.getppid()
        child = os.fork()
        if not child:
            os.getppid()
            os._exit(0)
        os.waitpid(child, 0)
        found = rig.records()
    assert os.getpid() not in {one.header["tgid"] for one in found}
    assert [one.header["handler"] for one in found if one.header["tgid"] == child] == [3]


def test_call_without_return_is_told_at_its_entry() -> None:
    with Rig({EXIT_GROUP: plan(flags=Shape.NO_RETURN)}) as rig:
        rig.run(lambda: None)
        (record,) = rig.records()
        assert rig.counts(EXIT_GROUP) == {"produced": 1, "submitted": 1}
        assert rig.in_progress() == []
    assert (record.flags, record.args[0]) == (EventFlag.NO_RETURN, 0)


def test_what_does_not_fit_the_ring_is_counted_and_numbered() -> None:
    def on_one_cpu(count: int) -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        _times(count)

    with Rig({GETPID: plan()}, ring_bytes=4096) as rig:
        rig.run(lambda: on_one_cpu(100))
        counts = rig.counts(GETPID)
        first = rig.records()
        rig.run(lambda: on_one_cpu(1))
        (last,) = rig.records()
    assert counts == {"produced": 100, "submitted": len(first), "lost_ring": 100 - len(first)}
    assert 20 < len(first) < 30
    assert last.header["sequence"] == 101


def test_calls_in_progress_without_room_are_counted() -> None:
    pipe = os.pipe()

    def act() -> None:
        reader = threading.Thread(target=lambda: os.readv(pipe[0], [bytearray(1)]))
        reader.start()
        _wait_for_call(reader.native_id, READV, pipe[0])
        _times(50)
        os.write(pipe[1], b"x")
        reader.join()

    with Rig({READV: plan(), GETPID: plan()}, pending=1) as rig:
        child = rig.run(act)
        (record,) = rig.records()
        assert rig.counts(GETPID) == {"produced": 50, "lost_pending": 50}
        assert rig.counts(READV) == {"produced": 1, "submitted": 1}
        assert rig.in_progress() == []
    assert (record.header["tgid"], record.args[0], record.ret) == (child, pipe[0], 1)


def _wait_for_call(tid: int | None, number: int, first: int) -> None:
    """Until the thread is in the call with that first argument."""
    place = Path(f"/proc/self/task/{tid}/syscall")
    while not place.read_text().startswith(f"{number} {first:#x} "):
        time.sleep(0.001)


def test_filters_count_what_they_keep_back() -> None:
    with Rig({GETPID: plan(), GETPPID: plan()}, filters=ONLY_PPID) as rig:
        rig.run(lambda: [*(os.getpid() for _ in range(7)), *(os.getppid() for _ in range(3))])
        records = rig.records()
        assert rig.counts(GETPID) == {"produced": 7, "filtered": 7}
        assert rig.counts(GETPPID) == {"produced": 3, "submitted": 3}
    assert [one.type for one in records] == [GETPPID] * 3


def test_end_without_entry_is_counted_apart() -> None:
    def act() -> None:
        os.waitpid(os.fork() or os._exit(0), 0)

    clone, poll = 56, 7
    with Rig({poll: plan(), clone: plan()}) as rig:
        rig.run(act, inherited=True)
        calls = rig.calls(clone)
        assert rig.counts(poll).get("no_entry", 0) + rig.counts(poll).get("submitted", 0) == 1
        assert rig.counts(clone) == {"produced": 1, "submitted": 1}
    assert len(calls) == 1


def test_thread_that_ends_in_a_call() -> None:
    with Rig({EXIT_GROUP: plan((0, Capture.STRING))}) as rig:  # a plan that expects it to return
        child = rig.run(lambda: None)
        (record,) = rig.records()
        assert rig.in_progress() == []
        assert rig.counts(EXIT_GROUP) == {"produced": 1, "submitted": 1}
    assert record.flags == EventFlag.NO_RETURN
    assert (record.header["tid"], record.args[0]) == (child, 0)


def test_killed_call_returns_before_its_thread_ends() -> None:
    with Rig({PAUSE: plan()}) as rig:
        child = os.fork()
        if not child:
            LIBC.pause()
        rig.watch(child)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts = rig.counts(PAUSE)
        assert rig.in_progress() == []
    assert counts.get("produced", 0) == counts.get("submitted", 0)


def test_thread_that_executes_a_program() -> None:
    def act() -> None:
        threading.Thread(target=lambda: os.execv("/bin/true", ["true"])).start()
        time.sleep(60)

    with Rig({EXECVE: plan((0, Capture.PATH), (1, Capture.WORDS))}) as rig:
        child = rig.run(act)
        (record,) = rig.calls(EXECVE)
        assert rig.in_progress() == []
        assert rig.counts(EXECVE) == {"produced": 1, "submitted": 1}
    assert (record.ret, record.flags) == (0, 0)
    assert (record.header["tgid"], record.header["tid"]) == (child, child)
    assert record.part(Section.STRING).data == b"/bin/true"
    assert record.part(Section.WORDS, 1).data == b"true\0"


def test_words_of_a_program_that_is_not_there() -> None:
    def act() -> None:
        with pytest.raises(FileNotFoundError):
            os.execv("/nowhere/at/all", ["one", "", "three words here"])

    with Rig({EXECVE: plan((0, Capture.PATH), (1, Capture.WORDS))}) as rig:
        rig.run(act)
        (record,) = rig.records()
    assert record.ret == -errno.ENOENT
    assert record.part(Section.WORDS, 1).data == b"one\0\0three words here\0"
    assert record.part(Section.WORDS, 1).flags == SectionFlag.ENTRY


_ACCESS_32 = 33
_CODE = b"\x53\x89\xf8\x89\xf3\x89\xd1\xcd\x80\x5b\xc3"  # eax = edi, ebx = esi, ecx = edx; int 0x80


def test_calls_of_the_32_bit_table() -> None:
    def act() -> None:
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(_CODE)
        call = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int] * 3)(
            ctypes.addressof(ctypes.c_char.from_buffer(code))
        )
        low = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40)  # MAP_32BIT
        low.write(b"etc\0")
        assert call(20, 0, 0) == os.getpid()
        os.chdir("/")
        assert call(_ACCESS_32, ctypes.addressof(ctypes.c_char.from_buffer(low)), 4) == 0

    plans = {COMPAT + 20: plan(), COMPAT + _ACCESS_32: plan((0, Capture.PATH)), 20: plan()}
    with Rig(plans) as rig:
        child = rig.run(act)
        first, second = rig.records()
    assert (first.type, first.ret, first.flags) == (COMPAT + 20, child, EventFlag.COMPAT)
    assert (second.type, second.ret, second.args[1]) == (COMPAT + _ACCESS_32, 0, 4)
    assert second.part(Section.STRING).data == b"etc"
    assert second.part(Section.DIRECTORY).data == b""


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
        READ: plan((1, Capture.BYTES_OUT)),
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


def test_contents_only_where_they_are_asked_for() -> None:
    with Rig({WRITE: plan((1, Capture.BYTES_IN, 2))}) as rig:
        rig.run(lambda: os.write(os.pipe()[1], b"secret"))
        (record,) = rig.records()
    assert (record.ret, record.parts) == (6, ())


def test_addresses_given_and_filled_in() -> None:
    plans = {
        SENDTO: plan((1, Capture.BYTES_IN, 2), (4, Capture.SOCKADDR_IN, 5)),
        RECVFROM: plan((1, Capture.BYTES_OUT), (4, Capture.SOCKADDR_OUT, 5)),
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


def test_many_processes_at_once_are_all_counted() -> None:
    with Rig({GETPID: plan()}, ring_bytes=1 << 16) as rig:
        children = []
        for _ in range(8):
            go_read, go = os.pipe()
            child = os.fork()
            if not child:
                os.read(go_read, 1)
                _times(2000)
                os._exit(0)
            rig.watch(child)
            children.append((child, go))
        for _, go in children:
            os.write(go, b"x")
        seen = 0
        for child, _ in children:
            while os.waitpid(child, os.WNOHANG) == (0, 0):
                seen += len(rig.records())
        seen += len(rig.records())
        counts = rig.counts(GETPID)
        assert rig.in_progress() == []
    assert counts["produced"] == 16000
    assert seen == counts["submitted"] == 16000 - counts.get("lost_ring", 0)


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


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """A cgroup of our own, with one below."""
    found = _cgroup_mount()
    if found is None:
        pytest.skip("no cgroup2 is mounted")
    own = found / f"audit-{os.getpid()}"
    (own / "below").mkdir(parents=True)
    yield own
    (own / "below").rmdir()
    own.rmdir()


def _cgroup_mount() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None


@pytest.mark.parametrize("inner", [".", "below"])
def test_processes_of_a_cgroup_and_of_those_below(cgroup: Path, inner: str) -> None:
    def act(place: Path) -> int:
        child = os.fork()
        if not child:
            (place / "cgroup.procs").write_text("0")
            _times(5)
            os._exit(0)
        os.waitpid(child, 0)
        return child

    with Rig({GETPID: plan()}, flags=Setting.CGROUPS) as rig:
        watch = struct.pack("<HBBI", 0, 0, 0, 0)
        rig.maps["watched_cgroups"].put(struct.pack("<Q", cgroup.stat().st_ino), watch)
        inside = act(cgroup / inner)
        act(cgroup.parent)
        found = rig.records()
    assert [one.header["tgid"] for one in found] == [inside] * 5
    assert {one.header["cgroup"] for one in found} == {(cgroup / inner).stat().st_ino}


def test_nearest_cgroup_decides(cgroup: Path) -> None:
    with Rig({GETPID: plan()}, flags=Setting.CGROUPS) as rig:
        rig.want(5, [GETPID])
        for handler, place in ((0, cgroup), (5, cgroup / "below")):
            watch = struct.pack("<HBBI", handler, 0, 0, 0)
            rig.maps["watched_cgroups"].put(struct.pack("<Q", place.stat().st_ino), watch)
        for place in (cgroup, cgroup / "below"):
            child = os.fork()
            if not child:
                (place / "cgroup.procs").write_text("0")
                os.getpid()
                os._exit(0)
            os.waitpid(child, 0)
        assert [one.header["handler"] for one in rig.records()] == [0, 5]
