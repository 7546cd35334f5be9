"""`seismo build`'s command line: what it takes, and what it makes of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.ship.write import write_object
from seismo.ui.cli.build import _of_this_machine, run_build
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.main import main
from seismo.ui.cli.shipped import run_file
from seismo.ui.cli.tasks import Tasks
from ship_plans import TYPES, btf_of, manifest, one_program


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


@pytest.mark.parametrize(
    ("tasks", "given"),
    [(Tasks(pid=7), ["-p 7"]), (Tasks(pid=7, is_tree=True), ["-p 7"]),
     (Tasks(pid=7, tid=9), ["-t 9"]), (Tasks(comm="x", uid=7), [])],
)  # fmt: skip
def test_a_filter_by_this_machines_tasks_is_warned_of(tasks: Tasks, given: list[str]) -> None:
    assert [*_of_this_machine(tasks)] == [
        f"warning: {one} is built in: on another machine that is another task, if any"
        for one in given
    ]


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the script .*nope\.bt: No such file"):
        run_build([str(tmp_path / "nope.bt"), "-o", "x.bo"])


def test_a_shipped_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nope\.bo: No such file"):
        run_file([str(tmp_path / "nope.bo")])


@pytest.mark.parametrize(
    "arguments", [["{}"], ["-q", "{}"], ["-f", "json", "-q", "{}"], ["{}", "-q"]]
)
def test_a_shipped_file_may_stand_behind_options(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.bo"
    file.write_bytes(b"BEGIN {}")
    assert main([one.format(file) for one in arguments]) == 1
    assert f"{file}" in (error := capsys.readouterr().err) and "ELF" in error


def test_options_of_scripts_are_not_those_of_shipped_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "begin.bo"
    file.write_bytes(write_object(manifest(one_program("r0 = 0")), btf_of(TYPES)))
    with pytest.raises(SystemExit) as ended:
        main(["-d", "ast", str(file)])
    assert ended.value.code == 1
    assert "unrecognized arguments: -d ast" in capsys.readouterr().err
