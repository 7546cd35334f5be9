"""Macros, conditions, includes and the places that tokens remember."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from c_parsing import FewHeaders, mistakes_in, tokens_of, values_of
from seismo.base.source import NOWHERE, Source
from seismo.c.headers.dialect import DIALECT
from seismo.c.lexer import lines_of

MACROS = r"""
#define A B
#define B A
A B
===
#define f(x) x + f(x)
f(f(1)) f
===
#define str(x) #x
#define xstr(x) str(x)
#define N 4
str(N) xstr(N) str( a  +   b ) str("a\n") str('\'')
===
#define cat(a, b) a##b
#define xcat(a, b) cat(a, b)
#define X 1
cat(x, 1) xcat(n, X) cat(X, X) cat(1, UL) cat(, y) cat(z,) cat(,)
===
#define v(fmt, ...) p(fmt, ##__VA_ARGS__)
v("a") v("a", 1, 2) v("b", (1, 2))
===
#define w(args...) q(args)
w() w(1) w(1, 2)
===
#define e() nothing
e() e
( )
===
#define pick(_1, _2, _3, name, ...) name
#define one(a) a
#define two(a, b) a b
#define call(...) pick(__VA_ARGS__, x, two, one)(__VA_ARGS__)
call(1) call(1, 2)
===
#define plain a ## b
#define three x ## y ## z
plain three
===
#define lp (
#define g(x) [x]
g lp 1)
g
(2)
===
#if 1 + 1 == 2 && !defined(Q) && (3 > 2 ? 1 : 0)
yes
#elif 1
no
#else
no
#endif
#ifdef Q
#if garbage ( here
#endif
q
#else
r
#endif
===
#define Q
#ifdef Q
a
#undef Q
#endif
#ifndef Q
b
#endif
#if 0x10 == 16 && 010 == 8 && 'a' == 97 && 5UL > 4ULL && -1 < 0
c
#endif
#if -1 > 0u
d
#endif
===
#define LONG(a, \
   b) a \
   + b
LONG(1,
  2) /* c
 */ x // y \
 still
z "a\
b"
===
#define min(a, b) ((a) < (b) ? (a) : (b))
min(min(1, 2), min(3, min(4, 5)))
===
#define z z[0]
#define t(x) x
t(z) z t(t)(1)
===
#define hash_hash # ## #
#define mkstr(a) # a
#define in_between(a) mkstr(a)
#define join(c, d) in_between(c hash_hash d)
join(x, y)
===
#define L __LINE__
L
__LINE__ L
===
#define EMPTY
#define h(x) <x>
h(EMPTY) h() EMPTY h
(1)
===
#define a(x) b(x
#define b(x) {x}
a(1))
===
#define cat3(a, b, c) a ## b ## c
cat3(x,,y) cat3(,,) cat3(1,.,2) cat3(<,<,=)
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="compares with gcc")
@pytest.mark.parametrize("text", [one.strip() for one in MACROS.split("===")])
def test_macros_are_expanded_as_gcc_expands_them(text: str) -> None:
    command = ["gcc", "-E", "-P", "-x", "c", "-"]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    words = [one for line in lines_of(Source("gcc", answer.stdout)) for one in line]
    assert values_of(text) == " ".join(one.value for one in words if one.type != "CPP_WS")


def test_of_the_headers_only_what_is_mentioned_is_defined() -> None:
    headers = FewHeaders({"SIZE": "SIZE (HALF * 2)", "HALF": "HALF 8", "OTHER": "OTHER("})
    assert values_of("char x[SIZE];", headers=headers) == "char x [ ( 8 * 2 ) ] ;"


def test_a_programs_own_definitions_come_before_those_of_the_headers() -> None:
    headers = FewHeaders({"N": "N 1", "M": "M N"})
    assert values_of("#define N 2\nint x = M;", headers=headers) == "int x = 2 ;"
    assert values_of("int x = N;", headers=headers, defines={"N": "3"}) == "int x = 3 ;"
    guarded = "#ifndef N\n#define N 9\n#endif\nint x = N;"
    assert values_of(guarded, headers=headers) == "int x = 1 ;"


def test_a_definition_from_outside_may_name_the_headers_macros() -> None:
    headers = FewHeaders({"PAGE": "PAGE 4096"})
    assert (
        values_of("SIZE(2)", headers=headers, defines={"SIZE(n)": "(n * PAGE)"}) == "( 2 * 4096 )"
    )


def test_what_a_text_mentions_is_declared_before_it_unless_it_does_so_itself() -> None:
    headers = FewHeaders(declarations={"rcu_head": "struct rcu_head { int x; };"})
    told = "struct rcu_head { int x ; } ; "
    use = "struct rcu_head head ;"
    assert values_of(use, headers=headers) == told + use
    assert values_of(f"struct rcu_head {{ }} ; {use}", headers=headers).startswith(
        "struct rcu_head { } ;"
    )
    assert values_of("T h ;", headers=headers, defines={"T": "struct rcu_head"}).startswith(told)
    member = "struct s { struct rcu_head rcu_head ; } ;"
    assert values_of(member, headers=headers) == told + member


def test_a_token_knows_where_it_was_written() -> None:
    text = "#define TWICE(x) (2 * x)\nint a = TWICE(b + 1);"
    tokens = {one.value: one for one in tokens_of(text)}
    assert tokens["a"].span.text == "a"
    # What the macro says is at its use, what it was given is where that stands.
    assert tokens["2"].span.text == "TWICE"
    assert tokens["b"].span.text == "b"
    assert str(tokens["b"].span.location) == "<text>:2:15"


def test_a_macro_used_by_a_macro_is_at_the_use_in_the_text() -> None:
    headers = FewHeaders({"ONE": "ONE 1", "NEXT": "NEXT(x) ((x) + ONE)"})
    tokens = tokens_of("#define OWN NEXT(5)\nint a = OWN;", headers=headers)
    assert {one.span.text for one in tokens if one.value in "15+("} == {"OWN"}
    assert all(one.span is not NOWHERE for one in tokens)


def test_tables_of_bcc() -> None:
    text = values_of("BPF_HASH(start, u32);", headers=FewHeaders(DIALECT))
    assert text.startswith(
        '__attribute__ ( ( seismo_table ( "hash" ) ) ) struct { u32 key ; u64 leaf ; } start'
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("#pragma unroll", "unroll"),
        ("#pragma unroll 4", "unroll 4"),
        ("#pragma unroll(N)", "unroll 8"),
        ("#pragma GCC unroll 4", "unroll 4"),
        ("#pragma clang loop unroll(full)", "unroll"),
        ("#pragma clang loop unroll(disable)", "nounroll"),
        ("#pragma nounroll", "nounroll"),
    ],
)
def test_pragmas_that_say_how_to_unroll_are_kept(line: str, said: str) -> None:
    tokens = tokens_of(f"#define N 8\n{line}\nx")
    assert [(one.type, one.value) for one in tokens[:2]] == [
        ("PPPRAGMA", "pragma"),
        ("PPPRAGMASTR", said),
    ]


def test_other_pragmas_and_lines_for_compilers_say_nothing() -> None:
    assert values_of('#pragma GCC diagnostic push\n#pragma\n# 3 "x.c"\n#ident "x"\n#\nx') == "x"


class TestIncludes:
    def test_headers_of_the_kernel_are_not_read(self) -> None:
        def read(name: str, includer: Source) -> Source:
            raise AssertionError(name)

        names = ("linux/sched.h", "uapi/linux/ptrace.h", "net/sock.h", "bcc/proto.h", "stdint.h")
        text = "".join(f"#include <{one}>\n" for one in names)
        assert values_of(f"{text}x", read_file=read) == "x"

    def test_a_file_is_read_where_it_is_named(self) -> None:
        files = {
            "a.h": '#pragma once\n#include "sub/b.h"\nint a = N;\n',
            "sub/b.h": "#ifndef B\n#define B\n#define N 3\nint b;\n#endif\n",
        }
        asked = []

        def read(name: str, includer: Source) -> Source:
            asked.append((name, includer.name))
            return Source(name, files[name])

        text = '#include "a.h"\n#include "a.h"\n#include "sub/b.h"\n#include <a.h>\nint c = N;'
        assert values_of(text, read_file=read) == "int b ; int a = 3 ; int c = 3 ;"
        assert asked[:2] == [("a.h", "<text>"), ("sub/b.h", "a.h")]

    def test_a_mistake_in_a_file_is_shown_there(self) -> None:
        def read(name: str, includer: Source) -> Source:
            return Source("own.h", "#define F(x) x\n#error here\n")

        assert mistakes_in('#include "own.h"', read) == ["2:2: #error here"]

    def test_a_file_that_includes_itself_ends(self) -> None:
        def read(name: str, includer: Source) -> Source:
            return Source(name, f'#include "{name}"\nx\n')

        (complaint,) = mistakes_in('#include "a.h"', read)
        assert complaint == "1:10: 'a.h' includes itself without end"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#include <linus/fs.h>", "1:10: no header 'linus/fs.h' (did you mean 'linux/fs.h'?)"),
        ("#include <stdinn.h>", "1:10: no header 'stdinn.h' (did you mean 'stdint.h'?)"),
        ('#include "x.h"', "1:10: no file 'x.h'"),
        (
            "#include a.h",
            '1:2: this #include names no file (write #include <name> or #include "name")',
        ),
        ("#if FOO(1)\n#endif", "1:2: no macro 'FOO' is defined"),
        ("#if 1 +\n#endif", "1:5: this condition cannot be evaluated"),
        ("#if 1 / 0\n#endif", "1:5: this condition cannot be evaluated"),
        ("#if\n#endif", "1:2: '#if' of nothing"),
        ("#ifdef\n#endif", "1:2: '#ifdef' of nothing"),
        ("#define", "1:2: '#define' of nothing"),
        ("#undef", "1:2: '#undef' of nothing"),
        ("#define 3 4", "1:9: '3' cannot be the name of a macro"),
        ("#define F(a,) a", "1:9: the parameters of the macro 'F' are malformed"),
        ("#define F(a, b) a\nint x = F(1);", "2:9: macro F requires 2 arguments but was passed 1"),
        ("#define F(a) a\nint x = F(1;", "2:10: the arguments of this macro have no closing ')'"),
        ("#els\n", "1:2: there is no directive '#els' (did you mean '#else'?)"),
        ("#else", "1:2: misplaced #else"),
        ("#endif", "1:2: misplaced #endif"),
        ("\n#ifdef A", "2:1: unterminated #ifdef A"),
        ("#error not here", "1:2: #error not here"),
        (
            "#pragma pack(1)",
            "1:1: #pragma pack is not supported"
            " (write __attribute__((packed)) after the structure's '}')",
        ),
        ("int x = 08;", "1:9: '08' is not a number"),
        ("int x = 1uu;", "1:9: '1uu' is not a number"),
        ("char x = '';", "1:10: a character constant without a character"),
        ("char x = 'a;", "1:10: a closing ' is missing in this line"),
        ('char *x = "a;', '1:11: a closing " is missing in this line'),
        ("int x; /* y", "1:8: this comment has no end (write '*/' after it)"),
        ("int a # b;", "1:7: '#' has no meaning here (a directive has its own line)"),
        (
            "int $x;",
            "1:5: '$' has no meaning in C"
            " (is this a placeholder that the Python text did not replace?)",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, complaint: str) -> None:
    assert mistakes_in(text)[0] == complaint


def test_what_is_left_out_by_a_condition_may_be_no_c() -> None:
    assert values_of("#if 0\ndon't /* \" */ @ #error x\n#error y\n#endif\nx") == "x"


def test_macros_that_grow_without_end_are_refused() -> None:
    doubling = "".join(f"#define a{n} a{n + 1} a{n + 1}\n" for n in range(40))
    assert mistakes_in(f"{doubling}a0") == ["1:1: macros are nested too deeply to be expanded"]
