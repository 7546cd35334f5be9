"""What stands behind `--` on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from seismo.lang.parameters import parse_options


@pytest.mark.parametrize(
    ("arguments", "positional", "named"),
    [
        ([], (), {}),
        (["a", "7"], ("a", "7"), {}),
        (["--n=5", "a", "--fast"], ("a",), {"n": "5", "fast": "true"}),
        (["--text=a=b", "--empty="], (), {"text": "a=b", "empty": ""}),
        (["--n=1", "--n=2"], (), {"n": "2"}),
        (["-x", "-1", "--", "--=1", "---y"], ("-x", "-1", "--", "--=1"), {"-y": "true"}),
    ],
)
def test_options(
    arguments: Sequence[str], positional: tuple[str, ...], named: Mapping[str, str]
) -> None:
    assert parse_options(arguments) == (positional, named)
