"""What the checker says of programs that C or BPF cannot do: where, what, and what to do."""

from __future__ import annotations

import pytest

from c_checks import c_complaints

_BEFORE = """BPF_HASH(start, u32, u64); BPF_PERF_OUTPUT(events);
struct s { int a; unsigned b:3; }; struct undefined;
int other(void *ctx) { return 0; } static int twice(int x) { return 2 * x; }
int f(struct pt_regs *ctx, struct sock *sk, struct undefined *un) {
int x = 1, arr[4]; u32 pid = 0; u64 big = 0; u8 small = 0; void *v = 0; struct s s = {}, *ps = &s;
unsigned __int128 wide = 1;
"""


def _said(statement: str) -> list[str]:
    complaints = c_complaints(f"{_BEFORE}{statement}\nreturn 0; }}")
    assert all(one.startswith("7: ") for one in complaints)
    return [one.removeprefix("7: ") for one in complaints]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("x = yes;", "yes: 'yes' is not declared (did you mean 'ps'?)"),
        ("x = 1.5;", "1.5: floating point does not exist in BPF (compute in integers, scaled"),
        ("s.nope = 1;", "nope: struct s has no member 'nope'"),
        ("ps.a = 1;", "a: this is a pointer (struct s *) (write ->a)"),
        ("s->a = 1;", "a: struct s is no pointer (write .a)"),
        ("x.a;", "a: int has no members, so no 'a'"),
        (
            "sk->__sk_common.skc_famly;",
            "skc_famly: struct sock_common has no member 'skc_famly' (did you mean 'skc_family'?)",
        ),
        ("un->x;", "un->x: what struct undefined holds is not known here (no type of the kernel"),
        ("sizeof(*un);", "sizeof(*un): the size of struct undefined is not known here"),
        ("un + 1;", "un + 1: the size of struct undefined is not known here"),
        ("&s.b;", "&s.b: 'b' is a bit field, which has no address"),
        ("&5;", "5: '&' needs a variable or memory, and this is a value"),
        ("5 = x;", "5: '=' needs a variable or memory, and this is a value"),
        ("(x + 1)++;", "x + 1: '++' needs a variable or memory, and this is a value"),
        ("arr = 0;", "arr = 0: '=' cannot write a whole array (copy it with __builtin_memcpy()"),
        ("x = s;", "s: 'x' is int, and this is struct s"),
        ("s = x;", "x: 's' is struct s, and this is int"),
        ("x = (void)0;", "(void)0: 'x' needs a value, and this has none (void)"),
        ("if (s) x = 1;", "s: struct s is neither true nor false (compare its members)"),
        ("s == s;", "s == s: '==' cannot compare struct s and struct s (compare members, or use"),
        ("s + 1;", "s: an integer is needed here, not struct s"),
        ("-ps;", "ps: an integer is needed here, not struct s *"),
        ("ps + s;", "ps + s: '+' cannot combine struct s * and struct s"),
        ("ps - v;", "ps - v: '-' of struct s * and void *, which point to different types"),
        ("ps *= 2;", "ps *= 2: '*=' cannot combine struct s * and int"),
        ("x ? s : 1;", "x ? s : 1: '? :' cannot choose between struct s and int"),
        ("wide + 1;", "wide: unsigned __int128 is only copied and compared for equality (compute"),
        ("wide++;", "wide: unsigned __int128 is only copied and compared for equality (compute"),
        ("*v;", "*v: what a 'void *' points to has no type (cast it: *(u64 *)p)"),
        ("*x;", "*x: a pointer is needed here, and this is int"),
        ("x[3];", "x[3]: int has no elements"),
        ("(struct s)x;", "(struct s)x: nothing can be cast to struct s (write *(struct s *)&…)"),
        ("_Generic(x, char: 1);", "_Generic(x, char: 1): no association is for int"),
        ("x = twice;", "twice: function pointers are not supported (a function's name is an"),
    ],
)
def test_expressions(statement: str, said: str) -> None:
    [complaint] = _said(statement)
    assert complaint.startswith(f"error: {said}")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("x();", "x: 'x' is no function"),
        ("s.a();", "s.a(): calls through pointers are not supported (call a static function"),
        ("nope();", "nope: there is no function nope() (functions must be declared before they"),
        ("twic(1);", "twic: there is no function twic() (did you mean 'twice'?)"),
        ("bpf_ktime_get_n();", "bpf_ktime_get_n: there is no function bpf_ktime_get_n() (did you"),
        ("printf();", "printf: there is no function printf() (bpf_trace_printk() prints to the"),
        ("strcmp(v, v);", "strcmp: there is no function strcmp() (compare a fixed number of bytes"),
        (
            "bpf_get_current_comm(&x);",
            "bpf_get_current_comm(&x): bpf_get_current_comm() takes 2 arguments, not 1"
            " (long bpf_get_current_comm(void *buf, u32 size_of_buf))",
        ),
        ("other(ctx);", "other(ctx): other() is a program of its own, which cannot be called"),
        ("twice(1, 2);", "twice(1, 2): twice() takes 1 argument, not 2"),
        ("twice(s);", "s: argument 1 of twice() is int, and this is struct s"),
        ("bpf_loop(1, 5, 0, 0);", "5: argument 2 of bpf_loop() must be the name of a static"),
        ("start = 0;", "start: 'start' is a table, which has no value (use its methods, as"),
        (
            "bpf_map_lookup_elem(start, &pid);",
            "start: argument 1 of bpf_map_lookup_elem() must be a table's address (write &start)",
        ),
        ("start.lookup(pid);", "pid: '&key' of lookup() is a pointer, and this is u32 (write &"),
        (
            "start.lookup(&small);",
            "&small: '&key' of lookup() points to u32 (4 bytes), and this to u8 (1 byte)"
            " (declare the variable with the table's type)",
        ),
        ("start.lookup();", "start.lookup(): lookup() is called with 0 arguments (start.lookup("),
        ("start.lokup(&pid);", "lokup: tables of type hash have no method lokup() (did you mean"),
        (
            "start.perf_submit(ctx, &s, 4);",
            "perf_submit: 'start' is a table of type hash, which has no perf_submit()"
            " (it is a method of perf_output)",
        ),
        ("events.perf_submit(ctx, s, 4);", "s: 'data' of perf_submit() is a pointer, and this is"),
        ("__sync_fetch_and_add(&small, 1);", "&small: BPF has no atomic operations on u8: they"),
        ("__sync_fetch_and_add(x, 1);", "x: __sync_fetch_and_add() takes a pointer to an integer"),
        ("__builtin_memcpy(v, v);", "__builtin_memcpy(v, v): __builtin_memcpy() takes 3 arguments"),
        ("__builtin_offsetof(struct s, b);", "b: 'b' is a bit field, which has no offset"),
        ("__builtin_strlen(v);", "__builtin_strlen(v): __builtin_strlen() is only known of string"),
        ('bpf_trace_printk("%d");', '"%d": the format prints 1 value, and 0 are given'),
        ('bpf_trace_printk("%%", x);', '"%%": the format prints 0 values, and 1 are given'),
        ('bpf_trace_printk("%5.2f", x);', "\"%5.2f\": bpf_trace_printk() does not know '%5.2f'"),
        (
            'bpf_trace_printk("%d %d %d %d", x, x, x, x);',
            '"%d %d %d %d": bpf_trace_printk() prints at most 3 values, not 4 (send a struct',
        ),
    ],
)
def test_calls(statement: str, said: str) -> None:
    [complaint] = _said(statement)
    assert complaint.startswith(f"error: {said}")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("break;", "break: 'break' stands in no loop or switch"),
        ("continue;", "continue: 'continue' stands in no loop"),
        ("switch (x) { case 1: continue; }", "continue: 'continue' stands in no loop"),
        ("case 1: ;", "case: 'case' stands in no switch"),
        ("default: ;", "default: 'default' stands in no switch"),
        ("switch (x) { case 1: case 0 ... 2: ; }", "case: this switch has a case for 0 already"),
        ("switch (x) { default: default: ; }", "default: this switch has a default already"),
        ("switch (x) { case x: ; }", "x: a case must be a constant"),
        ("switch (x) { case 5 ... 3: ; }", "case: case 5 ... 3 holds nothing (the lower value"),
        ("switch (ps) { }", "ps: an integer is needed here, not struct s *"),
        ("l: l: ;", "l: there is a label 'l' already"),
        ("goto nowhere;", "goto: there is no label 'nowhere'"),
        ("return;", "return: f() returns int (return 0;)"),
        ("return s;", "s: the result is int, and this is struct s"),
        (
            'asm volatile("nop");',
            'asm volatile("nop");: inline assembly is not supported (write it in C; where',
        ),
        ('_Static_assert(0, "no");', '_Static_assert: assertion failed "no"'),
        ("float fl;", "float: floating point does not exist in BPF (compute in integers"),
        ("int vla[x];", "x: arrays of variable length are not supported (give the size"),
    ],
)
def test_statements(statement: str, said: str) -> None:
    [complaint] = _said(statement)
    assert complaint.startswith(f"error: {said}")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("x = sk;", "sk: 'x' is int, and this is a pointer (struct sock *) (write (int)…)"),
        ("ps = 5;", "5: 'ps' is a pointer (struct s *), and this is int (write (struct s *)…)"),
        ("sk = (void *)ps, sk = ps;", "ps: 'sk' is struct sock *, and this is struct s * (write"),
        ("sk == ps;", "sk == ps: '==' compares struct sock * and struct s * (cast one of them)"),
        ("sk == big;", "sk == big: '==' compares a pointer and an integer (struct sock *, u64)"),
        ("x ? sk : big;", "x ? sk : big: '? :' of a pointer and an integer (struct sock *, u64)"),
        ("x ? (void *)sk : ps, x ? sk : ps;", "x ? sk : ps: '? :' of struct sock * and struct s *"),
        (
            "start.lookup(&big);",
            "&big: '&key' of lookup() points to u32 (4 bytes), and this to u64",
        ),
        ("big = 1 / 0;", "1 / 0: a division by zero"),
        ('bpf_trace_printk("%s", x);', "x: '%s' prints a string, not int"),
    ],
)
def test_what_is_only_warned_of(statement: str, said: str) -> None:
    [complaint] = _said(statement)
    assert complaint.startswith(f"warning: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int t[2] = {1, 2};", "error: t: 't' is a variable outside functions (keep it in a table"),
        (
            "const u64 t[2] = {1, bpf_ktime_get_ns()};",
            "error: bpf_ktime_get_ns(): the value of 't' is not constant here (numbers and strings",
        ),
        ("int counter;", "error: counter: 'counter' is a variable outside functions (keep it in a"),
        ('asm("nop");', 'error: asm("nop");: inline assembly is not supported'),
        ("void g(void) { return 1; }", "error: return: g() is void, so it returns no value"),
        ("int f(int x) { return x; } int f(int x) { return x; }", "error: f: there is a function"),
        ("BPF_HASH(t); BPF_HASH(t);", "error: t: there is a table 't' already, in line 1"),
        ("BPF_HASH(t, u32, u64, );", "error: BPF_HASH: the size of 't' is missing"),
        (
            "static int rec(int x) { return rec(x - 1); }",
            "error: rec(x - 1): rec() calls itself (BPF has no recursion: write a bounded loop)",
        ),
        (
            "static int b(int); static int a(int x) { return b(x); }"
            " static int b(int x) { return a(x); }",
            "error: b(x): a() calls itself through b() (BPF has no recursion",
        ),
        (
            "static int nobody(int); int f(void) { return nobody(1); }",
            "error: nobody(1): nobody() is declared, but there is no body for it",
        ),
    ],
)
def test_outside_functions(text: str, said: str) -> None:
    [complaint] = c_complaints(text)
    assert complaint.startswith(f"1: {said}")


def test_each_statement_has_its_own_complaint() -> None:
    complaints = c_complaints("int f(void) {\n  a1 = 1;\n  if (b1) c1 = 2;\n  return d1;\n}")
    assert [one.partition(" (")[0] for one in complaints] == [
        "2: error: a1: 'a1' is not declared",
        "3: error: b1: 'b1' is not declared",
        "4: error: d1: 'd1' is not declared",
    ]
