"""The table of successors: well-formed rows, and the rules for names that are in none."""

from __future__ import annotations

import re

import pytest

from seismo.probes.renamed import ROWS, counterpart

_NAME = re.compile(r"\w+", re.ASCII)
_TRACEPOINT = re.compile(r"\w+:\w+", re.ASCII)


def test_rows_are_well_formed() -> None:
    names = [name for name, *_ in ROWS]
    assert len(names) == len(set(names)) > 200
    for name, functions, tracepoints, why in ROWS:
        assert all(_NAME.fullmatch(one) for one in (name, *functions.split()))
        assert all(_TRACEPOINT.fullmatch(one) for one in tracepoints.split())
        assert name not in functions.split()
        assert functions or tracepoints
        assert not why.endswith(".") and why == why.strip()


@pytest.mark.parametrize(
    ("name", "machine", "functions", "tracepoints"),
    [
        ("_do_fork", "x86_64", "kernel_clone", "sched:sched_process_fork"),
        (
            "tcp_drop",
            "x86_64",
            "tcp_drop_reason sk_skb_reason_drop kfree_skb_reason",
            "skb:kfree_skb",
        ),
        ("swap_readpage", "aarch64", "swap_read_folio", "exceptions:page_fault_user"),
        ("SyS_openat", "x86_64", "__x64_sys_openat", "syscalls:sys_enter_openat"),
        ("sys_openat", "aarch64", "__arm64_sys_openat", "syscalls:sys_enter_openat"),
        ("sys_openat", "riscv64", "__se_sys_openat", "syscalls:sys_enter_openat"),
        ("krealloc", "x86_64", "krealloc_noprof __krealloc_noprof", ""),
    ],
)
def test_counterparts(name: str, machine: str, functions: str, tracepoints: str) -> None:
    found = counterpart(name, machine)
    assert (found.functions, found.tracepoints) == (
        tuple(functions.split()),
        tuple(tracepoints.split()),
    )
    assert found.why
