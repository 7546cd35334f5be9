"""`usdt`: static probes that a program's authors put into it, told by notes of the file.

    usdt:/usr/bin/python3:function__entry   usdt:./server:http:request   usdt:*:loop   usdt:./x:*

A probe may be at several sites of the file, which may keep its arguments in different places: then
each site has a cookie that says which one it is. Semaphores are raised by the kernel (Linux 4.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.elf.errors import ElfError, SymbolMissing
from seismo.elf.registers import instruction_pointer
from seismo.elf.usdt_arguments import AtSymbol, InMemory, Unreadable, UsdtArgument
from seismo.probes.backend import Backend, Use
from seismo.probes.kind import ProbeKind, Target, TargetError, in_user
from seismo.probes.spec import AttachPoint
from seismo.probes.user_attach import Site, user_backend
from seismo.probes.user_file import binaries, one_binary, quoted, split_parts
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard

if TYPE_CHECKING:
    from seismo.elf.binary import Binary
    from seismo.elf.usdt import UsdtProbe

__all__ = ("USDT",)

_FORM = "usdt:file:[provider:]name"
_MOST_NAMES = 8

Arguments = tuple[UsdtArgument, ...]


def _parse(text: str) -> Target:
    """(file, provider, name); what is left out is '*' for the file, '' for the provider."""
    parts = split_parts(text)
    # What has a slash is a file: no name has one.
    if len(parts) > 3 or not parts[-1] or "/" in parts[-1]:
        raise TargetError("a static probe has a file and a name", f"write {_FORM}")
    file, *provider, name = parts if len(parts) > 1 else ("", parts[0])
    return (file or "*", *(provider or [""]), name)


def _expand(target: Target, view: KernelView) -> tuple[Target, ...]:
    file, provider, name = target
    known: list[str] = []
    found: dict[Target, None] = {}
    for path, binary in binaries(file, view):
        probes = _probes(binary)
        known += [f"{one.provider}:{one.name}" for one in probes]
        for one in _matching(probes, provider, name):
            found[(path, one.provider, one.name)] = None
    if not found:
        raise _missing(target, known)
    providers = sorted({one[1] for one in found})
    if len(providers) > 1 and not provider and not has_wildcard(name):
        hint = f"write one of {', '.join(f'{one}:{name}' for one in providers)}, or *:{name}"
        raise TargetError(f"several providers have a static probe '{name}'", hint)
    return tuple(found)


def _probes(binary: Binary) -> tuple[UsdtProbe, ...]:
    try:
        return binary.usdt
    except ElfError as error:
        raise TargetError(
            f"the static probes of {binary.path} cannot be read", error.what
        ) from None


def _matching(probes: Sequence[UsdtProbe], provider: str, name: str) -> list[UsdtProbe]:
    providers, names = wildcard(provider or "*"), wildcard(name)
    return [
        one for one in probes if names.fullmatch(one.name) and providers.fullmatch(one.provider)
    ]


def _missing(target: Target, known: Sequence[str]) -> TargetError:
    file, provider, name = target
    wanted = f"{provider}:{name}" if provider else name
    where = "any file that is running" if file == "*" else file
    if not known:
        hint = "programs have them where they are built with sys/sdt.h: see readelf -n"
        return TargetError(f"there are no static probes in {where}", hint)
    names = sorted(set(known))
    near = did_you_mean(wanted, names if provider else [one.partition(":")[2] for one in names])
    more = ", …" if len(names) > _MOST_NAMES else ""
    listed = f"there are: {', '.join(names[:_MOST_NAMES])}{more}"
    return TargetError(f"no static probe '{wanted}' in {where}", f"{near} {listed}".lstrip())


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    sites = [
        (number, one, arguments)
        for number, point in enumerate(points, 1)
        for one, arguments in _sites(point, view)
    ]
    forms = list(dict.fromkeys([arguments for _, _, arguments in sites]))
    by_point = list(dict.fromkeys([(number, arguments) for number, _, arguments in sites]))
    tells_forms = len(forms) > 1 and _uses_arguments(use)
    tells_points = len(points) > 1 and "probe" in use.names and view.has("cookie")
    # A cookie says one thing: which point it is says its arguments, too, if all of its sites agree.
    tells_points = tells_points and (not tells_forms or len(by_point) == len(points))
    if tells_forms and not view.has("cookie"):
        hint = "it takes Linux 5.15 to tell them apart; leave the arguments out"
        raise TargetError("the sites of this probe keep their arguments in different places", hint)
    if tells_points:
        forms = [arguments for _, arguments in by_point] if tells_forms else forms[:1]
    elif not tells_forms:
        forms = forms[:1]
    return user_backend(
        [
            replace(
                site,
                cookie=number if tells_points else forms.index(arguments) + 1 if tells_forms else 0,
            )
            for number, site, arguments in sites
        ],
        use,
        view,
        has_cookies=tells_points,
        usdt=tuple(forms),
    )


def _uses_arguments(use: Use) -> bool:
    return any(name.startswith("arg") and name[3:].isdecimal() for name in use.names)


def _sites(point: AttachPoint, view: KernelView) -> Iterator[tuple[Site, Arguments]]:
    """The sites of a probe and their arguments."""
    path, provider, name = point.target
    binary = one_binary(path, view)
    for one in _probes(binary):
        if (one.provider, one.name) == (provider, name):
            arguments = tuple(
                [_reachable(argument, one, binary, view) for argument in one.arguments]
            )
            yield Site(binary.path, one.offset, semaphore=one.semaphore_offset), arguments


def _reachable(
    argument: UsdtArgument, probe: UsdtProbe, binary: Binary, view: KernelView
) -> UsdtArgument:
    """A variable's place, from where the instruction pointer is at this site."""
    form = argument.form
    if not isinstance(form, AtSymbol):
        return argument
    try:
        address = binary.symbols.find(form.symbol).address
    except SymbolMissing:
        why = f"it is in the variable '{form.symbol}', which {binary.path} has no symbol of"
        return replace(argument, form=Unreadable(why))
    distance = address + form.offset - probe.address
    return replace(argument, form=InMemory(instruction_pointer(view.machine()), distance))


def _targets(pattern: str, view: KernelView) -> Iterator[str]:
    """The static probes of the files that a pattern names; of all that runs where it is `*`."""
    file, *provider, name = split_parts(pattern) if ":" in pattern else (pattern, "*")
    if not file:
        return
    for path, binary in binaries(file, view):
        wanted = _matching(_probes(binary), "".join(provider), name or "*")
        for one in dict.fromkeys([(one.provider, one.name) for one in wanted]):
            yield ":".join([quoted(part) for part in (path, *one)])


USDT = ProbeKind(
    name="usdt",
    aliases=("U",),
    form=_FORM,
    parse=_parse,
    expand=_expand,
    choose=_choose,
    targets=_targets,
    space=in_user,
    is_task=True,
    is_user=True,
    doc="A static probe of a program or library (SystemTap's sys/sdt.h). Since Linux 4.17; with a "
    "semaphore 4.20.",
)
