"""What compile time may ask of a kernel. `views.py` answers it live, or from a recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from seismo.base.errors import BpfError
from seismo.probes.format import TracepointFormat

if TYPE_CHECKING:
    from seismo.btf.spec import Btf

__all__ = ("KernelView", "SymbolNotFound", "TracepointNotFound")


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
