"""`uprobe`, `uretprobe`: where functions of programs and libraries begin, and where they return.

    uprobe:/bin/bash:readline   uprobe:libc:malloc   uprobe:./a:main+0x1c   uprobe:./a:0x1139
    uprobe:./a@main.c:12        uprobe:./a:cpp:"ns::f(int)"                 uprobe:./a:read_*

A breakpoint in the file's code, wherever that is executed. `user_file` finds the file, `user_place`
the place in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seismo.base.errors import NotSupported
from seismo.elf.demangle import demangle
from seismo.elf.dwarf_errors import DebugInfoMissing
from seismo.probes.arguments import DwarfArguments
from seismo.probes.backend import Backend, Use
from seismo.probes.kind import ProbeKind, Target, TargetError, in_user
from seismo.probes.spec import AttachPoint
from seismo.probes.user_attach import Site, user_backend
from seismo.probes.user_file import binaries, one_binary, quoted, split_parts
from seismo.probes.user_place import (
    check_entry,
    function_names,
    line_offsets,
    place_offset,
    split_offset,
    without_aliases,
)
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard

if TYPE_CHECKING:
    from seismo.elf.binary import Binary

__all__ = ("UPROBE", "URETPROBE")

_SOURCE = "cpp"


def _parse(text: str) -> Target:
    """(file, place), (file, "cpp", function) or (file@source, line[, column]).

    A file that is left out is the program of -p, or '' between two colons all that it has mapped.
    """
    parts = split_parts(text)
    if not parts[-1]:
        raise TargetError("a probe of a program has a file and a function", f"write {_FORM}")
    if len(parts) == 1 or (len(parts) == 2 and parts[0] == _SOURCE):
        return ("", *parts)
    file, *place = (parts[0] or "*", *parts[1:])
    if _is_line((file, *place)):
        return (file, *place)
    # C++ names have colons of their own, which need no quotes.
    if place[0] == _SOURCE and len(place) > 1:
        return (file, _SOURCE, ":".join(place[1:]))
    name = ":".join(place)
    return (file, _SOURCE, name) if "::" in name or "(" in name else (file, name)


def _parse_return(text: str) -> Target:
    target = _parse(text)
    if _is_line(target) or split_offset(target[-1])[1]:
        hint = "leave the offset out, or use a uprobe, which stops at any instruction"
        raise TargetError("a uretprobe is where a whole function returns", hint)
    return target


def _is_line(target: Target) -> bool:
    """Whether it is `file@source:line`; one number may be an address of a file with an @."""
    file, *place = target
    return "@" in file and len(place) <= 2 and all(one.isdecimal() for one in place)


def _expand(target: Target, view: KernelView) -> tuple[Target, ...]:
    """What there is in each of the files; TargetError, the first, where there is nothing."""
    file, _, source = target[0].rpartition("@") if _is_line(target) else (target[0], "", "")
    found: list[Target] = []
    failed: list[TargetError] = []
    for path, binary in binaries(file, view):
        try:
            if source:
                found.append(_line(path, source, target[1:], binary, view))
            else:
                found += [(path, one) for one in _places(binary, target)]
        except TargetError as error:
            failed.append(error)
    if not found:
        raise failed[0]
    return tuple(found)


def _line(path: str, source: str, place: Target, binary: Binary, view: KernelView) -> Target:
    target = (f"{path}@{source}", *place)
    _line_offsets(binary, target, view)
    return target


def _line_offsets(binary: Binary, target: Target, view: KernelView) -> tuple[int, ...]:
    source = target[0].rpartition("@")[2]
    line, column = [int(one) for one in (*target[1:], "0")[:2]]
    return line_offsets(binary, source, line, column, view)


def _places(binary: Binary, target: Target) -> list[str]:
    """The symbols that a function's name means, or the place that is written; TargetError."""
    name, in_source = target[-1], len(target) == 3
    if not in_source and not has_wildcard(name):
        place_offset(binary, name)
        return [name]
    found = function_names(binary, name, in_source=in_source)
    if not found:
        hint = f"seismo -l 'uprobe:{binary.path}:{'cpp:' if in_source else ''}*' lists what it has"
        raise TargetError(f"no function of {binary.path} matches '{name}'", hint)
    return without_aliases(binary, found)


def _offsets(target: Target, view: KernelView) -> tuple[str, tuple[int, ...]]:
    """The file of an expanded target, and the places in it: of a line there may be several."""
    if _is_line(target):
        binary = one_binary(target[0].rpartition("@")[0], view)
        return binary.path, _line_offsets(binary, target, view)
    binary = one_binary(target[0], view)
    return binary.path, (place_offset(binary, target[1]),)


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    return _backend(points, use, view, is_return=False)


def _choose_return(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    if "func" in use.names and not view.has("uprobe_func_ip"):
        hint = "it takes Linux 6.6; probe tells it, too, and func in a uprobe: keep it in a map"
        raise TargetError("this kernel does not tell a uretprobe its function", hint)
    for point in points:
        check_entry(one_binary(point.target[0], view), point.target[1])
    return _backend(points, use, view, is_return=True)


def _backend(
    points: tuple[AttachPoint, ...], use: Use, view: KernelView, *, is_return: bool
) -> Backend:
    has_cookies = len(points) > 1 and "probe" in use.names and view.has("cookie")
    sites: list[Site] = []
    for number, point in enumerate(points, 1):
        path, offsets = _offsets(point.target, view)
        sites += [Site(path, one, cookie=number if has_cookies else 0) for one in offsets]
    return user_backend(sites, use, view, is_return=is_return, has_cookies=has_cookies)


def _arguments(point: AttachPoint, view: KernelView) -> DwarfArguments:
    if _is_line(point.target) or split_offset(point.target[1])[1]:
        hint = "probe the function itself, or use reg()"
        raise TargetError("args are only known where a function begins", hint)
    binary = one_binary(point.target[0], view)
    try:
        info = view.debug_info(binary)
        function = info.function(point.target[1])
    except DebugInfoMissing as error:
        hint = error.hint or "arg0, arg1, … are there without debug information"
        raise TargetError(f"{error.what}: {error.why}", hint) from None
    except NotSupported as error:
        raise TargetError(f"{error.feature}: {error.why}", error.hint) from None
    return DwarfArguments(function, view.machine(), info)


def _targets(pattern: str, view: KernelView) -> Iterator[str]:
    """The functions of the files that a pattern names; of no file where it names none."""
    file, *place = split_parts(pattern)
    if not place:
        return
    in_source = place[0] == _SOURCE and len(place) > 1
    name = ":".join(place[1:] if in_source else place)
    for path, binary in binaries(file, view):
        for symbol in sorted(function_names(binary, name or "*", in_source=in_source)):
            shown = f'{_SOURCE}:"{demangle(symbol)}"' if in_source else symbol
            yield f"{quoted(path)}:{shown}"


_FORM = "uprobe:file:function[+offset]"

UPROBE = ProbeKind(
    name="uprobe",
    aliases=("u",),
    form=_FORM,
    parse=_parse,
    expand=_expand,
    choose=_choose,
    arguments=_arguments,
    targets=_targets,
    space=in_user,
    is_task=True,
    is_user=True,
    doc="An instruction of a program or library, mostly the beginning of a function; with debug "
    "information, args are its parameters. Since Linux 4.17.",
)
URETPROBE = ProbeKind(
    name="uretprobe",
    aliases=("ur",),
    form="uretprobe:file:function",
    parse=_parse_return,
    expand=_expand,
    choose=_choose_return,
    targets=_targets,
    space=in_user,
    is_task=True,
    is_user=True,
    is_return=True,
    doc="The return of a function of a program or library. Since Linux 4.17.",
)
