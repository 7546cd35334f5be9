"""`seismo -l script.bt`: where a script would attach."""

from __future__ import annotations

from collections.abc import Iterable

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.lang.config import read_config
from seismo.lang.expand import attach_points
from seismo.lang.imports import resolve_imports
from seismo.lang.parse_probe import parse
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.trace import inputs_of, read_source

__all__ = ("script_points",)


def script_points(options: TraceOptions, view: KernelView) -> Iterable[AttachPoint]:
    """The attach points of the script, each once; DiagnosticsError for mistakes in it."""
    diagnostics, inputs = Diagnostics(), inputs_of(options)
    source = read_source(replace(options, file=options.pattern))
    script = resolve_imports(parse(source, diagnostics), inputs.files, diagnostics)
    diagnostics.stop_on_errors()
    config = read_config(script.config, inputs.environ, diagnostics)
    points = [
        point
        for probe in script.probes
        for point in attach_points(probe, view, diagnostics, config.missing_probes)
    ]
    diagnostics.stop_on_errors()
    return {str(point): point for point in points}.values()
