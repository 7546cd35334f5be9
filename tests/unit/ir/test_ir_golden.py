"""Each pass on hand-written functions: `tests/golden/ir/<pass>.test`."""

from __future__ import annotations

import pytest

from golden_cases import GoldenCase
from seismo.ir.parse import parse
from seismo.ir.pipeline import PASSES, everywhere, optimize
from seismo.ir.verify import verify

RUN = {**dict(PASSES), "pipeline": optimize}


@pytest.mark.golden("ir/*.test")
def test_pass(case: GoldenCase) -> None:
    func = parse(case["before"])
    verify(func, "parse")
    after = everywhere(RUN[case.path.stem], func)
    verify(after, case.path.stem)
    case.expect("after", str(after))
