"""The syntax tree of a filter expression; every node has the span of what it was written as."""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.cbpf.filter.tokens import Token

__all__ = (
    "Abbreviation",
    "Access",
    "Arithmetic",
    "Binary",
    "Cast",
    "Combined",
    "Encapsulation",
    "Expression",
    "Inverse",
    "Length",
    "Negation",
    "Number",
    "Primitive",
    "Qualifiers",
    "Relation",
    "Way",
)


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What stands before a value: `tcp`, `src or dst`, `port`; '' where nothing is said."""

    protocol: str
    direction: str
    kind: str


@dataclass(frozen=True, slots=True)
class Primitive:
    """Qualifiers and a value; `mask` is what follows `/` or `mask`."""

    span: Span
    qualifiers: Qualifiers
    value: Token
    mask: Token | None = None


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A protocol alone: `tcp`."""

    span: Span
    protocol: str


@dataclass(frozen=True, slots=True)
class Cast:
    """`broadcast` or `multicast` (`kind`) of a protocol; '' is the link's."""

    span: Span
    protocol: str
    kind: str


@dataclass(frozen=True, slots=True)
class Way:
    """`inbound` or `outbound`."""

    span: Span
    is_outbound: bool


@dataclass(frozen=True, slots=True)
class Encapsulation:
    """`vlan`, `mpls`, `pppoed`, `pppoes` (`kind`); what follows is about what is inside."""

    span: Span
    kind: str
    number: Token | None


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a word that is one."""

    span: Span
    value: int


@dataclass(frozen=True, slots=True)
class Length:
    """`len`: the packet's length on the wire."""

    span: Span


@dataclass(frozen=True, slots=True)
class Access:
    """`size` bytes of a protocol's header: `ip[2:2]`."""

    span: Span
    protocol: str
    index: Arithmetic
    size: int


@dataclass(frozen=True, slots=True)
class Negation:
    """`-` before an operand."""

    span: Span
    operand: Arithmetic


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what is between them."""

    span: Span
    op: str
    left: Arithmetic
    right: Arithmetic


Arithmetic: TypeAlias = Number | Length | Access | Negation | Binary


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison: `op` is one of `=`, `!=`, `>`, `>=`, `<`, `<=`."""

    span: Span
    op: str
    left: Arithmetic
    right: Arithmetic


@dataclass(frozen=True, slots=True)
class Inverse:
    """`not` before an expression."""

    span: Span
    inner: Expression


@dataclass(frozen=True, slots=True)
class Combined:
    """Two expressions with `and` or `or` between them."""

    span: Span
    op: str
    left: Expression
    right: Expression


Expression: TypeAlias = (
    Primitive | Abbreviation | Cast | Way | Encapsulation | Relation | Inverse | Combined
)
