"""`seismo sandbox`: both verdicts, the policy of its options, and its exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from c_objects import CLANGS, SOURCES, compile_bpf
from seismo.isa.encode import encode
from seismo.isa.parse import parse_listing
from seismo.ui.cli.main import main

LOAD = "r0 = *(u64 *)(r1 +0)\nexit"
STORE = "*(u64 *)(r1 +0) = 1\nr0 = 0\nexit"
COUNT = """
*(u32 *)(r10 -4) = 1
*(u64 *)(r10 -16) = 2
r2 = r10
r2 += -4
r3 = r10
r3 += -16
r1 = map[fd:1]
r4 = 0
call bpf_map_update_elem#2
exit
"""
MAPS = ("--map", "array:4:4:1", "--map", "hash:4:8:64")
WRITE = "call bpf_probe_write_user#36\nexit"


def sandbox(text: str, *options: str) -> int:
    return main(["sandbox", "--program", encode(parse_listing(text), "little").hex(), *options])


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    assert printed.err == ""
    return [line.strip() for line in printed.out.splitlines()]


def test_a_run_that_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox(LOAD, "--context", "ff 01 00 00 00 00 00 00") == 0
    lines = lines_of(capsys)
    assert lines[0] == "program (raw_tracepoint):"
    assert lines[1].startswith("verifier: accepted")
    assert lines[2:] == [
        "inventory: risk 0: sees, and changes nothing",
        "sandbox: r0 = 0x1ff",
        "steps: 2",
    ]


def test_a_program_that_the_verifier_refuses_is_run_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sandbox("r0 = r3\nexit") == 0
    lines = lines_of(capsys)
    assert lines[1].startswith("verifier: refused")
    assert "sandbox: r0 = 0x0" in lines


def test_changes_of_maps(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox(COUNT, *MAPS) == 0
    assert "map map1[01 00 00 00]: nothing -> 02 00 00 00 00 00 00 00" in lines_of(capsys)


@pytest.mark.parametrize(
    ("text", "options", "rule"),
    [
        (LOAD, ("--context", "ff"), "memory is accessed within its bounds"),
        (STORE, (), "memory is accessed within its bounds"),
        (WRITE, (), "only permitted helpers are called"),
        ("goto pc-1\nexit", ("--steps", "100"), "the run ends within its steps"),
        (
            "goto pc-1\nexit",
            ("--steps", str(1 << 50), "--seconds", "1"),
            "the run ends within its time",
        ),
        (LOAD, ("--memory", "600"), "memory stays within its limit"),
        (COUNT, (*MAPS, "--writable", ""), "only permitted maps are changed"),
        (COUNT, (*MAPS, "--writable", "map0"), "only permitted maps are changed"),
    ],
)
def test_what_is_stopped(
    text: str, options: tuple[str, ...], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sandbox(text, *options) == 1
    lines = lines_of(capsys)
    (start,) = (at for at, line in enumerate(lines) if line.startswith("sandbox: stopped"))
    assert f"rule: {rule}" in lines[start:]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (STORE, ("--write-context",)),
        (WRITE, ("--allow", "probe_read,bpf_probe_write_user")),
        (COUNT, (*MAPS, "--writable", "map0,map1")),
    ],
)
def test_what_is_allowed(
    text: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sandbox(text, *options) == 0
    assert "sandbox: r0 = 0x0" in lines_of(capsys)


def test_what_a_program_can_do_to_others(capsys: pytest.CaptureFixture[str]) -> None:
    sandbox(WRITE)
    told = "inventory: risk 6: writes memory of processes (bpf_probe_write_user)"
    assert told in lines_of(capsys)


def test_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    script = "tracepoint:syscalls:sys_enter_close { @[args.fd] = count(); }"
    context = bytes(16).hex() + (5).to_bytes(8, "little").hex()
    assert main(["sandbox", "-e", script, "--context", context]) == 0
    lines = lines_of(capsys)
    assert any(line.startswith("verifier: accepted") for line in lines)
    assert any(line.startswith("map @[05 00 00 00") for line in lines)


@pytest.mark.skipif(not CLANGS, reason="there is no clang")
def test_programs_of_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(compile_bpf(SOURCES / "callbacks.bpf.c", CLANGS[-1]))
    assert main(["sandbox", path, "both"]) == 0
    lines = lines_of(capsys)
    assert lines[0] == "both (raw_tracepoint):"
    assert f"sandbox: r0 = {sum(range(10)):#x}" in lines
    assert "calls: bpf_for_each_map_elem x1, bpf_loop x1" in lines
    assert main(["sandbox", path]) == 0
    assert [line for line in lines_of(capsys) if line.startswith("sandbox")] == [
        "sandbox: r0 = 0x2d",
        "sandbox: r0 = 0x0",
    ]


def test_a_file_that_is_no_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.o"
    path.write_bytes(b"\x7fELF")
    assert main(["sandbox", str(path)]) == 1
    assert main(["sandbox", str(tmp_path / "none.o")]) == 1
    assert f"cannot read {tmp_path / 'none.o'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--program", "xx"), "--program is not in hexadecimal"),
        (("--program", "9500000000000000", "--context", "5"), "--context is not in hexadecimal"),
        (("--program", "9500000000000000", "--allow", "writes"), "no helper is called 'writes'"),
        (("--program", "9500000000000000", "--map", "hash:4"), "write TYPE:KEY:VALUE:ENTRIES"),
        (("-e", "BEGIN { exit(); }", "--context", "zz"), "--context is not in hexadecimal"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert why in printed.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "give one of: FILE"),
        (("a.o", "-e", "BEGIN {}"), "give one of: FILE"),
        (("--program", "9500000000000000", "--type", "kprobes"), "there is no type"),
    ],
)
def test_mistakes_of_usage(
    arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", *arguments])
    assert ended.value.code == 1
    assert why in capsys.readouterr().err


def test_a_map_that_is_not_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox(COUNT, "--map", "array:4:4:1") == 1
    assert "rule: the program is one that the machine can run" in lines_of(capsys)


def test_a_program_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "two.asm"
    path.write_text("r0 = 2\nexit\n")
    assert main(["sandbox", str(path)]) == 0
    assert lines_of(capsys)[0] == "two (raw_tracepoint):"
    assert main(["sandbox", str(path), "three"]) == 1
    assert "there is no program 'three'\nhint: there are two" in capsys.readouterr().err
