"""The `seismo` command: which verb was meant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from seismo.ui.cli.ending import ended
from seismo.ui.cli.options import parse_trace_options

__all__ = ("main",)

_SHIPPED = ".bo"
"""How the name of a script's file ends that `seismo build` compiled."""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return ended(partial(_dispatch, arguments))


def _dispatch(arguments: Sequence[str]) -> int:
    word = arguments[0] if arguments else ""
    if word.replace("-", "_").isidentifier() and word[0] != "-":
        from seismo.ui.cli.verbs import find_command  # noqa: PLC0415 (lazy: docs/architecture.md)

        if (run := find_command(word)) is not None:
            return run(arguments[1:])
    if word.endswith(_SHIPPED):
        return _run_shipped(arguments)
    options = parse_trace_options(arguments)
    if options.file.endswith(_SHIPPED):
        rest = [*arguments]
        rest.remove(options.file)
        return _run_shipped([options.file, *rest])
    if options.is_info:
        return _dispatch(["doctor"])
    if options.is_list:
        from seismo.ui.cli.list import run_list  # noqa: PLC0415 (lazy: docs/architecture.md)

        return run_list(options)
    if options.mode == "format":
        from seismo.ui.cli.format import run_format  # noqa: PLC0415 (lazy: docs/architecture.md)

        return run_format(options)
    from seismo.ui.cli.trace import run_trace  # noqa: PLC0415 (lazy: docs/architecture.md)

    return run_trace(options)


def _run_shipped(arguments: Sequence[str]) -> int:
    """`FILE.bo [options]`, whose options are others than a script's."""
    from seismo.ui.cli.shipped import run_file  # noqa: PLC0415 (lazy: docs/architecture.md)

    return run_file(arguments)
