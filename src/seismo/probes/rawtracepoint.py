"""`rawtracepoint:sched_switch`: a tracepoint before its record is made, with what the kernel's code
hands to it. There are more of them than tracepoints, but one `sys_enter` for all system calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from seismo.base.errors import NotSupported
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.arguments import BtfArguments
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.function_types import function_types, types_of
from seismo.probes.functions import KERNEL
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.nearest import near_name
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.spec.types import ProgramTarget, RawTracepointAttach, TracingAttach

__all__ = ("KIND",)

_TYPEDEF = "btf_trace_"
_FORM = "rawtracepoint:[module:]event"
_TYPED_NAMES = ("skboutput", "socket_cookie")
"""Functions that take pointers of which the verifier knows where they come from."""

_ARGUMENTS = 12  # include/linux/bpf.h: MAX_BPF_FUNC_ARGS
_SYSCALLS = ("sys_enter_", "sys_exit_")


def _parse(text: str) -> Target:
    parts = tuple(text.split(":"))
    if "/" in text:
        hint = "a predicate needs a blank before its first '/'"
        raise TargetError(f"'{text}' is no raw tracepoint", hint)
    if len(parts) > 2 or not all(parts):
        raise TargetError(f"'{text}' is no raw tracepoint", f"write {_FORM}")
    return parts


def _expand(target: Target, view: KernelView) -> tuple[Target, ...]:
    """Targets have their module."""
    module, name = target if len(target) > 1 else ("", target[0])
    if has_wildcard(module) or has_wildcard(name):
        found = _matching(module, name, view)
        if not found:
            raise TargetError(f"no raw tracepoint matches '{':'.join(target)}'", view.absence())
        return found
    for one, names in _known(module, view):
        if name in names:
            return ((one, name),)
    raise _absent(module, name, view)


def _matching(module: str, name: str, view: KernelView) -> tuple[Target, ...]:
    modules, names = wildcard(module or "*").fullmatch, wildcard(name).fullmatch
    exact = "" if has_wildcard(module) else module
    return tuple(
        [
            (one, event)
            for one, events in _known(exact, view)
            if modules(one)
            for event in sorted(events)
            if names(event)
        ]
    )


def _known(module: str, view: KernelView) -> Iterator[tuple[str, Collection[str]]]:
    """The raw tracepoints of the kernel proper and of each module, or of one."""
    told = view.raw_tracepoints()
    if told is not None:
        yield KERNEL, told
        return
    try:
        btf = view.btf()
    except NotSupported:
        yield KERNEL, _events(view)
        return
    if module in ("", KERNEL):
        yield KERNEL, function_types(btf).raw_tracepoints
    if module != KERNEL:
        for one in view.module_btf(module):
            yield one.name.rpartition("/")[2], function_types(one).raw_tracepoints


def _events(view: KernelView) -> frozenset[str]:
    """What tracefs tells of them: for a kernel without types."""
    names = [one.partition(":")[2] for one in view.tracepoints()]
    others = [one for one in names if not one.startswith(_SYSCALLS)]
    return frozenset([*others, "sys_enter", "sys_exit"])


def _absent(module: str, name: str, view: KernelView) -> TargetError:
    message = f"there is no raw tracepoint '{name}'" + (f" in module {module}" if module else "")
    for prefix in _SYSCALLS:
        if name.startswith(prefix):
            event = prefix.rstrip("_")
            hint = f"write tracepoint:syscalls:{name}, or rawtracepoint:{event} for all calls"
            return TargetError(message, hint)
    if module and any(name in names for _, names in _known("", view)):
        return TargetError(message, f"it has no category: write rawtracepoint:{name}")
    near = near_name(name, [one[-1] for one in _matching("", "*", view)])
    return TargetError(message, near or view.absence())


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    if typed := sorted(use.names.intersection(_TYPED_NAMES)):
        return _typed(points, typed[0], view)
    if not view.has("raw_tracepoint"):
        why, hint = view.refusal("raw_tracepoint")
        raise TargetError(f"{points[0]} cannot be attached: {why}", hint)
    _check_numbers(points, use, view)
    return Backend(
        prog_type=ProgType.RAW_TRACEPOINT,
        context=Context.SLOTS,
        attach=tuple([RawTracepointAttach(one.target[-1]) for one in points]),
    )


def _check_numbers(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> None:
    """`arg5` of two arguments is a TargetError, where types tell how many there are; the kernel
    says EINVAL when it is attached."""
    most = max([number for number in range(_ARGUMENTS) if f"arg{number}" in use.names], default=-1)
    if most < 0:
        return
    for point in points:
        try:
            count = len(_arguments(point, view).params)
        except TargetError:
            return
        if most >= count:
            message = f"there is no arg{most}: {point.target[-1]} has {count}, the first is arg0"
            raise TargetError(message)


def _typed(points: tuple[AttachPoint, ...], name: str, view: KernelView) -> Backend:
    """A program whose arguments the verifier knows the types of; it is for one tracepoint."""
    module, event = points[0].target
    if len(points) > 1:
        hint = f"write a probe for each, or without {name}"
        raise TargetError(f"{name} works at one raw tracepoint alone", hint)
    return Backend(
        prog_type=ProgType.TRACING,
        context=Context.TRAMPOLINE,
        attach=(TracingAttach(),),
        attach_type=AttachType.TRACE_RAW_TP,
        target=ProgramTarget(f"{_TYPEDEF}{event}", "" if module == KERNEL else module),
        why=f"a program of type tracing: {name} needs typed pointers",
    )


def _arguments(point: AttachPoint, view: KernelView) -> BtfArguments:
    ((module, name),) = _expand(point.target, view)
    try:
        types = types_of("" if module == KERNEL else module, view)
    except NotSupported as error:
        raise TargetError(f"no args here: {error.why}", error.hint) from None
    return types.raw_tracepoint(name)


def _targets(pattern: str, view: KernelView) -> Iterable[str]:
    """With modules only where the pattern has one."""
    module, colon, name = pattern.rpartition(":")
    found = _matching(module, name or "*", view)
    return [":".join(one) if colon else one[-1] for one in found]


KIND = ProbeKind(
    name="rawtracepoint",
    aliases=("rt",),
    form=_FORM,
    parse=_parse,
    expand=_expand,
    choose=_choose,
    arguments=_arguments,
    targets=_targets,
    is_task=True,
    doc="A static trace event of the kernel, before its record is made. Since Linux 4.17.",
)
