"""`seismo -l PATTERN`: the attach points that match, one a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from seismo.base.errors import BpfError
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.kind import TargetError
from seismo.probes.table import KINDS, find_kind
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.views import LiveView

__all__ = ("ListError", "run_list")


class ListError(BpfError):
    """A listing pattern that means nothing, or that nothing matches."""


def run_list(pattern: str) -> int:
    """Print what matches, e.g. `tracepoint:syscalls:*` or `t:sched:*`; a bare word is looked for
    anywhere in a name."""
    try:
        matcher = wildcard(_full_pattern(pattern))
    except TargetError as error:
        raise ListError(str(error)) from error
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        found = [one for one in _all_names(LiveView(kernel, tracefs)) if matcher.fullmatch(one)]
    if not found:
        raise ListError(f"no probe matches '{pattern}'\nhint: `seismo -l` lists all of them")
    sys.stdout.write("\n".join((*found, "")))
    return 0


def _full_pattern(pattern: str) -> str:
    """The pattern with the kind's alias written out."""
    word, colon, rest = pattern.partition(":")
    if not colon:
        return pattern if has_wildcard(pattern) else f"*{pattern}*"
    return pattern if has_wildcard(word) else f"{find_kind(word).name}:{rest}"


def _all_names(view: KernelView) -> Iterator[str]:
    """Every attach point; a kind without a list of targets shows how it is written."""
    for kind in KINDS:
        if kind.has_wildcards:
            yield from (f"{kind.name}:{one}" for one in view.tracepoints())
        else:
            yield kind.form
