"""Strings from memory: `str`."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.builtin.record import Builtin, Lowering, Writer
from seismo.lang.ast import Call, Number
from seismo.lang.signature import Param, Signature
from seismo.lang.types import StringType, Type

__all__ = ("BUILTINS", "DEFAULT_STRING_BYTES", "MAX_STRING_BYTES", "STR")

DEFAULT_STRING_BYTES = 1024
"""bpftrace's `max_strlen`."""

MAX_STRING_BYTES = 4096
"""PATH_MAX (include/uapi/linux/limits.h): no longer path reaches the kernel."""


def _check_str(call: Call, types: tuple[Type, ...], diagnostics: Diagnostics) -> Type:
    if len(call.args) < 2:
        return StringType(DEFAULT_STRING_BYTES)
    length = call.args[1]
    if not isinstance(length, Number):
        diagnostics.error(length.span, "the length of str() must be a number")
        return StringType(DEFAULT_STRING_BYTES)
    if not 1 <= length.value <= MAX_STRING_BYTES:
        diagnostics.error(
            length.span,
            f"the length of str() must be 1 to {MAX_STRING_BYTES}",
            hint="the closing NUL takes one of these bytes",
        )
        return StringType(DEFAULT_STRING_BYTES)
    return StringType(length.value)


def _lower_str(low: Lowering, call: Call) -> Writer:
    type_ = low.type_of(call)
    size = type_.size if isinstance(type_, StringType) else DEFAULT_STRING_BYTES
    return low.read_string(call.args[0], size)


STR = Builtin(
    Signature(
        name="str",
        params=(
            Param("pointer", ("pointer", "int", "string")),
            Param("length", ("int",), optional=True, literal=True),
        ),
        returns=StringType(DEFAULT_STRING_BYTES),
        check=_check_str,
    ),
    "The NUL-terminated string at a pointer, at most `length` bytes (1024) with its NUL. "
    "Reads user memory for system-call arguments, kernel memory otherwise.",
    _lower_str,
)

BUILTINS = (STR,)
