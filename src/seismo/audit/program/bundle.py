"""`build_bundle`: an audit configuration and audit's programs as one file that Python runs.

>>> data = build_bundle(config.encode(), read_battery("x86_64"))
>>> Path("audit.pyz").write_bytes(data)

There it needs neither this package nor a compiler: the configuration is in it, the programs of each
variant, and the modules that tracing takes.
"""

from __future__ import annotations

from seismo.ship.bundle import runnable

__all__ = ("CONFIG", "ENTRY", "FUNCTION", "PROGRAMS", "WITHOUT", "build_bundle")

CONFIG, PROGRAMS = "audit.config", "audit.tar.xz"
"""The files in a bundle: the configuration as it was given, and the archive of `variants.pack`."""

ENTRY, FUNCTION = "seismo.ui.cli.audit_bundle", "run_bundle"
"""What runs: it is given what reads those files by their names."""

WITHOUT = (
    *("seismo.audit.program.compile", "seismo.audit.program.portable", "seismo.c.compile"),
    *("seismo.bcc.bpf", "seismo.clang.find"),
)
"""Modules that compile, or ask for packages: nothing that runs may need them at once."""


def build_bundle(
    config: bytes, programs: bytes, *, entry: str = ENTRY, function: str = FUNCTION
) -> bytes:
    """The bytes of the file; `programs` are the battery (`read_battery`), or what `pack` makes of
    programs that were compiled for this configuration (`portable_audit(view, filters=…)`)."""
    return runnable(entry, function, {CONFIG: config, PROGRAMS: programs}, WITHOUT)
