"""Handlers of audit in this kernel: whose events they get, from when on, and until when."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from audit_child import Child, assert_exact, child, names, rest

from audit_programs import Made
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import SETTINGS
from seismo.audit.tracer.errors import NotInCache, NotTracing, ScopeError
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.stream import Stream
from seismo.audit.tracer.tracer import Tracer
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.map import Map

pytestmark = pytest.mark.kernel

_LARGE_PID = 40_000


def test_a_process_and_its_threads_have_its_program_id(stream: Stream) -> None:
    """The id goes by the process, not by the thread that makes the call."""
    with child() as one, child() as other:
        stream.probe.register_handler(
            (1 << 64) - 2, pid=one.pid, events=["getppid"], session_id=(1 << 63) + 5
        )
        for letter in "pptpp":
            one.do(letter)
            other.do(letter)
        events = rest(stream)
    assert names(events) == {"getppid": 5}
    assert {(event.tgid, event.program_id, event.session_id) for event in events} == {
        (one.pid, (1 << 64) - 2, (1 << 63) + 5)
    }
    tids = Counter(event.tid for event in events)
    assert sorted(tids.values()) == [1, 4]
    assert tids[one.pid] == 4
    assert_exact(stream)


def test_children_belong_to_a_tree_and_not_to_a_process(stream: Stream) -> None:
    with child() as tree, child() as alone:
        stream.probe.register_handler(1, tree=tree.pid, events=["getpgid"])
        stream.probe.register_handler(2, pid=alone.pid, events=["getpgid"])
        for _ in range(20):
            tree.do("c")
        alone.do("c")
        events = rest(stream)
    assert names(events, program_id=1) == {"getpgid": 20}
    assert len({event.tgid for event in events}) == 20
    assert all(event.tgid != tree.pid for event in events)
    assert names(events, program_id=2) == {}
    assert_exact(stream)


def test_a_tree_has_the_descendants_that_are_there_already(stream: Stream) -> None:
    with child() as tree:
        for _ in range(3):
            tree.do("s")
        stream.probe.register_handler(1, tree=tree.pid, events=["getpgid"])
        tree.do("a")
        tree.do("s")
        tree.do("a")
        events = rest(stream)
    assert names(events) == {"getpgid": 3 + 4}
    assert_exact(stream)


def test_two_handlers_of_one_process_are_both_served_and_go_one_by_one(stream: Stream) -> None:
    with child() as one:
        first = stream.probe.register_handler(1, pid=one.pid, events=["getppid"])
        second = stream.probe.register_handler(2, pid=one.pid, events=["umask"])
        for letter in "pu":
            one.do(letter)
        stream.probe.unregister_handler(first)
        for letter in "ppuu":
            one.do(letter)
        stream.probe.unregister_handler(first)
        watched = stream.probe.maps["watched_processes"]
        assert len(list(watched.items())) == 1
        stream.probe.unregister_handler(second)
        assert list(watched.items()) == []
        for letter in "pu":
            one.do(letter)
        batch = stream.finish()
        # What is in the ring of a handler that is gone is not shown any more, but accounted for.
        assert stream.shown(batch).events() == []
    assert Counter(event.name for event in batch.events()) == {"getppid": 1, "umask": 3}
    account = stream.account()
    assert (account.produced, account.filtered) == (4, 4)
    assert_exact(stream)


def test_events_of_a_handler_that_goes_are_shown_as_far_as_they_were_taken(stream: Stream) -> None:
    with child() as one:
        handler = stream.probe.register_handler(1, pid=one.pid, events=["getppid"])
        one.do("p")
        time.sleep(0.02)
        events = stream.shown(stream.poll(100)).events()
        stream.probe.unregister_handler(handler)
        assert names(events, program_id=1) == {"getppid": 1}
    assert rest(stream) == []
    assert_exact(stream)


def test_nothing_stays_in_the_maps_when_processes_end(stream: Stream) -> None:
    with child() as tree:
        stream.probe.register_handler(1, tree=tree.pid, events=["syscalls"])
        for _ in range(50):
            tree.do("c")
            tree.do("t")
        watched = stream.probe.maps["watched_processes"]
        assert [key for key, _ in watched.items()] == [tree.pid.to_bytes(4, sys.byteorder)]
    assert list(watched.items()) == []
    assert list(stream.probe.maps["pending"].items()) == []
    assert stream.probe.sweep() == 0
    rest(stream)
    assert_exact(stream)


def test_a_process_that_has_ended_cannot_be_registered(stream: Stream) -> None:
    one = Child("")
    one.close()
    with pytest.raises(ScopeError, match=f"there is no process {one.pid}"):
        stream.probe.register_handler(1, pid=one.pid)
    assert stream.probe.registrations == ()
    assert list(stream.probe.maps["watched_processes"].items()) == []


def test_what_ended_unseen_is_swept_out(stream: Stream) -> None:
    """An entry of a process that the kernel's programs have not seen ending."""
    one = Child("")
    one.close()
    watched = stream.probe.maps["watched_processes"]
    watched.put(one.pid.to_bytes(4, sys.byteorder), bytes(8))
    assert stream.probe.sweep() == 1
    assert list(watched.items()) == []


@pytest.mark.guest
def test_process_ids_above_32768(stream: Stream, kernel: LiveKernel) -> None:
    kernel.append_file("/proc/sys/kernel/pid_max", str(2 * _LARGE_PID).encode())
    kernel.append_file("/proc/sys/kernel/ns_last_pid", str(_LARGE_PID).encode())
    with child() as one:
        assert one.pid > _LARGE_PID
        stream.probe.register_handler(1, pid=one.pid, events=["getppid"])
        one.do("p")
        events = rest(stream)
    assert names(events, tgid=one.pid) == {"getppid": 1}
    assert_exact(stream)


def test_the_same_handler_of_two_processes_has_one_hash(stream: Stream) -> None:
    """What a handler is does not depend on whose it is."""
    with child() as one, child() as other:
        first = stream.probe.register_handler(1, pid=one.pid, events=["getppid", "umask"])
        second = stream.probe.register_handler(2, pid=other.pid, events=["umask", "getppid"])
        third = stream.probe.register_handler(3, pid=other.pid, events=["umask"])
    assert first.digest == second.digest
    assert third.digest != first.digest
    assert len(first.digest) == 128


def test_a_handler_in_the_cache_is_registered_by_its_hash(stream: Stream) -> None:
    with child() as one, child() as other:
        digest = stream.probe.register_handler(1, pid=one.pid, events=["getppid"]).digest
        stream.probe.register_handler_by_id(5, other.pid, digest, session_id=6)
        other.do("p")
        for word in ("umask", "mkdir", "chdir", "close"):
            stream.probe.register_handler(1, pid=one.pid, events=[word])
        with pytest.raises(NotInCache, match="not in the cache, which holds 4"):
            stream.probe.register_handler_by_id(5, other.pid, digest)
        events = rest(stream)
    assert [(e.tgid, e.name, e.program_id, e.session_id) for e in events if e.program_id == 5] == [
        (other.pid, "getppid", 5, 6)
    ]


def test_everything_but_ourselves_and_a_process_before_that(stream: Stream) -> None:
    with child() as one, child() as other:
        stream.probe.register_handler(1, events=["getppid"])
        stream.probe.register_handler(2, pid=one.pid, events=["umask"])
        os.getppid()
        for letter in "pu":
            one.do(letter)
            other.do(letter)
        events = rest(stream)
    assert names(events, tgid=one.pid) == {"umask": 1}
    assert names(events, tgid=other.pid, program_id=1) == {"getppid": 1}
    assert names(events, tgid=os.getpid()) == {}
    assert_exact(stream)


def test_process_events_are_there_for_correlation_and_hidden(stream: Stream) -> None:
    with child() as tree:
        stream.probe.register_handler(1, tree=tree.pid, events=["getpgid", "process_exit"])
        tree.do("c")
        batch = stream.finish()
        events = stream.shown(batch).events()
    assert Counter(e.name for e in batch.events()) == {
        "process_fork": 1,
        "getpgid": 1,
        "process_exit": 1,
    }
    assert Counter(e.name for e in events) == {"getpgid": 1, "process_exit": 1}
    # Selected or not, an event is decoded once.
    assert {id(e) for e in events} <= {id(e) for e in batch.events()}
    assert stream.account().filtered == 1
    assert_exact(stream)


def test_times_are_in_order_and_numbers_without_holes(stream: Stream) -> None:
    with child() as one, child() as other:
        for each in (one, other):
            stream.probe.register_handler(1, tree=each.pid, events=["syscalls"])
        for _ in range(100):
            one.do("c")
            other.do("t")
        events = rest(stream)
    times = [event.time_ns for event in events]
    assert times == sorted(times)
    account = stream.account()
    assert account.out_of_order == 0
    assert account.sequence_holes == 0
    assert_exact(stream)


def test_a_second_process_reads_what_is_pinned(
    kernel: LiveKernel, made: Made, tmp_path: object
) -> None:
    audit, catalog = made
    directory = f"{tmp_path}/bpf"
    os.mkdir(directory)
    subprocess.run(["mount", "-t", "bpf", "bpf", directory], check=True)
    try:
        with Tracefs(kernel) as tracefs:
            with Probe(kernel, audit, catalog, tracefs, pin_directory=f"{directory}/audit"):
                script = (
                    "import sys\n"
                    "from seismo.kernel.live import LiveKernel\n"
                    "from seismo.objects.map import Map\n"
                    "kernel = LiveKernel()\n"
                    f"with Map.open_pinned(kernel, '{directory}/audit/settings') as one:\n"
                    "    print(int.from_bytes(one.get(bytes(4))[:4], sys.byteorder))\n"
                    f"with Map.open_pinned(kernel, '{directory}/audit/events') as one:\n"
                    "    print(one.spec.type.name, one.spec.max_entries)\n"
                )
                shown = subprocess.run(
                    [sys.executable, "-c", script],
                    check=True,
                    capture_output=True,
                    text=True,
                    env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
                ).stdout
                with Map.open_pinned(kernel, f"{directory}/audit/settings") as settings:
                    assert len(settings.get(bytes(4))) == SETTINGS.size
            ring = next(one for one in audit.spec.maps if one.name == "events")
            assert shown.split() == [str(os.getpid()), "RINGBUF", str(ring.max_entries)]
            assert os.listdir(f"{directory}/audit") == []
    finally:
        subprocess.run(["umount", directory], check=True)


def test_a_command_is_traced_from_its_execve_on(made: Made) -> None:
    audit, catalog = made
    events: list[AuditEvent] = []
    with Tracer(events.append, audit=audit, catalog=catalog) as tracer:
        tracer.start()
        command = tracer.run(["sh", "-c", "exit 3"], program_id=8, events=["syscalls"])
        assert command.wait(20) == 3
        tracer.stop()
        account = tracer.account()
    calls = [event.name for event in events]
    first = events[calls.index("execve")]
    assert first.values["argv"] == ("sh", "-c", "exit 3")
    assert calls.count("exit_group") == 1
    assert {event.program_id for event in events} == {8}
    assert account.delivered == len(events)
    assert account.is_exact, account.text()


def test_a_command_that_cannot_be_run(made: Made, tmp_path: object) -> None:
    audit, catalog = made
    path = f"{tmp_path}/empty"
    with open(path, "wb"):
        os.chmod(path, 0o755)
    with Tracer(audit=audit, catalog=catalog) as tracer:
        tracer.start()
        with pytest.raises(ScopeError, match="no program 'no-such-program'"):
            tracer.run(["no-such-program"])
        with pytest.raises(ScopeError, match="Exec format error"):
            tracer.run([path]).wait(20)


def test_events_are_iterated_until_the_tracer_is_stopped(made: Made) -> None:
    audit, catalog = made
    with Tracer(audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()

        def work() -> None:
            for _ in range(10):
                one.do("p")
            tracer.stop()

        worker = threading.Thread(target=work)
        worker.start()
        seen = [event.name for event in tracer]
        worker.join()
        assert seen == ["getppid"] * 10
        assert tracer.account().is_exact
        with pytest.raises(NotTracing):
            tracer.start()


def test_events_come_on_the_loop_of_asyncio(made: Made) -> None:
    audit, catalog = made

    async def collect(tracer: Tracer, one: Child) -> tuple[int, int]:
        turns, seen = 0, 0

        async def tick() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        for _ in range(5):
            one.do("p")
        async for _ in tracer.events():
            seen += 1
            if seen == 5:
                await asyncio.get_running_loop().run_in_executor(None, tracer.stop)
        ticking.cancel()
        return seen, turns

    with Tracer(audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()
        seen, turns = asyncio.run(collect(tracer, one))
    assert seen == 5
    assert turns > 0


def test_what_a_callback_raises_ends_the_tracing_and_is_told(made: Made) -> None:
    audit, catalog = made

    def refuse(event: AuditEvent) -> None:
        raise LookupError(event.name)

    with Tracer(refuse, audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()
        one.do("p")
        time.sleep(0.3)
        with pytest.raises(LookupError, match="getppid"):
            tracer.stop()


def test_a_callback_may_stop_the_tracer(made: Made) -> None:
    audit, catalog = made
    seen: list[str] = []

    def stop(event: AuditEvent) -> None:
        seen.append(event.name)
        tracer.stop()

    with Tracer(stop, audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()
        one.do("p")
        tracer.stop()
    assert seen == ["getppid"]


def test_a_process_that_is_killed_inside_a_call(stream: Stream) -> None:
    """Its call is told without a result, and none is left in progress."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        select.poll().poll()  # for ever
        os._exit(0)
    stream.probe.register_handler(1, pid=pid, events=["poll", "ppoll"])
    os.close(ours)
    os.close(theirs)
    time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    rest(stream)
    account = stream.account()
    assert account.unfinished == 0
    assert_exact(stream)
