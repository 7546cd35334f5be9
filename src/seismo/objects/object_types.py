"""`ObjectTypes`: what one object's programs and maps refer to by number: its own BTF, modules'.

>>> with ObjectTypes(kernel, spec) as types:
...     types.describe(program, attr)
"""

from __future__ import annotations

import errno
import struct
import sys
from array import array
from collections.abc import Sequence
from contextlib import ExitStack

from seismo.base.bits import U32_MAX
from seismo.base.closing import Closing
from seismo.base.dataclass import replace
from seismo.btf.ext import FUNC_INFO_BYTES, LINE_INFO_BYTES, LineInfo
from seismo.btf.read import Reader
from seismo.isa.insn import Insn
from seismo.kernel import bpf
from seismo.kernel.abi import ProgLoadAttr
from seismo.kernel.bpf import LoadRefused
from seismo.kernel.btf_object import open_module_btf
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.objects.btf_fit import fit_btf, novelties, unknown
from seismo.spec.types import ObjectSpec, ProgramSpec

__all__ = ("ObjectTypes", "read_lines")

_LOG_BYTES = 1 << 16
_BYTE_ORDER = "<" if sys.byteorder == "little" else ">"


class ObjectTypes(Closing):
    """Owns the fds; they must last until the maps are made and the programs loaded.

    `fd` is that of the object's BTF, None where there is none, or none that this kernel takes:
    programs run without it as long as they need none, so `refusal` keeps what the kernel said.
    """

    def __init__(self, kernel: Kernel, spec: ObjectSpec) -> None:
        """Raises `SyscallError`; `NotInKernel` for a module that is not loaded."""
        self._btf = spec.btf
        self._modules: dict[str, int] = {}
        self._fds = array("i", [0])
        self.fd: Fd | None = None
        self.refusal = ""
        with ExitStack() as owned:
            if spec.btf:
                self._load(kernel, owned)
            for name in dict.fromkeys(name for one in spec.programs for _, name in one.module_refs):
                self._modules[name] = len(self._fds)
                self._fds.append(int(owned.enter_context(open_module_btf(kernel, name))))
            self._owned = owned.pop_all()

    def describe(self, spec: ProgramSpec, attr: ProgLoadAttr) -> None:
        """Tell `attr` of the program's functions and lines, and of the modules that it needs."""
        if self.fd is not None and spec.func_infos:
            attr.prog_btf_fd = int(self.fd)
            attr.func_info = spec.func_infos
            attr.func_info_rec_size = FUNC_INFO_BYTES
            attr.func_info_cnt = len(spec.func_infos) // FUNC_INFO_BYTES
            attr.line_info = spec.line_infos
            attr.line_info_rec_size = LINE_INFO_BYTES
            attr.line_info_cnt = len(spec.line_infos) // LINE_INFO_BYTES
        if spec.module_refs:
            attr.fd_array = self._fds.tobytes()

    def bind(self, spec: ProgramSpec, insns: list[Insn]) -> None:
        """Put the modules into the instructions: a call has an index into `fd_array`, where 0 is
        the kernel itself (Linux 5.16), a 64-bit load the BTF's fd in its upper half (5.10)."""
        for index, name in spec.module_refs:
            insn, place = insns[index], self._modules[name]
            if insn.is_kfunc_call:
                insns[index] = replace(insn, off=place)
            else:
                insns[index] = replace(insn, imm=self._fds[place] << 32 | insn.imm & U32_MAX)

    def lines(self, spec: ProgramSpec) -> Sequence[LineInfo]:
        """The source lines of a program; `instruction` counts slots."""
        return read_lines(spec.line_infos, self._btf) if spec.line_infos else ()

    def close(self) -> None:
        """Close what was opened; a second time does nothing."""
        self._owned.close()

    def _load(self, kernel: Kernel, owned: ExitStack) -> None:
        try:
            number = _load_fitting(kernel, self._btf)
        except LoadRefused as error:
            if error.errno == errno.EPERM:
                raise
            lines = error.log.strip().splitlines()
            self.refusal = lines[-1] if lines else str(error)
            return
        self.fd = owned.enter_context(Fd(kernel, number, "BTF"))


def read_lines(line_infos: bytes, btf: bytes) -> tuple[LineInfo, ...]:
    """`struct bpf_line_info[]` with the strings that it refers to in `btf`."""
    reader = Reader(btf)
    return tuple(
        [
            LineInfo(
                instruction=slot,
                file=reader.excerpt(file),
                text=reader.excerpt(text),
                line=place >> 10,
                column=place & 0x3FF,
            )
            for slot, file, text, place in struct.iter_unpack(f"{_BYTE_ORDER}IIII", line_infos)
        ]
    )


def _load_fitting(kernel: Kernel, btf: bytes) -> int:
    """The fd of the BTF, made to fit an older kernel where need be. Raises `LoadRefused`."""
    try:
        return bpf.btf_load(kernel, btf)
    except LoadRefused as error:
        missing = [one for one in novelties(btf) if unknown(kernel, one)]
        if not missing:
            if error.errno == errno.EPERM:
                raise
            return bpf.btf_load(kernel, btf, _LOG_BYTES)
    return bpf.btf_load(kernel, fit_btf(btf, missing), _LOG_BYTES)
