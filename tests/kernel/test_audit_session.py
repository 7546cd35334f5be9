"""`AuditSession`: what it does when outputs are slow, and that it leaves nothing behind."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.config.model import Backpressure, Config, Events, Handler, Ring
from seismo.audit.program.prepare import prepared
from seismo.audit.record.account import Account
from seismo.audit.rules.parse import parse_rules
from seismo.audit.session import AuditSession
from seismo.audit.sinks.open import Surroundings
from seismo.base.dataclass import replace
from seismo.base.errors import BpfError
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

CALLS = "import os\nfor _ in range(2000): os.getppid()"
COMMAND = (sys.executable, "-S", "-c", CALLS)


@contextmanager
def session(ring: Ring, *argv: str, **rule: Any) -> Iterator[AuditSession]:
    """One that records getppid(2) of a command, and counts by a rule."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        events = Events(types=frozenset([catalog["getppid"].id]))
        rules = parse_rules([rule] if rule else [], catalog)
        config = Config(handlers=(Handler(events=events),), ring=ring, rules=rules)
        with AuditSession(
            config,
            kernel,
            tracefs,
            catalog,
            lambda config, made: prepared(config, made, view, kernel),
            Surroundings(catalog=catalog, stdout=io.BytesIO()),
            argv=argv,
        ) as one:
            yield one


def late(backpressure: Backpressure) -> Account:
    """The account of a run whose reader comes when all is over, and the ring is full."""
    ring = replace(Ring(), size_bytes=1 << 16, wake_bytes=0, backpressure=backpressure)
    with session(ring, *COMMAND) as one:
        one.start()
        assert one.command is not None
        assert one.command.wait() == 0
        one.poll(0)
        return one.finish()


def getppid(account: Account) -> tuple[int, int, int, int]:
    """Produced, delivered, lost to the ring, lost to us."""
    (one,) = [one for number, one in account.types.items() if account.name(number) == "getppid"]
    assert account.is_exact
    return one.produced, one.delivered, one.lost.get("ring", 0), one.lost.get("consumer", 0)


def test_what_the_ring_has_is_delivered_though_it_was_full() -> None:
    produced, delivered, ring, dropped = getppid(late(Backpressure.RING))
    assert produced == 2000
    assert dropped == 0
    assert delivered > 0
    assert delivered + ring == 2000


def test_a_full_ring_is_dropped_where_that_is_wanted() -> None:
    account = late(Backpressure.DROP)
    produced, delivered, ring, dropped = getppid(account)
    assert produced == 2000
    assert dropped > 0
    assert delivered + ring + dropped == 2000
    assert dropped > delivered  # but for those that were held back to be put in order


def test_a_rule_waits_for_what_has_happened_and_not_come_yet() -> None:
    ring = replace(Ring(), order_ns=3_000_000_000)
    rule: dict[str, Any] = {"name": "calls", "events": ["getppid"], "window": 0.1}
    with session(ring, *COMMAND, **rule) as one:
        one.start()
        over = time.monotonic() + 2.2
        while time.monotonic() < over:
            one.poll(100)
        produced, delivered, *_ = getppid(one.finish())
        assert (produced, delivered) == (2000, 2000)
        assert one.missed_by_rules == {}


def test_nothing_stays_open_whether_it_comes_about_or_not() -> None:
    with session(Ring(), "true"):
        pass
    before = os.listdir("/proc/self/fd")
    with session(Ring(), "true") as one:
        one.start()
        one.finish()
    with (
        pytest.raises(BpfError, match="no program 'no-such-program'"),
        session(Ring(), "no-such-program"),
    ):
        pass
    assert os.listdir("/proc/self/fd") == before
