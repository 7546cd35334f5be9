"""What a program calls as the kernel calls something else: the kernel's are renamed for clang.

>>> renamed("struct key { int a; };", names_in(tokens))         # which define a `struct key`
'struct key___kernel { int a; };'

What follows `___` is no part of a type's name to CO-RE, so what the kernel's other types hold of
the renamed ones is found all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from seismo.base.dataclass import dataclass
from seismo.c.tokens import CToken

__all__ = ("Names", "names_in", "renamed")

_SUFFIX = "___kernel"
_TAGGED = ("STRUCT", "UNION", "ENUM")


@dataclass(frozen=True, slots=True)
class Names:
    """Tags, typedefs, and what else has a name outside functions."""

    tags: frozenset[str]
    typedefs: frozenset[str]
    others: frozenset[str]


def names_in(
    tokens: Sequence[CToken], typedefs: Iterable[str] = (), others: Iterable[str] = ()
) -> Names:
    """Those of a text: tags and enumerators that its tokens define, and those given."""
    tags = {
        tokens[at + 1].value
        for at, one in enumerate(tokens[:-2])
        if one.type in _TAGGED
        and tokens[at + 1].type in ("ID", "TYPEID")
        and tokens[at + 2].type in ("LBRACE", "ATTRIBUTE")
    }
    constants = [name for at, one in enumerate(tokens) if one.type == "ENUM"
                 for name in _constants(tokens, at)]  # fmt: skip
    return Names(frozenset(tags), frozenset(typedefs), frozenset([*constants, *others]))


def _constants(tokens: Sequence[CToken], at: int) -> Iterator[str]:
    """The names in `enum … { A, B = 1 }`."""
    start = next((it for it in (at + 1, at + 2) if tokens[it : it + 1]
                  and tokens[it].type == "LBRACE"), None)  # fmt: skip
    if start is None:
        return
    before = "COMMA"
    depth = 0
    for one in tokens[start + 1 :]:
        depth += (one.type == "LPAREN") - (one.type == "RPAREN")
        if one.type == "RBRACE":
            return
        if before == "COMMA" and not depth:
            yield one.value
        before = one.type


def renamed(types: str, names: Names) -> str:
    """The kernel's types as C, without those names."""
    if names.tags:
        types = _replaced(rf"\b((?:struct|union|enum) )({_any(names.tags)})\b()", types)
    if names.others:
        types = _replaced(rf"(?m)^(\s+)({_any(names.others)})( =|,)", types)
    for name in names.typedefs:
        if re.search(rf"(?m)^(?:typedef\b|\}}).*\b{re.escape(name)}\b.*;$", types):
            types = _replaced(rf"\b()({re.escape(name)})\b()", types)
    return types


def _any(names: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(names)))


def _replaced(pattern: str, text: str) -> str:
    return re.sub(pattern, rf"\1\2{_SUFFIX}\3", text)
