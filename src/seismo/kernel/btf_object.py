"""Type information that the kernel holds as objects: that of modules and of BPF programs."""

from __future__ import annotations

import errno
from ctypes import addressof, create_string_buffer, sizeof

from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.kernel.abi import Cmd, IdAttr, ObjInfoAttr
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.link_abi import BpfBtfInfo
from seismo.kernel.protocol import Kernel

__all__ = ("BtfInfo", "btf_bytes", "btf_info", "open_btf", "open_module_btf")

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class BtfInfo:
    """What the kernel says of types; `name` is `vmlinux`, a module's, or '' if not its own."""

    id: int
    name: str
    size: int
    is_kernel: bool


def open_btf(kernel: Kernel, number: int) -> Fd:
    """BPF_BTF_GET_FD_BY_ID. Since Linux 4.18."""
    fd = kernel.bpf(Cmd.BTF_GET_FD_BY_ID, IdAttr(start_id=number))
    return Fd(kernel, fd, "BTF", f"id {number}")


def open_module_btf(kernel: Kernel, module: str) -> Fd:
    """The BTF object of a kernel module; `NotInKernel` when no such module is loaded.

    Needs CAP_SYS_ADMIN. Since Linux 5.11.
    """
    number = 0
    while number := _next_id(kernel, number):
        try:
            fd = open_btf(kernel, number)
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise
            continue
        try:
            info = btf_info(kernel, fd)
        except SyscallError:
            fd.close()
            raise
        if info.is_kernel and info.name == module:
            return fd
        fd.close()
    raise NotInKernel("module", module, "is it loaded, and does it have BTF?")


def btf_info(kernel: Kernel, fd: Fd) -> BtfInfo:
    """BPF_OBJ_GET_INFO_BY_FD of types. Since Linux 4.18, names since 5.11."""
    name = create_string_buffer(_LONGEST_NAME)
    info = _info(kernel, fd, BpfBtfInfo(name=addressof(name), name_len=_LONGEST_NAME))
    return BtfInfo(info.id, name.value.decode(), info.btf_size, bool(info.kernel_btf))


def btf_bytes(kernel: Kernel, fd: Fd) -> bytes:
    """The blob behind a BTF object."""
    size = _info(kernel, fd, BpfBtfInfo()).btf_size
    blob = create_string_buffer(size)
    _info(kernel, fd, BpfBtfInfo(btf=addressof(blob), btf_size=size))
    return blob.raw


def _next_id(kernel: Kernel, after: int) -> int:
    attr = IdAttr(start_id=after)
    try:
        kernel.bpf(Cmd.BTF_GET_NEXT_ID, attr)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        return 0
    found: int = attr.next_id
    return found


def _info(kernel: Kernel, fd: Fd, info: BpfBtfInfo) -> BpfBtfInfo:
    attr = ObjInfoAttr(bpf_fd=int(fd), info_len=sizeof(info), info=addressof(info))
    kernel.bpf(Cmd.OBJ_GET_INFO_BY_FD, attr)
    return info
