"""The `seismo` command: which verb was meant, and how every failure ends.

Exit status: what the script's `exit(n)` says; 1 for mistakes and refusals, 2 for a fault of ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from seismo import __version__
from seismo.base.errors import BpfError, CompilerBug
from seismo.tools.table import TOOLS
from seismo.ui.cli.list import run_list
from seismo.ui.cli.options import parse_trace_options
from seismo.ui.cli.tool import run_tool
from seismo.ui.cli.trace import run_trace

__all__ = ("main", "run")

_MISTAKE, _OUR_FAULT = 1, 2
_SIGPIPE_STATUS = 128 + 13


def run() -> None:
    """The console script's entry."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    try:
        status = _dispatch(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has gone (`| head -1`): what is left in the buffer must not be tried again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SIGPIPE_STATUS
    except CompilerBug as error:
        print(error, file=sys.stderr)
        return _OUR_FAULT
    except BpfError as error:
        print(_with_prefix(str(error)), file=sys.stderr)
        return _MISTAKE
    except KeyboardInterrupt:
        return 128 + 2


def _dispatch(arguments: Sequence[str]) -> int:
    verb = arguments[0] if arguments else ""
    if verb in ("-V", "--version"):
        print(f"seismo {__version__}")
        return 0
    if verb == "doctor":
        from seismo.ui.cli.doctor import run_doctor  # noqa: PLC0415 (lazy: docs/architecture.md)

        return run_doctor(arguments[1:])
    if verb in TOOLS:
        return run_tool(TOOLS[verb], arguments[1:])
    options = parse_trace_options(arguments)
    if options.list_pattern is not None:
        return run_list(options.list_pattern)
    return run_trace(options)


def _with_prefix(message: str) -> str:
    """Diagnostics carry `file:line:col: error:` already; everything else gets `error:`."""
    first = message.partition("\n")[0]
    return message if ": error: " in first else f"error: {message}"
