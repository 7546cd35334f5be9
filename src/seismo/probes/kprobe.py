"""`kprobe:vfs_read`, `kprobe:netfs:*`, `kprobe:vfs_read+8`, `kretprobe:vfs_read`: functions of the
kernel, and places inside them.

Where that serves as well, a function is traced by fentry, which is faster, and many functions by
one kprobe_multi link, which attaches them at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported
from seismo.base.number import NumberError, parse_integer
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.function_types import types_of
from seismo.probes.functions import (
    KERNEL,
    find_function,
    is_address,
    match_functions,
    matching,
    parse_function,
    parse_offset,
    refused,
)
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelFunction, KernelView
from seismo.probes.wildcard import has_wildcard
from seismo.spec.types import (
    KprobeAttach,
    KprobeMultiAttach,
    ProgramTarget,
    TracingAttach,
)

__all__ = ("KPROBE", "KRETPROBE")

_FORM = "kprobe:[module:]function[+offset]"
_RETURN_FORM = "kretprobe:[module:]function"

# What needs the registers of a kprobe, or would tell of the trampoline in their stead.
_REGISTER_NAMES = frozenset(
    ("reg", "ctx", "usermode", "kstack", "override", *(f"sarg{n}" for n in range(12)))
)
_FEW = 16
"""So many functions are looked up one by one; for more, the list of all is taken apart."""


def _parse(text: str) -> Target:
    """An address comes back as `0x…`, an offset in decimal, as bpftrace prints it."""
    try:
        return (f"{parse_integer(text).value:#x}",)
    except NumberError:
        module, colon, last = text.rpartition(":")
    name, offset = parse_offset(last)
    target = parse_function(module + colon + name, _FORM)
    return (*target[:-1], f"{name}+{offset}" if offset else name)


def _parse_return(text: str) -> Target:
    target = _parse(text)
    if "+" in target[-1]:
        raise TargetError(
            "a kretprobe is where a function returns, and takes no offset", f"write {_RETURN_FORM}"
        )
    return target


def _expand(target: Target, view: KernelView, *, kind: str) -> tuple[Target, ...]:
    if is_address(target):
        return (target,)
    module, name, _ = _taken_apart(target)
    if has_wildcard(module) or has_wildcard(name):
        return match_functions(module, name, kind, view)
    find_function(module, name, kind, view)
    if name in view.blacklist():
        hint = f"probe a function that calls {name}, or one that it calls"
        raise TargetError(f"the kernel lets nobody probe '{name}'", hint)
    return (target,)


def _taken_apart(target: Target) -> tuple[str, str, int]:
    """(module or '', function, offset)."""
    name, offset = parse_offset(target[-1])
    return (target[0] if len(target) > 1 else ""), name, offset


def _choose(
    points: tuple[AttachPoint, ...], use: Use, view: KernelView, *, is_return: bool
) -> Backend:
    first = points[0]
    if is_address(first.target) and not use.is_unsafe:
        message = f"{first} may be in the middle of an instruction"
        raise TargetError(message, "allow it with --unsafe, or name a function")
    reason = ""
    if len(points) == 1 and not use.is_wild:
        reason = _against_fentry(first, use, view, is_return=is_return)
        if not reason:
            return _by_fentry(first, view, is_return=is_return)
    elif (
        not (is_return and use.max_active)
        and view.has("kprobe_multi")
        and _are_hooked(points, view)
    ):
        return _by_one_link(points, use, is_return=is_return)
    if view.has("kprobe"):
        return _one_by_one(points, use, view, reason, is_return=is_return)
    if view.has("kprobe_multi") and _are_hooked(points, view):
        return _by_one_link(points, use, is_return=is_return)
    _, name, _ = _taken_apart(first.target)
    raise refused("kprobe", first, name, view)


def _against_fentry(point: AttachPoint, use: Use, view: KernelView, *, is_return: bool) -> str:
    """Why fentry or fexit would not do; '' if it does."""
    module, name, offset = _taken_apart(point.target)
    if is_address(point.target) or offset:
        return "fentry is at the beginning of functions alone"
    if registers := sorted(_REGISTER_NAMES & use.names):
        return f"the script uses {registers[0]}, which fentry has not"
    if use.is_shared and not is_return and view.has("kprobe"):
        return f"another probe is at {name}, and fentry would run after its kprobe"
    if not view.has("fentry"):
        return f"no fentry: {view.refusal('fentry')[0]}"
    function = find_function(module, name, point.kind, view)
    if not function.is_traceable:
        return f"ftrace does not hook {name}"
    try:
        types = types_of(function.module, view)
    except NotSupported as error:
        return f"no fentry: {error.why}"
    if why := types.obstacle(name, view, is_return=is_return):
        return f"{name} {why}"
    told = types.arguments(name)
    if "retval" in use.names and not told.returns:
        return f"{name} returns nothing, but the script asks what"
    beyond = [f"arg{number}" for number in range(len(told.params), 12)]
    if missing := [one for one in beyond if one in use.names]:
        return f"{name} has no {missing[0]}"
    return ""


def _by_fentry(point: AttachPoint, view: KernelView, *, is_return: bool) -> Backend:
    module, name, _ = _taken_apart(point.target)
    function = find_function(module, name, point.kind, view)
    return Backend(
        prog_type=ProgType.TRACING,
        context=Context.TRAMPOLINE,
        attach=(TracingAttach(),),
        attach_type=AttachType.TRACE_FEXIT if is_return else AttachType.TRACE_FENTRY,
        target=ProgramTarget(name, function.module),
        why=(
            "fexit: faster than a kretprobe, and misses no return"
            if is_return
            else "fentry: faster than a kprobe"
        ),
    )


def _are_hooked(points: tuple[AttachPoint, ...], view: KernelView) -> bool:
    """Whether one link can take them: it finds functions by name, among those that ftrace hooks."""
    targets = [_taken_apart(one.target) for one in points]
    names = {name for _, name, _ in targets}
    if len(names) < len(points) or any(offset for _, _, offset in targets):
        return False
    if len(names) > _FEW:
        found = [one for one in view.functions() if one.name in names]
    else:
        found = [one for name in names for one in view.function(name)]
    return len(found) == len(names) and all(one.is_traceable for one in found)


def _by_one_link(points: tuple[AttachPoint, ...], use: Use, *, is_return: bool) -> Backend:
    has_cookies = len(points) > 1 and "probe" in use.names
    names = tuple([_taken_apart(one.target)[1] for one in points])
    cookies = tuple(range(1, len(points) + 1)) if has_cookies else ()
    return Backend(
        prog_type=ProgType.KPROBE,
        context=Context.REGISTERS,
        attach=(KprobeMultiAttach(names, cookies, is_return=is_return),),
        attach_type=AttachType.TRACE_KPROBE_MULTI,
        has_cookies=has_cookies,
        why=f"kprobe_multi: {len(points)} functions by one link",
    )


def _one_by_one(
    points: tuple[AttachPoint, ...], use: Use, view: KernelView, reason: str, *, is_return: bool
) -> Backend:
    has_cookies = len(points) > 1 and "probe" in use.names and view.has("cookie")
    why = reason or f"{len(points)} functions one by one"
    return Backend(
        prog_type=ProgType.KPROBE,
        context=Context.REGISTERS,
        attach=tuple(
            [
                replace(
                    _attach(point, number if has_cookies else 0, is_return=is_return),
                    max_active=use.max_active if is_return else 0,
                )
                for number, point in enumerate(points, 1)
            ]
        ),
        has_cookies=has_cookies,
        why=f"{'kretprobe' if is_return else 'kprobe'}: {why}",
    )


def _attach(point: AttachPoint, cookie: int, *, is_return: bool) -> KprobeAttach:
    if is_address(point.target):
        address = int(point.target[0], 16)
        return KprobeAttach("", address=address, is_return=is_return, cookie=cookie)
    module, name, offset = _taken_apart(point.target)
    module = "" if module == KERNEL else module
    return KprobeAttach(name, offset, module, is_return=is_return, cookie=cookie)


def _targets(pattern: str, view: KernelView) -> Iterable[str]:
    """With modules only where the pattern has one, as attach points are."""
    module, colon, name = pattern.rpartition(":")
    found: Iterable[KernelFunction] = view.functions()
    if name:
        found = matching(module, name, view)
    return [f"{one.module or KERNEL}:{one.name}" if colon else one.name for one in found]


KPROBE = ProbeKind(
    name="kprobe",
    aliases=("k",),
    form=_FORM,
    parse=_parse,
    expand=partial(_expand, kind="kprobe"),
    choose=partial(_choose, is_return=False),
    targets=_targets,
    is_task=True,
    doc="A function of the kernel, where it begins or some bytes into it. Since Linux 4.1.",
)
KRETPROBE = ProbeKind(
    name="kretprobe",
    aliases=("kr",),
    form=_RETURN_FORM,
    parse=_parse_return,
    expand=partial(_expand, kind="kretprobe"),
    choose=partial(_choose, is_return=True),
    targets=_targets,
    is_task=True,
    is_return=True,
    doc="Where a function of the kernel returns. Since Linux 4.1.",
)
