"""Records of both rings come in the order in which a program made them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from ring_memory import Record, RingMemory, State, ring_over
from seismo.runtime.rings import OrderedRings


class Rings:
    """The two rings in memory, and what came out of them."""

    def __init__(self, events: RingMemory, control: RingMemory) -> None:
        self.events, self.control = events, control
        self.seen: list[int] = []

    def event(self, number: int, state: State = State.SUBMITTED) -> int:
        return self.events.reserve(Record(4, state), struct.pack("=I", number))

    def control_record(self, number: int) -> None:
        after = self.events.produced
        self.control.reserve(Record(16), struct.pack("=I4xQ", number, after))

    def take(self, record: bytes | memoryview) -> None:
        self.seen.append(struct.unpack_from("=I", record)[0])


@pytest.fixture
def rings() -> Rings:
    return Rings(RingMemory(), RingMemory())


@pytest.fixture
def ordered(rings: Rings) -> Iterator[OrderedRings]:
    with ring_over(rings.events) as events, ring_over(rings.control) as control:
        yield OrderedRings(events, control, rings.take)


def test_a_control_record_waits_for_the_events_before_it(
    rings: Rings, ordered: OrderedRings
) -> None:
    rings.event(1)
    rings.control_record(2)
    rings.event(3)
    rings.control_record(4)
    rings.control_record(5)
    rings.event(6)
    assert ordered.consume(100) == 6
    assert rings.seen == [1, 2, 3, 4, 5, 6]
    assert (ordered.received, ordered.is_empty) == (3, True)


def test_a_limit_keeps_the_order(rings: Rings, ordered: OrderedRings) -> None:
    for number in range(0, 10, 2):
        rings.event(number)
        rings.control_record(number + 1)
    while not ordered.is_empty:
        assert 1 <= ordered.consume(3) <= 4
    assert rings.seen == list(range(10))


def test_an_event_in_work_holds_up_what_was_made_after_it(
    rings: Rings, ordered: OrderedRings
) -> None:
    rings.event(1)
    at = rings.event(2, State.RESERVED)
    rings.control_record(3)
    rings.event(4)
    assert ordered.consume(100) == 1
    assert ordered.consume(100) == 0
    assert (rings.seen, ordered.is_empty) == ([1], False)
    rings.events.submit(at, 4)
    assert ordered.consume(100) == 3
    assert (rings.seen, ordered.is_empty) == ([1, 2, 3, 4], True)


def test_a_discarded_event_holds_nothing_up(rings: Rings, ordered: OrderedRings) -> None:
    rings.event(1, State.DISCARDED)
    rings.control_record(2)
    assert ordered.consume(100) == 1
    assert (rings.seen, ordered.received) == ([2], 0)


def test_what_is_made_meanwhile_waits_for_its_turn(rings: Rings, ordered: OrderedRings) -> None:
    """A control record that was not there yet must not be overtaken by the events behind it."""
    rings.event(1)

    def take_and_make_more(record: bytes | memoryview) -> None:
        rings.take(record)
        if rings.seen == [1]:
            rings.control_record(2)
            rings.event(3)

    ordered.act = take_and_make_more
    assert ordered.consume(100) == 1
    assert ordered.consume(100) == 2
    assert rings.seen == [1, 2, 3]


def test_a_control_record_that_raises_is_not_acted_on_again(
    rings: Rings, ordered: OrderedRings
) -> None:
    rings.control_record(1)
    rings.event(2)

    def refuse(record: bytes | memoryview) -> None:
        raise ValueError("refused")

    ordered.act = refuse
    with pytest.raises(ValueError, match="refused"):
        ordered.consume(100)
    ordered.act = rings.take
    assert ordered.consume(100) == 1
    assert rings.seen == [2]
