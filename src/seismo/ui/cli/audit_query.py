"""`seismo audit query`: SQL over the Parquet files that audits have written."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from seismo.audit.query import csv_text, json_text, query, table_text
from seismo.ui.cli.parser import parser_for

__all__ = ("audit_query_parser", "run_audit_query")

_FORMS = {"table": table_text, "csv": csv_text, "json": json_text}
_EXAMPLES = """examples:
  seismo audit query events.parquet 'select event, count(*) from events group by event'
  seismo audit query '/var/log/audit*' --csv 'select time, comm, path from events where ret < 0'
"""


def run_audit_query(arguments: Sequence[str]) -> int:
    """Ask, and print the answer; the exit status."""
    given = audit_query_parser().parse_args(list(arguments))
    *files, sql = given.words
    answer = query(files, sql)
    if given.form == "table" and sys.stdout.isatty():
        print(table_text(answer, os.get_terminal_size().columns))
    else:
        sys.stdout.write(_FORMS[given.form](answer))
    return 0


def audit_query_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo audit query`."""
    text = "SQL (of DuckDB) over files that `-o parquet:PATH` has written; the table is `events`."
    parser = parser_for("seismo audit query", text, _EXAMPLES)
    parser.usage = "seismo audit query [options] FILES ... SQL"
    parser.add_argument("words", nargs="+", metavar="FILES ... SQL", help="patterns, and a query")
    for form in ("csv", "json"):
        parser.add_argument(
            f"--{form}",
            dest="form",
            action="store_const",
            const=form,
            default="table",
            help=f"the answer as {form.upper()}",
        )
    return parser
