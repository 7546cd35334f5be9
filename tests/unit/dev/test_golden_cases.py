"""The golden plumbing: reading and writing case files, comparing, updating, collecting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_cases import CaseFile, GoldenCase, collect_cases

ONE = "-- script\nBEGIN { }\n-- tree\n(script)\n"
TWO = "A remark.\n\n== first\n-- in\n1\n\n== second\n-- in\n2\n-- out\nb\n\nc\n"

names = st.from_regex(r"[a-z][a-z =]{0,8}[a-z]", fullmatch=True)
lines = st.one_of(
    st.sampled_from(["-- x", "== y", "\\-- z", "\\\\== w", "--$a", "", "==", "text"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
texts = st.lists(lines, max_size=5).map(lambda some: "\n".join(some).strip("\n"))
sections = st.dictionaries(names, texts, min_size=1, max_size=3)


def test_a_file_without_titles_is_one_case() -> None:
    assert CaseFile.parse(ONE).cases == {"": {"script": "BEGIN { }", "tree": "(script)"}}


def test_a_file_may_hold_several_cases_after_a_remark() -> None:
    file = CaseFile.parse(TWO)
    assert file.remark == "A remark."
    assert file.cases == {"first": {"in": "1"}, "second": {"in": "2", "out": "b\n\nc"}}


@pytest.mark.parametrize("text", [ONE, TWO])
def test_printing_a_parsed_file_gives_its_text_back(text: str) -> None:
    assert str(CaseFile.parse(text)) == text


@pytest.mark.parametrize("text", ["-- a\n-- a\n", "== t\n-- a\n== t\n-- b\n"])
def test_a_name_that_occurs_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        CaseFile.parse(text)


@given(st.dictionaries(names, sections, min_size=1, max_size=3))
def test_any_text_survives_storing(cases: dict[str, dict[str, str]]) -> None:
    assert CaseFile.parse(str(CaseFile("", cases))).cases == cases


def _case(path: Path, *, update: bool = False) -> GoldenCase:
    (case,) = collect_cases(path.parent, path.name, update=update)
    return case


def test_the_expected_text_passes_whatever_space_ends_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.test"
    path.write_text(ONE)
    _case(path).expect("tree", "(script)  \n\n")


def test_another_text_fails_with_a_diff(tmp_path: Path) -> None:
    path = tmp_path / "a.test"
    path.write_text(ONE)
    with pytest.raises(pytest.fail.Exception) as failure:
        _case(path).expect("tree", "(other)")
    assert "-(script)\n+(other)\nif this is right: ./check --update" in str(failure.value)


def test_updating_rewrites_one_section_and_adds_missing_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.test"
    path.write_text(TWO)
    _, second = collect_cases(tmp_path, "a.test", update=True)
    second.expect("out", "new\n-- text")
    second.expect("more", "x")
    assert path.read_text() == TWO.replace("b\n\nc\n", "new\n\\-- text\n-- more\nx\n")


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.test"
    path.write_text(ONE)
    with pytest.raises(KeyError, match="has no section '-- types'"):
        _case(path)["types"]


def _run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    tests = Path(__file__).parents[2]
    (directory / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tests)!r})\n"
        "from golden_cases import pytest_addoption, pytest_generate_tests\n"
    )
    (directory / "test_it.py").write_text(
        "import pytest\n@pytest.mark.golden('*/*.test')\n"
        "def test_it(case):\n    case.expect('out', case['in'].upper())\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir=.", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments], cwd=directory, capture_output=True, text=True, check=False
    )


def test_pytest_runs_each_case_and_update_repairs_them(tmp_path: Path) -> None:
    case_file = tmp_path / "tests" / "golden" / "upper" / "a.test"
    case_file.parent.mkdir(parents=True)
    case_file.write_text("== good\n-- in\na\n-- out\nA\n\n== bad\n-- in\nb\n-- out\nX\n")
    before = _run_pytest(tmp_path)
    assert "FAILED test_it.py::test_it[upper/a:bad]" in before.stdout
    assert "1 failed, 1 passed" in before.stdout
    assert _run_pytest(tmp_path, "--update").returncode == 0
    assert case_file.read_text().endswith("== bad\n-- in\nb\n-- out\nB\n")
    assert _run_pytest(tmp_path).returncode == 0


def test_a_pattern_without_cases_is_an_error(tmp_path: Path) -> None:
    done = _run_pytest(tmp_path)
    assert done.returncode != 0
    assert "no golden case matches tests/golden/*/*.test" in done.stdout + done.stderr
