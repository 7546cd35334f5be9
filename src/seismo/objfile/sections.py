"""`section_kind`: what a program is, by the name of the section that it is compiled into."""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.object_attach import ObjectAttach
from seismo.spec.types import AttachSpec, ProgramTarget

__all__ = ("SectionKind",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionKind:
    """What `SEC("…")` says: the type to load as, and where to attach, as far as it is said.

    `at` is None where the section leaves it to the user (`xdp`: at which interface?); `is_optional`
    (`SEC("?…")`) is not loaded unless it is asked for.
    """

    type: ProgType
    attach_type: AttachType | None = None
    flags: int = 0
    target: ProgramTarget | None = None
    at: AttachSpec | ObjectAttach | None = None
    is_optional: bool = False
