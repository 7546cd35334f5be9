"""What a portable program leaves open: what another kernel, or another run, has another value for.

Whatever lowering takes from the kernel at hand goes through `kernel_value`. Members are read as on
little-endian machines, where the low bytes of a number come first.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.dataclass import replace
from seismo.base.layout import Int
from seismo.builtin.options import LowerOptions
from seismo.builtin.record import Lowering
from seismo.ir.builder import Builder
from seismo.ir.ops import BinaryKind, Value
from seismo.isa.relo_kinds import CoreKind
from seismo.spec.relocations import CoreField, Relocation, RunValue

__all__ = (
    "in_own_namespace",
    "kernel_value",
    "load_member",
    "namespace_inode",
    "run_value",
    "shifts",
)

_NUMBER = "?own_number"
_WORD_BYTES = 8


def kernel_value(b: Builder, options: LowerOptions, relocation: Relocation, value: int) -> Value:
    """What `relocation` is on the kernel that runs the program; `value` is this kernel's."""
    return b.symbol(relocation, value) if options.is_portable else b.const(value)


def run_value(b: Builder, options: LowerOptions, name: str) -> Value:
    """The option of this name that is a number, as a run starts with it."""
    return kernel_value(b, options, RunValue(name), getattr(options, name))


def namespace_inode(b: Builder, options: LowerOptions) -> Value:
    """The inode of the PID namespace that tasks are counted in; 0: the initial one."""
    _, inode = options.pid_namespace or (0, 0)
    return kernel_value(b, options, RunValue("pid_namespace_inode"), inode)


def in_own_namespace(
    b: Builder,
    options: LowerOptions,
    initial: Callable[[], Value],
    apart: Callable[[Callable[[], tuple[Value, Value]]], Value],
) -> Value:
    """A number of a task as we count: `initial` makes it where that is as the initial namespace
    does, else `apart`, which is given what makes the device and the inode of ours."""

    def namespace() -> tuple[Value, Value]:
        device, _ = options.pid_namespace or (0, 0)
        named = kernel_value(b, options, RunValue("pid_namespace_device"), device)
        return named, namespace_inode(b, options)

    if not options.is_portable:
        return initial() if options.pid_namespace is None else apart(namespace)
    b.when_set(
        namespace_inode(b, options),
        lambda: b.write(_NUMBER, apart(namespace)),
        lambda: b.write(_NUMBER, initial()),
    )
    return b.read(_NUMBER)


def load_member(
    low: Lowering,
    at: Value,
    space: str,
    member: CoreField,
    form: Int,
    bits: tuple[int, int] | None = None,
) -> Value:
    """The number that a member of the kernel's holds, of whatever size it is there.

    `at` is where it begins. Here it is of `form`; of a bit-field `bits` are (the first from the
    least significant one on, how many) of that.
    """
    b, size = low.b, replace(member, kind=CoreKind.FIELD_BYTE_SIZE)
    is_plain = bits is None and not form.signed
    if not is_plain and member.path.endswith("]"):
        # CO-RE has no shifts for the elements of an array.
        low.assume(size, form.size)
        return low.load(at, space, form.size, signed=form.signed)
    to = low.temporary("member", _WORD_BYTES)
    b.fill(to.base, to.offset, _WORD_BYTES)
    low.read_memory(to, low.kernel_value(size, form.size), at, space)
    whole = b.load(to.base, to.offset, _WORD_BYTES)
    if is_plain:
        return whole
    left, right = shifts(*(bits or (0, form.size * 8)))
    up = low.kernel_value(replace(member, kind=CoreKind.FIELD_LSHIFT_U64), left)
    down = low.kernel_value(replace(member, kind=CoreKind.FIELD_RSHIFT_U64), right)
    high = b.binary(BinaryKind.SHL, whole, up)
    return b.binary(BinaryKind.SAR if form.signed else BinaryKind.SHR, high, down)


def shifts(first: int, count: int) -> tuple[int, int]:
    """How far left, and then right, a u64 is shifted to leave `count` bits from `first` on."""
    return _WORD_BYTES * 8 - first - count, _WORD_BYTES * 8 - count
