"""Which further programs a kernel takes, and where each of them runs.

>>> [one.file for one in choose(view, {KernelEvent.NET_CONNECT})]
['socket_events_btf.h', 'call_events.h']

The programs of system calls and processes run at raw tracepoints that every kernel has; what stands
here adds to them, each backend in a file of `audit/bpf` of its own. An event that kernels tell in
several ways has several backends, the best first; of those that a kernel takes, the first is taken,
and what it sends is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from seismo.audit.record.layout import KERNEL_EVENTS, KernelEvent
from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.c.flavour import RAW_TRACEPOINT, ContextKind, Flavour, flavour_of, split_name
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objects.program import Program
from seismo.probes.view import KernelView
from seismo.spec.types import AttachSpec, ProgramTarget, RawTracepointAttach, TracingAttach

__all__ = (
    "BACKENDS",
    "NAMES_FROM_KERNEL",
    "Backend",
    "Needs",
    "choose",
    "missed",
    "place_of",
    "untold",
)

_TP_BTF = "tp_btf__"
_TYPEDEF = "btf_trace_"  # include/trace/bpf_probe.h: what begins the names of raw tracepoints


class Needs(Enum):
    """What a backend's places are."""

    RAW_TRACEPOINT = "raw tracepoint"
    BTF_TRACEPOINT = "raw tracepoint with types"
    FUNCTION = "fentry or fexit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A file of programs, all of which have to be taken.

    `places` are the tracepoints or functions that it is at, `types` the structs that its text names
    and kernels may lack. `events` are what it tells; one that `is_partial` only some of them.
    """

    file: str
    needs: Needs
    places: tuple[str, ...]
    events: tuple[KernelEvent, ...] = ()
    types: tuple[str, ...] = ()
    is_partial: bool = False

    def works(self, view: KernelView) -> bool:
        """Whether the kernel of the view takes it."""
        btf = view.btf()
        if not all(_has_struct(btf, one) for one in self.types):
            return False
        if self.needs is Needs.FUNCTION:
            is_known = all(any(f.is_traceable for f in view.function(one)) for one in self.places)
            return view.has("fentry") and is_known
        return all(_has_tracepoint(btf, one) for one in self.places)


_STREAM = (
    *(KernelEvent.NET_CONNECT, KernelEvent.NET_CONNECT_FAILED),
    *(KernelEvent.NET_LISTEN, KernelEvent.NET_CLOSE),
)
_CALLS = (
    *(KernelEvent.NET_ACCEPT, KernelEvent.NET_SEND, KernelEvent.NET_RECEIVE),
    *(KernelEvent.CREDENTIALS_CHANGE, KernelEvent.NAMESPACE_CHANGE, KernelEvent.PTRACE_ATTACH),
)

BACKENDS: tuple[Backend, ...] = (
    Backend(
        file="socket_events_btf.h",
        needs=Needs.BTF_TRACEPOINT,
        places=("inet_sock_set_state",),
        events=_STREAM,
    ),
    Backend(
        file="socket_events.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("inet_sock_set_state",),
        events=_STREAM,
    ),
    Backend(
        file="credentials_function.h",
        needs=Needs.FUNCTION,
        places=("commit_creds",),
        events=(KernelEvent.CREDENTIALS_CHANGE,),
        is_partial=True,  # a child's are told by call_events.h
    ),
    Backend(
        file="call_events.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("sys_enter", "sys_exit"),
        events=_CALLS,
    ),
    Backend(
        file="signal_events.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("signal_generate", "signal_deliver"),
        events=(KernelEvent.SIGNAL_SEND, KernelEvent.SIGNAL_DELIVER),
    ),
    Backend(
        file="cgroup_events.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("cgroup_mkdir", "cgroup_rmdir", "cgroup_attach_task"),
        events=(KernelEvent.CGROUP_CREATE, KernelEvent.CGROUP_REMOVE, KernelEvent.CGROUP_MOVE),
    ),
    Backend(
        file="module_events.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("module_load", "module_free"),
        events=(KernelEvent.MODULE_LOAD, KernelEvent.MODULE_FREE),
        types=("module",),
    ),
    Backend(
        file="capability_events.h",  # Linux 6.14
        needs=Needs.RAW_TRACEPOINT,
        places=("cap_capable",),
        events=(KernelEvent.CAPABILITY_USE,),
    ),
    Backend(
        file="capability_function.h",
        needs=Needs.FUNCTION,
        places=("cap_capable",),
        events=(KernelEvent.CAPABILITY_USE,),
    ),
    Backend(
        file="scheduling.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("sched_switch",),
        events=(KernelEvent.SCHED_SWITCH,),
    ),
    Backend(
        file="interrupts.h",
        needs=Needs.RAW_TRACEPOINT,
        places=("irq_handler_entry", "irq_handler_exit", "softirq_entry", "softirq_exit"),
        events=(KernelEvent.INTERRUPT, KernelEvent.SOFTIRQ),
    ),
)
"""All that tell events, the better one of two before the other."""

NAMES_FROM_KERNEL = Backend(
    file="kernel_names.h",
    needs=Needs.FUNCTION,
    places=(
        *("do_filp_open", "filename_lookup", "do_unlinkat", "do_rmdir", "do_mkdirat"),
        *("do_renameat2", "do_linkat", "do_symlinkat"),
    ),
    types=("filename",),
)
"""The name of a path argument as the kernel itself took it, where functions can be traced: sections
KERNEL_STRING and the flag KERNEL_DIFFERS of system calls."""


def choose(view: KernelView, wanted: Collection[int] = KERNEL_EVENTS) -> tuple[Backend, ...]:
    """The backends that the kernel takes for these types of events, in the order of `BACKENDS`.

    Types of system calls ask for `NAMES_FROM_KERNEL`. What no backend of the kernel tells is left
    out: `untold` says which.
    """
    chosen: list[Backend] = []
    left = set(wanted)
    for one in BACKENDS:
        if left.intersection(one.events) and one.works(view):
            chosen.append(one)
            left.difference_update(() if one.is_partial else one.events)
    has_calls = any(one < min(KERNEL_EVENTS) for one in wanted)
    if has_calls and NAMES_FROM_KERNEL.works(view):
        chosen.append(NAMES_FROM_KERNEL)
    return tuple(chosen)


def untold(chosen: Iterable[Backend], wanted: Collection[int] = KERNEL_EVENTS) -> frozenset[int]:
    """The kernel events among `wanted` that none of the chosen backends tells."""
    told = {event for one in chosen if not one.is_partial for event in one.events}
    could = {event for one in BACKENDS for event in one.events}
    return frozenset(could.difference(told).intersection(wanted))


def place_of(function: str) -> tuple[Flavour, AttachSpec]:
    """What a function of the text is compiled for and attached to, by its name.

    `raw_tracepoint__sys_exit__calls` is at the raw tracepoint sys_exit, as is
    `raw_tracepoint__sys_exit`; `tp_btf__inet_sock_set_state` has the tracepoint's parameters,
    typed. Others are as `flavour_of` has them.
    """
    if function.startswith(_TP_BTF):
        name = function.removeprefix(_TP_BTF).partition("__")[0]
        flavour = Flavour(
            type=ProgType.TRACING,
            context=ContextKind.ARGUMENTS,
            expected_attach_type=AttachType.TRACE_RAW_TP,
            target=ProgramTarget(f"{_TYPEDEF}{name}"),
            returns_zero=True,
        )
        return flavour, TracingAttach()
    flavour = flavour_of(function)
    if flavour == RAW_TRACEPOINT:
        return flavour, RawTracepointAttach(split_name(function)[1].partition("__")[0])
    return flavour, TracingAttach()


def missed(programs: Iterable[Program]) -> dict[str, int]:
    """How often each program was not run because it, or another one, ran already on that CPU: what
    the kernel counts and no counter of ours can. Linux 5.12; only those above 0."""
    counts = {one.spec.name: one.recursion_misses for one in programs}
    return {name: count for name, count in counts.items() if count}


def _has_tracepoint(btf: Btf, name: str) -> bool:
    return bool(btf.find_all(f"{_TYPEDEF}{name}", Kind.TYPEDEF))


def _has_struct(btf: Btf, name: str) -> bool:
    return bool(btf.find_all(name, Kind.STRUCT))
