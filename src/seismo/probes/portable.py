"""`PortableView`: a kernel's view that promises only what every kernel from an oldest one on has.

What the kernel at hand cannot do, but they can, is promised, too: a script with kprobes may be
compiled where there are none. Types, functions, tracepoints and symbols are those of the kernel at
hand, so wildcards mean what they mean there.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.probes.backend import Backend
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.spec.types import BreakpointAttach, KprobeAttach

__all__ = ("PortableView", "obstacles")

# The kernels that brought them, on x86 and, where that was later, on arm64 (fentry: commit
# efc9909fdce0).
_SINCE = {
    "breakpoint": (4, 9),
    "cookie": (5, 15),
    "fentry": (5, 5),
    "func_ip": (5, 15),
    "hardware": (4, 9),
    "iterator": (5, 8),
    "kprobe": (4, 1),
    "kprobe_multi": (5, 18),
    "raw_tracepoint": (4, 17),
    "uprobe": (4, 3),
    "uprobe_func_ip": (6, 6),
    "uprobe_multi": (6, 6),
}
_ON_ARM64 = {"fentry": (6, 0)}
_WHERE = "compile the script where it runs"


class PortableView:
    """Implements `KernelView`; only what a kernel `has` is not asked of `view`."""

    def __init__(self, view: KernelView, oldest: tuple[int, int]) -> None:
        self._oldest = oldest
        self._since = _SINCE | (_ON_ARM64 if view.machine() == "aarch64" else {})
        self.tracepoints = view.tracepoints
        self.tracepoint = view.tracepoint
        self.possible_cpus = view.possible_cpus
        self.btf = view.btf
        self.symbol = view.symbol
        self.cgroup_id = view.cgroup_id
        self.machine = view.machine
        self.module_btf = view.module_btf
        self.raw_tracepoints = view.raw_tracepoints
        self.absence = view.absence
        self.functions = view.functions
        self.function = view.function
        self.blacklist = view.blacklist
        self.bpf_programs = view.bpf_programs
        self.binary = view.binary
        self.process_binaries = view.process_binaries
        self.debug_info = view.debug_info

    def has(self, feature: str) -> bool:
        """Whether every kernel from the oldest one on can do it."""
        return self._since[feature] <= self._oldest

    def refusal(self, feature: str) -> tuple[str, str]:
        """(why, hint) of a feature that the oldest kernel has not."""
        since, oldest = ("{}.{}".format(*one) for one in (self._since[feature], self._oldest))
        why = f"the script is to run on Linux {oldest}, and this came with {since}"
        return why, "compile it for newer kernels alone, or for the one that it runs on"


def obstacles(
    points: tuple[AttachPoint, ...], backend: Backend
) -> Iterator[tuple[AttachPoint, str, str]]:
    """Points that are others, or nothing, on another kernel: why, and what to do about it."""
    for point, at in zip(points, backend.attach, strict=False):
        match at:
            case KprobeAttach(address=address, offset=offset) if address or offset:
                message = f"{point} is another instruction on another kernel"
                yield point, message, "probe where a function begins or returns"
            case BreakpointAttach(pid=0):
                yield point, f"{point} is something else on another kernel", _WHERE
            case _ if backend.target is not None and backend.target.program_id:
                yield point, f"{point} is a program that only this kernel has loaded", _WHERE
            case _:
                pass
