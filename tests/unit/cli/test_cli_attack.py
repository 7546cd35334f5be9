"""`seismo attack`: what its verbs print, and its exit status."""

from __future__ import annotations

import pytest

from seismo.attacks.attack import Act, Scene
from seismo.attacks.table import ATTACKS
from seismo.base.dataclass import replace
from seismo.ui.cli import attack
from seismo.ui.cli.main import main


def test_the_list_has_every_attack_in_its_chapter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", "list"]) == 0
    chapter = ""
    found: dict[str, str] = {}
    for line in capsys.readouterr().out.splitlines():
        if line.endswith(":"):
            chapter = line.removesuffix(":")
        else:
            found[line.split()[0]] = chapter
    assert found == {one.name: one.quadrant.value for one in ATTACKS}


@pytest.mark.parametrize("name", [one.name for one in ATTACKS])
def test_an_attack_is_shown_with_its_programs(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["attack", "show", name]) == 0
    (shown,) = (one for one in ATTACKS if one.name == name)
    printed = capsys.readouterr().out
    assert all(f"\n{program.name}:\n{program}\n" in printed for program in shown.programs)
    assert printed.splitlines()[-1] == f"act {len(shown.acts)}: {shown.acts[-1].statement}"


def test_commands_of_an_attack_run_its_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", "show", "or-null-arithmetic", "--commands"]) == 0
    title, command = capsys.readouterr().out.splitlines()
    assert title == "# moved_null"
    words = command.split()
    assert words[:2] == ["seismo", "sandbox"]
    assert main(words[1:]) == 1
    assert "stopped at instruction 24: *(u64 *)(r9 +0) = 0" in capsys.readouterr().out


def test_an_attack_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", "run", "filter-patch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "filter-patch: a patch that is a program"
    assert "  crafted message:  turned away: EINVAL" in lines
    assert lines[-1] == "4 of 4 acts came out as stated"


def test_what_does_not_come_out_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (Act(f"{is_so}", lambda is_so=is_so: Scene(("seen",), is_so)) for is_so in (1, 0))
    staged = replace(ATTACKS[0], name="staged", title="a play", cve="", acts=(good, bad))
    monkeypatch.setattr(attack, "ATTACKS", (staged,))
    assert main(["attack", "run", "--all"]) == 1
    assert capsys.readouterr().out == (
        "staged: a play\n"
        "act 1: 1\n  seen\n"
        "act 2: 0\n  seen\n  NOT AS STATED\n\n"
        "1 of 2 acts came out as stated\n"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("run",), "name one attack, or say --all"),
        (("run", "signed-index", "--all"), "name one attack, or say --all"),
        (("run", "singed-index"), "there is no attack 'singed-index'"),
        (("show", "nothing-like-it"), "`seismo attack list` names them"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert why in printed.err
