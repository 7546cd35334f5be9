"""The rules that a program can break, and `Refused`, which says that it did."""

from __future__ import annotations

from seismo.base.enum import Enum
from seismo.base.errors import BpfError

__all__ = ("Refused", "Rule")


class Rule(Enum):
    """What a program must keep; the value is how reports name it."""

    FLOW = "control flow"
    INSTRUCTION = "known instructions"
    READ = "registers are written before they are read"
    BOUNDS = "memory is accessed within its bounds"
    ALIGNMENT = "accesses are aligned"
    NULL = "pointers that may be null are checked"
    CONTEXT = "the context is accessed as its type allows"
    POINTER = "arithmetic keeps pointers in their objects"
    ARITHMETIC = "shifts and divisions are defined"
    HELPER = "helpers are called as their prototypes say"
    REFERENCE = "what is acquired is released"
    STACK = "the stack holds 512 bytes and 8 calls"
    RESULT = "the program returns what its type allows"
    TERMINATION = "the program ends"
    COMPLEXITY = "the program is explored within the budget"


class Refused(BpfError):
    """The instruction at hand breaks `rule`; `hint` says what would make it pass."""

    def __init__(self, rule: Rule, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.hint = hint
