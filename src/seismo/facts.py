"""`LiveFacts`: what linking an object file asks of the running kernel, as `KernelFacts` has it.

>>> facts = LiveFacts(LiveKernel())
>>> hex(facts.version())
'0x60105'
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from seismo.base.errors import NotSupported, SyscallError
from seismo.btf.errors import BtfNotFound
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import Kind
from seismo.elf.errors import BinaryNotFound
from seismo.elf.file import ElfFile
from seismo.elf.open import map_file
from seismo.kernel.config import kernel_config
from seismo.kernel.errors import NotInKernel
from seismo.kernel.features.names import BTF_TARGETS, named_feature
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.proc import kernel_release, possible_cpus, sysctl
from seismo.kernel.protocol import Kernel
from seismo.probes.view import SymbolNotFound

__all__ = ("LiveFacts", "open_types")

_BTF_DIRECTORY = "/sys/kernel/btf"
_BTF_SECTION = ".BTF"
_ELF_MAGIC = b"\x7fELF"
# What Ubuntu built from: `Ubuntu 5.4.0-12.15-generic 5.4.8`.
_SIGNATURE = "/proc/version_signature"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_DEBIAN_VERSION = re.compile(r"Debian (\d+)\.(\d+)\.(\d+)")
# `SYSCALL_DEFINE` in include/linux/syscalls.h and arch/*/include/asm/syscall_wrapper.h.
_WRAPPED_SYSCALLS = ("__x64_sys_bpf", "__arm64_sys_bpf")


class LiveFacts:
    """The running kernel; `btf` is a file to take the kernel's own types from: raw BTF, or an ELF
    file with a section `.BTF`. Each answer is found out when it is first asked for.

    The modules' types continue those of the running kernel: with `btf` there are none.
    """

    def __init__(self, kernel: Kernel, btf: str = "") -> None:
        self._kernel = kernel
        self._path = btf
        self._features = FeatureProbe(kernel)
        self._modules: dict[str, Btf] = {}

    def btf(self) -> Btf:
        """The kernel's own types. Raises `NotSupported` for a kernel without them (Linux 5.4, with
        CONFIG_DEBUG_INFO_BTF), `BtfError` or `ElfError` for a file that is malformed, and
        `SyscallError` for one that cannot be read."""
        return self._btf

    def own_btf(self) -> Btf:
        """The running kernel's own, whatever file stands in for them; `NotSupported`."""
        return self._own_btf

    def modules(self) -> Iterator[tuple[str, Btf]]:
        """Name and types of each loaded module, by name, opened one after the other. Linux 5.11.

        Modules come and go: one that is gone when it is opened is passed over.
        """
        if self._path or not os.path.isdir(_BTF_DIRECTORY):
            return
        for name in sorted(os.listdir(_BTF_DIRECTORY)):
            if name == "vmlinux":
                continue
            if name not in self._modules:
                try:
                    self._modules[name] = Btf.open(f"{_BTF_DIRECTORY}/{name}", self._btf)
                except FileNotFoundError:
                    continue
            yield name, self._modules[name]

    def symbol(self, name: str) -> int:
        """The address of a kernel symbol. Raises `SymbolNotFound` when there is none that can be
        seen, `NotSupported` when several places have that name."""
        try:
            address = self._symbols.address(name)
            places = {one.address for one in self._symbols.symbols(name)}
        except NotInKernel as error:
            raise SymbolNotFound(name, error.hint) from None
        except NotSupported as error:
            raise SymbolNotFound(name, f"{error.why}: {error.hint}") from None
        if len(places) > 1:
            why = f"it is at {len(places)} addresses"
            raise NotSupported(f"kernel symbol {name}", why, "which one is meant cannot be said")
        return address

    def config(self) -> Mapping[str, str]:
        """The options of the kernel's build, spelled as in its `.config`: `y`, `250`, `"text"`.

        Raises `NotSupported` when neither /proc nor /boot has them.
        """
        if not self._config:
            hint = "it takes CONFIG_IKCONFIG_PROC, or the file /boot/config-RELEASE"
            raise NotSupported("the kernel's configuration", "it cannot be read", hint)
        return self._config

    def version(self) -> int:
        """`LINUX_VERSION_CODE`: 6.1.5 is 0x060105. Raises `NotSupported` for an unusual release.

        The release's name may say another number than the source did: Ubuntu has the true one in
        /proc/version_signature, Debian in what `uname -v` prints.
        """
        release = kernel_release(self._kernel)
        found = (
            _VERSION.match(self._signature)
            or _DEBIAN_VERSION.search(sysctl(self._kernel, "kernel.version"))
            or _VERSION.match(release)
        )
        if found is None:
            raise NotSupported("the kernel's version", f"'{release}' begins with no such number")
        major, minor, patch = (int(number) for number in found.groups())
        return major << 16 | minor << 8 | min(patch, 255)

    def possible_cpus(self) -> int:
        """How many CPUs there may be."""
        return len(possible_cpus(self._kernel))

    def machine(self) -> str:
        """The architecture as `uname -m` prints it."""
        return os.uname().machine

    def has(self, feature: str) -> bool:
        """Whether the kernel can do it, by the names of `probes.view.FEATURE_NAMES`, tried and not
        assumed; `syscall_wrapper`: whether system calls are `__x64_sys_bpf` and not `sys_bpf`."""
        if feature == "syscall_wrapper":
            return any(self._is_symbol(name) for name in _WRAPPED_SYSCALLS)
        try:
            btf_id = self._function_id(BTF_TARGETS[feature]) if feature in BTF_TARGETS else 0
        except (BtfNotFound, NotSupported):
            return False
        return self._features.ask(named_feature(feature, btf_id)).works

    @cached_property
    def _btf(self) -> Btf:
        return open_types(self._path) if self._path else self._own_btf

    @cached_property
    def _own_btf(self) -> Btf:
        try:
            return Btf.open(VMLINUX)
        except OSError as error:
            hint = "it takes a kernel with CONFIG_DEBUG_INFO_BTF, or a file with its types"
            why = f"{VMLINUX}: {error.strerror}"
            raise NotSupported("kernel types", why, hint) from None

    @cached_property
    def _symbols(self) -> Kallsyms:
        return Kallsyms.read(self._kernel)

    @cached_property
    def _config(self) -> Mapping[str, str]:
        return kernel_config(self._kernel)

    @property
    def _signature(self) -> str:
        """The version at the end of Ubuntu's signature; '' elsewhere."""
        try:
            words = self._kernel.read_file(_SIGNATURE).decode().split()
        except SyscallError:
            return ""
        return words[2] if len(words) > 2 else ""

    def _function_id(self, name: str) -> int:
        """Its id in the running kernel's own BTF, whatever file stands in for it."""
        return self._own_btf.find(name, Kind.FUNC)

    def _is_symbol(self, name: str) -> bool:
        try:
            return bool(self._symbols.symbols(name))
        except NotInKernel:
            return False


def open_types(path: str, base: Btf | None = None) -> Btf:
    """The types in a file: raw BTF, or an ELF file with a section `.BTF`; of a kernel module only
    with its `base`.

    Raises `BtfError` or `ElfError` (with the offset) for what is malformed, `BtfNotFound` for an
    ELF file without types, `BinaryNotFound` or `SyscallError` for a file that cannot be read.
    """
    if not _is_elf(path):
        return Btf.open(path, base)
    file = ElfFile(map_file(path), path)
    section = file.sections.get(_BTF_SECTION)
    if section is None:
        hint = "pahole -J adds them, for a program of C compiled with -g"
        raise BtfNotFound(f"{path} has no section {_BTF_SECTION}", hint)
    return Btf(bytes(file.content(section)), base, path)


def _is_elf(path: str) -> bool:
    """Whether it is an ELF file. What sysfs has cannot always be mapped, but it can be read."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_ELF_MAGIC)) == _ELF_MAGIC
    except FileNotFoundError:
        raise BinaryNotFound(path, "there is no such file") from None
    except OSError as error:
        raise SyscallError(f"open {path}", error.errno or 0) from error
