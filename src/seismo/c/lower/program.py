"""`lower_program`: a function of C to a program of the IR.

>>> func = lower_program(unit.functions["kprobe__vfs_read"], entry, host)
"""

from __future__ import annotations

from seismo.base.errors import CompilerBug, SourceError
from seismo.c.lower.function import lower_function
from seismo.c.lower.host import Entry, Host
from seismo.c.lower.spaces import Spaces
from seismo.c.lower.state import ProgramState
from seismo.c.lower.walk import BodyFacts
from seismo.c.tree import FunctionDecl
from seismo.ir.func import Func

__all__ = ("lower_program",)

_MAX_ROUNDS = 100


def lower_program(function: FunctionDecl, entry: Entry, host: Host) -> Func:
    """The program that a function becomes, with all that it calls.

    SourceError for what the program cannot do: write to the kernel's memory, keep more on its stack
    than there is.
    """
    spaces, facts = Spaces(), dict[FunctionDecl, BodyFacts]()
    for _ in range(_MAX_ROUNDS):
        spaces.begin()
        state = ProgramState(entry, host, spaces, facts)
        try:
            func = lower_function(state, function)
        except RecursionError:
            message = f"something in {function.name}() is nested too deeply"
            raise SourceError(function.span, message, "part it: name what is in it") from None
        if spaces.is_settled:
            return func
    raise CompilerBug("ir", f"the pointers of {function.name} do not settle")
