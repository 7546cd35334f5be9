"""What audit loses it counts: produced is what was delivered, filtered, lost, or is in progress."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import indent

import pytest

from audit_programs import Made
from seismo.audit.program.compile import sized
from seismo.audit.record.account import Account
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import KernelEvent
from seismo.audit.tracer.errors import NotPermitted
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.programs import require_privilege
from seismo.audit.tracer.stream import Stream
from seismo.audit.tracer.tracer import Tracer
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.kernel.tracefs import Tracefs

pytestmark = pytest.mark.kernel

_PAGE = 4096
_ROUNDS = 250


@pytest.fixture
def stream_of(kernel: LiveKernel, made: Made) -> Iterator[Callable[..., Stream]]:
    """A stream whose maps have these sizes."""
    audit, catalog = made
    opened: list[Stream] = []
    with Tracefs(kernel) as tracefs:

        def make(ring_bytes: int = 1 << 20, pending: int = 1024) -> Stream:
            small = sized(
                audit, ring_bytes=ring_bytes, pending=pending, cpus=len(possible_cpus(kernel))
            )
            probe = Probe(kernel, small, catalog, tracefs, tracks=False)
            opened.append(Stream(probe, kernel))
            opened[0].start()
            return opened[0]

        yield make
        for one in opened:
            one.close()


@contextmanager
def worker(program: str) -> Iterator[tuple[int, Callable[[], None]]]:
    """A process that runs a program each time it is told; its id, and what tells it and waits."""
    begin = "import os, sys, threading\nos.write(1, b'r')\nwhile os.read(0, 1):\n"
    text = begin + indent(f"{program}\nos.write(1, b'd')", "    ")
    with subprocess.Popen(
        [sys.executable, "-S", "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.read(1) == b"r"

        def run() -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"x")
            assert process.stdout.read(1) == b"d"

        yield process.pid, run
        process.stdin.close()


def finished(stream: Stream) -> Account:
    """The account at the end, of which nothing is missing."""
    stream.shown(stream.finish())
    account = stream.account()
    assert account.is_final
    assert account.missing == {}
    assert account.is_exact, account.text()
    return account


def test_a_reader_that_stands_still_while_events_come(stream_of: Callable[..., Stream]) -> None:
    """Contract: produced is what was received and what was lost, exactly, by type."""
    stream = stream_of(ring_bytes=64 << 10)
    with worker("for _ in range(20000): os.getppid(); os.getuid()") as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["getppid", "getuid"])
        run()
        time.sleep(1)
        batch = stream.shown(stream.poll(0))
        account = finished(stream)
    produced = {account.name(number): one.produced for number, one in account.types.items()}
    assert produced == {"getppid": 20000, "getuid": 20000}
    assert 0 < len(batch) <= account.delivered < 1000
    assert account.lost == {"ring": 40000 - account.delivered, "pending": 0, "consumer": 0}
    assert account.sequence_holes == account.lost["ring"]
    for one in account.types.values():
        assert one.delivered + one.lost["ring"] == 20000


def test_holes_are_seen_as_they_come(stream_of: Callable[..., Stream]) -> None:
    """What came after a loss tells of it, without asking the kernel's counters."""
    stream = stream_of(ring_bytes=64 << 10)
    with worker("for _ in range(5000): os.getppid()") as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["getppid"])
        run()
        first = stream.shown(stream.poll(0))
        before = stream.account()
        stream.probe.register_handler(1, pid=pid, events=["read"])
    account = finished(stream)
    assert before.lost["ring"] == account.lost["ring"] > 4000
    assert before.sequence_holes == 0
    assert len(first) + account.lost["ring"] <= account.produced
    assert account.sequence_holes == account.lost["ring"]


def test_a_ring_of_one_page(stream_of: Callable[..., Stream]) -> None:
    """No record of exec fits it: it is lost, and counted, and what fits comes."""
    stream = stream_of(ring_bytes=_PAGE)
    program = "[os.getppid() for _ in range(100)]"
    with worker(program) as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["getppid"])
        run()
        account = finished(stream)
    assert account.produced == 100
    assert 0 < account.delivered < 40
    assert account.lost["ring"] == 100 - account.delivered


def test_a_reader_that_keeps_up_loses_nothing(stream_of: Callable[..., Stream]) -> None:
    stream = stream_of(ring_bytes=8 << 20)
    with worker("for _ in range(20000): os.getppid()") as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["getppid"])
        run()
        events = 0
        while len(batch := stream.shown(stream.poll(20))):
            events += len(batch)
        account = finished(stream)
    assert account.produced == account.delivered == 20000
    assert account.out_of_order == 0
    assert events == 20000


def test_more_calls_in_progress_than_there_is_room_for(stream_of: Callable[..., Stream]) -> None:
    """40 threads wait in a read, 16 calls may be in progress."""
    stream = stream_of(pending=16)
    program = (
        "ours, theirs = os.pipe()\n"
        "threads = [threading.Thread(target=os.read, args=(ours, 1)) for _ in range(40)]\n"
        "[one.start() for one in threads]\n"
        "import time\n"
        "while sum(b'pipe' in open(f'/proc/self/task/{one}/wchan', 'rb').read()"
        " for one in os.listdir('/proc/self/task')) < 40: time.sleep(0.01)\n"
        "os.write(theirs, bytes(40))\n"
        "[one.join() for one in threads]\n"
    )
    with worker(program) as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["read"])
        run()
        account = finished(stream)
    assert account.lost["pending"] >= 40 - 16
    assert account.lost["ring"] == 0
    assert account.produced == account.delivered + account.lost["pending"] + account.unfinished


def test_calls_that_do_not_end_are_unfinished(stream_of: Callable[..., Stream]) -> None:
    stream = stream_of()
    with worker("os.getppid()") as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["getppid", "read"])
        run()
        time.sleep(0.05)
        account = finished(stream)
    assert account.unfinished == 1
    ((number, one),) = [pair for pair in account.types.items() if pair[1].unfinished]
    assert account.name(number) == "read"
    # The read before it may have begun before the process was registered, or after.
    assert one.produced - one.delivered == one.unfinished == 1
    (told,) = [one for number, one in account.types.items() if account.name(number) == "getppid"]
    assert (told.produced, told.delivered) == (1, 1)


def test_the_account_is_consistent_while_events_come(stream_of: Callable[..., Stream]) -> None:
    stream = stream_of(ring_bytes=64 << 10)
    with worker("for _ in range(30000): os.getppid()") as (pid, run):
        stream.probe.register_handler(1, pid=pid, events=["getppid"])
        run()
        for _ in range(5):
            stream.shown(stream.poll(0))
            account = stream.account()
            assert account.missing == {}
            assert not account.is_final
    account = finished(stream)
    assert account.produced == 30000


def test_a_slow_consumer_costs_what_is_counted(made: Made) -> None:
    """It does not come back before something was dropped."""
    audit, catalog = made
    seen: list[AuditEvent] = []
    lost: list[int] = []
    may_go_on = threading.Event()

    def slow(event: AuditEvent) -> None:
        seen.append(event)
        may_go_on.wait(60)

    program = (
        "[os.getppid() for _ in range(500)]\n"
        "child = os.fork()\n"
        "if not child: os._exit(0)\n"
        "os.waitpid(child, 0)"
    )
    with (
        worker(program) as (pid, run),
        Tracer(slow, lost.append, audit=audit, catalog=catalog, buffer=300) as tracer,
    ):
        tracer.register_handler(1, tree=pid, events=["getppid", "process_fork"])
        tracer.start()
        rounds = 0
        while rounds < _ROUNDS and not tracer.account().lost["consumer"]:
            run()
            rounds += 1
        may_go_on.set()
        tracer.stop()
        account = tracer.account()
    assert account.is_final
    assert account.is_exact, account.text()
    calls = account.types[catalog["getppid"].id]
    assert calls.produced == 500 * rounds
    assert account.lost["consumer"] == calls.lost["consumer"] > 0
    assert account.lost["ring"] == 0
    assert sum(lost) == account.lost["consumer"]
    assert account.delivered == len(seen)
    # What correlation has to know is not dropped.
    forks = account.types[KernelEvent.PROCESS_FORK]
    assert forks.produced == forks.delivered == rounds
    assert names_of(seen)["process_fork"] == rounds


def names_of(events: list[AuditEvent]) -> Counter[str]:
    return Counter(event.name for event in events)


def test_a_patient_tracer_lets_the_ring_fill(kernel: LiveKernel, made: Made) -> None:
    audit, catalog = made
    small = sized(audit, ring_bytes=64 << 10, cpus=len(possible_cpus(kernel)))
    seen: list[AuditEvent] = []
    lost: list[int] = []
    may_go_on = threading.Event()

    def slow(event: AuditEvent) -> None:
        seen.append(event)
        may_go_on.wait(60)

    with (
        worker("for _ in range(20000): os.getppid()") as (pid, run),
        Tracer(
            slow, lost.append, audit=small, catalog=catalog, buffer=100, on_slow="wait"
        ) as tracer,
    ):
        tracer.register_handler(1, pid=pid, events=["getppid"])
        tracer.start()
        run()
        may_go_on.set()
        tracer.stop()
        account = tracer.account()
    assert account.is_exact, account.text()
    assert account.lost["consumer"] == 0
    assert account.produced == 20000
    assert account.lost["ring"] == sum(lost) > 10000
    assert account.delivered == len(seen) == 20000 - sum(lost)


def test_children_that_find_the_map_of_processes_full_are_counted(
    kernel: LiveKernel, made: Made
) -> None:
    """Nothing about them comes; that they are not followed is told by the account."""
    audit, catalog = made
    program = (
        "ours, theirs = os.pipe()\n"
        "for _ in range(6):\n"
        "    if not os.fork(): os.read(ours, 1); os.getpgid(0); os._exit(0)\n"
        "os.write(theirs, bytes(6))\n"
        "[os.wait() for _ in range(6)]\n"
    )
    with (
        Tracefs(kernel) as tracefs,
        worker(program) as (pid, run),
        Stream(Probe(kernel, audit, catalog, tracefs), kernel) as stream,
    ):
        watched = stream.probe.maps["watched_processes"]
        stream.probe.register_handler(1, tree=pid, events=["getpgid"])
        room = watched.spec.max_entries - 1 - 2
        fillers = [(0x4000_0000 + number).to_bytes(4, sys.byteorder) for number in range(room)]
        watched.put_many((key, bytes(8)) for key in fillers)
        stream.start()
        run()
        stream.shown(stream.finish())
        account = stream.account()
        assert stream.probe.sweep() == room
    forks = account.types[KernelEvent.PROCESS_FORK]
    assert forks.produced == 6
    getpgid = next(number for number in account.types if account.name(number) == "getpgid")
    followed = account.types[getpgid]
    assert followed.produced + forks.no_entry == 6
    assert forks.no_entry >= 3
    assert account.is_exact, account.text()


def test_who_may_not_trace_is_told_what_is_missing(kernel: LiveKernel) -> None:
    class Unprivileged(LiveKernel):
        def read_file(self, path: str) -> bytes:
            if path == "/proc/self/status":
                return b"CapEff:\t0000000000000000\n"
            return super().read_file(path)

    require_privilege(kernel)
    with pytest.raises(NotPermitted, match="lacks CAP_BPF and CAP_PERFMON") as caught:
        Tracer(kernel=Unprivileged())
    assert "run it as root" in str(caught.value)


def test_nothing_is_left_open(kernel: LiveKernel, made: Made) -> None:
    from_here = os.listdir("/proc/self/fd")
    audit, catalog = made
    with Tracer(print, audit=audit, catalog=catalog) as tracer:
        tracer.start()
    tracer.close()
    assert len(os.listdir("/proc/self/fd")) == len(from_here)
