"""`load`: a whole `ObjectSpec` into the kernel, and all of it out again.

>>> with load(spec, kernel) as loaded:
...     loaded.programs["probe_0"].test_run()
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.objects.program import Program, load_programs
from seismo.spec.types import ObjectSpec

__all__ = ("Loaded", "load")


class Loaded:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def load(spec: ObjectSpec, kernel: Kernel) -> Loaded:
    """Create the maps, then load the programs; when one fails nothing is left behind.

    Raises what `Map.create` and `load_programs` raise.
    """
    with ExitStack() as on_error:
        maps = {one.name: on_error.enter_context(Map.create(kernel, one)) for one in spec.maps}
        loaded = load_programs(spec.programs, maps, kernel)
        programs = {one.spec.name: on_error.enter_context(one) for one in loaded}
        return Loaded(maps, programs, on_error.pop_all())
