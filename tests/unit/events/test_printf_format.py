"""A printf format is cut into its conversions; unusable ones say where and why."""

from __future__ import annotations

import pytest

from seismo.events.printf import STAR, Accepts, Conversion, PrintfError, parse_format


def test_conversions_know_where_they_are() -> None:
    text = "pid=%-8d %s%%\n"
    spans = [(text[one.start : one.end], one.kind) for one in parse_format(text)]
    assert spans == [("%-8d", "d"), ("%s", "s"), ("%%", "%")]


@pytest.mark.parametrize(
    ("text", "conversion"),
    [
        ("%d", Conversion(kind="d", start=0, end=2)),
        ("%-+ #05d", Conversion(kind="d", start=0, end=8, flags="-+ #0", width=5)),
        ("%5.3x", Conversion(kind="x", start=0, end=5, width=5, precision=3)),
        ("%*.*s", Conversion(kind="s", start=0, end=5, width=STAR, precision=STAR)),
        ("%hhu", Conversion(kind="u", start=0, end=4, bits=8)),
        ("%hX", Conversion(kind="X", start=0, end=3, bits=16)),
        ("%li", Conversion(kind="i", start=0, end=3, bits=64)),
        ("%llo", Conversion(kind="o", start=0, end=4, bits=64)),
        ("%jd", Conversion(kind="d", start=0, end=3, bits=64)),
        ("%zu", Conversion(kind="u", start=0, end=3, bits=64)),
        ("%td", Conversion(kind="d", start=0, end=3, bits=64)),
        ("%rx", Conversion(kind="rx", start=0, end=3)),
        ("%rh", Conversion(kind="rh", start=0, end=3)),
        ("%gr", Conversion(kind="gr", start=0, end=3)),
        ("%ra", Conversion(kind="r", start=0, end=2)),
    ],
)
def test_one_conversion(text: str, conversion: Conversion) -> None:
    assert parse_format(text) == (conversion,)


@pytest.mark.parametrize("text", ["", "plain", "100%", "50% \n", "%", "%-", "%y", "%lz", "%0-5d"])
def test_a_percent_that_begins_nothing_is_text(text: str) -> None:
    assert parse_format(text) == ()


@pytest.mark.parametrize(
    ("text", "accepts"),
    [
        ("%%", ()),
        ("%s", (Accepts.ANY,)),
        ("%d", (Accepts.NUMBER,)),
        ("%p", (Accepts.NUMBER,)),
        ("%c", (Accepts.NUMBER,)),
        ("%gr", (Accepts.NUMBER,)),
        ("%r", (Accepts.BYTES,)),
        ("%rx", (Accepts.BYTES,)),
        ("%rh", (Accepts.BYTES,)),
        ("%*s", (Accepts.NUMBER, Accepts.ANY)),
        ("%*.*x", (Accepts.NUMBER, Accepts.NUMBER, Accepts.NUMBER)),
        ("%5.*r", (Accepts.NUMBER, Accepts.BYTES)),
    ],
)
def test_what_the_arguments_may_be(text: str, accepts: tuple[Accepts, ...]) -> None:
    (one,) = parse_format(text)
    assert one.accepts == accepts
    assert one.arguments == len(accepts)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "ab %5.2f",
            "%5.2f prints floating point, which scripts do not have",
            "use %d or %s",
        ),
        ("ab %Lg", "%Lg prints floating point, which scripts do not have", "use %d or %s"),
        ("ab %n", "%n is not supported: nothing is stored by printf()", "remove it"),
        ("ab %hld", "%hld has the unknown length 'hl'", "lengths are hh h l ll j z t"),
        ("ab %99999d", "%99999d has the width 99999", "the largest is 65535"),
        ("ab %.1234567d", "%.1234567d has the precision 1234567", "the largest is 65535"),
    ],
)
def test_a_conversion_that_cannot_be_used(text: str, message: str, hint: str) -> None:
    with pytest.raises(PrintfError) as caught:
        parse_format(text)
    error = caught.value
    assert (str(error), error.hint) == (message, hint)
    assert (error.start, error.end) == (3, len(text))
