"""`-d STAGE`: prints stages of the compilation as they are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.compiler import STAGES, OnStage
from seismo.ir.pipeline import PASSES

__all__ = ("check_stages", "stage_printer")


class UnknownStage(BpfError):
    """`-d` was given a name that is no stage."""


def check_stages(wanted: Sequence[str]) -> None:
    """Raise `UnknownStage`, with the stages there are, for a name that is none."""
    known = [*STAGES, "ir:before", *(f"ir:after={name}" for name, _ in PASSES), "all"]
    for name in wanted:
        if name not in known:
            near = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise UnknownStage(f"-d: no stage '{name}'\nhint: {near}")


def stage_printer(wanted: Sequence[str], stream: TextIO) -> OnStage:
    """What prints the wanted stages: a heading if there are several, then the stage's text."""

    def on_stage(name: str, text: Callable[[], str]) -> None:
        if name in wanted or ("all" in wanted and name in STAGES):
            heading = f"-- {name}\n" if len(wanted) > 1 or "all" in wanted else ""
            stream.write(f"{heading}{text()}\n")

    return on_stage
