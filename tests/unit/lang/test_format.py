"""The formatter's refusals and ends; layouts are in tests/golden/format."""

from __future__ import annotations

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.lang.format import format_source


def formatted(text: str) -> str:
    return format_source(Source("t", text))


def test_a_script_with_mistakes_is_not_formatted() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        formatted("BEGIN { f( } END { $x = ; }")
    assert len(caught.value.diagnostics) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BEGIN{}", "BEGIN {}\n"),
        ("\n\nBEGIN { }\n\n\n", "BEGIN {}\n"),
        ("#!/bin/x  \n\n\n// c\nBEGIN{}", "#!/bin/x\n\n// c\nBEGIN {}\n"),
        ("#!/bin/x\nBEGIN{} // c", "#!/bin/x\nBEGIN {} // c\n"),
        ("BEGIN{}END{}", "BEGIN {}\n\nEND {}\n"),
        ("#define A 1 \n#define B 2\nBEGIN{}", "#define A 1\n#define B 2\n\nBEGIN {}\n"),
        ("BEGIN { $x }", "BEGIN {\n  $x;\n}\n"),
        ("BEGIN { (1) }", "BEGIN {\n  (1);\n}\n"),
        ("macro m() { 1 }", "macro m() {\n  1\n}\n"),
        ("macro m() { 1; }", "macro m() {\n  1;\n}\n"),
        ("macro m() { if 1 { 2 } }", "macro m() {\n  if 1 {\n    2;\n  }\n}\n"),
        ("t:a:$1/pid/{}", "t:a:$1/pid/ {}\n"),
        ("BEGIN { // {\n\n f() }", "BEGIN { // {\n  f();\n}\n"),
    ],
)
def test_small_scripts(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected
