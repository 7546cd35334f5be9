"""docs/audit.md: what its commands print, and that its configuration is one, with every key."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from audit_batches import catalog
from seismo.audit.config.filter import ALWAYS
from seismo.audit.config.model import Backpressure, Limits, MatchKind, Ring
from seismo.audit.config.parse import parse_config
from seismo.audit.config.profiles import names
from seismo.audit.rules.model import FunctionKind
from seismo.audit.sinks.settings import SINK_TYPES, Sync
from seismo.base.source import Source

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
(CONFIGURATION,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE, re.DOTALL)
SEISMO = f'seismo() {{ "{sys.executable}" -m seismo "$@"; }}\n'


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=range(len(SHOWN)))
def test_the_page_shows_what_is_printed(command: str, shown: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        ["sh", "-c", SEISMO + command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (shown, 1)


def test_the_configuration_of_the_page_is_one() -> None:
    config = parse_config(Source("page.yaml", CONFIGURATION), catalog())
    assert [one.program_id for one in config.handlers] == [7, 8]
    assert [one.match.kind for one in config.handlers] == [MatchKind.EXE, MatchKind.CGROUP]
    assert [one.type for one in config.outputs] == ["jsonl", "unix"]
    assert [one.name for one in config.rules.rules] == ["many-failures"]
    # What it says of the ring and of limits is what is so without it.
    assert (config.ring, config.limits) == (Ring(), Limits())


def test_the_page_names_all_there_is_to_choose_from() -> None:
    words = [one.value for kind in (MatchKind, Backpressure, Sync) for one in kind]
    words += [*SINK_TYPES, *[one.value for one in FunctionKind], "default", "security"]
    assert {"default", "security"} <= set(names())
    assert [one for one in words if not re.search(rf"\b{one}\b", PAGE)] == []


def test_the_filters_of_the_page_are_some() -> None:
    (table,) = re.findall(r"\| test \| of \|\n\|---\|---\|\n(.*?)\n\n", PAGE, re.DOTALL)
    cells = [row.split("|")[1] for row in table.splitlines()]
    tests = [one for cell in cells[1:] for one in re.findall(r"`(.*?)`", cell)]
    assert len(tests) == 12
    for one in ("uid == 0", "port in (1000..1999, 7)", 'uid == "root"', *tests):
        text = json.dumps({"version": 1, "events": ["openat"], "filter": one})
        assert parse_config(Source("a.json", text), catalog()).filter != ALWAYS, one
