"""How a kernel is set, as far as it bears on tracing: not what it can do, but what it allows."""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.kernel.privilege import effective_capabilities, lockdown, security_file
from seismo.kernel.proc import kernel_release, sysctl
from seismo.kernel.protocol import Kernel

__all__ = ("Setting", "settings")

_UNKNOWN = "unknown"
_TRACING_CAPABILITIES = (
    "CAP_BPF",
    "CAP_PERFMON",
    "CAP_SYS_ADMIN",
    "CAP_SYS_PTRACE",
    "CAP_SYS_RESOURCE",
    "CAP_SYSLOG",
)
# Documentation/admin-guide/sysctl/{kernel,net}.rst
_SYSCTLS = {
    "kernel.unprivileged_bpf_disabled": {
        "0": "programs may be loaded without privilege",
        "1": "loading needs CAP_BPF, until reboot",
        "2": "loading needs CAP_BPF",
    },
    "kernel.perf_event_paranoid": {
        "-1": "perf events are open to everybody",
        "0": "per-CPU events are open to everybody, raw tracepoint data is not",
        "1": "per-CPU events need CAP_PERFMON",
        "2": "kernel events need CAP_PERFMON",
    },
    "kernel.kptr_restrict": {
        "0": "kernel addresses are shown where CAP_SYSLOG or the perf settings allow",
        "1": "kernel addresses need CAP_SYSLOG",
        "2": "kernel addresses are hidden from everybody",
    },
    "net.core.bpf_jit_enable": {
        "0": "programs are interpreted: slower",
        "1": "programs are compiled",
        "2": "programs are compiled, and the code is written to the kernel log",
    },
}
_LOCKDOWN = {
    "none": "nothing is locked down",
    "integrity": "user memory cannot be written from programs; some tracing may be refused",
    "confidentiality": "programs cannot read kernel memory: little tracing is possible",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """`meaning` says what `value` comes to, '' when it speaks for itself."""

    name: str
    value: str
    meaning: str = ""


def settings(kernel: Kernel) -> tuple[Setting, ...]:
    """The settings in force; one that cannot be read is `unknown`, its meaning says why."""
    locked = lockdown(kernel)
    return (
        Setting("kernel", kernel_release(kernel)),
        _capabilities(effective_capabilities(kernel)),
        Setting("lockdown", locked, _LOCKDOWN.get(locked, "")),
        _security_modules(kernel),
        *(_sysctl(kernel, name, meanings) for name, meanings in _SYSCTLS.items()),
    )


def _capabilities(held: frozenset[str]) -> Setting:
    missing = [name for name in _TRACING_CAPABILITIES if name not in held]
    shown = " ".join(name for name in _TRACING_CAPABILITIES if name in held)
    return Setting(
        "capabilities", shown or "none", f"without {' '.join(missing)}" if missing else ""
    )


def _security_modules(kernel: Kernel) -> Setting:
    try:
        return Setting("security modules", security_file(kernel, "lsm").strip())
    except SyscallError as error:
        return Setting("security modules", _UNKNOWN, str(error))


def _sysctl(kernel: Kernel, name: str, meanings: dict[str, str]) -> Setting:
    try:
        value = sysctl(kernel, name)
    except SyscallError as error:
        return Setting(name, _UNKNOWN, str(error))
    return Setting(name, value, meanings.get(value, ""))
