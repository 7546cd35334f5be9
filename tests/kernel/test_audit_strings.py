"""Strings of the process: at the entry, at the end, at borders, and while others write them."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from audit_rig import Record, Rig, plan
from seismo.audit.record.layout import Capture, EventFlag, Section, SectionFlag

pytestmark = pytest.mark.kernel

ACCESS, OPEN, CONNECT, MOUNT = 21, 2, 42, 165
LIBC = ctypes.CDLL(None, use_errno=True)
PAGE = mmap.PAGESIZE
ONE = plan((0, Capture.PATH))


def _call(number: int, *args: object) -> int:
    return int(LIBC.syscall(ctypes.c_long(number), *args))


def _records(action: Callable[[], object], number: int, its_plan: bytes = ONE) -> list[Record]:
    with Rig({number: its_plan}) as rig:
        rig.run(action)
        counts = rig.counts(number)
        found = rig.records()
    assert counts["produced"] == counts["submitted"] == len(found)
    return found


def _string(record: Record, argument: int = 0) -> tuple[bytes, int]:
    part = record.part(Section.STRING, argument)
    return part.data, part.flags


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 254, 255, 256, 257, 1000, 4000, 4095])
def test_length(length: int) -> None:
    name = ("/" + "x" * 249) * 17
    (record,) = _records(lambda: _call(ACCESS, name[:length].encode(), 0), ACCESS)
    kept_whole = length < 256
    assert _string(record) == (name[:length].encode(), SectionFlag.ENTRY if kept_whole else 0)
    assert record.flags == 0


def test_longer_than_any_path() -> None:
    (record,) = _records(lambda: _call(ACCESS, b"y" * 5000, 0), ACCESS)
    assert _string(record) == (b"y" * 4103, SectionFlag.TRUNCATED)
    assert record.flags == EventFlag.TRUNCATED


def _two_pages() -> tuple[mmap.mmap, int]:
    """Memory whose second page is not mapped, and its address."""
    pages = mmap.mmap(-1, 2 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    assert LIBC.munmap(ctypes.c_void_p(address + PAGE), ctypes.c_size_t(PAGE)) == 0
    return pages, address


@pytest.mark.parametrize("length", [0, 1, 5, 8, 255, 300])
def test_string_ends_at_the_last_byte_before_an_unmapped_page(length: int) -> None:
    def act() -> None:
        _, address = _two_pages()
        ctypes.memmove(address + PAGE - length - 1, b"z" * length + b"\0", length + 1)
        _call(ACCESS, ctypes.c_void_p(address + PAGE - length - 1), 0)

    (record,) = _records(act, ACCESS)
    assert record.part(Section.STRING).data == b"z" * length
    assert record.flags == 0


def test_string_that_runs_into_an_unmapped_page() -> None:
    def act() -> None:
        _, address = _two_pages()
        ctypes.memmove(address + PAGE - 8, b"q" * 8, 8)
        assert _call(ACCESS, ctypes.c_void_p(address + PAGE - 8), 0) == -1

    (record,) = _records(act, ACCESS)
    assert _string(record) == (b"", SectionFlag.FAULTED)
    assert (record.ret, record.flags) == (-14, EventFlag.INCOMPLETE)


def test_page_that_nobody_has_touched_is_read_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"/etc/passwd\0")

    def act() -> None:
        fd = os.open(tmp_path / "text", os.O_RDONLY)
        LIBC.mmap.restype = ctypes.c_void_p
        place = LIBC.mmap(None, ctypes.c_size_t(PAGE), 1, mmap.MAP_PRIVATE, fd, ctypes.c_long(0))
        assert _call(ACCESS, ctypes.c_void_p(place), 0) == 0

    (record,) = _records(act, ACCESS)
    assert _string(record) == (b"/etc/passwd", SectionFlag.RETRIED)
    assert (record.ret, record.flags) == (0, 0)


def test_null_is_no_string() -> None:
    (record,) = _records(lambda: _call(ACCESS, None, 0), ACCESS)
    assert (record.ret, record.parts, record.flags) == (-14, (), 0)


def test_two_strings_and_a_third() -> None:
    kinds = plan((0, Capture.STRING), (1, Capture.PATH), (2, Capture.STRING))
    texts = b"no such", b"/none/at/all", b"nofs"
    (record,) = _records(lambda: _call(MOUNT, *texts, 0, None), MOUNT, kinds)
    assert [_string(record, one)[0] for one in range(3)] == list(texts)
    flags = [_string(record, one)[1] for one in range(3)]
    assert flags == [SectionFlag.ENTRY, SectionFlag.ENTRY, SectionFlag.RETRIED]


def _opened_while_changed(fifo: bytes, other: bytes) -> Record:
    """The record of an open(2) of a FIFO, which blocks while another thread writes its argument."""
    text = ctypes.create_string_buffer(fifo, 4096)

    def act() -> None:
        opener = threading.Thread(target=lambda: _call(OPEN, text, os.O_RDONLY))
        opener.start()
        place = Path(f"/proc/self/task/{opener.native_id}/syscall")
        while not place.read_text().startswith(f"{OPEN} "):
            time.sleep(0.001)
        text.value = other
        os.close(os.open(fifo, os.O_WRONLY))
        opener.join()

    (record,) = _records(act, OPEN)
    return record


@pytest.mark.parametrize("padding", [0, 150])
def test_change_during_the_call(tmp_path: Path, padding: int) -> None:
    os.mkfifo(tmp_path / "fifo")
    fifo = os.fsencode(tmp_path) + b"/." * padding + b"/fifo"
    other = b"/etc" + b"/." * padding + b"/shadow"
    record = _opened_while_changed(fifo, other)
    kept, flags = _string(record)
    is_cut = len(fifo) > 255
    assert kept == fifo[:255]
    assert flags == SectionFlag.ENTRY | (SectionFlag.TRUNCATED if is_cut else 0)
    assert record.part(Section.CHANGED_STRING).data == other
    assert record.flags == EventFlag.CHANGED | (EventFlag.TRUNCATED if is_cut else 0)


@pytest.mark.parametrize("other", [b"", b"short", b"/etc/fif"])
def test_change_to_another_length(tmp_path: Path, other: bytes) -> None:
    os.mkfifo(tmp_path / "fifo")
    record = _opened_while_changed(os.fsencode(tmp_path / "fifo"), other)
    assert _string(record)[0] == os.fsencode(tmp_path / "fifo")
    assert record.part(Section.CHANGED_STRING).data == other
    assert record.flags == EventFlag.CHANGED


def test_no_change_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    fifo = os.fsencode(tmp_path / "fifo")
    record = _opened_while_changed(fifo, fifo)
    assert (record.parts[0].data, record.flags, len(record.parts)) == (fifo, 0, 1)


def test_change_of_an_address(tmp_path: Path) -> None:
    """connect(2) to a listener whose backlog is full blocks."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen(0)
    name = struct.pack("<H", socket.AF_UNIX) + os.fsencode(tmp_path / "s") + b"\0"
    text = ctypes.create_string_buffer(name, 110)

    def act() -> None:
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            first.connect(str(tmp_path / "s"))
            fd = second.fileno()
            blocked = threading.Thread(target=lambda: _call(CONNECT, fd, text, len(name)))
            blocked.start()
            place = Path(f"/proc/self/task/{blocked.native_id}/syscall")
            while not place.read_text().startswith(f"{CONNECT} "):
                time.sleep(0.001)
            text[2] = b"X"
            listener.accept()
            blocked.join()

    record = _records(act, CONNECT, plan((1, Capture.SOCKADDR_IN, 2)))[-1]
    part, changed = (record.part(one, 1) for one in (Section.SOCKADDR, Section.CHANGED_STRING))
    assert (part.data, part.flags) == (name, SectionFlag.ENTRY)
    assert changed.data == name[:2] + b"X" + name[3:]
    assert (record.ret, record.flags) == (0, EventFlag.CHANGED)
