"""Typed values as JSON has them, and as a line of text.

>>> as_text(event)
'{ pid: 4711, comm: "sh", kind: EXEC }'
"""

from __future__ import annotations

import json
from typing import Any

from seismo.api.codec import EnumValue
from seismo.api.record import Record

__all__ = ("as_text", "plain")


def plain(value: Any) -> Any:
    """Numbers, texts, lists and dicts: an enum's value is its name where it has one, bytes are text
    if they are UTF-8, else numbers."""
    match value:
        case EnumValue():
            return value.name or int(value)
        case bytes():
            return _text(value)
        case Record():
            return {name: plain(one) for name, one in value._asdict().items()}
        case tuple() | list():
            return [plain(one) for one in value]
        case _:
            return value


def as_text(value: Any) -> str:
    """One line, as C would write the value with its members' names."""
    match value:
        case EnumValue():
            return value.name or str(int(value))
        case Record():
            members = [f"{name}: {as_text(one)}" for name, one in value._asdict().items()]
            return f"{{ {', '.join(members)} }}"
        case tuple() | list():
            return f"[{', '.join(map(as_text, value))}]"
        case bytes():
            return json.dumps(_text(value), ensure_ascii=False)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _text(data: bytes) -> str | list[int]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)
