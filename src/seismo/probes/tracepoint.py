"""`tracepoint:category:name`: a static trace event of the kernel, its fields as `args`."""

from __future__ import annotations

from seismo.isa.prog_types import ProgType
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView, TracepointNotFound
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.spec.types import TracepointAttach

__all__ = ("KIND",)

_FORM = "tracepoint:category:name"


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
            raise TargetError(f"no tracepoint matches '{category}:{name}'")
        return tuple(found)
    try:
        view.tracepoint(category, name)
    except TracepointNotFound as error:
        raise TargetError(f"there is no tracepoint '{error.name}'", error.hint) from None
    return (target,)


def _attach(point: AttachPoint) -> TracepointAttach:
    category, name = point.target
    return TracepointAttach(category, name)


KIND = ProbeKind(
    name="tracepoint",
    aliases=("t",),
    form=_FORM,
    prog_type=ProgType.TRACEPOINT,
    parse=_parse,
    expand=_expand,
    attach=_attach,
    has_wildcards=True,
    has_args=True,
    # 0 would keep the event from perf users of the same tracepoint: perf_trace_run_bpf_submit()
    # in kernel/events/core.c stops when the programs return 0.
    return_value=1,
    doc="A static trace event of the kernel. Since Linux 4.7.",
)
