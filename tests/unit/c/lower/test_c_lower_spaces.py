"""What pointers point into decides how memory is read: by the program itself or by a helper."""

from __future__ import annotations

import pytest

from c_lowering import answer_of, answers_of, calls_in, lowered, read_memory
from seismo.base.errors import SourceError
from seismo.c.flavour import KPROBE, Flavour
from seismo.ir.func import Func
from seismo.ir.interp import Memory, interpret
from seismo.ir.ops import Binary, Store
from seismo.isa.prog_types import ProgType

RECORDS = """
struct inner { int value; char name[8]; };
struct node { struct node *next; struct inner in; struct inner *at; char *text; };
"""


def program(body: str, parameters: str = "void *ctx, struct node *n") -> Func:
    return lowered(f"{RECORDS} int f({parameters}) {{ {body} }}", KPROBE)


def test_each_arrow_into_the_kernel_is_one_read() -> None:
    assert calls_in(program("return n->next->next->in.value;")) == ["probe_read"] * 3


def test_a_parameter_nobody_reads_through_costs_nothing() -> None:
    assert calls_in(program("return n != 0;")) == []


def test_the_typed_task_is_read_by_the_program_itself() -> None:
    """The kernel's verifier knows what it is; of what its members point to, it is not asked."""
    func = program("return bpf_get_current_task_btf()->tgid;")
    assert calls_in(func) == ["get_current_task_btf"]
    func = program("return bpf_get_current_task_btf()->real_parent->tgid;")
    assert calls_in(func) == ["get_current_task_btf", "probe_read"]


def test_an_array_in_the_kernel_is_its_address() -> None:
    func = program("char name[8]; bpf_probe_read_kernel(name, 8, n->in.name); return name[0];")
    assert calls_in(func) == ["probe_read_kernel"]


def test_an_element_of_an_array_in_the_kernel_is_read() -> None:
    assert calls_in(program("return n->in.name[3] + n->at[2].value;")) == ["probe_read"] * 3


def test_a_record_of_the_kernel_is_copied_at_once() -> None:
    func = program("struct inner in = n->in; return in.value + in.name[1];")
    assert calls_in(func) == ["probe_read"]


def test_memory_of_the_process_has_its_own_helper() -> None:
    func = program("int __user *p = (int __user *)n; return *p;")
    assert calls_in(func) == ["probe_read_user"]


@pytest.mark.parametrize(
    "body",
    [
        "struct node local = {}; struct node *p = &local; return p->in.value;",
        "struct node local = {}; struct node *p = &local; p->in.value = 3; return p->in.value;",
        "struct node local = {}, *p = 0; if (n) p = &local; else p = &local; return p->in.value;",
        "int a[4] = {}; int *p = a; for (int i = 0; i < 4; i++) *p++ = i; return a[2];",
    ],
)
def test_what_the_program_owns_needs_no_helper(body: str) -> None:
    assert calls_in(program(body)) == []


def test_a_pointer_that_may_be_either_is_read_by_the_helper() -> None:
    body = "struct node own = {}; struct node *p = n ? n : &own; return p->in.value;"
    assert calls_in(program(body)) == ["probe_read"]


def test_a_loop_widens_what_was_read_before() -> None:
    """In the first round of lowering `p` points to the stack when it is read."""
    body = """
    struct node own = {}; struct node *p = &own; int sum = 0;
    while (sum < 100) { sum += p->in.value; p = n; }
    return sum;"""
    assert calls_in(program(body)) == ["probe_read"]


def test_a_copy_of_a_pointer_follows_what_that_comes_to_be() -> None:
    body = """
    struct node own = {}; struct node *p = &own, *q = 0; int sum = 0;
    while (sum < 100) { q = p; sum += q->in.value; p = n; }
    return sum;"""
    assert calls_in(program(body)) == ["probe_read"]


def test_one_function_may_be_called_with_pointers_of_both_kinds() -> None:
    text = f"""{RECORDS}
    static int get(struct inner *in) {{ return in->value; }}
    int f(void *ctx, struct node *n) {{
        struct inner own = {{ 5 }};
        return get(&own) + get(&n->in);
    }}"""
    assert calls_in(lowered(text, KPROBE)) == ["probe_read"]


def test_a_pointer_kept_in_a_local_record_stays_what_it_is() -> None:
    text = """
    struct cursor { int *at; };
    static void put(struct cursor *c, int value) { *c->at++ = value; }
    int f(void *ctx) {
        int values[3] = {};
        struct cursor c = { .at = values };
        put(&c, 4); put(&c, 5);
        return values[0] * 10 + values[1];
    }"""
    assert answer_of(text, 0) == 45


def test_pointers_into_the_kernel_may_be_kept_on_the_stack() -> None:
    body = "struct node *mine = n, **p = &mine; return (*p)->in.value;"
    assert calls_in(program(body)) == ["probe_read"]


@pytest.mark.parametrize("statement", ["n->in.value = 1;", "n->in.value++;", "*n->at = n->in;"])
def test_the_kernel_is_not_written(statement: str) -> None:
    with pytest.raises(SourceError, match="memory of the kernel") as caught:
        program(f"{statement} return 0;")
    assert "local variable" in caught.value.hint
    assert caught.value.span.text in f"{statement}"


def test_a_read_that_fails_gives_zero() -> None:
    func = program("int x = n->in.value; return x + 7;")
    assert interpret(func, context=(64).to_bytes(8, "little") * 21, call=read_memory) == 7


def test_reads_find_what_is_there() -> None:
    memory = Memory()
    second = memory.allocate(bytes(8) + (42).to_bytes(4, "little"))
    first = memory.allocate(second.to_bytes(8, "little"))
    context = bytearray(168)
    context[104:112] = first.to_bytes(8, "little")  # asm/ptrace.h: si

    func = program("return n->next->in.value;", "void *ctx, int unused, struct node *n")
    assert interpret(func, context=bytes(context), call=read_memory, memory=memory) == 42


def test_nothing_is_computed_with_the_context() -> None:
    """The IR's own rule, which `lowered` checks; sums go by way of the stack."""
    func = lowered(
        "int f(void *ctx) { char x[8]; int i = *(int *)ctx; "
        "bpf_probe_read_kernel(x, 8, ctx + i); return x[0]; }"
    )
    sums = [op for block in func.blocks for op in block.ops if isinstance(op, Binary)]
    assert sums and all(func.params[0] not in op.uses for op in sums)
    stores = [op for block in func.blocks for op in block.ops if isinstance(op, Store)]
    assert sum(op.value is func.params[0] for op in stores) == 1


def test_constant_offsets_in_the_context_are_loads() -> None:
    text = """
    struct record { long a; int b; char name[8]; };
    int f(struct record *ctx) {
        char name[8];
        __builtin_memcpy(name, ctx->name, 8);
        struct record *same = (void *)ctx;
        int *second = &same->b;
        return name[0] + same->b + *second;
    }"""
    func = lowered(text)
    assert calls_in(func) == []
    context = (1).to_bytes(8, "little") + (5).to_bytes(4, "little") + b"A\0\0\0\0\0\0\0"
    assert set(answers_of(func, context)) == {65 + 5 + 5}


def test_a_packet_is_the_programs_own() -> None:
    text = """
    struct xdp_md { unsigned int data, data_end; };
    int f(struct xdp_md *ctx) {
        char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
        if (data + 3 > end) return 0;
        data[0] = data[2];
        return ctx->data_end - ctx->data;
    }"""
    func = lowered(text, Flavour(type=ProgType.XDP))
    assert calls_in(func) == []


def test_what_is_computed_with_a_pointer_is_a_number() -> None:
    """The IR only adds to pointers; this one's alignment has no bound that anybody would need."""
    text = """int f(unsigned long *ctx) {
        int own = 1; unsigned long at = (unsigned long)&own;
        return (at & 7) * 2 + (-at & 7) + !at;
    }"""
    assert answer_of(text, 0) == 0
