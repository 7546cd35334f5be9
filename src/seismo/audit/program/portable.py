"""`portable_audit`: audit's programs compiled for any kernel of this machine's architecture.

>>> objects = portable_audit(view)
>>> [len(one) for one in objects.values()]
[582288, 640112, …]

Pure: asks the kernel only through the view, whose types the texts are compiled with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from seismo.audit.program.audit_object import AuditProgram, with_stages
from seismo.audit.program.compile import (
    DEFAULT_FILTERS,
    audit_program,
    audit_text,
    compiled_text,
    digest_of,
)
from seismo.audit.program.variants import NOTE, Description, Variant, variants, write_description
from seismo.c.compile import map_specs, map_types
from seismo.c.tree import Unit
from seismo.elf.write import NewSection
from seismo.probes.view import KernelView
from seismo.ship.c_object import unit_object
from seismo.ship.section_names import section_name
from seismo.spec.types import ObjectSpec

__all__ = ("portable_audit", "portable_variant")

_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def portable_audit(view: KernelView, *, filters: str = DEFAULT_FILTERS) -> dict[Variant, bytes]:
    """The object file of each variant. Raises what `compile_audit` raises, and `BtfNotFound` for a
    text that takes from a module of the kernel what the kernel itself has not."""
    return {one: portable_variant(view, one, filters=filters) for one in variants()}


def portable_variant(
    view: KernelView, variant: Variant, *, filters: str = DEFAULT_FILTERS
) -> bytes:
    """The object file of one."""
    parts = audit_text(filters, variant)
    unit = compiled_text(parts, view, is_portable=True)
    names = [one.name for one in unit.functions.values() if not one.is_static]
    programs = tuple([audit_program(unit, name, view) for name in names])
    spec = ObjectSpec(
        maps=tuple([with_stages(one, names) for one in map_specs(unit)]),
        programs=tuple([one.spec for one in programs]),
        btf=map_types(unit),
    )
    description = Description(
        variant=variant,
        machine=view.machine(),
        digest=digest_of(parts),
        programs=dict(_files_of(unit, programs)),
        backends={one: tuple(_reached(parts, one)) for one in variant},
    )
    note = NewSection(name=NOTE, data=write_description(description))
    sections = {one.name: section_name(one.spec, one.attach) for one in programs}
    return unit_object(unit, spec, sections, view.btf(), [note])


def _files_of(unit: Unit, programs: tuple[AuditProgram, ...]) -> Iterator[tuple[str, str]]:
    for one in programs:
        yield one.name, unit.functions[one.name].span.location.name


def _reached(parts: Mapping[str, str], file: str) -> Iterator[str]:
    """The file, and what it includes that is no part of every text."""
    always = set(_INCLUDE.findall(parts["audit.c"].partition(f'#include "{file}"')[0]))
    pending, seen = [file], {file}
    while pending:
        name = pending.pop()
        yield name
        for inner in _INCLUDE.findall(parts[name]):
            if inner not in seen and inner not in always:
                seen.add(inner)
                pending.append(inner)
