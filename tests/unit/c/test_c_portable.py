"""C that is compiled with the types of one kernel and runs on another."""

from __future__ import annotations

import struct

import pytest

from c_kernels import KernelOf
from c_portable import PROGRAM, answer, built, fitted, for_kernel, portable
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.btf.types import (
    Array,
    Enum,
    Enumerator,
    Int,
    IntEncoding,
    Member,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
)
from seismo.c.compile import COptions, build_program, compile_c
from seismo.c.flavour import TRACEPOINT
from seismo.core.patch import POISON
from seismo.isa.opcode import CLASS_MASK, Class
from seismo.isa.relo_kinds import CoreKind
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType

INT, CHAR, LONG, U64, U32, SHORT = 1, 2, 3, 4, 5, 6
BASE: tuple[Type, ...] = (
    Int("int", 4, IntEncoding.SIGNED),
    Int("char", 1),
    Int("long int", 8, IntEncoding.SIGNED),
    Int("long long unsigned int", 8),
    Int("unsigned int", 4),
    Int("short int", 2, IntEncoding.SIGNED),
)
BEFORE: tuple[Type, ...] = (
    *BASE,
    Array(CHAR, INT, 16),  # 7
    Struct("", 4, (Member("counter", INT, 0),)),
    Typedef("atomic_t", 8),  # 9
    Struct("path", 16, (Member("mnt", 11, 0), Member("dentry", 11, 64))),  # 10
    Ptr(12),
    Struct(
        "task_struct",
        112,
        (
            Member("pid", INT, 0),
            Member("flags", U32, 32),
            Member("comm", 7, 64),
            Member("parent", 11, 192),
            Member("usage", 9, 256),
            Member("in_exec", U32, 288, 3),
            Member("where", 10, 320),
            Member("", 13, 448),
            Member("signals", 14, 512),
            Member("gone", U64, 640),
            Member("table", 15, 704),
        ),
    ),
    Union("", 8, (Member("cookie", U64, 0), Member("half", U32, 0))),  # 13
    Array(16, INT, 2),
    Array(17, INT, 2),  # 15
    Struct("entry", 8, (Member("key", U32, 0), Member("value", U32, 32))),  # 16
    Struct("", 8, (Member("low", U32, 0), Member("high", U32, 32))),
    Enum("color", 4, (Enumerator("RED", 3), Enumerator("BLUE", 5))),
    Enum("", 4, (Enumerator("NAME_LEN", 16),)),
)
"""A kernel's types."""

AFTER: tuple[Type, ...] = (
    *BASE,
    Array(CHAR, INT, 24),
    Struct("", 8, (Member("more", INT, 0), Member("counter", INT, 32))),
    Typedef("atomic_t", 8),
    Struct("path", 16, (Member("mnt", 11, 0), Member("dentry", 11, 64))),
    Ptr(12),
    Struct(
        "task_struct",
        184,
        (
            Member("state", LONG, 0),
            Member("comm", 7, 64),
            Member("parent", 11, 256),
            Member("flags", U64, 320),
            Member("pid", INT, 384),
            Member("in_exec", U32, 424, 5),
            Member("usage", 9, 448),
            Member("where", 10, 512),
            Member("", 13, 640),
            Member("signals", 14, 704),
            Member("table", 15, 1024),
        ),
    ),
    Union("", 8, (Member("cookie", U64, 0), Member("half", U32, 0))),
    Array(16, INT, 2),
    Array(17, INT, 2),
    Struct("entry", 16, (Member("key", U32, 64), Member("value", U32, 96))),
    Struct("", 16, (Member("high", U32, 32), Member("low", U32, 64))),
    Enum("color", 4, (Enumerator("BLUE", 9), Enumerator("RED", 1))),
    Enum("", 4, (Enumerator("NAME_LEN", 16),)),
)
"""Another one's: other places, other sizes, no `gone`."""

TASK, PARENT = 0xFFFF_8880_0000_1000, 0xFFFF_8880_0000_2000
COMM = b"a name"


def _memory(types: tuple[Type, ...], values: dict[str, tuple[int, int]], size: int) -> bytes:
    """`size` bytes with numbers in them: (offset, bytes) by member, of `VALUES`."""
    data = bytearray(b"\xee" * size)
    for name, (offset, length) in values.items():
        data[offset : offset + length] = VALUES[name].to_bytes(length, "little")
    return bytes(data)


VALUES = {
    "pid": 0xFFFF_FFFF - 6, "flags": 0x8000_0001, "comm": 0x61, "parent": PARENT,
    "usage": 77, "in_exec": 0b10101000, "dentry": 0x1234, "cookie": 0x1122_3344_5566_7788,
    "key": 500, "value": 501, "low": 600,
}  # fmt: skip
AT_BEFORE = {
    "pid": (0, 4), "flags": (4, 4), "comm": (8, 1), "parent": (24, 8), "usage": (32, 4),
    "in_exec": (36, 1), "dentry": (48, 8), "cookie": (56, 8), "key": (72, 4), "value": (76, 4),
    "low": (96, 4),
}  # fmt: skip
AT_AFTER = {
    "pid": (48, 4), "flags": (40, 8), "comm": (8, 1), "parent": (32, 8), "usage": (60, 4),
    "in_exec": (53, 1), "dentry": (72, 8), "cookie": (80, 8), "key": (112, 4), "value": (116, 4),
    "low": (152, 4),
}  # fmt: skip
TASK_TEXT = "struct task_struct *task = (struct task_struct *)ctx->args[0]; "


def _kernels() -> list[tuple[tuple[Type, ...], dict[int, bytes]]]:
    before, after = _memory(BEFORE, AT_BEFORE, 112), _memory(AFTER, AT_AFTER, 184)
    return [(BEFORE, {TASK: before, PARENT: before}), (AFTER, {TASK: after, PARENT: after})]


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("return task->pid;", -7, -7),
        ("return task->flags >> 4;", 0x0800_0000, 0x0800_0000),
        ("return task->parent->parent->pid;", -7, -7),
        ("return task->comm[0];", 0x61, 0x61),
        ("return task->usage.counter;", 77, 77),
        ("atomic_t *usage = &task->usage; return usage->counter;", 77, 77),
        ("return task->in_exec;", 0b000, 0b01000),
        ("return (long)task->where.dentry;", 0x1234, 0x1234),
        ("struct path *path = &task->where; return (long)path->dentry;", 0x1234, 0x1234),
        ("struct path path = task->where; return (long)path.dentry;", 0x1234, 0x1234),
        ("return task->cookie >> 32;", 0x1122_3344, 0x1122_3344),
        ("return task->half;", 0x5566_7788, 0x5566_7788),
        ("return task->signals[1].key;", 500, 500),
        ("struct entry *e = task->signals; e++; return e->value - e[0].key;", 1, 1),
        ("unsigned i = ctx->args[1]; return task->signals[i].value;", 501, 501),
        ("return task->table[1].low;", 600, 600),
        ("return sizeof(struct task_struct);", 112, 184),
        ("return sizeof(*task) - sizeof(struct entry [3]);", 88, 136),
        ("return sizeof(task->comm);", 16, 24),
        ("return offsetof(struct task_struct, where.dentry);", 48, 72),
        ("return offsetof(struct task_struct, signals[1].value);", 76, 116),
        ("return (long)&((struct task_struct *)0)->where.dentry;", 48, 72),
        ("struct path *p = &task->where; return container_of(p, struct task_struct, where)->pid;",
         -7, -7),
        ("return BLUE * 10 + RED;", 53, 91),
        ("char name[NAME_LEN]; return sizeof(name);", 16, 16),
        ("return bpf_core_field_exists(task->pid) + bpf_core_field_exists(struct entry, key);",
         2, 2),
        ("return bpf_core_field_exists(task->gone);", 1, 0),
        ("return bpf_core_field_size(task->flags);", 4, 8),
        ("return bpf_core_field_offset(struct task_struct, flags);", 4, 40),
        ("return bpf_core_type_size(struct entry) + bpf_core_type_exists(struct entry);", 9, 17),
        ("return bpf_core_enum_value(enum color, BLUE);", 5, 9),
        ("return bpf_core_enum_value_exists(enum color, RED);", 1, 1),
        ("return BPF_CORE_READ(task, parent, parent, pid);", -7, -7),
        ("int pid = 0; BPF_CORE_READ_INTO(&pid, task, parent, pid); return pid;", -7, -7),
        ("return bpf_core_field_exists(task->gone) ? task->gone == 0xeeeeeeeeeeeeeeee : 5;", 1, 5),
    ],
)  # fmt: skip
def test_an_expression_is_what_the_kernel_has(text: str, before: int, after: int) -> None:
    data = built(TASK_TEXT + text, BEFORE)
    answers = [answer(fitted(data, types), memory, TASK, 1) for types, memory in _kernels()]
    assert answers == [before, after]
    # Compiled there, it says the same.
    there = [answer(for_kernel(TASK_TEXT + text, types), memory, TASK, 1)
             for types, memory in _kernels() if "gone" not in text or types is BEFORE]  # fmt: skip
    assert there == answers[: len(there)]


def test_it_does_not_matter_where_it_was_compiled() -> None:
    text = TASK_TEXT + "return task->parent->pid + task->in_exec + sizeof(*task) + RED;"
    here, there = built(text, AFTER), built(text, BEFORE)
    assert fitted(here, AFTER).insns == fitted(there, AFTER).insns
    assert fitted(here, BEFORE).insns == fitted(there, BEFORE).insns
    assert fitted(here, BEFORE).insns != fitted(here, AFTER).insns


def test_relocations_are_named() -> None:
    program = portable(TASK_TEXT + "return task->parent->flags + BLUE;", BEFORE)
    assert [one for _, one in program.relocations] == [
        CoreField("struct task_struct", "parent"),
        CoreField("struct task_struct", "flags"),
        CoreField("struct task_struct", "flags", CoreKind.FIELD_BYTE_SIZE),
        CoreEnumerator("enum color", "BLUE"),
    ]
    held = [program.insns[index].imm for index, _ in program.relocations]
    assert held == [24, 4, 4, 5]


def test_without_the_option_nothing_is_open() -> None:
    program = for_kernel(TASK_TEXT + "return task->parent->flags + BLUE;", BEFORE)
    assert program.relocations == ()


FLAVOURS = """
struct task_struct___gone { unsigned long long gone; } __attribute__((preserve_access_index));
struct task_struct___new { long state; } __attribute__((preserve_access_index));
"""


def _with_flavours(body: str) -> str:
    head = f"int {PROGRAM}(struct bpf_raw_tracepoint_args *ctx)"
    return f"{FLAVOURS} {head} {{ {TASK_TEXT} {body} }}"


EITHER = _with_flavours("""
    if (bpf_core_field_exists(struct task_struct___new, state))
        return ((struct task_struct___new *)task)->state & 0xff;
    return ((struct task_struct___gone *)task)->gone & 0xf0;
""")


def test_a_flavour_names_what_only_some_kernels_have() -> None:
    for source in (BEFORE, AFTER):
        data = built(EITHER, source)
        assert [answer(fitted(data, types), memory, TASK) for types, memory in _kernels()] == [
            0xE0,
            0xEE,
        ]


def test_a_flavour_works_without_relocations() -> None:
    answers = [answer(for_kernel(EITHER, types), memory, TASK) for types, memory in _kernels()]
    assert answers == [0xE0, 0xEE]


def test_a_member_that_the_kernel_lacks_is_poison() -> None:
    text = _with_flavours("return ((struct task_struct___gone *)task)->gone;")
    program = fitted(built(text, BEFORE), AFTER)
    poisoned = [index for index, insn in enumerate(program.insns) if insn == POISON]
    assert poisoned and [index for index, _ in program.poisons] == poisoned
    assert "no `struct task_struct___gone: gone`" in program.poisons[0][1]


def test_and_a_mistake_where_it_is_compiled_for_that_kernel() -> None:
    text = _with_flavours("return ((struct task_struct___gone *)task)->gone;")
    with pytest.raises(SourceError) as caught:
        for_kernel(text, AFTER)
    assert "this kernel has no `struct task_struct: gone`" in str(caught.value)
    assert "bpf_core_field_exists" in caught.value.hint


RELIES = [
    ("struct path path = {}; path.dentry = (void *)5; return (long)path.dentry;", "path"),
    ("struct entry e = {.value = 3}; return e.value;", "entry"),
    ("char text[sizeof(struct entry)]; return sizeof(text);", "size"),
    ("switch ((int)ctx->args[1]) { case BLUE: return 1; } return 2;", "case"),
]


@pytest.mark.parametrize("text", [one for one, _ in RELIES], ids=[name for _, name in RELIES])
def test_what_settles_the_code_is_relied_on(text: str) -> None:
    """Where it is so the program runs; where not, the verifier finds a write to address 0, which
    nothing leads around."""
    data = built(text, BEFORE)
    expected = answer(for_kernel(text, BEFORE), {}, TASK, 1)
    assert answer(fitted(data, BEFORE), {}, TASK, 1, cpu=0) == expected
    assert answer(fitted(data, BEFORE), {}, TASK, 1, cpu=3) == expected
    after = fitted(data, AFTER)
    if "struct path" in text:
        assert answer(after, {}, TASK, 1) == expected
    else:
        with pytest.raises(Exception, match="0x0"):
            answer(after, {}, TASK, 1)


def test_a_constant_of_the_whole_text_may_be_the_kernels() -> None:
    text = f"""static const int color = BLUE;
    int {PROGRAM}(struct bpf_raw_tracepoint_args *ctx) {{ return color; }}"""
    data = built(text, BEFORE)
    assert answer(fitted(data, BEFORE), {}, TASK) == 5
    with pytest.raises(Exception, match="0x0"):
        answer(fitted(data, AFTER), {}, TASK)


def test_what_is_sent_of_a_context_is_relied_on() -> None:
    record = Struct("trace_event_raw_x", 32, (Member("name", 7, 64),))
    moved = Struct("trace_event_raw_x", 32, (Member("name", 7, 128),))
    types = (*BASE, Array(CHAR, INT, 16))
    text = f"""SEC("tracepoint/a/x") int {PROGRAM}(struct trace_event_raw_x *ctx)
    {{ char name[4]; bpf_probe_read_kernel(name, 4, ctx->name); return name[1]; }}"""
    data = built(text, (*types, record))
    with pytest.raises(Exception, match="0x0"):
        answer(fitted(data, (*types, moved)), {}, 1, 2, 3, 4)


def test_nothing_is_assumed_of_what_a_program_has_itself() -> None:
    text = "struct mine { int a; struct { int b; } in; } m = {.a = ctx->args[1]}; return m.a;"
    assert portable(text, BEFORE).relocations == ()


def test_a_signed_member_may_not_become_shorter() -> None:
    shorter = list(BEFORE)
    shorter[11] = Struct("task_struct", 112, (Member("pid", SHORT, 0),))
    data = built(TASK_TEXT + "return task->pid;", BEFORE)
    assert answer(fitted(data, BEFORE), {TASK: struct.pack("<i", -3)}, TASK) == -3
    with pytest.raises(Exception, match="0x0"):
        answer(fitted(data, shorter), {TASK: struct.pack("<h", -3)}, TASK)


def test_the_members_of_a_context_are_found() -> None:
    record = Struct("trace_event_raw_x", 16, (Member("ent", U64, 0), Member("pid", INT, 64)))
    moved = Struct("trace_event_raw_x", 24, (Member("ent", U64, 0), Member("pid", INT, 128)))
    text = "int f(struct trace_event_raw_x *ctx) { return ctx->pid; }"
    view = KernelOf((*BASE, record))
    unit = compile_c(Source("t.c", text), view, COptions(is_portable=True))
    program = build_program(unit, "f", TRACEPOINT, view)
    ((index, relocation),) = program.relocations
    assert relocation == CoreField("struct trace_event_raw_x", "pid")
    assert program.insns[index].op & CLASS_MASK == Class.LDX
    assert program.insns[index].off == 8
    data = built(
        'SEC("tracepoint/a/x") int raw_tracepoint__test(struct trace_event_raw_x *ctx) '
        "{ return ctx->pid; }",
        (*BASE, record),
    )
    assert answer(fitted(data, (*BASE, moved)), {}, 1, 2, 33) == 33


MISTAKES = [
    ("return bpf_core_field_exists(task->missing);", "has no member 'missing'"),
    ("return bpf_core_field_exists(5);", "a member of a struct or union is needed here"),
    ("return bpf_core_field_exists(task);", "no member of a struct"),
    ("return bpf_core_enum_value(enum color, GREEN);", "enum color has no 'GREEN' here"),
    ("return bpf_core_enum_value(struct entry, RED);", "an enum with a name is needed here"),
    ("struct mine { int a; } m; return bpf_core_field_exists(m.a);", "no member of a struct"),
    ("return bpf_core_type_exists(int);", "int has no name that another kernel could know"),
    ("return sizeof(task->table[0]);", "a type without a name"),
    ("return (long)&task->table[1];", "a type without a name"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_mistakes_are_told(text: str, said: str) -> None:
    with pytest.raises((DiagnosticsError, SourceError)) as caught:
        portable(TASK_TEXT + text, BEFORE)
    assert said in str(caught.value)


def test_the_number_of_cpus_is_not_known_elsewhere() -> None:
    with pytest.raises(SourceError, match="how many CPUs there are"):
        portable("return bpf_num_cpus();", BEFORE)


def test_the_size_of_a_type_is_one_relocation() -> None:
    program = portable("return sizeof(struct entry [4]);", BEFORE)
    assert [one for _, one in program.relocations] == [CoreType("struct entry")]


def test_registers_are_the_same_everywhere() -> None:
    inner = Struct("", 8, (Member("cs", U64, 0),))
    registers = Struct("pt_regs", 168, (Member("di", U64, 896), Member("in", 7, 1088)))
    types = (*BASE, inner, registers)
    text = "struct pt_regs *regs = (struct pt_regs *)ctx->args[0]; return regs->di + regs->in.cs;"
    assert portable(text, types).relocations == ()
    text = "struct pt_regs regs = *(struct pt_regs *)ctx->args[0]; return regs.di + regs.in.cs;"
    assert portable(text, types).relocations == ()
