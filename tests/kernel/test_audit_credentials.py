"""Changes of credentials and namespaces, with what they were before; capabilities; ptrace."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from audit_reader import Found, audit_run, open_folder

from seismo.audit.record.layout import CREDENTIALS, NAMESPACES, Counter, KernelEvent
from seismo.lang.syscall_names import SYSCALLS

pytestmark = pytest.mark.kernel
__all__ = ("open_folder",)

CHANGE, NAMESPACE = KernelEvent.CREDENTIALS_CHANGE, KernelEvent.NAMESPACE_CHANGE
TRACED, CAPABILITY, FORK = (
    *(KernelEvent.PTRACE_ATTACH, KernelEvent.CAPABILITY_USE),
    KernelEvent.PROCESS_FORK,
)
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x00020000, 0x04000000, 0x40000000
CLONE_NEWPID, CLONE_NEWUSER = 0x20000000, 0x10000000
PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE = 0, 16, 17, 0x4206
PR_CAPBSET_DROP, CAP_SYS_CHROOT, CAP_SYS_TIME, EVERYTHING = 24, 18, 25, -1
_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int) -> int:
    """A system call by its name."""
    number = SYSCALLS[os.uname().machine].index(name)
    return int(_libc.syscall(number, *(ctypes.c_long(one) for one in arguments)))


def changed(found: Found) -> dict[str, tuple[int | bytes, int | bytes]]:
    """What differs: before and after, by name."""
    layout = CREDENTIALS if found["type"] == CHANGE else NAMESPACES
    before, after = found.blob("before", layout), found.blob("after", layout)
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def by(found: Found) -> str:
    """The call that did it."""
    return SYSCALLS[os.uname().machine][found["by"]]


CHANGES: dict[str, tuple[Callable[[], object], dict[str, tuple[int, int]]]] = {
    "setgid": (
        lambda: call("setgid", 5),
        dict.fromkeys(("gid", "sgid", "egid", "fsgid"), (0, 5)),
    ),
    "setresgid": (
        lambda: call("setresgid", -1, 6, 7),
        {"sgid": (0, 7), "egid": (0, 6), "fsgid": (0, 6)},
    ),
    "setfsgid": (lambda: call("setfsgid", 9), {"fsgid": (0, 9)}),
    "setregid": (lambda: call("setregid", 4, -1), {"gid": (0, 4)}),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_ids_change(name: str) -> None:
    work, expected = CHANGES[name]
    with audit_run((CHANGE,)) as run:
        child = run.did(work)
        (found,) = run.records()
        assert (found["tgid"], by(found)) == (child, name)
        assert changed(found) == expected
        assert run.is_exact(CHANGE)
        assert not list(run.maps["before"].items())


def test_another_user_has_no_capabilities() -> None:
    with audit_run((CHANGE,)) as run:
        run.did(lambda: call("setresuid", 7, 7, 7))
        (found,) = run.records()
        what = changed(found)
        ids = [what.pop(name) for name in ("uid", "suid", "euid", "fsuid")]
        assert ids == [(0, 7)] * 4
        assert {name: after for name, (_, after) in what.items()} == dict.fromkeys(
            ("cap_permitted", "cap_effective"), 0
        )
        assert found["uid"] == 7


def test_calls_that_change_nothing_tell_nothing() -> None:
    def work() -> None:
        call("setresuid", 0, 0, 0)
        call("setgid", os.getgid())
        call("setresuid", 1, 1, 1)
        call("setuid", 0)  # not permitted

    with audit_run((CHANGE,)) as run:
        run.did(work)
        assert len(run.records()) == 1
        assert run.count(CHANGE, Counter.PRODUCED) == 1


def test_capabilities_are_dropped() -> None:
    with audit_run((CHANGE,)) as run:
        run.did(lambda: call("prctl", PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0))
        (found,) = run.records()
        ((name, (before, after)),) = changed(found).items()
        assert name == "cap_bounding"
        assert isinstance(before, int)
        assert isinstance(after, int)
        assert before - after == 1 << CAP_SYS_TIME
        assert by(found) == "prctl"


def test_a_program_with_setuid_changes_the_user(open_folder: Path) -> None:
    program = open_folder / "raised"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o4755)

    def work() -> None:
        os.setresuid(7, 7, 7)
        os.execv(program, ["raised"])

    if os.statvfs(open_folder).f_flag & os.ST_NOSUID:
        pytest.skip("the file system has no setuid programs")
    with audit_run((CHANGE,)) as run:
        run.did(work)
        lowered, raised = run.records()
        assert (by(lowered), by(raised)) == ("setresuid", "execve")
        what = changed(raised)
        assert [what[name] for name in ("suid", "euid", "fsuid")] == [(7, 0)] * 3
        assert "uid" not in what


UNSHARED = {CLONE_NEWUTS: {"uts"}, CLONE_NEWNS: {"mnt"}, CLONE_NEWPID: {"pid"}}


@pytest.mark.parametrize("flags", list(UNSHARED))
def test_namespaces_are_unshared(flags: int) -> None:
    with audit_run((CHANGE, NAMESPACE)) as run:
        child = run.did(lambda: call("unshare", flags))
        (found,) = run.records()
        assert (found["type"], found["tgid"], by(found)) == (NAMESPACE, child, "unshare")
        assert changed(found).keys() == UNSHARED[flags]
        assert run.is_exact(NAMESPACE)


def test_a_namespace_is_entered_and_left() -> None:
    own = os.open("/proc/self/ns/uts", os.O_RDONLY)
    number = os.fstat(own).st_ino

    def work() -> None:
        call("unshare", CLONE_NEWUTS)
        call("setns", own, CLONE_NEWUTS)

    try:
        with audit_run((NAMESPACE,)) as run:
            run.did(work)
            there, back = [changed(one)["uts"] for one in run.records()]
            assert there[0] == back[1] == number
            assert there[1] == back[0] != number
            assert [by(one) for one in run.records()] == ["unshare", "setns"]
    finally:
        os.close(own)


def test_a_child_in_namespaces_of_its_own() -> None:
    def work() -> None:
        child = call("clone", CLONE_NEWUSER | CLONE_NEWUTS | signal.SIGCHLD, 0, 0, 0, 0)
        if not child:
            os._exit(0)
        os.waitpid(child, 0)

    with audit_run((CHANGE, NAMESPACE, FORK)) as run:
        parent = run.did(work)
        (fork,), (spaces,) = run.of(FORK), run.of(NAMESPACE)
        assert spaces["by"] == FORK
        assert (spaces["tgid"], spaces["ppid"]) == (fork["child_tgid"], parent)
        assert spaces["start_ns"] == fork["child_start_ns"]
        assert changed(spaces).keys() == {"user", "uts"}
        assert fork["clone_flags"] & CLONE_NEWUSER


def test_capabilities_that_are_used() -> None:
    def work() -> None:
        os.chroot("/")
        call("setresuid", 7, 7, 7)
        with pytest.raises(PermissionError):
            os.chroot("/")

    with audit_run((CAPABILITY,)) as run:
        child = run.did(work)
        used = [one for one in run.records() if one["capability"] == CAP_SYS_CHROOT]
        assert [(one["tgid"], one["is_granted"]) for one in used] == [(child, 1), (child, 0)]
        assert run.is_exact(CAPABILITY)


def stopped() -> int:
    """A process that waits to be killed."""
    child = os.fork()
    if not child:
        signal.pause()
    return child


@pytest.mark.parametrize("request_", [PTRACE_ATTACH, PTRACE_SEIZE])
def test_who_traces_whom(request_: int) -> None:
    targets = [stopped(), stopped()]

    def work() -> None:
        for one in targets:
            call("ptrace", request_, one, 0, 0)
        call("ptrace", request_, 1 << 22, 0, 0)

    try:
        with audit_run((TRACED,)) as run:
            child = run.did(work)
            told = [(one["tgid"], one["request"], one["target_tgid"]) for one in run.records()]
            assert told == [(child, request_, one) for one in targets]
    finally:
        for one in targets:
            os.kill(one, signal.SIGKILL)
            os.waitpid(one, 0)


def test_who_wants_to_be_traced() -> None:
    with audit_run((TRACED,)) as run:
        child = run.did(lambda: call("ptrace", PTRACE_TRACEME, 0, 0, 0))
        (found,) = run.records()
        assert found["tgid"] == found["target_tgid"] == found["target_tid"] == child
        assert found["request"] == PTRACE_TRACEME
