"""`-c CMD`: the child waits, becomes the command, and is never left behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from seismo.ui.cli.command import Command, CommandError


def wait_for_exit(command: Command) -> None:
    assert select.select([command.exit_fd], [], [], 30)[0]


def test_the_command_waits_until_it_is_released(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with Command(f"touch {target}") as command:
        assert not select.select([command.exit_fd], [], [], 0.2)[0]
        assert not target.exists()
        command.release()
        wait_for_exit(command)
        assert command.has_ended
    assert target.exists()


def test_the_command_keeps_its_pid(tmp_path: Path) -> None:
    target = tmp_path / "pid"
    with Command(f"sh -c 'echo $$ > {target}'") as command:
        command.release()
        wait_for_exit(command)
        assert int(target.read_text()) == command.pid


@pytest.mark.parametrize("is_released", [False, True])
def test_a_command_that_still_runs_is_ended(is_released: bool) -> None:
    with Command("sleep 1000") as command:
        if is_released:
            command.release()
    with pytest.raises(ProcessLookupError):
        os.kill(command.pid, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'one word'", ["one word"]),
        ("a '' b", ["a", "", "b"]),
        ("""x'y z'"u v"w""", ["xy zu vw"]),
        (r"a\ b \'c\\", ["a b", "'c\\"]),
        (r'"\$HOME \"q\" \\ \n"', [r'$HOME "q" \ \n']),
        ("""sh -c 'echo "a b"; exit 3'""", ["sh", "-c", 'echo "a b"; exit 3']),
        ("$HOME * `x`", ["$HOME", "*", "`x`"]),
    ],
)
def test_words_are_split_as_a_shell_does(text: str, words: list[str], tmp_path: Path) -> None:
    target = tmp_path / "words"
    script = "import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))"
    with Command(f'{sys.executable} -c "{script}" {target} {text}') as command:
        command.release()
        wait_for_exit(command)
    assert target.read_text() == repr(words)


@pytest.mark.parametrize(
    ("program", "status"), [("true", 0), ("sh -c 'exit 3'", 3), ("sh -c 'kill -9 $$'", -9)]
)
def test_how_it_ended(program: str, status: int) -> None:
    with Command(program) as command:
        assert not command.has_ended and command.status is None
        command.release()
        wait_for_exit(command)
        assert command.has_ended and command.status == status
        command.check()


def test_a_program_that_the_kernel_does_not_take(tmp_path: Path) -> None:
    program = tmp_path / "nothing"
    program.write_bytes(b"\x7fELF and no more")
    program.chmod(0o755)
    with Command(str(program)) as command:
        command.release()
        wait_for_exit(command)
        with pytest.raises(CommandError, match="nothing cannot be run: Exec format error"):
            command.check()


def test_a_command_that_does_not_heed_sigterm_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seismo.runtime.stopped_child._PATIENCE_SECONDS", 0.1)
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    script = f"import os, signal, time; {ignore}; os.write({writing}, b'x'); time.sleep(1000)"
    with Command(f'{sys.executable} -c "{script}"') as command:
        command.release()
        assert os.read(reading, 1) == b"x"
    assert command.status == -9
    for fd in (reading, writing):
        os.close(fd)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a command"),
        ("no-such-program-here", "no program 'no-such-program-here' on PATH"),
        ("/dev/null", "no program '/dev/null'"),
        ("echo 'open", "no closing quotation"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        Command(text)


WRITE_AROUND = """
import fcntl, os, select, sys
from seismo.ui.cli.command import Command
os.write(1, b"before\\n")
with Command(sys.argv[1]) as command:
    command.release()
    select.select([command.exit_fd], [], [])
    os.write(1, b"after\\n")
assert not fcntl.fcntl(1, fcntl.F_GETFL) & os.O_APPEND
"""


def test_a_command_that_moves_the_offset_of_our_file_costs_no_output(tmp_path: Path) -> None:
    output = tmp_path / "output"
    command = f"{sys.executable} -c \"import os; os.write(1, b'its own'); os.lseek(1, 0, 0)\""
    with output.open("wb") as file:
        subprocess.run([sys.executable, "-c", WRITE_AROUND, command], stdout=file, check=True)
    assert output.read_text() == "before\nits ownafter\n"
