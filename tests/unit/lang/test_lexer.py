"""Tokens: the two grammars of a script, and what is no token."""

from __future__ import annotations

import pytest

from seismo.base.source import Source
from seismo.lang.errors import LexError
from seismo.lang.lexer import scan, tokenize
from seismo.lang.tokens import TokenKind

K = TokenKind


def kinds(text: str) -> list[tuple[TokenKind, str]]:
    return [(one.kind, one.text) for one in tokenize(Source("t", text))][:-1]


def texts(text: str) -> list[str]:
    return [one.text for one in tokenize(Source("t", text))][:-1]


def test_every_kind_inside_braces() -> None:
    assert kinds('BEGIN { f $x @m @ 0x1f "a\\"b" $1 $# <<= }') == [
        (K.ATTACH_POINT, "BEGIN"),
        (K.PUNCTUATION, "{"),
        (K.NAME, "f"),
        (K.VARIABLE, "$x"),
        (K.MAP, "@m"),
        (K.MAP, "@"),
        (K.NUMBER, "0x1f"),
        (K.STRING, '"a\\"b"'),
        (K.PARAMETER, "$1"),
        (K.PARAMETER, "$#"),
        (K.PUNCTUATION, "<<="),
        (K.PUNCTUATION, "}"),
    ]


def test_longest_operator_wins() -> None:
    assert texts("BEGIN { a<<=b<<c<=d<e->f-- -g&&h&i!=j!k }")[2:-1] == [
        *("a", "<<=", "b", "<<", "c", "<=", "d", "<", "e", "->", "f", "--", "-", "g"),
        *("&&", "h", "&", "i", "!=", "j", "!", "k"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t:syscalls:sys_enter_* { }", ["t:syscalls:sys_enter_*", "{", "}"]),
        ("t:a:b,i:s:1{}", ["t:a:b", ",", "i:s:1", "{", "}"]),
        ("u:/bin/sh:main { }", ["u:/bin/sh:main", "{", "}"]),
        ("u:/bin/*:f /pid/ { }", ["u:/bin/*:f", "/", "pid", "/", "{", "}"]),
        ('u:"/a b":f{}', ['u:"/a b":f', "{", "}"]),
        (r"u:/a\ b:f {}", [r"u:/a\ b:f", "{", "}"]),
        ("BEGIN/1/{}", ["BEGIN", "/", "1", "/", "{", "}"]),
        ("t:a:[bc]* {}", ["t:a:[bc]*", "{", "}"]),
    ],
)
def test_attach_point_text_is_raw(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_slash_in_a_predicate_divides_unless_a_block_follows() -> None:
    tokens = kinds('t:a:b /pid / 2 == "/ {"/ // why\n { 4 / 2 }')
    assert tokens[1:8] == [
        (K.PREDICATE, "/"),
        (K.NAME, "pid"),
        (K.PUNCTUATION, "/"),
        (K.NUMBER, "2"),
        (K.PUNCTUATION, "=="),
        (K.STRING, '"/ {"'),
        (K.PREDICATE, "/"),
    ]
    assert (K.PUNCTUATION, "/") in tokens[8:]


def test_comments_and_shebang_are_blank() -> None:
    assert texts("#!/usr/bin/env seismo\n// a\n/* b\n { */ BEGIN /* c */ { // }\n }") == [
        *("BEGIN", "{", "}"),
    ]


def test_declarations_are_lexed_as_code() -> None:
    tokens = kinds('config = { a = 1 } import "x"; macro m { 2 } let:x:y {}')
    assert tokens[0] == (K.NAME, "config")
    assert (K.STRING, '"x"') in tokens
    assert (K.NAME, "m") in tokens
    assert (K.ATTACH_POINT, "let:x:y") in tokens


def test_declarations_that_may_lack_their_semicolon() -> None:
    tokens = kinds('import "x"\nlet @m = hash(1)\nt:a:b { }')
    assert tokens[-3:] == [(K.ATTACH_POINT, "t:a:b"), (K.PUNCTUATION, "{"), (K.PUNCTUATION, "}")]


@pytest.mark.parametrize(
    "code",
    [
        "#include <linux/sched.h>",
        "#define A \\\n 1",
        "#define A /* { \n */ 1",
        '#define A "/*"',
        "# // /*",
        "struct s;",
        "struct s { int a; };",
        "struct s { int a; /* } */ char b[4]; // }\n struct { int c; } d; }",
        "struct s { int a; } __attribute__((packed)) ;",
        "struct __attribute__((aligned(8))) s { int a; } /* x */;",
        "union u { int a; };",
        "enum e { A = '}', B };",
        "typedef struct { int a; } s_t;",
        "typedef int number, *pointer;",
    ],
)
def test_c_is_one_token_as_written(code: str) -> None:
    assert kinds(f"{code}\nBEGIN {{ }}") == [
        (K.C, code),
        (K.ATTACH_POINT, "BEGIN"),
        (K.PUNCTUATION, "{"),
        (K.PUNCTUATION, "}"),
    ]


def test_attach_points_that_begin_like_c() -> None:
    assert kinds("struct:a {}")[0] == (K.ATTACH_POINT, "struct:a")
    assert kinds("structure {}")[0] == (K.ATTACH_POINT, "structure")


def test_a_range_is_no_float() -> None:
    assert texts("BEGIN { 0..10 $t.0..$t.1 }")[2:-1] == [
        *("0", "..", "10", "$t", ".", "0", "..", "$t", ".", "1"),
    ]


def test_every_stray_character_is_told() -> None:
    _, errors = scan(Source("t", "BEGIN { ` 'a' } END { \"x\n $ }"))
    places = [one.span.location.column for one in errors]
    assert [one.span.text for one in errors] == ["`", "'a'", '"x', "$"]
    assert places == [9, 11, 23, 2]


def test_spans_are_offsets() -> None:
    source = Source("t", "BEGIN {\n  @a\n}")
    token = tokenize(source)[2]
    assert (token.span.start, token.span.end) == (10, 12)
    assert str(token.span.location) == "t:2:3"
    assert token.span.text == "@a"


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("BEGIN { ` }", "t:1:9", "unexpected character '`'", ""),
        ("BEGIN { 'a' }", "t:1:9", 'unexpected character "\'"', "double quotes"),
        ('BEGIN { "a\n" }', "t:1:9", "a string is not closed", "\\n"),
        ('BEGIN { "a\\', "t:1:9", "a string is not closed", ""),
        ("BEGIN { /* }", "t:1:9", "a comment is not closed", "*/"),
        ("/* BEGIN", "t:1:1", "a comment is not closed", "*/"),
        ("BEGIN { $ }", "t:1:9", "'$' needs a name", "$name"),
        ("BEGIN { é }", "t:1:9", "unexpected character 'é'", ""),
        ("BEGIN { # }", "t:1:9", "unexpected character '#'", "before the first probe"),
        ("struct s { int a;", "t:1:10", "this '{' is not closed", "};"),
        ("struct s", "t:1:1", "this declaration has no end", ";"),
        ('"a', "t:1:1", "a string is not closed", ""),
    ],
)
def test_text_that_is_no_token(text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(LexError) as caught:
        tokenize(Source("t", text))
    assert str(caught.value.span.location) == place
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_many_slashes_take_linear_time() -> None:
    text = "BEGIN /1" + " / /**/" * 20_000
    assert len(texts(text)) == 20_003
