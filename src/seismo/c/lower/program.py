"""`lower_program`: a function of C to a program of the IR.

>>> func = lower_program(unit.functions["kprobe__vfs_read"], entry, host)
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.errors import CompilerBug, SourceError
from seismo.c.lower.function import lower_function
from seismo.c.lower.host import Entry, Host
from seismo.c.lower.spaces import Spaces
from seismo.c.lower.state import Assumptions, ProgramState
from seismo.c.lower.walk import BodyFacts
from seismo.c.tree import FunctionDecl, KernelConstant
from seismo.ir.func import Func
from seismo.ir.ops import Cond

__all__ = ("lower_program",)

_MAX_ROUNDS = 100


def lower_program(
    function: FunctionDecl, entry: Entry, host: Host, relied_on: Iterable[KernelConstant] = ()
) -> Func:
    """The program that a function becomes, with all that it calls; `relied_on` are the kernel's
    constants that have settled what the program is.

    SourceError for what the program cannot do: write to the kernel's memory, keep more on its stack
    than there is.
    """
    spaces, facts = Spaces(), dict[FunctionDecl, BodyFacts]()
    assumed: Assumptions = {(one.relocation, Cond.NE): (one.value, one.span) for one in relied_on}
    for _ in range(_MAX_ROUNDS):
        spaces.begin()
        state, known = ProgramState(entry, host, spaces, facts, assumed), len(assumed)
        try:
            func = lower_function(state, function)
        except RecursionError:
            message = f"something in {function.name}() is nested too deeply"
            raise SourceError(function.span, message, "part it: name what is in it") from None
        if spaces.is_settled and known == len(assumed):
            return func
    raise CompilerBug("ir", f"the pointers of {function.name} do not settle")
