"""`ProgramState`: what the functions of one program share. `Body`: what lowering's own modules may
use of a function, beyond `Lowering`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.source import Span
from seismo.c.kernel_values import CoreRelocation
from seismo.c.lower.context import Lowering
from seismo.c.lower.frame import Frame, Home
from seismo.c.lower.host import Entry, Host
from seismo.c.lower.spaces import Spaces
from seismo.c.lower.value import Address, Operand, Space
from seismo.c.lower.walk import BodyFacts, body_facts
from seismo.c.tree import FunctionCall, FunctionDecl, Variable
from seismo.ir.func import Func
from seismo.ir.ops import Cond, Value

__all__ = ("Assumptions", "Body", "ProgramState")

Assumptions: TypeAlias = dict[tuple[CoreRelocation, Cond], tuple[int, Span]]
"""What must not be so, of which relocation; the value that it is compared with, and for whom."""


@dataclass(slots=True, eq=False)
class ProgramState:
    """What the functions of one program share while it is lowered once."""

    entry: Entry
    host: Host
    spaces: Spaces
    facts: dict[FunctionDecl, BodyFacts]
    assumptions: Assumptions = field(default_factory=dict)
    subprograms: dict[str, Func] = field(default_factory=dict)
    frames: int = 0

    def assume(
        self, relocation: CoreRelocation, value: int, span: Span, unless: Cond = Cond.NE
    ) -> None:
        """Have the program refused where (relocation `unless` value)."""
        self.assumptions.setdefault((relocation, unless), (value, span))

    def next_frame(self) -> int:
        """The number of a new frame."""
        self.frames += 1
        return self.frames

    def facts_of(self, function: FunctionDecl) -> BodyFacts:
        """What is known of the body; each is walked once."""
        if function not in self.facts:
            self.facts[function] = body_facts(function)
        return self.facts[function]


class Body(Lowering, Protocol):
    """One function of the IR, with the function of C that is being lowered into it."""

    state: ProgramState
    frame: Frame
    scratch: Address
    """8 bytes of the stack that hold something only from one op to the next."""

    def home(self, variable: Variable) -> Home:
        """Where a variable of the function of C at hand is."""

    def key(self, variable: Variable) -> Hashable:
        """What `Spaces` knows it by."""

    def fresh(self, hint: str) -> str:
        """A name for a register that no variable has."""

    def inline(self, call: FunctionCall) -> Operand | Address | None:
        """Run a static function here; what it gives."""

    def settle(self, operand: Operand, space: Space) -> Value:
        """The operand in a register that may hold anything else in `space` too."""
