"""`KernelTypes`: the kernel's types as types of C, where a compiler would read its headers.

>>> types = KernelTypes(LiveView())
>>> types.record("struct", "task_struct").find("comm")
Member(name='comm', type=Array(element=CHAR, count=16), bit_offset=…)
>>> types.tracepoint_record("sched", "sched_switch").find("next_pid").offset
56

BTF is opened when something is asked that is not known without it, and modules' BTF when the
kernel's own has no such record. A program may define a record that the kernel has, too: from then
on what the kernel's other records point to is the program's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from seismo.base.bits import align_up
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError, NotSupported
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.c.basic_types import STANDARD, basic_type
from seismo.c.btf_types import BtfTypes, Shared
from seismo.c.kernel_values import CoreRelocation, KernelValues
from seismo.c.types import (
    INT,
    S8,
    S64,
    SHORT,
    U8,
    U16,
    U32,
    U64,
    Array,
    CType,
    Enumeration,
    Integer,
    Member,
    Pointer,
    Record,
)
from seismo.probes.format import FormatField, TracepointFormat
from seismo.probes.view import KernelView, TracepointNotFound

__all__ = ("TRACEPOINT_TAG", "KernelTypes", "TypeNotFound")

T = TypeVar("T")

TRACEPOINT_TAG = "tracepoint__"
"""How the tags of tracepoints' arguments begin."""

_COMMON_BYTES = 8
_NOT_NAMING = ("*", "const", "volatile", "__user")
_KINDS = {
    "struct": (Kind.STRUCT,),
    "union": (Kind.UNION,),
    "enum": (Kind.ENUM, Kind.ENUM64),
    "": (Kind.TYPEDEF,),
}
_BY_SIZE = {(one.size, one.is_signed): one for one in (U8, U16, U32, U64, S8, SHORT, INT, S64)}


class TypeNotFound(BpfError):
    """The kernel has no type `name` (`struct sock`, `u64`); `hint` may say why.

    Near names take reading them all: `KernelTypes.hint` finds them where they are to be shown.
    """

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__(f"no type '{name}'" + (f"\nhint: {hint}" if hint else ""))
        self.name = name
        self.hint = hint


class KernelTypes:
    """Types by their names in C; each record is one object, whoever asks."""

    def __init__(self, view: KernelView) -> None:
        self._view = view
        self._values = KernelValues(view)
        self._shared: Shared = {}
        self._blobs: list[BtfTypes] = []
        self._modules: Iterator[Btf] | None = None
        self._absence = ""

    def typedef(self, name: str) -> CType:
        """What the typedef means; TypeNotFound."""
        if name in STANDARD:
            return STANDARD[name]
        return self._first(name, "", lambda blob: blob.typedef(name))

    def has_typedef(self, name: str) -> bool:
        """Whether the kernel itself has the typedef."""
        return name in STANDARD or any(blob.has_typedef(name) for blob in self._opened())

    def record(self, keyword: str, tag: str) -> Record:
        """`struct tag` or `union tag` with its members; TypeNotFound where nobody defines it.

        `struct tracepoint__category__name` is made of the tracepoint's format.
        """
        shared = self._shared.get((keyword, tag))
        if shared is not None and shared.is_complete:
            return shared
        if keyword == "struct" and tag.startswith(TRACEPOINT_TAG):
            return self._tracepoint(tag)
        return self._first(tag, keyword, lambda blob: blob.record(keyword, tag))

    def declared(self, keyword: str, tag: str) -> Record:
        """The same; where the kernel's own BTF has no definition, a record that is only declared,
        always the same object."""
        for blob in self._opened():
            try:
                return blob.record(keyword, tag)
            except KeyError:
                continue
        return self._shared.setdefault((keyword, tag), Record(keyword, tag))

    def redefined(self, keyword: str, tag: str) -> Record:
        """The record that a program is about to define: what `record` gives from now on, and what
        the kernel's records point to where their own is of that name."""
        key = (keyword, tag)
        if key not in self._shared:
            self._shared[key] = self._made(keyword, tag)
        return self._shared[key]

    def enumeration(self, tag: str) -> Enumeration:
        """`enum tag`; TypeNotFound."""
        return self._first(tag, "enum", lambda blob: blob.enumeration(tag))

    def enumerator(self, name: str) -> tuple[int, Enumeration]:
        """The value of a constant and the enum that has it; TypeNotFound.

        Modules are asked only if the program has a record of theirs.
        """
        for blob in self._opened():
            try:
                return blob.enumerator(name)
            except KeyError:
                continue
        raise TypeNotFound(name)

    def tracepoint_record(self, category: str, name: str) -> Record:
        """The arguments of a tracepoint, `struct tracepoint__category__name`: 8 bytes that are the
        kernel's, then the fields; `data_loc_x` (u32) where x is of variable length.

        Raises NotSupported and TracepointNotFound as the view does.
        """
        key = ("struct", f"{TRACEPOINT_TAG}{category}__{name}")
        if key not in self._shared:
            self._shared[key] = self._arguments(self._view.tracepoint(category, name), key[1])
        return self._shared[key]

    def parsed(self, text: str) -> CType:
        """The type that a short text means: `const char *`, `struct sock *`, `char[16]`, `u64`.

        TypeNotFound, also for what is more than words, stars and brackets.
        """
        before, _, brackets = text.strip().partition("[")
        words = before.replace("*", " * ").split()
        type_ = self._by_words([word for word in words if word not in _NOT_NAMING])
        for _ in range(words.count("*")):
            type_ = Pointer(type_, is_user="__user" in words)
        for count in reversed(brackets.rstrip("]").split("][") if brackets else ()):
            type_ = Array(type_, self._count(count))
        return type_

    def value(self, relocation: CoreRelocation) -> int | None:
        """What the kernel at hand has for a relocation; None where it lacks that."""
        return self._values.value(relocation)

    def hint(self, keyword: str, name: str) -> str:
        """A near name of that kind (`struct`, `union`, `enum`, '' for a typedef), or why there is
        none at all; '' for no idea. Reads every name."""
        near = {one for blob in self._opened() for one in blob.names_like(name, *_KINDS[keyword])}
        return self._absence or did_you_mean(name, near)

    def _opened(self) -> list[BtfTypes]:
        """The kernel's own types, then those of modules, if they had to be opened."""
        if not self._blobs and not self._absence:
            try:
                self._blobs.append(BtfTypes(self._view.btf(), self._shared))
            except NotSupported as error:
                self._absence = str(error)
        return self._blobs

    def _all(self) -> Iterator[BtfTypes]:
        """The kernel's types, then each module's; opened as far as it takes."""
        yield from tuple(self._opened())
        if not self._blobs:
            return
        if self._modules is None:
            self._modules = self._view.module_btf()
        for btf in self._modules:
            self._blobs.append(BtfTypes(btf, self._shared, self._blobs[0]))
            yield self._blobs[-1]

    def _first(self, name: str, keyword: str, find: Callable[[BtfTypes], T]) -> T:
        for blob in self._all():
            try:
                return find(blob)
            except KeyError:
                continue
        raise TypeNotFound(f"{keyword} {name}".lstrip(), self._absence)

    def _made(self, keyword: str, tag: str) -> Record:
        for blob in self._blobs:
            try:
                return blob.made_record(keyword, tag)
            except KeyError:
                continue
        return Record(keyword, tag)

    def _tracepoint(self, tag: str) -> Record:
        """Names of categories and of events may have two underscores themselves."""
        parts = tag.removeprefix(TRACEPOINT_TAG).split("__")
        hint = "write tracepoint__category__name"
        for end in range(1, len(parts)):
            try:
                return self.tracepoint_record("__".join(parts[:end]), "__".join(parts[end:]))
            except TracepointNotFound as error:
                hint = error.hint
        raise TypeNotFound(f"struct {tag}", hint)

    def _arguments(self, format_: TracepointFormat, tag: str) -> Record:
        members = [Member("__do_not_use__", U64, 0)]
        members += [self._argument(one, format_.category) for one in format_.fields]
        end = max([one.offset + one.size for one in format_.fields], default=_COMMON_BYTES)
        record = Record("struct", tag)
        record.complete(align_up(end, 8), 8, tuple(members))
        return record

    def _argument(self, one: FormatField, category: str) -> Member:
        """The field as declared, unless it takes other room: system calls' take a word each."""
        place = one.offset * 8
        if one.c_type.startswith(("__data_loc ", "__rel_loc ")):
            return Member(one.c_type.split()[0].strip("_") + f"_{one.name}", U32, place)
        try:
            type_ = self.parsed(one.c_type)
        except TypeNotFound:
            type_ = Array(U8, one.size)
        if isinstance(type_, Pointer) and category == "syscalls":
            type_ = Pointer(type_.target, is_user=True)
        if type_.size != one.size:
            is_signed = type_.is_signed if isinstance(type_, Integer) else one.signed
            type_ = _BY_SIZE.get((one.size, is_signed)) or Array(U8, one.size)
        return Member(one.name, type_, place)

    def _by_words(self, words: list[str]) -> CType:
        try:
            return basic_type(words)
        except KeyError:
            pass
        match words:
            case ["struct" | "union" as keyword, tag]:
                return self.declared(keyword, tag)
            case ["enum", tag]:
                return self.enumeration(tag)
            case [name]:
                return self.typedef(name)
        raise TypeNotFound(" ".join(words))

    def _count(self, text: str) -> int | None:
        """Of `[16]`, of `[TASK_COMM_LEN]`, of `[]`."""
        if not text.strip():
            return None
        return int(text) if text.strip().isdigit() else self.enumerator(text.strip())[0]
