"""Statements, functions and tables: what they become in the tree."""

from __future__ import annotations

import pytest

from c_checks import check_c, text_of
from seismo.c.tree import FunctionDecl
from seismo.c.types import INT, U32, U64, VOID, Record, same_type


def _body(text: str, parameters: str = "int x, u32 u, u64 *p", result: str = "void") -> str:
    body = check_c(f"{result} f({parameters}) {{ {text} }}").functions["f"].body
    return text_of(body)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", "{  }"),
        (";;", "{  }"),
        ("int a = 1, b;", "{ int a = 1:int; int b; }"),
        ("u8 a = 300;", "{ u8 a = 44:u8; }"),
        ("if (x) u = 1; else { x = 2; }", "{ if x [u] = 1:u32; else { [x] = 2:int; } }"),
        ("if (p) ;", "{ if p {  } }"),
        ("while (x) x--;", "{ loop ( | x | ) unroll 0 [x]--; }"),
        ("do x--; while (x);", "{ do ( | x | ) unroll 0 [x]--; }"),
        ("for (;;) break;", "{ loop ( |  | ) unroll 0 break; }"),
        (
            "for (int i = 0, j = 1; i < j; i++, j--) continue;",
            "{ loop (int i = 0:int; int j = 1:int; | (i < j):int | ([i]++, [j]--)) unroll 0"
            " continue; }",
        ),
        ("switch (x) { }", "{ switch x {  } }"),
        (
            "switch (u) { case -1: x = 1; case 2 ... 3: break; default: ; }",
            "{ switch u { case 4294967295: [x] = 1:int; case 2...3: break; default: } }",
        ),
        ("switch ((u8)x) case 3: x = 1;", "{ switch int<u8<x>> { case 3: [x] = 1:int; } }"),
        ("again: x++; goto again;", "{ again: [x]++; goto again; }"),
        ("if (x) { done: ; }", "{ if x { done: } }"),
        ('asm volatile("" : "=r"(x) : "0"(x)); asm("");', "{  }"),
        ("return;", "{ return ; }"),
        ("return (void)x;", "{ void<x>; return ; }"),
        ("struct t { int a; }; struct t v = {1};", "{ struct t v = {0:int=1:int}; }"),
        ("typedef int num; num n = 1;", "{ int n = 1:int; }"),
        ("{ int x = 1; x; } x;", "{ { int x = 1:int; x; } x; }"),
        ('_Static_assert(sizeof(int) == 4, "int");', "{  }"),
        ("__auto_type y = &u;", "{ u32 * y = &u; }"),
        ("typeof(*p) y = 1;", "{ u64 y = 1:u64; }"),
    ],
)
def test_statements(text: str, made: str) -> None:
    assert _body(text) == made


@pytest.mark.parametrize(
    ("pragma", "rounds"),
    [
        ("unroll", -1),
        ("clang loop unroll(full)", -1),
        ("unroll 4", 4),
        ("unroll(4)", 4),
        ("nounroll", 0),
        ("GCC unroll 8", 8),
        ("once", 0),
    ],
)
def test_a_pragma_is_for_the_loop_behind_it(pragma: str, rounds: int) -> None:
    text = f"\n#pragma {pragma}\nfor (;;) break; while (x) break;\n"
    first, second = f"unroll {rounds} break;", "unroll 0 break;"
    assert _body(text) == f"{{ loop ( |  | ) {first} loop ( | x | ) {second} }}"


def test_a_result_is_converted() -> None:
    assert _body("return u;", result="long") == "{ return long<u>; }"
    assert _body("return 0;", result="u64 *") == "{ return 0:u64 *; }"


def test_functions_are_kept_in_order_and_inlined_ones_are_static() -> None:
    unit = check_c(
        """
        static int later(int);
        int first(void) { return later(1); }
        static int later(int x) { return x; }
        static __attribute__((always_inline)) int third(void) { return 3; }
        """
    )
    assert [(name, one.is_static) for name, one in unit.functions.items()] == [
        ("later", True),
        ("first", False),
        ("third", True),
    ]
    later = unit.functions["later"]
    assert [one.name for one in later.parameters] == ["x"]
    assert text_of(later.body) == "{ return x; }"
    assert text_of(unit.functions["first"].body) == "{ return later(1:int):int; }"


def test_what_a_program_declares() -> None:
    unit = check_c(
        """
        struct key { u32 pid; };
        enum kind { ONE = 1, TWO };
        typedef struct key key_t;
        const u8 LIMIT = 300;
        int f(void) { return LIMIT + TWO; }
        """
    )
    assert [str(one) for one in unit.records.values()] == ["struct key"]
    assert unit.enumerations["kind"].constants == (("ONE", 1), ("TWO", 2))
    assert unit.typedefs == {"key_t": unit.records["key"]}
    assert text_of(unit.functions["f"].body) == "{ return 46:int; }"
    assert unit.license == "GPL"
    assert check_c('char _license[] = "MIT";').license == "MIT"


def test_tables() -> None:
    unit = check_c(
        """
        struct key { u32 pid; char comm[16]; };
        BPF_HASH(counts, struct key);
        BPF_ARRAY(totals, u32, 2 * 4);
        BPF_HISTOGRAM(dist);
        BPF_QUEUE(waiting, u64, 8);
        BPF_TABLE_PINNED("hash", u64, u64, shared, 1024, "/sys/fs/bpf/shared");
        BPF_TABLE("extern", int, u64, theirs, 10);
        BPF_F_TABLE("hash", int, u64, sparse, 10, 1);
        BPF_ARRAY_OF_MAPS(outer, "totals", 4);
        """
    )
    tables = unit.tables
    assert {name: (one.kind, one.entries, one.flags) for name, one in tables.items()} == {
        "counts": ("hash", 10240, 0),
        "totals": ("array", 8, 0),
        "dist": ("histogram", 64, 0),
        "waiting": ("queue", 8, 0),
        "shared": ("hash", 1024, 0),
        "theirs": ("hash", 10, 0),
        "sparse": ("hash", 10, 1),
        "outer": ("array_of_maps", 4, 0),
    }
    assert tables["counts"].key is unit.records["key"]
    assert same_type(tables["counts"].leaf, U64)
    assert same_type(tables["totals"].key, INT) and same_type(tables["totals"].leaf, U32)
    assert tables["waiting"].key == VOID
    assert tables["shared"].pin == "/sys/fs/bpf/shared"
    assert tables["theirs"].is_extern and not tables["counts"].is_extern
    assert tables["outer"].inner == "totals"


def _call(text: str, before: str = "") -> str:
    unit = check_c(
        f"""
        struct key {{ u32 pid; }};
        struct event {{ u64 ts; char comm[16]; }};
        BPF_HASH(counts, struct key);
        BPF_HASH(start, u32, u64);
        BPF_HISTOGRAM(dist);
        BPF_PERF_OUTPUT(events);
        BPF_RINGBUF_OUTPUT(ring, 8);
        struct bpf_stacktrace {{ u64 ip[127]; }};
        BPF_STACK_TRACE(stacks, 1024);
        {before}
        int f(struct pt_regs *ctx, int x, struct sock *sk) {{
            struct key key = {{}}; struct event event = {{}}; u32 pid = 0; u64 *p = 0;
            {text}
        }}
        """
    )
    body = unit.functions["f"].body
    assert body is not None
    return text_of(body.statements[4])


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("start.lookup(&pid);", "start.lookup(&pid):u64 *;"),
        ("counts.lookup(&key);", "counts.lookup(&key):u64 *;"),
        ("counts.increment(key);", "counts.increment(key):void;"),
        ("start.increment(x, 5);", "start.increment(u32<x>, 5:unsigned long long):void;"),
        ("dist.increment(bpf_log2l(x));", "dist.increment(int<builtin log2l"),
        ("start.delete(&pid);", "start.delete(&pid):long;"),
        ("events.perf_submit(ctx, &event, sizeof(event));", "events.perf_submit(ctx, &event, 24:"),
        ("ring.ringbuf_output(&event, sizeof(event), 0);", "ring.ringbuf_output(&event, 24:"),
        ("stacks.get_stackid(ctx, 0);", "stacks.get_stackid(ctx, 0:unsigned long long):long;"),
        ("bpf_ktime_get_ns();", "bpf_ktime_get_ns():u64;"),
        (
            "bpf_probe_read_kernel(&pid, sizeof(pid), &sk->__sk_common.skc_family);",
            "bpf_probe_read_kernel(&pid, 4:u32, &*sk.__sk_common.skc_family):long;",
        ),
        ("bpf_map_delete_elem(&start, &pid);", "bpf_map_delete_elem(&start, &pid):long;"),
        ('bpf_trace_printk("%d %s", x, event.comm);', "bpf_trace_printk(&b'%d %s\\x00', x, &event"),
        ("bpf_trace_printk(event.comm, 3, x);", "bpf_trace_printk(&event.comm, 3:int, x):long;"),
        ("bpf_loop(4, each, &key, 0);", "bpf_loop(4:u32, &each, &key, 0:u64):long;"),
        ("__sync_fetch_and_add(p, x);", "builtin sync_fetch_and_add(p, u64<x>):u64;"),
        ("__atomic_add_fetch(p, 1, 0);", "builtin sync_add_and_fetch(p, 1:u64):u64;"),
        ("lock_xadd(p, 1);", "void<builtin sync_fetch_and_add(p, 1:u64):u64>;"),
        ("__builtin_memset(&key, 0, 4);", "builtin memset(&key, 0:int, 4:unsigned long):void *;"),
        ("__builtin_expect(x, 1);", "long<x>;"),
        ("bpf_usdt_readarg(1, ctx, &pid);", "builtin usdt_readarg(1:int, ctx, &pid):int;"),
    ],
)
def test_calls(text: str, made: str) -> None:
    each = "static int each(u32 index, void *data) { return 0; }"
    assert _call(text, each).startswith(made)


def test_what_is_sent_tells_how_events_are_read() -> None:
    unit = check_c(
        """
        struct event { u64 ts; };
        BPF_PERF_OUTPUT(events);
        BPF_RINGBUF_OUTPUT(ring, 8);
        BPF_PERF_OUTPUT(unused);
        int f(void *ctx) {
            struct event event = {};
            struct event *e = ring.ringbuf_reserve(sizeof(*e));
            events.perf_submit(ctx, &event, sizeof(event));
            ring.ringbuf_submit(e, 0);
            return 0;
        }
        """
    )
    event = unit.records["event"]
    assert isinstance(event, Record)
    assert [one.record for one in unit.tables.values()] == [event, event, None]


def test_a_packet_header_is_read_from_the_packet() -> None:
    unit = check_c(
        """
        struct ip_t { u8 ver:4; u8 hlen:4; u16 total; u32 source; }
            __attribute__((packed)) __attribute__((deprecated("packet")));
        int f(struct __sk_buff *skb) {
            u8 *cursor = 0;
            struct ip_t *ip = (struct ip_t *)cursor;
            return ip->hlen + ip->source;
        }
        """
    )
    body = unit.functions["f"].body
    assert body is not None
    offset = "(unsigned long long<ip> + {}:unsigned long long):unsigned long long"
    byte = f"builtin load_byte(skb, {offset.format(0)}):unsigned long long"
    word = f"builtin load_word(skb, {offset.format(3)}):unsigned long long"
    assert text_of(body.statements[-1]) == (
        f"return int<(unsigned int<u8<({byte} & 15:unsigned long long):unsigned long long>>"
        f" + u32<{word}>):unsigned int>;"
    )


def _function(text: str) -> FunctionDecl:
    return next(iter(check_c(text).functions.values()))


def test_a_tracepoints_arguments_are_its_record() -> None:
    function = _function("TRACEPOINT_PROBE(sched, sched_switch) { return args->next_pid; }")
    assert function.name == "tracepoint__sched__sched_switch"
    assert text_of(function.body) == "{ return *args.next_pid; }"
