"""Events from rings and perf buffers: all of them, typed, by iteration, asyncio and arrays."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from api_cases import GETPPID, call_getppid, needs_clang, open_object

import seismo

pytestmark = [pytest.mark.kernel, needs_clang]


@pytest.fixture
def obj() -> Iterator[seismo.Object]:
    """Loaded, to tell of this process's own calls."""
    with open_object("api_events") as opened:
        opened.rodata.process = os.getpid()
        opened.rodata.call = GETPPID
        yield opened.load()


@pytest.fixture
def one_cpu() -> Iterator[None]:
    """This process stays on the CPU that it is on, so that one buffer gets all."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def test_every_call_is_one_typed_event(obj: seismo.Object) -> None:
    events = obj.events("events", type="struct event", timeout=0)
    with obj.programs["to_ring"].attach():
        call_getppid(100)
    got = list(events)
    assert [one.number for one in got] == list(range(1, 101))
    assert (events.received, events.lost, obj.bss.produced, obj.bss.dropped) == (100, 0, 100, 0)
    first = got[0]
    assert first == obj.type("struct event")(
        number=1,
        pid=os.getpid(),
        color="GREEN",
        comm=b"one",
        places=[{}, {"x": -7}],
        mac=b"\0\0\0\0\0\x09",
        is_last=True,
        ratio=0.5,
    )
    assert (first.color.name, first.places[1].x, first.is_last) == ("GREEN", -7, True)


def test_what_an_iteration_leaves_the_next_one_gets(obj: seismo.Object) -> None:
    events = obj.events("events", type="struct event", timeout=0)
    with obj.programs["to_ring"].attach():
        call_getppid(3)
    assert next(events).number == 1
    assert [one.number for one in events.read()] == [2, 3]
    assert list(events) == [] and events.read() == [] and not events.poll(0)


def test_a_full_ring_drops_and_the_program_counts(obj: seismo.Object) -> None:
    with open_object("api_events") as small:
        small.rodata.process, small.rodata.call = os.getpid(), GETPPID
        small.maps["events"].max_entries = 4096
        small.load()
        events = small.events("events", type="struct event")
        with small.programs["to_ring"].attach():
            call_getppid(500)
        got = len(events.read())
        assert 0 < got == events.received < 500
        assert small.bss.produced == 500 == got + small.bss.dropped


def test_a_perf_buffer_gives_the_same_events(obj: seismo.Object, one_cpu: None) -> None:
    events = obj.events("samples", type="struct event", timeout=0)
    with obj.programs["to_perf"].attach():
        call_getppid(20)
    got = list(events)
    assert [one.number for one in got] == list(range(1, 21))
    assert got[0].comm == b"one" and len(bytes(got[0])) == events_size(obj)


def events_size(obj: seismo.Object) -> int:
    return obj.types.find("struct event").size


def test_waiting_twice_for_a_perf_buffer_finds_the_same(obj: seismo.Object, one_cpu: None) -> None:
    events = obj.events("samples", type="struct event")
    with obj.programs["to_perf"].attach():
        call_getppid(3)
    assert events.poll(1.0) and events.poll(0) and len(events.read()) == 3
    assert not events.poll(0)


def test_what_a_perf_buffer_loses_is_counted(obj: seismo.Object, one_cpu: None) -> None:
    events = obj.events("samples", type="struct event", pages=1, timeout=0)
    with obj.programs["to_perf"].attach():
        call_getppid(1000)
        got = len(list(events))
        call_getppid(1)
    got += len(list(events))
    assert 0 < got < 1001 and obj.bss.produced == 1001
    assert events.received == got and got + events.lost == 1001


def test_records_of_many_lengths_come_whole(obj: seismo.Object) -> None:
    events = obj.events("texts", type="struct text", timeout=0)
    program = obj.programs["to_texts"]
    for turn in range(4):
        program.test_run(ctx=struct.pack("=2Q", turn, 0))
    assert [(one.length, one.data) for one in events] == [
        (3, b"abc"),
        (4, b"abcd"),
        (3, b"abc"),
        (4, b"abcd"),
    ]


def test_the_only_struct_that_is_as_long_is_taken(obj: seismo.Object) -> None:
    events = obj.events("events", timeout=0)
    with obj.programs["to_ring"].attach():
        call_getppid(1)
    assert type(next(events)) is obj.type("event")


def test_a_type_that_the_object_has_not_is_told(obj: seismo.Object) -> None:
    with pytest.raises(
        seismo.BpfError, match=r"no struct 'evnt' in .*\nhint: did you mean 'event'"
    ):
        obj.events("events", type="struct evnt")
    with pytest.raises(seismo.BpfError, match="__attribute__"):
        obj.events("events", type="struct xyz_t")


def test_a_map_of_entries_has_no_events(obj: seismo.Object) -> None:
    with open_object("api_maps") as maps:
        maps.load()
        with pytest.raises(seismo.WrongType, match="'counts' is no ring buffer or perf buffer"):
            maps.events("counts")


def test_a_record_shorter_than_its_type_is_told(obj: seismo.Object) -> None:
    events = obj.events("texts", type="struct event", timeout=0)
    obj.programs["to_texts"].test_run(ctx=bytes(16))
    with pytest.raises(seismo.WrongValue, match=r"struct event has .* bytes, not 7"):
        next(events)
    assert list(events) == []


def send_texts(obj: seismo.Object, *lengths: int) -> None:
    """Records of 7 or 8 bytes into `texts`."""
    for length in lengths:
        obj.programs["to_texts"].test_run(ctx=[length & 1 ^ 1, 0])


def test_what_precedes_a_short_record_comes_first(obj: seismo.Object) -> None:
    events = obj.events("texts", type="struct bits")
    send_texts(obj, 8, 8, 7, 8)
    assert len(events.read()) == 2
    with pytest.raises(seismo.WrongValue, match="struct bits has 8 bytes, not 7"):
        events.read()
    assert len(events.read()) == 1 and events.received == 4
    send_texts(obj, 8, 7)
    assert next(events).number == 4
    assert events.poll(0)
    with pytest.raises(seismo.WrongValue, match="not 7"):
        next(events)
    assert not events.poll(0)


def test_arrays_give_what_precedes_a_short_record(obj: seismo.Object) -> None:
    events = obj.events("texts", type="struct bits")
    send_texts(obj, 8, 8, 7, 8)
    assert events.arrays()["number"].tolist() == [4, 4]
    with pytest.raises(seismo.WrongValue, match="struct bits has 8 bytes, not 7"):
        events.arrays()
    assert len(events.arrays()) == 1 and events.received == 4
    send_texts(obj, 7)
    with pytest.raises(seismo.WrongValue, match="not 7"):
        events.arrays()
    assert len(events.arrays()) == 0


def test_each_record_is_of_the_type_that_is_as_long(obj: seismo.Object) -> None:
    events = obj.events("texts")
    send_texts(obj, 8, 7, 8)
    kinds = [type(one).__name__ for one in events.read()]
    assert kinds == ["bits", "bytes", "bits"] and events.received == 3


def test_arrays_do_not_take_one_type_for_another(obj: seismo.Object) -> None:
    events = obj.events("texts")
    send_texts(obj, 8, 7, 8)
    assert len(events.arrays()) == 1
    with pytest.raises(seismo.WrongValue, match="struct bits has 8 bytes, not 7"):
        events.arrays()
    assert len(events.arrays()) == 1


def test_events_may_stay_bytes(obj: seismo.Object) -> None:
    events = obj.events("texts", type=bytes)
    send_texts(obj, 8, 7)
    first, second = events.read()
    assert (first, second) == (b"\4\0\0\0abcd", b"\3\0\0\0abc")
    with pytest.raises(seismo.WrongType, match="a class of records, or bytes, not <class 'int'>"):
        obj.events("events", type=int)  # type: ignore[arg-type]


def test_tasks_share_a_buffer_and_closing_ends_them(obj: seismo.Object) -> None:
    async def count(events: seismo.Events) -> int:
        return len([one async for one in events])

    async def run(name: str) -> list[int]:
        events = obj.events(name, type="struct event")
        tasks = [asyncio.create_task(count(events)) for _ in range(2)]
        for _ in range(3):
            await asyncio.sleep(0.001)
            call_getppid(1)
        while events.received < 3:
            await asyncio.sleep(0.001)
        events.close()
        return await asyncio.wait_for(asyncio.gather(*tasks), 60)

    with obj.programs["to_ring"].attach(), obj.programs["to_perf"].attach():
        assert sum(asyncio.run(run("events"))) == 3
        assert sum(asyncio.run(run("samples"))) == 3


def test_asyncio_reads_while_others_run(obj: seismo.Object) -> None:
    events = obj.events("events", type="struct event")
    numbers: list[int] = []

    async def read() -> None:
        async for event in events:
            numbers.append(event.number)

    async def run() -> None:
        reader = asyncio.create_task(read())
        for _ in range(10):
            call_getppid(5)
            await asyncio.sleep(0.001)
        while len(numbers) < 50:
            await asyncio.sleep(0.001)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        assert reader.cancelled()
        assert not asyncio.get_running_loop().remove_reader(events.fds[0])

    with obj.programs["to_ring"].attach():
        asyncio.run(asyncio.wait_for(run(), 60))
        call_getppid(1)
    assert numbers == list(range(1, 51))
    assert [one.number for one in events.read()] == [51]


def test_asyncio_ends_when_the_time_is_up(obj: seismo.Object) -> None:
    events = obj.events("samples", type="struct event", timeout=0.01)

    async def run() -> list[object]:
        return [one async for one in events]

    assert asyncio.run(run()) == []
    events.timeout = 0
    with obj.programs["to_perf"].attach():
        call_getppid(3)
    assert len(asyncio.run(run())) == 3


def test_arrays_have_every_record_and_the_types_of_c(obj: seismo.Object) -> None:
    events = obj.events("events", type="struct event")
    with obj.programs["to_ring"].attach():
        call_getppid(5000)
    array = events.arrays()
    assert array["number"].tolist() == list(range(1, 5001))
    assert (events.received, obj.bss.produced) == (5000, 5000)
    assert array.dtype["places"] == np.dtype(([("x", "<i2"), ("y", "<i2")], (2,)))
    assert set(array["comm"]) == {b"one"} and array["comm"].dtype == np.dtype("S16")
    assert bytes(array["comm"][0].ljust(16, b"\0")) == b"one".ljust(16, b"\0")
    assert array["places"]["x"][:, 1].tolist() == [-7] * 5000
    assert array["mac"][0].tolist() == [0, 0, 0, 0, 0, 9]
    assert (array["ratio"] == 0.5).all() and array["is_last"].all()
    assert len(events.arrays()) == 0


def test_arrays_continue_what_was_iterated(obj: seismo.Object) -> None:
    events = obj.events("events", type="struct event")
    with obj.programs["to_ring"].attach():
        call_getppid(2)
        assert next(events).number == 1 and next(events).number == 2
        call_getppid(3)
        assert next(events).number == 3
    assert events.arrays()["number"].tolist() == [4, 5]
    assert events.received == 5


def test_arrays_find_out_the_type_by_the_first_record(obj: seismo.Object) -> None:
    with pytest.raises(seismo.WrongType, match="of which type are the records"):
        obj.events("events").arrays()
    with obj.programs["to_ring"].attach():
        call_getppid(3)
    assert obj.events("events").arrays()["number"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(("name", "program"), [("events", "to_ring"), ("samples", "to_perf")])
def test_a_buffer_has_one_reader(
    obj: seismo.Object, one_cpu: None, name: str, program: str
) -> None:
    first = obj.events(name, type="event")
    with obj.programs[program].attach():
        call_getppid(3)
    again = obj.events(name, type="event", timeout=0)
    assert again is first and [one.number for one in again] == [1, 2, 3]
    with pytest.raises(seismo.WrongState, match=f"events of map '{name}' are read already"):
        obj.events(name, type="bits")
    first.close()
    assert not first.is_open and obj.events(name, type="bits") is not first


def test_arrays_come_from_perf_buffers_too(obj: seismo.Object, one_cpu: None) -> None:
    events = obj.events("samples", type="struct event")
    with obj.programs["to_perf"].attach():
        call_getppid(30)
    assert events.arrays(timeout=1.0)["number"].tolist() == list(range(1, 31))


def test_an_open_end_is_no_array(obj: seismo.Object) -> None:
    with pytest.raises(seismo.WrongType, match="member 'data' is as long as the record"):
        obj.events("texts", type="struct text").arrays()


def test_bit_fields_are_widened(obj: seismo.Object) -> None:
    events = obj.events("texts", type="struct bits")
    obj.programs["to_texts"].test_run(ctx=struct.pack("=2Q", 1, 0))
    array = events.arrays()
    assert array.dtype == np.dtype([("number", "<u4"), ("low", "<u4"), ("high", "<i4")])
    # The bytes behind the first word begin with an 'a', 0x61.
    assert array.tolist() == [(4, 1, 6)]


def test_a_table_has_a_column_for_each_member(obj: seismo.Object) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    events = obj.events("events", type="struct event")
    with obj.programs["to_ring"].attach():
        call_getppid(3)
    table = events.table()
    assert table["number"].to_pylist() == [1, 2, 3]
    assert table.schema.field("comm").type == pyarrow.binary()
    assert table.to_pylist()[0] == {
        "number": 1,
        "pid": os.getpid(),
        "color": 5,
        "comm": b"one",
        "places": [{"x": 0, "y": 0}, {"x": -7, "y": 0}],
        "mac": b"\0\0\0\0\0\x09",
        "is_last": True,
        "ratio": 0.5,
    }


def test_closed_events_say_so(obj: seismo.Object) -> None:
    events = obj.events("events", type="struct event")
    assert repr(events) == "<Events of events: 0 received, 0 lost>"
    events.close()
    events.close()
    assert repr(events) == "<Events of events: 0 received, 0 lost, closed>"
    with pytest.raises(seismo.WrongState, match="closed"):
        events.arrays()
    with pytest.raises(seismo.WrongState, match="closed"):
        asyncio.run(anext(events))  # type: ignore[arg-type]
    with pytest.raises(seismo.WrongState, match="closed"):
        events.read()
