"""Programs at all kernel functions whose names match a pattern."""

from __future__ import annotations

from collections import Counter

from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.kprobe_multi import attach_kprobe_multi
from seismo.objects.attach.pattern import is_pattern, matching
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import KprobePatternAttach
from seismo.spec.types import KprobeMultiAttach

__all__ = ("attach_kprobe_pattern",)

# ftrace lists a function that was discarded as such an address.
_NO_FUNCTIONS = "__ftrace_invalid_address__"


def attach_kprobe_pattern(
    program: Program, at: KprobePatternAttach, kernel: Kernel, tracefs: Tracefs
) -> Link:
    """Run `program` at the functions that match now and that ftrace can hook.

    Raises `NotInKernel` if there are none, `NotSupported` where the kernel does not list them.
    Since Linux 5.18.
    """
    functions: tuple[str, ...] = (at.pattern,)
    if is_pattern(at.pattern):
        functions = matching(at.pattern, _functions(tracefs))
        if not functions:
            raise NotInKernel("function that can be traced and matches", at.pattern)
    where = KprobeMultiAttach(functions, is_return=at.is_return)
    return attach_kprobe_multi(program, where, kernel)


def _functions(tracefs: Tracefs) -> list[str]:
    """The names that mean one function each: a link is told names, not modules."""
    try:
        lines = tracefs.filter_functions().decode().splitlines()
    except SyscallError as error:
        hint = error.hint or "name the functions one by one, or trace tracepoints"
        what = "patterns of kernel functions"
        raise NotSupported(what, f"the kernel does not list them: {error.strerror}", hint) from None
    counts = Counter(line.partition(" ")[0] for line in lines)
    return [
        name for name, count in counts.items() if count == 1 and not name.startswith(_NO_FUNCTIONS)
    ]
