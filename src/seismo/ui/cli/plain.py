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

_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


def plain(value: Any) -> Any:
    """Numbers, texts, lists and dicts: an enum's value is its name where it has one, bytes are text
    if they are UTF-8 that can be printed, else numbers: an address is no text."""
    match value:
        case EnumValue():
            return value.name or int(value)
        case bytes():
            return _text(value)
        case Record():
            return plain(value._asdict())
        case dict():
            return {name: plain(one) for name, one in value.items()}
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
            return as_text(value._asdict())
        case dict():
            members = [f"{name}: {as_text(one)}" for name, one in value.items()]
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
        text = data.decode()
    except UnicodeDecodeError:
        return list(data)
    return text if text.translate(_SPACES).isprintable() else list(data)
