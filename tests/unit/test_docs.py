"""The reference pages: made by the generator, complete, and every script in them compiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from gen_docs import PAGES, SETTINGS, STAGE_TEXTS, scripts
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.builtin.stdlib import LIBRARY
from seismo.builtin.table import AGGREGATES, BUILTINS
from seismo.compiler import STAGES, Inputs, compile_script
from seismo.lang.config import Config
from seismo.probes.view import FEATURE_NAMES
from seismo.ui.cli.stages import VERIFIER
from user_programs import FileView

ROOT = Path(__file__).resolve().parents[2]
VIEW = FileView(*FEATURE_NAMES)
EXAMPLES = {
    one.name: one.example for table in (BUILTINS, AGGREGATES, LIBRARY) for one in table.values()
}
DOCUMENTED = [one for table in (BUILTINS, AGGREGATES, LIBRARY) for one in table.values()]
# An example of a library macro is a piece of a body, in one of these probes.
PROBES = ("syscalls:sys_enter_write", "syscalls:sys_enter_openat")


def compiled(text: str) -> str:
    """'' if the script compiles, else what is wrong with it."""
    options = LowerOptions(possible_cpus=2, command_pid=1)
    mode = "test" if text.startswith("test:") else ""
    inputs = Inputs(is_unsafe=True, mode=mode)
    try:
        compile_script(Source("example.bt", text), VIEW, options, inputs)
    except DiagnosticsError as error:
        return str(error)
    return ""


def complaint(example: str) -> str:
    """The same of an example, which may be a whole script or a piece of one."""
    bodies = [f"tracepoint:{probe} {{ {example} }}" for probe in PROBES]
    found = [compiled(text) for text in (example, *bodies)]
    return "" if "" in found else "\n".join(found)


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_what_the_generator_makes(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), "run dev/gen_docs.py"


@pytest.mark.parametrize("path", PAGES)
def test_every_part_of_a_page_is_filled_in(path: str) -> None:
    assert "{{" not in PAGES[path]()


@pytest.mark.parametrize("record", DOCUMENTED, ids=lambda one: one.name)
def test_every_builtin_has_a_sentence_and_an_example(record: object) -> None:
    doc, example = record.doc, record.example  # type: ignore[attr-defined]
    assert doc.endswith((".", ")")) and not doc[0].islower()
    assert example.strip()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_compile(name: str) -> None:
    assert complaint(EXAMPLES[name]) == ""


@pytest.mark.parametrize("script", scripts(PAGES["docs/language.md"]()))
def test_scripts_of_the_page_compile(script: str) -> None:
    assert compiled(script) == ""


def test_every_setting_is_told() -> None:
    assert list(SETTINGS) == list(Config.__annotations__)


def test_every_stage_is_told() -> None:
    assert set(STAGE_TEXTS) == {*STAGES, "ir:before", "ir:after=PASS", VERIFIER}
