"""Who takes events from a tracer: when others have a turn, and how it ends for them."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from audit_child import child

from audit_programs import Made
from seismo.audit.record.event import AuditEvent
from seismo.audit.tracer.errors import ScopeError
from seismo.audit.tracer.tracer import Tracer
from seismo.base.errors import BpfError

pytestmark = pytest.mark.kernel

_CALLS, _LOST = 300, 1000
_PATIENCE_SECONDS = 20.0


async def taken(tracer: Tracer) -> int:
    return len([one async for one in tracer.events()])


def test_who_waits_on_the_loop_is_woken_when_the_tracer_is_closed(made: Made) -> None:
    audit, catalog = made

    async def close_meanwhile(tracer: Tracer) -> list[int]:
        waiting = [asyncio.create_task(taken(tracer)) for _ in range(2)]
        await asyncio.sleep(0.1)
        tracer.close()
        ended = await asyncio.wait_for(asyncio.gather(*waiting), _PATIENCE_SECONDS)
        return [*ended, await taken(tracer)]

    with Tracer(audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()
        assert asyncio.run(close_meanwhile(tracer)) == [0, 0, 0]


def test_the_loop_runs_however_fast_events_come(made: Made) -> None:
    """There is a batch whenever one is taken, and all the same others have their turn."""
    audit, catalog = made

    async def count_turns(tracer: Tracer) -> int:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        turning = asyncio.create_task(turn())
        await taken(tracer)
        turning.cancel()
        return turns

    with Tracer(audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()
        for _ in range(3):
            one.do("p")
            time.sleep(0.2)
        tracer.stop()
        assert asyncio.run(count_turns(tracer)) >= 3


def test_a_callback_that_closes_the_tracer_stops_it(made: Made) -> None:
    """The reading thread still has the ring: who made the tracer closes it."""
    audit, catalog = made
    seen: list[str] = []

    def close(event: AuditEvent) -> None:
        seen.append(event.name)
        tracer.close()

    with Tracer(close, audit=audit, catalog=catalog) as tracer, child() as one:
        tracer.register_handler(1, pid=one.pid, events=["getppid"])
        tracer.start()
        one.do("p")
        tracer.stop()
        assert tracer.account().is_exact
    assert seen == ["getppid"]


def test_a_command_that_cannot_be_traced_is_not_left_waiting(made: Made) -> None:
    audit, catalog = made
    with Tracer(audit=audit, catalog=catalog) as tracer:
        tracer.start()
        before = os.listdir("/proc/self/fd")
        with pytest.raises(BpfError, match="no-such-event"):
            tracer.run(["true"], events=["no-such-event"])
        assert os.listdir("/proc/self/fd") == before
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def test_why_a_command_did_not_run_is_told_after_its_end(made: Made, tmp_path: object) -> None:
    audit, catalog = made
    path = f"{tmp_path}/script"
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/no/such/interpreter\n")
        os.chmod(path, 0o755)
    with Tracer(audit=audit, catalog=catalog) as tracer:
        tracer.start()
        command = tracer.run([path])
        until = time.monotonic() + _PATIENCE_SECONDS
        while not command.has_ended and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(ScopeError, match=r"No such file(.|\n)*interpreter"):
            command.wait()


def test_what_is_dropped_takes_no_room_while_the_consumer_is_away(made: Made) -> None:
    """A small buffer is full with the first batch; of the others only forks are kept."""
    audit, catalog = made
    with Tracer(audit=audit, catalog=catalog, buffer=100) as tracer, child() as one:
        tracer.register_handler(1, tree=one.pid, events=["getppid"])
        tracer.start()
        until = time.monotonic() + _PATIENCE_SECONDS
        while tracer.account().lost["consumer"] < _LOST and time.monotonic() < until:
            for _ in range(_CALLS):
                one.do("p")
            one.do("c")
        tracer.stop()
        waiting = [batch for batch, _ in tracer._mailbox._batches]
        assert all(len(batch) > 0 and len(batch._store) <= len(batch) for batch in waiting)
        list(tracer.batches())
        assert tracer.account().lost["consumer"] >= _LOST
        assert tracer.account().is_exact
