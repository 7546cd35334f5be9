"""`Catalog`: every type of event, by name, by number and in families.

>>> [one.name for one in catalog.select(["file", "!openat", "process_*"])]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain

from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.record.layout import COMPAT, SYSCALL
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.lang.syscall_names import SYSCALLS

__all__ = ("COMPAT_PREFIX", "Catalog", "UnknownEvent", "unknown_call")

COMPAT_PREFIX = "compat:"
"""What the names of 32-bit programs' system calls begin with."""

_WILD = frozenset("*?[")


class UnknownEvent(BpfError):
    """A word that no event, family or glob is; `hint` names the nearest."""

    def __init__(self, word: str, hint: str = "") -> None:
        super().__init__(f"no event or family is called '{word}'" + (hint and f"\nhint: {hint}"))
        self.word = word
        self.hint = hint


def unknown_call(id_: int) -> EventType:
    """A type for a system call that no table of ours has: `syscall_470`, six numbers.

    `id_` is that of the type: 1024 more than the number for a 32-bit program's.
    """
    prefix = COMPAT_PREFIX if id_ >= COMPAT else ""
    family = ("compat",) if prefix else ()
    return EventType(
        id=id_,
        name=f"{prefix}syscall_{id_ % COMPAT}",
        families=("all", *family, "syscalls", "unknown"),
        fields=_UNKNOWN_FIELDS,
        fixed=SYSCALL,
        doc="A number that no kernel known to seismo has a system call for",
        returns=FieldKind.INT,
    )


_UNKNOWN_FIELDS = tuple(
    [
        EventField(
            name=f"arg{number}", kind=FieldKind.UINT, c_type="unsigned long", argument=number
        )
        for number in range(6)
    ]
)


class Catalog:
    """The types, in the order of their numbers; numbers of system calls that nothing is known of
    have one, too.

    `types` are all of them; `families` are by name the types that belong to each, strace's classes
    with `%` before them. `machine` is as `uname -m` has it.
    """

    def __init__(self, types: Iterable[EventType], machine: str = "x86_64") -> None:
        self.types = tuple(sorted(types, key=lambda one: one.id))
        self.machine = machine
        self._by_name = {one.name: one for one in self.types}
        self._by_id = {one.id: one for one in self.types}
        self.families = _families(self.types)

    def __getitem__(self, name: str) -> EventType:
        """The type called so; UnknownEvent with the nearest name."""
        found = self._by_name.get(name)
        if found is None:
            raise UnknownEvent(name, did_you_mean(name, self._by_name))
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)

    def by_id(self, id_: int) -> EventType:
        """The type of that number; an `unknown_call` for one below 2048 that has none.

        UnknownEvent for a number that can be of no event.
        """
        found = self._by_id.get(id_)
        if found is None:
            if not 0 <= id_ < 2 * COMPAT:
                raise UnknownEvent(str(id_), "events have numbers of 0 to 2047, and KernelEvent's")
            found = self._by_id[id_] = unknown_call(id_)
        return found

    def select(self, words: Iterable[str]) -> tuple[EventType, ...]:
        """The types that words name, in the order of their numbers; the words are heeded in turn.

        A word is a family (`file`, `%file`), a name, or a glob of names; `=read` is the call alone,
        where a family has the same name. With `!` before it what it names is taken out again, and
        where the first word is such a one the family `all` is taken before. A name and a glob mean
        both the call of 64-bit and of 32-bit programs, `compat:open` and `compat:*` those of 32-bit
        ones alone. A call that only other machines have is none here, as open(2) on arm64.
        UnknownEvent for a word that means nothing.
        """
        chosen: set[int] = set()
        for place, word in enumerate(words):
            named = word.removeprefix("!")
            if named != word and not place:
                chosen = {one.id for one in self.families["all"]}
            ids = {one.id for one in self._named(named)}
            chosen = chosen - ids if named != word else chosen | ids
        return tuple([one for one in self.types if one.id in chosen])

    def _named(self, word: str) -> tuple[EventType, ...]:
        name = word.removeprefix("=")
        if name == word and word in self.families:
            return self.families[word]
        if name == word and _WILD & set(word):
            found = [one for one in self.types if _is_match(one.name, word)]
        else:
            wanted = (name, COMPAT_PREFIX + name)
            found = [self._by_name[one] for one in wanted if one in self._by_name]
        if not found and name not in _calls_of_machines():
            raise UnknownEvent(name, did_you_mean(name, [*self.families, *self._by_name]))
        return tuple(found)


@cache
def _calls_of_machines() -> frozenset[str]:
    """Names of system calls that some machine has; without those of 32-bit programs."""
    return frozenset(filter(None, chain(*SYSCALLS.values())))


def _is_match(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name.removeprefix(COMPAT_PREFIX), pattern)


def _families(types: Iterable[EventType]) -> dict[str, tuple[EventType, ...]]:
    found: dict[str, list[EventType]] = {}
    for one in types:
        for family in one.families:
            found.setdefault(family, []).append(one)
    return {name: tuple(found[name]) for name in sorted(found)}
