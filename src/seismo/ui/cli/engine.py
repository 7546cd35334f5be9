"""What a script is compiled for and run by: the kernel, or seismo's own machine (`--engine`)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

from seismo.base.dataclass import dataclass
from seismo.builtin.options import LowerOptions
from seismo.kernel.protocol import Kernel
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.probes.view import KernelView
from seismo.session import Session

__all__ = ("ENGINES", "Engine", "Opened", "add_engine_option")

ENGINES = ("auto", "kernel", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session that is loaded. `begin` is to be called when all is attached; where `is_over`
    answers true, nothing will happen any more."""

    session: Session
    begin: Callable[[], object] = lambda: None
    is_over: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """`view` and `options` are what a script is compiled with, `kernel` is where it is loaded, and
    `open` does that. `check` raises what refuses a plan, as far as that can be told before.
    `ended_fd` is readable when what is traced has ended; -1 where it has no end."""

    kernel: Kernel
    view: KernelView
    options: LowerOptions
    open: Callable[[Plan, Sink], AbstractContextManager[Opened]]
    check: Callable[[Plan], object] = lambda plan: None
    ended_fd: int = -1


def add_engine_option(parser: argparse.ArgumentParser) -> None:
    """By what the script is run."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="by what programs are run: the kernel, or with -c, without privilege, seismo itself "
        "(user), which is what auto takes where BPF is not permitted",
    )
