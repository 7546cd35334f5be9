"""`load_object`: maps and programs that need more than to be made; `load` has it late.

The order matters: types before the maps that have them, values before the programs whose verifier
reads them, programs before the arrays that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.objects.object_maps import fill_program_slots, pinned, set_up_maps
from seismo.objects.object_types import ObjectTypes
from seismo.objects.program import Program, load_programs
from seismo.spec.types import ObjectSpec

__all__ = ("load_object",)


def load_object(
    spec: ObjectSpec, kernel: Kernel, given: Mapping[str, Map], owned: ExitStack
) -> tuple[dict[str, Map], tuple[Program, ...]]:
    """All maps by name and the programs; `owned` is to close the maps, the caller the programs.

    Raises what `set_up_maps` and `load_programs` raise.
    """
    with ObjectTypes(kernel, spec) as types:
        maps, new = set_up_maps(spec.maps, kernel, types.fd, given, owned)
        with ExitStack() as on_error, pinned(new, kernel):
            programs = load_programs(spec.programs, maps, kernel, types)
            for one in programs:
                on_error.enter_context(one)
            fill_program_slots(spec.maps, maps, {one.spec.name: one for one in programs})
            on_error.pop_all()
    return maps, programs
