"""`seismo audit events`: which events there are, and what they tell."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.catalog.model import EventType
from seismo.audit.catalog.table import COMPAT_PREFIX
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.parser import parser_for
from seismo.views import LiveView

__all__ = ("audit_events_parser", "run_audit_events")

_EXAMPLES = """examples:
  seismo audit events              all of them, but those of 32-bit programs
  seismo audit events file '!read' a family, without one of its events
  seismo audit events -v openat    with fields and their types
  seismo audit events --families   the families
"""


def run_audit_events(arguments: Sequence[str]) -> int:
    """List what the words select; the exit status."""
    given = audit_events_parser().parse_args(list(arguments))
    with Tracefs(LiveKernel()) as tracefs:
        catalog = audit_catalog(LiveView(LiveKernel(), tracefs))
    if given.is_families:
        for name, types in sorted(catalog.families.items()):
            print(f"{name:<14} {len(types)} events")
        return 0
    chosen = catalog.select(given.words) if given.words else catalog.types
    for one in chosen:
        if given.words or not one.name.startswith(COMPAT_PREFIX):
            print(_entry(one, is_whole=given.is_verbose))
    return 0


def audit_events_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo audit events`."""
    text = "The events that there are, or those that names, families and patterns select."
    parser = parser_for("seismo audit events", text, _EXAMPLES)
    add = parser.add_argument
    add("words", nargs="*", metavar="WORD", help="names, families, patterns, !name")
    text = "their fields, too"
    add("-v", "--verbose", dest="is_verbose", action="store_true", help=text)
    add("--families", dest="is_families", action="store_true", help="the families")
    return parser


def _entry(one: EventType, *, is_whole: bool) -> str:
    head = f"{one.name:<24} {one.doc}"
    if not is_whole:
        return head
    lines = [head, f"    families: {', '.join(one.families)}"]
    lines += [f"    {field.c_type} {field.name}: {field.kind.value}" for field in one.fields]
    return "\n".join(lines)
