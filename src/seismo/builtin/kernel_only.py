"""What only some kinds of probes have: `usermode override unwatch socket_cookie`."""

from __future__ import annotations

from seismo.base.layout import U64
from seismo.builtin.context import load_register
from seismo.builtin.record import Builtin, Lowering, value_writer
from seismo.builtin.typed_pointer import check_typed, with_typed
from seismo.events.kinds import Action
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import (
    UINT8,
    UINT64,
    VOID,
    Type,
)
from seismo.probes.backend import Context

__all__ = ("BUILTINS", "OVERRIDE", "SOCKET_COOKIE", "UNWATCH", "USERMODE")

_X86 = "x86_64"
_USER_PRIVILEGE = 3


def _check_usermode(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    place = context.place
    if place is not None and place.machine != _X86:
        hint = 'reg("pstate") tells it on arm64: the lowest four bits are 0'
        context.error(call.span, f"there is no usermode on {place.machine}", hint)
    elif place is not None and place.backend.context is not Context.REGISTERS:
        message = "usermode needs registers, which this probe does not have here"
        context.error(call.span, message, place.backend.why)
    return UINT8


def _lower_usermode(low: Lowering, call: Call) -> Value:
    b = low.b
    level = b.binary(BinaryKind.AND, load_register(low, "cs"), b.const(_USER_PRIVILEGE))
    return b.compare(Cond.EQ, level, b.const(_USER_PRIVILEGE))


def _check_override(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    place = context.place
    if place is not None and place.backend.context is not Context.REGISTERS:
        message = "override() needs a kprobe, and this probe is served by other means"
        context.error(call.span, message, place.backend.why)
    return VOID


def _lower_override(low: Lowering, call: Call) -> None:
    low.b.call("override_return", low.b.context, low.scalar(call.args[0]))


def _lower_unwatch(low: Lowering, call: Call) -> None:
    address = value_writer(low, low.scalar(call.args[0]), U64.size)
    low.event(Action.UNWATCH, "", [(U64, address)], call.span)


def _check_cookie(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    check_typed(call, call.args[0], context)
    return UINT64


def _lower_cookie(low: Lowering, call: Call) -> Value:
    b, cookie = low.b, low.fresh("cookie")
    with_typed(
        low,
        call.args[0],
        lambda sock: b.write(cookie, b.call("get_socket_cookie", sock)),
        lambda: b.write(cookie, b.const(0)),
    )
    return b.read(cookie)


USERMODE = Builtin(
    Signature(
        name="usermode",
        returns=UINT8,
        check=_check_usermode,
        is_variable=True,
        needs_context=True,
        probe_kinds=(
            *("profile", "interval", "software", "hardware", "watchpoint"),
            *("kprobe", "kretprobe", "uprobe", "uretprobe", "usdt"),
        ),
    ),
    "1 where the probe interrupted a program, 0 where it interrupted the kernel. On x86-64.",
    _lower_usermode,
    "profile:hz:99 { @[usermode] = count(); }",
)
OVERRIDE = Builtin(
    Signature(
        name="override",
        params=(Param("value", ("int",)),),
        returns=VOID,
        check=_check_override,
        is_statement=True,
        is_unsafe=True,
        needs_context=True,
        probe_kinds=("kprobe",),
    ),
    "Has the function that the probe is at return a value without doing anything. The kernel "
    "allows that in functions made for it (/sys/kernel/debug/error_injection/list), and where it "
    "has CONFIG_BPF_KPROBE_OVERRIDE. Only with --unsafe. Since Linux 4.16.",
    _lower_override,
    'kprobe:__x64_sys_getuid /comm == "id"/ { override(1000); }',
)
UNWATCH = Builtin(
    Signature(
        name="unwatch",
        params=(Param("address", ("int", "pointer")),),
        returns=VOID,
        is_statement=True,
    ),
    "Takes the watchpoints at an address away, when user space comes to it.",
    _lower_unwatch,
    "watchpoint:0x10000000:8:w { @ = count(); unwatch(0x10000000); }",
)
SOCKET_COOKIE = Builtin(
    Signature(
        name="socket_cookie",
        params=(Param("socket", ("pointer",)),),
        returns=UINT64,
        check=_check_cookie,
        needs_context=True,
        probe_kinds=("fentry", "fexit", "rawtracepoint"),
    ),
    "A number that no other socket has until the next boot. Since Linux 5.12 "
    "(`bpf_get_socket_cookie` of tracing programs).",
    _lower_cookie,
    "fentry:tcp_rcv_established { @bytes[socket_cookie(args.sk)] = sum(args.skb.len); }",
)

BUILTINS = (USERMODE, OVERRIDE, UNWATCH, SOCKET_COOKIE)
