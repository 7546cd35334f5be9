"""Whatever a symbol table says, demangling answers, and answers with something bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.elf.demangle import demangle, function_name, matches, symbol_word

PIECES = (
    "N E I S_ St Sa Ss T_ K P R O i c v 3foo 2ns C1 D0 X L J Dp F M A4_ Z Ul_ b0 .cold _GLOBAL_"
)
MANGLED = st.lists(st.sampled_from(PIECES.split()), max_size=40).map("".join)
RUST_PIECES = "Nv Nt C3foo M X Y I E B_ K j R Q p s_ 3bar T"
RUST = st.lists(st.sampled_from(RUST_PIECES.split()), max_size=40).map("".join)
DECLARED = st.text(alphabet="ab:<>()[]{}*& ,-operatconst~#1", max_size=80)


@given(MANGLED | st.text(max_size=60))
def test_itanium_names_are_read_or_left(rest: str) -> None:
    assert len(demangle(f"_Z{rest}")) <= max(1 << 16, len(rest) + 2)


@given(RUST)
def test_rust_names_are_read_or_left(rest: str) -> None:
    assert len(demangle(f"_R{rest}")) <= max(1 << 16, len(rest) + 2)


@given(MANGLED)
def test_what_is_read_names_itself(rest: str) -> None:
    declaration = demangle(f"_Z{rest}")
    assert matches(declaration, declaration)


@given(DECLARED)
def test_a_part_of_any_text_is_in_it(text: str) -> None:
    assert function_name(text) in text
    assert symbol_word(text) in text
    assert matches(text, text)
