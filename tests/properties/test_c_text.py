"""C text as programs are: what is printed is read again as it was, and nothing crashes on any."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from c_parsing import KERNEL_TYPES, FewHeaders, expression_of, shown, shown_type, tree_of
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.c.headers.dialect import DIALECT
from seismo.c.parse import parse
from seismo.c.parse_library import c_ast
from seismo.c.preprocess import preprocess
from seismo.c.spans import span_of

HEADERS = FewHeaders(DIALECT)
BINARY = ("*", "/", "%", "+", "-", "<<", ">>", "<", "<=", "==", "!=", "&", "^", "|", "&&", "||")
NAMES = st.sampled_from(["a", "b", "t.lookup", "p->q", "f(a, b)", "v[3]", "1", "0x7fUL", "'c'"])


def operations(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(BINARY), inner).map(" ".join),
        st.tuples(st.sampled_from(["-", "~", "!", "*", "&"]), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("(u32 *){}".format),
        inner.map("sizeof ({})".format),
        st.tuples(inner, inner, inner).map(lambda of: "({} ? {} : {})".format(*of)),
        st.tuples(inner, inner).map(lambda of: "({} ?: {})".format(*of)),
        inner.map("(v = {})".format),
    )


EXPRESSIONS = st.recursive(NAMES, operations, max_leaves=12)


@given(EXPRESSIONS)
def test_an_expression_is_read_again_as_it_was_shown(text: str) -> None:
    once = expression_of(text)
    again = shown(once)
    text_of_types = again.replace("pointer to u32", "u32 *")
    assert shown(expression_of(text_of_types)) == again
    assert "".join(span_of(once).text.split()) == "".join(text.split())


# What is built around a declarator, and what it says after what the declarator says.
AROUND = (
    ("(*{})", "pointer to "),
    ("(* const {})", "const pointer to "),
    ("{}[3]", "array of 3 "),
    ("{}(int, char *)", "function of (int, pointer to char) giving "),
)


@given(
    st.sampled_from(["int", "u64", "struct s", "unsigned long"]),
    st.lists(st.sampled_from(AROUND), max_size=6),
)
def test_a_declarator_says_what_it_is_built_of(base: str, around: list[tuple[str, str]]) -> None:
    declarator, said = "x", ""
    for form, meaning in around:
        declarator, said = form.format(declarator), said + meaning
    (declared,) = tree_of(f"{base} {declarator};")
    assert declared.name == "x"
    assert shown_type(declared.type) == said + base


PROGRAM = """
#include <linux/sched.h>
#define PAIR(a, b...) a + #a ## b
#if defined(N) && (1 << 2 > 3)
#else
struct data_t { u32 pid; char comm[16]; u32 f : 3; } __attribute__((packed));
#endif
BPF_HASH(start, u32, struct data_t);
static inline int next(struct data_t *d, const char __user *p) {
    struct data_t x = { .pid = 1, }, *y = &x; int v[4] = { [0 ... 2] = 1 };
    asm volatile("nop" ::: "memory");
#pragma unroll
    for (int i = 0; i < 3; i++) { if (i ?: 2) continue; else break; }
    switch (d->pid) { case 1 ... 3: return ({ typeof(x) z; z.pid; }); default: goto out; }
out: return __builtin_offsetof(struct data_t, comm[2]);
}
"""
WORDS = (
    "( ) [ ] { } ; , : ? * & . -> = + - << ... # ## ' \" \\ /* */ // 1 0x 1e a u32 struct union "
    "enum typedef int static if for while do switch case default return goto sizeof typeof asm "
    "__attribute__ (( packed __label__ offsetof __builtin_va_arg && __user inline _Static_assert "
    "defined __VA_ARGS__ BPF_HASH( PAIR( é \0 @ $ %s"
)
LINES = ("\n#if ", "\n#define ", "\n#undef ", "\n#ifdef ", "\n#elif ", "\n#endif\n", "\n", "\\\n")
PIECES = (*WORDS.split(), *LINES)
SOUPS = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)


def read_any(text: str) -> None:
    """Reads a text as the compiler does; all that may come of it is a tree or diagnostics."""
    diagnostics = Diagnostics()
    tokens = preprocess(Source("<text>", text), HEADERS, {}, diagnostics)
    tree = parse(tokens, KERNEL_TYPES.__contains__, diagnostics)
    assert isinstance(tree, c_ast.FileAST)
    for one in diagnostics.found:
        assert one.message
        assert "error: " in str(one) or "warning: " in str(one)


@settings(max_examples=300)
@given(SOUPS)
def test_no_soup_of_words_crashes(text: str) -> None:
    read_any(text)


@given(st.text(max_size=60))
def test_no_text_crashes(text: str) -> None:
    read_any(text)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, len(PROGRAM)), st.integers(0, 8), st.sampled_from(("", *PIECES))),
        max_size=4,
    )
)
def test_no_damaged_program_crashes(damages: list[tuple[int, int, str]]) -> None:
    text = PROGRAM
    for place, length, put in damages:
        text = text[:place] + put + text[place + length :]
    read_any(text)


def test_the_program_itself_is_right() -> None:
    diagnostics = Diagnostics()
    tokens = preprocess(Source("<text>", PROGRAM), HEADERS, {}, diagnostics)
    parse(tokens, KERNEL_TYPES.__contains__, diagnostics)
    assert diagnostics.found == []
