"""What the externs of an object file are in one kernel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from seismo.base.bits import U64_MAX, fits_signed
from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError, NotSupported
from seismo.btf.layout import strip
from seismo.btf.spec import Btf
from seismo.btf.types import Func, Kind, Var
from seismo.core.compatible import are_types_compatible
from seismo.core.types import Budget, LocalTypes
from seismo.objfile.errors import LinkError
from seismo.objfile.externs import KconfigKind, KconfigType, kconfig_type
from seismo.objfile.model import Extern, ExternKind, KernelFacts, ObjectFile

__all__ = ("FactTypes", "KernelSymbolId", "Resolver")

_TRISTATE = {"n": 0, "y": 1, "m": 2}
"""`enum libbpf_tristate`."""
_FEATURES = {"LINUX_HAS_BPF_COOKIE": "cookie", "LINUX_HAS_SYSCALL_WRAPPER": "syscall_wrapper"}
_VERSION = "LINUX_KERNEL_VERSION"


@dataclass(frozen=True, slots=True)
class KernelSymbolId:
    """A variable or function of the kernel by its BTF id; `module` is '' for the kernel's own."""

    id: int
    module: str = ""


class FactTypes:
    """The kernel's types as CO-RE asks for them, each opened once."""

    def __init__(self, facts: KernelFacts) -> None:
        self._facts = facts
        self._modules: list[tuple[str, Btf]] = []
        self._rest: Iterator[tuple[str, Btf]] | None = None

    @cached_property
    def vmlinux(self) -> Btf:
        """The kernel's own types; NotSupported for a kernel without them."""
        return self._facts.btf()

    def modules(self) -> Iterator[tuple[str, Btf]]:
        """Name and types of each module; opened no sooner than they are needed."""
        yield from self._modules
        if self._rest is None:
            self._rest = iter(self._facts.modules())
        for one in self._rest:
            self._modules.append(one)
            yield one


class Resolver:
    """Resolves the externs of one object for one kernel."""

    def __init__(self, file: ObjectFile, facts: KernelFacts, types: FactTypes) -> None:
        self._file = file
        self._facts = facts
        self._types = types
        self._budget = Budget()

    @cached_property
    def _config(self) -> dict[str, str]:
        return dict(self._facts.config())

    def kconfig(self) -> bytes:
        """The value of the map `.kconfig`; LinkError for an option that is not set or unfit."""
        options = [one for one in self._file.externs if one.kind is ExternKind.KCONFIG]
        value = bytearray(max([one.offset + one.size for one in options], default=0))
        for one in options:
            if content := self._option(one):
                value[one.offset : one.offset + len(content)] = content
        return bytes(value)

    def _option(self, extern: Extern) -> bytes:
        """The bytes of one option; none of a weak one that the kernel has not."""
        name = extern.name
        type_ = kconfig_type(self._file.btf, extern.type)
        if name == _VERSION:
            return _number(name, self._facts.version(), type_)
        if feature := _FEATURES.get(name):
            return _number(name, int(self._facts.has(feature)), type_)
        if not name.startswith("CONFIG_"):
            if extern.is_weak and name.startswith("LINUX_"):
                return b""
            raise LinkError(f"extern '{name}' is no option of a kernel's build", _OPTION_HINT)
        try:
            text = self._config.get(name)
        except NotSupported:
            if extern.is_weak:
                return b""
            raise
        if text is not None:
            return _option_bytes(name, text, type_)
        if extern.is_weak:
            return b""
        raise LinkError(f"the kernel has no option {name}", "declare it __weak to have it zero")

    def address(self, extern: Extern) -> int:
        """The address of a symbol without a type; 0 of a weak one that there is not."""
        try:
            return self._facts.symbol(extern.name)
        except NotSupported:
            raise  # several of that name, which no program may take for none
        except BpfError as error:
            if extern.is_weak:
                return 0
            raise LinkError(f"extern '{extern.name}': {error}") from error

    def id(self, extern: Extern) -> KernelSymbolId:
        """What a variable or function with a type is in the kernel; id 0 of a weak one that there
        is not. LinkError when its type is another than the object's."""
        kind = Kind.FUNC if extern.kind is ExternKind.KFUNC else Kind.VAR
        module, btf, id = self._find(extern.name, kind)
        if not id:
            if extern.is_weak:
                return KernelSymbolId(0)
            noun = "function" if kind is Kind.FUNC else "variable"
            what = f"the kernel's types have no {noun} '{extern.name}'"
            raise LinkError(what, "declare it __weak and see whether it is there before its use")
        found = btf.type(id)
        assert isinstance(found, Func | Var)
        local = LocalTypes(self._file.btf)
        wanted, target = extern.type, found.type
        if kind is Kind.VAR:
            wanted, target = strip(local, wanted), strip(btf, target)
        if not are_types_compatible(local, wanted, btf, target, self._budget):
            raise LinkError(f"extern '{extern.name}' is of another type in the kernel")
        return KernelSymbolId(id, module)

    def _find(self, name: str, kind: Kind) -> tuple[str, Btf, int]:
        """(module, its types, id), the kernel's own before those of modules."""
        vmlinux = self._facts.own_btf()
        if ids := vmlinux.find_all(name, kind):
            return "", vmlinux, ids[0]
        for module, btf in self._types.modules():
            if own := [id for id in btf.find_all(name, kind) if id in btf.ids]:
                return module, btf, own[0]
        return "", vmlinux, 0


_OPTION_HINT = f"there are CONFIG_…, {_VERSION}, {', '.join(_FEATURES)}"


def _option_bytes(name: str, text: str, type_: KconfigType) -> bytes:
    """An option as its variable holds it; LinkError when the type is not one for such an option."""
    if text in _TRISTATE:
        return _tristate(name, text, type_)
    if text[:1] == '"':
        if type_.kind is not KconfigKind.TEXT or len(text) < 2 or text[-1] != '"':
            raise _unfit(name, text, type_)
        return text[1:-1].encode()[: type_.size - 1]
    try:
        number = int(text, 0)
    except ValueError as error:
        raise _unfit(name, text, type_) from error
    if type_.kind not in (KconfigKind.INT, KconfigKind.CHAR):
        raise _unfit(name, text, type_)
    return _number(name, number & U64_MAX, type_)


def _tristate(name: str, text: str, type_: KconfigType) -> bytes:
    match type_.kind:
        case KconfigKind.BOOL if text != "m":
            return bytes([_TRISTATE[text]])
        case KconfigKind.TRISTATE:
            return _TRISTATE[text].to_bytes(type_.size, "little")
        case KconfigKind.CHAR:
            return text.encode()
        case _:
            raise _unfit(name, text, type_)


def _number(name: str, number: int, type_: KconfigType) -> bytes:
    """A number of 64 bits in fewer, if it fits."""
    if type_.kind is KconfigKind.TEXT or type_.kind is KconfigKind.TRISTATE:
        raise _unfit(name, str(number), type_)
    bits = type_.size * 8
    signed = number - (1 << 64) if number >> 63 else number
    fits = fits_signed(signed, bits) if type_.is_signed else not number >> bits
    if not fits or (type_.kind is KconfigKind.BOOL and number > 1):
        raise _unfit(name, str(number), type_)
    return (number & (1 << bits) - 1).to_bytes(type_.size, "little")


def _unfit(name: str, text: str, type_: KconfigType) -> LinkError:
    what = f"{name} is {text}, which a variable of type {type_.kind.value} cannot hold"
    return LinkError(what, f"{type_.size} bytes were declared" if text.isdigit() else "")
