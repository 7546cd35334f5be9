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


SYMBOLS = """\
func f(%p0)
entry:
    %1 = load.u64 %p0+0
    %2 = symbol 8 type_size(struct a)
    %3 = symbol 8 type_size(struct b)
    %4 = symbol 8 type_size(struct a)
    %5 = mul64 %1, %2
    %6 = mul64 %1, %4
    %7 = mul64 %1, %3
    %8 = add64 %2, %3
    %9 = add64 %5, %6
    %10 = add64 %7, %8
    %11 = add64 %9, %10
    return %11"""


def test_nothing_is_concluded_from_what_a_symbol_is_here() -> None:
    """Both are 8: neither is a shift, nor are they one; what has one name is made once."""
    done = str(optimize(parse(SYMBOLS), check=True))
    assert (
        done
        == """\
func f(%p0)
entry:
    %2 = symbol 8 type_size(struct a)
    %3 = symbol 8 type_size(struct b)
    %1 = load.u64 %p0+0
    %5 = mul64 %1, %2
    %7 = mul64 %1, %3
    %8 = add64 %2, %3
    %9 = add64 %5, %5
    %10 = add64 %7, %8
    %11 = add64 %9, %10
    return %11"""
    )


def test_a_branch_on_a_symbol_stays() -> None:
    func = parse(
        """\
func f(%p0)
entry:
    %1 = symbol 0 run(pid_namespace_inode)
    %2 = const 0
    branch.ne64 %1, %2 ? a : b
a:
    return %1
b:
    return %2"""
    )
    assert str(optimize(func, check=True)) == str(func)


def test_a_relocated_load_keeps_its_relocation() -> None:
    func = parse(
        """\
func f(%p0)
entry:
    %1 = load.s32 %p0+8 record_offset(a:b, c)
    return %1"""
    )
    assert str(optimize(func, check=True)) == str(func)
