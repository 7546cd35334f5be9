"""`opensnoop`: every open, with its whole path, and none of anybody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tool_runs import tool_rows

pytestmark = pytest.mark.kernel


def test_every_open_is_a_row(tmp_path: Path) -> None:
    """Opens that succeed and that fail, in order."""
    path = tmp_path / "file"
    path.write_text("x")

    def act() -> None:
        for _ in range(7):
            os.close(os.open(path, os.O_RDONLY))
        with pytest.raises(FileNotFoundError):
            os.open(tmp_path / "none", os.O_RDONLY)

    rows = tool_rows("opensnoop", "-p", str(os.getpid()), act=act)
    mine = [(one["path"], one["err"]) for one in rows if one["path"].startswith(str(tmp_path))]
    assert mine == [(str(path), None)] * 7 + [(str(tmp_path / "none"), "ENOENT")]
    assert {one["pid"] for one in rows} == {os.getpid()}
