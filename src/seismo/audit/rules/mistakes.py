"""What is wrong with rules as they were given: collected, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("Mistake", "Place", "Reading", "RuleMistakes", "Where", "place_text")

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value from the outermost mapping: `("rules", 0, "window", "seconds")`."""

_MOST = 1e9

Where: TypeAlias = Callable[[Place], str]
"""What says where a place stands, as `file:line:col`, or in any other words."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake at a place."""

    place: Place
    message: str
    hint: str = ""


class RuleMistakes(BpfError):
    """Rules that cannot be used: `mistakes` holds all of them, `str()` tells them in order."""

    def __init__(self, mistakes: tuple[Mistake, ...], where: Where) -> None:
        texts = [
            f"{where(one.place)}: error: {one.message}"
            + (f"\nhint: {one.hint}" if one.hint else "")
            for one in mistakes
        ]
        super().__init__("\n".join(texts))
        self.mistakes = mistakes


def place_text(place: Place) -> str:
    """`rules[0].window.seconds`, where there is no text to point into."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "rules"


class Reading:
    """Reads typed values, and notes what is wrong; the value is then the usual one."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(place, message, hint))

    def mapping(self, value: Any, place: Place, keys: Collection[str]) -> Mapping[str, Any]:
        """A mapping with some of these keys and no others."""
        if not isinstance(value, Mapping):
            self.wrong(place, f"a mapping is wanted, not {_shown(value)}", _allowed(keys))
            return {}
        for key in value:
            if key not in keys:
                hint = did_you_mean(str(key), keys) or _allowed(keys)
                self.wrong((*place, str(key)), f"there is no key '{key}' here", hint)
        return value

    def text(self, given: Mapping[str, Any], key: str, place: Place, usual: str = "") -> str:
        """A text."""
        value = given.get(key, usual)
        if isinstance(value, str):
            return value
        self.wrong((*place, key), f"'{key}' must be a text, not {_shown(value)}")
        return usual

    def texts(self, given: Mapping[str, Any], key: str, place: Place) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = given.get(key, ())
        values = [value] if isinstance(value, str) else value
        if isinstance(values, (list, tuple)) and all(isinstance(one, str) for one in values):
            return tuple(values)
        self.wrong((*place, key), f"'{key}' must be a text or a list of texts")
        return ()

    def number(
        self, given: Mapping[str, Any], key: str, place: Place, usual: float, least: float = 0
    ) -> float:
        """A number that is `least` or more, and of seconds no more than 30 years."""
        value = given.get(key, usual)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if is_number and least <= value <= _MOST:
            return float(value)
        self.wrong(
            (*place, key),
            f"'{key}' must be a number from {least:g} to {_MOST:g}, not {_shown(value)}",
        )
        return usual

    def whole(
        self, given: Mapping[str, Any], key: str, place: Place, usual: int, least: int = 0
    ) -> int:
        """A whole number that is `least` or more."""
        value = given.get(key, usual)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        message = f"'{key}' must be a whole number from {least} on, not {_shown(value)}"
        self.wrong((*place, key), message)
        return usual

    def flag(self, given: Mapping[str, Any], key: str, place: Place) -> bool:
        """True or false; false where nothing is said."""
        value = given.get(key, False)
        if isinstance(value, bool):
            return value
        self.wrong((*place, key), f"'{key}' must be true or false, not {_shown(value)}")
        return False


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case bool():
            return "true" if value else "false"
    return f"'{value}'"


def _allowed(keys: Collection[str]) -> str:
    return f"allowed: {', '.join(keys)}"
