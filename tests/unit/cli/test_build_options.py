"""`seismo build`'s command line: what it takes, and what it makes of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.ui.cli.build import run_build
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.shipped import run_file


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-e", "BEGIN {}"], "say where it goes: -o NAME.bo, --bundle NAME.pyz, or both"),
        (["-o", "x.bo"], "give one of: -e PROGRAM, FILE, TOOL"),
        (["-e", "x", "-o", "x.bo", "-c", "true"], "-c means nothing on another machine"),
        (["-e", "x", "-o", "x.bo", "--cgroup", "7"], "--cgroup means nothing on another machine"),
        (["-e", "x", "-o", "x.bo", "--container", "ab"], "--container means nothing on another"),
        (
            ["argdist", "-o", "x.bo", "--", "-C", "p::vfs_read(struct file *file):u64:file"],
            "argdist",
        ),
        (["opensnoop", "-o", "x.bo", "--", "--json"], "only opensnoop's own options may stand"),
        (["opensnoop", "-o", "x.bo", "--", "--nope"], "unrecognized arguments: --nope"),
        (["-e", "x", "-o", "x.bo", "--oldest", "new"], "'new' is not a version such as 6.1"),
    ],
)
def test_mistakes(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_build(arguments)
    assert ended.value.code == 1
    assert message in capsys.readouterr().err


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the script .*nope\.bt: No such file"):
        run_build([str(tmp_path / "nope.bt"), "-o", "x.bo"])


def test_a_shipped_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nope\.bo: No such file"):
        run_file([str(tmp_path / "nope.bo")])
