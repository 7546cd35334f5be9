"""`seismo verify`: what it takes, what it prints, and its exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from c_objects import CASES, CLANGS, build
from seismo.isa.encode import encode
from seismo.isa.parse import parse_listing
from seismo.ui.cli.main import main

FINE = "r0 = 0\nexit"
UNWRITTEN = "r0 = r2\nexit"
LOOK_UP = """
0: (7a) *(u64 *)(r10 -8) = 0
1: (18) r1 = map[fd:0]
3: (bf) r2 = r10
4: (07) r2 += -8
5: (85) call bpf_map_lookup_elem#1
6: (79) r3 = *(u64 *)(r0 +0)
7: (b7) r0 = 0
8: (95) exit
"""


def verify(*arguments: str) -> int:
    """The exit status."""
    try:
        return main(["verify", *arguments])
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def code(text: str) -> str:
    return encode(parse_listing(text)).hex()


def test_an_accepted_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(written(tmp_path / "fine.asm", FINE)) == 0
    assert capsys.readouterr().out.startswith("fine: accepted (2 instructions walked, ")


def test_a_refused_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "look-up.asm", LOOK_UP)
    assert verify("--map", "hash:8:16:4", path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("look-up: refused (6 instructions walked): ")
    assert lines[1] == "error: R0 invalid mem access 'map_value_or_null'"
    assert lines[2] == "at 6: r3 = *(u64 *)(r0 +0)"
    assert lines[-1].endswith("bpf_map_lookup_elem (instruction 5) may give NULL")


def test_bytes_in_hexadecimal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("--program", code(FINE)) == 0
    assert verify(written(tmp_path / "code.hex", code(UNWRITTEN) + "\n")) == 1
    assert [line.partition(" (")[0] for line in capsys.readouterr().out.splitlines()[:2]] == [
        "program: accepted",
        "code: refused",
    ]


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FINE.encode())))
    assert verify("-") == 0
    assert capsys.readouterr().out.startswith("stdin: accepted")


def test_the_program_type_decides(capsys: pytest.CaptureFixture[str]) -> None:
    program = code("r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 +0)\nexit")
    assert verify("--type", "xdp", "--program", program) == 1
    assert "error: invalid access to packet" in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("-f", "json", "--program", code("r6 = r1\n" + UNWRITTEN)) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found.pop("registers") == "R1=ctx() R6=ctx() R10=fp0"
    assert found.pop("states") >= 0
    assert found == {
        "program": "program",
        "type": "raw_tracepoint",
        "verdict": "refused",
        "instructions": 2,
        "stack": 0,
        "rule": "read",
        "error": "R2 !read_ok",
        "advice": "write r2 on every path to here",
        "slot": 1,
        "place": None,
        "path": [0, 1],
    }


def test_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("-e", "begin { @a = 1 } end { @b[pid] = 2 }") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(": accepted (" in line for line in lines)


def test_a_mistake_of_a_script_is_told_as_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(written(tmp_path / "a.bt", "begin { $x }")) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert "a.bt:1:9" in errors


@pytest.mark.skipif(not CLANGS, reason="needs clang")
def test_programs_of_an_object_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = next(one for one in CASES if one.name == "plain")
    path = tmp_path / "plain.bpf.o"
    path.write_bytes(build(case, CLANGS[-1])[0].read_bytes())
    assert verify(str(path)) == 0
    names = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert names
    assert verify(str(path), names[-1]) == 0
    assert capsys.readouterr().out.startswith(f"{names[-1]}: accepted (")
    assert verify(str(path), "nothing") == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "give one of: FILE, -e SCRIPT, --program HEX"),
        (("--program", "b7", "x.bt"), "give one of"),
        (("--program", "xy"), "--program is not in hexadecimal"),
        (("--program", ""), "there are no instructions"),
        (("--map", "array:4:8", "--program", code(FINE)), "write TYPE:KEY:VALUE:ENTRIES"),
        (("--type", "xdb", "--program", code(FINE)), "there is no type 'xdb'"),
        (("/nowhere/a.bt",), "cannot read /nowhere/a.bt"),
    ],
)
def test_mistakes_of_the_command_line(
    arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(*arguments) == 1
    assert why in capsys.readouterr().err


def test_a_mistake_in_a_listing_is_no_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(written(tmp_path / "a.asm", "r0 = 0\nr0 = nothing\nexit")) == 1
    assert "r0 = nothing" in capsys.readouterr().err
