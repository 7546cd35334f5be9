"""The formats of `bpf_trace_printk`, compared with what is printed.

The kernel refuses others when the program runs, and prints nothing: kernel/trace/bpf_trace.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostics
from seismo.c.sema.errors import CheckError
from seismo.c.tree import Expr, StringPlace
from seismo.c.types import Pointer

__all__ = ("check_format",)

_MOST = 3
_CONVERSIONS = "diuxXocps"


@dataclass(frozen=True, slots=True)
class Directive:
    """`%-10llu`: the text, and the letter that says what is printed."""

    text: str
    conversion: str


def check_format(diagnostics: Diagnostics, format_: StringPlace, values: Sequence[Expr]) -> None:
    """Say what is wrong with `bpf_trace_printk(format, values…)`."""
    text, span = format_.data[:-1].decode(errors="replace"), format_.span
    directives = tuple(_directives(text))
    for one in directives:
        if one.conversion not in _CONVERSIONS:
            hint = "the kernel knows %d %i %u %x %X %o %c %p %s, with l or ll"
            raise CheckError(span, f"bpf_trace_printk() does not know '{one.text}'", hint)
    if len(directives) > _MOST:
        raise CheckError(
            span,
            f"bpf_trace_printk() prints at most {_MOST} values, not {len(directives)}",
            "send a struct through BPF_PERF_OUTPUT instead",
        )
    if len(values) != len(directives):
        wanted = f"{len(directives)} value{'s' * (len(directives) != 1)}"
        message = f"the format prints {wanted}, and {len(values)} are given"
        raise CheckError(span, message)
    for one, value in zip(directives, values, strict=True):
        if one.conversion == "s" and not isinstance(value.type, Pointer):
            diagnostics.warning(value.span, f"'{one.text}' prints a string, not {value.type}")


def _directives(text: str) -> Iterator[Directive]:
    at = text.find("%")
    while at >= 0:
        end = at + 1
        while end < len(text) and text[end] in "-+ #0123456789.lhz":
            end += 1
        if text[end : end + 1] != "%" or end > at + 1:
            yield Directive(text[at : end + 1], text[end : end + 1] or "%")
        at = text.find("%", end + 1)
