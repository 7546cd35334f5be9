"""`EventType`: what one type of event is: its name, its families, its fields and their meaning.

>>> openat = catalog["openat"]
>>> [field.name for field in openat.fields]
['dfd', 'filename', 'flags', 'mode']
"""

from __future__ import annotations

from seismo.audit.record.layout import Capture
from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.base.layout import Layout

__all__ = ("CaptureOf", "EventField", "EventType", "FieldKind")


class FieldKind(Enum):
    """What a field's value is, and so how it is decoded, shown and typed.

    In Python: int for the first ten, str for what is text, bytes, dict or tuple for the rest.
    """

    INT = "int"
    UINT = "uint"
    POINTER = "pointer"
    FLAGS = "flags"  # `table` names the constants; shown as O_RDONLY|O_CLOEXEC
    ENUM = "enum"  # `table` names the constants
    MODE = "mode"  # permission bits, shown in octal
    FD = "fd"  # shown with the path or socket behind it
    DIRFD = "dirfd"  # AT_FDCWD or a descriptor
    PID = "pid"
    SIGNAL = "signal"
    UID = "uid"
    GID = "gid"
    DEVICE = "device"
    TIME_NS = "time_ns"
    SIZE = "size"
    PATH = "path"  # str: as the program gave it
    TEXT = "text"  # str
    BYTES = "bytes"
    WORDS = "words"  # tuple[str, ...]
    SOCKADDR = "sockaddr"  # SocketAddress
    SOCKET = "socket"  # SocketState
    NUMBERS = "numbers"  # tuple[int, ...]
    STRUCT = "struct"  # dict[str, value]; `table` names the struct
    CREDENTIALS = "credentials"  # dict[str, int]
    NAMESPACES = "namespaces"  # dict[str, int]
    CAPABILITIES = "capabilities"  # tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOf:
    """What is recorded of an argument beside its value; see `Capture`."""

    kind: Capture
    parameter: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventField:
    """One field. Of a system call `argument` is which of the six it is; of a kernel event, the
    field of the fixed part has the same name, or the value is in a section (`section`)."""

    name: str
    kind: FieldKind
    c_type: str = "u64"
    argument: int = -1
    section: int = 0
    table: str = ""
    capture: CaptureOf | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One type of event. `families` are the names of sets that it belongs to; `fixed` is the
    layout behind the header. `returns` is what `ret` means: INT, FD, PID, SIZE, POINTER."""

    id: int
    name: str
    families: tuple[str, ...]
    fields: tuple[EventField, ...]
    fixed: Layout
    doc: str
    is_syscall: bool = True
    returns: FieldKind = FieldKind.INT
    never_returns: bool = False

    def field(self, name: str) -> EventField:
        """The field called so; KeyError."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)
