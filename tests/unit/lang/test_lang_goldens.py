"""The types of scripts against their golden files."""

from __future__ import annotations

import pytest

from golden_cases import GoldenCase
from lang_cases import checked
from seismo.base.diagnostics import Diagnostics
from seismo.lang.dump import format_typed


@pytest.mark.golden("types/*.test")
def test_types(case: GoldenCase) -> None:
    typed, diagnostics = checked(case["script"], name="script")
    if "said" in case:
        case.expect("said", _said(diagnostics))
    else:
        diagnostics.stop_on_errors()
        case.expect("types", format_typed(typed))


def _said(diagnostics: Diagnostics) -> str:
    return "\n".join(str(one) for one in diagnostics.found)
