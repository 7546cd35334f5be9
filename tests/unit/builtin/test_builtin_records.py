"""Every record says what it does and shows it; its example is a script."""

from __future__ import annotations

import pytest

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.builtin.table import AGGREGATES, BUILTINS
from seismo.lang.ast import Call, Name
from seismo.lang.parse_probe import parse
from seismo.lang.walk import walk

RECORDS = {**BUILTINS, **AGGREGATES}


@pytest.mark.parametrize("name", RECORDS)
def test_documented(name: str) -> None:
    assert RECORDS[name].doc.endswith(".")


@pytest.mark.parametrize("name", RECORDS)
def test_the_example_is_a_script_that_uses_it(name: str) -> None:
    diagnostics = Diagnostics()
    script = parse(Source(name, RECORDS[name].example), diagnostics)
    assert [str(one) for one in diagnostics.found] == []
    bodies = (*script.probes, *(macro.body for macro in script.macros))
    used = {node.name for body in bodies for node in walk(body) if isinstance(node, (Call, Name))}
    assert name in used


@pytest.mark.parametrize("name", RECORDS)
def test_optional_parameters_come_last(name: str) -> None:
    optional = [one.optional for one in RECORDS[name].signature.params]
    assert optional == sorted(optional)


def test_no_name_stands_for_two() -> None:
    assert not BUILTINS.keys() & AGGREGATES.keys()
