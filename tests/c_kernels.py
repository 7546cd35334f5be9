"""Kernels made up for tests of C: the recorded one with BTF of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from seismo.base.errors import NotSupported
from seismo.btf.spec import Btf
from seismo.btf.types import Type
from seismo.btf.write import StringTable, write
from seismo.views import RecordedView

__all__ = ("RECORDED", "KernelOf", "KernelWithoutTypes")

RECORDED = RecordedView(Path(__file__).parent / "recorded" / "6.18")


class KernelOf(RecordedView):
    """A kernel with these types and no others; each of `modules` adds some, ids going on."""

    def __init__(self, types: Sequence[Type], modules: Sequence[Sequence[Type]] = ()) -> None:
        super().__init__(Path(__file__).parent / "recorded" / "6.18")
        self._own = Btf.from_bytes(write(types))
        self._of_modules = modules
        self.opened_modules = 0

    def btf(self) -> Btf:
        return self._own

    def module_btf(self, module: str = "") -> Iterator[Btf]:
        for types in self._of_modules:
            self.opened_modules += 1
            strings = StringTable(start=self._own.string_bytes)
            yield Btf.from_bytes(write(types, strings), self._own)


class KernelWithoutTypes(RecordedView):
    """A kernel that was compiled without BTF."""

    def __init__(self) -> None:
        super().__init__(Path(__file__).parent / "recorded" / "6.18")

    def btf(self) -> Btf:
        raise NotSupported("kernel types", "none here", "use another kernel")
