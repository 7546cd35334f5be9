"""`seismo -l`: attach points and types that match a pattern, or a script's attach points.

tracepoint:sched:*        t:*open*,begin        openat        struct sock*        script.bt
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import BpfError
from seismo.btf.cprint import definition
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.config import read_config
from seismo.lang.expand import expand
from seismo.lang.imports import resolve_imports
from seismo.lang.parse_probe import parse
from seismo.probes.format import FormatField
from seismo.probes.kind import TargetError
from seismo.probes.table import KINDS, find_kind
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.ui.cli.options import TraceOptions
from seismo.ui.cli.trace import inputs_of, read_source
from seismo.views import LiveView

__all__ = ("ListError", "run_list")

_TYPES = {"struct": (Kind.STRUCT,), "union": (Kind.UNION,), "enum": (Kind.ENUM, Kind.ENUM64)}
_EVERYTHING = "*"


class ListError(BpfError):
    """A listing pattern that means nothing, or that nothing matches."""


def run_list(options: TraceOptions) -> int:
    """Print what matches, one a line; with -v what it is made of, too. The exit status."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        for line in _lines(options, view):
            sys.stdout.write(f"{line}\n")
    return 0


def _lines(options: TraceOptions, view: LiveView) -> Iterator[str]:
    """Raises `ListError` when a pattern finds nothing."""
    pattern = options.pattern
    if options.program is not None or os.path.isfile(pattern):
        yield from _of_script(options, view)
        return
    for one in (pattern or _EVERYTHING).split(","):
        words = one.split()
        is_type = len(words) > 1 and words[0] in _TYPES
        found = (
            _types(words[0], words[1], view, is_verbose=options.is_verbose)
            if is_type
            else _probes(" ".join(words), view, is_verbose=options.is_verbose)
        )
        if (first := next(found, None)) is None:
            raise _nothing(" ".join(words), "type" if is_type else "probe")
        yield first
        yield from found


def _nothing(pattern: str, what: str) -> ListError:
    hint = (
        "`seismo -l` lists all of them" if what == "probe" else "`seismo -l 'struct *'` lists all"
    )
    if "." in pattern and not {":", "*"} & set(pattern):
        hint = f"there is no file '{pattern}', either"
    return ListError(f"no {what} matches '{pattern}'\nhint: {hint}")


def _of_script(options: TraceOptions, view: KernelView) -> Iterator[str]:
    """Where the script would attach."""
    diagnostics, inputs = Diagnostics(), inputs_of(options)
    source = read_source(replace(options, file=options.pattern))
    script = resolve_imports(parse(source, diagnostics), inputs.files, diagnostics)
    diagnostics.stop_on_errors()
    config = read_config(script.config, inputs.environ, diagnostics)
    points = [str(p) for one in expand(script, view, diagnostics, config) for p in one.points]
    diagnostics.stop_on_errors()
    for name in dict.fromkeys(points):
        yield from _probe(name, view, is_verbose=options.is_verbose)


def _probes(pattern: str, view: KernelView, *, is_verbose: bool) -> Iterator[str]:
    """`t:sched:*`; a bare word is looked for anywhere in a name."""
    try:
        matcher = wildcard(_full_pattern(pattern))
    except TargetError as error:
        raise ListError(str(error)) from error
    for name in _all_names(view):
        if matcher.fullmatch(name):
            yield from _probe(name, view, is_verbose=is_verbose)


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


def _probe(name: str, view: KernelView, *, is_verbose: bool) -> Iterator[str]:
    """The attach point's line, and a line for each of its arguments."""
    yield name
    kind, *target = name.split(":")
    if is_verbose and find_kind(kind).has_args:
        category, event = target
        yield from (f"    {_declared(one)}" for one in view.tracepoint(category, event).fields)


def _declared(field: FormatField) -> str:
    """As C declares it, but for `__data_loc char[] name`, where the kernel keeps a place alone."""
    if field.c_type.startswith("__"):
        return f"{field.c_type} {field.name}"
    base, bracket, sizes = field.c_type.partition("[")
    return f"{base} {field.name}{bracket}{sizes}"


def _types(word: str, pattern: str, view: LiveView, *, is_verbose: bool) -> Iterator[str]:
    """`struct sock*` of the kernel and its modules; with -v as C defines it."""
    try:
        matcher = wildcard(pattern)
    except TargetError as error:
        raise ListError(str(error)) from error
    seen: set[str] = set()
    for btf in (view.btf(), *view.module_btf()):
        for name, id in sorted(_named(btf, word)):
            if matcher.fullmatch(name) and name not in seen:
                seen.add(name)
                yield definition(btf, id) if is_verbose else f"{word} {name}"


def _named(btf: Btf, word: str) -> Iterator[tuple[str, int]]:
    for kind in _TYPES[word]:
        yield from ((name, id) for id, name in btf.names(kind))
