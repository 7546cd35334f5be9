"""What is to be believed of the machine, and the view of it that compile time gets."""

from __future__ import annotations

import argparse
import os
from collections.abc import MutableMapping
from typing import Any

from seismo.base.dataclass import dataclass
from seismo.elf.root import root_of
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.view import FEATURE_NAMES
from seismo.ui.cli.errors import InputError
from seismo.views import LiveView

__all__ = ("AS_IT_IS", "Machine", "add_machine_options", "live_view", "take_machine")

_OF_BPFTRACE = "kprobe_session"
"""A feature of the kernel that we make no use of, but bpftrace's users may say that it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The kernel is taken not to have `disabled` features; `functions_file` lists the functions
    that ftrace can hook, '' leaves it to the kernel."""

    disabled: tuple[str, ...] = ()
    functions_file: str = ""


AS_IT_IS = Machine()


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """What is to be believed of the machine."""
    add = parser.add_argument_group("the machine").add_argument
    add(
        "--no-feature",
        dest="disabled",
        type=_features,
        action="extend",
        default=[],
        metavar="FEATURES",
        help="do as if the kernel had not: kprobe_multi, uprobe_multi … (a comma between them)",
    )
    add(
        "--traceable-functions",
        dest="functions_file",
        default="",
        metavar="FILE",
        help="the functions that ftrace can hook, as in available_filter_functions",
    )


def take_machine(given: MutableMapping[str, Any]) -> Machine:
    """Take what `add_machine_options` added out of what the parser read."""
    return Machine(
        disabled=tuple(given.pop("disabled")), functions_file=given.pop("functions_file")
    )


def live_view(kernel: Kernel, tracefs: Tracefs, machine: Machine, pid: int) -> LiveView:
    """The kernel that runs, and the files as the process `pid` (0: we) sees them.

    Raises `InputError` for a list of functions that cannot be read.
    """
    path = machine.functions_file
    if path and not os.access(path, os.R_OK):
        raise InputError(f"cannot read the list of functions {path}")
    root = _root_of(pid) if pid else ""
    return LiveView(kernel, tracefs, path, root, pid=pid, disabled=machine.disabled)


def _root_of(pid: int) -> str:
    """Where we find the files of a process that sees others than we do, '' if it does not."""
    try:
        return root_of(pid)
    except OSError:
        return ""


def _features(text: str) -> list[str]:
    names = [one for one in text.split(",") if one]
    for name in names:
        if name not in (*FEATURE_NAMES, _OF_BPFTRACE):
            known = ", ".join(sorted((*FEATURE_NAMES, _OF_BPFTRACE)))
            raise argparse.ArgumentTypeError(f"there is no feature '{name}'; there are {known}")
    return [name for name in names if name != _OF_BPFTRACE]
