"""`Enum` and `IntEnum`: the standard library's, as far as seismo uses them, made cheap.

To define one member takes the standard library 20 µs, and seismo defines four hundred when it
starts; to hash one, as every look-up in a table by it does, is a call in Python there. Type
checkers see the standard classes.

>>> class Color(Enum):
...     RED = "red"
>>> Color("red") is Color.RED, Color["RED"].value, list(Color)
(True, 'red', [<Color.RED: 'red'>])

What is left out: `auto()`, `Flag`, members that are tuples of arguments, `__new__` and `__init__`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ("Enum", "IntEnum")

if TYPE_CHECKING:
    from enum import Enum, IntEnum
else:

    class _EnumType(type):
        """Makes members of what a class body assigns, but for private names and methods."""

        def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
            values = {
                key: value
                for key, value in namespace.items()
                if key[0] != "_" and not hasattr(value, "__get__")
            }
            rest = {key: value for key, value in namespace.items() if key not in values}
            by_name = rest["__members__"] = dict[str, Any]()
            by_value = rest["_by_value"] = dict[Any, Any]()
            cls = super().__new__(mcs, name, bases, rest)
            for key, value in values.items():
                member = by_value.get(value)
                if member is None:
                    member = cls.__new__(cls, value) if issubclass(cls, int) else cls.__new__(cls)
                    member.__dict__.update(name=key, value=value)
                    by_value[value] = member
                by_name[key] = member
                type.__setattr__(cls, key, member)
            return cls

        def __call__(cls, value: object) -> Any:
            if value in cls._by_value:
                return cls._by_value[value]
            raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")

        def __getitem__(cls, name: str) -> Any:
            return cls.__members__[name]

        def __iter__(cls) -> Iterator[Any]:
            return iter(cls._by_value.values())

        def __len__(cls) -> int:
            return len(cls._by_value)

        def __contains__(cls, value: object) -> bool:
            return isinstance(value, cls) or value in cls._by_value

        def __setattr__(cls, name: str, value: object) -> NoReturn:
            raise AttributeError(f"{cls.__qualname__} is complete: cannot change '{name}'")

    class Enum(metaclass=_EnumType):
        """A class whose objects are the members that its body assigns, compared by identity."""

        name: str
        value: Any

        def __repr__(self) -> str:
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

        def __str__(self) -> str:
            return f"{type(self).__name__}.{self.name}"

    class IntEnum(int, Enum):
        """Members are integers, and are written and compared as such."""

        __repr__ = Enum.__repr__
        __str__ = int.__repr__
