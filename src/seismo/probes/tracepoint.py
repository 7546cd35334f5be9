"""`tracepoint:category:name`: a static trace event of the kernel, its fields as `args`."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.format import TracepointFormat
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView, TracepointNotFound
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.spec.types import TracepointAttach

__all__ = ("KIND",)

_FORM = "tracepoint:category:name"

# What older kernels lack, and what comes nearest there: kernel commit 5a80bd075f3b ("block:
# introduce block_io_start/block_io_done tracepoints").
_YOUNG = {
    "block:block_io_start": ("Linux 6.5", "block:block_rq_issue"),
    "block:block_io_done": ("Linux 6.5", "block:block_rq_complete"),
}


def _parse(text: str) -> Target:
    parts = tuple(text.split(":"))
    if len(parts) != 2 or not all(parts):
        raise TargetError("a tracepoint has a category and a name", f"write {_FORM}")
    if "/" in text:
        raise TargetError(
            f"'{text}' is no tracepoint", "a predicate needs a blank before its first '/'"
        )
    return parts


def _expand(target: Target, view: KernelView) -> tuple[Target, ...]:
    category, name = target
    if has_wildcard(category) or has_wildcard(name):
        pattern = wildcard(f"{category}:{name}")
        found = [tuple(one.split(":")) for one in view.tracepoints() if pattern.fullmatch(one)]
        if not found:
            raise TargetError(f"no tracepoint matches '{category}:{name}'", view.absence())
        return tuple(found)
    try:
        view.tracepoint(category, name)
    except TracepointNotFound as error:
        hint = _why_missing(error.name) or error.hint
        raise TargetError(f"there is no tracepoint '{error.name}'", hint) from None
    return (target,)


def _why_missing(name: str) -> str:
    since, near = _YOUNG.get(name, ("", ""))
    return since and f"it came with {since}; the nearest is tracepoint:{near}"


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    has_cookies = len(points) > 1 and "probe" in use.names and view.has("cookie")
    specs: list[TracepointAttach] = []
    for number, point in enumerate(points, 1):
        category, name = point.target
        specs.append(TracepointAttach(category, name, number if has_cookies else 0))
    return Backend(
        prog_type=ProgType.TRACEPOINT,
        context=Context.RECORD,
        attach=tuple(specs),
        has_cookies=has_cookies,
    )


def _arguments(point: AttachPoint, view: KernelView) -> TracepointFormat:
    category, name = point.target
    return view.tracepoint(category, name)


def _space(point: AttachPoint) -> str:
    """System-call arguments point into user memory, everything else into the kernel's."""
    return "user" if point.target[0] == "syscalls" else "kernel"


def _targets(pattern: str, view: KernelView) -> Sequence[str]:
    return view.tracepoints()


KIND = ProbeKind(
    name="tracepoint",
    aliases=("t",),
    form=_FORM,
    parse=_parse,
    expand=_expand,
    choose=_choose,
    arguments=_arguments,
    targets=_targets,
    space=_space,
    is_task=True,
    # 0 would keep the event from perf users of the same tracepoint: perf_trace_run_bpf_submit()
    # in kernel/events/core.c stops when the programs return 0.
    return_value=1,
    doc="A static trace event of the kernel. Since Linux 4.7.",
)
