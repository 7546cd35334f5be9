"""What a program of `seismo audit build` does: record as the configuration in it says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.config.model import Config
from seismo.audit.config.options import with_options
from seismo.audit.config.parse import parse_config
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.battery import fitted_audit
from seismo.audit.program.bundle import CONFIG, PROGRAMS
from seismo.audit.program.generate import GeneratedFilters
from seismo.audit.program.prepare import types_of
from seismo.base.source import Source
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.audit_run import add_run_options, on_terminal, run_config, run_options
from seismo.ui.cli.ending import ended
from seismo.ui.cli.parser import parser_for
from seismo.views import LiveView

__all__ = ("run_bundle",)


def run_bundle(read: Callable[[str], bytes]) -> None:
    """Run with the files of the bundle, and exit."""
    sys.exit(ended(lambda: _run(read)))


def _run(read: Callable[[str], bytes]) -> int:
    given = _parser().parse_args(sys.argv[1:])
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        config = parse_config(Source("configuration.json", read(CONFIG).decode()), catalog)
        config = on_terminal(with_options(config, run_options(given), catalog))

        def programs(config: Config, generated: GeneratedFilters) -> AuditObject:
            # What the filters are made of is as it was when they were compiled, or else told.
            return fitted_audit(
                read(PROGRAMS),
                view,
                LiveFacts(kernel),
                wanted=types_of(config),
                ring_bytes=config.ring.size_bytes,
                pending=config.limits.pending,
            )

        return run_config(config, given, kernel, tracefs, catalog, programs)


def _parser() -> argparse.ArgumentParser:
    text = "Record as the configuration says that this program was made with."
    parser = parser_for(sys.argv[0], text, "")
    parser.usage = f"{sys.argv[0]} [options] [-- COMMAND ...]"
    add_run_options(parser)
    return parser
