"""`MacroTable`: the macros of a script and of the library, and which of them a call means.

macro add(@m, x) { … }      add(@n, 1) means this one,
macro add($v, x) { … }      add($n, 1) this,
macro add(a, b) { … }       add(1, 2) this
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.ast import Expr, Macro, MacroParam, MapAccess, Variable
from seismo.lang.parse_probe import parse

__all__ = ("MacroTable", "accepts", "signature")

# Heavier than any number of arguments of the wrong kind.
_WRONG_COUNT = 1024


class MacroTable:
    """Macros by name. The library's are parsed when they are first asked for."""

    __slots__ = ("_library", "_own", "_texts")

    def __init__(self, library: Mapping[str, str]) -> None:
        self._texts = library
        self._own: dict[str, list[Macro]] = {}
        self._library: dict[str, tuple[Macro, ...]] = {}

    @property
    def names(self) -> frozenset[str]:
        """Every name that a macro has."""
        return frozenset((*self._own, *self._texts))

    def add(self, macro: Macro) -> Macro | None:
        """Take a macro of the script; the earlier one of the script that leaves it no call."""
        earlier = self._own.setdefault(macro.name, [])
        for one in earlier:
            if len(one.params) == len(macro.params) and all(map(_covers, one.params, macro.params)):
                return one
        earlier.append(macro)
        return None

    def overloads(self, name: str, *, library_only: bool) -> tuple[Macro, ...]:
        """The macros of that name, the script's own first, in the order of their definitions."""
        own = () if library_only else self._own.get(name, ())
        return (*own, *self._from_library(name))

    def is_library(self, macro: Macro) -> bool:
        """Whether it is the library's own text."""
        return macro in self._library.get(macro.name, ())

    def mismatch(
        self,
        overloads: Sequence[Macro],
        args: Sequence[Expr],
        call: Span,
        places: Sequence[Span],
    ) -> SourceError:
        """What is wrong with a call that fits none of the macros; shows the nearest.

        `places` are where the arguments are written.
        """
        nearest = min(overloads, key=lambda macro: _distance(macro, args))
        name, params = nearest.name, nearest.params
        if self.is_library(nearest):
            hint = f"the library has {' and '.join(map(signature, self._from_library(name)))}"
        else:
            hint = f"{signature(nearest)} is defined at {nearest.name_span.location}"
        if len(params) != len(args):
            count = f"{len(params)} argument{'' if len(params) == 1 else 's'}"
            return SourceError(call, f"macro '{name}' takes {count}, not {len(args)}", hint)
        at = next(at for at, pair in enumerate(zip(params, args, strict=True)) if not _fits(*pair))
        wanted = "a variable" if params[at].name[0] == "$" else "a map"
        message = f"macro '{name}' wants {wanted} for {params[at].name}, not {_kind_of(args[at])}"
        return SourceError(places[at], message, hint)

    def _from_library(self, name: str) -> tuple[Macro, ...]:
        if name not in self._library:
            diagnostics = Diagnostics()
            text = self._texts.get(name)
            macros = () if text is None else parse(Source("stdlib", text), diagnostics).macros
            diagnostics.stop_on_errors()
            self._library[name] = macros
        return self._library[name]


def accepts(macro: Macro, args: Sequence[Expr]) -> bool:
    """Whether a call with these arguments may mean this macro."""
    return _distance(macro, args) == 0


def signature(macro: Macro) -> str:
    """`macro name(a, $b, @c)`."""
    return f"macro {macro.name}({', '.join(param.name for param in macro.params)})"


def _distance(macro: Macro, args: Sequence[Expr]) -> int:
    """How far the arguments are from what the macro wants; wrong numbers outweigh wrong kinds."""
    missing = abs(len(macro.params) - len(args))
    wrong = sum(not _fits(param, arg) for param, arg in zip(macro.params, args, strict=False))
    return missing * _WRONG_COUNT + wrong


def _fits(param: MacroParam, arg: Expr) -> bool:
    match param.name[0]:
        case "$":
            return isinstance(arg, Variable)
        case "@":
            return isinstance(arg, MapAccess) and not arg.keys
        case _:
            return True


def _covers(earlier: MacroParam, later: MacroParam) -> bool:
    """Whether the earlier parameter takes every argument that the later one does."""
    return earlier.name[0] not in "$@" or earlier.name[0] == later.name[0]


def _kind_of(arg: Expr) -> str:
    if isinstance(arg, Variable):
        return "a variable"
    return "a map" if isinstance(arg, MapAccess) and not arg.keys else "an expression"
