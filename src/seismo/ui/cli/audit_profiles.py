"""`seismo audit profiles`: the ready-made configurations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from seismo.audit.config import profiles
from seismo.ui.cli.parser import parser_for

__all__ = ("audit_profiles_parser", "run_audit_profiles")

_EXAMPLES = """examples:
  seismo audit profiles                    their names, and what they are for
  seismo audit profiles network > my.yaml  one of them, to begin a configuration with
"""


def run_audit_profiles(arguments: Sequence[str]) -> int:
    """List them, or print one; the exit status."""
    given = audit_profiles_parser().parse_args(list(arguments))
    if given.name:
        sys.stdout.write(profiles.text_of(given.name))
        return 0
    for name in profiles.names():
        print(f"{name:<10} {_heading(profiles.text_of(name))}")
    return 0


def audit_profiles_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo audit profiles`."""
    text = "The ready-made configurations, or one of them as it stands in its file."
    parser = parser_for("seismo audit profiles", text, _EXAMPLES)
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="print this one")
    return parser


def _heading(text: str) -> str:
    """The comment's first line."""
    return text.splitlines()[0].lstrip("# ")
