"""`fentry:vfs_read`, `fexit:netfs:*`, `fentry:bpf:name`: functions of the kernel and BPF programs,
by a trampoline at their beginning or around them, with the types that BTF tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from seismo.base.errors import NotSupported
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.arguments import BtfArguments
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.function_types import types_of
from seismo.probes.functions import (
    KERNEL,
    find_function,
    matching,
    no_match,
    parse_function,
    refused,
)
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.spec.types import ProgramTarget, TracingAttach

if TYPE_CHECKING:
    from seismo.probes.btf_target import FunctionTypes

__all__ = ("FENTRY", "FEXIT")

_FORMS = {
    "fentry": "fentry:[module:]function or fentry:bpf:[id:]program",
    "fexit": "fexit:[module:]function or fexit:bpf:[id:]program",
}
_BPF = "bpf"


def _parse(text: str, *, kind: str) -> Target:
    first, _, rest = text.partition(":")
    if first == _BPF:
        return _parse_program(rest, kind)
    if "+" in text or text[:1].isdigit():
        message = f"{kind} is about whole functions: '{text}' is none"
        raise TargetError(message, f"write kprobe:{text} for a place inside one")
    return parse_function(text, _FORMS[kind])


def _parse_program(text: str, kind: str) -> Target:
    number, colon, name = text.rpartition(":")
    if not name or (colon and not number.isdigit()):
        raise TargetError(f"'bpf:{text}' is no BPF program", f"write {kind}:bpf:[id:]program")
    return (_BPF, number, name) if colon else (_BPF, name)


def _expand(target: Target, view: KernelView, *, kind: str) -> tuple[Target, ...]:
    """Targets have their module, and BPF programs their id."""
    if target[0] == _BPF:
        return _programs(target, kind, view)
    module, name = target if len(target) > 1 else ("", target[0])
    if has_wildcard(module) or has_wildcard(name):
        return _matched(module, name, kind, view)
    function = find_function(module, name, kind, view)
    return ((function.module or KERNEL, name),)


def _programs(target: Target, kind: str, view: KernelView) -> tuple[Target, ...]:
    *number, name = target[1:]
    loaded = view.bpf_programs()
    matches = wildcard(name).fullmatch
    found = [one for one in loaded if matches(one[1]) and number in ([], [str(one[0])])]
    if not found:
        known = " ".join([f"{kind}:bpf:{id}:{known}" for id, known in loaded])
        hint = f"there are: {known}" if known else "no program that has types (BTF) is loaded"
        raise TargetError(f"there is no BPF program '{':'.join(target[1:])}'", hint)
    return tuple([(_BPF, str(id), known) for id, known in found])


def _matched(module: str, name: str, kind: str, view: KernelView) -> tuple[Target, ...]:
    """The functions that match and that trampolines can serve."""
    found = tuple(
        [
            (one, function)
            for one, types, functions in _typed(module, name, view)
            for function in functions
            if not types.obstacle(function, view, is_return=kind == "fexit")
        ]
    )
    if not found:
        raise no_match(module, name, view)
    return found


def _typed(
    module: str, name: str, view: KernelView
) -> Iterator[tuple[str, FunctionTypes, list[str]]]:
    """Module by module the functions that match, that ftrace hooks, and that have types."""
    by_module: dict[str, list[str]] = {}
    for one in matching(module, name, view):
        if one.is_traceable:
            by_module.setdefault(one.module, []).append(one.name)
    for one_module, names in by_module.items():
        try:
            types = types_of(one_module, view)
        except NotSupported:
            continue
        typed = types.names()
        yield one_module or KERNEL, types, [one for one in names if one in typed]


def _choose(
    points: tuple[AttachPoint, ...], use: Use, view: KernelView, *, is_return: bool
) -> Backend:
    (point,) = points
    _, *number, name = point.target
    if not view.has("fentry"):
        raise refused("fentry", point, name, view)
    if number:
        target = ProgramTarget(name, program_id=int(number[0]))
    else:
        target = _checked(point, view, is_return=is_return)
    return Backend(
        prog_type=ProgType.TRACING,
        context=Context.TRAMPOLINE,
        attach=(TracingAttach(),),
        attach_type=AttachType.TRACE_FEXIT if is_return else AttachType.TRACE_FENTRY,
        target=target,
    )


def _checked(point: AttachPoint, view: KernelView, *, is_return: bool) -> ProgramTarget:
    """The target that a function of the kernel is, if a trampoline can serve it; TargetError."""
    place, name = point.target
    module = "" if place == KERNEL else place
    try:
        types = types_of(module, view)
    except NotSupported as error:
        raise TargetError(f"{point} cannot be attached: {error.why}", error.hint) from None
    why = types.obstacle(name, view, is_return=is_return)
    if not why and not find_function(place, name, point.kind, view).is_traceable:
        why = "is not among the functions that ftrace hooks"
    if why:
        is_endless = is_return and types.never_returns(name)
        instead = "fentry" if is_endless else "kretprobe" if is_return else "kprobe"
        raise TargetError(f"{point} cannot be attached: {name} {why}", f"write {instead}:{name}")
    return ProgramTarget(name, module)


def _arguments(point: AttachPoint, view: KernelView) -> BtfArguments:
    if point.target[0] == _BPF:
        name = point.target[-1]
        hint = "programs may not look at what another one is handed"
        raise TargetError(f"BPF program '{name}' has no args here", hint)
    ((module, name),) = _expand(point.target, view, kind=point.kind)
    try:
        types = types_of("" if module == KERNEL else module, view)
    except NotSupported as error:
        raise TargetError(f"no args here: {error.why}", error.hint) from None
    return types.arguments(name)


def _targets(pattern: str, view: KernelView) -> Iterable[str]:
    """With modules only where the pattern has one."""
    module, colon, name = pattern.rpartition(":")
    for one, _, functions in _typed(module, name or "*", view):
        yield from (f"{one}:{function}" if colon else function for function in functions)


FENTRY = ProbeKind(
    name="fentry",
    aliases=("f", "kfunc"),
    form=_FORMS["fentry"],
    parse=partial(_parse, kind="fentry"),
    expand=partial(_expand, kind="fentry"),
    choose=partial(_choose, is_return=False),
    arguments=_arguments,
    targets=_targets,
    is_task=True,
    is_single=True,
    doc="A function of the kernel or a BPF program, where it begins. Since Linux 5.5.",
)
FEXIT = ProbeKind(
    name="fexit",
    aliases=("fr", "kretfunc"),
    form=_FORMS["fexit"],
    parse=partial(_parse, kind="fexit"),
    expand=partial(_expand, kind="fexit"),
    choose=partial(_choose, is_return=True),
    arguments=_arguments,
    targets=_targets,
    is_task=True,
    is_single=True,
    is_return=True,
    doc="Where a function of the kernel or a BPF program returns, its arguments at hand. Since "
    "Linux 5.5.",
)
