"""`ListeningKernel`: the live kernel, and what its verifier says of the programs that it takes."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import addressof, create_string_buffer

from seismo.kernel.abi import BpfAttr, Cmd, ProgLoadAttr
from seismo.kernel.live import LiveKernel

__all__ = ("ListeningKernel",)

# Kernels before 5.2 take no larger log.
_LOG_BYTES = (1 << 24) - 1
_BPF_LOG_LEVEL2 = 2  # include/linux/bpf_verifier.h: of an accepted program, too, every instruction


class ListeningKernel(LiveKernel):
    """Tells `hear` the name and the log of every program that is loaded without a log of its own.

    A program whose log does not fit 16 MiB is refused (ENOSPC), as bpf(2) has it.
    """

    def __init__(self, hear: Callable[[str, str], None]) -> None:
        super().__init__()
        self._hear = hear

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        if not isinstance(attr, ProgLoadAttr) or cmd is not Cmd.PROG_LOAD or attr.log_level:
            return super().bpf(cmd, attr)
        log = create_string_buffer(_LOG_BYTES)
        attr.log_level, attr.log_size, attr.log_buf = _BPF_LOG_LEVEL2, len(log), addressof(log)
        try:
            return super().bpf(cmd, attr)
        finally:
            self._hear(attr.prog_name.decode(), log.value.decode(errors="replace"))
            attr.log_level, attr.log_size, attr.log_buf = 0, 0, None
