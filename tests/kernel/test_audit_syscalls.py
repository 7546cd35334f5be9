"""System calls in the kernel: one record for each, everything counted."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_rig import Rig, plan
from seismo.audit.record.layout import (
    COMPAT,
    Capture,
    EventFlag,
    Section,
    SectionFlag,
    Setting,
    Shape,
)

pytestmark = pytest.mark.kernel


PAUSE, GETPID, EXECVE, GETPPID, EXIT_GROUP, READV = 34, 39, 59, 110, 231, 19
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
