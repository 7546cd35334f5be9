"""Tables over maps of one's own, without a program in C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from seismo.base.source import Source, Span
from seismo.bcc.table.events import LossCounter
from seismo.bcc.table.readers import Readers
from seismo.bcc.table.table import Table
from seismo.c.tree import TableDecl
from seismo.c.types import CHAR, INT, U32, U64, Array, CType, Member, Record
from seismo.kernel.live import LiveKernel
from seismo.objects.load import Loaded, load
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec

_SPAN = Span(Source("tables.c", " "), 0, 1)


def struct(tag: str, size: int, *members: Member) -> Record:
    made = Record("struct", tag)
    made.complete(size, 8, members)
    return made


EVENT = struct(
    *("data_t", 40, Member("number", U64, 0), Member("pid", U32, 64), Member("tid", U32, 96)),
    *(Member("comm", Array(CHAR, 16), 128), Member("ret", U64, 256)),
)
"""40 bytes, of which a test's programs set the first member."""


def declared(
    name: str, kind: str, key: CType = INT, leaf: CType = U64, record: Record | None = None
) -> TableDecl:
    return TableDecl(name=name, kind=kind, key=key, leaf=leaf, entries=0, span=_SPAN, record=record)


class Tables(Readers):
    """Stands in for the `BPF` object: maps and programs that are loaded, and what is open."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded

    def table(self, declaration: TableDecl, **options: Any) -> Any:
        return Table.of(self, declaration, self.loaded.maps[declaration.name], **options)

    def loss_counter(self, name: str) -> LossCounter:
        return LossCounter(self.loaded.maps[name], 0)

    def run(self, program: str, *numbers: int) -> None:
        """Run a program once for each number, which is its first argument."""
        for number in numbers:
            self.loaded.programs[program].test_run(ctx=number.to_bytes(8, "little"))


@contextmanager
def tables(
    kernel: LiveKernel, maps: Sequence[MapSpec], programs: Sequence[ProgramSpec] = ()
) -> Iterator[Tables]:
    spec = ObjectSpec(maps=tuple(maps), programs=tuple(programs))
    with load(spec, kernel) as loaded:
        made = Tables(loaded)
        try:
            yield made
        finally:
            made.close_buffers()
