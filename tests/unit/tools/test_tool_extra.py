"""Columns that every tool's rows can have are put into its script."""

from __future__ import annotations

from seismo.base.source import Source
from seismo.tools.extra import EXTRAS, with_columns

SCRIPT = r"""
// printf("%d %s\n", pid, comm) is a row
BEGIN { printf("%d %s\n", pid, comm); printf("%d\n", pid); printf("\n"); }
tracepoint:a:b /pid == 1/ { printf ( "%d %s\n", f(1, (2)), @x[1] ); }
"""


def test_only_rows_are_changed() -> None:
    done = with_columns(Source("x.bt", SCRIPT), 2, (EXTRAS["user"], EXTRAS["cpu"])).text
    assert (
        done
        == r"""
// printf("%d %s\n", pid, comm) is a row
BEGIN { printf("%-10s %-4d %d %s\n", username, cpu, pid, comm); printf("%d\n", pid); printf("\n"); }
tracepoint:a:b /pid == 1/ { printf ( "%-10s %-4d %d %s\n", username, cpu, f(1, (2)), @x[1] ); }
"""
    )


def test_without_columns_the_script_stays() -> None:
    source = Source("x.bt", SCRIPT)
    assert with_columns(source, 2, ()) is source
