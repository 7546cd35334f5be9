"""What compile time may ask of a kernel. `views.py` answers it live, or from a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.probes.format import TracepointFormat

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.elf.binary import Binary
    from seismo.elf.dwarf import DebugInfo

__all__ = ("FEATURE_NAMES", "KernelFunction", "KernelView", "SymbolNotFound", "TracepointNotFound")


@dataclass(frozen=True, slots=True)
class KernelFunction:
    """A function of the kernel, or of `module`. `is_traceable`: ftrace can hook it, so fentry and
    kprobe_multi can, too; false also where that cannot be found out."""

    name: str
    module: str = ""
    is_traceable: bool = False


class SymbolNotFound(BpfError):
    """The kernel has no symbol `name`, or hides its address; `hint` says which."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(f"no kernel symbol '{name}'" + (f"\nhint: {hint}" if hint else ""))
        self.name = name
        self.hint = hint


class TracepointNotFound(BpfError):
    """There is no tracepoint `name` (`category:name`); `hint` may know a near one."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(f"no tracepoint '{name}'" + (f"\nhint: {hint}" if hint else ""))
        self.name = name
        self.hint = hint


FEATURE_NAMES = (
    *("kprobe", "kprobe_multi", "fentry", "func_ip", "raw_tracepoint", "iterator"),
    *("uprobe", "uprobe_multi", "uprobe_func_ip", "cookie", "breakpoint", "hardware"),
)
"""What `KernelView.has` may be asked: kinds of probes, and `cookie` (perf links with one, Linux
5.15), `func_ip` and `uprobe_func_ip` (`bpf_get_func_ip` for kprobes and fentry; for uprobes, 6.6).
"""


class KernelView(Protocol):
    """The questions; both answers give the same script the same bytes."""

    def tracepoints(self) -> Sequence[str]:
        """Every `category:name`, sorted."""

    def tracepoint(self, category: str, name: str) -> TracepointFormat:
        """The arguments of a tracepoint; NotSupported when tracefs cannot be read,
        TracepointNotFound (with a near name) when there is no such tracepoint."""

    def possible_cpus(self) -> int:
        """How many CPUs per-CPU values are laid out for."""

    def btf(self) -> Btf:
        """The kernel's types; NotSupported for a kernel without them."""

    def symbol(self, name: str) -> int:
        """The address of a kernel symbol; SymbolNotFound when there is none that can be seen."""

    def cgroup_id(self, path: str) -> int:
        """The id of the cgroup (version 2) whose directory is `path`; SyscallError."""

    def machine(self) -> str:
        """The architecture as `uname -m` prints it: `x86_64`."""

    def module_btf(self, module: str = "") -> Iterator[Btf]:
        """The types of each loaded module, or of the one that is named; opened one after the
        other."""

    def has(self, feature: str) -> bool:
        """Whether the kernel can do it, by the names of `FEATURE_NAMES`."""

    def refusal(self, feature: str) -> tuple[str, str]:
        """(why, hint) of a feature that the kernel has not."""

    def raw_tracepoints(self) -> frozenset[str] | None:
        """All that there are; None where the kernel's types tell them."""

    def absence(self) -> str:
        """What it takes to have the places that kernels have and this one has not; '' where
        nothing can be done."""

    def functions(self) -> Sequence[KernelFunction]:
        """Every function that probes may be put on, sorted by name; those of modules, too."""

    def function(self, name: str) -> Sequence[KernelFunction]:
        """The functions of that name: none, one, or one each of several modules."""

    def blacklist(self) -> frozenset[str]:
        """Functions that the kernel lets nobody probe, as far as it tells."""

    def bpf_programs(self) -> Sequence[tuple[int, str]]:
        """(id, name) of each BPF program that is loaded and can be traced."""

    def binary(self, name: str) -> Binary:
        """The executable or library that a path, a library's name (`libc`) or a command's means, ''
        the program of -p; BinaryNotFound with a hint."""

    def process_binaries(self, pid: int) -> Sequence[str]:
        """The paths, as `binary` takes them, of the files with code that a process has mapped;
        of all processes with `pid` 0."""

    def debug_info(self, binary: Binary) -> DebugInfo:
        """What compilers have told of a program: source lines, functions, types; DebugInfoMissing,
        or NotSupported where it is of a kind that is not read."""
