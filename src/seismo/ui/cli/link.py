"""`seismo link`: the attachments that are in the kernel, anybody's."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from seismo.kernel.object_ids import Kind
from seismo.objects.find import find_links
from seismo.objects.inventory import LinkRecord, attach_type_name, link_record, links
from seismo.output.table import Cell
from seismo.ui.cli.parser import parser_for, run_verb
from seismo.ui.cli.places import place_of
from seismo.ui.cli.stock import Around, Stock, add_stock_verbs

__all__ = ("link_parser", "run_link")

_EXAMPLES = """examples:
  seismo link list            every attachment, and who holds it
  seismo link show 3 --json   all that the kernel tells of one
"""

_NOTE = """\
What is attached by an old way (an ioctl on a perf event, netlink, BPF_PROG_ATTACH) has no link.
"""


def run_link(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(link_parser(), arguments)


def link_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo link`."""
    parser = parser_for("seismo link", "Attachments that are in the kernel.", _EXAMPLES + _NOTE)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add_stock_verbs(verbs, _STOCK)
    return parser


def _row(one: LinkRecord, around: Around) -> tuple[Cell, ...]:
    return (one.id, one.type_name, one.prog_id, place_of(one), around.names(one.id))


def _facts(one: LinkRecord, around: Around) -> Iterator[str]:
    yield f"{one.id}: {one.type_name}  prog {one.prog_id}"
    yield f"at {place_of(one)}"
    if one.details:
        yield "  ".join(f"{name} {value}" for name, value in _details(one).items())


def _json(one: LinkRecord, around: Around) -> dict[str, Any]:
    """The names are bpftool's, where it has the fact, too; `at` is ours."""
    event = {"event": one.perf_type_name} if one.perf_type_name else {}
    return {
        "id": one.id,
        "type": one.type_name,
        "prog_id": one.prog_id,
        **event,
        **_details(one),
        "at": place_of(one),
        "pids": [{"pid": who.pid, "comm": who.name} for who in around.held(one.id)],
    }


def _details(one: LinkRecord) -> dict[str, Any]:
    """What the kernel tells of a link of its kind, with the type of attachment by its name."""
    type_ = one.details.get("attach_type")
    named = {"attach_type": attach_type_name(type_)} if isinstance(type_, int) else {}
    return {**one.details, **named}


_STOCK = Stock(
    kind=Kind.LINK,
    words="links",
    all=links,
    one=link_record,
    find=find_links,
    ways=("id", "pinned"),
    headings=("ID", "TYPE", "PROGRAM", "AT", "HELD BY"),
    row=_row,
    facts=_facts,
    json=_json,
)
