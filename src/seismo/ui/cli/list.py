"""`seismo -l`: attach points and types that match a pattern, or a script's attach points.

tracepoint:sched:*    t:*open*,begin    openat    struct sock*    uprobe:/bin/bash:*    script.bt
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from seismo.base.errors import NotSupported
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.kind import ProbeKind, TargetError, nowhere
from seismo.probes.table import KINDS, find_kind
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard
from seismo.ui.cli.errors import ListError
from seismo.ui.cli.machine import live_view
from seismo.ui.cli.options import TraceOptions

__all__ = ("run_list",)

_TYPE_WORDS = ("struct", "union", "enum")
_EVERYTHING = "*"
_ELF_MAGIC = b"\x7fELF"


def run_list(options: TraceOptions) -> int:
    """Print what matches, one a line; with -v what it is made of, too. The exit status."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = live_view(kernel, tracefs, options.machine, options.tasks.pid)
        for lines in _found(options, view):
            # One write: on a terminal each would be a system call.
            sys.stdout.write("".join([f"{line}\n" for line in lines]))
    return 0


def _found(options: TraceOptions, view: KernelView) -> Iterator[list[str]]:
    """The lines of each pattern; ListError when one finds nothing."""
    pattern = options.pattern
    if options.program is not None or (os.path.isfile(pattern) and not _is_elf(pattern)):
        from seismo.ui.cli.list_script import (  # noqa: PLC0415 (lazy: docs/architecture.md)
            script_points,
        )

        points = script_points(options, view)
        yield list(_described([str(point) for point in points], options, view))
        return
    for one in _patterns(pattern):
        word, _, name = one.partition(" ")
        try:
            lines = (
                _types(word, name, options, view)
                if name and word in _TYPE_WORDS
                else list(_described(_probes(one, view), options, view))
            )
        except TargetError as error:
            raise _refused(one, error) from error
        if not lines:
            raise _nothing(one)
        yield lines


def _patterns(text: str) -> Iterator[str]:
    """What stands between the commas, blanks alike, but for those in quotes."""
    parts, quotes = [""], 0
    for char in text or _EVERYTHING:
        quotes += char == '"'
        if char == "," and quotes % 2 == 0:
            parts.append("")
        else:
            parts[-1] += char
    return (" ".join(one.split()) for one in parts)


def _is_elf(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(_ELF_MAGIC)) == _ELF_MAGIC
    except OSError:
        return False


def _types(word: str, name: str, options: TraceOptions, view: KernelView) -> list[str]:
    from seismo.ui.cli.list_types import type_lines  # noqa: PLC0415 (lazy: docs/architecture.md)

    return list(type_lines(word, name, view, is_verbose=options.is_verbose))


def _probes(pattern: str, view: KernelView) -> list[str]:
    """`t:sched:*`, `/bin/bash`; a bare word is looked for anywhere in a name."""
    word, colon, rest = pattern.partition(":")
    if not colon and os.path.isfile(pattern):
        return _of_file(f"{pattern}:*", view)
    if not colon and not has_wildcard(pattern):
        return list(_of_kinds(f"*{pattern}*", view))
    if not colon or has_wildcard(word):
        return list(_of_kinds(pattern, view))
    kind = find_kind(word)
    if kind.is_user and ":" not in rest:
        rest = f"{rest}:*"
    return _of_kind(kind, rest, view)


def _of_kind(kind: ProbeKind, pattern: str, view: KernelView) -> list[str]:
    """What matches, or what the pattern is an attach point of: `software:faults` is none of a list.

    Raises TargetError, which knows why, or something near, where it is neither.
    """
    found = list(_names(kind, pattern, view))
    if not kind.is_user:
        # Kinds about files have looked for what the pattern means: `libc` has a longer name.
        found = list(filter(wildcard(f"{kind.name}:{pattern}").fullmatch, found))
    if found:
        return found
    targets = kind.expand(kind.parse(pattern), view)
    return [":".join((kind.name, *target)) for target in targets]


def _of_kinds(pattern: str, view: KernelView) -> Iterator[str]:
    """What matches of all kinds. Of kinds about files, and of returns, which are where functions
    are, only how they are written."""
    matches = wildcard(pattern).fullmatch
    for kind in KINDS:
        try:
            names = [kind.form] if kind.is_user or kind.is_return else _names(kind, "", view)
            yield from filter(matches, names)
        except (NotSupported, TargetError):
            yield from filter(matches, [kind.form])


def _of_file(pattern: str, view: KernelView) -> list[str]:
    """What may be attached to in a file."""
    kinds = [kind for kind in KINDS if kind.is_user and not kind.is_return]
    return [name for kind in kinds for name in _names(kind, pattern, view)]


def _names(kind: ProbeKind, pattern: str, view: KernelView) -> Iterator[str]:
    """The attach points of a kind; one without a list of targets shows how it is written."""
    if kind.targets is nowhere:
        yield kind.form
        return
    for target in kind.targets(pattern, view):
        yield f"{kind.name}:{target}"


def _described(names: Iterable[str], options: TraceOptions, view: KernelView) -> Iterable[str]:
    """With -v each is followed by its arguments."""
    return _with_arguments(names, view) if options.is_verbose else names


def _with_arguments(names: Iterable[str], view: KernelView) -> Iterator[str]:
    from seismo.ui.cli.list_arguments import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        argument_lines,
    )

    for name in names:
        yield name
        word, _, rest = name.partition(":")
        kind = find_kind(word)
        if name != kind.form and (kind.arguments is not None or kind.is_user):
            yield from (f"    {one}" for one in argument_lines(kind, kind.parse(rest), view))


def _nothing(pattern: str) -> ListError:
    word, _, name = pattern.partition(" ")
    if name and word in _TYPE_WORDS:
        message, hint = f"no type matches '{pattern}'", f"`seismo -l '{word} *'` lists all"
    else:
        message, hint = f"no probe matches '{pattern}'", "`seismo -l` lists all of them"
        if "/" in pattern or ("." in pattern and not {":", "*"} & set(pattern)):
            hint = f"there is no file '{pattern}', either"
    return ListError(f"{message}\nhint: {hint}")


def _refused(pattern: str, error: TargetError) -> ListError:
    """What is wrong with the pattern; where to look if that does not tell."""
    word, colon, _ = pattern.partition(":")
    hint = error.hint or (f"`seismo -l '{word}:*'` lists all of them" if colon else "")
    return ListError(error.message + (f"\nhint: {hint}" if hint else ""))
