"""What a program's text is compiled to, by our own compiler or by clang."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol, final

from seismo.base.dataclass import dataclass
from seismo.base.source import Source
from seismo.bcc.machine import machine
from seismo.c.compile import COptions, OnStage, build_program, compile_c
from seismo.c.flavour import Flavour
from seismo.c.tree import Unit
from seismo.spec.types import MapSpec, ProgramSpec

__all__ = ("Compiled", "compiled")


class Compiled(Protocol):
    """A text whose functions are made programs when it is known where they are attached."""

    @property
    def unit(self) -> Unit:
        """Its tables and functions."""

    @property
    def variables(self) -> Sequence[MapSpec]:
        """The maps of its global variables."""

    @property
    def advice(self) -> str:
        """What to say where the kernel's verifier refuses a program; '' for nothing."""

    def build(self, function: str, flavour: Flavour) -> ProgramSpec:
        """The code of a function; SourceError, DiagnosticsError."""


@final
@dataclass(frozen=True, slots=True)
class _Own:
    """By our own compiler: no global variables, and reads of the kernel's memory are safe."""

    unit: Unit
    on_stage: OnStage
    variables: Sequence[MapSpec] = ()
    advice: str = ""

    def build(self, function: str, flavour: Flavour) -> ProgramSpec:
        """As `build_program` has it."""
        return build_program(self.unit, function, flavour, machine().view, self.on_stage)


def compiled(source: Source, options: COptions, on_stage: OnStage, cc: str) -> Compiled:
    """The text compiled by the C compiler `cc`, by our own without one, which prints its warnings.

    Raises DiagnosticsError with every mistake in it, ClangError where there is no such compiler.
    """
    if cc:
        from seismo.bcc.clang_program import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            ClangProgram,
        )

        return ClangProgram(source, options, on_stage, cc)
    unit = compile_c(source, machine().view, options, on_stage)
    sys.stderr.write("".join(f"{one}\n" for one in unit.warnings))
    return _Own(unit, on_stage)
