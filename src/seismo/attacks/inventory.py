"""What a program can do to others, told by its instructions and its place, never by its name.

>>> print(inventory(program, "tracepoint:syscalls:sys_exit_read"))
risk 10: writes memory of processes (bpf_probe_write_user); so it can falsify what files hold
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.isa.errors import NotFound
from seismo.isa.helpers import helper_name
from seismo.spec.types import ProgramSpec

__all__ = ("ALARMING", "Inventory", "inventory")

ALARMING = 5
"""From this risk on somebody should know who loaded the program, and why."""

_POWERS: Mapping[str, tuple[int, str]] = {
    "probe_write_user": (6, "writes memory of processes"),
    "override_return": (6, "decides what functions of the kernel return"),
    "send_signal": (5, "sends signals"),
    "send_signal_thread": (5, "sends signals"),
    "skb_store_bytes": (4, "changes packets"),
    "xdp_store_bytes": (4, "changes packets"),
    "xdp_adjust_head": (4, "changes packets"),
    "xdp_adjust_tail": (4, "changes packets"),
    "clone_redirect": (3, "sends packets elsewhere"),
    "redirect": (3, "sends packets elsewhere"),
    "sys_bpf": (4, "loads and changes programs and maps"),
    "probe_read": (1, "reads any memory"),
    "probe_read_kernel": (1, "reads memory of the kernel"),
    "probe_read_kernel_str": (1, "reads memory of the kernel"),
    "probe_read_str": (1, "reads any memory"),
    "probe_read_user": (1, "reads memory of processes"),
    "probe_read_user_str": (1, "reads memory of processes"),
    "copy_from_user": (1, "reads memory of processes"),
}
"""Helpers that reach beyond the program: how much that weighs, and what it is."""

_FALSIFIED = {
    "execve": "which program is started",
    "getdents64": "which files there are",
    "openat": "which file is opened",
    "read": "what files hold",
    "timerfd_settime": "when timers fire",
}
"""System calls whose data make a lie of what others see: of use only to who wants to hide."""

_LYING = 4


@dataclass(frozen=True, slots=True)
class Inventory:
    """The helpers that a program calls, its risk from 0 to 10, and the reasons for that."""

    helpers: tuple[str, ...]
    risk: int
    reasons: tuple[str, ...]

    @property
    def is_alarming(self) -> bool:
        return self.risk >= ALARMING

    def __str__(self) -> str:
        return f"risk {self.risk}: {'; '.join(self.reasons) or 'sees, and changes nothing'}"


def inventory(program: ProgramSpec, at: str = "") -> Inventory:
    """What a program that is attached at `at` can do."""
    called = {insn.imm: None for insn in program.insns if insn.is_helper_call}
    helpers = tuple(map(_name, called))
    weights = [_POWERS[name][0] for name in helpers if name in _POWERS]
    reasons = [f"{_POWERS[name][1]} (bpf_{name})" for name in helpers if name in _POWERS]
    lie = next((what for call, what in _FALSIFIED.items() if at.endswith(f"_{call}")), "")
    risk = max(weights, default=0)
    if lie and "probe_write_user" in helpers:
        risk += _LYING
        reasons.append(f"so it can falsify {lie}")
    return Inventory(helpers, min(risk, 10), tuple(reasons))


def _name(number: int) -> str:
    try:
        return helper_name(number)
    except NotFound:
        return f"unknown#{number}"
