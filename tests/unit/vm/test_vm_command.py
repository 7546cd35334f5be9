"""`seismo vm run`: what it prints, where, and its exit status."""

from __future__ import annotations

import io

import pytest

from seismo.isa.encode import encode
from seismo.isa.parse import parse_listing
from seismo.ui.cli.main import main


def program(text: str) -> str:
    return encode(parse_listing(text), "little").hex()


SUM = "r0 = *(u8 *)(r1 +0)\nr0 <<= 8\nr0 += r2\nexit"


def vm(*arguments: str) -> int:
    return main(["vm", "run", *arguments])


@pytest.mark.parametrize("memory", ["ab cd ef", "abcdef"])
def test_r0_is_printed_in_hexadecimal(memory: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vm("--program", program(SUM), memory) == 0
    assert capsys.readouterr() == ("ab03\n", "")


def test_the_program_may_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(program("r0 = -1\nexit") + "\n"))
    assert vm() == 0
    assert capsys.readouterr() == ("ffffffffffffffff\n", "")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--program", program(SUM)), "reads 1 byte at memory+0, past its end at +0"),
        (("--program", "b7"), "1 bytes left over after the last slot"),
        (("--program", "ff00000000000000"), "unknown opcode 0xff"),
        (("--program", "xy"), "the program is not in hexadecimal: there is 'x' in it"),
        (("--program", program(SUM), "0"), "the memory is not in hexadecimal: a byte has two"),
        (("--budget", "9", "--program", program("goto pc-1")), "the budget of steps is spent"),
        (("--program", ""), "the program is empty"),
        (
            ("--budget", "9", "--program", program("r1 = 0x100000000\ngoto pc-1")),
            "instruction 2 (goto",
        ),
    ],
)
def test_the_reason_of_a_failure(
    arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vm(*arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert why in printed.err


def test_a_trace_of_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert vm("--trace", "--program", program("r0 = 2\nexit")) == 0
    printed = capsys.readouterr()
    assert printed.out == "2\n"
    assert printed.err.splitlines()[0] == "   0: r0 = 2  ; r0=0x0"


@pytest.mark.parametrize("budget", ["0", "-5", "many"])
def test_a_budget_is_a_number_above_0(budget: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        vm("--budget", budget, "--program", program("exit"))
    assert ended.value.code == 1
    assert f"'{budget}' is no number above 0" in capsys.readouterr().err
