"""`seismo tools`, the help of every tool, and what is said of a word that is none's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.tools.table import NAMES, TOOLS, find_tool
from seismo.tools.tool import Area
from seismo.ui.cli.main import main


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit status, standard output and standard error of a command line."""
    try:
        status = main(arguments)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        status = ended.code
    return status, *capsys.readouterr()


def test_all_tools_are_listed_by_area(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, errors = said(capsys, "tools")
    assert (status, errors) == (0, "")
    sections = [section.splitlines() for section in output.rstrip("\n").split("\n\n")]
    assert [heading for heading, *_ in sections] == [f"{area.value}:" for area in TOOLS]
    for (_, *lines), names in zip(sections, TOOLS.values(), strict=True):
        assert [tuple(line.split(maxsplit=1)) for line in lines] == [
            (name, find_tool(name).summary) for name in names
        ]
        assert all(len(line) <= 110 for line in lines)


def test_one_area_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = said(capsys, "tools", "network")
    heading, *lines = output.splitlines()
    assert (status, heading) == (0, "network:")
    assert tuple(line.split()[0] for line in lines) == TOOLS[Area.NETWORK]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_help_of_every_tool(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, errors = said(capsys, name, "--help")
    tool = find_tool(name)
    assert (status, errors) == (0, "")
    assert output.startswith(f"usage: seismo {name} [-h]")
    assert tool.summary.split() == output.partition("\n\n")[2].split()[: len(tool.summary.split())]
    assert output.rstrip("\n").endswith(tool.example.rstrip("\n"))
    for word in ("--pid", "--cgroup", "--duration", "--json", "--script", "--output"):
        assert word in output
    assert ("--interval" in output) == ("--top" in output) == bool(tool.reports)
    assert ("--with" in output) == ("--time" in output) == (tool.rows is not None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("opnsnoop",), "no tool, and no file, called 'opnsnoop'\nhint: did you mean 'opensnoop'?"),
        (("tcplive", "-p", "1"), "hint: did you mean 'tcplife'?"),
        (("tool",), "hint: did you mean 'tools'?"),
        (("xyzzy",), "hint: `seismo tools` lists them"),
        (("tools", "nonsense"), "invalid choice: 'nonsense' (choose from 'network', 'security'"),
        (("opensnoop", "--with", "nonsense"), "--with: 'nonsense' is none of time, elapsed, cpu"),
        (("biosnoop", "--with", "user,time"), "--with: 'user' is none of time, elapsed, cpu"),
        (("opensnoop", "-i", "1"), "unrecognized arguments: -i 1"),
        (("opensnoop", "--nonsense"), "unrecognized arguments: --nonsense"),
        (("funccount", "f", "--count", "3"), "--count counts the reports of -i: give both"),
        (("funccount", "f", "-i", "0"), "'0' is not a number of seconds"),
        (("funccount", "f", "-i", "1", "--count", "0"), "'0' is not a number of reports"),
        (("funccount", "f", "--top", "-1"), "'-1' is not a number of rows"),
        (("funccount", "f", "--top", "0"), "'0' is not a number of rows"),
        (("funccount",), "the following arguments are required: PLACE"),
        (("stackcount", "f", "-i", "1", "--folded", "x"), "-i begins anew each time"),
        (("opensnoop", "--duration", "-1"), "'-1' is not a number of seconds"),
        (("opensnoop", "--duration", "soon"), "'soon' is not a number of seconds"),
        (("opensnoop", "--tree"), "--tree follows the process of -c or -p: give one of them"),
        (("opensnoop", "-u", "no-such-user"), "there is no user 'no-such-user'"),
        (("opensnoop", "--container", "xyz"), "'xyz' does not begin an id"),
        (("opensnoop", "--comm", "a name of 20 letters"), "the kernel keeps 15 bytes of a name"),
    ],
)
def test_mistakes_are_told(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output, errors = said(capsys, *arguments)
    assert (status, output) == (1, "")
    assert message in errors


def test_a_tool_is_meant_though_a_file_is_called_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory `tools` is in many places; `./trace` is a script that is called as a tool."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "trace").write_text("not a script")
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "tools", "security")[1].startswith("security:\n")
    status, output, _ = said(capsys, "trace", "--help")
    assert (status, output.startswith("usage: seismo trace")) == (0, True)
