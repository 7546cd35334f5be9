"""Writes the table of constants for programs in C: macros of the kernel's headers and enumerators.

python dev/gen_c_headers.py        (needs gcc and linux-libc-dev)
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "src" / "seismo" / "c" / "headers" / "constants.py"

HEADERS = """
errno.h fcntl.h sched.h signal.h poll.h sys/epoll.h sys/inotify.h sys/mman.h sys/mount.h
sys/ptrace.h sys/resource.h sys/socket.h sys/stat.h sys/ipc.h sys/shm.h sys/timerfd.h sys/eventfd.h
netinet/in.h netinet/tcp.h netinet/ip_icmp.h netinet/icmp6.h
linux/bpf.h linux/capability.h linux/fs.h linux/futex.h linux/if.h linux/if_ether.h
linux/if_link.h linux/limits.h linux/magic.h
linux/pkt_cls.h linux/prctl.h time.h linux/openat2.h
"""
FAMILIES = """
ADDR AF AT CAP CLONE CLOCK EFD EPOLL ETH FALLOC FUTEX ICMP ICMPV6 IFF IN IP IPC IPPROTO IPV6 LOCK
MADV MAP MFD MNT MREMAP MS MSG O PF POLL PR PRIO PROT PTRACE RENAME RESOLVE RLIMIT SA SCHED SCM SEEK
SHM SHUT SI SIG SO SOCK SOL STATX TC_ACT TCP TCPF TFD VMADDR XATTR XDP
BPF_F BPF_RB BPF_SK BPF_SOCK BPF_SOCK_OPS BPF_FIB BPF_TCP BPF_CSUM BPF_LOCAL BPF_ADJ BPF_MTU
BPF_SKB BPF_LOAD
"""
WANTED = re.compile(
    rf"(?:(?:{'|'.join(FAMILIES.split())})_[A-Z0-9_a-z]+"
    r"|E[A-Z0-9]{2,}|SIG[A-Z0-9]+|S_I[A-Z]{3,5}|F_[A-Z][A-Z_0-9]+|[A-Z]+_MAX"
    r"|[A-Z0-9]+_SUPER_MAGIC|BPF_ANY|BPF_EXIST|BPF_NOEXIST|SK_DROP|SK_PASS|IFNAMSIZ"
    r"|INADDR_[A-Z]+)\Z"
)
# Other than on arm64 (machines.py has them), or other for the kernel than for what runs on it.
LEFT_OUT = re.compile(
    r"(?:AF_MAX|PF_MAX|O_DIRECT|O_DIRECTORY|O_LARGEFILE|O_NOFOLLOW|O_TMPFILE|MAP_32BIT|RTSIG_MAX|EOF"
    r"|SIGRTMIN|SIGRTMAX|SSIZE_MAX|[A-Z]*(?:CHAR|INT|INTMAX|INTPTR|SHRT|LONG|LLONG)_MAX|_POSIX\w*|RAND_MAX)\Z"
)

# What only the kernel's own headers say.
KERNEL = {
    # include/linux/sched.h
    "TASK_RUNNING": "0",
    "TASK_INTERRUPTIBLE": "1",
    "TASK_UNINTERRUPTIBLE": "2",
    "__TASK_STOPPED": "4",
    "__TASK_TRACED": "8",
    "EXIT_DEAD": "16",
    "EXIT_ZOMBIE": "32",
    "EXIT_TRACE": "(EXIT_ZOMBIE | EXIT_DEAD)",
    "TASK_PARKED": "64",
    "TASK_DEAD": "128",
    "TASK_WAKEKILL": "256",
    "TASK_WAKING": "512",
    "TASK_NOLOAD": "1024",
    "TASK_NEW": "2048",
    "TASK_RTLOCK_WAIT": "4096",
    "TASK_FREEZABLE": "8192",
    "TASK_FROZEN": "32768",
    "TASK_COMM_LEN": "16",
    "PF_VCPU": "1",
    "PF_IDLE": "2",
    "PF_EXITING": "4",
    "PF_IO_WORKER": "16",
    "PF_WQ_WORKER": "32",
    "PF_FORKNOEXEC": "64",
    "PF_SUPERPRIV": "256",
    "PF_DUMPCORE": "512",
    "PF_SIGNALED": "1024",
    "PF_MEMALLOC": "2048",
    "PF_KSWAPD": "0x20000",
    "PF_KTHREAD": "0x200000",
    "PF_RANDOMIZE": "0x400000",
    # include/linux/sched/prio.h
    "MAX_NICE": "19",
    "MIN_NICE": "(-20)",
    "MAX_RT_PRIO": "100",
    "MAX_PRIO": "140",
    "DEFAULT_PRIO": "120",
    # include/vdso/time64.h, include/asm-generic/param.h
    "MSEC_PER_SEC": "1000L",
    "USEC_PER_MSEC": "1000L",
    "NSEC_PER_USEC": "1000L",
    "NSEC_PER_MSEC": "1000000L",
    "USEC_PER_SEC": "1000000L",
    "NSEC_PER_SEC": "1000000000L",
    "PSEC_PER_NSEC": "1000L",
    "USER_HZ": "100",
    # include/linux/fs.h
    "FMODE_READ": "0x1",
    "FMODE_WRITE": "0x2",
    "FMODE_LSEEK": "0x4",
    "FMODE_PREAD": "0x8",
    "FMODE_PWRITE": "0x10",
    "FMODE_EXEC": "0x20",
    "FMODE_32BITHASH": "0x200",
    "FMODE_64BITHASH": "0x400",
    "FMODE_NOCMTIME": "0x800",
    "FMODE_RANDOM": "0x1000",
    "FMODE_PATH": "0x4000",
    "FMODE_ATOMIC_POS": "0x8000",
    "FMODE_WRITER": "0x10000",
    "FMODE_CAN_READ": "0x20000",
    "FMODE_CAN_WRITE": "0x40000",
    "FMODE_OPENED": "0x80000",
    "FMODE_CREATED": "0x100000",
    "READ": "0",
    "WRITE": "1",
    "IOCB_EVENTFD": "1",
    "IOCB_APPEND": "2",
    "IOCB_DIRECT": "0x20000",
    "SB_RDONLY": "1",
    # include/linux/kdev_t.h, err.h, blk_types.h, blkdev.h, genhd.h
    "MINORBITS": "20",
    "MAX_ERRNO": "4095",
    "REQ_OP_BITS": "8",
    "SECTOR_SHIFT": "9",
    "SECTOR_SIZE": "512",
    "DISK_NAME_LEN": "32",
    # include/linux/security.h (since 5.1), scatterlist.h, mm.h
    "CAP_OPT_NONE": "0",
    "CAP_OPT_NOAUDIT": "2",
    "CAP_OPT_INSETID": "4",
    "SG_CHAIN": "1UL",
    "SG_END": "2UL",
    "SG_PAGE_LINK_MASK": "(SG_CHAIN | SG_END)",
    "PAGE_SHIFT": "12",
    "VM_NONE": "0x0",
    "VM_READ": "0x1",
    "VM_WRITE": "0x2",
    "VM_EXEC": "0x4",
    "VM_SHARED": "0x8",
    "FAULT_FLAG_WRITE": "0x1",
    "FAULT_FLAG_USER": "0x40",
    # include/linux/socket.h, net/sock.h, net/tcp_states.h, skbuff.h
    "TCP_ACTION_FIN": "(1 << TCP_CLOSE)",
    "SOCK_DEAD": "0",
    "SHUTDOWN_MASK": "3",
    "RCV_SHUTDOWN": "1",
    "SEND_SHUTDOWN": "2",
    "PACKET_HOST": "0",
    # include/linux/stddef.h: enumerators in all kernels' types, but for recorded ones
    "true": "1",
    "false": "0",
    # include/linux/gfp_types.h: bits, enumerators since 6.10
    "___GFP_DMA_BIT": "0",
    "___GFP_HIGHMEM_BIT": "1",
    "___GFP_DMA32_BIT": "2",
    "___GFP_MOVABLE_BIT": "3",
    "___GFP_RECLAIMABLE_BIT": "4",
    "___GFP_HIGH_BIT": "5",
    "___GFP_IO_BIT": "6",
    "___GFP_FS_BIT": "7",
    "___GFP_ZERO_BIT": "8",
    "___GFP_DIRECT_RECLAIM_BIT": "10",
    "___GFP_KSWAPD_RECLAIM_BIT": "11",
    "___GFP_WRITE_BIT": "12",
    "___GFP_NOWARN_BIT": "13",
    "___GFP_RETRY_MAYFAIL_BIT": "14",
    "___GFP_NOFAIL_BIT": "15",
    "___GFP_NORETRY_BIT": "16",
    "___GFP_MEMALLOC_BIT": "17",
    "___GFP_COMP_BIT": "18",
    "___GFP_NOMEMALLOC_BIT": "19",
    "___GFP_HARDWALL_BIT": "20",
    "___GFP_THISNODE_BIT": "21",
    "___GFP_ACCOUNT_BIT": "22",
}

HEAD = '''\
"""Constants of the headers that programs in C include: macros, which no kernel's types know, and
enumerators that are the same in all kernels.

As C writes them, with the suffix of their type; those that x86-64 and arm64 have alike.
Generated by dev/gen_c_headers.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ("CONSTANTS",)

# fmt: off
CONSTANTS: Mapping[str, str] = {
'''
FOOT = "}\n"


def main() -> None:
    """Ask the compiler which names there are, and then for their values."""
    found = values(wanted_names()) | KERNEL
    body = ""
    line = "   "
    for name, value in sorted(found.items()):
        item = f' "{name}": "{value}",'
        if len(line) + len(item) > 100:
            body, line = f"{body}{line}\n", "   "
        line += item
    TARGET.write_text(f"{HEAD}{body}{line}\n{FOOT}", encoding="utf-8")


def wanted_names() -> list[str]:
    """Macros and enumerators of the families."""
    macros = re.findall(r"^#define (\w+) +\S", _gcc(["-dM", "-E"], _includes()), re.MULTILINE)
    text = _gcc(["-E", "-P"], _includes())
    enumerators = [
        name
        for body in re.findall(r"\benum\b[^;{]*\{(.*?)\}", text, re.DOTALL)
        for name in re.findall(r"(?:^|,)\s*(\w+)", body)
    ]
    names = {*macros, *enumerators}
    return sorted(one for one in names if WANTED.match(one) and not LEFT_OUT.match(one))


def values(names: list[str]) -> dict[str, str]:
    """Of the names that are constant integers, as C writes them."""
    lines = [f"static const long long v_{one} = (long long)({one});" for one in names]
    text = _includes() + "\n".join(lines)
    command = ["gcc", "-D_GNU_SOURCE", "-fsyntax-only", "-fmax-errors=0", "-x", "c", "-"]
    said = subprocess.run(command, input=text, capture_output=True, text=True).stderr
    first = _includes().count("\n") + 1
    wrong = {int(one) - first for one in re.findall(r"^<stdin>:(\d+):\d+: error", said, re.M)}
    good = [one for number, one in enumerate(names) if number not in wrong]
    return dict(line.split(" ", 1) for line in _run(_printer(good)).splitlines())


def _printer(names: list[str]) -> str:
    calls = "".join(f'  print("{one}", (long long)({one}), SUFFIX({one}));\n' for one in names)
    return f"""{_includes()}
#include <stdio.h>
#define SUFFIX(x) _Generic((x), int: "", unsigned: "U", long: "L", unsigned long: "UL", \\
    long long: "LL", unsigned long long: "ULL", default: "?")
static void print(const char *name, long long value, const char *suffix) {{
  if (*suffix == '?') return;
  if (*suffix == 'U') printf("%s %llu%s\\n", name, *(suffix + 1) ? value : value & 0xffffffff,
                             suffix);
  else if (value < 0) printf("%s (%lld%s)\\n", name, value, suffix);
  else printf("%s %lld%s\\n", name, value, suffix);
}}
int main(void) {{
{calls}}}
"""


def _includes() -> str:
    return "".join(f"#include <{one}>\n" for one in HEADERS.split())


def _run(text: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "program"
        command = ["gcc", "-D_GNU_SOURCE", "-w", "-x", "c", "-", "-o", str(program)]
        subprocess.run(command, input=text, text=True, check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def _gcc(flags: list[str], text: str) -> str:
    command = ["gcc", "-D_GNU_SOURCE", *flags, "-x", "c", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
