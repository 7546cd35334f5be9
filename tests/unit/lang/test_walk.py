"""Ways through the tree: every node has its children, in the order of the script."""

from __future__ import annotations

from typing import get_args

from parse_cases import parsed
from seismo.lang.ast import Expr, Stmt, TypeExpr
from seismo.lang.print import format_script
from seismo.lang.walk import children, deepest, walk

SCRIPT = """
fn f($a : int64) : int64 { return $a }
t:a:b /pid/ {
  let $x : typeof($y) = 1; let $z; $x += -2 * 3; @m[1, "a"] = true; f($1); str($1);
  if $x { 1 } else { 2 }
  while $x { break } unroll(3) { continue } for $i : 0..9 { } for $kv : @m { } { }
  $t = ($x ? 1 : 2, (a = 3), $x++, $t.0, $a[1], (uint8)1, { 1; 2 }, comptime 1);
  print(sizeof(struct a), offsetof(struct a, b), typeinfo($x), typeof($x));
}
"""


def test_every_kind_of_node_is_walked() -> None:
    script, diagnostics = parsed(SCRIPT)
    assert not diagnostics.found
    (probe,), (function,) = script.probes, script.functions
    seen = {type(node) for root in (probe, function) for node in walk(root)}
    assert seen >= {*get_args(Expr), *get_args(Stmt), TypeExpr}


def test_children_stand_in_the_order_of_the_script() -> None:
    script, _ = parsed(SCRIPT)
    for node in walk(script.probes[0]):
        starts = [one.span.start for one in children(node)]
        assert starts == sorted(starts)


def test_the_deepest_node() -> None:
    script, _ = parsed("BEGIN { f(1 + -$x); g() }")
    depth, node = deepest(script.probes[0])
    assert depth == 7
    assert node.span.text == "$x"


def test_every_node_is_listed() -> None:
    script, _ = parsed(SCRIPT)
    listing = format_script(script)
    assert "typeof" in listing
    assert "ternary" in listing
