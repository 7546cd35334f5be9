"""What tables can raise, apart from what maps do (`KeyMissing`, `SyscallError`, `BadSpec`)."""

from __future__ import annotations

from seismo.bcc.errors import BccError
from seismo.objects.errors import KeyMissing

__all__ = ("NoEventType", "NoSuchKey", "NotOpen", "NotThatTable", "OutOfRange", "WrongData")


class NoEventType(BccError, TypeError):
    """`event()` of a table of which no program says what it carries."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"table {table}: nothing in the program says of which type its events are",
            "a program has to send a struct: perf_submit(ctx, &data, sizeof(data)), say; or use "
            "ctypes.cast(data, ctypes.POINTER(Data)).contents with a class of your own",
        )
        self.table = table


class NoSuchKey(KeyMissing):
    """The table has no such key; `shown` is the key as text."""

    def __init__(self, table: str, key: bytes, shown: str) -> None:
        super().__init__(table, key)
        self.shown = shown

    def __str__(self) -> str:
        return f"table {self.map_name}: no key {self.shown}"


class NotOpen(BccError):
    """Events are wanted of a table whose buffer nobody has opened."""

    def __init__(self, table: str, method: str) -> None:
        super().__init__(
            f"table {table}: its buffer is not open", f"call {method}(callback) before"
        )
        self.table = table


class NotThatTable(BccError, TypeError):
    """Something that only tables of other kinds can do."""

    def __init__(self, table: str, kind: str, what: str) -> None:
        super().__init__(f"table {table}: a table of type {kind} has no {what}")
        self.table = table
        self.kind = kind


class OutOfRange(BccError, IndexError):
    """An index that the array does not have, or a bucket that the histogram does not."""

    def __init__(self, table: str, index: int, count: int) -> None:
        super().__init__(f"table {table}: no index {index}, there are {count} from 0 on")
        self.table = table
        self.index = index


class WrongData(BccError, TypeError, ValueError):
    """A key or a leaf that is no value of the table's type."""

    def __init__(self, table: str, what: str, value: object, wanted: type) -> None:
        super().__init__(f"table {table}: {value!r} is no {what}: that is a {wanted.__name__}")
        self.table = table
        self.what = what
        self.value = value
