"""Control flow: loops written out or not, switches, jumps, calls that become part of the caller."""

from __future__ import annotations

import pytest

from c_kernels import RECORDED
from c_lowering import answer_of, answers_of, calls_in, has_loop, lowered
from seismo.base.errors import SourceError
from seismo.base.source import NOWHERE
from seismo.c.entry import entry_of
from seismo.c.flavour import RAW_TRACEPOINT
from seismo.c.host import ProgramHost
from seismo.c.lower.program import lower_program
from seismo.c.tree import Block, Constant, Expr, FunctionDecl, Return, Unary, Unit
from seismo.c.types import INT
from seismo.ir.func import Func
from seismo.ir.interp import interpret


def body(text: str) -> Func:
    return lowered(f"int f(long *ctx) {{ {text} }}")


def ran(text: str, *args: int) -> int:
    return answer_of(f"int f(long *ctx) {{ {text} }}", *args)


@pytest.mark.parametrize(
    "loop",
    [
        "for (int i = 0; i < 4; i++) sum += ctx[i];",
        "for (i = 3; i >= 0; i--) sum += ctx[i];",
        "for (unsigned char n = 1; n < 16; n *= 2) sum += n;",
        "for (short n = 0; n != 6; n = n + 2) { if (ctx[0]) continue; sum++; if (sum > 2) break; }",
        "for (int n = 0; n < 31; n++) sum += n;",
        "\n#pragma unroll\nfor (int n = 0; n < 100; n++) sum += n;",
        "for (int n = 9; n < 4; n++) sum++;",
    ],
)
def test_loops_of_few_rounds_are_written_out(loop: str) -> None:
    assert not has_loop(body(f"int i; long sum = 0; {loop} return sum;"))


@pytest.mark.parametrize(
    ("declared", "loop", "start", "answer"),
    [
        ("u32 n = ctx[0]; int i;", "for (i = n; i < n + 7; i++) sum += i;", 10, 91),
        ("u32 n = ctx[0]; int i;", "for (i = n; i < n + 7; i++) sum += i;", 0xFFFFFFFD, 0),
        ("u32 n = ctx[0]; int i;", "for (i = n; i < n + 2; i++) sum += i;", 0xFFFFFFF0, -31),
        ("u8 n = ctx[0];", "for (int i = n; i < n + 3; ++i) sum += i;", 255, 768),
        ("long n = ctx[0];", "for (long i = n; i < n + 3; i += 1) sum += i;", -2, -3),
        (
            "int n = ctx[0];",
            "for (int i = n; i < n + 9; i++) { if (i & 1) continue; sum++; }",
            1,
            4,
        ),
        ("int n = ctx[0];", "for (int i = n; i < n + 9; i++) { if (i == 5) break; sum++; }", 3, 2),
    ],
)
def test_loops_of_few_rounds_from_anywhere_are_written_out(
    declared: str, loop: str, start: int, answer: int
) -> None:
    text = f"{declared} long sum = 0; {loop} return sum;"
    assert not has_loop(body(text))
    assert ran(text, start) == answer % (1 << 64)


@pytest.mark.parametrize(
    "loop",
    [
        "for (int i = n; i < n + 33; i++) sum += i;",
        "for (int i = n; i < n + 7; i += 2) sum += i;",
        "for (int i = n; i < n + 7; i++) { sum += i; n++; }",
        "for (int i = n; i < n + 7; i++) { sum += i; i--; }",
        "for (int i = n; i < m + 7; i++) sum += i;",
        "for (int i = n; i <= n + 7; i++) sum += i;",
        "for (unsigned char i = n; i < n + 7; i++) sum += i;",
        "for (int i = n; (char)i < n + 7; i++) sum += i;",
        "for (int i = n; i < n + 7; i++) { int *p = &n; sum += *p; }",
    ],
)
def test_others_from_anywhere_jump_back(loop: str) -> None:
    assert has_loop(body(f"int n = ctx[0], m = ctx[1]; long sum = 0; {loop} return sum;"))


@pytest.mark.parametrize(
    "loop",
    [
        "for (int i = 0; i < 40; i++) sum += i;",
        "for (int i = 0; i < ctx[0]; i++) sum++;",
        "for (int i = 0; i < 4; i++) { sum++; i += ctx[0]; }",
        "for (int i = 0; i < 4; i++) { int *p = &i; sum += *p; }",
        "for (int i = 0; i < 4; i++) { again: if (sum++ < 3) goto again; }",
        "while (sum < 3) sum++;",
        "do sum++; while (sum < 3);",
        "\n#pragma unroll 2\nfor (int i = 0; i < 4; i++) sum += i;",
    ],
)
def test_other_loops_jump_back(loop: str) -> None:
    assert has_loop(body(f"long sum = 0; {loop} return sum;"))


def test_a_counter_has_its_last_value_behind_the_loop() -> None:
    assert ran("int i; for (i = 0; i < 5; i++) if (ctx[0] == i) break; return i;", 3) == 3
    assert ran("int i; for (i = 0; i < 5; i++) if (ctx[0] == i) break; return i;", 9) == 5


def test_continue_goes_to_the_step_and_to_a_dos_condition() -> None:
    text = """
    int sum = 0, i = 0;
    do { if (i & 1) continue; sum += i; } while (++i < ctx[0]);
    for (int n = 0; n < ctx[0]; n++) { if (n & 1) continue; sum += 100; }
    return sum;"""
    assert ran(text, 6) == 0 + 2 + 4 + 300


def test_an_endless_loop_is_left_by_return() -> None:
    assert ran("int n = 0; while (1) { if (n++ == ctx[0]) return n; }", 7) == 8


@pytest.mark.parametrize(
    ("value", "want"), [(0, 10), (1, 21), (2, 21), (3, 1), (5, 5), (9, 5), (10, 0), (-7, 70)]
)
def test_switch(value: int, want: int) -> None:
    text = """
    int out = 0;
    switch ((int)ctx[0]) {
    case 0: out = 10; break;
    case 1: case 2: out = 20;
    case 3: out++; break;
    case 5 ... 9: out = 5; break;
    case -7: { out = 70; }
    default: ;
    }
    return out;"""
    assert ran(text, value) == want


def test_a_default_may_stand_first_and_fall_through() -> None:
    text = "int out = 0; switch (ctx[0]) { default: out = 1; case 4: out += 2; } return out;"
    assert (ran(text, 0), ran(text, 4)) == (3, 2)


def test_break_in_a_switch_stays_in_the_loop_and_continue_does_not() -> None:
    text = """
    int out = 0;
    for (int i = 0; i < ctx[0]; i++) {
        switch (i) { case 1: break; case 2: continue; }
        out += 1 << i;
    }
    return out;"""
    assert ran(text, 4) == 0b1011


def test_a_case_may_stand_in_a_loop_of_the_switch() -> None:
    text = """
    int n = 0, left = 3;
    switch (ctx[0]) { case 0: do { n += 100; case 1: n++; } while (--left > 0); }
    return n;"""
    assert (ran(text, 0), ran(text, 1), ran(text, 2)) == (303, 203, 0)


def test_goto_forward_backward_and_out_of_loops() -> None:
    text = """
    int n = 0, rounds = 0;
again:
    for (int i = 0; i < 40; i++) { if (i == ctx[0]) goto out; n++; }
out:
    if (++rounds < 3) goto again;
    return n;"""
    assert ran(text, 5) == 15


def test_a_variable_that_is_jumped_over_holds_anything() -> None:
    text = "if (ctx[0]) goto out; int value = 5; out: return ctx[0] ? 1 : value;"
    assert (ran(text, 0), ran(text, 1)) == (5, 1)


def test_what_stands_behind_a_return_is_not_run() -> None:
    assert ran("int n = 3; return n; n = 4; here: return n + 1;", 0) == 3


def test_the_end_of_a_function_gives_zero() -> None:
    assert ran("if (ctx[0]) return 5;", 0) == 0


def test_a_branch_that_is_known_not_to_be_taken_is_left_out() -> None:
    text = "unsigned long p = ctx[0]; if (0) { return *(int *)p; } else return 1;"
    assert calls_in(body(text)) == []


def test_functions_become_part_of_their_callers() -> None:
    text = """
    struct pair { int a, b; };
    static int twice(int x) { return x * 2; }
    static struct pair made(int a) { struct pair p = { a, twice(a) }; return p; }
    static void fill(struct pair *p) { if (p->a > 3) return; p->a = 9; }
    static int by_value(struct pair p) { p.a += 100; return p.a; }
    int f(long *ctx) {
        struct pair p = made(ctx[0]), q = p;
        fill(&p);
        return by_value(p) * 10000 + p.a * 100 + q.b * 10 + made(1).b;
    }"""
    func = lowered(text)
    assert calls_in(func) == [] and func.subprograms == []
    assert answer_of(text, 2) == 109 * 10000 + 9 * 100 + 42


def test_arguments_are_evaluated_in_the_caller() -> None:
    text = """
    static int minus(int a, int b) { return a - b; }
    int f(long *ctx) { int a = 1, b = 2; return minus(minus(b, a) + b * 10, a); }"""
    assert answer_of(text, 0) == 20


def test_a_function_called_back_is_one_of_the_programs_own() -> None:
    text = """
    struct state { long sum; int limit; };
    static int add(unsigned int index, struct state *s) {
        if (index == s->limit) return 1;
        s->sum += index;
        return 0;
    }
    int f(long *ctx) {
        struct state s = { .limit = ctx[0] };
        bpf_loop(100, add, &s, 0);
        return s.sum;
    }"""
    func = lowered(text)
    assert [one.name for one in func.subprograms] == ["add"]
    assert interpret(func, context=(5).to_bytes(8, "little")) == 0 + 1 + 2 + 3 + 4


def test_side_effects_of_conditions() -> None:
    text = """
    int n = 0;
    if (ctx[0] && n++) n = 50;
    if (ctx[1] || ++n) n += 2;
    ctx[0] && (n += 10);
    (void)(ctx[1] ? (n += 100) : (n += 1000));
    return n;"""
    assert ran(text, 1, 0) == 1 + 1 + 2 + 10 + 1000
    assert ran(text, 0, 1) == 0 + 2 + 100


def test_a_statement_expression_gives_its_last_value() -> None:
    text = "return ({ int a = ctx[0]; a++; a * 2; }) + ({ struct { int x; } s = { 3 }; s; }).x;"
    assert ran(text, 4) == 13


def test_return_in_a_statement_expression_leaves_the_function() -> None:
    text = "int n = 5 + ({ if (ctx[0]) return 1; 2; }); return n;"
    assert (ran(text, 0), ran(text, 1)) == (7, 1)


def test_answers_are_of_the_functions_type() -> None:
    func = lowered("unsigned char f(long *ctx) { return ctx[0]; }")
    assert set(answers_of(func, (0x1FF).to_bytes(8, "little"))) == {0xFF}


def test_what_is_nested_too_deeply_is_said_to_be() -> None:
    value: Expr = Constant(1, INT, NOWHERE)
    for _ in range(1000):
        value = Unary("-", value, INT, NOWHERE)
    function = FunctionDecl(
        name="f",
        result=INT,
        parameters=(),
        body=Block((Return(value, NOWHERE),), NOWHERE),
        is_static=False,
        span=NOWHERE,
    )
    entry = entry_of(RAW_TRACEPOINT, "f", "x86_64")
    host = ProgramHost(Unit({"f": function}, {}), RAW_TRACEPOINT, RECORDED)
    with pytest.raises(SourceError, match=r"something in f\(\) is nested too deeply"):
        lower_program(function, entry, host)
