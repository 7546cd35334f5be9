"""Attach points as written to the places they mean on this kernel.

    t:syscalls:sys_enter_open* { … args … }  ->  one instance for each of the tracepoints found
    BEGIN, interval:s:1 { … }                ->  one instance for each kind

A probe's body is compiled once for all its places of a kind that hand it pointers into the same
memory, unless it asks which place it is at.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span
from seismo.lang.ast import AttachPointText, Call, Name, Probe, Script
from seismo.lang.config import DEFAULTS, Config
from seismo.lang.walk import walk
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import find_kind
from seismo.probes.view import KernelView

__all__ = ("PLACE_NAMES", "ProbeInstance", "default_space", "expand")

PLACE_NAMES = ("args", "probe")
"""The built-ins that differ from place to place."""

_TESTS = ("test:", "bench:")
_USER_KINDS = ("uprobe", "uretprobe", "usdt")


@dataclass(frozen=True, slots=True)
class ProbeInstance:
    """One program to be: a probe at `points`, all of one kind."""

    probe: Probe
    points: tuple[AttachPoint, ...]


def default_space(point: AttachPoint) -> str:
    """Whose memory an address that nothing is known of means in a probe there."""
    if point.kind in _USER_KINDS:
        return "user"
    is_syscall = point.kind == "tracepoint" and point.target[0] == "syscalls"
    return "user" if is_syscall else "kernel"


def expand(
    script: Script, view: KernelView, diagnostics: Diagnostics, config: Config = DEFAULTS
) -> tuple[ProbeInstance, ...]:
    """Every program to be, in script order; attach points that mean nothing go to `diagnostics`.

    What is not there is told as `config.missing_probes` says. Raises `NotSupported` when tracefs
    is needed and cannot be read.
    """
    _check_names(script, diagnostics)
    instances: list[ProbeInstance] = []
    count = 0
    for probe in script.probes:
        points = [
            point
            for text in probe.attach_points
            for point in _expand_text(text, view, diagnostics, config.missing_probes)
        ]
        before, count = count, count + len(points)
        if before <= config.max_probes < count:
            hint = "set config = { max_probes = … }, or trace fewer places"
            message = f"the script has more than {config.max_probes} probes from here on"
            diagnostics.error(_span(probe), message, hint)
        instances += _instances(probe, points)
    return tuple(instances)


def _check_names(script: Script, diagnostics: Diagnostics) -> None:
    """`name=attach_point`, `test:name`: a name is one probe's."""
    named: dict[str, Probe] = {}
    tests: dict[str, Span] = {}
    for probe in script.probes:
        if probe.name and probe.name in named:
            where = named[probe.name].span.location
            message = f"the probe at {where} is called {probe.name}, too"
            diagnostics.error(_span(probe), message, "give each probe a name of its own")
        named.setdefault(probe.name, probe)
        for point in probe.attach_points:
            if point.text.startswith(_TESTS):
                if point.text in tests:
                    message = f"there is another {point.text} at {tests[point.text].location}"
                    diagnostics.error(point.span, message, "give each test a name of its own")
                tests.setdefault(point.text, point.span)


def _span(probe: Probe) -> Span:
    return probe.attach_points[0].span.join(probe.attach_points[-1].span)


def _expand_text(
    text: AttachPointText, view: KernelView, diagnostics: Diagnostics, missing: str
) -> tuple[AttachPoint, ...]:
    word, _, rest = text.text.replace('"', "").partition(":")
    try:
        kind = find_kind(word)
        target = kind.parse(rest)
    except TargetError as error:
        diagnostics.error(text.span, error.message, error.hint)
        return ()
    try:
        targets = kind.expand(target, view)
    except TargetError as error:
        if missing == "error":
            diagnostics.error(text.span, error.message, error.hint)
        elif missing == "warn":
            diagnostics.warning(text.span, error.message, error.hint)
        return ()
    return tuple([AttachPoint(kind.name, target, text.span) for target in targets])


def _instances(probe: Probe, points: list[AttachPoint]) -> list[ProbeInstance]:
    if _asks_for_place(probe):
        return [ProbeInstance(probe, (point,)) for point in points]
    alike: dict[tuple[str, str], list[AttachPoint]] = {}
    for point in points:
        alike.setdefault((point.kind, default_space(point)), []).append(point)
    return [ProbeInstance(probe, tuple(some)) for some in alike.values()]


def _asks_for_place(probe: Probe) -> bool:
    return any(isinstance(node, (Name, Call)) and node.name in PLACE_NAMES for node in walk(probe))
