"""What tests of C text share: a script's declarations read, and what is said about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lang_cases import VIEW
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import NotSupported, SourceError
from seismo.base.source import Source, Span
from seismo.btf.spec import Btf
from seismo.lang.ast import Script
from seismo.lang.script_types import ScriptTypes, script_types
from seismo.lang.types import RecordType
from seismo.views import RecordedView

__all__ = ("RECORDED", "NoBtf", "complaints_about_c", "fields", "read_c", "types_of")

RECORDED = Path(__file__).parent / "recorded" / "6.18"


class NoBtf(RecordedView):
    """The recorded kernel, compiled without its types."""

    def __init__(self) -> None:
        super().__init__(RECORDED)

    def btf(self) -> Btf:
        raise NotSupported("kernel types", "none here", "use another kernel")


def read_c(
    text: str, files: Mapping[str, str] | None = None, view: RecordedView = VIEW
) -> tuple[ScriptTypes, Diagnostics]:
    """The types of a script whose C is `text`, and what was said; `files` may be included."""

    def read(span: Span, path: str) -> str:
        if files is None or path not in files:
            raise SourceError(span, f"cannot read {path}")
        return files[path]

    source, diagnostics = Source("t", text), Diagnostics()
    script = Script(source, (), (Span(source, 0, len(text)),) if text else ())
    return script_types(script, view, read, diagnostics), diagnostics


def types_of(text: str, files: Mapping[str, str] | None = None) -> ScriptTypes:
    """The types of C about which there is nothing to say."""
    types, diagnostics = read_c(text, files)
    assert [str(one) for one in diagnostics.found] == []
    return types


def complaints_about_c(text: str, view: RecordedView = VIEW) -> list[str]:
    """`line:column: message (hint)` of everything that is said."""
    found = read_c(text, view=view)[1].found
    places = [one.span.location for one in found]
    return [
        f"{at.line}:{at.column}: {one.message}" + (f" ({one.hint})" if one.hint else "")
        for at, one in zip(places, found, strict=True)
    ]


def fields(types: ScriptTypes, name: str) -> dict[str, str]:
    """What a record holds: `type@offset`, and `:first+bits` for a bit-field."""
    found = types.find(name)
    assert isinstance(found, RecordType)
    assert found.fields is None
    record = types.complete(found)
    assert record.size == found.size
    return {
        one.name: f"{one.type}@{one.offset}"
        + (f":{one.bit_offset}+{one.bit_size}" if one.bit_size else "")
        for one in record.fields or ()
    }
