"""`seismo cbpf`: each verb, without the kernel."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from seismo.ui.cli.main import main

ARP_FRAME = "00" * 12 + "0806"
ARP = "4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n"


def output(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What the command prints, on standard error where it fails."""
    assert main(["cbpf", *arguments]) == status
    captured = capsys.readouterr()
    return captured.err if status else captured.out


def test_compile(capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys, "compile", "-ddd", "arp") == ARP
    assert output(capsys, "compile", "tcp", "port", "80").count("\n") == 20
    assert "[0]" in output(capsys, "compile", "-y", "RAW", "ip")


def test_a_mistake_is_shown_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "compile", "tcp", "port", "htpp", status=1)
    assert "    tcp port htpp\n             ^^^^\n" in text
    assert "did you mean 'http'?" in text


def test_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys, "run", "-f", "arp", ARP_FRAME) == "262144\n"
    assert output(capsys, "run", "-f", "ip", ARP_FRAME) == "0\n"
    assert output(capsys, "run", "-f", "len > 90", "--length", "100", ARP_FRAME) == "262144\n"
    told = output(capsys, "run", "-f", "arp", "0x", status=1)
    assert "the packet is not in hexadecimal: there is 'x' in it" in told


def test_programs_as_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "arp.txt"
    file.write_text(ARP)
    listing = output(capsys, "disasm", str(file))
    assert listing.splitlines()[0] == "(000) ldh      [12]"
    monkeypatch.setattr("sys.stdin", io.StringIO(listing))
    assert output(capsys, "asm", "-ddd") == ARP
    assert output(capsys, "check", "-p", str(file)) == "4 instructions, nothing to complain of\n"
    assert "r0 = *(u16 *)skb[12]" in output(capsys, "translate", "-p", str(file))


def test_a_program_that_the_kernel_refuses(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.asm"
    file.write_text("div #0\nret a\n")
    text = output(capsys, "check", "-p", str(file), status=1)
    assert text.rstrip().endswith("instruction 0: division by zero")
    assert "cannot read" in output(capsys, "disasm", str(tmp_path / "none"), status=1)
