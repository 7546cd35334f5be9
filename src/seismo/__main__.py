"""`python -m seismo`: the same as the `seismo` command."""

from __future__ import annotations

from seismo.ui.cli.main import run

__all__ = ()

if __name__ == "__main__":
    run()
