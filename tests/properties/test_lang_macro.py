"""Properties of macro expansion, over random macros that call one another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from macro_cases import parsed
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.builtin.stdlib import TEXTS
from seismo.lang.ast import Call, Name, Script, Variable
from seismo.lang.macro import expand_macros
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script
from seismo.lang.walk import walk

# Macro N calls only those below it, so that none is recursive.
LEAVES = ("1", "x", "$v", "$own", "@m[x]", "ppid", "str(x)")


@st.composite
def bodies(draw: st.DrawFn, below: int) -> str:
    """An expression that uses the parameters `x`, `$v`, `@m` and macros below a number."""
    depth = draw(st.integers(0, 2))
    text = draw(st.sampled_from(LEAVES))
    for _ in range(depth):
        other = draw(st.sampled_from(LEAVES))
        callee = draw(st.integers(-1, below - 1))
        if callee < 0:
            text = f"({text} + {other})"
        else:
            variable = draw(st.sampled_from(("$v", "$own")))
            text = f"m{callee}({text}, {variable}, @m)"
    return text


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """Some macros and a probe that uses the last one."""
    count = draw(st.integers(1, 4))
    macros = [
        f"macro m{at}(x, $v, @m) {{ let $own = {draw(bodies(at)).replace('$own', '$v')}; "
        f"$v += 1; {draw(bodies(at))} }}"
        for at in range(count)
    ]
    call = f"m{count - 1}(2, $a, @b)"
    return f"{' '.join(macros)} BEGIN {{ $a = 1; $own = 2; print({call}); print($own) }}"


def expanded(script: Script) -> Script:
    diagnostics = Diagnostics()
    script = expand_macros(script, TEXTS, diagnostics)
    assert [str(one) for one in diagnostics.found] == []
    return script


@given(scripts())
def test_expansion_is_complete_and_idempotent(text: str) -> None:
    script = expanded(parsed(text))
    names = {node.name for node in walk(script.probes[0]) if isinstance(node, (Call, Name))}
    assert names <= {"print", "str", "curtask"}
    assert expanded(script).probes == script.probes


@given(scripts())
def test_nodes_are_unique(text: str) -> None:
    every = list(walk(expanded(parsed(text)).probes[0]))
    assert len(every) == len(set(every))


@given(scripts())
def test_macros_keep_their_variables_to_themselves(text: str) -> None:
    script = expanded(parsed(text))
    names = [node.name for node in walk(script.probes[0]) if isinstance(node, Variable)]
    # The caller writes $own twice; all others are the macros'.
    assert names.count("$own") == 2
    assert set(names) <= {"$a", "$own"} | {name for name in names if name.startswith("$own'")}


@given(scripts())
def test_the_tree_is_the_same_each_time(text: str) -> None:
    assert format_script(expanded(parsed(text))) == format_script(expanded(parsed(text)))


PIECES = (
    *(
        "a",
        "b",
        "a()",
        "b(",
        "x",
        "$x",
        "@x",
        "@x[",
        "1",
        "typeof(",
        "sizeof(",
        "struct",
        "t",
        "t*",
    ),
    *("(", ")", "[", "]", "{", "}", ",", ";", "+", "=", ":", ".", "let", "return", "break", "ppid"),
    *("offsetof(", "(t)", "if", "else", "for $x : 0..2", "x.y"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@given(texts, texts, texts)
def test_whatever_a_macro_holds(first: str, second: str, use: str) -> None:
    diagnostics = Diagnostics()
    text = f"macro a(x, $x, @x) {{ {first} }} macro b(t, x) {{ {second} }} BEGIN {{ {use} }}"
    script = parse(Source("t", text), diagnostics)
    expanded_script = expand_macros(script, TEXTS, diagnostics)
    assert expanded_script.macros == ()
    assert isinstance(format_script(expanded_script), str)
    for one in diagnostics.found:
        assert str(one).startswith("t:")
