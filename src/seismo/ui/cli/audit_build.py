"""`seismo audit build`: a configuration, the programs and all that runs them as one file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.config import profiles
from seismo.audit.config.parse import parse_config, read_tree
from seismo.audit.config.read import read_source
from seismo.audit.config.resolve import LivePlaces
from seismo.audit.config.tree import json_of
from seismo.audit.program.battery import has_battery, read_battery
from seismo.audit.program.bundle import build_bundle
from seismo.audit.program.generate import generate
from seismo.audit.program.portable import portable_audit
from seismo.audit.program.variants import pack
from seismo.audit.rules.kernel import kernel_rules
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.audit_run import TWO_CONFIGURATIONS
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import parser_for
from seismo.views import LiveView

__all__ = ("audit_build_parser", "run_audit_build")

_EXAMPLES = """examples:
  seismo audit build -c audit.yaml -o audit.pyz   then, anywhere: ./audit.pyz -- make
  seismo audit build --profile network -o net.pyz
"""


def run_audit_build(arguments: Sequence[str]) -> int:
    """Write the file; the exit status."""
    given = audit_build_parser().parse_args(list(arguments))
    if given.config and given.profile:
        raise InputError(TWO_CONFIGURATIONS)
    if given.config:
        source = read_source(given.config)
    else:
        name = given.profile or profiles.DEFAULT
        source = Source(f"{name}.yaml", profiles.text_of(name))
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        config = parse_config(source, audit_catalog(view))
        text = json_of(read_tree(source, Diagnostics()))
        generated = generate(config, LivePlaces(kernel), kernel_rules(config.rules.rules))
        filters = "" if generated.is_default else generated.text
        if has_battery(view.machine(), filters):
            programs = read_battery(view.machine(), filters)
        else:
            programs = pack(portable_audit(view, filters=generated.text))
    _write(given.output, build_bundle(text.encode(), programs))
    return 0


def audit_build_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo audit build`."""
    text = "A configuration as one program that needs Python alone, on kernels of other versions."
    parser = parser_for("seismo audit build", text, _EXAMPLES)
    add = parser.add_argument
    add("-c", "--config", default="", metavar="FILE", help="a configuration: YAML or JSON")
    text = f"a ready-made one: {', '.join(profiles.names())} (default)"
    add("--profile", default="", metavar="NAME", help=text)
    add("-o", "--output", required=True, metavar="FILE", help="the file to write")
    return parser


def _write(path: str, data: bytes) -> None:
    """The whole file, or none: a half one would run, and fail somewhere."""
    beside = f"{path}.{os.getpid()}"
    try:
        with open(beside, "xb") as file:
            file.write(data)
        os.chmod(beside, os.stat(beside).st_mode | 0o111)
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(beside)
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
