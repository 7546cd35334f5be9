"""What BCC's tools count on that C's text means in a BPF program: bounds, keys, large texts.

Each has a function `f`, run as a raw tracepoint whose arguments begin with 2.
"""

from __future__ import annotations

from c_program_cases import CCase

__all__ = ("VALUE_CASES",)


def _case(name: str, retval: int, body: str, before: str = "") -> CCase:
    text = f"{before}\nint f(struct bpf_raw_tracepoint_args *ctx) {{\n{body}\n}}"
    return CCase(name, text, retval, args=(2, 3))


_REPEAT = "#define R4(x) x x x x\n#define R256(x) R4(R4(R4(R4(x))))\n"
_PADDED = "struct k { u8 a; u64 b; u8 c; }; BPF_HASH(t, struct k);"
_LIST = "struct v { u64 n; u64 s[4]; }; BPF_ARRAY(t, struct v, 1);"
_VALUE = "int zero = 0; struct v *p = t.lookup(&zero); if (!p) return 0;"

VALUE_CASES = (
    _case(
        "a-checked-member-of-a-value-is-an-index",
        5,
        f"{_VALUE} p->n = ctx->args[0];"
        "if (p->n < 1 || p->n >= 4) return 99; p->s[p->n - 1] = 5; return p->s[1];",
        _LIST,
    ),
    _case(
        "a-checked-signed-member-is-an-index",
        3,
        f"{_VALUE} if (p->n >= 0 && p->n < 4) p->s[p->n] += 3; return p->s[0];",
        "struct v { int n; u64 s[4]; }; BPF_ARRAY(t, struct v, 1);",
    ),
    _case(
        "a-checked-member-on-the-stack-is-an-index",
        3,
        "struct v v = {}, *p = &v; v.n = ctx->args[0];"
        "if (p->n >= 0 && p->n < 4) p->s[p->n] = 3; return v.s[2];",
        "struct v { int n; u64 s[4]; };",
    ),
    _case(
        "a-member-that-was-bounded-is-a-length",
        2,
        f"{_VALUE} u32 n = ctx->args[0]; p->len = min(n, (u32)sizeof(p->data));"
        "bpf_probe_read_kernel(p->data, p->len, p); return p->data[0];",
        "struct v { u32 len; char data[100]; }; BPF_PERCPU_ARRAY(t, struct v, 1);",
    ),
    _case(
        "a-checked-signed-number-is-a-length",
        2,
        "char b[32]; int n = ctx->args[0]; if (n < 0) return 1; if (n > 32) n = 32;"
        "bpf_probe_read_kernel(b, n, ctx); return 2;",
    ),
    _case(
        "constant-objects-outside-functions",
        300 + 79 + ord("b"),
        "return weights[ctx->args[0] & 3] + pair.a * 10 + pair.b + word[1];",
        'const u32 weights[] = {1, 20, 300, 4000}; static const char word[] = "abc";'
        "const struct { u8 a; u64 b; } pair = { .b = 9, .a = 7 };",
    ),
    _case(
        "a-masked-index",
        7,
        "u32 t[8] = {1, 2, 3, 4}; u8 i = ctx->args[0]; return t[(i + 1) & 7] + t[i % 8];",
    ),
    _case("a-narrow-index", 3, "u8 t[16] = {1, 2, 3}; u16 i = ctx->args[0];return i < 16 ?t[i]:0;"),
    _case(
        "rows-and-columns",
        1 + 2 + 2 * 18 + 21 + 3,
        "int m[3][4] = {{1, 2}, {3, 4, 5, 6}, {7}}, sum = 0;"
        "for (int i = 0; i < 3; i++) for (int j = 0; j < 4; j++) sum += m[i][j] * (i + 1);"
        "u32 at = ctx->args[0] & 1; return sum + m[at + 1][at];",
    ),
    _case(
        "a-large-value-of-a-per-cpu-array",
        12,
        "int z = 0; struct big *b = t.lookup(&z); if (!b) return 0; b->data[3999] = 7;"
        "u32 i = ctx->args[0]; if (i < sizeof(b->data)) { b->data[i] = 5; b->n += b->data[i]; }"
        "b->data[i & 1023]++; return b->n + b->data[3999];",
        "struct big { u64 n; char data[4000]; }; BPF_PERCPU_ARRAY(t, struct big, 1);",
    ),
    _case(
        "keys-that-are-equal-but-for-padding-are-equal",
        4,
        "u64 x = ctx->args[0]; struct k k; k.a = 1; k.b = x; k.c = 3; t.increment(k);"
        "struct k j = {.a = 1, .b = x, .c = 3}; t.increment(j); k = made(x); t.increment(k);"
        "struct k i = {}; i.a = 1; i.b = x; i.c = 3; t.increment(i);"
        "u64 *p = t.lookup(&j); return p ? *p : 0;",
        f"{_PADDED} static struct k made(u64 x) "
        "{ struct k k; k.a = 1; k.b = x; k.c = 3; return k; }",
    ),
    _case(
        "keys-with-16-byte-integers",
        2,
        "struct k k = {.port = 3}; u8 b[16] = {1, 2, 3}; __builtin_memcpy(&k.saddr, b, 16);"
        "k.daddr = k.saddr; t.increment(k); struct k j = k; u64 *p = t.lookup(&j);"
        "return p ? *p + (k.daddr == j.saddr) : 0;",
        "struct k { unsigned __int128 saddr; unsigned __int128 daddr; u16 port; };"
        "BPF_HASH(t, struct k);",
    ),
    _case(
        "keys-that-are-unions",
        1,
        "union k k = {}; k.s.pid = 1; k.s.tid = 2; t.increment(k);"
        "u64 w = 0x200000001ull; u64 *p = t.lookup((union k *)&w); return p ? *p : 0;",
        "union k { u64 whole; struct { u32 pid; u32 tid; } s; }; BPF_HASH(t, union k);",
    ),
    _case(
        "bit-fields-of-a-value",
        4114,
        "u32 k = 1; struct b v = {.a = 3, .b = 100}; v.c = 9; t.update(&k, &v);"
        "struct b *p = t.lookup(&k); if (!p) return 0; p->b += 5; p->a++;"
        "return p->a * 1000 + p->b + p->c;",
        "struct b { u32 a:4; u32 b:12; u32 c:16; }; BPF_HASH(t, u32, struct b);",
    ),
    _case(
        "two-pointers-to-one-value",
        10,
        "u32 k = 3; u64 z = 1; t.update(&k, &z); u64 *a = t.lookup(&k), *b = t.lookup(&k);"
        "if (!a || !b) return 0; u64 x = *a; *b = 9; return x + *a;",
        "BPF_HASH(t, u32);",
    ),
    _case(
        "atomics-are-seen",
        6 + 28 + 160 + 41,
        "int z = 0; u64 *p = t.lookup(&z); if (!p) return 0; *p = 6;"
        "u64 a = __sync_fetch_and_or(p, 8), b = __sync_fetch_and_and(p, 12); *p = 40;"
        "u64 c = __sync_lock_test_and_set(p, 41); return a + b * 2 + c * 4 + *p;",
        "BPF_ARRAY(t, u64, 1);",
    ),
    _case(
        "signs",
        2 + 4 + 8 + 16 + 32 + 64 + 128,
        "s32 a = -5; u32 b = 3; s64 c = -1; u8 d = 200; s8 e = d;"
        "return (a < b) + (c < b) * 2 + (e < 0) * 4 + ((a >> 1) == -3) * 8"
        "  + ((u32)a >> 28 == 15) * 16 + (a / 2 == -2) * 32 + (a % 3 == -2) * 64 + (-b > 0) * 128;",
    ),
    _case(
        "cleaning-up-at-a-label",
        5,
        "u32 k = 1; int r = 0; u64 v = 1; t.update(&k, &v);"
        "if (ctx->args[0] == 2) { r = 5; goto out; } r = 6;"
        "out: t.delete(&k); return r + (t.lookup(&k) != 0);",
        "BPF_HASH(t, u32);",
    ),
    _case(
        "a-loop-whose-end-is-a-variable",
        sum(range(22)),
        "u8 t[64] = {}; u64 n = ctx->args[0] + 20; u32 sum = 0;"
        "for (u32 i = 0; i < n && i < 64; i++) { t[i] = i; sum += t[i]; } return sum;",
    ),
    _case(
        "a-loop-of-many-rounds",
        4950,
        "u8 t[100]; for (int i = 0; i < 100; i++) t[i] = i;"
        "u32 sum = 0; for (u32 i = 0; i < sizeof(t); i++) sum += t[i]; return sum;",
    ),
    _case(
        "a-text-of-2000-instructions",
        1,
        "u64 x = ctx->args[0]; R256(x = x * 3 + 1; x ^= x >> 7; x += ctx->args[1];)return x != 0;",
        _REPEAT,
    ),
    _case(
        "many-ways-through-a-text",
        6,
        "u32 x = ctx->args[0], sum = 0;"
        + "".join(f"if (x == {one}) sum += {3 * one};" for one in range(300))
        + "return sum;",
    ),
)
