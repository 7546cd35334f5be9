"""`user_backend`: by which links a program gets to places in files: one for each, or one a file."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.dataclass import dataclass
from seismo.elf.usdt_arguments import UsdtArgument
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import TargetError
from seismo.probes.view import KernelView
from seismo.spec.types import AttachSpec, UprobeAttach, UprobeMultiAttach

__all__ = ("Site", "user_backend")


@dataclass(frozen=True, slots=True)
class Site:
    """A place in a file, and what a link there takes; see `UprobeAttach`."""

    path: str
    offset: int
    cookie: int = 0
    semaphore: int = 0


def user_backend(
    sites: Sequence[Site],
    use: Use,
    view: KernelView,
    *,
    is_return: bool = False,
    has_cookies: bool = False,
    usdt: tuple[tuple[UsdtArgument, ...], ...] = (),
) -> Backend:
    """What takes one program to all of the sites; TargetError for a kernel without uprobes.

    Links to many places at once must serve all places of a program: the kernel has it say when it
    is loaded which sort of link it is for (`is_uprobe_multi` in kernel/trace/bpf_trace.c).
    """
    if not view.has("uprobe"):
        why, hint = view.refusal("uprobe")
        raise TargetError(f"this kernel has no uprobes: {why}", hint)
    files = len({one.path for one in sites})
    is_multi = len(sites) > files and view.has("uprobe_multi")
    attach: tuple[AttachSpec, ...]
    if is_multi:
        attach = _together(sites, is_return, use.pid)
        why = f"uprobe_multi: {len(sites)} places by {files} link{'s' if files > 1 else ''}"
    else:
        attach = _one_by_one(sites, is_return, use.pid)
        why = f"perf_event: {len(sites)} uprobe{'s' if len(sites) > 1 else ''}"
        if len(sites) > files:
            why += ", each by itself: the kernel has no uprobe_multi (Linux 6.6)"
    return Backend(
        prog_type=ProgType.KPROBE,
        context=Context.REGISTERS,
        attach=attach,
        attach_type=AttachType.TRACE_UPROBE_MULTI if is_multi else None,
        has_cookies=has_cookies,
        usdt=usdt,
        why=why,
    )


def _one_by_one(sites: Sequence[Site], is_return: bool, pid: int) -> tuple[AttachSpec, ...]:
    return tuple(
        [
            UprobeAttach(
                one.path,
                one.offset,
                is_return=is_return,
                semaphore=one.semaphore,
                pid=pid,
                cookie=one.cookie,
            )
            for one in sites
        ]
    )


def _together(sites: Sequence[Site], is_return: bool, pid: int) -> tuple[AttachSpec, ...]:
    by_path: dict[str, list[Site]] = {}
    for one in sites:
        by_path.setdefault(one.path, []).append(one)
    return tuple(
        [
            UprobeMultiAttach(
                path,
                tuple([one.offset for one in some]),
                cookies=_unless_zero([one.cookie for one in some]),
                semaphores=_unless_zero([one.semaphore for one in some]),
                is_return=is_return,
                pid=pid,
            )
            for path, some in by_path.items()
        ]
    )


def _unless_zero(numbers: Sequence[int]) -> tuple[int, ...]:
    """Nothing is said where all of them are 0."""
    return tuple(numbers) if any(numbers) else ()
