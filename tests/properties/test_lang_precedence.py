"""Operators group as the table of the language says: a tree written with as few parentheses as the
table allows is read back as itself."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from lang_cases import parsed
from seismo.lang.ast import Binary, Expr, ExprStatement, Name, Ternary, Unary

Tree: TypeAlias = str | tuple["str | Tree", ...]

LEVELS = ("||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %")
LEVEL = {op: level for level, ops in enumerate(LEVELS) for op in ops.split()}
TIGHTEST = len(LEVELS)

names = st.sampled_from("abc")
trees: st.SearchStrategy[Tree] = st.recursive(
    names,
    lambda inner: (
        st.tuples(st.sampled_from(sorted(LEVEL)), inner, inner)
        | st.tuples(st.sampled_from("-!~*"), inner)
        | st.tuples(st.just("?"), inner, inner, inner)
    ),
    max_leaves=25,
)


def written(tree: Tree, lowest: int = -1) -> str:
    """The tree as source, in parentheses if its operator is looser than `lowest`."""
    match tree:
        case str():
            return tree
        case ("?", condition, then, other):
            text = f"{written(condition, 0)} ? {written(then)} : {written(other)}"
            return text if lowest < 0 else f"({text})"
        case (op, operand):
            return f"{op} {written(operand, TIGHTEST)}"
        case (op, left, right):
            level = LEVEL[op]
            text = f"{written(left, level)} {op} {written(right, level + 1)}"
            return text if level >= lowest else f"({text})"
    raise AssertionError(tree)


def read(node: Expr) -> Tree:
    match node:
        case Name():
            return node.name
        case Unary():
            return (node.op, read(node.operand))
        case Binary():
            return (node.op, read(node.left), read(node.right))
        case Ternary():
            return ("?", read(node.condition), read(node.then), read(node.other))
    raise AssertionError(node)


@given(trees)
def test_read_back(tree: Tree) -> None:
    script, diagnostics = parsed(f"BEGIN {{ {written(tree)} }}")
    assert not diagnostics.found
    (statement,) = script.probes[0].body.statements
    assert isinstance(statement, ExprStatement)
    assert read(statement.expr) == tree
