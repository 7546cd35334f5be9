"""What this process may do: its capabilities, the kernel's lockdown, and what a refusal means.

`refusal_hint` turns an errno into advice; it is a function of its arguments alone, so that the
advice is tested without a kernel that refuses.
"""

from __future__ import annotations

import errno

from seismo.base.errors import SyscallError
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = (
    "CAPABILITIES",
    "decode_capabilities",
    "effective_capabilities",
    "lockdown",
    "needed_capabilities",
    "refusal_hint",
    "security_file",
)

# `include/uapi/linux/capability.h`: a capability's number is its index.
_NAMES = """
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
PERFMON BPF CHECKPOINT_RESTORE
"""
CAPABILITIES = tuple(f"CAP_{name}" for name in _NAMES.split())

_MOUNT_CALLS = ("fsopen", "fsconfig", "fsmount")


def decode_capabilities(mask: int) -> frozenset[str]:
    """The names of the capabilities in a CapEff mask; a bit without a name is `CAP_<number>`."""
    known = len(CAPABILITIES)
    bits = (bit for bit in range(mask.bit_length()) if mask >> bit & 1)
    return frozenset(CAPABILITIES[bit] if bit < known else f"CAP_{bit}" for bit in bits)


def effective_capabilities(kernel: Kernel) -> frozenset[str]:
    """The capabilities that this process has now (CapEff of /proc/self/status)."""
    for line in kernel.read_file("/proc/self/status").splitlines():
        if line.startswith(b"CapEff:"):
            return decode_capabilities(int(line.split()[1], 16))
    return frozenset()


def security_file(kernel: Kernel, name: str) -> str:
    """A file of securityfs, which is mounted for the moment if it is not there.

    Raises `SyscallError` when the kernel has no such file or may not be asked.
    """
    try:
        return kernel.read_file(f"/sys/kernel/security/{name}").decode()
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
    with Fd(kernel, kernel.mount("securityfs"), "mount", "securityfs") as mount:
        return kernel.read_file(f"/proc/self/fd/{int(mount)}/{name}").decode()


def lockdown(kernel: Kernel) -> str:
    """`none`, `integrity` or `confidentiality`; `none` too when the kernel has no lockdown.

    Since Linux 5.4. The file shows the choices with the one in force in brackets.
    """
    try:
        shown = security_file(kernel, "lockdown")
    except SyscallError:
        return "none"
    return shown.partition("[")[2].partition("]")[0]


def needed_capabilities(call: str) -> tuple[str, ...]:
    """What `call` (a `SyscallError.call`) asks for; CAP_SYS_ADMIN stands for the first two."""
    if call == "bpf(BPF_MAP_CREATE)":
        return ("CAP_BPF",)
    if call == "bpf(BPF_ENABLE_STATS)" or call in _MOUNT_CALLS:
        return ("CAP_SYS_ADMIN",)
    if call == "perf_event_open":
        return ("CAP_PERFMON",)
    return ("CAP_BPF", "CAP_PERFMON") if call.startswith("bpf(") else ()


def refusal_hint(call: str, number: int, capabilities: frozenset[str], lockdown: str) -> str:
    """What to do about errno `number` from `call`; '' when errno says it all.

    Capabilities are those the process has; BPF and PERFMON are capabilities since Linux 5.8.
    """
    match number:
        case errno.EPERM | errno.EACCES:
            return _permission_hint(call, capabilities, lockdown)
        case errno.ENOSYS:
            option = "CONFIG_PERF_EVENTS" if call == "perf_event_open" else "CONFIG_BPF_SYSCALL"
            return f"this kernel was built without {option}, or a seccomp filter hides the call"
        case errno.EMFILE:
            return "too many open files in this process: raise the limit with `ulimit -n`"
        case errno.ENOMEM:
            return "out of memory, or of the cgroup's limit: use smaller or fewer maps"
        case errno.E2BIG if call == "bpf(BPF_MAP_UPDATE_ELEM)":
            return "the map is full, or the array has no such index: raise its max_entries"
        case errno.EINVAL if call == "perf_event_open":
            return "a frequency may not exceed the sysctl kernel.perf_event_max_sample_rate"
    return ""


_PERMISSIONS = {
    "bpf(BPF_OBJ_PIN)": "pins are made on a bpffs: `mount -t bpf bpf DIRECTORY` makes one",
    "bpf(BPF_MAP_UPDATE_ELEM)": "the map is frozen, or read-only for user space",
    "bpf(BPF_MAP_DELETE_ELEM)": "the map is frozen, or read-only for user space",
    "bpf(BPF_MAP_LOOKUP_ELEM)": "the map is write-only for user space",
}
"""What refuses a call to a process that may make it."""


def _permission_hint(call: str, capabilities: frozenset[str], lockdown: str) -> str:
    missing = [name for name in needed_capabilities(call) if name not in capabilities]
    if missing and "CAP_SYS_ADMIN" not in capabilities:
        names = " and ".join(missing)
        return f"this process lacks {names}: run it as root, or give it the capability"
    if call in _PERMISSIONS:
        return _PERMISSIONS[call]
    if lockdown not in ("", "none"):
        return f"the kernel is locked down ({lockdown}), which refuses some tracing even to root"
    return (
        "the capabilities are there: a security module, a seccomp filter or a user namespace "
        "refuses"
    )
