"""The code of hand-written functions: `tests/golden/codegen/*.test`."""

from __future__ import annotations

import pytest

from golden_cases import GoldenCase
from seismo.codegen.emit import generate
from seismo.ir.parse import parse
from seismo.ir.verify import verify


@pytest.mark.golden("codegen/*.test")
def test_code(case: GoldenCase) -> None:
    func = parse(case["ir"])
    verify(func, "parse")
    generated = generate(func)
    maps = dict(generated.map_refs)
    lines = [
        f"{index:3}: {insn}" + (f" ; {maps[index]}" if index in maps else "")
        for index, insn in enumerate(generated.insns)
    ]
    case.expect("asm", "\n".join(lines))
