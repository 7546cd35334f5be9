"""Programs from text in any of the forms that `disasm` writes: listing, C rows, decimal numbers.

>>> read_program(Source("stdin", "1\\n6 0 0 262144\\n"))
(SockFilter(code=6, jt=0, jf=0, k=262144),)
"""

from __future__ import annotations

import re

from seismo.base.source import Source, Span
from seismo.cbpf.asm import assemble
from seismo.cbpf.errors import FilterError
from seismo.cbpf.insn import SockFilter

__all__ = ("read_program",)

_ROW = re.compile(r"\{([^{}]*)\},?")
_DECIMAL = re.compile(r"\s*(?P<count>\d+)\s*[,\n](?P<rows>[\d\s,]*)")
_LIMITS = (0xFFFF, 0xFF, 0xFF, 0xFFFFFFFF)


def read_program(source: Source) -> tuple[SockFilter, ...]:
    """The program; FilterError for text that is none of these."""
    if "{" in source.text:
        return tuple(_row(source, found.start(1), found[1].split(",")) for found in _rows(source))
    if found := _DECIMAL.fullmatch(source.text):
        rows = re.split(r"[,\n]", found["rows"].strip(" ,\n"))
        program = tuple(_row(source, found.start("rows"), row.split()) for row in rows)
        if len(program) != int(found["count"]):
            span = Span(source, found.start("count"), found.end("count"))
            raise FilterError(span, f"there are {len(program)} instructions, not {found['count']}")
        return program
    return assemble(source)


def _rows(source: Source) -> list[re.Match[str]]:
    """The C rows; what stands between them must be blank."""
    rest = _ROW.sub(lambda one: " " * len(one[0]), source.text)
    if strange := re.search(r"\S", rest):
        span = Span(source, strange.start(), strange.end())
        raise FilterError(span, "this is no row of a program", "a row is `{ 0x28, 0, 0, 12 },`")
    return list(_ROW.finditer(source.text))


def _row(source: Source, at: int, fields: list[str]) -> SockFilter:
    """One instruction of four numbers."""
    try:
        numbers = [int(field.strip(), 0) for field in fields]
    except ValueError:
        numbers = []
    in_range = [0 <= number <= most for number, most in zip(numbers, _LIMITS, strict=False)]
    if len(numbers) != len(_LIMITS) or not all(in_range):
        span = Span(source, at, at + 1)
        raise FilterError(span, "an instruction is four numbers", "code, jt, jf and k")
    return SockFilter(*numbers)
