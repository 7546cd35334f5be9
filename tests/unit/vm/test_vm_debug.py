"""`seismo vm debug`: what each command shows, and where the program stops."""

from __future__ import annotations

import io

import pytest

from seismo.isa.encode import encode
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.spec.types import MapSpec
from seismo.ui.cli.main import main
from seismo.ui.cli.vm_debug import HELP, Debugger, Quit
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_map

LOOP = "r0 = 3\nr6 = r1\nr0 += -1\nif r0 != 0x0 goto pc-2\nr0 = *(u8 *)(r6 +1)\nexit"


def session(commands: str, text: str = LOOP) -> list[str]:
    """What is printed; commands are parted by semicolons."""
    spec = MapSpec(name="counts", type=MapType.HASH, key_size=1, value_size=2, max_entries=4)
    counts = create_map(spec)
    counts.update(b"a", b"\1\2")
    insns, said = parse_listing(text), list[str]()
    source = io.StringIO(commands.replace(";", "\n") + "\n")
    debugger = Debugger(insns, {"counts": counts}, source.readline, said.append)
    Machine(insns, hooks=(debugger,)).run(b"\7\x08\x09abc")
    return said


def test_it_stops_before_the_first_step_and_after_each() -> None:
    assert session("step;s;step 2") == [
        "   0: r0 = 3",
        "   1: r6 = r1",
        "   2: r0 += -1",
        "   2: r0 += -1",
    ]


def test_breakpoints() -> None:
    assert session("b 3;c;c;b 3;c")[1:] == ["   3: if r0 != 0x0 goto pc-2"] * 2
    assert session("break 99;c")[1:] == ["no instruction begins at 99"]


def test_an_empty_line_does_the_last_command_again() -> None:
    assert session("s;;;c") == session("s;s;s;c")


def test_registers_say_where_they_point_to() -> None:
    said = session("step 2;registers;continue")
    assert " r0 0x0000000000000003" in said
    assert " r6 0x8000000200000000  ctx+0" in said
    assert "r10 0x8000000400000200  stack+0" in said


def test_memory() -> None:
    said = session("memory r1 6;memory r1+1 2;m 0;m r11;m r1 x;c")[1:]
    assert said[0].split() == ["+0", "07", "08", "09", "61", "62", "63", "...abc"]
    assert said[1].split() == ["+0", "08", "09", ".."]
    assert said[2:] == [
        "reads 16 bytes at 0x0: a null pointer",
        "there is no register r11",
        "'x' is no number",
    ]


def test_maps_regions_and_the_program() -> None:
    assert session("maps;maps counts;maps none;c")[1:] == [
        "counts  HASH",
        "61  0102",
        "there is no map 'none'",
    ]
    assert session("regions;c")[1:] == [
        "0x8000000200000000      6 ctx",
        "0x8000000400000000    512 stack",
    ]
    assert session("b 2;list;c")[1:5] == [
        ">    0: r0 = 3",
        "     1: r6 = r1",
        " *   2: r0 += -1",
        "     3: if r0 != 0x0 goto pc-2",
    ]


def test_help_and_what_is_no_command() -> None:
    assert session("help;jump;c")[1:] == [
        *HELP.splitlines(),
        "there is no command 'jump': try help",
    ]


def test_quit_leaves_the_program() -> None:
    with pytest.raises(Quit):
        session("s;q")


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("step 4\nregisters\n"))
    program = encode(parse_listing(LOOP), "little").hex()
    assert main(["vm", "debug", "--program", program, "01 02"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines()[0] == "   0: r0 = 3"
    assert printed.out.splitlines()[-1] == "r0 = 0x2"
    assert main(["vm", "debug"]) == 1
    assert "standard input is for commands" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["none.o"], "cannot read none.o"),
        (["--program", "95", "--packet", "00"], "--packet and --context are for"),
    ],
)
def test_what_cannot_be_run(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vm", "run", *arguments]) == 1
    assert why in capsys.readouterr().err
