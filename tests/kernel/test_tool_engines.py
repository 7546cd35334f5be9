"""A tool shows the same of a command, whichever engine runs its script."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.kernel

VARIES = ("pid", "ppid", "tid", "age_ms")
COMMAND = """
cd /tmp
(exit 3)
sh -c 'kill -KILL $$'
cat < /etc/hostname > /dev/null
cat ./nothing/here > /dev/null 2>&1
sh -c 'exec /bin/true one "two words"'
exit 0
"""


def rows(engine: str, tool: str, *arguments: str) -> list[dict[str, Any]]:
    command = shlex.join(["/bin/sh", "-c", COMMAND])
    words = [sys.executable, "-m", "seismo", tool, "--engine", engine, "--json", "-q", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [*words, "-c", command], capture_output=True, text=True, env=environment, check=True
    )
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    return [{name: one[name] for name in one if name not in VARIES} for one in found]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("execsnoop", ()),
        ("execsnoop", ("-x",)),
        ("exitsnoop", ()),
        ("opensnoop", ()),
        ("opensnoop", ("-x", "--with", "uid,gid")),
        ("statsnoop", ()),
    ],
)
def test_both_engines_tell_the_same(tool: str, arguments: tuple[str, ...]) -> None:
    told = rows("kernel", tool, *arguments)
    assert told
    assert rows("user", tool, *arguments) == told
