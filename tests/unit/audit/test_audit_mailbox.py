"""Batches between two threads: how many records may wait, and how it ends."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator

import pytest

from audit_bytes import syscall
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.record.batch import Batch
from seismo.audit.record.decode import Decoder
from seismo.audit.tracer.mailbox import Mailbox


def batch(count: int) -> Batch:
    catalog = shipped_catalog()
    return Batch([syscall(catalog["getppid"].id)] * count, Decoder(catalog))


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox(10) as one:
        yield one


def is_readable(mailbox: Mailbox) -> bool:
    return bool(select.select([mailbox.fd], [], [], 0)[0])


def test_as_many_records_as_the_limit_may_wait(mailbox: Mailbox) -> None:
    first, second = batch(6), batch(4)
    assert mailbox.offer(first)
    assert mailbox.offer(second)
    assert not mailbox.offer(batch(1))
    assert len(mailbox) == 10
    assert mailbox.take() is first
    assert mailbox.offer(batch(6))
    assert mailbox.take() is second


def test_an_empty_one_takes_any_batch_and_urgent_ones_have_their_own_room(mailbox: Mailbox) -> None:
    assert mailbox.offer(batch(1000))
    assert not mailbox.offer(batch(1))
    assert mailbox.offer(batch(10), is_urgent=True)
    assert not mailbox.offer(batch(1), is_urgent=True)
    mailbox.force(batch(5))
    assert len(mailbox) == 1015
    assert [len(mailbox.take() or ()) for _ in range(3)] == [1000, 10, 5]
    assert len(mailbox) == 0


def test_its_descriptor_is_readable_while_something_is_in_it(mailbox: Mailbox) -> None:
    assert not is_readable(mailbox)
    mailbox.offer(batch(1))
    mailbox.offer(batch(1))
    mailbox.take()
    assert is_readable(mailbox)
    mailbox.take()
    assert not is_readable(mailbox)
    mailbox.end()
    assert is_readable(mailbox)


def test_what_is_in_it_comes_before_its_end(mailbox: Mailbox) -> None:
    mailbox.offer(batch(2))
    mailbox.end()
    assert not mailbox.is_over
    assert len(mailbox.take() or ()) == 2
    assert mailbox.is_over
    assert mailbox.take() is None


def test_who_waits_for_room_gets_it_when_something_is_taken(mailbox: Mailbox) -> None:
    mailbox.offer(batch(10))
    assert not mailbox.put(batch(5), 0.01)
    done: list[bool] = []
    waiting = threading.Thread(target=lambda: done.append(mailbox.put(batch(5), 20)))
    waiting.start()
    assert len(mailbox.take() or ()) == 10
    waiting.join(20)
    assert done == [True]
    assert mailbox.take(0) is not None
    assert mailbox.take(0.01) is None


def test_who_waits_for_a_batch_is_woken_by_the_end(mailbox: Mailbox) -> None:
    taken: list[Batch | None] = []
    waiting = threading.Thread(target=lambda: taken.append(mailbox.take(20)))
    waiting.start()
    mailbox.end()
    waiting.join(20)
    assert taken == [None]
