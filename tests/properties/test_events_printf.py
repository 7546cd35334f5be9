"""Our conversions write what the C library's printf writes."""

from __future__ import annotations

import ctypes

from hypothesis import given
from hypothesis import strategies as st

from seismo.base.layout import S8, S16, S32, S64, U8, U16, U32, U64, Text
from seismo.events.formatter import Formatter

_LIBC = ctypes.CDLL(None)


def snprintf(format_: str, *values: int | bytes) -> bytes:
    buffer = ctypes.create_string_buffer(4096)
    arguments = [
        ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_longlong(value)
        for value in values
    ]
    written = _LIBC.snprintf(buffer, ctypes.c_size_t(4096), format_.encode(), *arguments)
    assert 0 <= written < 4096
    return buffer.raw[:written]


FLAGS = st.tuples(*(st.sampled_from(["", flag]) for flag in "-+ #0")).map("".join)
WIDTH = st.none() | st.integers(0, 40).map(str) | st.just("*")
INTEGERS = st.sampled_from((S8, S16, S32, S64, U8, U16, U32, U64)).flatmap(
    lambda type_: st.tuples(
        st.just(type_),
        st.integers(-(1 << (type_.size * 8 - 1)), (1 << (type_.size * 8 - 1)) - 1)
        if type_.signed
        else st.integers(0, (1 << (type_.size * 8)) - 1),
    )
)


@given(
    flags=FLAGS,
    width=WIDTH,
    precision=WIDTH,
    length=st.sampled_from(["", "hh", "h", "l", "ll", "j", "z", "t"]),
    kind=st.sampled_from("diouxX"),
    integer=INTEGERS | st.tuples(st.just(S32), st.just(0)),
    stars=st.lists(st.integers(-40, 40), min_size=2, max_size=2),
)
def test_integers_print_as_in_c(flags, width, precision, length, kind, integer, stars) -> None:  # noqa: ANN001
    amount = (width or "") + ("" if precision is None else f".{precision}")
    format_ = f"<%{flags}{amount}{length}{kind}>"
    type_, value = integer
    given_stars = stars[: amount.count("*")]
    formatter = Formatter(format_, [*[S32] * len(given_stars), type_])
    assert formatter.render([*given_stars, value]).encode() == snprintf(
        format_, *given_stars, value
    )


@given(
    text=st.binary(max_size=20).filter(lambda text: 0 not in text),
    is_left=st.booleans(),
    width=st.none() | st.integers(1, 30),
)
def test_strings_are_padded_to_bytes_as_in_c(text: bytes, is_left: bool, width: int | None) -> None:
    format_ = f"%{'-' if is_left else ''}{width or ''}s|"
    shown = Formatter(format_, [Text(64)]).render([text.decode("utf-8", "surrogateescape")])
    assert shown.encode("utf-8", "surrogateescape") == snprintf(format_, text)


@given(value=st.integers(1, 255), is_left=st.booleans(), width=st.none() | st.integers(1, 30))
def test_characters_print_as_in_c(value: int, is_left: bool, width: int | None) -> None:
    format_ = f"%{'-' if is_left else ''}{width or ''}c|"
    shown = Formatter(format_, [U8]).render([value])
    assert shown.encode("utf-8", "surrogateescape") == snprintf(format_, value)


@given(value=st.integers(1, (1 << 64) - 1), width=st.none() | st.integers(1, 30))
def test_pointers_print_as_in_c(value: int, width: int | None) -> None:
    format_ = f"%{width or ''}p|%-{width or ''}p"
    assert Formatter(format_, [U64, U64]).render([value, value]).encode() == snprintf(
        format_, value, value
    )


@given(text=st.text(st.characters(exclude_characters="%", exclude_categories=("Cs",))))
def test_text_without_a_percent_is_itself(text: str) -> None:
    assert Formatter(text, []).render([]) == text
