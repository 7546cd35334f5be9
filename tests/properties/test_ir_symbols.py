"""Code with symbols computes, with other values put into it, what it would if they were known.

Every constant of a random function becomes a symbol of its own; the function is optimized and
generated with the values that it has, and run with others.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bpf_machine import run_machine
from random_funcs import ARGUMENTS, CONTEXT, call_helper, random_func
from seismo.base.bits import U64_MAX
from seismo.base.dataclass import replace
from seismo.codegen.emit import generate
from seismo.ir.addressing import addressing_values
from seismo.ir.func import Block, Func
from seismo.ir.interp import Fault, Memory, interpret
from seismo.ir.ops import Const, Op, Symbol
from seismo.ir.pipeline import everywhere, optimize
from seismo.spec.relocations import Relocation, RunValue

FUNCS = st.builds(
    random_func,
    st.integers(0, 1 << 32),
    st.integers(1, 40),
    variables=st.integers(1, 8),
    subprograms=st.sampled_from((0, 0, 1, 3)),
)


def with_symbols(func: Func, mask: int) -> Func:
    """The function with each constant as a symbol that is called as no other; bits of those that
    decide about no address are flipped."""

    def change(one: Func) -> Func:
        fixed = addressing_values(one)

        def made(op: Op) -> Op:
            if not isinstance(op, Const):
                return op
            value = op.value if op.result in fixed else op.value ^ mask
            return Symbol(op.result, value, RunValue(f"{one.name}_{op.result.id}"))

        blocks = [
            Block(block.label, block.params, [made(op) for op in block.ops], block.terminator)
            for block in one.blocks
        ]
        return replace(one, blocks=blocks)

    return everywhere(change, func)


def symbols_of(func: Func) -> dict[Relocation, int]:
    return {
        op.relocation: op.value
        for one in (func, *func.subprograms)
        for block in one.blocks
        for op in block.ops
        if isinstance(op, Symbol)
    }


def call_machine(name: str, args: Sequence[int], memory: Memory) -> int:
    """A call sees five registers, the helper only its arguments."""
    return call_helper(name, args[: ARGUMENTS[name]], memory)


@given(FUNCS, st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_other_values_may_be_put_in(func: Func, mask: int) -> None:
    elsewhere = with_symbols(func, mask)
    try:
        want = interpret(elsewhere, context=CONTEXT, call=call_helper)
    except Fault:
        assume(False)
    values = symbols_of(elsewhere)
    here = with_symbols(func, 0)
    for one in (here, optimize(here, check=True)):
        generated = generate(one)
        insns = list(generated.insns)
        for index, relocation in generated.relocations:
            insns[index] = replace(insns[index], imm=values[relocation] & U64_MAX)
        assert run_machine(insns, context=CONTEXT, call=call_machine) == want
