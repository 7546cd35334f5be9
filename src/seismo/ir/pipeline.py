"""The passes and their order.

>>> optimize(func, on_stage=lambda stage, func: print(f"-- {stage}\n{func}"))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.base.dataclass import replace
from seismo.ir.func import Func
from seismo.ir.passes.branch import branch
from seismo.ir.passes.copyprop import copyprop
from seismo.ir.passes.cse import cse
from seismo.ir.passes.dce import dce
from seismo.ir.passes.simplify import simplify
from seismo.ir.passes.strength import strength
from seismo.ir.verify import verify

__all__ = ("PASSES", "OnStage", "Pass", "everywhere", "optimize")

Pass: TypeAlias = Callable[[Func], Func]
OnStage: TypeAlias = Callable[[str, Func], None]

PASSES: tuple[tuple[str, Pass], ...] = (
    # SSA construction leaves parameters that stand for one value; constants show behind them.
    ("copyprop", copyprop),
    # Constants come to one place and comparisons into their branches, which decides branches.
    ("simplify", simplify),
    # Decided branches leave edges with one argument, straight lines and dead arms.
    ("branch", branch),
    ("copyprop-2", copyprop),
    # Long blocks and few parameters are where equal ops meet.
    ("cse", cse),
    ("strength", strength),
    # Last, because every pass above leaves ops without a use behind.
    ("dce", dce),
)


def optimize(func: Func, on_stage: OnStage | None = None, *, check: bool = False) -> Func:
    """The program after all passes, with its subprograms, as far as it still uses them.

    `func` itself is left alone.

    `on_stage` is told each pass's name and result. With `check` every result is verified, which
    costs about as much again as the passes: for tests and debugging.
    """
    for name, run in PASSES:
        func = everywhere(run, func)
        if check:
            verify(func, name)
        if on_stage is not None:
            on_stage(name, func)
    return func


def everywhere(run: Pass, program: Func) -> Func:
    """The program after a pass over each of its functions, without those that it no longer uses."""
    result = run(program)
    if not program.subprograms:
        return result
    subprograms = [run(one) for one in program.subprograms]
    used = {op.func for op in result.references}
    kept: list[Func] = []
    for one in reversed(subprograms):
        # A subprogram stands behind those that it uses, so all its users have been seen.
        if one.name in used:
            kept.append(one)
            used |= {op.func for op in one.references}
    return replace(result, subprograms=kept[::-1])
