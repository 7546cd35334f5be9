"""What only some kinds of probes have: `usermode override unwatch path socket_cookie`."""

from __future__ import annotations

from seismo.base.layout import U64
from seismo.builtin.bytes import copy_string
from seismo.builtin.context import load_register
from seismo.builtin.record import Address, Builtin, Lowering, Writer, value_writer
from seismo.builtin.typed_pointer import check_typed, with_typed
from seismo.events.kinds import Action
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import (
    UINT8,
    UINT64,
    VOID,
    PointerType,
    RecordType,
    StringType,
    Type,
)
from seismo.probes.backend import Context

__all__ = ("BUILTINS", "OVERRIDE", "PATH", "SOCKET_COOKIE", "UNWATCH", "USERMODE")

_X86 = "x86_64"
_USER_PRIVILEGE = 3
_PATH = "struct path"
# kernel/trace/bpf_trace.c: btf_allowlist_d_path
_WITH_PATH = (
    *("security_file_permission", "security_inode_getattr", "security_file_open"),
    *("security_path_truncate", "vfs_truncate", "vfs_fallocate", "dentry_open", "vfs_getattr"),
    "filp_close",
)


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


def _check_path(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    source, type_ = call.args[0], types[0]
    target = type_.target if isinstance(type_, PointerType) else type_
    if not isinstance(target, RecordType) or target.name != _PATH:
        hint = "such as args.file.f_path"
        context.error(source.span, f"path() takes a struct path, not {type_}", hint)
    else:
        check_typed(call, source, context)
        _check_function(call, context)
    return StringType(_path_size(call, context))


def _check_function(call: Call, context: CallContext) -> None:
    """The helper may be called from a few functions alone."""
    place = context.place
    if place is None or place.backend.context is not Context.TRAMPOLINE:
        return
    target = place.backend.target
    if target is not None and target.name not in _WITH_PATH:
        message = f"the kernel allows no path() in {target.name}"
        context.error(call.span, message, f"it does in {' '.join(_WITH_PATH)}, and in iterators")


def _path_size(call: Call, context: CallContext) -> int:
    """How many bytes the path may have, with its NUL."""
    most = context.config.max_strlen
    if len(call.args) < 2:
        return most
    size, span = int(context.constant(call.args[1])), call.args[1].span
    if size < 1:
        context.error(span, "path() needs at least one byte", "the size counts the NUL")
    elif size > most:
        hint = f"config = {{ max_strlen = {size} }} allows more"
        context.warning(span, f"path() gives at most {most} bytes", hint)
    return max(1, min(size, most))


def _lower_path(low: Lowering, call: Call) -> Writer:
    b, used, type_ = low.b, low.fresh("length"), low.type_of(call)
    assert isinstance(type_, StringType), "checked: it is a string"
    size = b.const(type_.size)
    home = low.scratch(type_.size)

    def empty() -> None:
        b.store(home.base, home.offset, b.const(0), 1)

    def read(pointer: Value) -> None:
        length = b.call("d_path", pointer, low.address(home), size)
        b.write(used, length)

        def failed() -> None:
            low.fault("helper", "d_path", length, call.span)
            empty()

        b.when(Cond.SLT, length, b.const(0), failed)

    with_typed(low, call.args[0], read, empty)

    def write(to: Address) -> Value:
        return copy_string(low, to, home, size)

    return write


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
PATH = Builtin(
    Signature(
        name="path",
        params=(
            Param("path", ("pointer", "record")),
            Param("size", ("int",), optional=True, literal=True),
        ),
        returns=StringType(1),
        check=_check_path,
        needs_context=True,
        probe_kinds=("fentry", "fexit", "iter"),
    ),
    "The full name of what a `struct path` is about, at most `size` bytes with the NUL; without a "
    "size, `max_strlen`. A name that does not fit is empty, and counted. The kernel allows it in "
    "iterators and in few functions. Since Linux 5.10 (`bpf_d_path`).",
    _lower_path,
    "fentry:security_file_open { @[path(args.file.f_path)] = count(); }",
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

BUILTINS = (USERMODE, OVERRIDE, UNWATCH, PATH, SOCKET_COOKIE)
