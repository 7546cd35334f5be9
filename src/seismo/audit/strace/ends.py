"""Lines that are no calls: signals, and ends of processes and threads."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from seismo.audit.catalog.constants import show_flags, signal_name
from seismo.audit.record.event import AuditEvent

__all__ = ("code_text", "exit_line", "fatal_line", "signal_line")

_CODES: Mapping[int, tuple[str, ...]] = {
    signal.SIGCHLD: (
        *("CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"),
    ),
    signal.SIGSEGV: ("SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"),
    signal.SIGBUS: ("BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"),
    signal.SIGFPE: (
        *("FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES"),
        *("FPE_FLTINV", "FPE_FLTSUB"),
    ),
    signal.SIGILL: (
        *("ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG"),
        *("ILL_COPROC", "ILL_BADSTK"),
    ),
    signal.SIGTRAP: ("TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK"),
    signal.SIGSYS: ("SYS_SECCOMP", "SYS_USER_DISPATCH"),
}
"""include/uapi/asm-generic/siginfo.h: the meaning of codes from 1, by signal."""


def signal_line(event: AuditEvent) -> str:
    """`--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, ...} ---`."""
    number = event.values["signal"]
    name, code = signal_name(number), code_text(number, event.values["code"])
    return f"--- {name} {{si_signo={name}, si_code={code}, ...}} ---"


def code_text(number: int, code: int) -> str:
    """A signal's si_code: `CLD_EXITED`, `SI_USER`."""
    names = _CODES.get(number, ())
    return names[code - 1] if 0 < code <= len(names) else show_flags("si_code", code)


def fatal_line(number: int) -> str:
    """The same of a signal that ended a process, of which nothing else is known."""
    name = signal_name(number)
    return f"--- {name} {{si_signo={name}, ...}} ---"


def exit_line(event: AuditEvent) -> str:
    """`+++ exited with 0 +++`, `+++ killed by SIGKILL +++`."""
    number = event.values["signal"]
    if not number:
        return f"+++ exited with {event.values['code']} +++"
    dumped = " (core dumped)" if event.values["is_core_dumped"] else ""
    return f"+++ killed by {signal_name(number)}{dumped} +++"
