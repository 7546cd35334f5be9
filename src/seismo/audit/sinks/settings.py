"""`SinkSettings`: what an output is to be, as `open_sink` takes it; rotation and sync policies."""

from __future__ import annotations

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum

__all__ = ("SINK_TYPES", "Rotation", "SinkSettings", "Sync")

SINK_TYPES = (
    "journald",
    "jsonl",
    "parquet",
    "sqlite",
    "syslog",
    "table",
    "traceleft",
    "unix",
)


class Sync(Enum):
    """When what was written is forced onto the disk (fsync(2), and of the directory after renames).

    With `CLOSE`, the usual one, a crash of the machine may cost what the file that is being written
    got since the system last wrote back (30 s by default); with `FLUSH` it costs a second.
    """

    NEVER = "never"
    CLOSE = "close"  # when a file is complete: at rotation and at the end
    FLUSH = "flush"  # also at each flush: each second, and when nothing comes
    BATCH = "batch"  # after each batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """When a new file is begun: at so many bytes, seconds or (Parquet) rows; 0 is never.

    A file is not larger than `max_bytes`, unless one event alone is (text), or by what is still in
    memory (Parquet: a row group). `keep` is how many complete files stay, 0 for all: text files are
    renamed to `path.1`, `path.2` and so on, the newest first; Parquet files bear their number.
    """

    max_bytes: int = 0
    max_seconds: float = 0
    max_rows: int = 0
    keep: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSettings:
    """One output. `path` is '' or `-` for standard output; of sockets, the socket's.

    `events` are the words, as `Catalog.select` takes them, of the events that it takes, () for all
    of them; `fields` the columns or keys to write, () for all. `options` are those of the type:

    - `unix`: `connect` (true: connect to a listening socket; else listen), `limit_bytes` (what a
      reader may be behind; 8 MiB), `mode` (permissions of the socket; 0o600)
    - `syslog`: `facility` (name; `authpriv`), `severity` (name; `info`), `tag`
    - `journald`: `tag`
    - `table`: `color` (`auto`, `always`, `never`), `width`
    - `parquet`: `row_group` (rows; 262144), `compression` (`zstd`, `snappy`, `none`)
    """

    type: str
    path: str = ""
    rotation: Rotation = Rotation()
    sync: Sync = Sync.CLOSE
    events: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    options: dict[str, str | int | bool] = field(default_factory=dict)
