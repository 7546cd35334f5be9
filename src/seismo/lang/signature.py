"""`Signature`: what the type checker must know of a built-in. The built-ins hand theirs in.

A built-in variable (`pid`) is a signature that takes nothing: it may be written with or without
parentheses. What a plain table of parameters cannot say, `check` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostics
from seismo.lang.ast import Call
from seismo.lang.types import Type

__all__ = ("CheckCall", "Param", "Signature", "Signatures")

CheckCall: TypeAlias = Callable[[Call, tuple[Type, ...], Diagnostics], Type]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: `accepts` names the kinds of type it takes.

    The kinds: `int` (bool too), `string`, `pointer`, `tuple`, `any` (every value, not void);
    `map`, a bare `@m` that means the map itself, not its value (where nothing else is accepted,
    also the entry `@m[k]`, which is not read); `key`, for `variadic` only, the rest of the
    arguments as key of the map that the first argument is. `literal` asks for a literal in the
    script.
    """

    name: str
    accepts: tuple[str, ...] = ("any",)
    optional: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a built-in takes and gives.

    `returns` is its type unless `check` is given, which sees the call, its argument types and the
    diagnostics, and answers with the type. `variadic` takes any number of further arguments.
    `is_aggregate`: only as `@m[…] = f(…)`. `is_statement`: gives nothing, stands alone.
    `ends_probe`: nothing runs after it (`exit`).
    """

    name: str
    returns: Type
    params: tuple[Param, ...] = ()
    variadic: Param | None = None
    check: CheckCall | None = None
    is_variable: bool = False
    is_aggregate: bool = False
    is_statement: bool = False
    ends_probe: bool = False
    probe_kinds: tuple[str, ...] = ()


Signatures: TypeAlias = Mapping[str, Signature]
