"""Block order, dominators, loops, liveness."""

from __future__ import annotations

from seismo.ir.func import Func
from seismo.ir.graph import Dominators, Graph
from seismo.ir.liveness import Liveness
from seismo.ir.parse import parse

NESTED_LOOPS = """
func f(%p0)
entry:
    %1 = load.u64 %p0+0
    %2 = load.u64 %p0+8
    jump outer(%1)
outer(%3):
    branch.ne64 %3, %2 ? inner(%3) : done
inner(%4):
    %5 = sub64 %4, %1
    branch.ne64 %5, %1 ? inner(%5) : next
next:
    %6 = sub64 %3, %1
    jump outer(%6)
done:
    return %3
"""


def labels(func: Func) -> list[str]:
    return [block.label for block in Graph.of(func).order]


def test_then_comes_right_behind_its_branch() -> None:
    func = parse("""
func f(%p0)
entry:
    %1 = load.u64 %p0+0
    branch.eq64 %1, %1 ? then : else
else:
    jump join
then:
    jump join
join:
    return %1
""")
    assert labels(func) == ["entry", "then", "else", "join"]


def test_null_pointers_and_early_returns_come_last() -> None:
    func = parse("""
func f(%p0)
entry:
    %1 = load.u64 %p0+0
    branch.eq64 %1, %1 ? out : go
out:
    return %1
go:
    %p2 = call map_lookup_elem(%p0, %p0)
    branch.eq64 %p2, %1 ? null : found
null:
    call trace_printk(%1)
    jump join
found:
    jump join
join:
    return %1
""")
    assert labels(func) == ["entry", "go", "found", "null", "join", "out"]


def test_what_cannot_be_reached_is_in_no_order() -> None:
    func = parse("func f(%p0)\nentry:\n    %1 = const 1\n    return %1\nb:\n    return %1\n")
    assert labels(func) == ["entry"]
    assert dict(Graph.of(func).predecessors) == {"entry": []}


def test_dominators() -> None:
    dominators = Dominators.of(Graph.of(parse(NESTED_LOOPS)))
    assert dict(dominators.parents) == {
        "entry": "entry",
        "outer": "entry",
        "inner": "outer",
        "next": "inner",
        "done": "outer",
    }
    assert dominators.dominates("outer", "next")
    assert dominators.dominates("inner", "inner")
    assert not dominators.dominates("inner", "done")


def test_loop_depths() -> None:
    assert Graph.of(parse(NESTED_LOOPS)).loop_depths() == {
        "entry": 0,
        "outer": 1,
        "inner": 2,
        "next": 1,
        "done": 0,
    }


def test_liveness() -> None:
    func = parse(NESTED_LOOPS)
    liveness = Liveness.of(func, Graph.of(func))
    shown = {label: {str(value) for value in live} for label, live in liveness.live_in.items()}
    assert shown == {
        "entry": set(),
        "outer": {"%1", "%2"},
        "inner": {"%1", "%2", "%3"},
        "next": {"%1", "%2", "%3"},
        "done": {"%3"},
    }
    out = {label: {str(value) for value in live} for label, live in liveness.live_out.items()}
    assert out["entry"] == {"%1", "%2"}
    assert out["next"] == {"%1", "%2"}
    assert out["done"] == set()
