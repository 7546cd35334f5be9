"""What works instead of a probe that does not: another function, a tracepoint, a name like it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported
from seismo.probes.renamed import ROWS, counterpart
from seismo.probes.view import KernelView
from seismo.probes.wildcard import wildcard

__all__ = ("advice", "near_name", "nearest_to_any", "nearest_tracepoint")

# Words of function names that say nothing of what the function is about.
_EMPTY_WORDS = frozenset(
    (
        *("alloc", "close", "common", "data", "do", "end", "enter", "exit", "file", "free", "from"),
        *("get", "init", "inode", "kernel", "ksys", "list", "new", "node", "open", "page", "path"),
        *("put", "read", "set", "start", "sys", "sysfs", "task", "vfs", "with", "write", "x64"),
    )
)
_TELLING_LETTERS = 4
_CALLS = "syscalls:sys_enter_"
_LENGTH_DIFFERENCE = 3


def advice(
    name: str, variants: Sequence[str], kind: str, view: KernelView, *, is_return: bool = False
) -> str:
    """What there is instead of a function that is not there, and why: '' when nothing comes near.

    `variants` are what the compiler has made of it (.isra, .constprop, .part). `kind` is that of
    the probe, '' where no function can be probed.
    """
    other = counterpart(name, view.machine())
    today = next((one for one in (*variants, *other.functions) if view.function(one)), "")
    near = _counterpart_of(name, view, is_return=is_return)
    if not today and not near:
        return ""
    why = f"the compiler has made {' and '.join(variants)} of it" if variants else other.why
    if today and kind:
        why += f": write {kind}:{today}"
    elif today and not variants:
        why += f": today's is {today}"
    parts = [why, f"the nearest tracepoint is {near}" if near else ""]
    return "; ".join([one for one in parts if one])


def nearest_tracepoint(name: str, view: KernelView, *, is_return: bool = False) -> str:
    """The tracepoint that tells most of what a function does, '' for none; of a system call its
    end where `is_return`."""
    return _counterpart_of(name, view, is_return=is_return) or _known(
        [_by_words(name, _tracepoints(view))], view, is_return=is_return
    )


def nearest_to_any(pattern: str, view: KernelView, *, is_return: bool = False) -> str:
    """The tracepoint that stands in for the best known of the functions that a wildcard means; for
    system calls a wildcard, too; '' for none."""
    matches = wildcard(pattern).fullmatch
    for one in counterpart(pattern, view.machine()).tracepoints:
        calls = one.replace(":sys_enter_", ":sys_exit_") if is_return else one
        if any(map(wildcard(calls).fullmatch, _tracepoints(view))):
            return f"tracepoint:{calls}"
    wanted = [one for name, _, events, _ in ROWS if matches(name) for one in events.split()]
    return _known(wanted, view, is_return=is_return)


def _counterpart_of(name: str, view: KernelView, *, is_return: bool) -> str:
    """The tracepoint that is known to stand in for the function, or is called as it is."""
    same_name = [one for one in _tracepoints(view) if one.endswith(f":{name}")]
    wanted = [*counterpart(name, view.machine()).tracepoints, *same_name]
    return _known(wanted, view, is_return=is_return)


def _known(wanted: Iterable[str], view: KernelView, *, is_return: bool) -> str:
    known = frozenset(_tracepoints(view))
    if is_return:
        wanted = [one.replace(":sys_enter_", ":sys_exit_") for one in wanted]
    return next((f"tracepoint:{one}" for one in wanted if one in known), "")


def _tracepoints(view: KernelView) -> Sequence[str]:
    try:
        return view.tracepoints()
    except NotSupported:
        return ()


def _by_words(name: str, known: Iterable[str]) -> str:
    """The tracepoint that has most letters of the function's telling words, and half of them."""
    words = _telling(name)
    least = max(_TELLING_LETTERS, sum(map(len, words)) // 2)
    scores = [
        (sum(map(len, words & _telling(one.partition(":")[2]))), one.startswith(_CALLS), one)
        for one in known
    ]
    letters, _, best = max(scores, default=(0, False, ""))
    return best if letters >= least else ""


def _telling(name: str) -> frozenset[str]:
    return frozenset(name.split("_")) - _EMPTY_WORDS


def near_name(name: str, known: Iterable[str]) -> str:
    """A hint that names a function spelt like `name`: tens of thousands are too many to compare."""
    alike = {
        one
        for one in known
        if one[:1] == name[:1] and abs(len(one) - len(name)) <= _LENGTH_DIFFERENCE
    }
    return did_you_mean(name, alike)
