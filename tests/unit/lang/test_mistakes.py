"""What the checker says of mistakes, against golden files: one line is one script.

A line without a `{` at a probe's or a declaration's head is the body of a BEGIN probe. What is said
stands below it: the column, the message, and the hint in a line of its own.
"""

from __future__ import annotations

import re

import pytest

from golden_cases import GoldenCase
from lang_cases import checked
from seismo.base.diagnostics import Diagnostic

_WHOLE = re.compile(r"(?:BEGIN|END|config|fn|i:|let @|struct|t:)")


@pytest.mark.golden("mistakes/*.test")
def test_mistakes(case: GoldenCase) -> None:
    lines: list[str] = []
    for line in case["scripts"].splitlines():
        text = line if _WHOLE.match(line) else f"BEGIN {{ {line} }}"
        lines += [line, *map(_shown, checked(text)[1].found)]
    case.expect("said", "\n".join(lines))


def _shown(one: Diagnostic) -> str:
    kind = "" if one.severity == "error" else f"{one.severity}: "
    hint = f"\n         {one.hint}" if one.hint else ""
    return f"    {one.span.location.column:3}: {kind}{one.message}{hint}"
