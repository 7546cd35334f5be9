"""`load_battery`: audit's programs out of the package, made to fit the kernel at hand.

>>> audit = load_battery(view, LiveFacts(kernel))
>>> audit.digest == compile_audit(view, optional=…).digest
True

They were compiled when the package was made (`dev/gen_battery.py`), so nothing is compiled here:
what is the kernel's is put in by CO-RE.
"""

from __future__ import annotations

import hashlib
import os.path
from collections.abc import Collection

from seismo.audit.program.audit_object import (
    PENDING,
    RING_BYTES,
    AuditObject,
    AuditProgram,
    flavour_and_place,
    sized,
)
from seismo.audit.program.backends import BACKENDS, NAMES_FROM_KERNEL, choose
from seismo.audit.program.variants import (
    NOTE,
    DamagedArchive,
    Description,
    best_variant,
    read_description,
    unpack,
)
from seismo.audit.record.layout import KERNEL_EVENTS
from seismo.base.errors import NotSupported
from seismo.elf.file import ElfFile
from seismo.isa.prog_types import ProgType
from seismo.objfile.link import link
from seismo.objfile.model import KernelFacts, ObjectFile
from seismo.objfile.read import read_object
from seismo.probes.view import KernelView

__all__ = (
    "ALL_EVENTS",
    "battery_path",
    "fitted_audit",
    "has_battery",
    "load_battery",
    "read_battery",
)

ALL_EVENTS: tuple[int, ...] = (0, *KERNEL_EVENTS)
"""Types that ask for every backend: a system call stands for all of them."""

_DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "battery")
_MARK = 16
_HINT = "compile them here: compile_audit()"


def battery_path(machine: str, filters: str = "") -> str:
    """Where the package has the archive for a machine (`uname -m`): the one without filters, or
    with those of a ready-made configuration, whose text `filters` is."""
    mark = f"-{hashlib.sha256(filters.encode()).hexdigest()[:_MARK]}" if filters else ""
    return os.path.join(_DIRECTORY, f"{machine}{mark}.tar.xz")


def has_battery(machine: str, filters: str = "") -> bool:
    """Whether the package has that archive."""
    return os.path.exists(battery_path(machine, filters))


def read_battery(machine: str, filters: str = "") -> bytes:
    """The archive for a machine; NotSupported where the package has none."""
    try:
        with open(battery_path(machine, filters), "rb") as file:
            return file.read()
    except OSError as error:
        whose = f"{machine} with these filters" if filters else machine
        why = f"the package has none for {whose} ({error.strerror})"
        raise NotSupported("audit's compiled programs", why, _HINT) from error


def load_battery(
    view: KernelView,
    facts: KernelFacts,
    *,
    filters: str = "",
    wanted: Collection[int] = ALL_EVENTS,
    ring_bytes: int = RING_BYTES,
    pending: int = PENDING,
) -> AuditObject:
    """The package's programs for the kernel of the view, those that tell the types `wanted`, with
    `filters` as `battery_path` has them.

    Raises NotSupported where there are none for this machine, CoreError where the kernel's types
    contradict themselves.
    """
    data = read_battery(view.machine(), filters)
    return fitted_audit(data, view, facts, wanted=wanted, ring_bytes=ring_bytes, pending=pending)


def fitted_audit(
    archive: bytes,
    view: KernelView,
    facts: KernelFacts,
    *,
    wanted: Collection[int] = ALL_EVENTS,
    ring_bytes: int = RING_BYTES,
    pending: int = PENDING,
) -> AuditObject:
    """The same of an archive that `pack` made."""
    found = {}
    for data in unpack(archive):
        description = read_description(_note(data))
        found[description.variant] = description, data
    works = [one.file for one in (*BACKENDS, NAMES_FROM_KERNEL) if one.works(view)]
    try:
        description, data = found[best_variant(found, works)]
    except KeyError:
        why = "none of those that were compiled runs on this kernel"
        raise NotSupported("audit's compiled programs", why, _HINT) from None
    _check_machine(description, view)
    chosen = {one.file for one in choose(view, wanted)}.intersection(description.variant)
    file = read_object(data, f"audit for {description.machine}")
    made = _linked(file, facts, description, description.programs_for(chosen))
    return sized(made, ring_bytes=ring_bytes, pending=pending, cpus=view.possible_cpus())


def _note(data: bytes) -> bytes:
    """What an object says of itself, without reading the rest of it."""
    file = ElfFile(data, "audit")
    section = file.sections.get(NOTE)
    if section is None:
        raise DamagedArchive(f"an object without section {NOTE}: audit's programs have it")
    return bytes(file.content(section))


def _check_machine(description: Description, view: KernelView) -> None:
    if description.machine != view.machine():
        why = f"they are for {description.machine}, and this is {view.machine()}"
        raise NotSupported("audit's compiled programs", why, _HINT)


def _linked(
    file: ObjectFile, facts: KernelFacts, description: Description, names: tuple[str, ...]
) -> AuditObject:
    spec = link(file, facts, names)
    programs = []
    for one in spec.programs:
        _, place = flavour_and_place(one.name)
        required = one.type is ProgType.RAW_TRACEPOINT
        programs.append(AuditProgram(name=one.name, spec=one, attach=place, required=required))
    return AuditObject(spec=spec, programs=tuple(programs), digest=description.digest)
