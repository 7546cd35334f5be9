"""Children that do what they are told, for tests of whom an audit traces; and what came of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from seismo.audit.record.event import AuditEvent
from seismo.audit.tracer.stream import Stream

__all__ = ("Child", "assert_exact", "child", "names", "rest")


class Child:
    """A process that does what it is told: a letter a deed."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", f"import os, sys, threading\n{_LOOP}", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.pid = self.process.pid
        assert self._answer() == b"r"

    def do(self, letter: str) -> None:
        """Have it done, and wait for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(letter.encode())
        assert self._answer() == b"d"

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def _answer(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.read(1)


_LOOP = """
def in_thread():
    thread = threading.Thread(target=os.getppid); thread.start(); thread.join()
def in_child():
    pid = os.fork()
    if not pid:
        os.getpgid(0); os._exit(0)
    os.waitpid(pid, 0)
children = []
def start_child():
    ours, theirs = os.pipe(); back, answer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(theirs)
        while os.read(ours, 1):
            os.getpgid(0); os.write(answer, b"x")
        os._exit(0)
    os.close(ours)
    children.append((pid, theirs, back))
def ask_child():
    for _, theirs, back in children:
        os.write(theirs, b"x"); os.read(back, 1)
deeds = dict(p=os.getppid, t=in_thread, c=in_child, s=start_child, a=ask_child,
             u=lambda: os.umask(0o22))
os.write(1, b"r")
while letter := os.read(0, 1):
    deeds[letter.decode()]()
    os.write(1, b"d")
for pid, theirs, _ in reversed(children):
    os.close(theirs); os.waitpid(pid, 0)
"""


@contextmanager
def child() -> Iterator[Child]:
    one = Child("")
    try:
        yield one
    finally:
        one.close()


def rest(stream: Stream) -> list[AuditEvent]:
    """What was asked for and has not been taken, in order; nothing comes any more."""
    return stream.shown(stream.finish()).events()


def names(events: list[AuditEvent], **wanted: int) -> Counter[str]:
    """How many events of each name there are, of those with these attributes."""
    return Counter(
        one.name for one in events if all(getattr(one, name) == wanted[name] for name in wanted)
    )


def assert_exact(stream: Stream) -> None:
    account = stream.account()
    assert account.is_final
    assert account.missing == {}
    assert account.is_exact, account.text()
