"""The kernel's verifier takes generated code, and the kernel computes what the interpreter does."""

from __future__ import annotations

import pytest

from random_funcs import CONTEXT, call_helper, random_func
from seismo.codegen.emit import generate
from seismo.ir.func import Func
from seismo.ir.interp import interpret
from seismo.ir.pipeline import optimize
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.program import load_program
from seismo.spec.types import ProgramSpec

pytestmark = pytest.mark.kernel


def run_in_kernel(func: Func, kernel: LiveKernel) -> int:
    generated = generate(func)
    spec = ProgramSpec(
        name=func.name,
        type=ProgType.RAW_TRACEPOINT,
        insns=generated.insns,
        spans=generated.spans,
    )
    with load_program(spec, {}, kernel) as program:
        return program.test_run(ctx=CONTEXT).retval


@pytest.mark.parametrize(
    "seeds", [range(start, start + 50) for start in range(0, 300, 50)], ids=str
)
def test_random_functions(seeds: range, kernel: LiveKernel) -> None:
    for seed in seeds:
        func = random_func(seed, size=seed % 60 + 1, variables=2 + seed % 6)
        want = interpret(func, context=CONTEXT, call=call_helper)
        assert run_in_kernel(func, kernel) == want, seed
        assert run_in_kernel(optimize(func), kernel) == want, seed


@pytest.mark.parametrize(
    "seeds", [range(start, start + 25) for start in range(0, 100, 25)], ids=str
)
def test_random_functions_that_spill(seeds: range, kernel: LiveKernel) -> None:
    """Thirty and more values live across calls and around loops; six registers would not do."""
    for seed in seeds:
        func = optimize(random_func(seed, size=seed % 30 + 1, variables=30 + seed % 12))
        want = interpret(func, context=CONTEXT, call=call_helper)
        assert run_in_kernel(func, kernel) == want, seed
