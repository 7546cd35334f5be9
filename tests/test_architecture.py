"""The source tree keeps the house rules; each rule is proved in `unit/dev/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from architecture.project import Project, load
from architecture.rules import RULES, Rule


@pytest.fixture(scope="module")
def project() -> Project:
    return load(Path(__file__).parents[1])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps(rule: Rule, project: Project) -> None:
    found = [str(finding) for finding in rule(project)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)
