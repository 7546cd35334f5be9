"""Whatever the text, the front end answers or complains; it never breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lang_cases import SIGNATURES, VIEW
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.check import check
from seismo.lang.dump import format_typed
from seismo.lang.expand import expand
from seismo.lang.lexer import tokenize
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script

SCRIPT = r"""#!/usr/bin/env seismo
BEGIN { printf("start %d\n", $1); @limit = 10ms; $t = (1, "a", (pid, 2)); @t[$t.2] = 1; }
tracepoint:syscalls:sys_enter_open*, t:syscalls:sys_enter_read / pid > 5 && comm != "x" / {
  @start[pid] = nsecs; let $name = args.filename ; $d = nsecs - @start[pid];
  if ($d > @limit || !$d) { @slow[comm, probe] = count(); } else if $d == 0 { return; }
  else { @fast++; @sum += $d / 2; $k = $d > 3 ? -1 : ~$d; print((1, @fast)); delete(@start[pid]); }
}
interval:s:1, i:hz:99 { print(@slow); clear(@slow); @x = @x * 2 + 1 }
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
    assert format_script(script)
    instances = expand(script, VIEW, diagnostics)
    typed = check(script, instances, SIGNATURES, VIEW, diagnostics)
    if not diagnostics.errors:
        assert format_typed(typed)
    return diagnostics


def test_the_script_itself_is_right() -> None:
    errors = [str(one) for one in compile_front(SCRIPT).errors]
    assert len(errors) == 1
    assert "sys_enter_read has no field 'filename'" in errors[0]


@given(damaged() | bodies)
def test_damaged_scripts(text: str) -> None:
    for one in compile_front(text).found:
        assert 0 <= one.span.start <= one.span.end <= len(text)
        assert str(one).startswith("t:")


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert all(str(one) for one in compile_front(text).found)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    assert all(one.message for one in compile_front(data.decode("utf-8", "surrogateescape")).found)
