"""The library's macros: each text defines its name, and each example uses it."""

from __future__ import annotations

import pytest

from macro_cases import parsed, said
from seismo.base.diagnostics import Diagnostics
from seismo.builtin.stdlib import LIBRARY, TEXTS
from seismo.lang.ast import Call, Name
from seismo.lang.macro import expand_macros
from seismo.lang.macro_table import signature
from seismo.lang.walk import walk


def test_the_names() -> None:
    forms = [
        signature(macro) for record in LIBRARY.values() for macro in parsed(record.text).macros
    ]
    assert forms == [
        "macro assert(condition, message)",
        "macro assert_str(value)",
        "macro default_str_length()",
        "macro is_err(pointer)",
        "macro leader_comm(task)",
        "macro leader_comm()",
        "macro leader_tid(task)",
        "macro leader_tid()",
        "macro pcomm(task)",
        "macro pcomm()",
        "macro percpu_kaddr(symbol, number)",
        "macro percpu_kaddr(symbol)",
        "macro ppid(task)",
        "macro ppid()",
        "macro stack_len(stack)",
    ]


@pytest.mark.parametrize("name", LIBRARY)
def test_a_record_is_whole(name: str) -> None:
    record = LIBRARY[name]
    assert record.name == name
    assert {macro.name for macro in parsed(record.text).macros} == {name}
    assert record.doc.endswith(".")
    assert record.doc[0].isupper()


@pytest.mark.parametrize("name", LIBRARY)
def test_the_example_is_a_use_of_it(name: str) -> None:
    script = parsed(f"BEGIN {{ {LIBRARY[name].example} }}")
    diagnostics = Diagnostics()
    expanded = expand_macros(script, TEXTS, diagnostics)
    assert said(diagnostics) == []
    assert name in {node.name for node in walk(script.probes[0]) if isinstance(node, (Call, Name))}
    assert name not in {
        node.name for node in walk(expanded.probes[0]) if isinstance(node, (Call, Name))
    }
