"""`Attack`: one case of the laboratory, which shows what it claims each time that it is run."""

from __future__ import annotations

from collections.abc import Callable

from seismo.attacks.listing import Specimen
from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum

__all__ = ("Act", "Attack", "Quadrant", "Scene")


class Quadrant(Enum):
    """Who attacks whom; the value is the chapter's title."""

    ON_EBPF = "attacks on eBPF"
    PROTECTING = "protecting eBPF"
    WITH_EBPF = "attacks with eBPF"
    DEFENDING = "defending with eBPF"


@dataclass(frozen=True, slots=True)
class Scene:
    """What an act showed, line by line, and whether that is what its statement says."""

    lines: tuple[str, ...]
    is_as_stated: bool


@dataclass(frozen=True, slots=True)
class Act:
    """A statement, and the experiment that shows whether it holds."""

    statement: str
    play: Callable[[], Scene]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """`name` is what the command line calls it; `cve` is empty where a case is no single bug's.

    `story` says what goes wrong and why, in sentences. All of it happens in user space: `programs`
    are only ever run in the virtual machine.
    """

    name: str
    title: str
    quadrant: Quadrant
    story: str
    programs: tuple[Specimen, ...]
    acts: tuple[Act, ...]
    cve: str = ""
