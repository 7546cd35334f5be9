"""`Manifest`: what a shipped script says of itself; `Shipped`: such a file, read."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.plan import Plan

__all__ = (
    "DATA_PREFIX",
    "PLAN_SECTION",
    "DoesNotFit",
    "Manifest",
    "NotShipped",
    "RunFacts",
    "Shipped",
)

PLAN_SECTION = ".seismo"
"""The section that has the manifest."""

DATA_PREFIX = ".data."
"""What the section of a map begins with whose value programs take the address of."""


class NotShipped(BpfError):
    """An object file that does not hold a script of ours, or not all of it."""


class DoesNotFit(BpfError):
    """A shipped script that this kernel or this machine cannot run as it was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The plan, and what it was made for.

    `machine` is the architecture (`uname -m`), `release` the kernel that it was built on, for
    people. `tool` is the ready-made tool that it is, whose record says how to show what it finds;
    '' for a script. `options` are the tool's numbers and switches that its reports depend on.
    `files` are (path, build id in hexadecimal) of programs that it looks into by offsets; '' where
    the file had none.
    """

    plan: Plan
    machine: str
    release: str = ""
    tool: str = ""
    options: tuple[tuple[str, int], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Shipped:
    """A file that was read: its plan has the code of the kernel that it was built on.

    `btf` has the types that `core` refers to: of each program, by its name, the relocations that
    CO-RE knows, which count its instructions.
    """

    manifest: Manifest
    btf: Btf
    core: Mapping[str, tuple[CoreRelo, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What differs from run to run: by the names that `RunValue` has for it."""

    possible_cpus: int
    started_ns: int
    tai_offset_ns: int
    command_pid: int = 0
    pid_namespace_device: int = 0
    pid_namespace_inode: int = 0

    @property
    def founder_pid(self) -> int:
        """Whose family is traced, where that was left open: the command's; `DoesNotFit` if there
        is none."""
        if not self.command_pid:
            raise DoesNotFit("the script traces a command and all that it starts: give it with -c")
        return self.command_pid
