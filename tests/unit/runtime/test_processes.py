"""What is known of processes: from /proc, and from what the side band tells."""

from __future__ import annotations

import errno
import time

import pytest

from seismo.base.errors import SyscallError
from seismo.kernel.live import LiveKernel
from seismo.objects.sideband import ExecRecord, ExitRecord, ForkRecord, MapRecord
from seismo.runtime.symbols.mappings import UNMAPPED, Mapping
from seismo.runtime.symbols.processes import Processes

# No process has such an id: kernel.pid_max is at most 4,194,304.
PARENT, CHILD, OTHER = 5_000_001, 5_000_002, 5_000_003
LINE = "00401000-00402000 r-xp 00000000 fe:01 {inode} {path}\n"


class _Maps(LiveKernel):
    """/proc/PID/maps as given."""

    def __init__(self, **maps: str) -> None:
        super().__init__()
        self.maps = {f"/proc/{pid.removeprefix('p')}/maps": text for pid, text in maps.items()}

    def read_file(self, path: str) -> bytes:
        if path.endswith("/maps"):
            if path not in self.maps:
                raise SyscallError(f"read {path}", errno.ENOENT)
            return self.maps[path].encode()
        return super().read_file(path)


class _Told:
    """Processes that are told of one by one, with times that go up."""

    def __init__(self, kernel: _Maps, pid: int = 0) -> None:
        self.sighted: list[tuple[int, str]] = []
        self.processes = Processes(kernel, self._see, pid)

    def _see(self, pid: int, mapping: Mapping) -> None:
        self.sighted.append((pid, mapping.file.path))

    def maps(self, pid: int, start: int, path: str, time_ns: int = 0) -> None:
        time_ns = time_ns or time.monotonic_ns()
        self.processes.apply(MapRecord(time_ns, pid, start, 0x1000, 0, 1, 2, path))

    def execs(self, pid: int) -> None:
        self.processes.apply(ExecRecord(time.monotonic_ns(), pid))

    def forks(self, parent: int, pid: int) -> None:
        self.processes.apply(ForkRecord(time.monotonic_ns(), pid, parent))

    def paths(self, pid: int) -> list[list[str]]:
        """The files of every image of a process."""
        images = self.processes.find(pid).images
        return [[one.file.path for one in image] for image in images]


@pytest.fixture
def told() -> _Told:
    text = LINE.format(inode=1, path="/bin/parent")
    told = _Told(_Maps(**{f"p{PARENT}": text}))
    told.processes.find(PARENT)
    return told


def test_it_begins_with_what_proc_has(told: _Told) -> None:
    assert told.paths(PARENT) == [["/bin/parent"]]
    assert told.paths(OTHER) == [[]]
    assert told.sighted == [(PARENT, "/bin/parent")]


def test_what_is_mapped_later_is_added_and_sighted(told: _Told) -> None:
    told.maps(PARENT, 0x500000, "/lib/late.so")
    assert told.paths(PARENT) == [["/bin/parent", "/lib/late.so"]]
    assert told.sighted[-1] == (PARENT, "/lib/late.so")


def test_what_proc_knew_already_is_not_applied_again(told: _Told) -> None:
    told.maps(PARENT, 0x401000, "/bin/older", time_ns=1)
    told.processes.apply(ExecRecord(1, PARENT))
    assert told.paths(PARENT) == [["/bin/parent"]]


def test_a_child_has_what_its_parent_had_and_goes_on_alone(told: _Told) -> None:
    told.forks(PARENT, CHILD)
    told.maps(CHILD, 0x500000, "/lib/mine.so")
    told.maps(PARENT, 0x600000, "/lib/parents.so")
    assert told.paths(CHILD) == [["/bin/parent", "/lib/mine.so"]]


def test_the_images_before_an_exec_stay_known(told: _Told) -> None:
    told.forks(PARENT, CHILD)
    told.execs(CHILD)
    told.maps(CHILD, 0x900000, "/bin/new")
    assert told.paths(CHILD) == [["/bin/parent"], ["/bin/new"]]
    process = told.processes.find(CHILD)
    assert process.image_of((0x900010,)) is process.images[1]
    assert process.image_of((0x401010,)) is process.images[0]
    assert process.image_of((0x1,)) is process.images[1]


def test_a_stack_is_of_the_image_that_has_most_of_it(told: _Told) -> None:
    told.maps(PARENT, 0x500000, "/lib/a.so")
    told.execs(PARENT)
    told.maps(PARENT, 0x401000, "/bin/new")
    process = told.processes.find(PARENT)
    assert process.image_of((0x401010, 0x500010)) is process.images[0]
    assert process.image_of((0x401010, 0x700010)) is process.images[1]


def test_only_some_images_are_kept(told: _Told) -> None:
    for number in range(20):
        told.execs(PARENT)
        told.maps(PARENT, 0x1000, f"/bin/{number}")
    assert told.paths(PARENT)[-2:] == [["/bin/18"], ["/bin/19"]]
    assert len(told.paths(PARENT)) == 8


def test_the_end_of_a_process_is_not_forgotten_at_once(told: _Told) -> None:
    told.forks(PARENT, CHILD)
    told.processes.apply(ExitRecord(time.monotonic_ns(), CHILD))
    assert told.paths(CHILD) == [["/bin/parent"]]


def test_of_too_many_that_ended_the_first_are_forgotten(told: _Told) -> None:
    for pid in range(CHILD, CHILD + 8193):
        told.forks(PARENT, pid)
        told.processes.apply(ExitRecord(time.monotonic_ns(), pid))
    assert told.paths(CHILD) == [[]]
    assert told.paths(CHILD + 1) == [["/bin/parent"]]


def test_one_process_and_its_children_alone_are_followed() -> None:
    text = LINE.format(inode=1, path="/bin/one")
    told = _Told(_Maps(**{f"p{PARENT}": text}), PARENT)
    told.maps(OTHER, 0x1000, "/bin/other")
    told.forks(OTHER, OTHER + 1)
    told.forks(PARENT, CHILD)
    told.execs(CHILD)
    told.maps(CHILD, 0x1000, "/bin/childs")
    assert told.sighted == [(PARENT, "/bin/one"), (CHILD, "/bin/childs")]
    assert told.paths(CHILD) == [["/bin/one"], ["/bin/childs"]]


def test_what_is_outside_of_the_namespace_is_left_out(told: _Told) -> None:
    told.maps(0, 0x1000, "/bin/outside")
    assert (0, "/bin/outside") not in told.sighted
    assert told.paths(0) == [[]]


def test_looking_again_finds_what_was_missed() -> None:
    kernel = _Maps(**{f"p{PARENT}": LINE.format(inode=1, path="/bin/first")})
    told = _Told(kernel)
    process = told.processes.find(PARENT)
    process.frames[process.space, 0, False] = None  # type: ignore[assignment]
    kernel.maps[f"/proc/{PARENT}/maps"] = LINE.format(inode=2, path="/bin/second")
    assert told.processes.look_again(PARENT) is process
    assert told.paths(PARENT) == [["/bin/first"], ["/bin/second"]]
    assert process.frames == {}
    del kernel.maps[f"/proc/{PARENT}/maps"]
    told.processes.look_again(PARENT)
    assert told.paths(PARENT)[-1] == ["/bin/second"]
    assert process.space.at(0x401000) is not UNMAPPED
