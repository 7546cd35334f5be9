"""The arrays that BPF_OBJ_GET_INFO_BY_FD of a program fills: code, maps, functions, lines."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import Array, addressof, c_char, create_string_buffer, sizeof

from seismo.kernel import bpf
from seismo.kernel.abi import BpfProgInfo, Cmd, ObjInfoAttr
from seismo.kernel.protocol import Kernel

__all__ = ("prog_arrays",)

# Name: the field for the address, the one for the count, and the bytes of each or their field.
_ARRAYS: Mapping[str, tuple[str, str, int | str]] = {
    "xlated": ("xlated_prog_insns", "xlated_prog_len", 1),
    "jited": ("jited_prog_insns", "jited_prog_len", 1),
    "map_ids": ("map_ids", "nr_map_ids", 4),
    "jited_ksyms": ("jited_ksyms", "nr_jited_ksyms", 8),
    "jited_func_lens": ("jited_func_lens", "nr_jited_func_lens", 4),
    "func_info": ("func_info", "nr_func_info", "func_info_rec_size"),
    "line_info": ("line_info", "nr_line_info", "line_info_rec_size"),
}


def prog_arrays(kernel: Kernel, fd: int, *names: str) -> Mapping[str, list[bytes]]:
    """The elements of those arrays, by the names of `_ARRAYS`; code is one element.

    What the caller may not see (the addresses that code has in it) is left out. Since Linux 4.13,
    functions and lines since 5.0.
    """
    known = bpf.prog_info(kernel, fd)
    asked = BpfProgInfo()
    buffers: dict[str, tuple[Array[c_char], int]] = {}
    for name in names:
        address, count, each = _ARRAYS[name]
        size = each if isinstance(each, int) else getattr(known, each)
        buffer = create_string_buffer(max(1, getattr(known, count) * size))
        buffers[name] = buffer, size
        setattr(asked, address, addressof(buffer))
        setattr(asked, count, getattr(known, count))
        if isinstance(each, str):
            setattr(asked, each, size)
    attr = ObjInfoAttr(bpf_fd=fd, info_len=sizeof(asked), info=addressof(asked))
    kernel.bpf(Cmd.OBJ_GET_INFO_BY_FD, attr)
    found: dict[str, list[bytes]] = {}
    for name, (buffer, size) in buffers.items():
        address, count, _ = _ARRAYS[name]
        # The kernel takes the address away from what it does not fill.
        told = min(getattr(asked, count), getattr(known, count)) if getattr(asked, address) else 0
        found[name] = _cut(buffer.raw[: told * size], size)
    return found


def _cut(data: bytes, size: int) -> list[bytes]:
    if size <= 1:
        return [data] if data else []
    return [data[at : at + size] for at in range(0, len(data), size)]
