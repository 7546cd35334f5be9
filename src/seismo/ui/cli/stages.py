"""`-d STAGES`: prints stages of the compilation as they are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.compiler import STAGES, OnStage
from seismo.ir.pipeline import PASSES

__all__ = ("OF_BPFTRACE", "VERIFIER", "UnknownStage", "stage_printer", "wanted_stages")

VERIFIER = "verifier"
"""What the kernel's verifier says of every program: for this stage they are loaded."""

_ALL = "all"
OF_BPFTRACE = {
    "parse": "tokens",
    "codegen": "ir:before",
    "codegen-opt": "ir",
    "dis": "asm",
    "libbpf": "plan",
}
"""What the stages of bpftrace are here."""


class UnknownStage(BpfError):
    """`-d` was given a name that is no stage."""


def wanted_stages(texts: Sequence[str]) -> tuple[str, ...]:
    """The stages that the texts name, a comma between them; `all` is all of them.

    Raises `UnknownStage`, with the stages there are, for a name that is none.
    """
    known = (*STAGES, "ir:before", *(f"ir:after={name}" for name, _ in PASSES), VERIFIER)
    wanted: dict[str, None] = {}
    for name in ",".join(texts).split(",") if texts else ():
        stage = OF_BPFTRACE.get(name, name)
        if stage == _ALL:
            wanted.update(dict.fromkeys((*STAGES, VERIFIER)))
        elif stage in known:
            wanted[stage] = None
        elif stage:
            names = (*known, *OF_BPFTRACE, _ALL)
            hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
            raise UnknownStage(f"-d: no stage '{name}'\nhint: {hint}")
    return tuple(wanted)


def stage_printer(wanted: Sequence[str], stream: TextIO) -> OnStage:
    """What prints the wanted stages: a heading if there are several, then the stage's text."""

    def on_stage(name: str, text: Callable[[], str]) -> None:
        if name in wanted:
            heading = f"-- {name}\n" if len(wanted) > 1 else ""
            stream.write(f"{heading}{text()}\n")

    return on_stage
