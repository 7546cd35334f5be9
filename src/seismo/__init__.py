"""Seismo: a seismograph for the Linux kernel, with an eBPF compiler of its own.

>>> import seismo
>>> with seismo.Object.open("tcptop.bpf.o") as obj: ...

The names below are imported when they are first used: `import seismo` alone costs nothing.
"""

from __future__ import annotations

# What type checkers take for `typing.TYPE_CHECKING`; `typing` itself would take 5 ms.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from seismo.api.codec import Codec, EnumValue
    from seismo.api.errors import UnknownName, WrongState, WrongType, WrongValue
    from seismo.api.events import Events
    from seismo.api.links import Link
    from seismo.api.maps import Map
    from seismo.api.object import Object
    from seismo.api.programs import Program
    from seismo.api.record import Record
    from seismo.api.trace import Trace, TraceEvent, trace
    from seismo.base.errors import BpfError, FormatError, NotSupported, SyscallError
    from seismo.objects.errors import AttachRefused, KeyMissing
    from seismo.objects.verifier_log import VerifierError

__all__ = (
    "AttachRefused",
    "BpfError",
    "Codec",
    "EnumValue",
    "Events",
    "FormatError",
    "KeyMissing",
    "Link",
    "Map",
    "NotSupported",
    "Object",
    "Program",
    "Record",
    "SyscallError",
    "Trace",
    "TraceEvent",
    "UnknownName",
    "VerifierError",
    "WrongState",
    "WrongType",
    "WrongValue",
    "__version__",
    "trace",
)

__version__ = "0.1.0"

_PLACES = {
    "seismo.api.codec": ("Codec", "EnumValue"),
    "seismo.api.errors": ("UnknownName", "WrongState", "WrongType", "WrongValue"),
    "seismo.api.events": ("Events",),
    "seismo.api.links": ("Link",),
    "seismo.api.maps": ("Map",),
    "seismo.api.object": ("Object",),
    "seismo.api.programs": ("Program",),
    "seismo.api.record": ("Record",),
    "seismo.api.trace": ("Trace", "TraceEvent", "trace"),
    "seismo.base.errors": ("BpfError", "FormatError", "NotSupported", "SyscallError"),
    "seismo.objects.errors": ("AttachRefused", "KeyMissing"),
    "seismo.objects.verifier_log": ("VerifierError",),
}


if not TYPE_CHECKING:

    def __getattr__(name):  # noqa: ANN001, ANN202
        """A name of `__all__`, from where it is (PEP 562)."""
        for module, names in _PLACES.items():
            if name in names:
                value = globals()[name] = getattr(__import__(module, fromlist=[name]), name)
                return value
        raise AttributeError(f"module 'seismo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
