"""The probe kinds there are."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.probes.fentry import FENTRY, FEXIT
from seismo.probes.interval import KIND as INTERVAL
from seismo.probes.iterator import KIND as ITER
from seismo.probes.kind import ProbeKind, TargetError
from seismo.probes.kprobe import KPROBE, KRETPROBE
from seismo.probes.perf_events import HARDWARE, SOFTWARE
from seismo.probes.profile import KIND as PROFILE
from seismo.probes.rawtracepoint import KIND as RAWTRACEPOINT
from seismo.probes.signal import KIND as SELF
from seismo.probes.spec import AttachPoint
from seismo.probes.special import BEGIN, END
from seismo.probes.testing import BENCH, TEST
from seismo.probes.tracepoint import KIND as TRACEPOINT
from seismo.probes.uprobe import UPROBE, URETPROBE
from seismo.probes.usdt import USDT
from seismo.probes.watchpoint import KIND as WATCHPOINT

__all__ = ("KINDS", "find_kind", "kind_of")

KINDS: tuple[ProbeKind, ...] = (
    *(BEGIN, END, SELF, TRACEPOINT, RAWTRACEPOINT, KPROBE, KRETPROBE, FENTRY, FEXIT),
    *(UPROBE, URETPROBE, USDT, PROFILE, INTERVAL, SOFTWARE, HARDWARE, WATCHPOINT, ITER),
    *(TEST, BENCH),
)

_BY_WORD = {word: kind for kind in KINDS for word in (kind.name, *kind.aliases)}


def find_kind(word: str) -> ProbeKind:
    """The kind called `word`, an alias included; TargetError, which knows a near name."""
    kind = _BY_WORD.get(word)
    if kind is not None:
        return kind
    kind = _BY_WORD.get(word.lower())
    if kind is not None and kind.is_any_case:
        return kind
    known = [*_BY_WORD, "BEGIN", "END"]
    long_names = [one for one in known if len(one) > 2]
    hint = did_you_mean(word, long_names) or f"there are: {' '.join([one.name for one in KINDS])}"
    raise TargetError(f"unknown probe kind '{word}'", hint)


def kind_of(point: AttachPoint) -> ProbeKind:
    """The kind of an expanded attach point."""
    return _BY_WORD[point.kind]
