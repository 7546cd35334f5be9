"""What the kernel has to know of a program's functions: a BTF `Func` for where each begins.

It takes no callback without it, and names the functions by it in traces and listings.
"""

from __future__ import annotations

import re

from seismo.btf.ext import FUNC_INFO_BYTES, FuncInfo, pack_func_infos
from seismo.btf.types import Func, FuncLinkage, FuncProto, Int, Param, Ptr, Type
from seismo.btf.write import write
from seismo.isa.insn import slot_starts
from seismo.kernel import bpf
from seismo.kernel.abi import ProgLoadAttr
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.spec.types import FunctionInfo, ProgramSpec

__all__ = ("describe_functions",)

# The ids of the first two types.
_NUMBER, _POINTER = 1, 2
_VOID = 0


def describe_functions(kernel: Kernel, spec: ProgramSpec, attr: ProgLoadAttr) -> Fd:
    """Tell `attr` of the functions of `spec`; the BTF behind the fd must last until the load.

    Raises `SyscallError`. Since Linux 5.6, which knows static functions.
    """
    types: list[Type] = [Int("u64", 8), Ptr(_VOID)]
    infos: list[FuncInfo] = []
    starts = slot_starts(spec.insns)
    for function in spec.functions:
        types.append(_proto(function))
        types.append(Func(_identifier(function.name), len(types), FuncLinkage.STATIC))
        infos.append(FuncInfo(starts[function.start], len(types)))
    fd = Fd(kernel, bpf.btf_load(kernel, write(types)), "BTF", spec.name)
    attr.prog_btf_fd = int(fd)
    attr.func_info = pack_func_infos(infos)
    attr.func_info_rec_size = FUNC_INFO_BYTES
    attr.func_info_cnt = len(infos)
    return fd


def _proto(function: FunctionInfo) -> FuncProto:
    """The kernel refuses a parameter without a name."""
    params = [
        Param(f"arg{index}", _POINTER if is_pointer else _NUMBER)
        for index, is_pointer in enumerate(function.pointers)
    ]
    return FuncProto(_NUMBER, tuple(params))


def _identifier(name: str) -> str:
    """`name` as C could have it, which the kernel insists on."""
    return re.sub(r"\W|^(?=\d)", "_", name, flags=re.ASCII)
