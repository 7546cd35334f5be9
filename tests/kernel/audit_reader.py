"""Loads audit's programs for the kernel tests, and reads what they send, without the tracer."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from seismo.audit.program.backends import choose
from seismo.audit.program.compile import AuditObject, compile_audit
from seismo.audit.record.layout import (
    FIXED,
    HANDLERS,
    HEADER,
    SECTION,
    SETTINGS,
    SYSCALL,
    TYPES,
    Counter,
    KernelEvent,
    Section,
)
from seismo.base.dataclass import dataclass
from seismo.base.layout import Layout
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.load import Loaded, load
from seismo.objects.ringbuf import RingBuffer
from seismo.views import LiveView

__all__ = ("AuditRun", "Found", "Part", "audit_run", "device_of", "open_folder", "read")


@dataclass(frozen=True, slots=True)
class Part:
    """A section."""

    kind: Section
    argument: int
    flags: int
    data: bytes

    @property
    def path(self) -> str:
        """The path that it is, if it is one."""
        return "/" + "/".join(reversed([one.decode() for one in self.data.split(b"\0") if one]))

    @property
    def words(self) -> list[str]:
        """The words that it is, if it is words."""
        return [one.decode() for one in self.data.split(b"\0")[:-1]]


@dataclass(frozen=True, slots=True)
class Found:
    """A record: its header and fixed part by name, its sections."""

    header: dict[str, int]
    comm: str
    fixed: dict[str, int | bytes]
    parts: tuple[Part, ...]

    def __getitem__(self, name: str) -> int:
        value = self.header[name] if name in self.header else self.fixed[name]
        assert isinstance(value, int)
        return value

    def part(self, kind: Section) -> Part:
        """The only section of a kind."""
        (found,) = [one for one in self.parts if one.kind == kind]
        return found

    def blob(self, name: str, layout: Layout) -> dict[str, int | bytes]:
        """A struct within the fixed part."""
        data = self.fixed[name]
        assert isinstance(data, bytes)
        return read(layout, data)


def read(layout: Layout, data: bytes) -> dict[str, int | bytes]:
    """The fields of a layout; what is no integer as its bytes."""
    values: dict[str, int | bytes] = {}
    for one in layout.fields:
        raw = data[one.offset : one.offset + one.type.size]
        is_number = type(one.type).__name__ == "Int"
        signed = is_number and bool(getattr(one.type, "signed", False))
        values[one.name] = int.from_bytes(raw, "little", signed=signed) if is_number else raw
    return values


def found(record: bytes) -> Found:
    """A record taken apart."""
    header = read(HEADER, record)
    comm = header.pop("comm")
    assert isinstance(comm, bytes)
    numbers = {name: value for name, value in header.items() if isinstance(value, int)}
    number = numbers["type"]
    layout = FIXED[KernelEvent(number)] if number >= min(FIXED) else SYSCALL
    start = (HEADER.size + layout.size + 7) & -8
    return Found(
        numbers,
        comm.rstrip(b"\0").decode(),
        read(layout, record[HEADER.size : HEADER.size + layout.size]),
        tuple(_parts(record, start)),
    )


def _parts(record: bytes, at: int) -> Iterator[Part]:
    while at < len(record):
        kind, argument, flags, size, _ = struct.unpack_from("=BBHHH", record, at)
        at += SECTION.size
        yield Part(Section(kind), argument, flags, record[at : at + size])
        assert at + size <= len(record)
        at = (at + size + 7) & -8


class AuditRun:
    """Programs that are attached. Handler 0 has the types that were asked for."""

    def __init__(self, loaded: Loaded, kernel: LiveKernel) -> None:
        self.maps = loaded.maps
        self.programs = loaded.programs
        self._ring = RingBuffer(loaded.maps["events"], kernel)
        self._records: list[Found] = []

    def settings(self, **values: int) -> None:
        """Set fields of the settings; the others become 0 or what is useful here."""
        given = {"words_bytes": 16384, "wake_bytes": 1 << 20, "content_bytes": 0} | values
        text = b"".join(struct.pack("=I", given.get(one.name, 0)) for one in SETTINGS.fields)
        self.maps["settings"].put(bytes(4), text)

    def wants(self, types: Collection[int], handler: int = 0) -> None:
        """What a handler gets."""
        bits = sum(1 << one for one in types)
        assert handler < HANDLERS
        self.maps["handler_events"].put(
            struct.pack("=I", handler), bits.to_bytes(TYPES // 8, "little")
        )

    def watch(self, tgid: int, handler: int = 0, *, inherited: bool = True) -> None:
        """Watch a process, and what it forks."""
        watch = struct.pack("=HBBI", handler, inherited, 0, 0)
        self.maps["watched_processes"].put(struct.pack("=I", tgid), watch)

    def watch_cgroup(self, id: int, handler: int = 0) -> None:
        """Watch a cgroup and those below it; the setting CGROUPS has to be on."""
        watch = struct.pack("=HBBI", handler, 1, 0, 0)
        self.maps["watched_cgroups"].put(struct.pack("=Q", id), watch)

    def watch_exe(self, path: Path, handler: int = 0) -> None:
        """Watch whoever executes a file; the setting EXES has to be on."""
        key = struct.pack("=QII", path.stat().st_ino, device_of(path), 0)
        self.maps["watched_exes"].put(key, struct.pack("=HBBI", handler, 1, 0, 0))

    @contextmanager
    def child(self, work: Callable[[], object], *, inherited: bool = True) -> Iterator[int]:
        """A child of this process that is watched from the start; it does `work` within the block,
        and has ended after it."""
        ready, go = os.pipe()
        child = os.fork()
        if not child:
            status = 1
            try:
                os.close(go)
                os.read(ready, 1)
                work()
                status = 0
            finally:
                os._exit(status)
        os.close(ready)
        self.watch(child, inherited=inherited)
        try:
            os.close(go)
            yield child
        finally:
            os.waitpid(child, 0)

    def did(self, work: Callable[[], object], *, inherited: bool = True) -> int:
        """The number of a watched child that has done `work`."""
        with self.child(work, inherited=inherited) as child:
            return child

    def is_exact(self, event: int) -> bool:
        """Whether what was produced was sent, and received here."""
        lost = [Counter.FILTERED, Counter.LOST_RING, Counter.LOST_PENDING]
        assert not any(self.count(event, one) for one in lost)
        numbers = {self.count(event, one) for one in (Counter.PRODUCED, Counter.SUBMITTED)}
        return numbers == {len(self.of(event))}

    def records(self) -> list[Found]:
        """All that were sent so far, by time."""
        self._ring.consume(lambda one: self._records.append(found(bytes(one))))
        self._records.sort(key=lambda one: one["time_ns"])
        return self._records

    def of(self, event: int) -> list[Found]:
        """Those of one type."""
        return [one for one in self.records() if one["type"] == event]

    def count(self, event: int, counter: Counter) -> int:
        """A counter over all CPUs."""
        key = struct.pack("=I", event * 8 + counter)
        return sum(struct.unpack("=Q", one)[0] for one in self.maps["counters"].get_per_cpu(key))

    def watched(self) -> set[int]:
        """Whose entries are there."""
        return {struct.unpack("=I", one)[0] for one in self.maps["watched_processes"].keys()}  # noqa: SIM118


def device_of(path: Path) -> int:
    """The device of a file's mount, as records have it: stat(2) may show another where file systems
    lie one over the other."""
    with path.open() as opened:
        info = Path(f"/proc/self/fdinfo/{opened.fileno()}").read_text().splitlines()
    (mount,) = [line.split()[1] for line in info if line.startswith("mnt_id:")]
    lines = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    (numbers,) = [line[2].split(":") for line in lines if line[0] == mount]
    return os.makedev(int(numbers[0]), int(numbers[1]))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter; those of pytest are its user's alone."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@cache
def _compiled(files: tuple[str, ...]) -> AuditObject:
    with Tracefs(LiveKernel()) as tracefs:
        view = LiveView(LiveKernel(), tracefs)
        return compile_audit(view, optional=files, ring_bytes=1 << 22)


@contextmanager
def audit_run(
    types: Collection[int], *, also: Collection[str] = (), **settings: int
) -> Iterator[AuditRun]:
    """The programs that tell events of these types, attached, and those of the files `also`."""
    kernel = LiveKernel()
    with ExitStack() as stack:
        tracefs = stack.enter_context(Tracefs(kernel))
        files = [one.file for one in choose(LiveView(kernel, tracefs), types)]
        audit = _compiled((*also, *(one for one in files if one not in also)))
        loaded = stack.enter_context(load(audit.spec, kernel))
        run = AuditRun(loaded, kernel)
        run.settings(**settings)
        run.wants(types)
        for one in audit.programs:
            if one.attach is not None:
                program = loaded.programs[one.spec.name]
                stack.enter_context(attach(program, one.attach, kernel, tracefs))
        yield run
