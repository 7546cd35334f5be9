"""How every failure of a command ends.

Exit status: what the command says; 1 for mistakes in the script or the command line, 255 for what
the kernel refuses to load or attach, 2 for a fault of ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from seismo.base.errors import BpfError, CompilerBug
from seismo.ui.cli.errors import RunError
from seismo.ui.cli.terminal import has_color, painted

__all__ = ("ended",)

_MISTAKE, _OUR_FAULT, _REFUSED = 1, 2, 255
_SIGPIPE_STATUS = 128 + 13


def ended(command: Callable[[], int]) -> int:
    """Run a command, and say on standard error what went wrong if it did; the exit status."""
    _open_what_is_closed()
    try:
        status = command()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has gone: `| head -1`.
        _drop_output()
        return _SIGPIPE_STATUS
    except CompilerBug as error:
        _complain(str(error))
        return _OUR_FAULT
    except BpfError as error:
        _complain(_with_prefix(str(error)))
        return _REFUSED if isinstance(error, RunError) else _MISTAKE
    except OSError as error:
        _drop_output()
        _complain(f"error: cannot write the output: {error.strerror}")
        return _REFUSED
    except KeyboardInterrupt:
        return 128 + 2


def _open_what_is_closed() -> None:
    """Of `>&-` and `2>&-`: no file of ours shall have their numbers. Output is refused; whoever
    closes standard error does not want to know."""
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _drop_output() -> None:
    """What is left in the buffer must not be tried again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _with_prefix(message: str) -> str:
    """Diagnostics carry `file:line:col: error:` already; everything else gets `error:`."""
    first = message.partition("\n")[0]
    return message if ": error: " in first else f"error: {message}"


def _complain(text: str) -> None:
    print(painted(text) if has_color(os.environ) else text, file=sys.stderr)
