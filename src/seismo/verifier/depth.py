"""How much stack functions use together: each its own, rounded up, along every chain of calls."""

from __future__ import annotations

from seismo.base.bits import align_up
from seismo.isa.helpers import helper_id
from seismo.isa.prog_types import ProgType
from seismo.verifier.options import Setting
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.stack import STACK_BYTES

__all__ = ("stack_depth",)

_ROUNDED_TO = 16
"""As where the kernel compiles programs to machine code; its interpreter has 32."""
_PRIVATE_FROM = 64
_PRIVATE_TYPES = (
    ProgType.KPROBE,
    ProgType.TRACEPOINT,
    ProgType.PERF_EVENT,
    ProgType.RAW_TRACEPOINT,
)
"""Their functions that use so many bytes have them elsewhere. Since Linux 6.13, on x86-64."""


def stack_depth(setting: Setting) -> int:
    """The bytes that the deepest chain of calls needs; raises Refused above 512."""
    starts = sorted({0, *(to for at, to in setting.targets.items() if not _is_jump(setting, at))})
    calls: dict[int, set[int]] = {start: set() for start in starts}
    for at, to in setting.targets.items():
        if not _is_jump(setting, at):
            calls[max(start for start in starts if start <= at)].add(to)
    deepest, count = _deepest(setting, calls, 0, _has_private_stacks(setting))
    if deepest > STACK_BYTES:
        raise Refused(
            Rule.STACK,
            f"combined stack size of {count} calls is {deepest}. Too large",
            f"at most {STACK_BYTES} bytes are there for all; keep large data in a map",
        )
    return deepest


def _is_jump(setting: Setting, index: int) -> bool:
    return setting.insns[index].is_jump


def _has_private_stacks(setting: Setting) -> bool:
    """Programs with tail calls have none."""
    tail_call = helper_id("tail_call")
    is_called = any(insn.is_helper_call and insn.imm == tail_call for insn in setting.insns)
    return setting.spec.type in _PRIVATE_TYPES and not is_called


def _deepest(
    setting: Setting, calls: dict[int, set[int]], function: int, has_private: bool
) -> tuple[int, int]:
    """Bytes and functions of the deepest chain from `function` on; there is no recursion, else the
    walk had run out of frames."""
    own = align_up(max(setting.depths.get(function, 0), 1), _ROUNDED_TO)
    below = max(
        (_deepest(setting, calls, one, has_private) for one in calls[function]), default=(0, 0)
    )
    shared = 0 if has_private and own >= _PRIVATE_FROM else own
    return shared + below[0], below[1] + 1
