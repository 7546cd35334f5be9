"""Any C text whatever ends in types and complaints, never in another exception."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from c_cases import NoBtf, read_c
from seismo.lang.types import RecordType

WORDS = (
    *("struct", "union", "enum", "typedef", "int", "unsigned", "char", "void", "u32", "long"),
    *("a", "b", "c", "list_head", "atomic_t", "N", "sizeof", "__attribute__", "packed", "aligned"),
    *("{", "}", "(", ")", "[", "]", ";", ",", ":", "*", "=", "+", "-", "/", "<<", "?", "1", "0x7"),
    *("\n#define", "\n#if", "\n#ifdef", "\n#elif", "\n#else", "\n#endif\n", "\n#include", '"h"'),
    *("\n", "\\\n", "//", "/*", "*/", "'", '"', "'x'", "$", "##", "defined", "\0", "é"),
)
VIEW = NoBtf()


def check(text: str) -> None:
    types, diagnostics = read_c(text, {"h": text}, VIEW)
    for one in diagnostics.found:
        assert str(one)
    for name in ("struct a", "struct b", "union a", "a", "b"):
        try:
            found = types.find(name)
        except KeyError:
            continue
        if isinstance(found, RecordType):
            record = types.complete(found)
            assert all(one.offset <= record.size for one in record.fields or ())


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_words_of_c(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_members(text: str) -> None:
    check(f"struct a {{ int x; {text} }}; struct b {{ struct a y; }};")


@given(st.text(max_size=60))
def test_text(text: str) -> None:
    check(text)
