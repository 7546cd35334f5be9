"""Passes keep what a function means, whatever the function."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from random_funcs import CONTEXT, call_helper, random_func
from seismo.ir.func import Func
from seismo.ir.interp import interpret
from seismo.ir.parse import parse
from seismo.ir.pipeline import PASSES, Pass, everywhere, optimize
from seismo.ir.verify import verify

FUNCS = st.builds(
    random_func,
    st.integers(0, 1 << 32),
    st.integers(1, 40),
    variables=st.integers(1, 8),
    subprograms=st.sampled_from((0, 0, 1, 3)),
)


def run(func: Func) -> int:
    return interpret(func, context=CONTEXT, call=call_helper)


@given(FUNCS)
@settings(max_examples=100, deadline=None)
def test_a_listing_reads_back(func: Func) -> None:
    verify(func, "builder")
    again = parse(str(func))
    assert str(again) == str(func)
    assert run(again) == run(func)


@pytest.mark.parametrize(("name", "run_pass"), PASSES, ids=[name for name, _ in PASSES])
@given(func=FUNCS)
@settings(max_examples=60, deadline=None)
def test_each_pass_keeps_meaning_and_leaves_its_input_alone(
    name: str, run_pass: Pass, func: Func
) -> None:
    before = str(func)
    after = everywhere(run_pass, func)
    verify(after, name)
    assert str(func) == before
    assert run(after) == run(func)


@given(FUNCS)
@settings(max_examples=150, deadline=None)
def test_the_pipeline_keeps_meaning(func: Func) -> None:
    assert run(optimize(func, check=True)) == run(func)


@given(FUNCS)
@settings(max_examples=60, deadline=None)
def test_the_pipeline_does_not_grow_a_function(func: Func) -> None:
    def ops(program: Func) -> int:
        funcs = (program, *program.subprograms)
        return sum(len(block.ops) for func in funcs for block in func.blocks)

    assert ops(optimize(func)) <= ops(func)
