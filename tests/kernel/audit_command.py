"""The command `seismo audit`, for tests of what it promises: run it, and have what it recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from seismo.base.dataclass import dataclass

__all__ = (
    "SECONDS",
    "Run",
    "compiled",
    "environment",
    "in_python",
    "recorded",
    "seismo",
    "written",
)

SECONDS = 900


@dataclass(frozen=True, slots=True)
class Run:
    """What a command recorded: the events, and what it said of their whereabouts."""

    events: list[dict[str, Any]]
    account: dict[str, Any]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The events called so."""
        return [one for one in self.events if one["event"] == name]

    @property
    def names(self) -> set[str]:
        """What the events are called."""
        return {one["event"] for one in self.events}


def environment(**more: str) -> dict[str, str]:
    """That in which the package is found, and these variables."""
    return os.environ | {"PYTHONPATH": ":".join(one for one in sys.path if one)} | more


def seismo(*words: str) -> list[str]:
    """The command with these words."""
    return [sys.executable, "-m", "seismo", "audit", *words]


def written(path: Path) -> Run:
    """What a file of lines of JSON holds; it must be all that there was."""
    *events, account = [json.loads(line) for line in path.read_text().splitlines()]
    assert account["event"] == "audit.account"
    assert account["delivered"] == len(events)
    lost = sum(account["lost"].values()) + account["filtered"] + account["unfinished"]
    assert account["produced"] == len(events) + lost
    return Run(events, account)


def recorded(folder: Path, options: list[str], command: list[str], **more: str) -> Run:
    """A command, from its execve(2) to its end."""
    path = folder / "events.jsonl"
    path.unlink(missing_ok=True)
    run = subprocess.run(
        [*seismo("-o", f"jsonl:{path}", *options), "--", *command],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env=environment(**more),
    )
    assert run.returncode == 0, run.stderr
    found = written(path)
    assert not any(found.account["lost"].values()), run.stderr
    return found


def in_python(text: str, *words: object) -> list[str]:
    """A command that runs a text of Python, with these words."""
    return [sys.executable, "-I", "-S", "-c", text, *map(str, words)]


def compiled(folder: Path, text: str, *flags: str) -> str:
    """The program that a text of C is, in a folder."""
    source, program = folder / "program.c", folder / "program"
    source.write_text(text)
    subprocess.run(["cc", "-O1", "-w", *flags, "-o", program, source], check=True)
    return str(program)
