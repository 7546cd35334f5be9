"""`ClangText`: a program for BCC as plain C for clang, with what each of its lines comes from.

A word of the program has a line of its own: what clang says of a line, in an error or in the
object's line information, is about one place in the user's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.base.source import NOWHERE, Span
from seismo.c.clang.entries import EntryKind, entry
from seismo.c.clang.read import ProgramText, programs_of
from seismo.c.clang.records import declaration
from seismo.c.clang.rewrite import Piece, rewritten
from seismo.c.flavour import ContextKind, flavour_of
from seismo.c.kernel_types import TRACEPOINT_TAG, TypeNotFound
from seismo.c.registers import Machine
from seismo.c.tables import LOST, lost_offsets, map_specs
from seismo.c.tree import Unit
from seismo.c.types import Record
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec

__all__ = ("LOST_SYMBOL", "ClangText", "clang_text")

LOST_SYMBOL = "__seismo_lost"
"""What the map `LOST` is called in C."""

_COUNTER_BYTES = 8
_INLINE_ALL = "#pragma clang attribute push(__attribute__((always_inline)), apply_to = function)"


@dataclass(frozen=True, slots=True)
class ClangText:
    """The text; the words of `spans` are its lines from `first_line` on."""

    text: str
    first_line: int
    spans: Sequence[Span]

    def span_at(self, line: int) -> Span:
        """Where the user wrote what is in a line; NOWHERE for what is nobody's."""
        place = line - self.first_line
        return self.spans[place] if 0 <= place < len(self.spans) else NOWHERE


def clang_text(
    program: ProgramText, machine: Machine, cpus: int, kinds: Mapping[str, EntryKind] | None = None
) -> ClangText:
    """The program with entries of the kinds given, of all functions without them: those that their
    names say.

    Raises SourceError for what clang would not know how to say: a tracepoint or method that there
    is not, parameters that no register holds.
    """
    tokens, unit = program.tokens, program.unit
    functions = programs_of(unit)
    kinds = kinds or {name: EntryKind(flavour_of(name).context) for name in functions}
    is_at_syscall = any(one.is_at_syscall for one in kinds.values())
    pieces = rewritten(tokens, unit.tables, functions)
    before = [
        *(["#define SEISMO_AT_SYSCALL"] if is_at_syscall else []),
        "#include <bpf/seismo_bcc.h>",
        f"#define bpf_num_cpus() {cpus}",
        *[declaration(one) for one in _tracepoints(program)],
        *_maps(unit),
        _INLINE_ALL,
    ]
    after = ["#pragma clang attribute pop", *_entries(unit, kinds, machine)]
    return _joined("\n".join(before), pieces, "\n".join(after))


def _joined(before: str, pieces: Sequence[Piece], after: str) -> ClangText:
    words = "\n".join([text for text, _ in pieces])
    spans = [span for _, span in pieces]
    return ClangText(f"{before}\n{words}\n{after}\n", before.count("\n") + 2, spans)


def _tracepoints(program: ProgramText) -> Iterator[Record]:
    """The arguments of each tracepoint that the text names, once."""
    met: set[str] = set()
    for before, one in pairwise(program.tokens):
        is_tag = before.type == "STRUCT" and one.value.startswith(TRACEPOINT_TAG)
        if is_tag and one.value not in met:
            met.add(one.value)
            try:
                yield program.types.record("struct", one.value)
            except TypeNotFound as error:
                raise SourceError(one.span, f"there is no {error.name}", error.hint) from None


def _maps(unit: Unit) -> Iterator[str]:
    """The maps as symbols of the object, and what the macros of methods ask of them."""
    specs = {one.name: one for one in map_specs(unit)}
    for name, spec in specs.items():
        yield _map(LOST_SYMBOL if name == LOST else name, spec)
    for name in unit.tables:
        # As BCC has it, only a plain hash gets new keys by counting.
        grows = int(specs[name].type is MapType.HASH)
        yield f"enum {{ __seismo_grows_{name} = {grows} }};"
    for name, offset in lost_offsets(unit).items():
        yield f"enum {{ __seismo_lost_{name} = {offset // _COUNTER_BYTES} }};"


def _map(symbol: str, spec: MapSpec) -> str:
    words = (spec.type, spec.key_size, spec.value_size, spec.max_entries, spec.flags)
    listed = ", ".join([str(int(one)) for one in words])
    return f'struct __seismo_map {symbol} __attribute__((section("maps"), used)) = {{ {listed} }};'


def _entries(unit: Unit, kinds: Mapping[str, EntryKind], machine: Machine) -> Iterator[str]:
    yield '#pragma clang diagnostic ignored "-Wint-conversion"'
    for name, kind in kinds.items():
        is_own = kind.context in (ContextKind.OWN, ContextKind.ARGUMENTS)
        drops = is_own and flavour_of(name).returns_zero
        yield entry(unit.functions[name], kind, machine, drops)
