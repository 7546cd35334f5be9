"""Kernel symbols and control groups: `kaddr ksym cgroupid cgroup_path`."""

from __future__ import annotations

from seismo.base.errors import NotSupported, SourceError, SyscallError
from seismo.builtin.record import Address, Builtin, Lowered, Lowering, Writer, value_writer
from seismo.ir.ops import Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import UINT64, SymbolicType, Type
from seismo.probes.view import SymbolNotFound
from seismo.spec.relocations import KernelSymbol, Relocation

__all__ = ("BUILTINS", "CGROUPID", "CGROUP_PATH", "KADDR", "KSYM")

_ADDRESS_BYTES = 8
_CGROUP_PATH_BYTES = 16
_EVERY_HIERARCHY = "*"


def _evaluate_kaddr(call: Call, types: tuple[Type, ...], context: CallContext) -> int:
    name = str(context.constant(call.args[0]))
    try:
        return context.view.symbol(name)
    except SymbolNotFound as error:
        hint = error.hint or "/proc/kallsyms has all that there are"
        context.error(call.args[0].span, f"no kernel symbol '{name}'", hint)
    except NotSupported as error:
        context.error(call.span, f"{error.feature}: {error.why}", error.hint)
    return 0


def _evaluate_cgroupid(call: Call, types: tuple[Type, ...], context: CallContext) -> int:
    path = str(context.constant(call.args[0]))
    try:
        return context.view.cgroup_id(path)
    except SyscallError as error:
        hint = error.hint or "it is a directory of cgroup version 2, often under /sys/fs/cgroup"
        message = f"no control group '{path}': {error.strerror}"
        context.error(call.args[0].span, message, hint)
    except NotSupported as error:
        context.error(call.span, f"{error.feature}: {error.why}", error.hint)
    return 0


def _no_origin_of_cgroupid(call: Call, _: object) -> Relocation:
    hint = "compare cgroup_path(cgroup) where the output is read"
    raise SourceError(call.span, "a control group has another id elsewhere", hint)


def _lower_constant(low: Lowering, call: Call) -> Lowered:
    """The value that the checker found."""
    return low.b.const(int(low.constant(call)))


def _lower_ksym(low: Lowering, call: Call) -> Writer:
    return value_writer(low, low.scalar(call.args[0]), _ADDRESS_BYTES)


def _check_cgroup_path(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    hierarchies = str(context.constant(call.args[1])) if len(call.args) > 1 else _EVERY_HIERARCHY
    return SymbolicType("cgroup_path", _CGROUP_PATH_BYTES, hierarchies)


def _lower_cgroup_path(low: Lowering, call: Call) -> Writer:
    number = low.scalar(call.args[0])

    def write(to: Address) -> Value:
        low.b.store(to.base, to.offset, number, 8)
        low.b.store(to.base, to.offset + 8, low.b.const(0), 8)
        return low.b.const(_CGROUP_PATH_BYTES)

    return write


KADDR = Builtin(
    Signature(
        name="kaddr",
        params=(Param("symbol", ("string",), literal=True),),
        returns=UINT64,
        evaluate=_evaluate_kaddr,
    ),
    "The address of a kernel symbol, looked up in /proc/kallsyms when the script is compiled. "
    "Variables are there only where the kernel has CONFIG_KALLSYMS_ALL.",
    _lower_constant,
    'BEGIN { printf("%lx\\n", kaddr("vfs_read")); exit(); }',
    origin=lambda call, constants: KernelSymbol(str(constants[call.args[0]])),
)
KSYM = Builtin(
    Signature(
        name="ksym",
        params=(Param("address", ("int", "pointer")),),
        returns=SymbolicType("ksym_t", _ADDRESS_BYTES),
    ),
    "The kernel symbol that an address belongs to, looked up where it is printed.",
    _lower_ksym,
    "tracepoint:timer:hrtimer_expire_entry { @[ksym(args.function)] = count(); }",
)
CGROUPID = Builtin(
    Signature(
        name="cgroupid",
        params=(Param("path", ("string",), literal=True),),
        returns=UINT64,
        evaluate=_evaluate_cgroupid,
    ),
    "The id of the control group (version 2) whose directory is given, looked up when the script "
    "is compiled: compare `cgroup` with it.",
    _lower_constant,
    'tracepoint:sched:sched_switch /cgroup == cgroupid("/sys/fs/cgroup")/ { @ = count(); }',
    origin=_no_origin_of_cgroupid,
)
CGROUP_PATH = Builtin(
    Signature(
        name="cgroup_path",
        params=(
            Param("id", ("int",)),
            Param("hierarchies", ("string",), optional=True, literal=True),
        ),
        returns=SymbolicType("cgroup_path", _CGROUP_PATH_BYTES),
        check=_check_cgroup_path,
    ),
    "The path of the control group with an id, looked up where it is printed. `hierarchies` picks "
    'by a wildcard those to look in; version 2 is "unified".',
    _lower_cgroup_path,
    "tracepoint:sched:sched_process_exec { @[cgroup_path(cgroup)] = count(); }",
)

BUILTINS = (KADDR, KSYM, CGROUPID, CGROUP_PATH)
