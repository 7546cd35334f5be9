"""`write_object`: a compiled script as an object file, `name.bo`.

What other loaders know of stands where they look for it (`object_file.py`). What only we know of a
script is the section `.seismo`: the plan, without what the rest of the file has.
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import replace
from seismo.btf.spec import Btf
from seismo.elf.write import NewSection
from seismo.plan import Plan
from seismo.ship.access import CoreRelocation, is_core
from seismo.ship.local_types import local_types
from seismo.ship.model import PLAN_SECTION, Manifest
from seismo.ship.object_file import core_relocations, object_bytes
from seismo.ship.plan_text import write_text
from seismo.ship.seal import seal
from seismo.ship.section_names import section_name
from seismo.spec.types import ProgramSpec

__all__ = ("write_object",)


def write_object(manifest: Manifest, btf: Btf) -> bytes:
    """The file's bytes; the same manifest gives the same ones.

    `btf` are the kernel's types that the script was compiled against. Raises `BtfNotFound` for a
    relocation that names what is not there.
    """
    plan = manifest.plan
    types = local_types(btf, list(dict.fromkeys(_needed(plan))))

    def section_of(program: ProgramSpec) -> str:
        at = next((one.at for one in plan.attachments if one.program == program.name), None)
        return section_name(program, at)

    text = write_text(replace(manifest, plan=_without_code(plan)))
    further = [NewSection(name=PLAN_SECTION, data=text)]
    return seal(object_bytes(plan.object, types, section_of, further))


def _needed(plan: Plan) -> Iterator[CoreRelocation]:
    """All that need a type of the kernel's."""
    yield from core_relocations(plan.object)
    yield from (one for one, _ in plan.assumptions if is_core(one))


def _without_code(plan: Plan) -> Plan:
    """The plan without what the file's other sections say."""
    programs = [
        replace(
            one,
            insns=(),
            map_refs=(),
            relocations=tuple([(at, what) for at, what in one.relocations if not is_core(what)]),
        )
        for one in plan.object.programs
    ]
    return replace(plan, object=replace(plan.object, programs=tuple(programs)))
