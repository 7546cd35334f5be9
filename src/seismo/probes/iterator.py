"""`iter:task`, `iter:task_file`: once for every object of a sort that the kernel has.

The kernel's types tell which there are: iterator `task` has the function `bpf_iter_task` (it never
runs) and hands out `struct bpf_iter__task` (include/linux/bpf.h: DEFINE_BPF_ITER_FUNC).
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.arguments import BtfIterator
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.spec.types import IterAttach, ProgramTarget

__all__ = ("KIND", "company")

_FORM = "iter:object[:pin]"
_FUNCTION, _CONTEXT = "bpf_iter_", "bpf_iter__"
_OF_A_MAP = "it is about a single map, which no script can name"
_WANTING = {
    "bpf_map_elem": _OF_A_MAP,
    "bpf_sk_storage_map": _OF_A_MAP,
    "cgroup": "it takes a control group to begin with",
    "sockmap": _OF_A_MAP,
}
"""What needs to be told more than a script says."""


def company(points: Sequence[AttachPoint]) -> tuple[AttachPoint, ...]:
    """The points that may not stand in a script, because it has an iterator: all but that."""
    iterators = [one for one in points if one.kind == KIND.name]
    return tuple([one for one in points if one is not iterators[0]]) if iterators else ()


def _parse(text: str) -> Target:
    name, colon, pin = text.partition(":")
    if not name or (colon and not pin):
        raise TargetError("an iterator has a sort of objects", f"write {_FORM}: iter:task")
    return (name, pin) if pin else (name,)


def _expand(target: Target, view: KernelView) -> tuple[Target, ...]:
    name = target[0]
    if name in _WANTING:
        raise TargetError(f"iterator '{name}' cannot be used: {_WANTING[name]}")
    try:
        btf = view.btf()
    except NotSupported as error:
        raise TargetError(f"{error.feature}: {error.why}", error.hint) from None
    if not (btf.find_all(_FUNCTION + name) and btf.find_all(_CONTEXT + name)):
        names = _targets("", view)
        hint = did_you_mean(name, names) or f"there are {' '.join(names)}"
        raise TargetError(f"there is no iterator '{name}'", hint)
    return (target,)


def _targets(text: str, view: KernelView) -> Sequence[str]:
    names = {name for _, name in view.btf().names()}
    found = {one.removeprefix(_CONTEXT) for one in names if one.startswith(_CONTEXT)}
    return sorted(one for one in found.difference(_WANTING) if _FUNCTION + one in names)


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    if not view.has("iterator"):
        raise TargetError(*view.refusal("iterator"))
    name, *pin = points[0].target
    return Backend(
        prog_type=ProgType.TRACING,
        context=Context.ITERATOR,
        attach=(IterAttach(*pin),),
        attach_type=AttachType.TRACE_ITER,
        target=ProgramTarget(_FUNCTION + name),
    )


def _arguments(point: AttachPoint, view: KernelView) -> BtfIterator:
    name, btf = point.target[0], view.btf()
    return BtfIterator(name, btf, btf.find(_CONTEXT + name))


KIND = ProbeKind(
    name="iter",
    aliases=("it",),
    form=_FORM,
    parse=_parse,
    expand=_expand,
    choose=_choose,
    arguments=_arguments,
    targets=_targets,
    is_single=True,
    doc="Once for every object of a sort that the kernel has: iter:task, iter:task_file. It is the "
    "only probe of its script, which ends with it. Since Linux 5.8.",
)
