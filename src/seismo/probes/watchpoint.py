"""`watchpoint:0x10000000:8:w`: when memory is read, written or executed."""

from __future__ import annotations

from seismo.base.number import NumberError, parse_integer
from seismo.isa.prog_types import ProgType
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView, SymbolNotFound
from seismo.spec.types import BreakpointAttach

__all__ = ("KIND",)

_FORM = "watchpoint:address:length:mode"
_LENGTHS = (1, 2, 4, 8)
_MODES = "rwx"
_HINT = "the mode is r, w or rw, or x alone"
_X86 = "x86_64"
# arch/x86/kernel/hw_breakpoint.c: arch_build_bp_info() takes sizeof(long) alone,
# arch/arm64/kernel/hw_breakpoint.c: an instruction's bytes.
_EXECUTE_LENGTH = {_X86: 8, "aarch64": 4}


def _parse(text: str) -> Target:
    target = tuple(text.split(":"))
    if len(target) != 3 or not all(target):
        message = "a watchpoint has an address, a length and a mode"
        raise TargetError(message, f"write {_FORM}: watchpoint:0x10000000:8:w")
    address, length, mode = target
    if address[0].isdigit():
        _number(address)
    if length not in map(str, _LENGTHS):
        raise TargetError(f"a watchpoint's length is not {length}", "it is 1, 2, 4 or 8 bytes")
    for letter in mode:
        if letter not in _MODES:
            raise TargetError(f"a watchpoint's mode has no '{letter}'", _HINT)
        if mode.count(letter) > 1:
            raise TargetError(f"the mode '{mode}' has '{letter}' twice", _HINT)
    if "x" in mode and mode != "x":
        raise TargetError(f"no processor watches for '{mode}'", _HINT)
    return target


def _number(text: str) -> int:
    try:
        return parse_integer(text).value
    except NumberError as error:
        raise TargetError(f"'{text}' is no address", error.hint) from None


def _choose(points: tuple[AttachPoint, ...], use: Use, view: KernelView) -> Backend:
    if not view.has("breakpoint"):
        raise TargetError(*view.refusal("breakpoint"))
    return Backend(
        prog_type=ProgType.PERF_EVENT,
        context=Context.REGISTERS,
        attach=tuple([_attach(point, use, view) for point in points]),
    )


def _attach(point: AttachPoint, use: Use, view: KernelView) -> BreakpointAttach:
    place, size, mode = point.target
    address, length, machine = _address(place, view), int(size), view.machine()
    if mode == "r" and machine == _X86:
        raise TargetError("x86 watches for no reads alone", "rw is for reads and writes")
    if mode == "x" and length != _EXECUTE_LENGTH.get(machine, length):
        raise TargetError(
            f"a watchpoint for execution is not {length} bytes long on {machine}",
            f"write {_EXECUTE_LENGTH[machine]}",
        )
    if mode != "x" and address % length:
        raise TargetError(
            f"{place} is no multiple of the watchpoint's length, {length}",
            "watch a shorter piece, or from a lower address",
        )
    return BreakpointAttach(address, length, "".join(sorted(mode)), use.pid or use.command_pid)


def _address(text: str, view: KernelView) -> int:
    """Of a number, or of a kernel symbol."""
    if text[0].isdigit():
        return _number(text)
    try:
        return view.symbol(text)
    except SymbolNotFound as error:
        raise TargetError(f"there is no kernel symbol '{text}'", error.hint) from None


KIND = ProbeKind(
    name="watchpoint",
    aliases=("w",),
    form=_FORM,
    parse=_parse,
    choose=_choose,
    is_task=True,
    doc="When memory is read, written or executed: of the process of -p, else of the kernel, where "
    "a symbol may stand for its address. Since Linux 4.9.",
)
