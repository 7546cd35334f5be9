"""The front end's stages against their golden files."""

from __future__ import annotations

import pytest

from golden_cases import GoldenCase
from lang_cases import SIGNATURES, VIEW
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.check import check
from seismo.lang.dump import format_typed
from seismo.lang.expand import expand
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
        case.expect("said", _said(diagnostics))
    else:
        diagnostics.stop_on_errors()
        case.expect("tree", format_script(script))


@pytest.mark.golden("types/*.test")
def test_types(case: GoldenCase) -> None:
    diagnostics = Diagnostics()
    script = parse(Source("script", case["script"]), diagnostics)
    instances = expand(script, VIEW, diagnostics)
    typed = check(script, instances, SIGNATURES, VIEW, diagnostics)
    if "said" in case:
        case.expect("said", _said(diagnostics))
    else:
        diagnostics.stop_on_errors()
        case.expect("types", format_typed(typed))


def _said(diagnostics: Diagnostics) -> str:
    return "\n".join(str(one) for one in diagnostics.found)
