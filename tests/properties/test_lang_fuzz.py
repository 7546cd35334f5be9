"""Whatever the text, the front end answers or complains; it never breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lang_cases import SIGNATURES, VIEW
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.check import check
from seismo.lang.config import Config
from seismo.lang.dump import format_typed
from seismo.lang.expand import expand
from seismo.lang.lexer import tokenize
from seismo.lang.macro import expand_macros
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script
from seismo.lang.script_types import script_types

SCRIPT = r"""#!/usr/bin/env seismo
#define LIMIT 10
#define NOW nsecs
enum color { RED, GREEN = 5 };
struct foo { int a; struct foo *next; char name[8]; unsigned bits : 3; int many[4]; };
config = { max_strlen = 64; missing_probes = warn }
let @slow = percpuhash(100);
macro twice(a, $v) { $v += a; $v * 2 }
fn grow($a: int64, $p: struct foo *): int64 { if $a > LIMIT { return $p->a; } return grown($a) }
fn grown($a: int64): int64 { @seen[$a] = count(); return $a + 1 }
BEGIN { printf("start %d\n", $1); @limit = 10ms; $t = (1, "a", (pid, 2)); @t[$t.2] = 1;
  let $u: uint8 = 5; $u += 3; $r = (a = 1, b = "x"); $r = (b = "yy", a = pid); print($r.b);
  for $i : 0..$u { if $i == 3 { break } @squares[$i] = $i * $i; continue }
  for $kv : @squares { print(($kv.0, $kv.1)); if (find(@t, (1, 2), $u)) { } }
  unroll (3) { $u++ } $w = { let $q = 5; $q + 1 }; $n = NOW ?: LIMIT;
  if comptime (sizeof(struct foo) == 48 && is_str(comm)) { $c = RED } else { $c = @nope }
  $f = (struct foo *)nsecs; $g = *$f; print($g.many[2] + $f->next.bits); @copy = $g;
  @chars[(uint8[8])12345, $f.name] = sum(-5); $x = grow($w, $f) + *kaddr("jiffies"); $y = &$x;
  $z = offsetof(struct foo, next) + twice(3, $x); $v = typeinfo($f); len(@chars); $h = $v.btf_id;
}
tracepoint:syscalls:sys_enter_open*, t:syscalls:sys_enter_read / pid > 5 && comm != "x" / {
  @start[pid] = nsecs; let $name = args.filename ; $d = nsecs - @start[pid];
  if ($d > @limit || !$d) { @slow[comm, probe] = count(); } else if $d == 0 { return; }
  else { @fast++; @sum += $d / 2; $k = $d > 3 ? -1 : ~$d; print((1, @fast)); delete(@start[pid]); }
}
interval:s:1, i:hz:99 { print(@slow); clear(@slow); @x = @x * 2 + 1; while (@x < 5) { @x++ } }
END { exit(); }
"""
TOKENS = tuple(token.text for token in tokenize(Source("t", SCRIPT)))

pieces = st.sampled_from(TOKENS) | st.sampled_from(("{", "}", "(", ")", "/", ";", "[", "]", ","))
bodies = st.lists(st.sampled_from(TOKENS), max_size=30).map(
    lambda some: f"BEGIN {{ {' '.join(some)} }}"
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The script with a few tokens taken out, put in or exchanged."""
    tokens = list(TOKENS)
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


def compile_front(text: str) -> Diagnostics:
    """Every stage of the front end, as far as the text goes."""
    diagnostics = Diagnostics()
    script = parse(Source("t", text), diagnostics, ("7",))
    if diagnostics.errors:
        return diagnostics
    assert isinstance(format_script(script), str)
    script = expand_macros(script, {}, diagnostics, SIGNATURES)
    instances = expand(script, VIEW, diagnostics)
    types = script_types(script, VIEW, _no_file, diagnostics)
    typed = check(
        script,
        instances,
        SIGNATURES,
        VIEW,
        types,
        Config(unstable_typeinfo="warn"),
        {},
        diagnostics,
    )
    if not diagnostics.errors:
        assert isinstance(format_typed(typed), str)
    return diagnostics


def _no_file(span: Span, path: str) -> str:
    raise SourceError(span, f"there is no file {path}")


def test_the_script_itself_is_right() -> None:
    errors = [str(one) for one in compile_front(SCRIPT).errors]
    assert len(errors) == 1
    assert "sys_enter_read has no field 'filename'" in errors[0]


@given(damaged() | bodies)
def test_damaged_scripts(text: str) -> None:
    for one in compile_front(text).found:
        assert 0 <= one.span.start <= one.span.end <= len(one.span.source.text)
        assert str(one).startswith(("t:", "#define "))


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert all(str(one) for one in compile_front(text).found)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    assert all(one.message for one in compile_front(data.decode("utf-8", "surrogateescape")).found)
