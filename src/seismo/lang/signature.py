"""`Signature`: what the type checker must know of a built-in. The built-ins hand theirs in.

A built-in variable (`pid`) is a signature that takes nothing: it may be written with or without
parentheses. What a plain table of parameters cannot say, `check` says; `evaluate` gives the value
of what is known at compile time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.lang.ast import Call, Expr, TypeExpr
from seismo.lang.config import Config
from seismo.lang.typed import Constant, Place
from seismo.lang.types import RecordType, Type
from seismo.probes.view import KernelView

__all__ = ("CallContext", "CheckCall", "Evaluate", "Param", "Signature", "Signatures")


class CallContext(Protocol):
    """What `check` and `evaluate` of a built-in may ask about the call's surroundings."""

    @property
    def config(self) -> Config:
        """The script's settings."""

    @property
    def view(self) -> KernelView:
        """The kernel that the script is compiled for."""

    @property
    def probe_kind(self) -> str:
        """The kind of the probe around the call (`tracepoint`); in a function, ''."""

    @property
    def place(self) -> Place | None:
        """Where the probe around the call runs; None in a function."""

    @property
    def default_space(self) -> str:
        """Whose memory an untyped address means here: `user` or `kernel`."""

    def error(self, span: Span, message: str, hint: str = "") -> None:
        """Report a mistake."""

    def warning(self, span: Span, message: str, hint: str = "") -> None:
        """Report what may be a mistake."""

    def is_constant(self, expr: Expr) -> bool:
        """Whether `constant` knows the expression."""

    def constant(self, expr: Expr) -> Constant:
        """The value of an expression that is known at compile time; KeyError for another.

        Literals, their negation and arithmetic, enumerators, C macros, `sizeof`, `comptime`.
        """

    def resolve(self, type_: TypeExpr) -> Type:
        """The type that is written; VOID, and a report, where there is none of the name."""

    def complete(self, record: RecordType) -> RecordType:
        """The record with its fields; without fields where only the name is known."""

    def expand(self, call: Call, expr: Expr) -> Type | None:
        """Have the call stand for another expression, and type that; None where it has mistakes."""

    def option(self, name: str, default: Constant, doc: str) -> Constant:
        """What the command line gave as `--name=value` behind `--`, else the default."""


CheckCall: TypeAlias = Callable[[Call, tuple[Type, ...], CallContext], Type]
Evaluate: TypeAlias = Callable[[Call, tuple[Type, ...], CallContext], Constant]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: `accepts` names the kinds of type it takes.

    The kinds: `int` (bool too), `string`, `pointer`, `tuple`, `array`, `buffer`, `record`,
    `symbolic`, `any` (every value, not void); `map`, a bare `@m` that means the map itself, not
    its value (where nothing else is accepted, also the entry `@m[k]`, which is not read); `type`,
    a `TypeArgument`; `word`, a bare name that is not looked up (`nsecs(boot)`, a member in
    `container_of`); `variable`, a variable that the call may write; `key`, for `variadic` only, the
    rest of the arguments as key of the map that the first argument is. `literal` asks for what is
    known at compile time.
    """

    name: str
    accepts: tuple[str, ...] = ("any",)
    optional: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a built-in takes and gives.

    `returns` is its type unless `check` is given, which sees the call, its argument types (VOID
    for maps without values, types and words) and its surroundings, and answers with the type.
    `evaluate`: the call is known at compile time, and this is its value. `variadic` takes any
    number of further arguments. `is_aggregate`: only as `@m[…] = f(…)`. `is_statement`: gives
    nothing, stands alone. `ends_probe`: nothing runs after it (`exit`). `is_unsafe`: only with
    `--unsafe`. `probe_kinds`: where it exists, empty for everywhere. `needs_context`: not in
    functions nor in loops that the kernel runs as callbacks. `is_only_printed`: what it is, is not
    known before user space has it, so it is no key, no value and no operand.
    """

    name: str
    returns: Type
    params: tuple[Param, ...] = ()
    variadic: Param | None = None
    check: CheckCall | None = None
    evaluate: Evaluate | None = None
    is_variable: bool = False
    is_aggregate: bool = False
    is_statement: bool = False
    ends_probe: bool = False
    is_unsafe: bool = False
    needs_context: bool = False
    is_only_printed: bool = False
    probe_kinds: tuple[str, ...] = ()


Signatures: TypeAlias = Mapping[str, Signature]
