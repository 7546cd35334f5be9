"""What lies in memory: records, arrays, bit fields, initialisers, and how they are laid down."""

from __future__ import annotations

import pytest

from c_lowering import answer_of, answers_of, calls_in, lowered
from seismo.base.errors import SourceError
from seismo.c.lower.spaces import Spaces, member_key
from seismo.c.lower.value import (
    CONTEXT,
    DIRECT,
    KERNEL,
    NULL,
    Address,
    aligned_at,
    context_at,
    join,
)
from seismo.c.types import INT, LONG, Array, Member, Record
from seismo.ir.ops import CopyBytes, Fill, Load, Store, Value


def ran(text: str, *args: int, before: str = "") -> int:
    return answer_of(f"{before} int f(long *ctx) {{ {text} }}", *args)


PACKED = "struct packed { char a; long b; } __attribute__((packed));"


def test_a_packed_members_bytes_go_one_by_one() -> None:
    """The kernel's verifier wants every access of the stack aligned."""
    func = lowered(f"{PACKED} int f(long *ctx) {{ struct packed p; p.b = ctx[0]; return p.b; }}")
    ops = [op for block in func.blocks for op in block.ops]
    own = [op for op in ops if isinstance(op, (Load, Store)) and op.base is not func.params[0]]
    assert len(own) == 16 and {op.size for op in own} == {1}
    assert set(answers_of(func, (1 << 40 | 77).to_bytes(8, "little"))) == {77}


def test_a_packed_member_keeps_its_sign() -> None:
    text = "struct packed p = { .b = ctx[0] }; return p.b < 0 ? 1 : p.b == 7;"
    assert (ran(text, -1, before=PACKED), ran(text, 7, before=PACKED)) == (1, 1)


BITS = """
struct bits { int a : 3; unsigned b : 5; long c : 40; _Bool d : 1; int e; };
struct tight { unsigned char pad; unsigned long a : 63; unsigned b : 20; }
    __attribute__((packed));
"""


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("struct bits s = {}; s.a = 5; return s.a;", -3),
        ("struct bits s = { .b = 31, .a = -1 }; s.b++; return s.b * 100 + s.a;", -1),
        ("struct bits s = { -1, 31, -1, 1, -1 }; s.c = 0; return s.a * 100 + s.b + s.d;", -68),
        ("struct bits s; return (s.a = ctx[0]) * 10 + s.a;", 33),
        ("struct tight s = { .pad = 1, .b = 5 }; s.a = -1; return s.pad * 10 + s.b;", 15),
        ("struct tight s = {}; s.a = ctx[0]; s.b = 0xfffff; return s.a == ctx[0];", 1),
    ],
)
def test_bit_fields(text: str, want: int) -> None:
    assert ran(text, 0x1234_5678_9ABC_DEF3, before=BITS) == want & (1 << 64) - 1


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("int a[4] = { 1, [2] = 3 }; return a[0] * 1000 + a[1] * 100 + a[2] * 10 + a[3];", 1030),
        ('char s[] = "abc"; return sizeof(s) * 1000 + s[1] + s[3];', 4098),
        ('char s[2] = "ab"; return s[1];', 98),
        ('char s[8] = "ab"; return s[1] + s[7];', 98),
        ("struct { int a; struct { char b[2]; } c; } s = { 1, { { 2, 3 } } }; return s.c.b[1];", 3),
        ("struct { char a; long b; } s = { 1 }, t = s; return t.a + t.b;", 1),
        ("int n = 4; int a[2] = { n, n + 1 }; a[0] = a[1]; return a[0];", 5),
        ("union { long a; char b[8]; } u = { .b = { 1, 2 } }; return u.a;", 513),
        ("int x = { 7 }; return x;", 7),
        ("return ((struct { int a, b; }){ .b = 6 }).b;", 6),
        ("struct p { int a, b; } x = { 1, 2 }; x = (struct p){ x.b, x.a }; return x.a;", 2),
        ("int a[3] = {}; int *p = a; *p++ = 1; *p = 2; return a[0] * 10 + a[1] + (p - a);", 13),
        ("long a[2] = {}; *(&a[1] - 1) = 5; return a[0] + (&a[1] > a);", 6),
        ("int x = 1; int *p = &x; *p += 2; (*p)--; return x;", 2),
        ("struct p { int a; } x = { 1 }, y = { 2 }; x = ctx[0] ? x : y; return x.a;", 1),
    ],
)
def test_initialisers_and_copies(text: str, want: int) -> None:
    assert ran(text, 1) == want


def test_what_an_initialiser_covers_is_not_cleared_before() -> None:
    func = lowered("int f(long *ctx) { struct { long a, b; } s = { ctx[0], 2 }; return s.a; }")
    assert not any(isinstance(op, Fill) for block in func.blocks for op in block.ops)


def test_padding_is_zero() -> None:
    """Records are keys of maps, byte by byte."""
    text = "struct { char a; int b; } s = { ctx[0], ctx[0] }; return *(long *)&s == 0x700000007;"
    assert ran(text, 7) == 1


def test_a_record_without_a_value_is_zero() -> None:
    assert ran("struct { long a, b; } s; int n; int *p = &n; return s.b + *p;", 0) == 0


def test_sixteen_bytes_are_copied_compared_and_made_of_less() -> None:
    text = """
    unsigned __int128 a = ctx[0], b; __int128 c = ctx[1];
    b = a;
    struct { unsigned __int128 key; } k = { .key = b };
    return (k.key == a) + (a != b) * 2 + ((long)c == ctx[1]) * 4 + (c == a) * 8
           + (((unsigned long *)&c)[1] == -1) * 16;"""
    assert ran(text, 5, -5) == 1 + 4 + 16


def test_copies_move_as_much_as_is_aligned() -> None:
    text = """
    struct words { int a[3]; };
    int f(long *ctx) { struct words a = { { ctx[0] } }, b = a; return b.a[0]; }"""
    copies = [op for block in lowered(text).blocks for op in block.ops if isinstance(op, CopyBytes)]
    assert [(op.size, op.alignment) for op in copies] == [(12, 8)]


def test_what_does_not_fit_the_stack_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match="'big' takes 1024 bytes, the stack has 512") as caught:
        lowered("int f(long *ctx) { char big[1024]; return big[0]; }")
    assert "BPF_PERCPU_ARRAY" in caught.value.hint
    assert caught.value.span.location.line == 1


def test_strings_are_memory_of_the_program() -> None:
    text = 'const char *s = "xyz"; return s[1];'
    assert ran(text, 0) == ord("y")
    assert calls_in(lowered(f"int f(long *ctx) {{ {text} }}")) == []


# What is known of pointers


def test_joining_spaces() -> None:
    assert join(NULL, DIRECT) == join(DIRECT, NULL) == join(DIRECT, DIRECT) == DIRECT
    assert join(DIRECT, KERNEL) == join(CONTEXT, DIRECT) == KERNEL
    assert join(context_at(8), context_at(8)) == context_at(8)
    assert join(context_at(8), CONTEXT) == KERNEL


def test_spaces_settle_when_nobody_was_told_otherwise() -> None:
    spaces = Spaces()
    assert spaces.write("p", NULL) == NULL
    assert spaces.write("p", DIRECT) == DIRECT and spaces.is_settled
    assert spaces.read("p") == DIRECT
    assert spaces.write("p", KERNEL) == KERNEL and not spaces.is_settled
    spaces.begin()
    assert spaces.read("p") == KERNEL
    assert spaces.write("p", DIRECT) == KERNEL and spaces.is_settled


def test_spaces_read_before_they_are_written() -> None:
    spaces = Spaces()
    assert spaces.read("m", KERNEL) == KERNEL
    spaces.write("m", NULL)
    spaces.write("m", KERNEL)
    assert spaces.is_settled
    assert spaces.read("n") == NULL
    spaces.write("n", KERNEL)
    assert not spaces.is_settled


def test_a_members_key_is_that_of_the_innermost_record() -> None:
    inner, outer = Record("struct", "inner"), Record("struct", "outer")
    inner.complete(16, 8, (Member("a", INT, 0), Member("b", LONG, 64)))
    outer.complete(40, 8, (Member("x", LONG, 0), Member("in", Array(inner, 2), 64)))
    assert member_key(outer, 0) == (outer, 0)
    assert member_key(outer, 8 + 16 + 8) == member_key(inner, 8) == (inner, 8)
    assert member_key(LONG, 0) == (None, 0)


@pytest.mark.parametrize(
    ("alignment", "offset", "want"), [(8, 0, 8), (8, 4, 4), (4, 8, 4), (8, 6, 2), (1, 8, 1)]
)
def test_alignment_behind_an_address(alignment: int, offset: int, want: int) -> None:
    assert aligned_at(alignment, offset) == want


def test_addresses_in_the_context_move_in_their_space() -> None:
    base = Value(0)
    moved = Address(base, 0, CONTEXT, 8).at(12).at(4)
    assert moved == Address(base, 0, context_at(16), 8)
    assert str(moved.space) == "context+16"
    assert Address(base, 4, DIRECT, 4).at(8) == Address(base, 12, DIRECT, 4)
