"""Texts of configurations: any text is read or told; JSON means what it means."""

from __future__ import annotations

import json
import math

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.config.json_text import read_json
from seismo.audit.config.parse import parse_config
from seismo.audit.config.tree import ConfigSyntaxError, Items, Node, Table, plain
from seismo.audit.config.yaml_text import read_yaml
from seismo.base.diagnostics import Diagnostics, DiagnosticsError
from seismo.base.source import Source

CATALOG = shipped_catalog()

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def _places(node: Node) -> None:
    """A node's span holds those of what is in it, and what is quoted begins with its quote."""
    inner = node.items if isinstance(node, Items) else ()
    if isinstance(node, Table):
        inner = tuple(one.value for one in node.entries)
    for one in inner:
        assert node.span.start <= one.span.start <= one.span.end <= node.span.end
        _places(one)


@given(_VALUES, st.sampled_from((None, 1)), st.booleans())
def test_json_is_what_the_library_reads(value: object, indent: int | None, ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii)
    diagnostics = Diagnostics()
    tree = read_json(Source("c.json", text), diagnostics)
    assert plain(tree) == json.loads(text) and not diagnostics.found
    _places(tree)


@given(st.text(max_size=40) | st.text('{}[]",:\\ 1-.eEtrufalsn', max_size=20))
def test_what_is_no_json_is_told(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=_refuse)
    except ValueError:
        expected = ValueError
    diagnostics = Diagnostics()
    try:
        found = plain(read_json(Source("c.json", text), diagnostics))
    except ConfigSyntaxError:
        found = ValueError
    if not diagnostics.found:
        assert found == expected or (isinstance(found, float) and math.isinf(found))


def _refuse(word: str) -> None:
    raise ValueError(word)


_WORDS = ("a", "b c", "é", "x-y", "/etc/ssl", "12", "no", "10:22", "0x10", "s*", "")


@given(
    st.recursive(
        st.sampled_from(_WORDS),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=3)
        ),
        max_leaves=10,
    ),
    st.sampled_from((None, True, False)),
    st.sampled_from(('"', "'")),
)
def test_yaml_is_what_the_library_wrote(value: object, flow: bool | None, quote: str) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, default_style=quote, allow_unicode=True)
    diagnostics = Diagnostics()
    tree = read_yaml(Source("c.yaml", text), diagnostics)
    assert plain(tree) == value and not diagnostics.found
    _places(tree)


_PARTS = st.sampled_from(
    (
        *(
            "version: 1\n",
            "events: [openat]\n",
            "filter: ",
            "uid == 0",
            " and ",
            "handlers:\n",
            "- ",
        ),
        *(
            "  match: {pid: 5}\n",
            "outputs: [jsonl]\n",
            "rules:\n",
            "  - {name: r, events: [openat]}\n",
        ),
        *("{", "}", "[", "]", ": ", "\n", "&a ", "*a", "!!x ", "'", '"', "# ", "? ", "limits: 5\n"),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PARTS, max_size=12).map("".join), st.sampled_from(("c.yaml", "c.json")))
def test_any_text_is_a_configuration_or_told(text: str, name: str) -> None:
    try:
        parse_config(Source(name, text), CATALOG)
    except (DiagnosticsError, ConfigSyntaxError) as error:
        assert str(error).startswith(f"{name}:")
