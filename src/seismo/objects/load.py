"""`load`: a whole `ObjectSpec` into the kernel, and all of it out again.

>>> with load(spec, kernel) as loaded:
...     loaded.programs["probe_0"].test_run()
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from seismo.base.closing import Closing
from seismo.isa.map_types import MapType
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.objects.program import Program, load_programs
from seismo.spec.types import MapSpec, ObjectSpec

__all__ = ("Loaded", "load")


class Loaded(Closing):
    """Maps and programs by name; closing closes them, last made first."""

    def __init__(
        self, maps: Mapping[str, Map], programs: Mapping[str, Program], owned: ExitStack
    ) -> None:
        self.maps = maps
        self.programs = programs
        self._owned = owned

    def close(self) -> None:
        """Close all of it; a second time does nothing."""
        self._owned.close()


def load(spec: ObjectSpec, kernel: Kernel, given: Mapping[str, Map] | None = None) -> Loaded:
    """Create the maps, then load the programs; when one fails nothing is left behind.

    A map that is `given` by its name is taken instead, and stays the caller's to close. Raises what
    `Map.create` and `load_programs` raise.
    """
    with ExitStack() as on_error:
        if given or spec.btf or any(map(_is_special, spec.maps)):
            from seismo.objects.load_object import (  # noqa: PLC0415 (lazy: docs/architecture.md)
                load_object,
            )

            maps, loaded = load_object(spec, kernel, given or {}, on_error)
        else:
            maps = {one.name: on_error.enter_context(Map.create(kernel, one)) for one in spec.maps}
            loaded = load_programs(spec.programs, maps, kernel)
        programs = {one.spec.name: on_error.enter_context(one) for one in loaded}
        return Loaded(maps, programs, on_error.pop_all())


def _is_special(spec: MapSpec) -> bool:
    """Whether there is more to a map than to make it."""
    return bool(
        spec.inner
        or spec.contents
        or spec.map_slots
        or spec.program_slots
        or spec.is_frozen
        or spec.pin
        or (spec.type is MapType.PERF_EVENT_ARRAY and not spec.max_entries)
    )
