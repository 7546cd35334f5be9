"""Small programs of C with what they answer: run by the machine in user space and by the kernel.

Each has a function `f`, run as a raw tracepoint with `args` as its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ("BUILTIN_CASES", "METHOD_CASES", "CCase")


@dataclass(frozen=True)
class CCase:
    """`tables` are what tables of integers hold after `repeat` runs; `retval` that of the last."""

    name: str
    text: str
    retval: int
    args: tuple[int, ...] = ()
    tables: dict[str, dict[int, int]] = field(default_factory=dict)
    repeat: int = 1

    def __str__(self) -> str:
        return self.name


def _program(tables: str, body: str) -> str:
    return f"{tables}\nint f(struct bpf_raw_tracepoint_args *ctx) {{\n{body}\n}}"


METHOD_CASES = (
    CCase(
        "lookup-missing",
        _program("BPF_HASH(t, u32);", "u32 k = 1; return t.lookup(&k) ? 1 : 2;"),
        2,
    ),
    CCase(
        "update-and-lookup",
        _program(
            "BPF_HASH(t, u32);",
            "u32 k = 1; u64 v = 7, *p; t.update(&k, &v); p = t.lookup(&k); return p ? *p : 0;",
        ),
        7,
        tables={"t": {1: 7}},
    ),
    CCase(
        "update-with-flags",
        _program("BPF_HASH(t, u32);", "u32 k = 1; u64 v = 7; return t.update(&k, &v, BPF_EXIST);"),
        -2 & 0xFFFF_FFFF,
    ),
    CCase(
        "insert-keeps-what-is-there",
        _program(
            "BPF_HASH(t, u32);",
            "u32 k = 1; u64 a = 7, b = 8; t.insert(&k, &a); return t.insert(&k, &b);",
        ),
        -17 & 0xFFFF_FFFF,
        tables={"t": {1: 7}},
    ),
    CCase(
        "delete",
        _program(
            "BPF_HASH(t, u32);",
            "u32 k = 1; u64 v = 7; t.update(&k, &v); int a = t.delete(&k); return a || "
            "t.delete(&k) != -2;",
        ),
        0,
        tables={"t": {}},
    ),
    CCase(
        "lookup-or-try-init-makes-it-once",
        _program(
            "BPF_HASH(t, u32);",
            "u32 k = 1; u64 v = 5, *p = t.lookup_or_try_init(&k, &v); if (!p) return 0; *p += 1;"
            "return *p;",
        ),
        8,
        tables={"t": {1: 8}},
        repeat=3,
    ),
    CCase(
        "lookup-or-init-ends-a-program-whose-table-is-full",
        _program(
            "BPF_HASH(t, u32, u64, 1);",
            "u32 k = 1; u64 v = 5; t.update(&k, &v); k = 2; u64 *p = t.lookup_or_init(&k, &v);"
            "return 100 + *p;",
        ),
        0,
        tables={"t": {1: 5}},
    ),
    CCase(
        "increment-makes-a-leaf-of-a-hash",
        _program("BPF_HASH(t, u32);", "t.increment(3); t.increment(3, 10); return 0;"),
        0,
        tables={"t": {3: 22}},
        repeat=2,
    ),
    CCase(
        "increment-takes-a-variable-key-and-amount",
        _program("BPF_HASH(t, u64);", "t.atomic_increment(ctx->args[0], ctx->args[1]); return 0;"),
        0,
        args=(77, 5),
        tables={"t": {77: 10}},
        repeat=2,
    ),
    CCase(
        "increment-of-a-struct-key",
        _program(
            "struct key { u32 a; u32 b; }; BPF_HASH(t, struct key);",
            "struct key k = {.a = 1, .b = 2}; t.increment(k); return 0;",
        ),
        0,
        tables={"t": {2 << 32 | 1: 1}},
    ),
    CCase(
        "increment-of-a-narrow-leaf-wraps",
        _program("BPF_HASH(t, u32, u8);", "t.increment(1, 200); return 0;"),
        0,
        tables={"t": {1: 400 & 0xFF}},
        repeat=2,
    ),
    CCase(
        "increment-makes-no-leaf-of-an-lru-hash",
        _program('BPF_TABLE("lru_hash", u32, u64, t, 8);', "u32 k = 1; t.increment(k); return 0;"),
        0,
        tables={"t": {}},
    ),
    CCase(
        "histogram-of-int",
        _program(
            "BPF_HISTOGRAM(t);",
            "t.increment(bpf_log2l(ctx->args[0])); int k = 9; u64 *p = t.lookup(&k);"
            "return p ? *p : -1;",
        ),
        1,
        args=(300,),
    ),
    CCase(
        "histogram-of-a-struct-is-a-hash",
        _program(
            "struct key { u32 a; u32 slot; }; BPF_HISTOGRAM(t, struct key);",
            "struct key k = {1, bpf_log2(ctx->args[0])}; t.atomic_increment(k); return 0;",
        ),
        0,
        args=(300,),
        tables={"t": {8 << 32 | 1: 1}},
    ),
    CCase(
        "array-of-records",
        _program(
            "struct rec { u32 n; u64 sum; }; BPF_ARRAY(t, struct rec, 2);",
            "int k = 1; struct rec *p = t.lookup(&k); if (!p) return -1; p->n++; "
            "p->sum += ctx->args[0]; return p->sum + p->n;",
        ),
        22,
        args=(10,),
        repeat=2,
    ),
    CCase(
        "per-cpu-array-as-scratch",
        _program(
            "struct big { char text[1024]; u64 n; }; BPF_PERCPU_ARRAY(t, struct big, 1);",
            "int k = 0; struct big *p = t.lookup(&k); if (!p) return -1; p->text[1000] = 3; "
            "p->n = 4; return p->text[1000] + p->n;",
        ),
        7,
    ),
    CCase(
        "queue-first-in-first-out",
        _program(
            "BPF_QUEUE(t, u64, 4);",
            "u64 v = 1, got = 0; t.push(&v, 0); v = 2; t.push(&v, 0); t.peek(&got); u64 first = "
            "got; t.pop(&got); return first * 100 + got * 10 + (t.pop(&got) ? 0 : got);",
        ),
        112,
    ),
    CCase(
        "stack-last-in-first-out",
        _program(
            "BPF_STACK(t, u64, 4);",
            "u64 v = 1, got = 0; t.push(&v, 0); v = 2; t.push(&v, 0); t.pop(&got); return got;",
        ),
        2,
    ),
    CCase(
        "a-full-queue-refuses",
        _program("BPF_QUEUE(t, u64, 1);", "u64 v = 1; t.push(&v, 0); return t.push(&v, 0);"),
        -7 & 0xFFFF_FFFF,
    ),
    CCase(
        "longest-prefix",
        _program(
            "struct key { u32 bits; u32 address; }; BPF_LPM_TRIE(t, struct key, u32, 8);",
            "struct key k = {8, 10}; u32 v = 5; t.update(&k, &v); k.bits = 32; "
            "k.address = 0x0302010a; u32 *p = t.lookup(&k); return p ? *p : 0;",
        ),
        5,
    ),
    CCase(
        "a-reserved-record-may-be-given-up",
        _program(
            "struct e { u64 a; }; BPF_RINGBUF_OUTPUT(t, 1);",
            "struct e *p = t.ringbuf_reserve(sizeof(*p)); if (!p) return -1; p->a = 1; "
            "t.ringbuf_discard(p, 0); return 0;",
        ),
        0,
    ),
    CCase(
        "call-in-a-static-function",
        _program(
            "BPF_HASH(t, u32);\nstatic void count(u32 key) { t.increment(key); }",
            "count(4); count(4); count(5); return 0;",
        ),
        0,
        tables={"t": {4: 2, 5: 1}},
    ),
    CCase(
        "lookup-or-init-ends-only-the-function-that-calls-it",
        _program(
            "BPF_HASH(t, u32, u64, 1);\nstatic int one(u32 k) { u64 v = 5; return "
            "*t.lookup_or_init(&k, &v); }",
            "return one(1) * 10 + one(2);",
        ),
        50,
    ),
)


def _value(name: str, expression: str, args: tuple[int, ...], retval: int) -> CCase:
    body = f"u64 a = ctx->args[0], b = ctx->args[1]; return {expression};"
    return CCase(f"{name}{args}", _program("", body), retval & 0xFFFF_FFFF, (*args, 0)[:2])


_TOP = 1 << 63
_BYTES = "char l[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, r[12];"

BUILTIN_CASES = (
    *(
        _value("log2l", "bpf_log2l(a)", (number,), max(number.bit_length(), 1))
        for number in (0, 1, 2, 3, 255, 256, 1 << 32, (1 << 32) - 1, _TOP, _TOP - 1, 2 * _TOP - 1)
    ),
    *(
        _value("log2", "bpf_log2(a)", (number,), max(number.bit_length() - 1, 0))
        for number in (0, 1, 2, 3, 1000, (1 << 32) - 1)
    ),
    *(
        _value("popcountll", "__builtin_popcountll(a)", (number,), number.bit_count())
        for number in (0, 1, 0x8000_0000_0000_0001, 2 * _TOP - 1, 0x1234_5678_9ABC_DEF0)
    ),
    _value("popcount", "__builtin_popcount(a)", (0xF_0000_000F,), 4),
    _value("parity", "__builtin_parity(a)", (7,), 1),
    _value("ctz", "__builtin_ctz(a)", (0x50,), 4),
    _value("ctzll", "__builtin_ctzll(a)", (_TOP,), 63),
    _value("clz", "__builtin_clz(a)", (1,), 31),
    _value("clzll", "__builtin_clzll(a)", (1,), 63),
    _value("clzll", "__builtin_clzll(a)", (2 * _TOP - 1,), 0),
    *(
        _value("ffsll", "__builtin_ffsll(a)", (number,), (number & -number).bit_length())
        for number in (0, 1, 6, _TOP)
    ),
    _value("swap16", "ntohs(a)", (0x1234,), 0x3412),
    _value("swap32", "htonl(a)", (0x12345678,), 0x78563412),
    _value("swap64", "__builtin_bswap64(a) >> 32", (0x1122334455667788,), 0x88776655),
    CCase(
        "memcpy-memcmp-equal",
        _program(
            "",
            f"{_BYTES} __builtin_memcpy(r, l, sizeof(r)); "
            "return __builtin_memcmp(l, r, sizeof(r)) + r[11];",
        ),
        12,
    ),
    *(
        CCase(
            f"memcmp-{at}-{byte}",
            _program(
                "",
                f"{_BYTES} __builtin_memcpy(r, l, 12); r[{at}] = {byte};"
                "return __builtin_memcmp(l, r, 12);",
            ),
            retval & 0xFFFF_FFFF,
        )
        for at, byte, retval in ((0, 0, 1), (0, 9, -1), (7, 0, 1), (11, 200, -1), (11, 0, 1))
    ),
    CCase(
        "memmove-overlapping",
        _program("", f"{_BYTES} __builtin_memmove(l + 4, l, 8); return l[4] * 100 + l[11];"),
        108,
    ),
    CCase(
        "memset",
        _program(
            "",
            f"{_BYTES} __builtin_memset(r, 0, 12); __builtin_memset(r + 2, ctx->args[0], 5);"
            "return (r[1] << 24) | (r[2] << 16) | (r[6] << 8) | r[7];",
        ),
        0x0007_0700,
        args=(0x107,),
    ),
    CCase(
        "fetch-and-add",
        _program(
            "BPF_ARRAY(t, u64, 1);",
            "int k = 0; u64 *p = t.lookup(&k); if (!p) return -1; "
            "u64 old = __sync_fetch_and_add(p, 5); return old * 100 + *p;",
        ),
        510,
        repeat=2,
    ),
    CCase(
        "sub-and-fetch-of-an-int",
        _program(
            "BPF_ARRAY(t, int, 1);",
            "int k = 0; int *p = t.lookup(&k); if (!p) return -1; *p = 3; "
            "return __sync_sub_and_fetch(p, 5) == -2 ? *p : 99;",
        ),
        -2 & 0xFFFF_FFFF,
    ),
    CCase(
        "exchange-and-or",
        _program(
            "BPF_ARRAY(t, u64, 1);",
            "int k = 0; u64 *p = t.lookup(&k); if (!p) return -1; "
            "u64 a = __sync_lock_test_and_set(p, 0x0f); u64 b = __sync_fetch_and_or(p, 0xf0);"
            "__sync_fetch_and_and(p, 0x3c); __sync_fetch_and_xor(p, 1); "
            "return a << 16 | b << 8 | *p;",
        ),
        0x0F3D,
    ),
    CCase(
        "lock-xadd",
        _program(
            "BPF_ARRAY(t, u64, 1);",
            "int k = 0; u64 *p = t.lookup(&k); if (p) lock_xadd(p, 3); return p ? *p : 0;",
        ),
        6,
        repeat=2,
    ),
    CCase(
        "trap-ends-the-program",
        _program("", "if (ctx->args[0] == 1) __builtin_trap(); return 5;"),
        0,
        args=(1,),
    ),
)
