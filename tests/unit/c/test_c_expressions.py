"""Expressions: their types, the conversions that C does unasked, places and constants."""

from __future__ import annotations

import pytest

from c_checks import check_c, checked_value, text_of

_BEFORE = """
struct inner { int x; u8 bytes[4]; };
struct s {
    u8 a; struct inner in; struct { int hidden; }; unsigned low:3; u64 wide:40; struct s *next;
};
enum color { RED, GREEN = 5, BIG = 0x80000000 };
static struct inner make(int x) { struct inner i = {x}; return i; }
"""
_PARAMETERS = (
    "char c, u8 b, short h, u16 w, int i, u32 u, long l, u64 q, _Bool t, enum color e,"
    " int *p, u8 *pb, void *v, struct s *ps, struct s s, int *array, char __user *user,"
    " unsigned __int128 x, __int128 y"
)


def _text(expression: str) -> str:
    return text_of(checked_value(expression, _BEFORE, _PARAMETERS))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("c + b", "(int<c> + int<b>):int"),
        ("h * w", "(int<h> * int<w>):int"),
        ("i + u", "(unsigned int<i> + u):unsigned int"),
        ("u + l", "(long<u> + l):long"),
        ("l + q", "(u64<l> + q):u64"),
        ("i - q", "(u64<i> - q):u64"),
        ("t + 1", "(int<t> + 1:int):int"),
        ("e + 1", "(unsigned int<e> + 1:unsigned int):unsigned int"),
        ("u << q", "(u << q):u32"),
        ("c << 1L", "(int<c> << 1:long):int"),
        ("-b", "-int<b>"),
        ("~u", "~u"),
        ("+c", "int<c>"),
        ("!p", "!p"),
        ("c < u", "(unsigned int<c> < u):int"),
        ("i && p", "(i && p)"),
        ("s.low + 1", "(int<s.low> + 1:int):int"),
        ("s.wide + 1", "(s.wide + 1:u64):u64"),
        ("x == 0", "(x == unsigned __int128<0:int>):int"),
        ("x != y", "(x != unsigned __int128<y>):int"),
        ("!x", "!(x != unsigned __int128<0:int>):int"),
        ("(u64)x", "u64<x>"),
        ("(unsigned __int128)u", "unsigned __int128<u>"),
    ],
)
def test_arithmetic(expression: str, text: str) -> None:
    assert _text(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("p + i", "(p +p long<i>)"),
        ("u + p", "(p +p unsigned long<u>)"),
        ("p - 1", "(p -p 1:long)"),
        ("v + 3", "(v +p 3:long)"),
        ("p - array", "(p -pp array)"),
        ("p[i]", "*(p +p long<i>)"),
        ("2[p]", "*(p +p 2:long)"),
        ("s.in.bytes[1]", "*(&s.in.bytes +p 1:long)"),
        ("*&i", "i"),
        ("&*p", "p"),
        ("&p[2]", "(p +p 2:long)"),
        ("&s.in", "&s.in"),
        ("ps->next->in.x", "**ps.next.in.x"),
        ("ps->hidden", "*ps.hidden"),
        ("(*ps).a", "*ps.a"),
        ("p == 0", "(p == 0:int *):int"),
        ("0 != p", "(0:int * != p):int"),
        ("p == v", "(p == int *<v>):int"),
        ("p == (void *)0", "(p == 0:int *):int"),
        ("(u64)p", "u64<p>"),
        ("(u8 *)p", "u8 *<p>"),
        ("(struct s *)q", "struct s *<q>"),
        ("i ? p : 0", "(i ? p : 0:int *):int *"),
        ("i ? p : v", "(i ? void *<p> : v):void *"),
        ("make(1).bytes[2]", "*(&new make(1:int):struct inner.bytes +p 2:long)"),
        ('"abc"[1]', "*(&b'abc\\x00' +p 1:long)"),
        ("(struct inner){.x = i}.x", "new {0:int=i}.x"),
    ],
)
def test_pointers_and_places(expression: str, text: str) -> None:
    assert _text(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("u = c", "[u] = u32<c>"),
        ("c = 300", "[c] = 44:char"),
        ("t = 5", "[t] = 1:_Bool"),
        ("t = p", "[t] = _Bool<p>"),
        ("q = -1", "[q] = 18446744073709551615:u64"),
        ("v = ps", "[v] = void *<ps>"),
        ("ps = v", "[ps] = struct s *<v>"),
        ("p = 0", "[p] = 0:int *"),
        ("s = *ps", "[s] = *ps"),
        ("e = 5", "[e] = 5:enum color"),
        ("x = q", "[x] = unsigned __int128<q>"),
        ("c += 1", "[c] += 1:int in int"),
        ("u -= q", "[u] -= q in u64"),
        ("b <<= q", "[b] <<= q in int"),
        ("s.low |= 1", "[s.low] |= 1:int in int"),
        ("p += u", "[p] += unsigned long<u> in int *"),
        ("q += i", "[q] += u64<i> in u64"),
        ("i++", "[i]++"),
        ("--p", "--[p]"),
        ("(i, c)", "(i, c)"),
        ("(i = 1, 2)", "([i] = 1:int, 2:int)"),
        ("(void)i", "void<i>"),
        ("i ? c : u", "(i ? unsigned int<c> : u):unsigned int"),
        ("c ?: l", "(long<c> ?  : l):long"),
        ("i ? s : *ps", "(i ? s : *ps):struct s"),
        ("i ? (void)1 : (void)2", "(i ? void<1:int> : void<2:int>):void"),
        ("i = ({ int k = i; k; })", "[i] = ({ int k = i; k; }):int"),
        ("i = ({ i++; })", "[i] = ({ [i]++; }):int"),
        ("i = ({ ({ i; }); })", "[i] = ({ ({ i; }):int; }):int"),
        ("(void)({ if (i) c = 1; })", "void<({ if i [c] = 1:char; }):void>"),
        ("(void)({ ; })", "void<({  }):void>"),
    ],
)
def test_assignments_and_the_like(expression: str, text: str) -> None:
    assert _text(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1 + 2 * 3", "7:int"),
        ("1u - 2", "4294967295:unsigned int"),
        ("-1 > 0u", "1:int"),
        ("(char)200", "-56:char"),
        ("(u8)-1", "255:u8"),
        ("1 << 31", "-2147483648:int"),
        ("-7 / 2", "-3:int"),
        ("-7 % 3", "-1:int"),
        ("~0ULL >> 60", "15:unsigned long long"),
        ("'a' + 1", "98:int"),
        ("sizeof(int)", "4:unsigned long"),
        ("sizeof(struct s)", "32:unsigned long"),
        ("sizeof s.in.bytes", "4:unsigned long"),
        ("sizeof(c + c)", "4:unsigned long"),
        ("sizeof(i++)", "4:unsigned long"),
        ('sizeof("abc")', "4:unsigned long"),
        ("sizeof(*ps)", "32:unsigned long"),
        ("sizeof(void)", "1:unsigned long"),
        ("_Alignof(u64)", "8:unsigned long"),
        ("sizeof(u64) * 2 - 1", "15:unsigned long"),
        ("0 && i", "0:int"),
        ("1 || i", "1:int"),
        ("1 ? 2 : 3", "2:int"),
        ("GREEN", "5:int"),
        ("BIG", "2147483648:unsigned int"),
        ("TASK_COMM_LEN", "16:int"),
        ("(u64)&((struct s *)0)->in", "4:u64"),
        ("__builtin_offsetof(struct s, in.bytes[2])", "10:unsigned long"),
        ("__builtin_offsetof(struct s, hidden)", "12:unsigned long"),
        ("__builtin_types_compatible_p(u64, unsigned long long)", "1:int"),
        ("__builtin_types_compatible_p(int, u32)", "0:int"),
        ("__builtin_types_compatible_p(typeof(i), int)", "1:int"),
        ("__builtin_constant_p(3 + 4)", "1:int"),
        ("__builtin_constant_p(i)", "0:int"),
        ("__builtin_choose_expr(1, 2, i->x)", "2:int"),
        ("__builtin_bswap16(0x1234)", "13330:unsigned short"),
        ("ntohl(1)", "16777216:unsigned int"),
        ("htons(0x0800)", "8:unsigned short"),
        ("__builtin_bswap64(1)", "72057594037927936:unsigned long long"),
        ('__builtin_strlen("abc")', "3:unsigned long"),
        ("_Generic(c, int: 1, char: 2, default: 3)", "2:int"),
        ("_Generic(p, int *: 1, default: 3)", "1:int"),
        ("_Generic(q, default: 3, int: 1)", "3:int"),
    ],
)
def test_constants(expression: str, text: str) -> None:
    assert _text(expression) == text


def test_pointers_into_the_process_stay_so() -> None:
    before = "struct pair { int a; char b[4]; };"
    for expression in ("&p->a", "p->b", "p + 1", "&p[1].b[2]"):
        value = checked_value(expression, before, "struct pair __user *p")
        assert getattr(value.type, "is_user", None) is True, expression


def test_a_variable_is_in_memory_where_its_address_is_taken() -> None:
    unit = check_c("struct s { int a; }; void f(int x, int y, struct s z) { &x; y; &z.a; }")
    marks = [one.is_addressed for one in unit.functions["f"].parameters]
    assert marks == [True, False, True]


def test_constants_of_the_program_hide_the_kernels() -> None:
    value = checked_value("TASK_COMM_LEN", "enum { TASK_COMM_LEN = 3 };")
    assert text_of(value) == "3:int"
