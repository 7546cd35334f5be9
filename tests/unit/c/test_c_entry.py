"""Where the parameters of programs come from, and what contexts refuse."""

from __future__ import annotations

import pytest

from c_runs import RECORDED, c_unit
from seismo.base.errors import NotSupported, SourceError
from seismo.c.compile import build_program
from seismo.c.entry import entry_of
from seismo.c.flavour import (
    KPROBE,
    PERF_EVENT,
    RAW_TRACEPOINT,
    Flavour,
    flavour_of,
    syscall_enter,
    syscall_exit,
)
from seismo.isa.format import format_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec

_REGISTERS = """
struct pt_regs {
    unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs,
        flags, sp, ss;
};
"""


def _built(text: str, flavour: Flavour, name: str = "f") -> ProgramSpec:
    return build_program(c_unit(_REGISTERS + text), name, flavour, RECORDED)


def _listing(text: str, flavour: Flavour, name: str = "f") -> list[str]:
    """The instructions, without their numbers."""
    lines = format_listing(_built(text, flavour, name).insns).splitlines()
    return [line.partition(") ")[2] for line in lines]


def test_parameters_are_loaded_out_of_registers() -> None:
    text = "long f(struct pt_regs *ctx, long a, long b, long c, long d, long e, long g)"
    assert _listing(text + "{ return g; }", KPROBE) == ["r0 = *(u64 *)(r1 +64)", "exit"]
    assert _listing(text + "{ return a; }", KPROBE) == ["r0 = *(u64 *)(r1 +112)", "exit"]


def test_parameters_that_nobody_uses_cost_nothing() -> None:
    text = "int syscall__f(struct pt_regs *ctx, long a, long b) { return 0; }"
    assert _listing(text, KPROBE, "syscall__f") == ["r0 = 0", "exit"]


def test_a_narrow_parameter_is_what_its_type_holds() -> None:
    text = "long f(struct pt_regs *ctx, short a) { return a; }"
    listing = _listing(text, KPROBE)
    assert listing[0] == "r0 = *(u64 *)(r1 +112)"
    assert listing[1:-1] == ["r0 <<= 48", "r0 s>>= 48"]


def test_the_arguments_of_a_system_call_are_behind_its_functions_only_one() -> None:
    text = "long syscall__f(struct pt_regs *ctx, long a, long b, long c, long d) { return d; }"
    listing = _listing(text, KPROBE, "syscall__f")
    assert listing[0] == "r3 = *(u64 *)(r1 +112)"
    assert listing[1] == "r3 += 56"
    assert "call bpf_probe_read_kernel#113" in listing


def test_arguments_of_a_function_that_the_kernel_describes() -> None:
    text = "int kfunc__f(unsigned long long *ctx, long a, long b) { return b; }"
    program = _built(text, flavour_of("kfunc__f"), "kfunc__f")
    assert program.target is not None
    assert program.target.name == "f"
    listing = format_listing(program.insns)
    assert "r0 = 0" in listing, "the kernel takes no other answer"


@pytest.mark.parametrize(
    ("flavour", "body", "message"),
    [
        (syscall_enter(3), "return ctx->ip;", "register ip means nothing here"),
        (syscall_enter(3), "return ctx->ax;", "register ax means nothing here"),
        (syscall_exit(3), "return ctx->di;", "register di means nothing here"),
        (KPROBE, "ctx->ax = 1; return 0;", "the context of this program cannot be written to"),
        (syscall_enter(3), "ctx->di = 1; return 0;", "cannot be written to"),
    ],
)
def test_what_a_context_refuses(flavour: Flavour, body: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        _built(f"int f(struct pt_regs *ctx) {{ {body} }}", flavour)


@pytest.mark.parametrize(
    ("flavour", "parameters", "message"),
    [
        (KPROBE, "long a, long b, long c, long d, long e, long g, long h", "only 6 arguments"),
        (syscall_exit(3), "long h", "arguments are gone"),
        (syscall_enter(3), "long a, long h", "has one argument"),
        (RAW_TRACEPOINT, "long h", "no parameter but its context"),
        (PERF_EVENT, "long h", "BPF_PROG_TYPE_PERF_EVENT has no parameter"),
        (KPROBE, "struct pt_regs h", "which no register holds"),
    ],
)
def test_parameters_that_there_are_not(flavour: Flavour, parameters: str, message: str) -> None:
    use = "h.ax" if "struct" in parameters else "h"
    with pytest.raises(SourceError, match=message):
        _built(f"int f(struct pt_regs *ctx, {parameters}) {{ return {use}; }}", flavour)


def test_the_first_parameter_is_the_context() -> None:
    with pytest.raises(SourceError, match="the first parameter is the context"):
        _built("int f(long a) { return a; }", KPROBE)


def test_a_program_may_do_without_its_context() -> None:
    assert _listing("int f(void) { return 5; }", Flavour(type=ProgType.XDP)) == ["r0 = 5", "exit"]


def test_a_method_takes_the_context_and_nothing_else() -> None:
    text = """
        BPF_PERF_OUTPUT(events);
        int f(struct pt_regs *ctx) { u64 x = 0; return events.perf_submit(&x, &x, sizeof(x)); }
    """
    with pytest.raises(SourceError, match="takes the program's context"):
        _built(text, KPROBE)


def test_what_is_read_through_pointers_depends_on_the_program() -> None:
    text = "int f(void *ctx) { return *(int *)0xffff888000000000; }"
    assert "call bpf_probe_read#4" in _listing(text, KPROBE)
    packet = Flavour(type=ProgType.XDP)
    assert "call bpf_probe_read_kernel#113" in _listing(text, packet)


def test_registers_of_other_machines_are_not_known() -> None:
    with pytest.raises(NotSupported, match="not known for riscv64"):
        entry_of(KPROBE, "f", "riscv64")
    entry_of(RAW_TRACEPOINT, "f", "riscv64")
