"""Functions and raw tracepoints as BTF tells of them: what they take and give, and whether the
kernel's trampolines can serve them.

A trampoline hands its program a u64 for each argument register. A struct of 9 to 16 bytes takes two
of them, so here it is followed by a parameter without a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from seismo.btf.spec import Btf
from seismo.btf.types import (
    Const,
    Enum,
    Enum64,
    Func,
    FuncProto,
    Int,
    Kind,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Void,
    Volatile,
)
from seismo.probes.arguments import BtfArguments
from seismo.probes.view import KernelView

__all__ = ("FunctionTypes", "RawTracepoints")

# include/trace/bpf_probe.h: the typedef of what a tracepoint calls; first it takes a `void *`.
_TYPEDEF = "btf_trace_"
# include/linux/tracepoint.h: the function that calls it; here the parameters have names.
_CALLER = "__traceiter_"
_ALIASES = (Typedef, Const, Volatile, Restrict, TypeTag)
_SLOT_BYTES = 8
_MAX_SLOTS = 12  # include/linux/bpf.h: MAX_BPF_FUNC_ARGS
# Trampolines on x86 take arguments from the stack, too, since Linux 6.6 (commit 473e3150e30a), as
# old as the feature of this name.
_REGISTERS, _AS_NEW = 6, "uprobe_multi"

# kernel/bpf/verifier.c: btf_id_deny and noreturn_deny, the latter since Linux 6.15; a fexit program
# would wait there for ever.
_DENIED = (
    *("migrate_disable", "migrate_enable", "preempt_count_add", "preempt_count_sub"),
    *("__rcu_read_lock", "__rcu_read_unlock", "rcu_read_unlock_strict"),
)
_NO_RETURN = (
    *("do_exit", "do_group_exit", "do_task_dead", "make_task_dead", "rewind_stack_and_make_dead"),
    *("__x64_sys_exit", "__x64_sys_exit_group", "__ia32_sys_exit", "__ia32_sys_exit_group"),
    *("__arm64_sys_exit", "__arm64_sys_exit_group", "__module_put_and_kthread_exit"),
    *("kthread_exit", "kthread_complete_and_exit", "cpu_startup_entry", "rest_init"),
    *("start_kernel", "stop_this_cpu", "panic", "nmi_panic_self_stop"),
)


class FunctionTypes:
    """The functions and raw tracepoints of `btf` itself, those of its base left out."""

    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self.raw_tracepoints = RawTracepoints(btf)

    def __contains__(self, name: str) -> bool:
        return bool(self.id_of(name))

    def id_of(self, name: str) -> int:
        """The type id of a function; 0 when there is none."""
        found = [id for id in self._btf.find_all(name, Kind.FUNC) if id in self._btf.ids]
        return found[0] if found else 0

    def names(self) -> frozenset[str]:
        """Every function."""
        return frozenset([name for _, name in self._btf.names(Kind.FUNC)])

    def arguments(self, name: str) -> BtfArguments:
        """The parameters of a function that is there, and its result."""
        proto = _proto(self._btf, self.id_of(name))
        return BtfArguments(name, self._btf, _slots(self._btf, proto, 0), proto.returns)

    def raw_tracepoint(self, name: str) -> BtfArguments:
        """What the raw tracepoint `name` hands out; BtfNotFound."""
        proto = _proto(self._btf, self._btf.find(_TYPEDEF + name, Kind.TYPEDEF))
        if caller := self.id_of(_CALLER + name):
            named = _proto(self._btf, caller)
            if len(named.params) == len(proto.params):
                proto = named
        return BtfArguments(name, self._btf, _slots(self._btf, proto, 1))

    def never_returns(self, name: str) -> bool:
        """Whether a program at the function's end would wait for ever."""
        return name in _NO_RETURN

    def obstacle(self, name: str, view: KernelView, *, is_return: bool) -> str:
        """Why no trampoline can serve the function, in words that follow its name; '' if one can.

        Facts: btf_distill_func_proto() in kernel/bpf/btf.c, and the lists above.
        """
        id = self.id_of(name)
        if not id:
            return "is not in the kernel's types (BTF)"
        if name in _DENIED:
            return "is called by the trampoline itself"
        if is_return and self.never_returns(name):
            return "never returns"
        proto = _proto(self._btf, id)
        if proto.params and not proto.params[-1].type:
            return "takes any number of arguments"
        if not isinstance(_plain(self._btf, proto.returns), Void | Int | Ptr | Enum | Enum64):
            return "returns a struct"
        sizes = [_size(self._btf, one.type) for one in proto.params]
        if any(not 0 < size <= 2 * _SLOT_BYTES for size in sizes):
            return "takes a large struct by value"
        slots = sum(-(-size // _SLOT_BYTES) for size in sizes)
        if slots > _MAX_SLOTS or (slots > _REGISTERS and not view.has(_AS_NEW)):
            return f"takes more than {_MAX_SLOTS if slots > _MAX_SLOTS else _REGISTERS} arguments"
        return ""


class RawTracepoints(Collection[str]):
    """The names of the raw tracepoints of `btf` itself; one is looked up without listing all."""

    def __init__(self, btf: Btf) -> None:
        self._btf = btf

    def __contains__(self, name: object) -> bool:
        found = self._btf.find_all(f"{_TYPEDEF}{name}", Kind.TYPEDEF)
        return any(id in self._btf.ids for id in found)

    def __iter__(self) -> Iterator[str]:
        for _, name in self._btf.names(Kind.TYPEDEF):
            if name.startswith(_TYPEDEF):
                yield name.removeprefix(_TYPEDEF)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _proto(btf: Btf, id: int) -> FuncProto:
    """The type behind a function, or behind a typedef of a pointer to one."""
    type_ = btf.type(id)
    while isinstance(type_, Typedef | Ptr | Func):
        type_ = btf.type(type_.type)
    assert isinstance(type_, FuncProto), f"type {id} is no function"
    return type_


def _slots(btf: Btf, proto: FuncProto, skipped: int) -> tuple[tuple[str, int], ...]:
    slots: list[tuple[str, int]] = []
    for number, one in enumerate(proto.params[skipped:]):
        slots.append((one.name or f"arg{number}", one.type))
        if _size(btf, one.type) > _SLOT_BYTES:
            slots.append(("", 0))
    return tuple(slots)


def _plain(btf: Btf, id: int) -> Type:
    type_ = btf.type(id)
    while isinstance(type_, _ALIASES):
        type_ = btf.type(type_.type)
    return type_


def _size(btf: Btf, id: int) -> int:
    """Bytes of an argument; 0 for what is none."""
    match _plain(btf, id):
        case Ptr():
            return btf.pointer_size
        case Int(size=size) | Enum(size=size) | Enum64(size=size):
            return size
        case Struct(size=size) | Union(size=size):
            return size
        case _:
            return 0
