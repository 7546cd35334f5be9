"""The preprocessor: what it leaves, which macros, which complaints."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.cpp import Predefined, Preprocessed, preprocess


def run(
    *pieces: str, files: Mapping[str, str] | None = None, has_btf: bool = True
) -> tuple[Preprocessed, list[str]]:
    """What is left of pieces of text, and what is said."""
    source = Source("d/t.bt", "".join(pieces))
    spans: list[Span] = []
    for piece in pieces:
        start = spans[-1].end if spans else 0
        spans.append(Span(source, start, start + len(piece)))
    asked: list[str] = []

    def read(span: Span, path: str) -> str:
        asked.append(path)
        if files is None or path not in files:
            raise SourceError(span, f"cannot read {path}", f"after {' '.join(asked)}")
        return files[path]

    diagnostics = Diagnostics()
    done = preprocess(spans, Predefined({"HERE": "1"}, lambda: has_btf), read, diagnostics)
    said = [
        f"{one.span.location}: {one.message}{f' ({one.hint})' if one.hint else ''}"
        for one in diagnostics.found
    ]
    return done, said


def left(*pieces: str, files: Mapping[str, str] | None = None, has_btf: bool = True) -> str:
    """The tokens that are left of text about which nothing is said."""
    done, said = run(*pieces, files=files, has_btf=has_btf)
    assert said == []
    return " ".join(token.text for token in done.tokens)


def said(*pieces: str, files: Mapping[str, str] | None = None) -> list[str]:
    return run(*pieces, files=files)[1]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("#define N 2\nint x[N];", "int x [ 2 ] ;"),
        ("#define A B + 1\n#define B 2 * A\nA", "2 * A + 1"),
        ("#define N 1\n#undef N\nN", "N"),
        ("#define N /* one */ 1 // two\n#define M \\\n (N /*\n*/ + N)\nM", "( 1 + 1 )"),
        ("#define EMPTY\nint EMPTY x;", "int x ;"),
        ("#define F(x) x\nF;", "F ;"),
        ("  #  define N 3\nN", "3"),
        ("#\n#pragma GCC poison x\na", "a"),
        ("#include <linux/sched.h>\na", "a"),
        ('#define S "a\\"b" \'\\n\'\nS', '"a\\"b" \'\\n\''),
    ],
)
def test_macros_are_expanded(text: str, tokens: str) -> None:
    assert left(text) == tokens


def test_an_expanded_token_points_to_the_macros_use() -> None:
    done, _ = run("#define N 2\nint x[N];")
    two = next(token for token in done.tokens if token.text == "2")
    assert (str(two.span.location), two.span.text) == ("d/t.bt:2:7", "N")


def test_the_macros_that_are_defined_at_the_end() -> None:
    done, _ = run("#define A 1\n#define B (A  + 2) // b\n#define F(x) x\n#undef A\n#define E\n")
    assert {name: (one.text, one.has_parameters) for name, one in done.macros.items()} == {
        "B": ("(A + 2)", False),
        "F": ("(x) x", True),
        "E": ("", False),
    }


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("if 1", True),
        ("if 0x10 == 020 && 'a' == 97", True),
        ("if defined HERE && !defined(THERE)", True),
        ("if HERE", True),
        ("if THERE", False),
        ("if -1 > 0u", True),
        ("if -1 > 0", False),
        ("if 1 << 31 > 0", True),
        ("if (2 + 3 * 4 ? 0 : 1) || 7 / -2 != -3", False),
        ("if ~0 == -1 && (1, 1)", None),
        ("ifdef HERE", True),
        ("ifdef THERE", False),
        ("ifndef THERE", True),
        ("ifndef BPFTRACE_HAVE_BTF", False),
        ("if defined(BPFTRACE_HAVE_BTF) && BPFTRACE_HAVE_BTF", True),
    ],
)
def test_conditions(condition: str, holds: bool | None) -> None:
    text = f"#{condition}\nyes\n#else\nno\n#endif\n"
    if holds is None:
        assert len(said(text)) == 1
    else:
        assert left(text) == ("yes" if holds else "no")


@pytest.mark.parametrize(("value", "chosen"), [(0, "none"), (1, "one"), (2, "two"), (3, "none")])
def test_one_branch_of_a_chain_is_taken(value: int, chosen: str) -> None:
    text = (
        f"#define V {value}\n#if V == 1\none\n#elif V == 2\n#if 1\ntwo\n#endif\n#else\nnone\n#endif"
    )
    assert left(text) == chosen


def test_what_is_skipped_is_not_looked_at() -> None:
    text = """#if 0
#error don't
#if nonsense ( /
#elif
#else
#endif
#include "gone.h"
#bogus
' stray
#elif 1
a
#elif 1 /
#else
b
#endif"""
    assert left(text) == "a"


def test_without_btf() -> None:
    text = "#ifndef BPFTRACE_HAVE_BTF\nno\n#endif"
    assert left(text, has_btf=False) == "no"
    assert left(text) == ""
    assert left(f"#define BPFTRACE_HAVE_BTF\n{text}", has_btf=False) == ""
    assert left(f"#undef BPFTRACE_HAVE_BTF\n{text}") == "no"


def test_btf_is_looked_for_only_when_a_condition_asks() -> None:
    def fail() -> bool:
        raise AssertionError

    source = Source("t", "#define N 1\n#if N\nint x;\n#endif")
    span = Span(source, 0, len(source.text))
    diagnostics = Diagnostics()
    done = preprocess([span], Predefined({}, fail), lambda _, path: path, diagnostics)
    assert len(done.tokens) == 3


def test_conditions_span_pieces() -> None:
    assert left("#if 0\n", "struct a { int x; };", "#else\n", "struct b;", "#endif") == "struct b ;"


def test_files() -> None:
    files = {"a.h": '#define A 1\n#include "b/b.h"\n', "b/b.h": '#include "c.h"\n', "b/c.h": "A c"}
    assert left('#include "a.h"\nx', files=files) == "1 c x"


def test_a_file_is_read_once_if_it_says_so() -> None:
    files = {"a.h": "#pragma once\na", "b.h": "#ifndef B\n#define B\nb\n#endif"}
    text = '#include "a.h"\n#include "a.h"\n#include "b.h"\n#include "b.h"'
    assert left(text, files=files) == "a b"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#if 1\n", "1:2: this condition is not closed (end it with #endif)"),
        ("#endif", "1:2: #endif without #if"),
        ("#if 1\n#else\n#elif 1\n#endif", "3:2: #elif after #else"),
        ("#if\n#endif", "1:2: #if needs a condition"),
        ("#if 1 +\n#endif", "1:8: expected an integer, but the C text ends"),
        ("#if 1 2\n#endif", "1:7: expected an operator, not '2'"),
        ("#if 1 / 0\n#endif", "1:7: a division by zero"),
        ("#if defined 1\n#endif", "1:13: expected the name of a macro, not '1'"),
        ("#ifdef\n#endif", "1:2: #ifdef needs a name"),
        ("#define 1", "1:2: #define needs a name"),
        ("#error  no way", "1:1: #error no way"),
        ("#warning old", "1:1: #warning old"),
        ("#include gone", '1:2: #include needs a file (write #include "file.h")'),
        ('#include "gone.h"', "1:10: cannot read gone.h (after gone.h)"),
        (
            "#pragma pack(1)",
            "1:9: #pragma pack is not supported "
            "(write __attribute__((packed)) after the struct's '}')",
        ),
        (
            "#define F(x) x\nF (1)",
            "2:1: macro 'F' has parameters (macros with parameters are not supported in C text)",
        ),
        (
            "#define A 1\n#define A 2",
            "2:9: macro 'A' is defined anew (the first definition is at d/t.bt:1:9)",
        ),
        (
            "#defin A",
            "1:2: unknown directive '#defin' (write #define, #undef, #include, #if, #ifdef, "
            "#ifndef, #elif, #else, #endif)",
        ),
    ],
)
def test_complaints(text: str, complaint: str) -> None:
    assert said(text) == [f"d/t.bt:{complaint}"]


def test_a_complaint_about_an_included_file_is_about_its_line() -> None:
    files = {"h/a.h": '\n#include "b.h"\n', "h/c.h": "#endif\n"}
    assert said('#include "h/a.h"', files=files) == [
        "d/h/a.h:2:10: cannot read h/b.h (after h/a.h b.h h/b.h)"
    ]
    assert said('#if 1\n#include "h/c.h"\n#endif', files=files) == [
        "d/h/c.h:1:2: #endif without #if"
    ]


def test_files_that_include_each_other() -> None:
    (complaint,) = said('#include "a.h"', files={"a.h": '#include "a.h"'})
    assert complaint == "d/a.h:1:10: files include each other more than 32 deep"


def test_files_that_include_more_and_more() -> None:
    complaints = said('#include "a.h"', files={"a.h": '#include "a.h"\n' * 2})
    assert complaints[-1] == "d/a.h:2:10: more than 1000 files are included"
    assert len(complaints) < 4000


def test_macros_that_grow_without_end() -> None:
    text = "#define A0 x x\n" + "".join(f"#define A{n} A{n - 1} A{n - 1}\n" for n in range(1, 40))
    (complaint,) = said(f"{text}A39")
    assert complaint.endswith("macros expand to more than 100000 tokens")


def test_the_same_definition_twice_is_no_mistake() -> None:
    assert left("#define A 1\n#define A  1 // again\n#define HERE 2\nHERE") == "2"
