"""BCC's perf and ring buffers: each record arrives once, in order, or is counted as lost."""

from __future__ import annotations

import asyncio
import ctypes as ct
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from bcc_tables import EVENT, Tables, declared, struct, tables
from bpf_programs import counter_map, reserving_program, ring_map, sending_program
from seismo.bcc.table.errors import NoEventType, NotOpen
from seismo.c.types import U64, Member
from seismo.isa.map_types import MapType
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import online_cpus, possible_cpus
from seismo.objects.errors import BadSpec
from seismo.spec.types import MapSpec

pytestmark = pytest.mark.kernel

SIZE = 40
KINDS = ("perf_output", "ringbuf")
LONGER = struct("longer", 64, *[Member(f"m{at}", U64, 64 * at) for at in range(8)])


@contextmanager
def buffer(
    kernel: LiveKernel, kind: str, pages: int = 8, record: Any = EVENT
) -> Iterator[tuple[Tables, Any]]:
    """A table `events` with programs that send 40 bytes (`send`), 8 (`small`), or discard 24
    (`discard`, of a ring)."""
    is_perf = kind == "perf_output"
    cpus = len(possible_cpus(kernel))
    events = ring_map("events", pages * 4096)
    if is_perf:
        events = MapSpec(
            name="events", type=MapType.PERF_EVENT_ARRAY, key_size=4, value_size=4, max_entries=cpus
        )
    programs = [
        sending_program("send", "events", "lost", SIZE, perf=is_perf),
        sending_program("small", "events", "lost", 8, perf=is_perf),
    ]
    if not is_perf:
        programs.append(reserving_program("discard", "events", 24, submit=False))
    with tables(kernel, (events, counter_map("lost")), programs) as made:
        losses = made.loss_counter("lost")
        yield made, made.table(declared("events", kind, record=record), losses=losses)


def opened(table: Any, callback: Any, pages: int = 8, **options: Any) -> None:
    if table.declared.kind == "perf_output":
        table.open_perf_buffer(callback, page_cnt=pages, **options)
    else:
        table.open_ring_buffer(callback)


def poll(made: Tables, table: Any, timeout: int = 0) -> int:
    if table.declared.kind == "perf_output":
        return made.perf_buffer_poll(timeout)
    return made.ring_buffer_poll(timeout)


@pytest.mark.parametrize("kind", KINDS)
def test_events_arrive_in_order_and_can_be_kept(kernel: LiveKernel, kind: str) -> None:
    kept: list[Any] = []
    with buffer(kernel, kind) as (made, table):
        opened(table, lambda source, data, size: kept.append(table.event(data)))
        made.run("send", *range(50))
        assert poll(made, table, 1000) == 50
        made.run("send", 77)
        assert poll(made, table, 1000) == 1
        received, lost = table.received, table.lost

    # Other records have been where these were, and the buffer is closed.
    assert [one.number for one in kept] == [*range(50), 77]
    assert type(kept[0]).__name__ == "data_t"
    assert (kept[0].pid, kept[0].comm) == (0, b"")
    assert (received, lost) == (51, 0)


def test_a_perf_callback_gets_cpu_address_and_the_padded_size(kernel: LiveKernel) -> None:
    got: list[tuple[int, int, int]] = []
    with buffer(kernel, "perf_output") as (made, table):
        opened(table, lambda *record: got.append(record))
        for cpu in online_cpus(kernel):
            with on_cpu(cpu):
                made.run("send", cpu)
        made.perf_buffer_poll(1000)

        assert [cpu for cpu, _, _ in got] == list(online_cpus(kernel))
        assert {size for _, _, size in got} == {44}


def test_a_ring_callback_gets_context_address_and_size(kernel: LiveKernel) -> None:
    got: list[tuple[Any, int, int]] = []
    context = object()
    with buffer(kernel, "ringbuf") as (made, table):
        table.open_ring_buffer(lambda *record: got.append(record), context)
        made.run("send", 5)
        made.ring_buffer_consume()

        ((given, data, size),) = got
        assert (given, size) == (context, SIZE)
        assert ct.cast(data, ct.POINTER(ct.c_uint64)).contents.value == 5
        assert table.event(ct.c_void_p(data)).number == 5
        assert table.event(ct.cast(data, ct.POINTER(ct.c_uint64))).number == 5
        assert table.event(b"\6").number == 6


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_callback_raises_comes_out_and_loses_nothing(kernel: LiveKernel, kind: str) -> None:
    got: list[int] = []

    def keep(source: Any, data: int, size: int) -> None:
        got.append(table.event(data).number)
        if got[-1] == 3:
            raise BrokenPipeError

    with buffer(kernel, kind) as (made, table):
        opened(table, keep)
        made.run("send", *range(6))
        with pytest.raises(BrokenPipeError):
            poll(made, table, 1000)
        made.run("send", 6)
        # Although nothing new wakes the poll before the time is up.
        assert poll(made, table, 60_000) == 3
        assert got == [0, 1, 2, 3, 4, 5, 6]


def test_a_negative_answer_ends_a_poll_of_a_ring(kernel: LiveKernel) -> None:
    got: list[int] = []

    def keep(source: Any, data: int, size: int) -> int:
        got.append(table.event(data).number)
        return -1

    with buffer(kernel, "ringbuf") as (made, table):
        table.open_ring_buffer(keep)
        made.run("send", *range(3))
        assert [made.ring_buffer_poll(1000) for _ in range(3)] == [1, 1, 1]
        assert made.ring_buffer_consume() == 0
        assert got == [0, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rounds", [1, 7])
def test_sent_is_received_and_lost(kernel: LiveKernel, kind: str, rounds: int) -> None:
    """One page is too small for a round; its last record wraps round where it does not fit."""
    got: list[int] = []
    told: list[int] = []
    options: dict[str, Any] = {"lost_cb": told.append} if kind == "perf_output" else {}
    with buffer(kernel, kind, pages=1) as (made, table), on_cpu(online_cpus(kernel)[0]):
        opened(table, lambda _, data, __: got.append(table.event(data).number), 1, **options)
        for start in range(rounds):
            made.run("send", *range(start * 100, start * 100 + 100))
            made.run("small", 5)
            poll(made, table, 1000)
        # So that the kernel tells of the last loss.
        made.run("send", 999)
        poll(made, table, 1000)

        assert table.received + table.lost == rounds * 101 + 1
        assert table.received == len(got)
        assert got[-1] == 999
        assert table.lost > rounds
        assert sum(told) == (table.lost if kind == "perf_output" else 0)


def test_losses_are_said_where_nobody_wants_to_know(
    kernel: LiveKernel, capsys: pytest.CaptureFixture[str]
) -> None:
    with buffer(kernel, "perf_output") as (made, table), on_cpu(online_cpus(kernel)[0]):
        opened(table, lambda *_: None, 1)
        made.run("send", *range(100))
        made.perf_buffer_poll(1000)
        made.run("send", 0)
        made.perf_buffer_poll(1000)

        assert capsys.readouterr().err == f"Possibly lost {table.lost} samples\n"


def test_records_that_nobody_reads_are_lost(kernel: LiveKernel) -> None:
    with buffer(kernel, "perf_output") as (made, table):
        made.run("send", 1, 2)

        assert (table.received, table.lost) == (0, 2)


def test_without_a_counter_the_buffer_says_what_was_lost(kernel: LiveKernel) -> None:
    with buffer(kernel, "perf_output") as (made, counted), on_cpu(online_cpus(kernel)[0]):
        table = made.table(counted.declared)
        assert table.lost == 0
        opened(table, lambda *_: None, 1, lost_cb=lambda _: None)
        made.run("send", *range(100))
        made.perf_buffer_poll(1000)
        made.run("send", 0)
        made.perf_buffer_poll(1000)

        assert table.lost == counted.lost > 0


def test_discarded_records_and_other_sizes_do_not_disturb(kernel: LiveKernel) -> None:
    got: list[tuple[int, int]] = []
    with buffer(kernel, "ringbuf") as (made, table):
        opened(table, lambda _, data, size: got.append((table.event(data).number, size)))
        for number in range(4):
            made.run("send", number)
            made.run("discard", number)
            made.run("small", number)
        made.run("discard", 9)
        made.ring_buffer_poll(1000)

        assert got == [(number, size) for number in range(4) for size in (SIZE, 8)]
        assert made.ring_buffer_consume() == 0


def test_a_record_that_is_shorter_than_the_class_can_be_read(kernel: LiveKernel) -> None:
    got: list[int] = []
    with buffer(kernel, "ringbuf", record=LONGER) as (made, table):
        opened(table, lambda _, data, size: got.append(table.event(data).m0))
        made.run("send", 8)
        made.ring_buffer_poll(1000)

        assert got == [8]


@pytest.mark.parametrize("kind", KINDS)
def test_whole_arrays(kernel: LiveKernel, kind: str) -> None:
    with buffer(kernel, kind) as (made, table), on_cpu(online_cpus(kernel)[0]):
        opened(table, None)
        assert table.arrays().shape == (0,)
        made.run("send", *range(20))
        made.run("small", 20)
        made.run("send", 21)
        array = table.arrays(timeout=1000)

        assert array["number"].tolist() == list(range(22))
        assert array.dtype.names == ("number", "pid", "tid", "comm", "ret")
        assert array.dtype["comm"] == np.dtype("S16")
        assert array["ret"].any() == np.False_
        assert (table.received, table.arrays().shape) == (22, (0,))
        # Without a callback a poll is not for this table.
        assert poll(made, table, 0) == 0


def test_arrays_take_what_a_callback_left(kernel: LiveKernel) -> None:
    def refuse(source: Any, data: int, size: int) -> None:
        if table.event(data).number == 2:
            raise KeyError

    with buffer(kernel, "ringbuf") as (made, table):
        opened(table, refuse)
        made.run("send", *range(5))
        with pytest.raises(KeyError):
            made.ring_buffer_poll(1000)
        made.run("send", 5)

        assert table.arrays()["number"].tolist() == [3, 4, 5]


@pytest.mark.parametrize("kind", KINDS)
def test_events_in_an_event_loop(kernel: LiveKernel, kind: str) -> None:
    async def read() -> list[int]:
        got: list[int] = []
        asyncio.get_running_loop().call_later(0.05, made.run, "send", 2, 3)
        async for event in table.read_async():
            got.append(event.number)
            if len(got) == 4:
                break
        return got

    with buffer(kernel, kind) as (made, table), on_cpu(online_cpus(kernel)[0]):
        opened(table, None)
        made.run("send", 0, 1)

        assert asyncio.run(read()) == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_opening_again_takes_the_place_of_the_first(kernel: LiveKernel, kind: str) -> None:
    first: list[int] = []
    second: list[int] = []
    with buffer(kernel, kind) as (made, table):
        opened(table, lambda _, data, __: first.append(data))
        opened(table, lambda _, data, __: second.append(table.event(data).number))
        made.run("send", 4)
        poll(made, table, 1000)

        assert (first, second) == ([], [4])


def test_a_ring_has_a_power_of_two_of_pages(kernel: LiveKernel) -> None:
    with buffer(kernel, "perf_output") as (_, table):
        for pages in (0, 3):
            with pytest.raises(BadSpec, match=f"a ring cannot have {pages} pages"):
                table.open_perf_buffer(print, page_cnt=pages)


def test_a_table_that_nothing_is_known_of_has_no_events(kernel: LiveKernel) -> None:
    with buffer(kernel, "ringbuf", record=None) as (_, table):
        with pytest.raises(NoEventType, match="table events: nothing in the program says"):
            table.event(0)
        with pytest.raises(NotOpen, match=r"call open_ring_buffer\(callback\) before"):
            table.arrays()


def test_several_tables_are_polled_together(kernel: LiveKernel) -> None:
    got: list[str] = []
    rings = [ring_map(name, 4096) for name in "ab"]
    programs = [sending_program(name, name, "lost", 8, perf=False) for name in "ab"]
    with tables(kernel, [*rings, counter_map("lost")], programs) as made:
        for name in "ab":
            table = made.table(declared(name, "ringbuf"))
            table.open_ring_buffer(lambda ctx, *_: got.append(ctx), name)
        made.run("b", 1)
        made.run("a", 1)

        assert made.ring_buffer_poll(1000) == 2
        assert sorted(got) == ["a", "b"]


@contextmanager
def on_cpu(cpu: int) -> Iterator[None]:
    """This thread on one CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
