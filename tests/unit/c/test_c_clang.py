"""What clang is given to read of programs for BCC: tokens, names, records, entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SourceError
from seismo.base.source import NOWHERE, Source
from seismo.c.clang.entries import EntryKind, entry
from seismo.c.clang.names import Names, names_in, renamed
from seismo.c.clang.read import ProgramText, programs_of, read_for_clang
from seismo.c.clang.records import declaration
from seismo.c.clang.rewrite import rewritten
from seismo.c.clang.text import clang_text
from seismo.c.compile import COptions
from seismo.c.flavour import ContextKind
from seismo.c.registers import MACHINES
from seismo.views import RecordedView

_VIEW = RecordedView(Path(__file__).parents[2] / "recorded" / "6.18")
_MACHINE = MACHINES["x86_64"]
_REGISTERS = EntryKind(ContextKind.REGISTERS)


def read(text: str) -> ProgramText:
    return read_for_clang(Source("t", text), _VIEW, COptions())


def words(text: str) -> str:
    program = read(text)
    pieces = rewritten(program.tokens, program.unit.tables, programs_of(program.unit))
    return " ".join([word for word, _ in pieces])


def body(text: str) -> str:
    """What stands in the only function, after a table `t`."""
    found = words(f"BPF_HASH(t, u32); static void f(void) {{ u32 k; u64 v; {text} }}")
    return found.partition("u64 v ; ")[2].removesuffix(" }")


def entry_of(text: str, kind: EntryKind, *, returns_zero: bool = False) -> str:
    (function,) = programs_of(read(text).unit).values()
    return entry(function, kind, _MACHINE, returns_zero).partition("(unsigned long long *ctx) ")[2]


def test_a_table_becomes_the_type_of_its_parts() -> None:
    assert words("BPF_HASH(start, u32);") == (
        "typedef struct { u32 key ; u64 leaf ; } __seismo_table_start ; ;"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t.lookup(&k);", "__seismo_lookup ( t , ( & k ) ) ;"),
        ("t.update(&k, &v);", "__seismo_update ( t , ( & k ) , ( & v ) ) ;"),
        ("t.increment(k);", "__seismo_increment ( t , ( k ) ) ;"),
        (
            "t.update(&(u32){1}, &(u64){t.lookup(&k) ? 1 : 2});",
            "__seismo_update ( t , ( & ( u32 ) { 1 } ) ,"
            " ( & ( u64 ) { __seismo_lookup ( t , ( & k ) ) ? 1 : 2 } ) ) ;",
        ),
        ('bpf_trace_printk("x", k);', '__seismo_trace_printk ( "x" , k ) ;'),
        ("bpf_map_delete_elem(&t, &k);", "bpf_map_delete_elem ( & t , & k ) ;"),
        ("__auto_type x = k;", "__auto_type x = k ;"),
        ('asm volatile("" :: "r"(k));', 'asm volatile ( "" : : "r" ( k ) ) ;'),
        ("barrier();", 'asm volatile ( "" : : : "memory" ) ;'),
        (
            "\n#pragma unroll\nfor (;;) break;",
            '_Pragma("unroll") for ( ; ; ) break ;',
        ),
    ],
)
def test_calls_become_macros(text: str, expected: str) -> None:
    assert body(text) == expected


def test_a_call_without_arguments_has_no_comma() -> None:
    with pytest.raises(SourceError, match="tables of type hash have no method nothing"):
        words("BPF_HASH(t); int f(void *ctx) { t.nothing(); return 0; }")


def test_programs_are_taken_in_by_their_entries() -> None:
    inlined = "static inline __attribute__((always_inline))"
    assert words("struct s { int a; }; int f(void *c); int f(void *c) { return 0; }") == (
        f"struct s {{ int a ; }} ; {inlined} int f ( void * c ) ;"
        f" {inlined} int f ( void * c ) {{ return 0 ; }}"
    )


def test_static_functions_and_calls_stay_as_they_are() -> None:
    text = "static int f(int a) { return a; } static int g(int a) { return f(a); }"
    assert "always_inline" not in words(text)


def test_statements_that_are_refused_do_not_matter() -> None:
    program = read(
        'struct e { int a; }; BPF_PERF_OUTPUT(out); static int x; int f(void *ctx) { asm("r1 = 2");'
        " x++; struct e e = {}; out.perf_submit(ctx, &e, sizeof(e)); return 0; }"
    )
    assert list(programs_of(program.unit)) == ["f"]
    assert program.unit.tables["out"].record is program.unit.records["e"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BPF_HASH(t, struct nothing);", "struct nothing is not defined"),
        ("int f(void *ctx, float x) { return 0; }", "floating point"),
        ("int f(void *ctx) { return 0 }", "expected"),
    ],
)
def test_tables_and_heads_must_be_understood(text: str, said: str) -> None:
    with pytest.raises(DiagnosticsError, match=said):
        read(text)


def test_names_of_a_text() -> None:
    program = read("struct a { int x; }; enum { B, C = (1, 2), D }; struct sock *s(void);")
    names = names_in(program.tokens, ("key_t",), ("f",))
    assert names == Names(frozenset("a"), frozenset(["key_t"]), frozenset("BCDf"))


def test_names_of_the_kernel_give_way() -> None:
    kernel = (
        "struct a {\n\tstruct a *a;\n\tunion ab *b;\n\tkey_t key;\n};\n"
        "enum {\n\tB = 1,\n\tBB = 2,\n};\ntypedef int key_t;\ntypedef int other;\n"
    )
    names = Names(frozenset(["a", "none"]), frozenset(["key_t", "b"]), frozenset("B"))
    assert renamed(kernel, names) == (
        "struct a___kernel {\n\tstruct a___kernel *a;\n\tunion ab *b;\n\tkey_t___kernel key;\n};\n"
        "enum {\n\tB___kernel = 1,\n\tBB = 2,\n};\ntypedef int key_t___kernel;\n"
        "typedef int other;\n"
    )
    assert renamed(kernel, Names(frozenset(), frozenset(), frozenset())) == kernel


def test_a_tracepoint_is_declared_with_its_gaps() -> None:
    record = read("").types.tracepoint_record("sched", "sched_process_exit")
    lines = declaration(record).splitlines()
    assert lines[:3] == [
        "struct tracepoint__sched__sched_process_exit {",
        "unsigned long long __do_not_use__;",
        "char comm[16];",
    ]
    assert lines[-1] == "};"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", "{ return f(); }"),
        ("struct pt_regs *ctx", "{ return f(ctx); }"),
        ("struct pt_regs *ctx, int a, char *b", "{ return f(ctx, ctx[14], ctx[13]); }"),
    ],
)
def test_parameters_come_from_registers(parameters: str, expected: str) -> None:
    assert entry_of(f"int f({parameters or 'void'}) {{ return 0; }}", _REGISTERS) == expected


def test_parameters_of_system_calls_come_from_the_registers_of_the_process() -> None:
    text = "int syscall__f(struct pt_regs *ctx, int a) { return 0; }"
    expected = "{ return syscall__f(ctx, __seismo_saved(ctx[14], 112)); }"
    assert entry_of(text, _REGISTERS) == expected


def test_arguments_of_functions_with_types_are_words() -> None:
    text = "int f(u64 *ctx, struct sock *sk) { return 0; }"
    kind = EntryKind(ContextKind.ARGUMENTS)
    assert entry_of(text, kind, returns_zero=True) == "{ f(ctx, ctx[0]); return 0; }"


def test_a_program_that_answers_nothing_returns_zero() -> None:
    assert entry_of("void f(void *ctx) { }", _REGISTERS) == "{ f(ctx); return 0; }"


@pytest.mark.parametrize(
    ("count", "context", "said"),
    [
        (7, ContextKind.REGISTERS, "only 6 arguments are in registers"),
        (1, ContextKind.OWN, "no parameter but its context"),
        (1, ContextKind.SYSCALL_EXIT, "arguments are gone"),
        (2, ContextKind.SYSCALL_ENTER, "a system call has one argument"),
    ],
)
def test_parameters_that_are_nowhere_are_refused(
    count: int, context: ContextKind, said: str
) -> None:
    parameters = ", ".join([f"int a{number}" for number in range(count)])
    with pytest.raises(SourceError, match=said):
        entry_of(f"int f(void *ctx, {parameters}) {{ return 0; }}", EntryKind(context, 1))


def test_each_word_of_the_text_has_a_line() -> None:
    program = read("BPF_HASH(t);\nint f(void *ctx) { t.increment(1); return 0; }")
    made = clang_text(program, _MACHINE, 4)
    lines = made.text.splitlines()
    place = lines.index("__seismo_increment") + 1
    assert made.span_at(place).text == "increment"
    assert (made.span_at(place).location.line, made.span_at(place).location.column) == (2, 22)
    assert made.span_at(1) is NOWHERE
    assert made.span_at(len(lines)) is NOWHERE


def test_the_text_has_maps_and_what_methods_ask() -> None:
    text = "BPF_HASH(t, u32); BPF_HISTOGRAM(h); BPF_PERF_OUTPUT(one); BPF_RINGBUF_OUTPUT(two, 8);"
    lines = clang_text(read(text), _MACHINE, 4).text.splitlines()
    map_ = '__attribute__((section("maps"), used)) ='
    assert f"struct __seismo_map t {map_} {{ 1, 4, 8, 10240, 0 }};" in lines
    assert f"struct __seismo_map __seismo_lost {map_} {{ 2, 4, 16, 1, 0 }};" in lines
    assert "enum { __seismo_grows_t = 1 };" in lines
    assert "enum { __seismo_grows_h = 0 };" in lines
    assert "enum { __seismo_lost_one = 0 };" in lines
    assert "enum { __seismo_lost_two = 1 };" in lines
    assert "#define bpf_num_cpus() 4" in lines


def test_a_tracepoint_that_there_is_not_is_told_where_it_is_named() -> None:
    program = read("int f(void *ctx) { struct tracepoint__sched__nothing *a = ctx; return 0; }")
    with pytest.raises(
        SourceError, match="there is no struct tracepoint__sched__nothing"
    ) as raised:
        clang_text(program, _MACHINE, 4)
    assert raised.value.span.location.column == 27


def test_members_called_like_a_table_are_members() -> None:
    text = "struct s { int t; } s; int *t_of(struct s *p) { return p->t.lookup(1) + s.t.x; }"
    assert "__seismo_" not in words(f"BPF_HASH(t); {text}").partition("table_t")[2]
