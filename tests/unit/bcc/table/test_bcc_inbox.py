"""Records wait in the box for their callback: each is handed out once, in order."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Sequence
from mmap import PAGESIZE

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.bcc.table.inbox import Inbox, count_alike


def filled(*numbers: Sequence[int]) -> Inbox:
    """A box with batches of 8-byte records, each 16 bytes on from the one before."""
    inbox = Inbox(4096)
    at = 0
    for source, batch in enumerate(numbers):
        for number in batch:
            inbox.view[at : at + 8] = number.to_bytes(8, "little")
            at += 16
        inbox.add(source, range(at - 16 * len(batch), at, 16), 8)
    return inbox


def read(address: int) -> int:
    return ct.c_uint64.from_address(address).value


def test_records_are_handed_out_with_source_address_and_length() -> None:
    inbox = filled([1, 2], [3])
    got: list[tuple[int, int, int]] = []

    count = inbox.deliver(lambda *record: got.append((record[0], read(record[1]), record[2])))
    assert count == 3
    assert got == [(0, 1, 8), (0, 2, 8), (1, 3, 8)]
    assert not inbox.batches


def test_what_a_callback_raises_leaves_the_rest() -> None:
    inbox = filled([1, 2, 3], [4])
    got: list[int] = []

    def keep(source: int, data: int, size: int) -> None:
        got.append(read(data))
        if got == [1, 2]:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        inbox.deliver(keep)
    assert got == [1, 2]
    assert inbox.deliver(keep) == 2
    assert got == [1, 2, 3, 4]


@pytest.mark.parametrize("answer", [-1, -32])
def test_a_negative_answer_ends_the_delivery(answer: int) -> None:
    inbox = filled([1, 2, 3], [4])
    got: list[int] = []

    def keep(source: int, data: int, size: int) -> int:
        got.append(read(data))
        return answer if len(got) == 2 else 1

    assert inbox.deliver(keep) == 2
    assert inbox.deliver(keep) == 2
    assert got == [1, 2, 3, 4]


def test_a_negative_answer_of_the_last_record_leaves_nothing_to_hand_out() -> None:
    inbox = filled([1])

    assert inbox.deliver(lambda *_: -1) == 1
    assert inbox.deliver(lambda *_: pytest.fail("handed out twice")) == 0
    assert not inbox.batches


def test_a_callback_that_polls_gets_the_next_records_first() -> None:
    inbox = filled([1, 2, 3], [4])
    got: list[int] = []

    def keep(source: int, data: int, size: int) -> None:
        got.append(read(data))
        if read(data) == 2:
            inbox.deliver(keep)

    inbox.deliver(keep)
    assert got == [1, 2, 3, 4]
    assert not inbox.batches


def test_a_batch_knows_what_is_left_of_it() -> None:
    inbox = filled([1, 2, 3])
    batch = inbox.batches[0]

    assert (len(batch), batch.first) == (3, inbox.base)
    assert next(batch.addresses) == inbox.base
    assert (len(batch), batch.first) == (2, inbox.base + 16)


def test_memory_behind_the_records_can_be_read() -> None:
    inbox = Inbox(16)

    assert ct.string_at(inbox.base + 16, 60_000) == bytes(60_000)


def test_room_that_is_not_used_takes_no_memory() -> None:
    before = resident_bytes()
    inbox = Inbox(256 << 20)

    assert len(inbox.view) > 256 << 20
    assert resident_bytes() - before < 64 << 20


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGESIZE


@given(st.lists(st.integers(0, 2), min_size=1, max_size=300), st.integers(1, 4))
def test_alike_are_those_up_to_the_first_other(numbers: list[int], step: int) -> None:
    spread = [word for number in numbers for word in [number, *[9] * (step - 1)]]
    words = memoryview(bytearray(8 * len(spread))).cast("Q")
    for at, word in enumerate(spread):
        words[at] = word

    alike = next((at for at, one in enumerate(numbers) if one != numbers[0]), len(numbers))
    assert count_alike(words, 0, step, len(numbers)) == alike
    assert count_alike(words, 0, step, 1) == 1
