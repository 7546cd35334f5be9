"""`ProgramState`: what the functions of one program share. `Body`: what those with the same scopes
share, a program and its loops' bodies, or a function of the script and its loops'."""

from __future__ import annotations

from seismo.base.dataclass import dataclass, field
from seismo.ir.func import Func
from seismo.lang.ast import Unary, Variable
from seismo.lang.typed import Facts, Place
from seismo.lang.types import VOID, Type
from seismo.lower.resources import Resources
from seismo.lower.scratch import Arena, ScratchSpace

__all__ = ("Body", "FunctionPlace", "ProgramState", "addressed_variables")


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """Where a function of the script takes and leaves values that fit no register: the scratch
    offsets of its parameters (-1 for those in registers) and of its result."""

    name: str
    params: tuple[int, ...]
    result: int
    may_leave: bool


@dataclass(slots=True, kw_only=True)
class ProgramState:
    """`index` is the program's entry in the scratch map; `place` where it runs; `left` the scratch
    offset of what tells callers that a function has ended the run."""

    index: int
    place: Place
    shared: Resources
    space: ScratchSpace = field(default_factory=ScratchSpace)
    subprograms: list[Func] = field(default_factory=list)
    functions: dict[str, FunctionPlace] = field(default_factory=dict)
    left: int = -1
    _number: int = 0

    def next_number(self) -> int:
        """For names that must differ within the program."""
        self._number += 1
        return self._number


@dataclass(slots=True, kw_only=True)
class Body:
    """The facts about one body, and the memory of its variables.

    `stack_budget` is how many bytes of temporaries may lie on the stack of each of its functions;
    `addressed` are the variables that `&` is applied to: every write also goes to their homes;
    `context` the scratch offset of a copy of the context, where the program has another one;
    `returns` what a function of the script gives, and `result` the scratch offset of it, if it fits
    no register.
    """

    program: ProgramState
    facts: Facts
    default_space: str
    arena: Arena
    stack_budget: int
    context: int = -1
    returns: Type = VOID
    result: int = -1
    homes: dict[str, int] = field(default_factory=dict)
    addressed: frozenset[str] = frozenset()

    def home(self, name: str, size: int) -> int:
        """The scratch offset of a variable that does not fit a register."""
        if name not in self.homes:
            self.homes[name] = self.arena.keep(size)
        return self.homes[name]


def addressed_variables(facts: Facts) -> frozenset[str]:
    """The storage of every variable that `&` is applied to."""
    return frozenset(
        facts.locals[node.operand]
        for node in facts.types
        if type(node) is Unary and node.op == "&" and isinstance(node.operand, Variable)
    )
