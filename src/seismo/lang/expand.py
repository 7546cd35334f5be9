"""Attach points as written to the places they mean on this kernel.

    t:syscalls:sys_enter_open* { … args … }  ->  one instance for each of the tracepoints found
    BEGIN, interval:s:1 { … }                ->  one instance for each kind

A probe's body is compiled once for all its places of a kind that hand it pointers into the same
memory, unless it asks for what differs from place to place. Here, too, it is settled by which means
of the kernel its programs get there (`probes/backend.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import Diagnostic, Diagnostics
from seismo.base.source import Span
from seismo.lang.ast import AttachPointText, Call, Comptime, ForMap, ForRange, Name, Probe, Script
from seismo.lang.config import DEFAULTS, Config
from seismo.lang.walk import walk
from seismo.probes.backend import NO_USE, Backend, Use
from seismo.probes.iterator import company
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import find_kind, kind_of
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard

__all__ = ("PLACE_NAMES", "ProbeInstance", "attach_points", "default_space", "expand")

PLACE_NAMES = ("args", "ctx", "probe")
"""The built-ins that a place, and not a table, tells the type of."""

_TESTS = ("test:", "bench:")
_ONE_PLACE = (Comptime, ForMap, ForRange)
"""Where `probe` must be a constant: known at once, or in a function that the kernel calls back."""


@dataclass(frozen=True, slots=True)
class ProbeInstance:
    """One program to be: a probe at `points`, all of one kind, by the means of `backend`; `names`
    are those of variables and functions in its text."""

    probe: Probe
    points: tuple[AttachPoint, ...]
    backend: Backend
    names: frozenset[str]


def default_space(point: AttachPoint) -> str:
    """Whose memory an address that nothing is known of means in a probe there."""
    return kind_of(point).space(point)


def expand(
    script: Script,
    view: KernelView,
    diagnostics: Diagnostics,
    config: Config = DEFAULTS,
    use: Use = NO_USE,
) -> tuple[ProbeInstance, ...]:
    """Every program to be, in script order; attach points that mean nothing go to `diagnostics`.
    `use` tells the processes of -p and -c.

    What is not there is told as `config.missing_probes` says. Raises `NotSupported` when tracefs
    is needed and cannot be read.
    """
    found = Diagnostics()
    _check_names(script, found)
    instances: list[ProbeInstance] = []
    places = [attach_points(probe, view, found, config.missing_probes) for probe in script.probes]
    shared = _shared(places)
    count = 0
    for probe, points in zip(script.probes, places, strict=True):
        before, count = count, count + len(points)
        if before <= config.max_probes < count:
            hint = "set config = { max_probes = … }, or trace fewer places"
            message = f"the script has more than {config.max_probes} probes from here on"
            found.error(_span(probe), message, hint)
        instances += _Instances(probe, view, found, config, use, shared).of(points)
    for point in company([point for one in instances for point in one.points]):
        hint = "give it a script of its own"
        found.error(point.span, "an iterator is the only probe of its script", hint)
    diagnostics.found += sorted(found.found, key=_order)
    return tuple(instances)


def _order(diagnostic: Diagnostic) -> tuple[str, int]:
    return diagnostic.span.source.name, diagnostic.span.start


def _shared(places: Sequence[Sequence[AttachPoint]]) -> frozenset[tuple[str, str]]:
    """Kind and name of what several probes are at."""
    seen: set[tuple[str, str]] = set()
    twice: set[tuple[str, str]] = set()
    for points in places:
        here = {_place(one) for one in points}
        twice |= seen & here
        seen |= here
    return frozenset(twice)


def _place(point: AttachPoint) -> tuple[str, str]:
    """Of a function the name, with or without its module."""
    return point.kind, point.target[-1] if point.target else ""


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


def attach_points(
    probe: Probe, view: KernelView, diagnostics: Diagnostics, missing: str
) -> list[AttachPoint]:
    """What the attach points of a probe mean on this kernel; what is not there is told as `missing`
    says. A wildcard that finds nothing is no error beside what is there: `f, f.constprop.*` names
    a function as one compiler or another has left it."""
    points: list[AttachPoint] = []
    unmatched: list[tuple[Span, TargetError]] = []
    for text in probe.attach_points:
        try:
            points += _places(text, view, diagnostics)
        except TargetError as error:
            if has_wildcard(text.text):
                unmatched.append((text.span, error))
            else:
                _tell_missing(text.span, error, diagnostics, missing)
    told = "warn" if points and missing == "error" else missing
    for span, unfound in unmatched:
        _tell_missing(span, unfound, diagnostics, told)
    return points


def _places(
    text: AttachPointText, view: KernelView, diagnostics: Diagnostics
) -> tuple[AttachPoint, ...]:
    """What the text of one means; nothing, and the complaint, where it is none. Raises
    `TargetError` when this kernel has no such place."""
    word, _, rest = text.text.partition(":")
    try:
        kind = find_kind(word.strip('"'))
        target = kind.parse(rest if kind.is_user else rest.replace('"', ""))
    except TargetError as error:
        diagnostics.error(text.span, error.message, error.hint)
        return ()
    targets = kind.expand(target, view)
    is_wild = targets != (target,) and has_wildcard(rest)
    return tuple([AttachPoint(kind.name, target, text.span, is_wild) for target in targets])


def _tell_missing(span: Span, error: TargetError, diagnostics: Diagnostics, missing: str) -> None:
    if missing == "error":
        diagnostics.error(span, error.message, error.hint)
    elif missing == "warn":
        diagnostics.warning(span, error.message, error.hint)


class _Instances:
    """The programs of one probe."""

    def __init__(
        self,
        probe: Probe,
        view: KernelView,
        diagnostics: Diagnostics,
        config: Config,
        use: Use,
        shared: frozenset[tuple[str, str]],
    ) -> None:
        self.probe = probe
        self.view = view
        self.diagnostics = diagnostics
        self.missing = config.missing_probes
        self.shared = shared
        self.refused: set[Span] = set()
        nodes = list(walk(probe))
        self.names = frozenset([one.name for one in nodes if isinstance(one, (Name, Call))])
        needs_constant = any(isinstance(one, _ONE_PLACE) for one in nodes)
        self.use = replace(use, names=self.names, max_active=config.kretprobe_max_active)
        self.tells_place = "probe" in self.names
        self.is_split = "args" in self.names or (self.tells_place and needs_constant)

    def of(self, points: list[AttachPoint]) -> list[ProbeInstance]:
        """One for all points that hand it the same; one for each where the kernel cannot tell its
        programs which point they run for, and the probe asks."""
        alike: dict[tuple[str, str], list[AttachPoint]] = {}
        for point in points:
            alike.setdefault((point.kind, default_space(point)), []).append(point)
        return [one for some in alike.values() for one in self._placed(tuple(some))]

    def _placed(self, points: tuple[AttachPoint, ...]) -> list[ProbeInstance]:
        if len(points) > 1 and (self.is_split or kind_of(points[0]).is_single):
            return [one for point in points for one in self._placed((point,))]
        is_shared = bool(self.shared) and any(_place(one) in self.shared for one in points)
        use = replace(self.use, is_wild=points[0].is_wild, is_shared=is_shared)
        try:
            backend = kind_of(points[0]).choose(points, use, self.view)
        except TargetError as error:
            self._tell_refused(points[0].span, error)
            return []
        if len(points) > 1 and self.tells_place and not backend.has_cookies:
            return [one for point in points for one in self._placed((point,))]
        return [ProbeInstance(self.probe, points, backend, self.names)]

    def _tell_refused(self, span: Span, error: TargetError) -> None:
        """What is true of one function is so of all that the wildcard means: it is told once."""
        if span not in self.refused:
            self.refused.add(span)
            _tell_missing(span, error, self.diagnostics, self.missing)
