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
    names = dict(generated.map_refs) | {at: str(one) for at, one in generated.relocations}
    lines = [
        f"{index:3}: {insn}" + (f" ; {names[index]}" if index in names else "")
        for index, insn in enumerate(generated.insns)
    ]
    case.expect("asm", "\n".join(lines))
