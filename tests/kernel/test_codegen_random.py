"""The kernel's verifier takes generated code, and the kernel computes what the interpreter does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from random_funcs import ALL_WIDTHS, CONTEXT, call_helper, random_func
from seismo.codegen.emit import generate
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.interp import interpret
from seismo.ir.ops import BinaryKind
from seismo.ir.pipeline import optimize
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.program import load_program
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec

pytestmark = pytest.mark.kernel


def run_in_kernel(func: Func, kernel: LiveKernel) -> int:
    generated = generate(func)
    spec = ProgramSpec(
        name=func.name,
        type=ProgType.RAW_TRACEPOINT,
        insns=generated.insns,
        spans=generated.spans,
        functions=generated.functions,
    )
    with load_program(spec, {}, kernel) as program:
        return program.test_run(ctx=CONTEXT).retval


@pytest.fixture(scope="module")
def widths(kernel: LiveKernel) -> Sequence[int]:
    """The widths of memory accesses that may be mixed: all, or with an old verifier only one.

    One of Linux 6.1 forgets what a stack slot holds when a byte is written at an offset that it
    does not know, but not that it was a register of 8 bytes.
    """
    b = Builder("mixed")
    slot = b.slot("slot", 16)
    number = b.call("get_current_uid_gid")
    for offset in (0, 8):
        b.store(slot, offset, b.binary(BinaryKind.AND, number, b.const(7)), 8)
    index = b.binary(BinaryKind.AND, number, b.const(8))
    b.store(b.add(slot, index), 0, number, 1)
    b.ret(b.load(slot, 10, 2))
    try:
        run_in_kernel(b.func, kernel)
    except VerifierError as error:
        assert error.summary.startswith(
            ("invalid size of register fill", "invalid read from stack")
        )
        return (8,)
    return ALL_WIDTHS


@pytest.mark.parametrize(
    "seeds", [range(start, start + 50) for start in range(0, 300, 50)], ids=str
)
def test_random_functions(seeds: range, kernel: LiveKernel, widths: Sequence[int]) -> None:
    for seed in seeds:
        func = random_func(seed, seed % 60 + 1, 2 + seed % 6, widths=widths)
        want = interpret(func, context=CONTEXT, call=call_helper)
        assert run_in_kernel(func, kernel) == want, seed
        assert run_in_kernel(optimize(func), kernel) == want, seed


@pytest.mark.parametrize(
    "seeds", [range(start, start + 25) for start in range(0, 100, 25)], ids=str
)
def test_random_functions_with_subprograms(
    seeds: range, kernel: LiveKernel, widths: Sequence[int]
) -> None:
    for seed in seeds:
        func = random_func(seed, seed % 40 + 1, widths=widths, subprograms=1 + seed % 3)
        want = interpret(func, context=CONTEXT, call=call_helper)
        assert run_in_kernel(func, kernel) == want, seed
        assert run_in_kernel(optimize(func), kernel) == want, seed


@pytest.mark.parametrize(
    "seeds", [range(start, start + 25) for start in range(0, 100, 25)], ids=str
)
def test_random_functions_that_spill(
    seeds: range, kernel: LiveKernel, widths: Sequence[int]
) -> None:
    """Thirty and more values live across calls and around loops; six registers would not do."""
    for seed in seeds:
        func = optimize(random_func(seed, seed % 30 + 1, 30 + seed % 12, widths=widths))
        want = interpret(func, context=CONTEXT, call=call_helper)
        assert run_in_kernel(func, kernel) == want, seed
