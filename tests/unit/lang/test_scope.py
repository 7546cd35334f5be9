"""Block scopes of variables."""

from __future__ import annotations

import pytest

from lang_cases import parsed
from seismo.base.diagnostics import Diagnostics
from seismo.lang.scope import resolve_variables


def resolved(body: str) -> tuple[list[str], list[str]]:
    """The storage of every variable node in the order in which it is met, and what is said."""
    script, diagnostics = parsed(body if body.startswith("BEGIN") else f"BEGIN {{ {body} }}")
    diagnostics.stop_on_errors()
    found = Diagnostics()
    storage = resolve_variables(script.probes[0], found)
    ordered = sorted(storage.items(), key=lambda item: item[0].span.start)
    return [name for _, name in ordered], [
        f"{one.span.location.column}: {one.message}" + (f" ({one.hint})" if one.hint else "")
        for one in found.found
    ]


def test_disjoint_blocks_have_their_own_variables() -> None:
    names, said = resolved("if 1 { $x = 1; f($x) } else { $x = 2; f($x) } $x = 3; { f($x) }")
    assert names == ["$x", "$x", "$x.2", "$x.2", "$x.3", "$x.3"]
    assert said == []


def test_an_inner_block_sets_the_outer_variable() -> None:
    names, said = resolved("$x = 1; if $x { $x = 2; { $x += 3 } } f($x)")
    assert set(names) == {"$x"}
    assert said == []


def test_let_declares_without_a_value() -> None:
    names, said = resolved("let $x; if 1 { $x = 2 } f($x)")
    assert names == ["$x", "$x", "$x"]
    assert said == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("f($x)", ["11: $x is used before it is set"]),
        ("$x = $x + 1", ["14: $x is used before it is set"]),
        ("$x += 1", ["9: $x is used before it is set"]),
        ("$x++", ["9: $x is used before it is set"]),
        ("@m[$k] = $v", ["12: $k is used before it is set", "18: $v is used before it is set"]),
        ("if $c { }", ["12: $c is used before it is set"]),
        ("BEGIN / $c / { }", ["9: $c is used before it is set"]),
        (
            "if 1 { $x = 1 } f($x)",
            [
                "27: $x is used before it is set "
                "(it is set in a block that has ended: set it before that block, too)"
            ],
        ),
        (
            "$count = 1; f($cuont)",
            ["23: $cuont is used before it is set (did you mean '$count'?)"],
        ),
        ("$x = 1; let $x = 2", ["21: $x exists already (leave out 'let' to set $x)"]),
        ("$x = 1; { let $x; }", ["23: $x exists already (leave out 'let' to set $x)"]),
    ],
)
def test_mistakes(body: str, said: list[str]) -> None:
    assert resolved(body)[1] == said
