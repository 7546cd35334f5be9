"""What numbers are called in the tools about processes and security."""

from __future__ import annotations

import pytest

from seismo.tools.processes.ptracesnoop import request_name
from seismo.tools.security.capable import capability_name
from seismo.tools.words import signal_name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "SIG0"),
        (9, "SIGKILL"),
        (33, "SIG33"),
        (34, "SIGRTMIN"),
        (36, "SIGRTMIN+2"),
        (64, "SIGRTMAX"),
        (99, "SIG99"),
    ],
)
def test_signals(number: int, name: str) -> None:
    assert signal_name(number) == name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "CAP_CHOWN"),
        (7, "CAP_SETUID"),
        (13, "CAP_NET_RAW"),
        (18, "CAP_SYS_CHROOT"),
        (21, "CAP_SYS_ADMIN"),
        (27, "CAP_MKNOD"),
        (34, "CAP_SYSLOG"),
        (39, "CAP_BPF"),
        (40, "CAP_CHECKPOINT_RESTORE"),
        (41, "41"),
    ],
)
def test_capabilities(number: int, name: str) -> None:
    """include/uapi/linux/capability.h; what is newer is a number."""
    assert capability_name(number) == name


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (0, "PTRACE_TRACEME"),
        (9, "PTRACE_SINGLESTEP"),
        (16, "PTRACE_ATTACH"),
        (24, "PTRACE_SYSCALL"),
        (31, "PTRACE_SYSEMU"),
        (0x4200, "PTRACE_SETOPTIONS"),
        (0x4206, "PTRACE_SEIZE"),
        (0x420E, "PTRACE_GET_SYSCALL_INFO"),
        (0x4FFF, "20479"),
        ("process_vm_writev", "process_vm_writev"),
    ],
)
def test_requests(request_: int | str, name: str) -> None:
    """include/uapi/linux/ptrace.h; what is no request has its name already."""
    assert request_name(request_) == name
