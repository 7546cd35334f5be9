"""`Frame`: one function of C while it is lowered, inlined or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.c.lower.value import Address, Operand
from seismo.c.lower.walk import BodyFacts
from seismo.c.tree import Variable
from seismo.ir.func import Block

__all__ = ("Exits", "Frame", "Home")

Home: TypeAlias = str | Address
"""Where a variable is: the builder's name of a register, or memory."""


@dataclass(frozen=True, slots=True)
class Exits:
    """Where `break` and `continue` go; a switch only has a way out."""

    leave: Block
    go_on: Block | None


@dataclass(slots=True, eq=False, kw_only=True)
class Frame:
    """`number` tells the functions of one program apart, in the order of their lowering; `cases`
    are the blocks of `case`s by the identity of their nodes."""

    number: int
    facts: BodyFacts
    give: Callable[[Operand | None], None]
    homes: dict[Variable, Home] = field(default_factory=dict)
    labels: dict[str, Block] = field(default_factory=dict)
    cases: dict[int, Block] = field(default_factory=dict)
    exits: list[Exits] = field(default_factory=list)
