"""`KernelHeaders`: what the headers of one kernel define beside types, for the preprocessor.

>>> headers = KernelHeaders(view)
>>> headers.macros["AF_INET6"]
'AF_INET6 10'
>>> headers.prelude_for({"inet_sk"})
'static inline struct inet_sock *inet_sk(const struct sock *sk) { return …; }'

What a kernel alone can tell (`DNAME_INLINE_LEN`, `CONFIG_NUMA`) it is asked where a program names
it. Its version and the rest of its configuration come as definitions from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

from seismo.base.errors import NotSupported
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import find_member, size_of
from seismo.btf.types import Kind
from seismo.c.headers.constants import CONSTANTS
from seismo.c.headers.core import CORE
from seismo.c.headers.dialect import DIALECT
from seismo.c.headers.functions import DECLARATIONS
from seismo.c.headers.machines import machine_macros
from seismo.c.headers.macros import MACROS
from seismo.probes.view import KernelView

__all__ = ("KernelHeaders", "version_code")

_NAME = re.compile(r"[A-Za-z_]\w*")

# What the kernel has with the option, and has not without it: a struct, or a typedef of one, and a
# member.
_EVIDENCE = {
    "CONFIG_AUDIT": ("task_struct", "loginuid"),
    "CONFIG_BLK_CGROUP": ("request_queue", "root_blkg"),
    "CONFIG_CGROUPS": ("task_struct", "cgroups"),
    "CONFIG_FAIR_GROUP_SCHED": ("sched_entity", "my_q"),
    "CONFIG_IPV6": ("sock_common", "skc_v6_daddr"),
    "CONFIG_KEYS": ("cred", "session_keyring"),
    "CONFIG_MEMCG": ("mem_cgroup", "css"),
    "CONFIG_NET_NS": ("possible_net_t", "net"),
    "CONFIG_NUMA": ("zone", "node"),
    "CONFIG_SECURITY": ("cred", "security"),
    "CONFIG_SLUB": ("kmem_cache", "min_partial"),
    "CONFIG_SLUB_CPU_PARTIAL": ("kmem_cache", "cpu_partial"),
    "CONFIG_SMP": ("rq", "cpu"),
    "CONFIG_TASK_IO_ACCOUNTING": ("task_struct", "ioac"),
}

_INLINE_NAME = "DNAME_INLINE_LEN"

# Enumerators that have other values in other kernels; the constants are those of older ones.
_MOVING = "___GFP_"


class KernelHeaders:
    """The headers of the kernel that a view shows; with `has_core`, and libbpf's macros."""

    def __init__(self, view: KernelView, *, has_core: bool = True) -> None:
        self._macros = _Macros(view, CORE if has_core else {})

    @property
    def macros(self) -> Mapping[str, str]:
        """Name to what follows `#define `."""
        return self._macros

    def prelude_for(self, identifiers: Set[str]) -> str:
        """The functions and types that a text needs which mentions `identifiers` and defines none
        of them, each after what it needs itself; '' for none."""
        found: list[str] = []
        seen: set[str] = set()
        for name in sorted(identifiers):
            _add(name, found, seen)
        return "\n".join(found)


def _add(name: str, found: list[str], seen: set[str]) -> None:
    """Adds the declaration of `name`, or those that BCC's macro of that name comes down to."""
    declaration = DECLARATIONS.get(name, "")
    text = declaration or DIALECT.get(name, "")
    if not text or name in seen:
        return
    seen.add(name)
    for inner in _NAME.findall(text):
        _add(inner, found, seen)
    if declaration:
        found.append(declaration)


class _Macros(Mapping[str, str]):
    """All macros by name, each made when it is asked for."""

    def __init__(self, view: KernelView, core: Mapping[str, str]) -> None:
        self._view = view
        self._tables = (DIALECT, MACROS, core, machine_macros(view.machine()))

    def __getitem__(self, name: str) -> str:
        for table in self._tables:
            if name in table:
                return table[name]
        if name in CONSTANTS:
            return f"{name} {self._moved(name) or CONSTANTS[name]}"
        if name == _INLINE_NAME:
            return f"{name} {self._inline_name_bytes()}"
        if name in _EVIDENCE and self._has(*_EVIDENCE[name]):
            return f"{name} 1"
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        for table in self._tables:
            yield from table
        yield from CONSTANTS
        yield from (name for name in (*_EVIDENCE, _INLINE_NAME) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _moved(self, name: str) -> str:
        """The value that this kernel has for an enumerator; '' where it does not say."""
        if not name.startswith(_MOVING):
            return ""
        try:
            return str(self._view.btf().enum_value(name))
        except (BtfNotFound, NotSupported):
            return ""

    def _has(self, record: str, member: str) -> bool:
        """Whether the kernel has the struct with that member."""
        try:
            btf = self._view.btf()
            kind = Kind.TYPEDEF if record.endswith("_t") else Kind.STRUCT
            find_member(btf, btf.find(record, kind), member)
        except (BtfNotFound, NotSupported):
            return False
        return True

    def _inline_name_bytes(self) -> int:
        """How long the name within a `struct dentry` may be, its NUL included: a union of its own
        in newer kernels (6.18), an array of characters in older ones."""
        try:
            btf = self._view.btf()
            if unions := btf.find_all("shortname_store", Kind.UNION):
                return size_of(btf, unions[0])
            dentry = btf.find("dentry", Kind.STRUCT)
            return size_of(btf, find_member(btf, dentry, "d_iname").type)
        except (BtfNotFound, NotSupported):
            raise KeyError(_INLINE_NAME) from None


def version_code(release: str) -> int:
    """`LINUX_VERSION_CODE` of a kernel that calls itself so: `6.18.44-generic`."""
    numbers = [int(one) for one in re.findall(r"\d+", release)[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return (major << 16) + (minor << 8) + min(patch, 255)
