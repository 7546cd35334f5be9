"""Output of a pinned iterator: it is read as a file, when no tracer is there to take records.

So the kernel writes the text (`bpf_seq_printf`), which knows fewer conversions than printf() and
shows numbers and strings alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.errors import SourceError
from seismo.base.layout import FieldType, Int, Text
from seismo.base.source import Span
from seismo.builtin.record import Writer
from seismo.events.kinds import Action
from seismo.events.printf import Conversion, parse_format
from seismo.ir.ops import Kind, Value
from seismo.lang.literals import string_bytes
from seismo.lower.context import FuncContext
from seismo.lower.iterator import reader
from seismo.spec.types import IterAttach

__all__ = ("is_pinned", "print_to_reader")

_WORD = 8
_MOST_VALUES = 12  # kernel/trace/bpf_trace.c: MAX_SEQ_PRINTF_VARARGS
_NUMBERS = {"d": "lld", "i": "lld", "u": "llu", "x": "llx", "X": "llX", "p": "llx", "c": "c"}
_HINT = "what a pinned iterator prints is made by the kernel: it knows %d %u %x %c %p and %s"


def is_pinned(low: FuncContext) -> bool:
    """Whether the program is an iterator that somebody reads later."""
    at = low.place.backend.attach[0]
    return isinstance(at, IterAttach) and bool(at.pin)


def print_to_reader(
    low: FuncContext,
    action: Action,
    text: str,
    fields: Sequence[tuple[FieldType, Writer]],
    span: Span,
) -> None:
    """Write a printf() to who reads the iterator; SourceError for what cannot be written so.

    Since Linux 5.8.
    """
    if action is not Action.PRINTF:
        raise SourceError(span, "a pinned iterator can only printf()", "leave the pin out")
    if len(fields) > _MOST_VALUES:
        raise SourceError(span, f"a pinned iterator prints at most {_MOST_VALUES} values", _HINT)
    if [one.kind for one in low.b.func.params] != [Kind.PTR]:
        hint = "only the probe itself knows who reads"
        raise SourceError(span, "a pinned iterator cannot print in a loop or a function", hint)
    b, template = low.b, _template(text, fields, span)
    size = len(string_bytes(template)) + 1
    home = low.temporary("format", size)
    low.text(template)(home)
    shown = [one for one in parse_format(text) if one.kind != "%"]
    values = b.slot("values", max(1, len(fields)) * _WORD)
    for index, (conversion, field) in enumerate(zip(shown, fields, strict=True)):
        b.store(values, index * _WORD, _value(low, conversion, *field), _WORD)
    length = b.const(len(fields) * _WORD)
    b.call("seq_printf", reader(b), low.address(home), b.const(size), values, length)


def _template(text: str, fields: Sequence[tuple[FieldType, Writer]], span: Span) -> str:
    """The format as the kernel is to have it; SourceError."""
    forms = [form for form, _ in fields]
    made, end = "", 0
    for one in parse_format(text):
        made += text[end : one.start]
        made += "%%" if one.kind == "%" else _converted(one, forms.pop(0), text, span)
        end = one.end
    return made + text[end:]


def _converted(one: Conversion, form: FieldType, text: str, span: Span) -> str:
    written = text[one.start : one.end]
    width = "" if one.width is None else str(one.width)
    if "#" in one.flags or one.arguments > 1 or (one.precision is not None and one.kind != "s"):
        raise SourceError(span, f"a pinned iterator has no {written}", _HINT)
    if one.kind == "s" and isinstance(form, Text):
        return f"%{one.flags.replace('0', '')}{width}s"
    if not isinstance(form, Int) or (form.shown != "int" and one.kind == "s"):
        raise SourceError(span, f"a pinned iterator cannot show {form} by {written}", _HINT)
    letter = ("d" if form.signed else "u") if one.kind == "s" else one.kind
    if letter not in _NUMBERS:
        raise SourceError(span, f"a pinned iterator has no {written}", _HINT)
    prefix = "0x" if letter == "p" else ""
    return f"{prefix}%{one.flags}{width}{_NUMBERS[letter]}"


def _value(low: FuncContext, one: Conversion, form: FieldType, write: Writer) -> Value:
    """A number as it is to be shown, or the address of a string."""
    home = low.scratch(form.size)
    write(home)
    if not isinstance(form, Int):
        return low.address(home)
    whole = low.b.load(home.base, home.offset, form.size, signed=form.signed)
    if one.kind in "sp" or one.bits == 64:
        return whole
    return low.b.extend(whole, one.bits, signed=one.kind in "di")
