"""`seismo audit`: who did what, to which file, over which connection."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.catalog.table import Catalog
from seismo.audit.config import profiles
from seismo.audit.config.describe import describe
from seismo.audit.config.model import Config
from seismo.audit.config.options import Options, with_options
from seismo.audit.config.read import read_config
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.generate import GeneratedFilters
from seismo.audit.program.prepare import Origin, prepared
from seismo.base.dataclass import replace
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.audit_run import (
    TWO_CONFIGURATIONS,
    add_run_options,
    on_terminal,
    run_config,
    run_options,
)
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import parser_for
from seismo.views import LiveView

__all__ = ("audit_parser", "run_audit")

_VERBS = ("build", "events", "profiles", "query", "schema")
_EXAMPLES = """examples:
  seismo audit                             the default profile, on the terminal, until Ctrl-C
  seismo audit -- make                     what a command and all that it starts do
  seismo audit -c audit.yaml               as a configuration says
  seismo audit --profile network -o parquet:/var/log/audit.parquet
  seismo audit -e file --filter 'path under /etc and failed' -p 4711
  seismo audit query '/var/log/audit*' 'select comm, count(*) from events group by comm'

further commands, each with --help:
  seismo audit build      a configuration and the programs as one file that runs elsewhere
  seismo audit events     the events that there are
  seismo audit profiles   the ready-made configurations
  seismo audit query      SQL over Parquet files
  seismo audit schema     the events as Python, C, JSON Schema or Arrow
"""


def run_audit(arguments: Sequence[str]) -> int:
    """Record, or do what one of the further commands says; the exit status."""
    if arguments and arguments[0] in _VERBS:
        name = f"audit_{arguments[0]}"
        run = getattr(import_module(f"seismo.ui.cli.{name}"), f"run_{name}")
        status: int = run(arguments[1:])
        return status
    given = audit_parser().parse_args(list(arguments))
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        config = on_terminal(with_options(_config(given, catalog), _options(given), catalog))
        if given.is_dry_run:
            print(describe(config, catalog), end="")
            return 0

        def programs(config: Config, generated: GeneratedFilters) -> AuditObject:
            return prepared(config, generated, view, kernel, given.origin)

        return run_config(config, given, kernel, tracefs, catalog, programs)


def _config(given: argparse.Namespace, catalog: Catalog) -> Config:
    """What the command line changes: a file's configuration, a profile's, or, for who has said
    which events are meant, one with nothing else in it."""
    if given.config and given.profile:
        raise InputError(TWO_CONFIGURATIONS)
    if given.config:
        return read_config(given.config, catalog)
    if given.events and not given.profile:
        return Config()
    return profiles.load(given.profile or profiles.DEFAULT, catalog)


def audit_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo audit`."""
    text = "Record what processes do: system calls, files, connections, credentials and more."
    parser = parser_for("seismo audit", text, _EXAMPLES)
    parser.usage = "seismo audit [options] [-- COMMAND ...]"
    _add_config_options(parser)
    add_run_options(parser)
    text = "say what would be recorded, and end"
    parser.add_argument("--dry-run", dest="is_dry_run", action="store_true", help=text)
    return parser


def _add_config_options(parser: argparse.ArgumentParser) -> None:
    """What is recorded: a file or a profile, and what changes it."""
    add = parser.add_argument_group("what").add_argument
    text = "a configuration: YAML or JSON; - is standard input"
    add("-c", "--config", default="", metavar="FILE", help=text)
    text = f"a ready-made one: {', '.join(profiles.names())} (default)"
    add("--profile", default="", metavar="NAME", help=text)
    text = "names, families, patterns, !name, with commas between; instead of the configuration's, "
    text += "whose filter stays"
    add("-e", "--events", action="append", default=[], metavar="EVENTS", help=text)
    add("--filter", default="", metavar="EXPR", help="only what passes, too: 'uid=0 and failed'")
    text = "so many bytes of what is read and written (0 to 4096)"
    add("--content", dest="content_bytes", type=int, metavar="BYTES", help=text)
    add("--env", dest="environment", action="store_true", help="the environment of programs")
    text = "size of the ring of events in bytes, a power of two (32 MiB)"
    add("--ring-size", dest="ring_bytes", type=int, default=0, metavar="BYTES", help=text)
    text = "the programs: the package's (battery), compiled here, or whichever will do (best)"
    add(
        "--programs",
        dest="origin",
        type=Origin,
        choices=list(Origin),
        default=Origin.BEST,
        metavar="ORIGIN",
        help=text,
    )


def _options(given: argparse.Namespace) -> Options:
    words = [word for one in given.events for word in one.split(",") if word]
    if given.events and not words:
        raise InputError("--events names none\nhint: seismo audit events lists them")
    return replace(
        run_options(given),
        events=tuple(words),
        filter=given.filter,
        content_bytes=given.content_bytes,
        environment=given.environment,
        ring_bytes=given.ring_bytes,
    )
