"""Macro expansion: what scripts become is in tests/golden/macros."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pytest

from golden_cases import GoldenCase
from macro_cases import parsed
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.builtin.stdlib import TEXTS
from seismo.lang.ast import BlockExpr, ExprStatement, Script
from seismo.lang.clone import clone
from seismo.lang.macro import expand_macros
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script
from seismo.lang.walk import Node, walk


def expanded(
    text: str, library: Mapping[str, str] = TEXTS, builtins: Collection[str] = ()
) -> tuple[Script, list[str]]:
    """The script without macros, and `column: message` of what is said."""
    diagnostics = Diagnostics()
    script = expand_macros(parsed(text), library, diagnostics, builtins)
    return script, [f"{one.span.location.column}: {one.message}" for one in diagnostics.found]


def nodes(script: Script) -> Iterator[Node]:
    for part in (*script.probes, *script.functions):
        yield from walk(part)


@pytest.mark.golden("macros/*.test")
def test_macros(case: GoldenCase) -> None:
    diagnostics = Diagnostics()
    script = parse(Source("script", case["script"]), diagnostics)
    diagnostics.stop_on_errors()
    script = expand_macros(script, TEXTS, diagnostics)
    assert script.macros == ()
    if "said" in case:
        case.expect("said", "\n".join(str(one) for one in diagnostics.found))
    else:
        diagnostics.stop_on_errors()
        case.expect("tree", format_script(script))


def test_probes_without_macros_are_the_same_objects() -> None:
    script = parsed("macro m() { 1 } BEGIN { print(2); } END { print(m); }")
    begin, end = expand_macros(script, {}, Diagnostics()).probes
    assert begin is script.probes[0]
    assert end is not script.probes[1]


def test_a_name_in_a_comment_changes_nothing() -> None:
    script = parsed('BEGIN { /* ppid */ print("ppid"); $ppid = 1; }')
    assert expand_macros(script, TEXTS, Diagnostics()).probes[0] is script.probes[0]


def test_every_node_is_one_of_its_own() -> None:
    script, said = expanded("macro d(x, $v) { x; $v += x; x } BEGIN { $a = 1; d(d($a, $a), $a) }")
    assert said == []
    every = list(nodes(script))
    assert len(every) == len(set(every)) > 20


def test_the_definition_is_left_alone() -> None:
    script = parsed("macro m(x) { let $y = x; $y } BEGIN { print(m(1)) }")
    before = set(walk(script.macros[0].body))
    after = expand_macros(script, {}, Diagnostics())
    assert before.isdisjoint(nodes(after))
    assert [one.name for one in script.macros[0].params] == ["x"]


def test_places() -> None:
    text = "macro m(x) { let $y = 1; x } BEGIN { print(m(7)) }"
    script, _ = expanded(text)
    block = next(node for node in nodes(script) if isinstance(node, BlockExpr))
    assert block.span.text == "m(7)"
    assert block.statements[0].span.text.startswith("let $y = 1")
    assert block.value is not None
    assert block.value.span.text == "7"


def test_the_library_stands_where_it_is_called() -> None:
    text = "BEGIN { print(ppid(curtask)) }"
    script, _ = expanded(text)
    assert {node.span.source.name for node in nodes(script)} == {"t"}
    spans = [node.span.text for node in walk(script.probes[0].body.statements[0])]
    assert spans == ["print(ppid(curtask))"] * 2 + ["ppid(curtask)"] * 4 + ["curtask"]


def test_a_built_in_takes_what_fits_no_macro() -> None:
    text = 'macro len(a, b) { a } BEGIN { print(len("x")); print(len(1, 2)) }'
    script, said = expanded(text, builtins={"len"})
    assert said == []
    assert "call len" in format_script(script)
    assert expanded(text)[1] == ["37: macro 'len' takes 2 arguments, not 1"]


def test_the_library_does_not_call_the_scripts_macros() -> None:
    library = {"outer": "macro outer() { inner }", "inner": "macro inner() { 1 }"}
    script, said = expanded("macro inner() { 2 } BEGIN { print(inner); print(outer); }", library)
    assert said == []
    assert [line.strip() for line in format_script(script).splitlines()[3:]] == [
        *("call print", "number 2"),
        *("call print", "number 1"),
    ]


def test_a_single_value_is_no_block() -> None:
    script, _ = expanded("macro one() { 1 } macro it($v) { $v } BEGIN { $v = 1; one; it($v) }")
    _, one, it = script.probes[0].body.statements
    assert isinstance(one, ExprStatement)
    assert isinstance(it, ExprStatement)
    assert not isinstance(one.expr, BlockExpr)
    assert isinstance(it.expr, BlockExpr)


@pytest.mark.parametrize("levels", (1, 20, 49))
def test_long_chains(levels: int) -> None:
    chain = " ".join(f"macro m{at}() {{ m{at + 1} }}" for at in range(levels))
    script, said = expanded(f"{chain} macro m{levels}() {{ 7 }} BEGIN {{ print(m0) }}")
    assert said == []
    assert format_script(script).endswith("number 7")


def test_chains_end() -> None:
    chain = " ".join(f"macro m{at}() {{ m{at + 1} }}" for at in range(60))
    _, said = expanded(f"{chain} macro m60() {{ 7 }} BEGIN {{ print(m0) }}")
    assert [one.partition(": ")[2] for one in said] == ["more than 50 macros call one another here"]


def test_deep_arguments_in_deep_places() -> None:
    deep = "!" * 80
    macros = f"macro a(x) {{ {deep}x }} macro b(x) {{ {deep}a(x) }}"
    assert expanded(f"{macros} BEGIN {{ print(b(!!1)) }}")[1] == []
    _, said = expanded(f"{macros} BEGIN {{ print({deep}b(1)) }}")
    assert [one.partition(": ")[2] for one in said] == ["this is nested too deeply"]


def test_clone() -> None:
    script = parsed("BEGIN { for $i : 0..3 { @m[$i] = sizeof(struct x); } if 1 { return; } }")
    probe = script.probes[0]
    copy = clone(probe)
    assert [repr(node) for node in walk(copy)] == [repr(node) for node in walk(probe)]
    assert set(walk(copy)).isdisjoint(walk(probe))
