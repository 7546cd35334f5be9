"""Every instruction survives its bytes and its text; every listing survives being read back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insn_strategies import ALL_FORMS, any_insn, insns_of
from seismo.base.source import Source, Span
from seismo.isa.decode import decode
from seismo.isa.encode import SLOT_BYTES, encode
from seismo.isa.errors import DecodeError
from seismo.isa.format import format_insn, format_listing, jump_labels
from seismo.isa.forms import Form, find_form
from seismo.isa.insn import Insn, slot_starts
from seismo.isa.parse import parse_insn, parse_listing

SCRIPT = Source("demo.bt", "BEGIN {\n  @ = count();\n  exit()\n}\n")


@pytest.mark.parametrize("form", ALL_FORMS, ids=str)
@settings(max_examples=12)
@given(data=st.data())
def test_each_form_survives_bytes_and_text(form: Form, data: st.DataObject) -> None:
    insn = data.draw(insns_of(form))
    found = find_form(insn.op, insn.fields)
    assert found.op == form.op
    assert parse_insn(str(insn)) == insn
    assert parse_insn(format_insn(insn)) == insn
    for order in ("little", "big"):
        assert decode(encode((insn,), order), order) == (insn,)


@given(st.lists(any_insn(), max_size=30))
def test_a_program_has_8_bytes_a_slot(insns: list[Insn]) -> None:
    data = encode(insns)
    assert len(data) == SLOT_BYTES * slot_starts(insns)[-1]
    assert decode(data) == tuple(insns)


@given(st.lists(any_insn(), max_size=30), st.data())
def test_a_listing_is_read_back(insns: list[Insn], data: st.DataObject) -> None:
    spots = st.integers(0, len(SCRIPT.text) - 2)
    starts = data.draw(st.lists(spots, min_size=len(insns), max_size=len(insns)))
    maps = {index: "@counts" for index, insn in enumerate(insns) if insn.is_map_load}
    listing = format_listing(
        insns,
        labels=jump_labels(insns),
        maps=maps,
        spans=[Span(SCRIPT, start, start + 1) for start in starts],
    )
    assert parse_listing(listing) == tuple(insns)
    assert parse_listing("\n".join(str(insn) for insn in insns)) == tuple(insns)


@given(any_insn(), st.integers(0, 15), st.integers(0, 255))
def test_damaged_bytes_decode_to_themselves_or_are_refused(insn: Insn, at: int, to: int) -> None:
    data = bytearray(encode((insn,)))
    data[at % len(data)] = to
    try:
        insns = decode(bytes(data))
    except DecodeError as error:
        # A 64-bit load may have become one slot, and what was its other half is none.
        assert error.offset in range(0, len(data), 8)
        return
    assert encode(insns) == data
    assert parse_insn(str(insns[0])) == insns[0]
