"""Which `#include <…>` are taken for the kernel's: those that can be, since their types are BTF's.

>>> is_header("linux/sched.h"), is_header("sched/linux.h")
(True, False)
"""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean

__all__ = ("header_hint", "is_header")

_KERNEL = (
    "acpi asm asm-generic bcc block bpf crypto drm drivers fs generated kernel keys kvm linux "
    "media misc mm mtd net pcmcia ras rdma scsi soc sound target trace uapi vdso video xen"
)
_LIBRARY = "arpa bits gnu netinet netpacket sys"
_PLAIN = (
    "assert ctype errno fcntl features float inttypes iso646 limits poll pthread sched signal "
    "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string time unistd "
    "vmlinux"
)


def is_header(name: str) -> bool:
    """Whether the name is that of a header of the kernel, of BCC or of the C library."""
    directory, _, rest = name.partition("/")
    if not name.endswith(".h"):
        return False
    if not rest:
        return name.removesuffix(".h") in _PLAIN.split()
    return directory in f"{_KERNEL} {_LIBRARY}".split()


def header_hint(name: str) -> str:
    """What may have been meant by the name of a header that there is not."""
    directory, _, rest = name.partition("/")
    if not rest:
        return did_you_mean(name, [f"{one}.h" for one in _PLAIN.split()])
    if not name.endswith(".h"):
        return "the name of a header ends in '.h'"
    if hint := did_you_mean(directory, _KERNEL.split()):
        return hint.replace("'?", f"/{rest}'?")
    return "headers are not read, but for those in the directories of -I; types come from BTF"
