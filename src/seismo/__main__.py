"""The `seismo` command, and `python -m seismo`: starts and ends the process, quickly."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ("run",)


def run() -> None:
    """The console script's entry."""
    # What is made from here on stays until tracing begins, and `run_job` looks for garbage again:
    # a tenth of the time that starting takes would be spent on finding none.
    gc.disable()
    from seismo.ui.cli.main import main  # noqa: PLC0415 (lazy: docs/architecture.md)

    status = main(sys.argv[1:])
    # Every file is closed and written by now; to free each object would take as long again.
    os._exit(status)


if __name__ == "__main__":
    run()
