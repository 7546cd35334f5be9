"""Whatever the text, the parser answers or complains; it never breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parse_cases import parsed
from seismo.base.source import Source
from seismo.lang.ast import TypeExpr
from seismo.lang.lexer import tokenize
from seismo.lang.print import format_script
from seismo.lang.walk import walk

SCRIPT = r"""#include <linux/sched.h>
struct pair { int a; char b[4]; };
config = { max_strlen = 200; missing_probes = warn } import "lib.bt"; let @m = lruhash(100);
macro add(a, $b, @c) { $b += a; @c++; if a { 1 } else if $b { 3 } else { 4 } }
fn twice($n : int64, $p : struct sock *) : int64 { return $n * 2 }
slow=kprobe:vfs_*, t:syscalls:sys_enter_open* / pid > 5 && -1 != (int8)-$x / {
  let $n : uint8[4] = ((struct sock *)arg0)->a; let $y; $r = (color = "x", size = $x ?: 2);
  if ($d > @limit || !$d) { @s[comm] = count(); } else if $d == 0 { return } else { }
  for $i : 0..10 { break } for ($kv : @m) { continue; } while $x { $x++ ; --$y } unroll(3) { }
  $v = if comptime 1 { 2 } else { 3 }; $w = { $x; $y }; $z = $x ? 1 : 2; @m[&$x, *$p] <<= 5;
  print(sizeof(int32*), offsetof(struct a, b.c), typeof($x), 1ms, str($1 + 2)); _ = typeinfo($x)
}
"""
TOKENS = tuple(token.text for token in tokenize(Source("t", SCRIPT)))
pieces = st.sampled_from(TOKENS) | st.sampled_from(("{", "}", "(", ")", "/", ";", "\n", "if", "="))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The script with a few tokens taken out, put in or exchanged."""
    tokens = [f"{token}\n" if token.startswith("#") else token for token in TOKENS]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(tokens) - 1))
        match draw(st.sampled_from(("drop", "insert", "replace"))):
            case "drop":
                del tokens[at]
            case "insert":
                tokens.insert(at, draw(pieces))
            case _:
                tokens[at] = draw(pieces)
    return " ".join(tokens)


bodies = st.lists(pieces, max_size=40).map(lambda some: f"BEGIN {{ {' '.join(some)} }}")


def test_the_script_itself_is_right() -> None:
    script, diagnostics = parsed(SCRIPT)
    assert [str(one) for one in diagnostics.found] == []
    assert len(script.probes) == 1


@given(damaged() | bodies | st.text(max_size=200))
def test_damaged_scripts(text: str) -> None:
    script, diagnostics = parsed(text)
    for one in diagnostics.found:
        assert 0 <= one.span.start <= one.span.end <= len(text)
        assert str(one).startswith("t:")
    if not diagnostics.errors and script.probes:
        assert format_script(script)


@given(damaged() | bodies)
def test_a_node_lies_within_its_parent(text: str) -> None:
    script, _ = parsed(text)
    for probe in script.probes:
        for node in walk(probe):
            assert probe.span.start <= node.span.start <= node.span.end <= probe.span.end
            if isinstance(node, TypeExpr) and node.of is None:
                assert node.span.text.startswith(node.base.split()[0])
