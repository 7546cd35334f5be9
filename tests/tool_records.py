"""What tests of tools keep for the documentation, where a directory for it is named or shared.

`SEISMO_RECORDS=DIR pytest tests/kernel -k tool` fills DIR; in a guest of the lab it is what the
guest shares with the host. From there it goes to `tests/recorded/tools/` (which script ran) and to
`dev/docs/tools/` (what was printed).
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("RECORDS", "keep", "kept_text")

RECORDS = Path(os.environ.get("SEISMO_RECORDS", "/.lab"))


def keep(name: str, text: str) -> None:
    """Keep a text under this name."""
    if RECORDS.is_dir():
        directory = RECORDS / "records"
        directory.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8", errors="surrogateescape")


def kept_text(name: str) -> str:
    """What has been kept under this name; '' when nothing has."""
    path = RECORDS / "records" / name
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
