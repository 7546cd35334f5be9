"""`xfsdist`: as many reads, writes, opens and fsyncs of an XFS as there were."""

from __future__ import annotations

from pathlib import Path

import pytest

from dist_checks import check_rows, check_script_of_calls, check_text
from seismo.tools.files.xfsdist import TOOL

pytestmark = pytest.mark.kernel


def test_operations_of_a_process(tmp_path: Path) -> None:
    check_rows(TOOL, "xfs", tmp_path)


def test_operations_as_text(tmp_path: Path) -> None:
    check_text(TOOL, "xfs", tmp_path)


def test_the_script_for_kernels_without_functions(tmp_path: Path) -> None:
    check_script_of_calls(TOOL, "xfs", tmp_path)
