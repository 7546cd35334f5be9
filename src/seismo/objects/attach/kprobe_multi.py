"""Programs at many kernel functions by one link."""

from __future__ import annotations

import errno

from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.link import link_create_kprobe_multi
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.kprobe import CountingLink
from seismo.objects.attach.refusal import KPROBE_MULTI, refusals_at
from seismo.objects.errors import AttachRefused
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import KprobeMultiAttach

__all__ = ("attach_kprobe_multi",)


def attach_kprobe_multi(program: Program, at: KprobeMultiAttach, kernel: Kernel) -> Link:
    """Run `program` at the entries or the returns of all the functions; one of type
    TRACE_KPROBE_SESSION (Linux 6.10) at both.

    Raises `NotInKernel` for the first function that the kernel does not have. Since Linux 5.18.
    """
    kind = "kretprobe" if at.is_return else "kprobe"
    first, *others = at.functions
    place = f"{kind} {first}" + (f" and {len(others)} more" if others else "")
    try:
        with refusals_at(place, KPROBE_MULTI):
            number = link_create_kprobe_multi(
                kernel,
                int(program.fd),
                at.functions,
                at.cookies,
                is_return=at.is_return,
                type_=program.spec.expected_attach_type or AttachType.TRACE_KPROBE_MULTI,
            )
    except AttachRefused as error:
        if error.errno == errno.ESRCH:
            _check_functions(kernel, at.functions)
        raise
    return CountingLink((Fd(kernel, number, "link", place),))


def _check_functions(kernel: Kernel, functions: tuple[str, ...]) -> None:
    try:
        symbols = Kallsyms.read(kernel)
    except SyscallError:
        return
    for name in functions:
        try:
            symbols.symbols(name)
        except NotInKernel as error:
            raise NotInKernel("function", name, error.hint) from None
