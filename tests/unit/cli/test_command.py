"""`-c CMD`: the child waits, becomes the command, and is never left behind."""

from __future__ import annotations

import os
import select
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
    ("text", "message"),
    [
        ("", "needs a command"),
        ("no-such-program-here", "no program 'no-such-program-here' on PATH"),
        ("/dev/null", "no program '/dev/null'"),
        ("echo 'open", "No closing quotation"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        Command(text)
