"""C types: structs, unions, bit fields, enums, typedefs, arrays, pointers; the preprocessor."""

from __future__ import annotations

import struct

import pytest
from language_cases import mistakes, printed, printed_of, run

pytestmark = pytest.mark.kernel

SIZES = {
    "padding": ("struct S { char a; long b; short c; };", "struct S", 24),
    "packed": ("struct S { char a; long b; short c; } __attribute__((packed));", "struct S", 11),
    "aligned": ("struct S { char a; } __attribute__((aligned(16)));", "struct S", 16),
    "union": ("union U { int a; long b; char c[9]; };", "union U", 16),
    "bit fields": ("struct S { int a:3; int b:5; unsigned c:1; };", "struct S", 4),
    "bit fields that do not fit": ("struct S { int a:30; int b:5; };", "struct S", 8),
    "bit fields ended": ("struct S { int a:3; int :0; int b:5; };", "struct S", 8),
    "nested": ("struct S { struct { int x; } in; union { int u; long v; }; };", "struct S", 16),
    "arrays": ("struct S { int a[3]; char b[2][5]; };", "struct S", 24),
    "flexible": ("struct S { int n; char data[]; };", "struct S", 4),
    "pointers": (
        "struct S { struct Nowhere *p; int (*f)(int, char); void *v; const char *s; };",
        "struct S",
        32,
    ),
    "words of C": (
        (
            "struct S { unsigned long long a; signed char b; long int c; short unsigned d; "
            "unsigned e; };"
        ),
        "struct S",
        32,
    ),
    "words of the kernel": (
        "struct S { u8 a; __u16 b; uint32_t c; s64 d; size_t e; bool f; };",
        "struct S",
        32,
    ),
    "typedef": (
        "typedef unsigned int number; struct S { number a; number b[2]; };",
        "struct S",
        12,
    ),
    "typedef of a struct": ("typedef struct { int x; char y; } pair;", "pair", 8),
    "typedef of a pointer": ("typedef struct { int x; } *pointer;", "pointer", 8),
    "enum": ("enum E { A, B }; struct S { enum E e; };", "struct S", 4),
    "constants as sizes": ("#define N 4\nstruct S { int x[N]; int y[N * 2]; };", "struct S", 48),
    "enumerators as sizes": ("enum { N = 3 }; struct S { char x[N]; };", "struct S", 3),
    "sizeof as a size": (
        "struct A { int x; }; struct S { char x[sizeof(struct A)]; };",
        "struct S",
        4,
    ),
    "a struct within": (
        "struct A { int x; }; struct S { struct A a; struct A b[2]; char c; };",
        "struct S",
        16,
    ),
    "without a semicolon": ("struct S { int a; char b; }", "struct S", 8),
    "several members of one type": ("struct S { int a, *b, c[2]; };", "struct S", 24),
    "qualifiers": ("struct S { const volatile int a; int *const b; };", "struct S", 16),
    "comments": ("struct S { /* a */ int a; // b\n int b; };", "struct S", 8),
    "the kernel's own": ("", "struct list_head", 16),
    "the kernel's shadowed": ("struct list_head { char x; };", "struct list_head", 1),
}

INTS = struct.pack("<iIqHbB", -5, 7, -(1 << 40), 65535, -1, 255)
POINT = "struct P { int a; unsigned b; long c; unsigned short d; signed char e; unsigned char f; }"

MEMORY = {
    "members": (
        POINT,
        INTS,
        "print($p.a); print($p.b); print($p.c); print($p.d); print($p.e); print($p.f)",
        "struct P",
        "-5\n7\n-1099511627776\n65535\n-1\n255",
    ),
    "arrow": (POINT, INTS, "print($p->a); print((*$p).b)", "struct P", "-5\n7"),
    "a copy": (
        POINT,
        INTS,
        "$s = *$p; print($s.a); print($s.d); print($s)",
        "struct P",
        "-5\n65535\n{ .a = -5, .b = 7, .c = -1099511627776, .d = 65535, .e = -1, .f = 255 }",
    ),
    "in a map": (
        POINT,
        INTS,
        "@s[1] = *$p; print(@s[1].c); print(@s[1].f); clear(@s)",
        "struct P",
        "-1099511627776\n255",
    ),
    "as a key": (POINT, INTS, "@s[*$p] = 1; print(@s[*$p]); clear(@s)", "struct P", "1"),
    "arithmetic": (
        POINT,
        INTS,
        "print($p.a + $p.b); print($p.c / 1024); print($p.f + 1)",
        "struct P",
        "2\n-1073741824\n256",
    ),
    "widths in printf": (
        POINT,
        INTS,
        'printf("%d %u %lld %hd %d\\n", $p.a, $p.b, $p.c, $p.d, $p.f)',
        "struct P",
        "-5 7 -1099511627776 -1 255",
    ),
    "bit fields": (
        "struct P { unsigned a:4; unsigned b:4; int c:3; unsigned d:13; unsigned e:8; }",
        struct.pack("<I", 0x5 | 0xA << 4 | 0x7 << 8 | 0x1234 << 11 | 0xCD << 24),
        "print($p.a); print($p.b); print($p.c); print($p.d); print($p.e)",
        "struct P",
        "5\n10\n-1\n4660\n205",
    ),
    "an array": (
        "struct P { int a[4]; char s[8]; }",
        struct.pack("<4i8s", 1, -2, 3, 4, b"text"),
        (
            'print($p.a); print($p.a[1]); print($p.s); print($p.s == "text"); '
            'for $i : 0..4 { printf("%d,", $p.a[$i]) } printf("\\n")'
        ),
        "struct P",
        "[1,-2,3,4]\n-2\ntext\ntrue\n1,-2,3,4,",
    ),
    "an array of arrays": (
        "struct P { short a[2][3]; }",
        struct.pack("<6h", 1, 2, 3, 4, 5, 6),
        "print($p.a[1][2]); print($p.a[0]); print($p.a)",
        "struct P",
        "6\n[1,2,3]\n[[1,2,3],[4,5,6]]",
    ),
    "structs in structs": (
        "struct A { int x; int y; } struct P { struct A a; struct A b[2]; struct { int z; } c; }",
        struct.pack("<7i", 1, 2, 3, 4, 5, 6, 7),
        "print($p.a.y); print($p.b[1].x); print($p.c.z); print($p.a); print($p.b[0])",
        "struct P",
        "2\n5\n7\n{ .x = 1, .y = 2 }\n{ .x = 3, .y = 4 }",
    ),
    "unions": (
        "union P { int a; unsigned char b[4]; }",
        struct.pack("<I", 0x04030201),
        "print($p.a); print($p.b[3]); print($p.b)",
        "union P",
        "67305985\n4\n[1,2,3,4]",
    ),
    "anonymous members": (
        "struct P { int a; union { int b; char c; }; struct { int d; }; }",
        struct.pack("<3i", 1, 0x142, 3),
        "print($p.b); print($p.c); print($p.d)",
        "struct P",
        "322\n66\n3",
    ),
    "an enum": (
        "enum E { ONE = 1, TWO } struct P { enum E e; enum E f; }",
        struct.pack("<2i", 2, 9),
        'print($p.e); printf("%s %d\\n", $p.e, $p.e); print($p.e == TWO); print($p.f)',
        "struct P",
        "TWO\nTWO 2\ntrue\n9",
    ),
    "bool": (
        "struct P { bool a; bool b; }",
        b"\1\0",
        "print($p.a); print($p.b); if ($p.a) { print(1) }",
        "struct P",
        "true\nfalse\n1",
    ),
    "packed": (
        "struct P { char a; int b; } __attribute__((packed));",
        struct.pack("<bi", 1, -2),
        "print($p.b)",
        "struct P",
        "-2",
    ),
    "pointers move by what they point to": (
        "struct P { int a; char b; }",
        struct.pack("<6i", 1, 2, 3, 4, 5, 6),
        (
            "$q = $p + 1; print($q.a); print(($p + 2).b); print($p[1].b); "
            "print((uint64)$q - (uint64)$p); $q++; print($q.a)"
        ),
        "struct P",
        "3\n6\n4\n8\n5",
    ),
}

PREPROCESSOR = {
    "a constant": ("#define A 5\n#define B (A + 1)\n", "print(A); print(B * 2)", "5\n12"),
    "text": ("#define A 1 + 2\n", "print(A * 2)", "6"),
    "a string": ('#define A "text"\n', 'print(A); print(A == "text")', "text\ntrue"),
    "over lines": ("#define A 1 + \\\n 2\n", "print(A)", "3"),
    "again": ("#define A 1\n#undef A\n#define A 2\n", "print(A)", "2"),
    "ifdef": ("#define A\n#ifdef A\n#define X 1\n#else\n#define X 2\n#endif\n", "print(X)", "1"),
    "ifndef": ("#ifndef A\n#define X 1\n#else\n#define X 2\n#endif\n", "print(X)", "1"),
    "if and elif": (
        (
            "#define V 3\n#if V > 3\n#define X 1\n#elif V == 3 && defined(V)\n#define X 2\n#else\n"
            "#define X 3\n#endif\n"
        ),
        "print(X)",
        "2",
    ),
    "nested": (
        "#if 1\n#if 0\n#define X 1\n#else\n#define X 2\n#endif\n#else\n#define X 3\n#endif\n",
        "print(X)",
        "2",
    ),
    "what is left out": (
        "#if 0\nstruct S { nonsense }\n#include <no/such/file.h>\n#error never\n#endif\n",
        "print(1)",
        "1",
    ),
    "BTF is there": (
        "#ifndef BPFTRACE_HAVE_BTF\n#include <linux/socket.h>\n#else\n#define AF_INET 2\n#endif\n",
        "print(AF_INET)",
        "2",
    ),
    "includes of the kernel": (
        "#include <linux/sched.h>\n#include <linux/path.h>\n",
        "print(sizeof(struct path))",
        "16",
    ),
    "pragma": ("#pragma once\n", "print(1)", "1"),
    "in every place for a number": (
        "#define N 3\n",
        "unroll(N) { @n++ } for $i : 0..N { @n++ } print(@n); print((1, 2, 3, 4)[N]); clear(@n)",
        "@n: 6\n4",
    ),
    "an enum": (
        "enum E { A = 1, B, C = 10, D };\n",
        'print(B + 0); print(D); printf("%s %d\\n", C, C); print((enum E)2); print(A == 1)',
        "2\nD\nC 10\nB\ntrue",
    ),
    "an enum without a name": ("enum { A = 5 };\n", "print(A); print(A + 1)", "A\n6"),
    "an enum below zero": ("enum E { M = -1, Z };\n", "print(M + 0); print(Z + 0)", "-1\n0"),
    "an enum of 64 bits": ("enum E { L = 0x100000000 };\n", "print(L + 0)", "4294967296"),
    "enums as map keys": (
        "enum E { A = 1, B };\n",
        "@[A] = B; print(@); print(@[B]); clear(@)",
        "@[A]: B\n0",
    ),
    "offsetof": (
        "struct S { int a; struct { char b; int c; } in; char d[4]; };\n",
        (
            "print(offsetof(struct S, in.c)); print(offsetof(struct S, d)); $s = (struct S *)0; "
            "print(offsetof(*$s, in))"
        ),
        "8\n12\n4",
    ),
    "sizeof a member": (
        "struct S { int a; char b[10]; };\n",
        "$s = (struct S *)0; print(sizeof($s.b)); print(sizeof($s->a)); print(sizeof(*$s))",
        "10\n4\n16",
    ),
}

MISTAKES = {
    "an unknown struct": (
        "BEGIN { print(sizeof(struct nope_nope)) }",
        ["struct nope_nope: unknown type 'struct nope_nope'"],
    ),
    "an unknown member": (
        "struct S { int a; } BEGIN { $s = (struct S *)0; print($s.b) }",
        ["b: struct S has no field 'b'"],
    ),
    "an unknown member's type": (
        "struct S { struct nope_nope m; } BEGIN { print(sizeof(struct S)) }",
        ["m: unknown type 'struct nope_nope'"],
    ),
    "no semicolon": (
        "struct S { int a } BEGIN { print(1) }",
        ["}: expected ';' to end the member, not '}'"],
    ),
    "a member twice": (
        "struct S { int a; int a; } BEGIN { print(sizeof(struct S)) }",
        ["a: 'struct S' has two members 'a'"],
    ),
    "a header that is not there": (
        '#include "no/such.h"\nBEGIN { print(1) }',
        ['"no/such.h": cannot read no/such.h'],
    ),
    "endif alone": ("#endif\nBEGIN { print(1) }", ["endif: #endif without #if"]),
    "if alone": ("#if 1\nBEGIN { print(1) }", ["if: this condition is not closed"]),
    "error": ("#error wrong\nBEGIN { print(1) }", ["#error wrong: #error wrong"]),
    "a macro of itself": (
        "#define A B\n#define B A\nBEGIN { print(A) }",
        ["A: the macro A is defined by itself"],
    ),
    "an enumerator that is none": (
        "enum E { A = 1 }; BEGIN { print((enum E)7) }",
        ["7: enum E has no constant of value 7"],
    ),
    "a struct by value": (
        "BEGIN { print((struct list_head)5) }",
        ["(struct list_head)5: int8 cannot be cast to struct list_head"],
    ),
}

KERNEL = {
    "the current task": "$t = (struct task_struct *)curtask; print($t->pid == tid)",
    "without a cast": "print(curtask.pid == tid && curtask.comm == comm)",
    "a chain": "print(curtask.real_parent.tgid == ppid && curtask.mm.owner == curtask)",
    "a struct within": "print(curtask.thread_node.next != 0)",
    "an array within": "print(curtask.cpus_mask.bits[0] > 0)",
    "a pointer to pointers": "$f = (struct file **)curtask.files.fdt.fd; print(*$f == $f[0])",
    "by offset": "print(*(int32 *)((uint64)curtask + offsetof(struct task_struct, pid)) == tid)",
    "container_of": (
        "print(container_of((uint64)curtask + offsetof(struct task_struct, pid), struct "
        "task_struct, pid) == curtask)"
    ),
    "in a map": "@t = curtask; $same = @t.pid == tid; clear(@t); print($same)",
    "in a tuple": "$t = (curtask, 1); print($t.0.pid == tid)",
    "as a condition": "if (curtask && curtask.mm) { print(true) }",
    "a long chain of names": 'print(str(curtask.fs.pwd.dentry.d_name.name) != "")',
    "bytes": "$q = (uint8 *)curtask; print(*($q + 1) == $q[1])",
}


@pytest.mark.parametrize("name", SIZES)
def test_size(name: str) -> None:
    head, type_, size = SIZES[name]
    assert run(f"{head} BEGIN {{ print(sizeof({type_})) }}").output.strip("\n") == str(size)


@pytest.mark.parametrize("name", MEMORY)
def test_memory(name: str) -> None:
    head, memory, body, type_, expected = MEMORY[name]
    typed = body.replace("$p", "$o")
    assert printed_of(memory, f"$o = ({type_} *)$p; {typed}", head) == expected


@pytest.mark.parametrize("name", PREPROCESSOR)
def test_preprocessor(name: str) -> None:
    head, body, expected = PREPROCESSOR[name]
    assert run(f"{head}BEGIN {{ {body} }}").output.strip("\n") == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    script, expected = MISTAKES[name]
    assert mistakes(script) == expected


@pytest.mark.parametrize("name", KERNEL)
def test_kernel(name: str) -> None:
    assert printed(KERNEL[name]) == "true"
