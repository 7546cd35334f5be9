"""The pipeline tells of each pass, and checks when it is asked to."""

from __future__ import annotations

from seismo.ir.parse import parse
from seismo.ir.pipeline import PASSES, optimize

FUNC = """\
func f(%p0)
entry:
    %1 = const 2
    %2 = mul64 %1, %1
    return %2"""


def test_each_stage_is_told() -> None:
    told: list[tuple[str, str]] = []
    optimize(parse(FUNC), lambda stage, func: told.append((stage, str(func))), check=True)
    assert [stage for stage, _ in told] == [name for name, _ in PASSES]
    assert told[-1][1] == "func f(%p0)\nentry:\n    %2 = const 4\n    return %2"


def test_the_input_is_left_alone() -> None:
    func = parse(FUNC)
    optimize(func)
    assert str(func) == FUNC
