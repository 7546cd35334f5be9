"""What follows `--` on the command line: `$1`, `$2`, …, and what `getopt()` asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ("Arguments", "parse_options")


class Arguments(NamedTuple):
    """The script's arguments: the `positional` in order, the `named` by name, both as text."""

    positional: tuple[str, ...]
    named: Mapping[str, str]


def parse_options(arguments: Sequence[str]) -> Arguments:
    """`--name=value`, `--name` (its value is `true`), and all the rest in order.

    Of two values of one name the last counts. `--` and `--=value`, which name nothing, and words
    with a single dash are positional.

    >>> parse_options(["a", "--n=5", "--fast"])
    Arguments(positional=('a',), named={'n': '5', 'fast': 'true'})
    """
    positional: list[str] = []
    named: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.removeprefix("--").partition("=")
        if name and argument.startswith("--"):
            named[name] = value if equals else "true"
        else:
            positional.append(argument)
    return Arguments(tuple(positional), named)
