"""`-v`: what was compiled, loaded, attached and lost, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seismo.base.errors import BpfError
from seismo.objects.verifier_log import VerifierError
from seismo.plan import Plan
from seismo.session import Session
from seismo.ui.cli.command import Command

__all__ = ("Notes",)


class Notes:
    """Says nothing unless it `is_on`."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on

    def say_script(self, name: str, refused: Sequence[BpfError]) -> None:
        """Which of several scripts was taken, and why those before it were not."""
        for error in refused:
            self._say(f"not taken: {str(error).partition(chr(10))[0]}")
        self._say(f"script {name}")

    def say_plan(self, plan: Plan) -> None:
        """The programs with their sizes, the maps with theirs, and where each program goes."""
        for program in plan.object.programs:
            count = len(program.insns)
            self._say(f"program {program.name}: {program.type.kernel_name}, {count} instructions")
        for one in plan.object.maps:
            sizes = f"key {one.key_size}, value {one.value_size}, entries {one.max_entries}"
            self._say(f"map {one.name}: {one.type.kernel_name}, {sizes}")
        for attachment in plan.attachments:
            self._say(f"attach {attachment.program} at {attachment.at}")
        for note in plan.notes:
            self._say(f"probe {note}")

    def say_session(self, session: Session) -> None:
        """How many records came, and how many did not."""
        losses = session.losses()
        self._say(f"records: {session.received} received, {losses.events} lost")

    def say_command(self, command: Command) -> None:
        """How the command of -c ended."""
        if command.has_ended and command.status is not None:
            status = command.status
            how = f"exited with {status}" if status >= 0 else f"was ended by signal {-status}"
            self._say(f"command: process {command.pid} {how}")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Show the verifier's whole log, with the script's lines, when it refuses a program."""
        try:
            yield
        except VerifierError as error:
            self._say(error.explain())
            raise

    def _say(self, text: str) -> None:
        if self._is_on:
            print(text, file=sys.stderr)
