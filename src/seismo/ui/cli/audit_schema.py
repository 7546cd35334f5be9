"""`seismo audit schema`: the events for programs that read what audits write."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.catalog.describe import describe
from seismo.audit.catalog.schema_c import c_schema
from seismo.audit.catalog.schema_json import json_schema_text
from seismo.audit.catalog.schema_python import python_schema
from seismo.audit.catalog.table import Catalog
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.parser import parser_for
from seismo.views import LiveView

__all__ = ("audit_schema_parser", "run_audit_schema")

_EXAMPLES = """examples:
  seismo audit schema c > seismo_events.h        records as they lie in the ring
  seismo audit schema python > seismo_events.py  typed classes, and what reads JSON lines
  seismo audit schema json                       JSON Schema of -o jsonl
"""


def _arrow(catalog: Catalog) -> str:
    from seismo.audit.catalog.schema_arrow import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        arrow_schemas,
    )

    schemas = arrow_schemas(catalog).items()
    return "\n".join([f"{name}:\n{schema.to_string()}\n" for name, schema in schemas])


_FORMS: Mapping[str, Callable[[Catalog], str]] = {
    "arrow": _arrow,
    "c": c_schema,
    "json": json_schema_text,
    "markdown": describe,
    "python": python_schema,
}


def run_audit_schema(arguments: Sequence[str]) -> int:
    """Print one form of it; the exit status."""
    given = audit_schema_parser().parse_args(list(arguments))
    with Tracefs(LiveKernel()) as tracefs:
        catalog = audit_catalog(LiveView(LiveKernel(), tracefs))
    sys.stdout.write(_FORMS[given.form](catalog))
    return 0


def audit_schema_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo audit schema`."""
    text = "The events as types: a C header, Python classes, JSON Schema, Arrow schemas, Markdown."
    parser = parser_for("seismo audit schema", text, _EXAMPLES)
    parser.add_argument("form", choices=sorted(_FORMS), metavar="FORM", help=", ".join(_FORMS))
    return parser
