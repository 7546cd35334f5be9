"""`seismo -l 'struct sock*'`: types of the kernel, with -v as C defines them."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.btf.cprint import definition
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.probes.view import KernelView
from seismo.probes.wildcard import wildcard

__all__ = ("type_lines",)

_KINDS = {"struct": (Kind.STRUCT,), "union": (Kind.UNION,), "enum": (Kind.ENUM, Kind.ENUM64)}


def type_lines(word: str, pattern: str, view: KernelView, *, is_verbose: bool) -> Iterator[str]:
    """The types of the kernel and its modules that match; `word` is what C calls their sort.

    Raises TargetError for a pattern that is none.
    """
    matcher = wildcard(pattern)
    seen: set[str] = set()
    for btf in (view.btf(), *view.module_btf()):
        for name, id in sorted(_named(btf, word)):
            if matcher.fullmatch(name) and name not in seen:
                seen.add(name)
                yield definition(btf, id) if is_verbose else f"{word} {name}"


def _named(btf: Btf, word: str) -> Iterator[tuple[str, int]]:
    for kind in _KINDS[word]:
        yield from ((name, id) for id, name in btf.names(kind))
