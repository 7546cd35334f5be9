"""Running in a process of its own: what the machine itself may use has limits, too.

The child inherits no right to more: it can open nothing and make no core file, its memory and
processor time end, and unless it is root's it makes no process. What it says comes back as text,
which is read as data.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Callable
from typing import NoReturn

from seismo.base.errors import BpfError
from seismo.sandbox.outcome import Guard, Outcome, Stop
from seismo.sandbox.policy import Policy
from seismo.sandbox.wire import outcome_of, packed

__all__ = ("LostChild", "run_in_child")

_NO_MEMORY, _LOST = 1, 2


class LostChild(BpfError):
    """The process of a run went away for no reason that a policy gives."""


def run_in_child(policy: Policy, work: Callable[[], Outcome]) -> Outcome:
    """What `work` gives, done by a child process under the policy's limits."""
    ours, theirs = os.pipe()
    with open(ours, "rb") as answer:
        try:
            child = os.fork()
            if child == 0:
                _work(policy, work, theirs)
        finally:
            os.close(theirs)
        said = answer.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return Outcome(stop=_end_of(policy, code)) if code else outcome_of(json.loads(said))


def _work(policy: Policy, work: Callable[[], Outcome], answer: int) -> NoReturn:
    """The child's life: no code of the parent's runs after it, whatever happens."""
    status = _LOST
    try:
        _limit(policy)
        text = json.dumps(packed(work())).encode()
        while text:
            text = text[os.write(answer, text) :]
        status = 0
    except MemoryError:
        status = _NO_MEMORY
    finally:
        os._exit(status)


def _limit(policy: Policy) -> None:
    with open("/proc/self/statm", encoding="ascii") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    # One second more before SIGKILL, so that this comes of nothing but a lack of memory.
    _lower(resource.RLIMIT_CPU, policy.seconds, policy.seconds + 1)
    _lower(resource.RLIMIT_AS, mapped + policy.process_bytes)
    for limit in (
        *(resource.RLIMIT_CORE, resource.RLIMIT_FSIZE),
        *(resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC),
    ):
        _lower(limit, 0)


def _lower(limit: int, value: int, hardest: int | None = None) -> None:
    """Set a limit, and leave it where it is lower already."""
    _, hard = resource.getrlimit(limit)
    top = value if hardest is None else hardest
    if hard != resource.RLIM_INFINITY:
        value, top = min(value, hard), min(top, hard)
    resource.setrlimit(limit, (value, top))


def _end_of(policy: Policy, status: int) -> Stop:
    """Why a child ended before it had said anything; raises LostChild where it had no reason to."""
    if status == -signal.SIGXCPU:
        return Stop(Guard.TIME, f"has used {policy.seconds} seconds of processor time")
    if status in (_NO_MEMORY, -signal.SIGKILL):
        return Stop(Guard.SPACE, f"needs more than {policy.process_bytes} bytes for itself")
    raise LostChild(f"the sandbox's process ended with status {status} and said nothing")
