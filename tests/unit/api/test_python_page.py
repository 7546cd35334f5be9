"""docs/python.md mentions every public name, and `seismo` has each that it promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import seismo

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
CLASSES = (seismo.Object, seismo.Map, seismo.Program, seismo.Link, seismo.Events, seismo.Trace)
# Of mappings, and what an object's parts are to each other.
NOT_DOCUMENTED = {"bind", "unbind", "items", "values"}


def words() -> set[str]:
    """Every name that stands in code on the page."""
    code = re.findall(r"```.*?```|`[^`]+`", PAGE, re.DOTALL)
    return set(re.findall(r"\w+", " ".join(code)))


@pytest.mark.parametrize("name", [one for one in seismo.__all__ if one != "__version__"])
def test_a_name_of_the_package_is_there_and_on_the_page(name: str) -> None:
    assert getattr(seismo, name).__name__ == name
    assert name in words()


@pytest.mark.parametrize("of", CLASSES, ids=lambda of: of.__name__)
def test_every_public_member_is_on_the_page(of: type) -> None:
    members = {name for name in vars(of) if not name.startswith("_")}
    assert members - NOT_DOCUMENTED - words() == set()


def test_the_code_of_the_page_is_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        compile(block, "python.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_names_that_are_not_there_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Objekt'"):
        seismo.Objekt  # type: ignore[attr-defined]  # noqa: B018
    assert set(seismo.__all__) <= set(dir(seismo))


def test_importing_the_package_imports_nothing_else() -> None:
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "before = set(sys.modules)\n"
        "import seismo\n"
        "print(*sorted(set(sys.modules) - before - {'__future__', 'seismo'}))"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_api_imports_numpy_and_asyncio_only_on_request() -> None:
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "import seismo; seismo.Object\n"
        "print(*[one for one in ('numpy', 'pyarrow', 'asyncio', 'inspect') if one in sys.modules])"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
