"""Polling calls the readers that have a callback, and waits only when nothing is here."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seismo.bcc.table import readers
from seismo.bcc.table.inbox import Callback
from seismo.bcc.table.readers import Readers
from seismo.kernel.live import LiveKernel


class Polled(LiveKernel):
    """A kernel where everything is readable at once, or nothing ever."""

    def __init__(self) -> None:
        super().__init__()
        self.is_silent = False
        self.polls: list[tuple[tuple[int, ...], int]] = []

    def poll(self, fds: Sequence[int], timeout_ms: int) -> list[int]:
        self.polls.append((tuple(fds), timeout_ms))
        return [] if self.is_silent else list(fds)


class Numbers:
    """Hands out so many records at each turn."""

    def __init__(self, fd: int, *counts: int, called: bool = True) -> None:
        self.fds = (fd,)
        self.counts = list(counts)
        self.is_waiting = False
        self.is_quiet = False
        self.is_closed = False
        self.callback: Callback | None = (lambda *_: None) if called else None

    def drain(self) -> int:
        return self.counts.pop(0)

    def close(self) -> None:
        self.is_closed = True


class Buffers(Readers):
    def __init__(self) -> None:
        super().__init__()
        self.polled = Polled()

    @property
    def kernel(self) -> Polled:
        return self.polled


class Clock:
    """Time that goes by only when somebody says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.pauses = 0
        monkeypatch.setattr(readers, "monotonic", lambda: self.now)
        monkeypatch.setattr(readers, "sleep", self._pause)

    def _pause(self, seconds: float) -> None:
        assert 0 < seconds < 0.001
        self.pauses += 1


def test_all_buffers_of_a_kind_are_polled_at_once() -> None:
    bpf = Buffers()
    bpf.open_perf_reader("a", Numbers(3, 1))
    bpf.open_perf_reader("b", Numbers(4, 2))
    bpf.open_perf_reader("silent", Numbers(5, called=False))
    bpf.open_ring_reader("r", Numbers(6, 5))

    assert bpf.perf_buffer_poll(100) == 3
    assert bpf.ring_buffer_poll() == 5
    assert bpf.polled.polls == [((3, 4), 100), ((6,), -1)]


def test_consuming_waits_for_nothing() -> None:
    bpf = Buffers()
    bpf.open_perf_reader("a", Numbers(3, 1))
    bpf.open_ring_reader("r", Numbers(6, 5))

    assert (bpf.perf_buffer_consume(), bpf.ring_buffer_consume()) == (1, 5)
    assert bpf.polled.polls == []


def test_what_was_left_is_handed_out_without_waiting() -> None:
    bpf = Buffers()
    left = Numbers(3, 1)
    left.is_waiting = True
    bpf.open_perf_reader("a", left)

    assert bpf.perf_buffer_poll() == 1
    assert bpf.polled.polls == []


def test_records_in_quick_succession_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    bpf = Buffers()
    bpf.open_perf_reader("a", Numbers(3, 1, 64, 65, 0, 1, 1))
    paused = []
    for _ in range(6):
        bpf.perf_buffer_poll()
        paused.append(clock.pauses)

    # After a record or 64, not after more, nor after none.
    assert paused == [0, 1, 2, 2, 2, 3]


def test_records_now_and_then_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    bpf = Buffers()
    bpf.open_perf_reader("a", Numbers(3, 1, 1))
    bpf.perf_buffer_poll()
    clock.now += 0.0011
    bpf.perf_buffer_poll()

    assert clock.pauses == 0


def test_another_reader_takes_the_place_of_the_first_and_all_are_closed() -> None:
    bpf = Buffers()
    first, second, ring = Numbers(3), Numbers(4, 7), Numbers(5)
    bpf.open_perf_reader("a", first)
    bpf.open_perf_reader("a", second)
    bpf.open_ring_reader("r", ring)

    assert (first.is_closed, second.is_closed) == (True, False)
    assert bpf.kprobe_poll(1) == 7
    bpf.close_buffers()
    assert (second.is_closed, ring.is_closed) == (True, True)
    assert bpf.perf_buffer_poll(1) == 0


class Later(Numbers):
    """Has something after so many looks, and tells nobody."""

    def __init__(self, looks: int) -> None:
        super().__init__(3, 1)
        self.is_quiet = True
        self.looks = looks

    @property
    def is_waiting(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    @is_waiting.setter
    def is_waiting(self, _: bool) -> None:
        """Nobody says so."""


class Silent(Buffers):
    """Where nothing becomes readable."""

    def __init__(self) -> None:
        super().__init__()
        self.polled.is_silent = True


@pytest.mark.parametrize(
    ("timeout", "waits"), [(-1, [10, 10, 10]), (1000, [10, 10, 10]), (7, [7, 7, 7])]
)
def test_a_quiet_buffer_is_looked_at_now_and_then(
    monkeypatch: pytest.MonkeyPatch, timeout: int, waits: list[int]
) -> None:
    Clock(monkeypatch)
    bpf = Silent()
    bpf.open_perf_reader("a", Later(3))
    assert bpf.perf_buffer_poll(timeout) == 1
    assert [waited for _, waited in bpf.polled.polls] == waits


def test_a_quiet_buffer_is_not_waited_for_longer_than_asked() -> None:
    bpf = Silent()
    bpf.open_perf_reader("a", Later(1000))
    assert not bpf.wait(list(bpf.perf_buffers.values()), 0)
    assert [waited for _, waited in bpf.polled.polls] == [0]
