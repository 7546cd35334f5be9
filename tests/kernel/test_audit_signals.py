"""Signals: each that a watched process sends or gets."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from audit_reader import audit_run

from seismo.audit.record.layout import KernelEvent

pytestmark = pytest.mark.kernel

SENT, CAME = KernelEvent.SIGNAL_SEND, KernelEvent.SIGNAL_DELIVER
SI_USER, SI_TKILL, SI_KERNEL, SEGV_MAPERR, CLD_EXITED = 0, -6, 0x80, 1, 1
DELIVERED, IGNORED = 0, 1


def test_a_signal_of_another_process() -> None:
    target = os.fork()
    if not target:
        signal.pause()
    with audit_run((SENT, CAME)) as run:
        child = run.did(lambda: os.kill(target, signal.SIGKILL))
        os.waitpid(target, 0)
        sent = [one for one in run.of(SENT) if one["signal"] == signal.SIGKILL]
        (killed,) = sent
        assert (killed["tgid"], killed["to_tgid"], killed["to_tid"]) == (child, target, target)
        assert (killed["code"], killed["ret"]) == (SI_USER, DELIVERED)
        assert not run.of(CAME)


def test_signals_to_oneself() -> None:
    def work() -> None:
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    with audit_run((SENT, CAME)) as run:
        child = run.did(work)
        sent = [(one["signal"], one["code"], one["ret"]) for one in run.of(SENT)]
        assert sent[:3] == [
            (signal.SIGUSR1, SI_USER, DELIVERED),
            (signal.SIGUSR2, SI_USER, IGNORED),
            (signal.SIGUSR1, SI_TKILL, DELIVERED),
        ]
        (end,) = sent[3:]  # of the child, to its parent
        assert end == (signal.SIGCHLD, CLD_EXITED, IGNORED)
        came = run.of(CAME)
        assert [(one["tgid"], one["signal"]) for one in came] == [(child, signal.SIGUSR1)] * 2
        assert all(one["handler"] == 0 for one in came)
        assert run.is_exact(SENT)
        assert run.is_exact(CAME)


def test_a_signal_of_the_kernel_is_told_of_whom_it_is_for() -> None:
    def work() -> None:
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        signal.pause()

    with audit_run((SENT, CAME)) as run:
        child = run.did(work)
        (alarm,) = [one for one in run.of(SENT) if one["signal"] == signal.SIGALRM]
        assert (alarm["tgid"], alarm["to_tgid"], alarm["code"]) == (child, child, SI_KERNEL)
        assert alarm["ppid"] == os.getpid()


def test_a_fault() -> None:
    def work() -> None:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)

    with audit_run((SENT, CAME)) as run:
        child = run.did(work)
        (fatal,) = run.of(CAME)
        assert (fatal["tgid"], fatal["signal"]) == (child, signal.SIGSEGV)
