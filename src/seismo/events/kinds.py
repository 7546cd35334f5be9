"""`EventLayout`: what one kind of ring-buffer record means, stated once for both sides.

Every record begins with the u32 `id` of its event layout; the arguments follow as C would lay them
out. Code generation stores through `layout`, `events/decode.py` reads through the same object.
"""

from __future__ import annotations

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.base.layout import U32, U64, Field, FieldType, Layout
from seismo.base.source import Span

__all__ = (
    "CONTROL_ACTIONS",
    "MOST_PACKET_BYTES",
    "PACKET",
    "STATS",
    "Action",
    "EventLayout",
    "FaultSite",
    "MapView",
    "event_layout",
)


PACKET = Layout.of("packet", [("file", U32), ("length", U32), ("time_ns", U64), ("offset", U32)])
"""What stands before a network packet's bytes: which of the plan's files it goes to, how many bytes
follow, when it came (ns since boot), and how many bytes to leave out."""

MOST_PACKET_BYTES = 0xFFFF

STATS = ("count", "average", "total")
"""What `stats()` shows, in this order."""


class Action(Enum):
    """What user space does when such a record arrives."""

    PRINTF = "printf"
    ERRORF = "errorf"
    WARNF = "warnf"
    PRINT_MAP = "print_map"
    PRINT_AND_CLEAR = "print_and_clear"
    PRINT_VALUE = "print_value"
    CLEAR = "clear"
    ZERO = "zero"
    TIME = "time"
    CAT = "cat"
    JOIN = "join"
    SYSTEM = "system"
    UNWATCH = "unwatch"
    EXIT = "exit"
    RUNTIME_ERROR = "runtime_error"
    HELPER_ERROR = "helper_error"


CONTROL_ACTIONS = frozenset(
    (Action.PRINT_MAP, Action.PRINT_AND_CLEAR, Action.CLEAR, Action.ZERO, Action.EXIT)
)
"""What goes through the control ring, so that no flood of output can push it out.

Such a record's second field, `after`, is the position that the producer of the events ring had: it
is acted on when everything before that position has been, so all actions keep their order.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLayout:
    """What one kind of record means.

    `layout.fields[0]` is the id; for actions of `CONTROL_ACTIONS` the next is `after` (u64); the
    rest are the arguments in order. `text` is the format (of PRINTF, ERRORF, WARNF, CAT, SYSTEM,
    TIME), the map's name, the message (RUNTIME_ERROR), the helper (HELPER_ERROR) or what stands
    between the words of JOIN. The arguments, beside those of a format:

    PRINT_MAP, PRINT_AND_CLEAR   `top`, `div` (u32; 0 is: all, undivided)
    PRINT_VALUE                  the value
    JOIN                         a buffer of the words
    UNWATCH                      the watchpoints' address (u64)
    EXIT                         the exit code (s32)
    HELPER_ERROR                 what the helper returned (s32)
    """

    id: int
    action: Action
    layout: Layout
    span: Span
    text: str = ""

    @property
    def arguments(self) -> tuple[Field, ...]:
        """The fields that are the action's arguments."""
        return self.layout.fields[2 if self.action in CONTROL_ACTIONS else 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """How a script's map prints: `name` with its @, key and value types, and the reduction.

    `key` is None for a scalar map (stored under the u64 key 0). `reduction` is how the values of
    the CPUs become one: "" (not per-CPU), or the name of one of `events/aggregate.py: REDUCTIONS`,
    whose `parameters` are the aggregation's literals. `value` is one CPU's share then.
    `has_buckets`: a u64 bucket number follows the key in the kernel's map (at the key's end,
    aligned to 8; `bucket_offset`), one entry a bucket: `hist`, `lhist`, `tseries`.
    """

    name: str
    key: Layout | None
    value: FieldType
    reduction: str = ""
    parameters: tuple[int | str, ...] = ()
    has_buckets: bool = False

    @property
    def counted(self) -> FieldType:
        """The type of what a share is about: its first member, or the share itself."""
        return self.value.fields[0].type if isinstance(self.value, Layout) else self.value

    @property
    def printed(self) -> FieldType:
        """The type of the values that are printed, where an entry's value is one CPU's share."""
        if self.reduction == "stats":
            return Layout.of("stats", [(name, self.counted) for name in STATS])
        return self.counted if self.reduction else self.value

    @property
    def bucket_offset(self) -> int:
        """Where the bucket number lies in the kernel's key; a scalar map's key is nothing else."""
        return align_up(self.key.size, 8) if self.key is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSite:
    """A place in the script where something may fail in the kernel, and its counter's index.

    `kind` is `map_full` (an update was refused), `string` or `memory` (what a pointer points to
    could not be read), `stack` (a stack of the kernel that has no frames), `late` (a probe waits
    for the end of a system call, to read a string: the counter goes down again), or `helper` (any
    other failure of `helper`).
    """

    index: int
    kind: str
    helper: str
    span: Span


def event_layout(
    name: str, members: list[tuple[str, FieldType]], *, is_control: bool = False
) -> Layout:
    """The record layout for these arguments, with the id, and `after`, first."""
    after = [("after", U64)] if is_control else []
    return Layout.of(name, [("id", U32), *after, *members])
