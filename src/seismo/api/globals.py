"""Global variables of an object: `obj.rodata.pid = 7` before load, `obj.bss.hits` at any time.

What was a C struct or array is a view: it reads and writes where the variable lies, so that
`obj.data.config.level = 3` changes that one member, in a loaded object too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from mmap import PAGESIZE, mmap
from typing import Any, overload

from seismo.api.codec import ArrayCodec, Codec
from seismo.api.errors import UnknownName, WrongState
from seismo.api.record import Record, RecordCodec
from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.spec.types import MapSpec

__all__ = ("ArrayView", "DataMap", "Global", "Globals", "RecordView", "Section")

_ONLY_KEY = bytes(4)
_KCONFIG = ".kconfig"
_MMAPABLE = 1 << 10  # include/uapi/linux/bpf.h: BPF_F_MMAPABLE, since Linux 5.5


class DataMap:
    """The bytes of a section's variables: those to load, then the map's own.

    A map that can be mapped into memory is (Linux 5.5); what is written there is written at once.
    Otherwise a write is a look-up and an update of the whole section, which another's may fall
    between.
    """

    def __init__(self, spec: MapSpec) -> None:
        self.spec = spec
        first = dict(spec.contents).get(_ONLY_KEY, b"")
        self._initial = bytearray(first.ljust(spec.value_size, b"\0"))
        self._map: Map | None = None
        self._memory: mmap | None = None

    @property
    def contents(self) -> tuple[tuple[bytes, bytes], ...]:
        """What the map is to hold when it is loaded."""
        if not self.spec.contents and not any(self._initial):
            return ()
        return ((_ONLY_KEY, bytes(self._initial)),)

    def bind(self, map_: Map, kernel: Kernel) -> None:
        """From now on the variables are those of the loaded map."""
        self._map = map_
        if map_.spec.flags & _MMAPABLE and not self.spec.is_frozen:
            size = align_up(self.spec.value_size, PAGESIZE)
            self._memory = kernel.mmap(int(map_.fd), size, writable=True)

    def unbind(self) -> None:
        """Let go of the loaded map."""
        if self._memory is not None:
            self._memory.close()
        self._map = self._memory = None

    def read(self, offset: int, size: int) -> bytes:
        """So many bytes as they are now."""
        if self._memory is not None:
            return self._memory[offset : offset + size]
        value = self._initial if self._map is None else self._map.get(_ONLY_KEY)
        return bytes(value[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes there; `WrongState` for a loaded section that is read-only."""
        end = offset + len(data)
        if self.spec.section == _KCONFIG:
            raise WrongState("options of the kernel's build cannot be set", "they are read at load")
        if self._memory is not None:
            self._memory[offset:end] = data
        elif self._map is None:
            self._initial[offset:end] = data
        elif self.spec.is_frozen:
            what = f"the variables in {self.spec.name} are read-only once they are loaded"
            raise WrongState(what, "set them before load()")
        else:
            value = self._map.get(_ONLY_KEY)
            self._map.put(_ONLY_KEY, value[:offset] + data + value[end:])


@dataclass(frozen=True, slots=True)
class Global:
    """A variable: a place in a data map, and what lies there."""

    name: str
    data: DataMap
    offset: int
    codec: Codec

    def get(self) -> Any:
        """Its value, or a view of it."""
        return _look(self.data, self.offset, self.codec)

    def set(self, value: object) -> None:
        """Give it a value."""
        self.data.write(self.offset, self.codec.encode(value, f"variable '{self.name}'"))


class Globals(MutableMapping[str, Any]):
    """Variables by name; none can be added or deleted. `elsewhere` are those of other sections."""

    def __init__(
        self,
        variables: Mapping[str, Global],
        where: str,
        elsewhere: Mapping[str, Global] | None = None,
    ) -> None:
        self._variables = variables
        self._where = where
        self._elsewhere = elsewhere or {}

    def __getitem__(self, name: str) -> Any:
        return self._found(name).get()

    def __setitem__(self, name: str, value: object) -> None:
        self._found(name).set(value)

    def __delitem__(self, name: str) -> None:
        raise WrongState(f"variable '{name}' cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"<{self._where}: {', '.join(self._variables) or 'no variables'}>"

    def _found(self, name: str) -> Global:
        if name not in self._variables:
            # Which section a variable is in is the compiler's choice: zeros go to `.bss`.
            other = self._elsewhere.get(name)
            hint = f"it is in {other.data.spec.section}" if other is not None else ""
            raise UnknownName("variable", name, self._variables, self._where, hint)
        return self._variables[name]


class Section:
    """The variables of `.rodata`, `.data`, `.bss` and of sections named after these, as attributes.

    Raises `UnknownName` for one that is not there, `WrongType` and `WrongValue` for what does not
    fit it, `WrongState` for setting what is read-only and loaded.
    """

    __slots__ = ("_variables",)

    _variables: Globals

    def __init__(self, variables: Globals) -> None:
        object.__setattr__(self, "_variables", variables)

    def __getattr__(self, name: str) -> Any:
        return self._variables[name]

    def __setattr__(self, name: str, value: object) -> None:
        self._variables[name] = value

    def __dir__(self) -> list[str]:
        return list(self._variables)

    def __repr__(self) -> str:
        return repr(self._variables)


class RecordView:
    """A struct or union in a section: its members as attributes, read and written in place."""

    __slots__ = ("_codec", "_data", "_offset")

    _codec: RecordCodec
    _data: DataMap
    _offset: int

    def __init__(self, data: DataMap, offset: int, codec: RecordCodec) -> None:
        for name, value in (("_data", data), ("_offset", offset), ("_codec", codec)):
            object.__setattr__(self, name, value)

    def _record(self) -> Record:
        """What is there now, all at once."""
        return self._codec.decode(self._data.read(self._offset, self._codec.size))

    def __getattr__(self, name: str) -> Any:
        field = self._codec.fields[self._codec.position(name)]
        if field.bits or field.is_open:
            return self._record()[name]
        return _look(self._data, self._offset + field.offset, field.codec)

    def __setattr__(self, name: str, value: object) -> None:
        field = self._codec.fields[self._codec.position(name)]
        if field.is_open:
            raise WrongState(f"member '{name}' has no bytes of its own")
        record = bytearray(self._data.read(self._offset, self._codec.size))
        field.store(record, value, f"member '{name}' of {self._codec.name}")
        changed = bytes(record[field.offset : field.offset + field.size])
        self._data.write(self._offset + field.offset, changed)

    def __getitem__(self, name: str) -> Any:
        """A member that Python cannot name: `config["from"]`."""
        return self.__getattr__(name)

    def __setitem__(self, name: str, value: object) -> None:
        self.__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return list(self._codec.names)

    def __bytes__(self) -> bytes:
        return bytes(self._record())

    def __eq__(self, other: object) -> bool:
        return self._record() == (other._record() if isinstance(other, RecordView) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._record())


class ArrayView(Sequence[Any]):
    """An array in a section: its elements are read and written in place."""

    __slots__ = ("_codec", "_data", "_offset")

    def __init__(self, data: DataMap, offset: int, codec: ArrayCodec) -> None:
        self._data = data
        self._offset = offset
        self._codec = codec

    def __len__(self) -> int:
        return self._codec.count

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return self._values()[at]
        return _look(self._data, self._place(at), self._codec.element)

    def __setitem__(self, at: int | slice, value: Any) -> None:
        if isinstance(at, slice):
            values = list(self._values())
            values[at] = value
            self._data.write(self._offset, self._codec.encode(values, "the array"))
        else:
            encoded = self._codec.element.encode(value, f"element {at}")
            self._data.write(self._place(at), encoded)

    def __eq__(self, other: object) -> bool:
        values = self._values()
        return values == (tuple(other) if isinstance(other, list | ArrayView) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._values())

    def _values(self) -> tuple[Any, ...]:
        values: tuple[Any, ...] = self._codec.decode(
            self._data.read(self._offset, self._codec.size)
        )
        return values

    def _place(self, at: int) -> int:
        number = range(self._codec.count)[at]
        return self._offset + number * self._codec.element.size


def _look(data: DataMap, offset: int, codec: Codec) -> Any:
    """A view of a struct or an array; the value of anything else."""
    if isinstance(codec, RecordCodec):
        return RecordView(data, offset, codec)
    if isinstance(codec, ArrayCodec):
        return ArrayView(data, offset, codec)
    return codec.decode(data.read(offset, codec.size))
