"""What a program declares that is no code: variables and tables. Import both from `c/tree.py`."""

from __future__ import annotations

from typing import final

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.c.types import CType, Record

__all__ = ("TableDecl", "Variable")


@final
@dataclass(slots=True, eq=False)
class Variable:
    """A local variable or a parameter, one object for each declaration.

    `is_addressed`: something takes its address, so it must be in memory (aggregates always are).
    """

    name: str
    type: CType
    span: Span
    is_parameter: bool = False
    is_addressed: bool = False


@final
@dataclass(slots=True, eq=False, kw_only=True)
class TableDecl:
    """A map as BCC declares it: `kind` is BCC's word (`hash`, `histogram`, `percpu_array`,
    `perf_output`, `ringbuf`, `stack_trace` …), `entries` what is declared (pages for `ringbuf`).

    `record` is the type of what the program sends through it, once a call has shown it. `pin` is a
    path; `is_extern` and `is_shared` are those of BPF_TABLE's variants; `inner` names the table
    that is the pattern of a map of maps.
    """

    name: str
    kind: str
    key: CType
    leaf: CType
    entries: int
    flags: int = 0
    span: Span
    record: Record | None = None
    pin: str = ""
    inner: str = ""
    is_extern: bool = False
    is_shared: bool = False
    is_public: bool = False
