"""`ext4dist`: as many reads, writes, opens and fsyncs of an ext4 as there were."""

from __future__ import annotations

from pathlib import Path

import pytest

from dist_checks import check_rows, check_script_of_calls, check_text
from seismo.tools.files.ext4dist import TOOL

pytestmark = pytest.mark.kernel


def test_operations_of_a_process(tmp_path: Path) -> None:
    check_rows(TOOL, "ext4", tmp_path)


def test_operations_as_text(tmp_path: Path) -> None:
    check_text(TOOL, "ext4", tmp_path)


def test_the_script_for_kernels_without_functions(tmp_path: Path) -> None:
    check_script_of_calls(TOOL, "ext4", tmp_path)
