"""Generated code computes what the IR's interpreter computes, with few and with many live values.

The machine traps what the kernel's verifier would refuse, so these run without a kernel;
`tests/kernel/test_codegen_random.py` asks a real one.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bpf_machine import run_machine
from random_funcs import ARGUMENTS, CONTEXT, call_helper, random_func
from seismo.codegen.emit import Generated, generate
from seismo.ir.func import Func
from seismo.ir.interp import Memory, interpret
from seismo.ir.pipeline import optimize
from seismo.ir.verify import verify

SEEDS = st.integers(0, 1 << 32)
FEW = st.builds(random_func, SEEDS, st.integers(1, 40), variables=st.integers(1, 8))
CALLING = st.builds(random_func, SEEDS, st.integers(1, 40), subprograms=st.integers(1, 4))
MANY = st.builds(random_func, SEEDS, st.integers(1, 25), variables=st.integers(30, 42))


def call_machine(name: str, args: Sequence[int], memory: Memory) -> int:
    """A call sees five registers, the helper only its arguments."""
    return call_helper(name, args[: ARGUMENTS[name]], memory)


def run(generated: Generated) -> int:
    return run_machine(generated.insns, context=CONTEXT, call=call_machine)


@given(FEW | CALLING)
@settings(max_examples=100, deadline=None)
def test_preparing_keeps_meaning(func: Func) -> None:
    stages: dict[str, object] = {}
    generate(func, stages.__setitem__)
    prepared = stages["prepare"]
    assert isinstance(prepared, Func)
    verify(prepared, "prepare")
    want = interpret(func, context=CONTEXT, call=call_helper)
    assert interpret(prepared, context=CONTEXT, call=call_helper) == want


@given(FEW)
@settings(max_examples=150, deadline=None)
def test_code_of_small_functions(func: Func) -> None:
    want = interpret(func, context=CONTEXT, call=call_helper)
    assert run(generate(func)) == want
    assert run(generate(optimize(func))) == want


@given(CALLING)
@settings(max_examples=150, deadline=None)
def test_code_of_functions_with_subprograms(func: Func) -> None:
    want = interpret(func, context=CONTEXT, call=call_helper)
    assert run(generate(func)) == want
    generated = generate(optimize(func))
    assert run(generated) == want
    names = [one.name for one in generated.functions]
    assert names == ["random", *(one.name for one in func.subprograms)]
    assert generated.stack_bytes <= 512


@given(MANY)
@settings(max_examples=100, deadline=None)
def test_code_with_more_values_than_registers(func: Func) -> None:
    want = interpret(func, context=CONTEXT, call=call_helper)
    generated = generate(optimize(func))
    assert run(generated) == want
    assert generated.stack_bytes <= 512


@given(FEW | CALLING)
@settings(max_examples=30, deadline=None)
def test_the_same_function_gives_the_same_code(func: Func) -> None:
    generated = generate(optimize(func))
    assert generate(optimize(func)) == generated
    assert len(generated.spans) == len(generated.insns)
