"""Lines into files: none is lost, cut or out of order, however files rotate and disks fill."""

from __future__ import annotations

import resource
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from seismo.audit.sinks.output_file import OutputFile
from seismo.audit.sinks.settings import Rotation, Sync

_WRITES = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8), max_size=12)


def _lines(writes: list[list[int]]) -> list[list[bytes]]:
    """For each length of a line one that is like no other."""
    number = 0
    found: list[list[bytes]] = []
    for lengths in writes:
        found.append([])
        for length in lengths:
            number += 1
            found[-1].append(f"{number:04}{'x' * length}\n".encode())
    return found


@given(writes=_WRITES, most=st.integers(1, 100))
def test_rotated_files_hold_all_lines_in_order(writes: list[list[int]], most: int) -> None:
    lines = _lines(writes)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log"
        output = OutputFile(str(path), rotation=Rotation(max_bytes=most), sync=Sync.NEVER)
        assert sum(output.write(b"".join(one)) for one in lines) == 0
        assert output.close() == 0
        numbers = sorted([int(one.suffix[1:]) for one in path.parent.glob("log.*")], reverse=True)
        files = [path.with_name(f"log.{number}") for number in numbers] + [path]
        assert len(numbers) == (numbers[0] if numbers else 0)
        contents = [one.read_bytes() for one in files]
    assert b"".join(contents) == b"".join([line for one in lines for line in one])
    for content in contents:
        assert len(content) <= most or content.count(b"\n") == 1


@given(writes=_WRITES, rooms=st.lists(st.integers(0, 400), min_size=12, max_size=12))
def test_what_a_full_disk_refuses_is_counted_and_the_rest_is_whole(
    writes: list[list[int]], rooms: list[int]
) -> None:
    lines = _lines(writes)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log"
        output = OutputFile(str(path), rotation=Rotation(), sync=Sync.NEVER)
        failed = 0
        for one, room in zip(lines, rooms, strict=False):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
            try:
                failed += output.write(b"".join(one))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert output.close() == 0
        written = path.read_bytes().splitlines(keepends=True)
    given_ = [line for one in lines for line in one]
    assert len(written) + failed == len(given_)
    rest = iter(given_)
    assert all(line in rest for line in written)  # in order, each whole
