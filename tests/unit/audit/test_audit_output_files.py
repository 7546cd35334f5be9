"""Lines into files: rotation, sync, full disks, and files that somebody moves."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seismo.audit.sinks.errors import SinkError
from seismo.audit.sinks.output_file import OutputFile, OutputStream
from seismo.audit.sinks.settings import Rotation, Sync

_LINES = [f"line {number:04}\n".encode() for number in range(1000)]


class _Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def _file(
    path: Path, sync: Sync = Sync.NEVER, clock: _Clock | None = None, **rotation: int
) -> OutputFile:
    return OutputFile(str(path), rotation=Rotation(**rotation), sync=sync, now=clock or _Clock())


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """No file may be larger: what is behind fails with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _no_more_files() -> Iterator[None]:
    """Not one more can be opened: EMFILE."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_files_are_appended_to_and_private(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for line in _LINES[:2]:
        output = _file(path)
        assert output.write(line) == 0
        output.close()
        output.close()
    assert path.read_bytes() == b"".join(_LINES[:2])
    assert path.stat().st_mode & 0o777 == 0o600


def test_rotation_by_bytes_cuts_between_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path, max_bytes=25)  # two lines of ten bytes
    assert output.write(b"".join(_LINES[:5])) == 0
    assert output.write(_LINES[5]) == 0
    output.close()
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["log", "log.1", "log.2"]
    assert (tmp_path / "log.2").read_bytes() == b"".join(_LINES[0:2])
    assert (tmp_path / "log.1").read_bytes() == b"".join(_LINES[2:4])
    assert path.read_bytes() == b"".join(_LINES[4:6])


def test_a_line_that_is_longer_than_a_file_has_one_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path, max_bytes=25)
    long = b"x" * 99 + b"\n"
    assert output.write(_LINES[0] + long + long + _LINES[1]) == 0
    output.close()
    found = [(tmp_path / name).read_bytes() for name in ("log.3", "log.2", "log.1", "log")]
    assert found == [_LINES[0], long, long, _LINES[1]]


def test_only_so_many_old_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path, max_bytes=10, keep=2)
    for line in _LINES[:6]:
        assert output.write(line) == 0
    output.close()
    found = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert found == {"log.2": _LINES[3], "log.1": _LINES[4], "log": _LINES[5]}


def test_rotation_by_time(tmp_path: Path) -> None:
    clock = _Clock()
    path = tmp_path / "log"
    output = _file(path, clock=clock, max_seconds=60)
    output.write(_LINES[0])
    clock.seconds += 59
    output.flush()
    output.write(_LINES[1])
    clock.seconds += 1
    output.flush()
    assert path.read_bytes() == b""
    clock.seconds += 600
    output.flush()  # nothing was written: nothing to rotate
    output.write(_LINES[2])
    output.close()
    found = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert found == {"log.1": _LINES[0] + _LINES[1], "log": _LINES[2]}


def test_a_full_disk_is_counted_and_survived(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path)
    with _largest_file(35):  # three lines and a half
        assert output.write(b"".join(_LINES[:8])) == 5
        assert output.failure == "File too large"
        assert output.write(_LINES[8]) == 1
        assert path.read_bytes() == b"".join(_LINES[:3])
    assert output.write(_LINES[9]) == 0
    output.close()
    assert path.read_bytes() == b"".join([*_LINES[:3], _LINES[9]])


def test_a_full_device_is_counted() -> None:
    output = _file(Path("/dev/full"))
    assert output.write(b"".join(_LINES[:7])) == 7
    assert output.failure == "No space left on device"
    assert output.write(_LINES[7]) == 1
    output.close()


def test_a_file_that_ends_within_a_line_is_not_joined_with(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"torn")
    output = _file(path)
    assert output.write(_LINES[0]) == 0
    assert output.write(_LINES[1]) == 0
    output.close()
    assert path.read_bytes() == b"torn\n" + _LINES[0] + _LINES[1]


def test_a_pipe_that_is_full_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(SinkError, match="nobody reads this FIFO yet"):
        _file(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        output = _file(path)
        data = b"".join(_LINES) * 100  # a megabyte
        failed = output.write(data)
        assert 0 < failed < 100_000
        assert output.failure == "Resource temporarily unavailable"
        taken = b""
        while len(taken) < (1 << 16):
            taken += os.read(reader, 1 << 16)
        assert output.write(b"afterwards\n") == 0
        taken += os.read(reader, 1 << 16)
        lines = taken.split(b"\n")
        assert lines.count(b"afterwards") == 1
        # A line may be torn where the pipe was full; whole ones are as many as were not counted.
        whole = [line for line in lines if line + b"\n" in _LINES]
        assert len(whole) == 100_000 - failed
    finally:
        os.close(reader)


def test_a_moved_file_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path)
    output.write(_LINES[0])
    path.rename(tmp_path / "elsewhere")
    output.write(_LINES[1])
    output.flush()
    output.write(_LINES[2])
    output.close()
    assert (tmp_path / "elsewhere").read_bytes() == _LINES[0] + _LINES[1]
    assert path.read_bytes() == _LINES[2]


def test_a_file_that_is_moved_when_its_time_is_over_is_opened_anew(tmp_path: Path) -> None:
    path, clock = tmp_path / "log", _Clock()
    output = _file(path, clock=clock, max_seconds=10)
    output.write(_LINES[0])
    path.rename(tmp_path / "elsewhere")
    clock.seconds += 10
    output.write(_LINES[1])
    output.flush()
    output.write(_LINES[2])
    output.close()
    assert (tmp_path / "elsewhere").read_bytes() == _LINES[0]
    assert path.read_bytes() == _LINES[1] + _LINES[2]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_moved_file_is_complete_and_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    output = _file(path, Sync.CLOSE)
    output.write(_LINES[0])
    path.rename(tmp_path / "elsewhere")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    output.flush()
    output.close()
    assert synced == [str(tmp_path / "elsewhere")]


def test_complete_files_stay_while_no_new_one_can_be_made(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path, max_bytes=20, keep=2)
    output.write(b"".join(_LINES[:6]))
    with _no_more_files():
        for line in _LINES[6:12]:
            assert output.write(line) == 0
            output.flush()
        assert output.failure == "Too many open files"
    output.flush()
    output.write(_LINES[12])
    output.close()
    found = [(tmp_path / name).read_bytes() for name in ("log.2", "log.1", "log")]
    assert found == [b"".join(_LINES[2:4]), b"".join(_LINES[4:12]), _LINES[12]]


def test_a_file_that_somebody_has_emptied_is_cut_at_its_own_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = _file(path)
    output.write(_LINES[0] + _LINES[1])
    os.truncate(path, 0)
    with _largest_file(25):
        assert output.write(b"".join(_LINES[:3])) == 1
    assert output.write(_LINES[3]) == 0
    output.close()
    assert path.read_bytes() == _LINES[0] + _LINES[1] + _LINES[3]


@pytest.mark.parametrize(
    ("sync", "expected"),
    [
        (Sync.NEVER, [0, 0, 0, 0, 0]),
        (Sync.CLOSE, [0, 0, 0, 0, 1]),
        (Sync.FLUSH, [0, 0, 1, 1, 1]),
        (Sync.BATCH, [1, 2, 2, 2, 2]),
    ],
)
def test_when_files_are_synced(
    sync: Sync, expected: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    output = _file(tmp_path / "log", sync)
    steps: list[Callable[[], int]] = [
        lambda: output.write(_LINES[0]),
        lambda: output.write(_LINES[1]),
        output.flush,
        output.flush,
        output.close,
    ]
    counts: list[int] = []
    for step in steps:
        step()
        counts.append(len(synced))
    assert counts == expected


def test_rotation_syncs_the_file_and_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    output = _file(tmp_path / "log", Sync.CLOSE, max_bytes=10)
    output.write(_LINES[0])
    output.write(_LINES[1])
    assert synced == [str(tmp_path / "log"), str(tmp_path)]


def test_lines_that_sync_says_are_lost_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(fd: int) -> None:
        raise OSError(5, "Input/output error")

    output = _file(tmp_path / "log", Sync.FLUSH)
    output.write(_LINES[0] + _LINES[1])
    monkeypatch.setattr(os, "fsync", fails)
    assert output.flush() == 2
    assert output.failure == "Input/output error"
    assert output.flush() == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "none/log",
            "output .*none/log: cannot be written: No such file or directory\nhint: the dir",
        ),
        ("", "Is a directory\nhint: give the path of a file"),
    ],
)
def test_a_path_that_cannot_be_written_is_told_at_once(
    name: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SinkError, match=message):
        _file(tmp_path / name)


def test_a_stream_that_nobody_reads_ends_the_run() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as stream, pytest.raises(BrokenPipeError):
        OutputStream(stream).write(b"x\n")


def test_a_full_stream_is_counted() -> None:
    with open("/dev/full", "wb", buffering=0) as stream:
        output = OutputStream(stream)
        assert output.write(b"a\nb\n") == 2
        assert output.failure == "No space left on device"


def test_what_a_full_stream_buffers_is_no_less_lost() -> None:
    with open("/dev/full", "wb") as stream:
        assert OutputStream(stream).write(b"a\nb\n") == 2


def test_a_stream_has_whole_lines_behind_one_that_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab") as stream:
        output = OutputStream(stream)
        with _largest_file(25):
            assert output.write(b"".join(_LINES[:4])) == 2
            assert output.write(_LINES[4]) == 1
        assert output.write(_LINES[5]) == 0
    assert path.read_bytes() == _LINES[0] + _LINES[1] + _LINES[2][:5] + b"\n" + _LINES[5]


def test_a_stream_that_is_not_to_wait_does_not() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb") as stream:
        output = OutputStream(stream)
        assert 0 < output.write(b"".join(_LINES) * 100) < 100_000
        assert output.failure == "Resource temporarily unavailable"


def test_a_file_that_cannot_be_rotated_is_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []

    def refuses(self: Path, target: Path) -> Path:
        tries.append(self)
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "log"
    output = _file(path, max_bytes=20)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuses)
        assert output.write(b"".join(_LINES[:100])) == 0
        assert output.failure == "rotation: Permission denied"
        assert len(tries) == 1
        output.flush()
        output.write(_LINES[100])
        assert len(tries) == 2
    output.flush()
    output.write(_LINES[101])
    output.close()
    assert (tmp_path / "log.1").read_bytes() == b"".join(_LINES[:101])
    assert path.read_bytes() == _LINES[101]
