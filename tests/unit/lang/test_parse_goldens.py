"""The parser's stages, and the formatter, against their golden files."""

from __future__ import annotations

import pytest

from golden_cases import GoldenCase
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.format import format_source
from seismo.lang.lexer import tokenize
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script
from seismo.lang.tokens import format_tokens


@pytest.mark.golden("tokens/*.test")
def test_tokens(case: GoldenCase) -> None:
    case.expect("tokens", format_tokens(tokenize(Source("script", case["script"]))))


@pytest.mark.golden("ast/*.test")
def test_tree(case: GoldenCase) -> None:
    diagnostics = Diagnostics()
    script = parse(Source("script", case["script"]), diagnostics)
    if "said" in case:
        case.expect("said", "\n".join(str(one) for one in diagnostics.found))
    else:
        diagnostics.stop_on_errors()
        case.expect("tree", format_script(script))


@pytest.mark.golden("format/*.test")
def test_format(case: GoldenCase) -> None:
    formatted = format_source(Source("script", case["script"]))
    case.expect("formatted", formatted)
    assert format_source(Source("script", formatted)) == formatted
