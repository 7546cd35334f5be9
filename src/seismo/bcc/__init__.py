"""BCC's Python API: programs written for BCC run without it, and without a compiler's library.

>>> from seismo.bcc import BPF
>>> b = BPF(text=program)
>>> b["events"].open_perf_buffer(print_event)

`python -m seismo.bcc tool.py` runs a tool as it is, with `import bcc` meaning this package. The
names below are imported when they are first used.
"""

from __future__ import annotations

# What type checkers take for `typing.TYPE_CHECKING`; `typing` itself would take 5 ms.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from seismo.bcc.bpf import (
        BPF,
        DEBUG_BPF,
        DEBUG_BPF_REGISTER_STATE,
        DEBUG_BTF,
        DEBUG_LLVM_IR,
        DEBUG_PREPROCESSOR,
        DEBUG_SOURCE,
    )
    from seismo.bcc.disassembler import disassemble_prog
    from seismo.bcc.errors import (
        BccError,
        NotAttached,
        NotTraceable,
        UnknownFunction,
        UnknownTable,
    )
    from seismo.bcc.numbers import (
        BPFAttachType,
        BPFProgType,
        PerfEventSampleFormat,
        PerfHWConfig,
        PerfSWConfig,
        PerfType,
        XDPAction,
        XDPFlags,
    )
    from seismo.bcc.perf import Perf
    from seismo.bcc.table.table import Table
    from seismo.bcc.usdt import USDT, USDTException, USDTProbe
    from seismo.bcc.utils import (
        ArgString,
        StrcmpRewrite,
        detect_language,
        get_online_cpus,
        get_possible_cpus,
        printb,
    )
    from seismo.bcc.version import __version__

__all__ = (
    "BPF",
    "DEBUG_BPF",
    "DEBUG_BPF_REGISTER_STATE",
    "DEBUG_BTF",
    "DEBUG_LLVM_IR",
    "DEBUG_PREPROCESSOR",
    "DEBUG_SOURCE",
    "USDT",
    "ArgString",
    "BPFAttachType",
    "BPFProgType",
    "BccError",
    "NotAttached",
    "NotTraceable",
    "Perf",
    "PerfEventSampleFormat",
    "PerfHWConfig",
    "PerfSWConfig",
    "PerfType",
    "StrcmpRewrite",
    "Table",
    "USDTException",
    "USDTProbe",
    "UnknownFunction",
    "UnknownTable",
    "XDPAction",
    "XDPFlags",
    "__version__",
    "detect_language",
    "disassemble_prog",
    "get_online_cpus",
    "get_possible_cpus",
    "printb",
)

_PLACES = {
    "seismo.bcc.bpf": (
        *("BPF", "DEBUG_BPF", "DEBUG_BPF_REGISTER_STATE", "DEBUG_BTF"),
        *("DEBUG_LLVM_IR", "DEBUG_PREPROCESSOR", "DEBUG_SOURCE"),
    ),
    "seismo.bcc.disassembler": ("disassemble_prog",),
    "seismo.bcc.errors": (
        *("BccError", "NotAttached", "NotTraceable", "UnknownFunction", "UnknownTable"),
    ),
    "seismo.bcc.numbers": (
        *("BPFAttachType", "BPFProgType", "PerfEventSampleFormat", "PerfHWConfig"),
        *("PerfSWConfig", "PerfType", "XDPAction", "XDPFlags"),
    ),
    "seismo.bcc.perf": ("Perf",),
    "seismo.bcc.table.table": ("Table",),
    "seismo.bcc.usdt": ("USDT", "USDTException", "USDTProbe"),
    "seismo.bcc.utils": (
        *("ArgString", "StrcmpRewrite", "detect_language", "get_online_cpus"),
        *("get_possible_cpus", "printb"),
    ),
    "seismo.bcc.version": ("__version__",),
}


if not TYPE_CHECKING:

    def __getattr__(name):  # noqa: ANN001, ANN202
        """A name of `__all__`, from where it is (PEP 562)."""
        for module, names in _PLACES.items():
            if name in names:
                value = globals()[name] = getattr(__import__(module, fromlist=[name]), name)
                return value
        raise AttributeError(f"module 'seismo.bcc' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
