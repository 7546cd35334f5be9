"""The formatter changes blanks and optional semicolons alone, and has nothing left to change."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parse_cases import parsed
from seismo.base.errors import BpfError
from seismo.base.source import Source
from seismo.lang.format import format_source
from seismo.lang.lexer import tokenize
from seismo.lang.print import format_script
from seismo.lang.tokens import TokenKind

SCRIPT = r"""#include <linux/sched.h>
struct pair { int a; char b[4]; };
config = { max_strlen = 200; missing_probes = warn } import "lib.bt"; let @m = lruhash(100)
macro add(a, $b, @c) { $b += a; @c++; if (a) { (1 + 2) } else if $b { 3 } else { { 4 } } }
macro greet { print("a // b"); }
fn twice($n : int64, $p : struct sock *) : int64 { return $n * (2 + 3) }
BEGIN { printf("start %d\n", $1); $t = (1, "a", (pid, 2)); @t[$t.2] = (1); { f() } ; }
slow=kprobe:vfs_* , t:syscalls:sys_enter_open* , / pid > 5 && - -1 != ( struct a * ) -$x / {
  let $n : uint8[4] = ((struct sock *)arg0)->a; let $y; $r = (color = "x", size = $x ?: 2);
  if ($d > @limit || !$d) { @s[comm] = count(); } else if $d == 0 { return } else { }
  for $i : 0..10 { break } for ($kv : @m) { continue; } while $x { $x++ ; --$y } unroll(3) { }
  $v = if comptime 1 { 2 } else { 3 } ; $w = { $x; $y } ; $z = $x ? 1 : 2; @m[&$x, *$p] <<= 5;
  print(sizeof(int32*), offsetof(struct a, b.c), typeof($x), 1ms); $c ? { 1 } : { 2 } ; import "x"
}
i:s:1 { _ = f(1) ; exit() }
"""
TOKENS = [token for token in tokenize(Source("t", SCRIPT)) if token.kind is not TokenKind.END]
GAPS = (
    *(" ", "\n", "\n\n\n", "\t", " // c\n", " /* c */ ", "\n// c {\n\n", "\n /* a\n b */\n"),
    *(" // ;\n // }\n", " /**/\n"),
)


@st.composite
def spaced(draw: st.DrawFn) -> str:
    """The script with other blanks and comments between its tokens."""
    text = ""
    for token in TOKENS:
        # A directive ends with its line, and a comment after it is its own.
        is_directive = token.text.startswith("#")
        text += token.text + ("\n" if is_directive else draw(st.sampled_from(GAPS)))
    return text


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(Source("t", text)) if token.text != ";"]


def comments(text: str) -> list[str]:
    """What stands between the tokens."""
    found: list[str] = []
    for before, after in pairwise(tokenize(Source("t", text))):
        found += re.findall(
            r"//[^\n]*|/\*.*?\*/", text[before.span.end : after.span.start], re.DOTALL
        )
    return found


@given(spaced())
def test_only_blanks_change(text: str) -> None:
    formatted = format_source(Source("t", text))
    assert words(formatted) == words(text)
    assert comments(formatted) == comments(text)
    before, after = parsed(text)[0], parsed(formatted)[0]
    assert format_script(after) == format_script(before)
    assert format_source(Source("t", formatted)) == formatted


@given(st.lists(st.sampled_from([token.text for token in TOKENS]), max_size=30))
def test_scripts_of_any_tokens(some: list[str]) -> None:
    text = f"BEGIN {{ {' '.join(some)} }}"
    try:
        formatted = format_source(Source("t", text))
    except BpfError:
        return
    assert words(formatted) == words(text)
    assert format_source(Source("t", formatted)) == formatted
    assert format_script(parsed(formatted)[0]) == format_script(parsed(text)[0])
