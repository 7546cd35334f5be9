"""The live kernel, for tests that need one."""

from __future__ import annotations

import pytest

from seismo.kernel.live import LiveKernel


@pytest.fixture(scope="session")
def kernel() -> LiveKernel:
    return LiveKernel()
