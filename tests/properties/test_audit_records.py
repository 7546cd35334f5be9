"""Random records of audit: what was put in comes out; what is damaged is counted."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from audit_bytes import header, section, syscall
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.c_types import argument_value
from seismo.audit.catalog.model import EventField
from seismo.audit.record.batch import Batch
from seismo.audit.record.decode import Decoder
from seismo.audit.record.event import LAZY, AuditEvent
from seismo.audit.record.layout import FIXED, KernelEvent, Section, SectionFlag
from seismo.audit.record.sections import DamagedRecord
from seismo.audit.tracer.ordering import Ordering
from seismo.base.layout import Blob

CATALOG = shipped_catalog()
CALLS = [one for one in CATALOG.types if one.is_syscall]

u64 = st.integers(0, (1 << 64) - 1)
names = st.lists(
    st.binary(min_size=1, max_size=20).map(
        lambda one: one.replace(b"\0", b"x").replace(b"/", b"y")
    ),
    max_size=6,
)
sections = st.builds(
    section,
    st.sampled_from(list(Section)),
    st.binary(max_size=160),
    st.sampled_from([0, 1, 2, 3, 4, 5, 255]),
    st.integers(0, 255),
    st.integers(0, 65535),
)
valid_sections = st.lists(sections, max_size=5).map(b"".join)


def read_all(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in sorted(LAZY)}


def is_number(field: EventField, values: dict[str, Any]) -> bool:
    return isinstance(values[field.name], int)


@given(st.sampled_from(CALLS), st.lists(u64, min_size=6, max_size=6))
def test_numbers_are_what_their_type_makes_of_the_register(type_: Any, args: list[int]) -> None:
    event = Decoder(CATALOG).event(syscall(type_.id, args))
    assert event.args == tuple(args)
    assert list(event.values) == [field.name for field in type_.fields]
    for field in type_.fields:
        value = event.values[field.name]
        assert value in (None, b"") or value == argument_value(field, args[field.argument])


@given(names, st.booleans())
def test_names_of_a_path_come_in_their_order(parts: list[bytes], is_deleted: bool) -> None:
    data = b"".join(one + b"\0" for one in reversed(parts))
    flags = SectionFlag.ABSOLUTE | (SectionFlag.DELETED if is_deleted else 0)
    record = syscall(CATALOG["openat"].id, [3], section(Section.DIRECTORY, data, 1, flags))
    found = Decoder(CATALOG).event(record).directories[1]
    assert found.text.encode("utf-8", "surrogateescape") == b"/" + b"/".join(parts)
    assert found.is_deleted is is_deleted


@given(st.sampled_from(CALLS), st.lists(u64, min_size=6, max_size=6), valid_sections)
def test_any_sections_are_decoded_or_the_record_is_refused(
    type_: Any, args: list[int], more: bytes
) -> None:
    try:
        event = Decoder(CATALOG).event(syscall(type_.id, args, more))
    except DamagedRecord:
        return
    read_all(event)


@given(st.sampled_from(list(KernelEvent)), st.data(), valid_sections)
def test_kernel_events_of_any_bytes(event: KernelEvent, data: Any, more: bytes) -> None:
    fixed = data.draw(st.binary(min_size=FIXED[event].size, max_size=FIXED[event].size))
    try:
        found = Decoder(CATALOG).event(header(event) + fixed + more)
    except DamagedRecord:
        return
    values = read_all(found)["values"]
    for member in FIXED[event].fields:
        if member.name == "pad" or isinstance(member.type, Blob):
            continue
        if isinstance(values[member.name], int):
            raw = fixed[member.offset : member.end]
            signed = getattr(member.type, "signed", False)
            assert values[member.name] == int.from_bytes(raw, "little", signed=signed)


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_what_is_no_record_is_counted_and_the_rest_comes(noise: list[bytes]) -> None:
    good = syscall(CATALOG["getppid"].id, ret=5)
    decoder = Decoder(CATALOG)
    batch = Batch([one for each in noise for one in (each, good)], decoder)
    found = batch.events()
    assert len(found) + decoder.undecodable == 2 * len(noise)
    assert sum(one.data == good for one in found) >= len(noise)
    for one in found:
        read_all(one)


@given(valid_sections, st.integers(0, 200), st.integers(0, 255))
def test_a_record_with_a_changed_byte_or_cut_short(more: bytes, at: int, byte: int) -> None:
    record = bytearray(syscall(CATALOG["openat"].id, [3, 1, 2], more))
    record[at % len(record)] = byte
    decoder = Decoder(CATALOG)
    for damaged in (bytes(record), bytes(record[:-1]), bytes(record[: at % len(record)])):
        for event in Batch([damaged], decoder).events():
            read_all(event)


@given(st.lists(st.lists(st.integers(0, 60), max_size=8), max_size=6), st.integers(0, 20))
def test_every_record_comes_once_and_in_order_but_for_the_late(
    rounds: list[list[int]], order_ns: int
) -> None:
    ordering = Ordering(order_ns)
    given_times: list[int] = []
    for serial, times in enumerate(rounds):
        ordering.put([struct.pack("=2I", serial, one) for one in times], list(times))
        batch = [struct.unpack("=2I", one)[1] for one in ordering.take()]
        assert batch == sorted(batch)
        given_times += batch
    given_times += [struct.unpack("=2I", one)[1] for one in ordering.take_all()]
    assert sorted(given_times) == sorted(time for times in rounds for time in times)
    latest, late = 0, 0
    for time in given_times:
        late += time < latest
        latest = max(latest, time)
    assert late == ordering.out_of_order
