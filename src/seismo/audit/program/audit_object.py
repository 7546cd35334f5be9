"""`AuditObject`: audit's programs as they are loaded, whether they were compiled here or elsewhere.

Nothing here knows the compiler.
"""

from __future__ import annotations

from collections.abc import Iterable

from seismo.audit.program.backends import place_of
from seismo.base.dataclass import dataclass, replace
from seismo.c.flavour import RAW_TRACEPOINT, Flavour
from seismo.spec.types import AttachSpec, MapSpec, ObjectSpec, ProgramSpec

__all__ = (
    "PENDING",
    "RING_BYTES",
    "AuditObject",
    "AuditProgram",
    "flavour_and_place",
    "sized",
    "with_stages",
)

RING_BYTES = 32 << 20
"""Of the ring of events, where nothing else is said: a power of two, at least a page."""

PENDING = 10240
"""How many calls may be in progress at a time."""

_SLOTS = 9  # bpf/maps.h: AUDIT_SLOTS
_STAGE = "audit_stage_"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProgram:
    """A program of an object; `attach` says where it runs, None: only by a tail call.

    One that is not `required` adds to what others tell: a kernel may lack its place.
    """

    name: str
    spec: ProgramSpec
    attach: AttachSpec | None
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditObject:
    """All programs and their maps; `digest` is the SHA-512 of the text they are made of, hex."""

    spec: ObjectSpec
    programs: tuple[AuditProgram, ...]
    digest: str


def flavour_and_place(function: str) -> tuple[Flavour, AttachSpec | None]:
    """What a function of the text is compiled for, and where it runs; a stage is only called."""
    return (RAW_TRACEPOINT, None) if function.startswith(_STAGE) else place_of(function)


def with_stages(spec: MapSpec, programs: Iterable[str]) -> MapSpec:
    """The array of stages, each of which is in the place that its name begins with."""
    if spec.name != "stages":
        return spec
    stages = [one for one in programs if one.startswith(_STAGE)]
    slots = tuple((int(one.removeprefix(_STAGE).split("_")[0]), one) for one in stages)
    return replace(spec, program_slots=slots)


def sized(
    audit: AuditObject, *, ring_bytes: int = RING_BYTES, pending: int = PENDING, cpus: int
) -> AuditObject:
    """The object with maps of these sizes: what is decided when it is loaded."""
    entries = {
        "events": ring_bytes,
        "pending": pending,
        "pending_text": pending,
        "pending_kept": pending,
        "scratch": cpus * _SLOTS,
    }
    maps = tuple(
        replace(one, max_entries=entries.get(one.name, one.max_entries)) for one in audit.spec.maps
    )
    return replace(audit, spec=replace(audit.spec, maps=maps))
