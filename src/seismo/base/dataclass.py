"""`dataclass`, `field`, `replace`: the standard library's, as far as seismo uses them, made cheap.

The standard decorator compiles five methods for each class when it is defined, and imports
`inspect`: 60 of the 100 ms that importing seismo's start path took. Here a class's `__init__` is
compiled when it has made some objects, and the other methods are shared. Type checkers see the same
classes (PEP 681), and frozen objects are made faster, because slots are set by their descriptors.

>>> @dataclass(frozen=True, slots=True)
... class Point:
...     x: int
...     y: int = 0
>>> replace(Point(1), y=2)
Point(x=1, y=2)

What is left out raises or is not there: inheritance of fields, `InitVar`, `order`, `__post_init__`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from types import MemberDescriptorType
from typing import Any, NoReturn, TypeVar, cast, dataclass_transform

__all__ = ("FrozenError", "dataclass", "field", "replace")

T = TypeVar("T")
_MISSING: Any = object()
_COMPILED_FROM = 24
"""Compiling an `__init__` takes as long as making so many objects without."""


class FrozenError(AttributeError):
    """An attribute of a frozen object was assigned or deleted."""


class _Field:
    """What `field()` says of one field; a field without it has the defaults of `field()`."""

    __slots__ = ("compare", "default", "factory", "kw_only", "name", "repr")

    def __init__(
        self, default: Any, factory: Any, is_shown: bool, is_compared: bool, is_kw_only: bool
    ) -> None:
        self.name = ""
        self.default = default
        self.factory = factory
        self.repr = is_shown
        self.compare = is_compared
        self.kw_only = is_kw_only

    @property
    def has_default(self) -> bool:
        """Whether `__init__` may be called without it."""
        return self.default is not _MISSING or self.factory is not _MISSING

    def initial(self) -> Any:
        """Its value in an object that was not given one."""
        return self.default if self.factory is _MISSING else self.factory()


def field(
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    repr: bool = True,
    compare: bool = True,
    kw_only: bool = False,
) -> Any:
    """What differs from the usual in one field; the meaning is `dataclasses.field`'s."""
    return _Field(default, default_factory, repr, compare, kw_only)


@dataclass_transform(field_specifiers=(field,))
def dataclass(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type[T]], type[T]]:
    """The class decorator; the meaning of the options is `dataclasses.dataclass`'s."""

    def decorate(cls: type[T]) -> type[T]:
        if any(hasattr(base, "__seismo_fields__") for base in cls.__bases__):
            raise TypeError(f"{cls.__name__}: fields cannot be inherited")
        namespace = dict(vars(cls))
        # `inspect.get_annotations` is what this module is there to do without.
        names = tuple(namespace.get("__annotations__", ()))
        given = {name: namespace.pop(name) for name in names if name in namespace}
        namespace.pop("__dict__", None)
        namespace.pop("__weakref__", None)
        fields = _fields_of(names, given, is_kw_only=kw_only)
        namespace["__seismo_fields__"] = fields
        namespace["__match_args__"] = tuple(
            [one.name for one in fields.values() if not one.kw_only]
        )
        if slots:
            namespace["__slots__"] = names
        namespace.setdefault("__repr__", _repr)
        if eq:
            _add_comparison(namespace, fields, is_hashable=frozen)
        if frozen:
            namespace["__setattr__"] = namespace["__delattr__"] = _refuse
        namespace["__qualname__"] = cls.__qualname__
        metaclass: Any = type(cls)
        made = metaclass(cls.__name__, cls.__bases__, namespace)
        made.__init__ = _first_init(made, fields, is_frozen=frozen)
        return cast(type[T], made)

    return decorate


def replace(value: T, /, **changes: Any) -> T:
    """A copy of a dataclass object with some fields changed."""
    fields = type(value).__seismo_fields__  # type: ignore[attr-defined]
    for name in fields:
        if name not in changes:
            changes[name] = getattr(value, name)
    return type(value)(**changes)


def _fields_of(
    names: tuple[str, ...], given: dict[str, Any], *, is_kw_only: bool
) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    for name in names:
        one = given.get(name, _MISSING)
        if not isinstance(one, _Field):
            one = _Field(one, _MISSING, True, True, is_kw_only)
        one.name = name
        one.kw_only = one.kw_only or is_kw_only
        fields[name] = one
    return fields


def _add_comparison(
    namespace: dict[str, Any], fields: dict[str, _Field], *, is_hashable: bool
) -> None:
    """Equality by the compared fields, and the hash that goes with it for frozen classes."""
    compared = [one.name for one in fields.values() if one.compare]
    key: Callable[[Any], Any] = attrgetter(*compared) if compared else _no_key

    def equal(self: object, other: object) -> Any:
        return key(self) == key(other) if type(self) is type(other) else NotImplemented

    def hashed(self: object) -> int:
        return hash(key(self))

    namespace["__eq__"] = equal
    namespace["__hash__"] = hashed if is_hashable else None


def _no_key(_: object) -> tuple[()]:
    return ()


def _first_init(cls: Any, fields: dict[str, _Field], *, is_frozen: bool) -> Callable[..., None]:
    """An `__init__` that needs no compiling, and has it done once there are more objects."""
    made = 0

    def init(self: object, *args: Any, **kwargs: Any) -> None:
        nonlocal made
        made += 1
        values = dict(zip(cls.__match_args__, args, strict=False)) | kwargs
        is_clear = len(values) == len(args) + len(kwargs) and values.keys() <= fields.keys()
        absent = [one for one in fields.values() if one.name not in values]
        if made < _COMPILED_FROM and is_clear and all(one.has_default for one in absent):
            for name, value in values.items():
                object.__setattr__(self, name, value)
            for one in absent:
                object.__setattr__(self, one.name, one.initial())
        else:
            # Also to raise what the language says of wrong arguments.
            compiled = cls.__init__ = _compile_init(cls, fields, is_frozen=is_frozen)
            compiled(self, *args, **kwargs)

    return init


def _compile_init(cls: type, fields: dict[str, _Field], *, is_frozen: bool) -> Callable[..., None]:
    """`def __init__(self, x, y=default): set_x(self, x); set_y(self, y)`."""
    globals_: dict[str, Any] = {"MISSING": _MISSING, "put": object.__setattr__}
    head, keyword_only = ["self"], list[str]()
    body: list[str] = []
    for name, one in fields.items():
        globals_[f"default_{name}"] = one.default
        parameter = name if not one.has_default else f"{name}=default_{name}"
        (keyword_only if one.kw_only else head).append(parameter)
        value = name
        if one.factory is not _MISSING:
            globals_[f"make_{name}"] = one.factory
            value = f"make_{name}() if {name} is MISSING else {name}"
        slot = cls.__dict__.get(name)
        if not is_frozen:
            body.append(f"    self.{name} = {value}")
        elif isinstance(slot, MemberDescriptorType):
            globals_[f"set_{name}"] = slot.__set__
            body.append(f"    set_{name}(self, {value})")
        else:
            body.append(f"    put(self, {name!r}, {value})")
    star = ["*", *keyword_only] if keyword_only else []
    source = f"def __init__({', '.join([*head, *star])}):\n" + "\n".join(body or ["    pass"])
    exec(source, globals_)
    init: Callable[..., None] = globals_["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _repr(self: object) -> str:
    fields = type(self).__seismo_fields__  # type: ignore[attr-defined]
    parts = [f"{one.name}={getattr(self, one.name)!r}" for one in fields.values() if one.repr]
    return f"{type(self).__qualname__}({', '.join(parts)})"


def _refuse(self: object, name: str, *_: Any) -> NoReturn:
    raise FrozenError(f"{type(self).__name__} is frozen: cannot change '{name}'")
