"""Constants as text: what is shown is read back as the same value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.c_types import argument_integer, argument_value
from seismo.audit.catalog.constants import (
    constant_table,
    constant_tables,
    parse_flags,
    show_flags,
)
from seismo.audit.catalog.model import EventType
from seismo.audit.catalog.table import UnknownEvent

FLAGS = [name for name in constant_tables() if constant_table(name).kind == "flags"]
ENUMS = [name for name in constant_tables() if constant_table(name).kind == "enum"]
CATALOG = shipped_catalog()
CALLS = [one for one in CATALOG.types if one.is_syscall]
WORDS = st.sampled_from([*CATALOG.families, *(one.name for one in CATALOG.types), "net_*", "*at"])


@given(st.sampled_from(FLAGS), st.integers(0, (1 << 64) - 1) | st.integers(0, (1 << 32) - 1))
def test_flags_are_read_back(table: str, value: int) -> None:
    assert parse_flags(table, show_flags(table, value)) == value


@given(st.sampled_from(FLAGS), st.data())
def test_combinations_of_names_are_shown_without_numbers(table: str, data: st.DataObject) -> None:
    names = [value for value, _ in constant_table(table).names if value]
    chosen = data.draw(st.lists(st.sampled_from(names), max_size=6)) if names else []
    value = 0
    for one in chosen:
        value |= one
    assert parse_flags(table, show_flags(table, value)) == value


@given(st.sampled_from(ENUMS), st.integers(0, (1 << 32) - 1))
def test_one_of_several_is_read_back(table: str, value: int) -> None:
    assert parse_flags(table, show_flags(table, value)) & 0xFFFFFFFF == value


@given(st.sampled_from(CALLS), st.integers(0, (1 << 64) - 1), st.booleans())
def test_an_argument_is_a_value_of_its_type(event: EventType, raw: int, is_compat: bool) -> None:
    for field in event.fields:
        size, is_signed = argument_integer(field, is_compat)
        value = argument_value(field, raw, is_compat)
        low = -(1 << size * 8 - 1) if is_signed else 0
        assert low <= value < low + (1 << size * 8)
        assert (value - raw) % (1 << size * 8) == 0


@given(st.lists(st.tuples(st.booleans(), WORDS), max_size=6))
def test_a_choice_is_what_its_words_say_in_turn(words: list[tuple[bool, str]]) -> None:
    text = [f"!{word}" if is_out else word for is_out, word in words]
    wanted: set[str] = set()
    if words and words[0][0]:
        wanted = {one.name for one in CATALOG.select(["all"])}
    for is_out, word in words:
        named = {one.name for one in CATALOG.select([word])}
        wanted = wanted - named if is_out else wanted | named
    assert [one.name for one in CATALOG.select(text)] == [
        one.name for one in CATALOG.types if one.name in wanted
    ]


@given(st.text("abcdefgh_!*%:", max_size=8))
def test_any_word_is_events_or_refused(word: str) -> None:
    try:
        chosen = CATALOG.select([word])
    except UnknownEvent as error:
        assert error.word == word.removeprefix("!")
    else:
        assert all(one in CATALOG.types for one in chosen)
