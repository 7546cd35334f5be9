"""`script_types`: the table of the types, constants and macros that a script can name.

The script's own C declarations come first, then, in probes of a program, what its debug information
tells, then the kernel's BTF. These are opened, and the modules for them are imported, only when
something is asked that needs it: most scripts have no C and no casts, and must start fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import NotSupported
from seismo.base.source import Span
from seismo.lang.ast import Script
from seismo.lang.c_names import C_INTEGER_NAMES, c_integer
from seismo.lang.clayout import CType, Declarations
from seismo.lang.join import smallest_integer
from seismo.lang.type_names import NoSuchType
from seismo.lang.types import IntType, RecordType, Type
from seismo.probes.view import KernelView

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.lang.btf_types import BtfTypes
    from seismo.lang.program_types import ProgramTypes

__all__ = ("KernelTypes", "ScriptTypes", "TypesView", "script_types")


T = TypeVar("T")

_SYSTEM_CALLS = ("__NR_", "SYS_")


@runtime_checkable
class TypesView(Protocol):
    """What a `KernelView` may know besides: both of `views.py` do."""

    def machine(self) -> str:
        """The architecture as `uname -m` prints it: `x86_64`."""

    def module_btf(self) -> Iterator[Btf]:
        """The types of each loaded module; opened one after the other."""


class KernelTypes:
    """The types of a view's kernel and of its modules. Without BTF there are none: `why` says so.

    `shadows` are the script's records, which pointers in the kernel's then point to.
    """

    def __init__(self, view: KernelView, shadows: Mapping[str, CType]) -> None:
        self.why = ""
        self._view = view
        self._shadows = shadows
        self._blobs: list[BtfTypes] = []
        self._rest: Iterator[Btf] | None = None

    @property
    def machine(self) -> str:
        """The architecture, '' where the view does not know it."""
        return self._view.machine() if isinstance(self._view, TypesView) else ""

    def are_there(self) -> bool:
        """Whether the kernel has BTF."""
        return any(True for _ in self._all())

    def find(self, name: str) -> Type:
        """As `BtfTypes.find`; modules are asked for what has a tag."""
        return self._first(name, lambda types: types.find(name), with_modules=" " in name)

    def c_type(self, name: str) -> CType:
        """As `BtfTypes.c_type`."""
        return self._first(name, lambda types: types.c_type(name), with_modules=" " in name)

    def complete(self, record: RecordType) -> RecordType:
        """As `BtfTypes.complete`."""
        return self._first(record.name, lambda types: types.complete(record), with_modules=True)

    def enumerator(self, name: str) -> tuple[int, IntType]:
        """As `BtfTypes.enumerator`; modules are not asked."""
        return self._first(name, lambda types: types.enumerator(name))

    def _first(self, name: str, ask: Callable[[BtfTypes], T], *, with_modules: bool = False) -> T:
        """The answer of the first that has one."""
        for types in self._all(with_modules=with_modules):
            try:
                return ask(types)
            except KeyError:
                continue
        raise NoSuchType(name, self.why)

    def near(self, name: str) -> Iterable[str]:
        """As `BtfTypes.near`."""
        for types in self._all():
            yield from types.near(name)

    def _all(self, *, with_modules: bool = False) -> Iterator[BtfTypes]:
        """The kernel's own types, then those of its modules, each opened when it is reached."""
        if self._rest is None:
            self._rest = self._open()
        index = 0
        while index < len(self._blobs) or self._open_next():
            yield self._blobs[index]
            index += 1
            if not with_modules:
                return

    def _open_next(self) -> bool:
        from seismo.lang.btf_types import BtfTypes  # noqa: PLC0415 (lazy: docs/architecture.md)

        for btf in self._rest or ():
            self._blobs.append(BtfTypes(btf, self._shadows))
            return True
        return False

    def _open(self) -> Iterator[Btf]:
        try:
            yield self._view.btf()
        except NotSupported as error:
            self.why = f"{error.why}; {error.hint}" if error.hint else error.why
            return
        if isinstance(self._view, TypesView):
            yield from self._view.module_btf()


class ScriptTypes:
    """A `TypeTable` of a script's declarations over a program's types over the kernel's."""

    def __init__(
        self, declared: Declarations, kernel: KernelTypes, program: ProgramTypes | None = None
    ) -> None:
        self._declared = declared
        self._kernel = kernel
        self._program = program

    def of_program(self, program: ProgramTypes) -> ScriptTypes:
        """See `TypeTable`."""
        return ScriptTypes(self._declared, self._kernel, program)

    def find(self, name: str) -> Type:
        """See `TypeTable`; NoSuchType, a KeyError that says why where the kernel has no BTF."""
        own = self._declared.types.get(name)
        if own is not None:
            record = own.type
            if not isinstance(record, RecordType):
                return record
            # A typedef may be of a struct that was not known where it stood.
            return replace(record, fields=None) if own.align else self.find(record.name)
        if name in C_INTEGER_NAMES:
            return c_integer(name)
        if self._program is not None:
            try:
                return self._program.find(name)
            except KeyError:
                pass
        return self._kernel.find(name)

    def complete(self, record: RecordType) -> RecordType:
        """See `TypeTable`.

        A record of size 0 is one whose size is not known; it is found by its name alone. One with a
        size is the kernel's where the script's of that name has another.
        """
        if record.fields is not None:
            return record
        if record.source is not None:
            return record.source.complete(record)
        own = self._declared.types.get(record.name)
        if own and isinstance(own.type, RecordType) and record.size in (0, own.size):
            return own.type
        try:
            return self._kernel.complete(record)
        except KeyError:
            return replace(record, fields=())

    def is_of_kernel(self, record: RecordType) -> bool:
        """See `TypeTable`."""
        own = self._declared.types.get(record.name)
        is_own = own and isinstance(own.type, RecordType) and record.size in (0, own.size)
        return record.source is None and not is_own

    def kernel_enumerator(self, name: str) -> tuple[int, IntType]:
        """See `TypeTable`."""
        if name in self._declared.enumerators:
            raise KeyError(name)
        return self._kernel.enumerator(name)

    def enumerator(self, name: str) -> tuple[int, IntType]:
        """See `TypeTable`."""
        own = self._declared.enumerators.get(name)
        if own is not None:
            return own
        if self._program is not None:
            try:
                return self._program.enumerator(name)
            except KeyError:
                pass
        try:
            return self._kernel.enumerator(name)
        except KeyError:
            value = _header_constant(name, self._kernel.machine)
            if value is None:
                raise
        return value, smallest_integer(value)

    def macro(self, name: str) -> str:
        """See `TypeTable`; macros with parameters are not among them."""
        return self._declared.macros[name]

    def near(self, name: str) -> Iterable[str]:
        """See `TypeTable`; takes some 100 ms for the kernel's names."""
        yield from self._declared.types
        yield from self._declared.enumerators
        yield from self._declared.macros
        yield from C_INTEGER_NAMES
        yield from self._kernel.near(name)


def _header_constant(name: str, machine: str) -> int | None:
    """The value of a macro of the usual headers; None for a name that is not among them."""
    from seismo.lang.header_constants import CONSTANTS  # noqa: PLC0415 (lazy: docs/architecture.md)
    from seismo.lang.syscall_names import SYSCALLS  # noqa: PLC0415 (lazy: docs/architecture.md)

    for prefix in _SYSTEM_CALLS:
        calls = SYSCALLS.get(machine, ())
        word = name.removeprefix(prefix)
        if word != name and word in calls:
            return calls.index(word)
    return CONSTANTS.get(name)


def script_types(
    script: Script,
    view: KernelView,
    read: Callable[[Span, str], str],
    diagnostics: Diagnostics,
) -> ScriptTypes:
    """The types of a script for the kernel that `view` shows; mistakes in C go to `diagnostics`.

    `read` gives the text of what `#include "path"` at a span names, relative to the script's
    directory or to one of the command line's; it raises SourceError.
    """
    declared = Declarations()
    kernel = KernelTypes(view, declared.types)
    if script.c_text:
        from seismo.lang.cdecl import declare  # noqa: PLC0415 (lazy: docs/architecture.md)

        declare(script.c_text, declared, kernel, read, diagnostics)
    return ScriptTypes(declared, kernel)
