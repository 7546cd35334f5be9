"""The probe kinds there are."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.probes.interval import KIND as INTERVAL
from seismo.probes.kind import ProbeKind, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.special import BEGIN, END
from seismo.probes.testing import BENCH, TEST
from seismo.probes.tracepoint import KIND as TRACEPOINT

__all__ = ("KINDS", "find_kind", "kind_of")

KINDS: tuple[ProbeKind, ...] = (BEGIN, END, TRACEPOINT, INTERVAL, TEST, BENCH)

_LATER = {
    "f": "fentry",
    "fentry": "fentry",
    "fexit": "fexit",
    "fr": "fexit",
    "h": "hardware",
    "hardware": "hardware",
    "it": "iter",
    "iter": "iter",
    "k": "kprobe",
    "kfunc": "fentry",
    "kprobe": "kprobe",
    "kr": "kretprobe",
    "kretfunc": "fexit",
    "kretprobe": "kretprobe",
    "p": "profile",
    "profile": "profile",
    "rawtracepoint": "rawtracepoint",
    "rt": "rawtracepoint",
    "s": "software",
    "self": "self",
    "software": "software",
    "U": "usdt",
    "u": "uprobe",
    "uprobe": "uprobe",
    "ur": "uretprobe",
    "uretprobe": "uretprobe",
    "usdt": "usdt",
    "w": "watchpoint",
    "watchpoint": "watchpoint",
}
_BY_WORD = {word: kind for kind in KINDS for word in (kind.name, *kind.aliases)}


def find_kind(word: str) -> ProbeKind:
    """The kind called `word`, an alias included; TargetError, which knows a near name."""
    kind = _BY_WORD.get(word)
    if kind is not None:
        return kind
    kind = _BY_WORD.get(word.lower())
    if kind is not None and kind.is_any_case:
        return kind
    if word in _LATER:
        names = ", ".join(one.name for one in KINDS)
        raise TargetError(
            f"probes of kind {_LATER[word]} are not supported yet", f"there are: {names}"
        )
    known = [*_BY_WORD, *_LATER, "BEGIN", "END"]
    long_names = [one for one in known if len(one) > 2]
    raise TargetError(f"unknown probe kind '{word}'", did_you_mean(word, long_names))


def kind_of(point: AttachPoint) -> ProbeKind:
    """The kind of an expanded attach point."""
    return _BY_WORD[point.kind]
