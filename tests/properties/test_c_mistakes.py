"""Programs with pieces left out, doubled or exchanged: always complaints, never a crash."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from c_checks import read_c_program

_PROGRAMS = sorted((Path(__file__).parents[1] / "unit" / "c" / "programs").glob("*.c"))
_PIECE = re.compile(r'"[^"\n]*"|\w+|\s+|[^\w\s]')


@st.composite
def _spoilt(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(_PROGRAMS)).read_text()
    pieces = _PIECE.findall(text)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(pieces) - 1))
        other = draw(st.integers(0, len(pieces) - 1))
        match draw(st.sampled_from(("drop", "double", "exchange", "replace"))):
            case "drop":
                pieces[place] = " "
            case "double":
                pieces[place] *= 2
            case "exchange":
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case _:
                pieces[place] = pieces[other]
    return "".join(pieces)


@settings(max_examples=150, deadline=None)
@given(_spoilt())
def test_a_spoilt_program_is_complained_of(text: str) -> None:
    _, diagnostics = read_c_program(text, may_be_wrong=True)
    for one in diagnostics.found:
        assert one.message
        assert str(one)
