"""Kernel functions as attach points name them: `vfs_read`, `netfs:netfs_*`, `vmlinux:vfs_read`.

What is not there, or not to be probed, is told with what would do instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seismo.base.number import NumberError, parse_integer
from seismo.probes.kind import Target, TargetError
from seismo.probes.nearest import advice, near_name, nearest_to_any, nearest_tracepoint
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelFunction, KernelView
from seismo.probes.wildcard import has_wildcard, wildcard

__all__ = (
    "KERNEL",
    "RETURNS",
    "find_function",
    "is_address",
    "match_functions",
    "matching",
    "no_match",
    "parse_function",
    "parse_offset",
    "refused",
)

KERNEL = "vmlinux"
"""What attach points call the kernel proper where a module's name may stand."""

RETURNS = ("kretprobe", "fexit")
_BY_KPROBE = {"fentry": "kprobe", "fexit": "kretprobe"}
_OTHER_LETTERS = "_.$*[]!^-"
"""Those of names and wildcards beside letters and digits."""


def parse_function(text: str, form: str) -> Target:
    """`[module:]function` with or without wildcards; TargetError."""
    parts = tuple(text.split(":"))
    if "/" in text:
        hint = "a predicate needs a blank before its first '/'"
        raise TargetError(f"'{text}' is no kernel function", hint)
    if len(parts) > 2 or not all(map(_is_name, parts)):
        raise TargetError(f"'{text}' is no kernel function", f"write {form}")
    return parts


def _is_name(text: str) -> bool:
    return bool(text) and all(
        char.isascii() and (char.isalnum() or char in _OTHER_LETTERS) for char in text
    )


def is_address(target: Target) -> bool:
    """Whether the target is a number, and so no name of a function."""
    return len(target) == 1 and target[0][:1].isdigit()


def parse_offset(text: str) -> tuple[str, int]:
    """`vfs_read+0x8` as a name and a number of bytes; TargetError."""
    name, plus, offset = text.partition("+")
    if not plus:
        return name, 0
    try:
        number = parse_integer(offset).value
    except NumberError:
        raise TargetError(f"'{offset}' is no offset", "write function+8 or function+0x8") from None
    if has_wildcard(name):
        raise TargetError(f"'{text}' means many functions, but one offset", "name one function")
    return name, number


def find_function(module: str, name: str, kind: str, view: KernelView) -> KernelFunction:
    """The one function of that name, in `module` unless that is ''; TargetError."""
    everywhere = view.function(name)
    found = [one for one in everywhere if module in ("", one.module or KERNEL)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _absent(module, name, kind, view, everywhere)
    modules = sorted({one.module or KERNEL for one in found})
    if len(modules) > 1:
        hint = " or ".join([f"{kind}:{one}:{name}" for one in modules])
        raise TargetError(f"several functions are called '{name}'", f"write {hint}")
    hint = f"/proc/kallsyms has their addresses: write {kind}:0x… with --unsafe"
    raise TargetError(f"{len(found)} functions are called '{name}', so that it means none", hint)


def _absent(
    module: str, name: str, kind: str, view: KernelView, elsewhere: Sequence[KernelFunction]
) -> TargetError:
    if module and elsewhere:
        there = [one.module or KERNEL for one in elsewhere]
        hint = f"it is in {' and '.join(there)}: write {kind}:{there[0]}:{name}"
        return TargetError(f"there is no function '{name}' in {module}", hint)
    message = f"there is no function '{name}' in {module or 'this kernel'}"
    if view.has("kprobe") or view.has("fentry"):
        writing = kind
    else:
        message += f", and none can be probed: {view.refusal('kprobe')[0]}"
        writing = ""
    names = [one.name for one in view.functions()]
    variants = [one for one in names if one.startswith(f"{name}.")]
    hint = (
        _loaded(module, view)
        or advice(name, variants, writing, view, is_return=kind in RETURNS)
        or near_name(name, names)
        or "the compiler may have inlined it: probe a function that calls it"
    )
    return TargetError(message, hint)


def match_functions(module: str, name: str, kind: str, view: KernelView) -> tuple[Target, ...]:
    """The targets that a wildcard means, without those that nobody may probe; TargetError for none.

    A target has a module if the wildcard has one. Without, a name that is in several modules means
    none of them.
    """
    blacklist = view.blacklist()
    functions = [one for one in matching(module, name, view) if one.name not in blacklist]
    counts = Counter([one.name for one in functions])
    found = [
        (one.module or KERNEL, one.name) if module else (one.name,)
        for one in functions
        if module or counts[one.name] == 1
    ]
    if not found:
        raise no_match(module, name, view)
    return tuple(found)


def matching(module: str, name: str, view: KernelView) -> list[KernelFunction]:
    """The functions whose name matches one wildcard, and their module the other ('': any)."""
    names, modules = wildcard(name).fullmatch, wildcard(module or "*").fullmatch
    return [one for one in view.functions() if names(one.name) and modules(one.module or KERNEL)]


def no_match(module: str, name: str, view: KernelView) -> TargetError:
    """The error for a wildcard that means nothing."""
    text = f"{module}:{name}" if module else name
    hint = _loaded(module, view) or view.absence()
    return TargetError(f"no kernel function matches '{text}'", hint)


def _loaded(module: str, view: KernelView) -> str:
    if not module or has_wildcard(module):
        return ""
    known = sorted({one.module for one in view.functions() if one.module})
    if module in (KERNEL, *known):
        return ""
    others = f"these are: {' '.join(known)}" if known else "and no other that can be traced"
    return f"module {module} is not loaded; {others}"


def refused(feature: str, point: AttachPoint, name: str, view: KernelView) -> TargetError:
    """The error for a kernel without `feature`: why, and the nearest thing that works there."""
    why, hint = view.refusal(feature)
    is_return = point.kind in RETURNS
    if point.is_wild:
        written = point.span.text
        name = written.rpartition(":")[2].strip('"')
        near = nearest_to_any(name, view, is_return=is_return)
    else:
        written, near = str(point), nearest_tracepoint(name, view, is_return=is_return)
    if point.kind in _BY_KPROBE and view.has("kprobe"):
        hint = f"write {_BY_KPROBE[point.kind]}:{name}"
    elif near:
        hint = "; ".join([*([hint] if hint else []), f"the nearest that works here is {near}"])
    return TargetError(f"{written} cannot be attached: {why}", hint)
