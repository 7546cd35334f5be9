"""`Object`: an object file of clang or another compiler, loaded without libbpf.

>>> with seismo.Object.open("tcptop.bpf.o") as obj:
...     obj.rodata.target_pid = 1234
...     obj.load()
...     obj.attach()
...     for event in obj.events("events"):
...         print(event.pid, event.comm.decode())

Opening is pure reading: it needs no privilege and asks no kernel.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self, TypeAlias

from seismo.api.codec import Buffer
from seismo.api.errors import WrongState, WrongType
from seismo.api.event_types import event_types
from seismo.api.events import Events
from seismo.api.globals import DataMap, Global, Globals, Section
from seismo.api.links import Link
from seismo.api.map_codecs import untyped
from seismo.api.maps import Map
from seismo.api.named import Named
from seismo.api.programs import Program
from seismo.api.record import Record, RecordCodec
from seismo.api.types import Types
from seismo.base.closing import Closing
from seismo.base.dataclass import replace
from seismo.facts import LiveFacts
from seismo.isa.map_types import MapType
from seismo.kernel.live import LiveKernel
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects import link as object_links
from seismo.objects import map as object_maps
from seismo.objects import program as object_programs
from seismo.objects.attach.object import attach_object
from seismo.objects.attach.usdt import USDT_SPECS, UsdtSpecs
from seismo.objects.load import Loaded, load
from seismo.objfile.link import link
from seismo.objfile.model import ObjectFile
from seismo.objfile.read import read_object
from seismo.spec.object_attach import ObjectAttach
from seismo.spec.types import AttachSpec, MapSpec

__all__ = ("Object",)

_RINGS = (MapType.RINGBUF, MapType.PERF_EVENT_ARRAY)
_RecordClass: TypeAlias = type[Record]
_BytesClass: TypeAlias = type[bytes]


class Object(Closing):
    """Maps, programs and global variables of one object file; closing it ends all that it did,
    but for what is pinned.

    `maps` and `programs` are by name, `rodata`, `data` and `bss` have the variables of the sections
    that begin so as attributes, `globals` all variables by name. `btf` is a file with the kernel's
    types (raw BTF or ELF), for a kernel that has none of its own.
    """

    def __init__(self, file: ObjectFile, *, btf: str = "", kernel: Kernel | None = None) -> None:
        self.file = file
        self.types = Types(file.btf)
        self._btf = btf
        self._kernel = kernel
        self._loaded: Loaded | None = None
        self._owned = ExitStack()
        self._tracefs: Tracefs | None = None
        self._usdt_specs: UsdtSpecs | None = None
        self._events: dict[str, tuple[Events, str | _RecordClass | _BytesClass, int]] = {}
        maps = {one.name: Map(one, self.types) for one in file.maps}
        # Where two sections have a name, the first is meant.
        sections = {one.spec.section: one for one in reversed(maps.values()) if one.spec.section}
        self.maps = Named("map", maps, sections)
        programs = {
            one.name: Program(one, one.kind) for one in file.programs if one.kind is not None
        }
        self.programs = Named("program", programs)
        self._data = {one.name: DataMap(one.spec) for one in maps.values() if one.spec.section}
        variables = self._variables()
        self.globals = Globals(variables, self.name)
        self.rodata, self.data, self.bss = [
            Section(Globals(_of_section(variables, one), one, variables))
            for one in (".rodata", ".data", ".bss")
        ]

    @classmethod
    def open(
        cls,
        source: str | os.PathLike[str] | Buffer,
        *,
        btf: str | os.PathLike[str] = "",
        name: str = "",
        kernel: Kernel | None = None,
    ) -> Self:
        """Read an object file: a path, or its bytes, which messages call `name`.

        Raises `OSError` as `open` has it, `ElfError`, `BtfError` or `ObjectError` (each a
        `FormatError` with an offset) for what is no object file that can be loaded.
        """
        if isinstance(source, bytes | bytearray | memoryview):
            file = read_object(bytes(source), name or "object")
        else:
            path = os.fspath(source)
            with open(path, "rb") as opened:
                file = read_object(opened.read(), name or os.path.basename(path))
        return cls(file, btf=os.fspath(btf), kernel=kernel)

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.file.name

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None

    def type(self, name: str) -> _RecordClass:
        """The class of the records of a struct or union: `obj.type("struct key")(pid=1)`.

        Raises `BtfNotFound` with a near name, `WrongType` for another kind of type.
        """
        codec = self.types.find(name)
        if not isinstance(codec, RecordCodec):
            raise WrongType(f"{codec.name} is no struct or union")
        return codec.type

    def load(self, maps: Mapping[str, Map] | None = None) -> Self:
        """Make the maps, and have the kernel verify and compile the programs.

        Another object's `maps` are shared where they are given by name; `WrongType` for one that is
        of another type. Raises `VerifierError` with the source line, `LinkError` and `CoreError`
        for what this kernel has not, `NotSupported`, `SyscallError`; then nothing is loaded.
        """
        if self._loaded is not None:
            raise WrongState(f"{self.name} is loaded already")
        kernel = self._kernel = self._kernel or LiveKernel()
        wanted = {name for name, one in self.programs.items() if one.autoload}
        file = replace(self.file, maps=tuple([self._map_spec(one) for one in self.maps.values()]))
        spec = link(file, LiveFacts(kernel, self._btf), wanted)
        given = {name: self._shared(name, one) for name, one in (maps or {}).items()}
        with ExitStack() as on_error:
            loaded = on_error.enter_context(load(spec, kernel, given))
            on_error.callback(self._unbind)
            self._bind(loaded, kernel)
            self._loaded = loaded
            self._owned = on_error.pop_all()
        return self

    def attach(self) -> tuple[Link, ...]:
        """Attach every loaded program whose section says where, and put the structs of functions
        in place of the kernel's; when one fails none is."""
        kernel = self._require_loaded()
        with ExitStack() as on_error:
            links = [
                on_error.enter_context(one.attach())
                for one in self.programs.values()
                if one.is_attachable and one.is_loaded
            ]
            links += [
                on_error.enter_context(one.attach(kernel))
                for one in self.maps.values()
                if one.type is MapType.STRUCT_OPS
            ]
            on_error.pop_all()
        return tuple(links)

    def events(
        self,
        name: str = "",
        *,
        type: str | _RecordClass | _BytesClass = "",
        pages: int = 64,
        timeout: float | None = None,
    ) -> Events:
        """The records of the ring or perf buffer `name`, or of the only one there is.

        Of `type` (`struct event`; `bytes`: as they are), else of the map's value type if that is a
        struct, else each of the only struct of the object that is as long as the record, bytes if
        there is none. Name it where you can: only what a function, a map or a variable has to do
        with is in an object's BTF. `pages` is the size of each CPU's perf buffer, a power of two.
        Iterating ends when nothing has come for `timeout` seconds. A buffer has one reader: asking
        again gives the same, until that is closed. The object closes it if you do not.
        """
        kernel = self._require_loaded()
        map_ = self.maps[name] if name else self._only_ring()
        known = self._events.get(map_.name)
        if known is not None and known[0].is_open:
            if known[1:] != (type, pages):
                hint = "close() that, or ask for the same"
                raise WrongState(f"the events of map '{map_.name}' are read already", hint)
            known[0].timeout = timeout
            return known[0]
        types = event_types(self.file, self.types, map_, type)
        events = self._owned.enter_context(
            Events(map_, types, kernel, pages=pages, timeout=timeout)
        )
        self._events[map_.name] = (events, type, pages)
        return events

    def close(self) -> None:
        """Detach and close everything; a second time does nothing. Pins stay."""
        self._owned.close()
        self._loaded = self._tracefs = None

    def __repr__(self) -> str:
        state = "loaded" if self.is_loaded else "not loaded"
        return (
            f"<Object {self.name}: {len(self.programs)} programs, {len(self.maps)} maps, {state}>"
        )

    def _variables(self) -> dict[str, Global]:
        variables: dict[str, Global] = {}
        for one in self.file.variables:
            if one.map in self._data:
                codec = self.types.codec(one.type) if one.type else untyped(one.size)
                variables[one.name] = Global(one.name, self._data[one.map], one.offset, codec)
        return variables

    def _shared(self, name: str, other: Map) -> object_maps.Map:
        """The map in the kernel that is to be `name`."""
        own = self.maps[name]
        shape, wanted = [(one.type, one.key_size, one.value_size) for one in (other, own)]
        if shape != wanted:
            raise WrongType(f"{other!r} cannot be {own!r}")
        return other.loaded

    def _map_spec(self, map_: Map) -> MapSpec:
        """What is to be made, with the variables' values."""
        if map_.name in self._data:
            return replace(map_.spec, contents=self._data[map_.name].contents)
        return map_.spec

    def _bind(self, loaded: Loaded, kernel: Kernel) -> None:
        for name, map_ in self.maps.items():
            if name in loaded.maps:
                map_.bind(loaded.maps[name])
        for name, data in self._data.items():
            if name in loaded.maps:
                data.bind(loaded.maps[name], kernel)
        for name, program in self.programs.items():
            if name in loaded.programs:
                program.bind(loaded.programs[name], self._attach_one, kernel)

    def _unbind(self) -> None:
        for program in self.programs.values():
            program.unbind()
        for data in self._data.values():
            data.unbind()
        for map_ in self.maps.values():
            map_.bind(None)
        self._usdt_specs = None

    def _attach_one(
        self, program: object_programs.Program, at: AttachSpec | ObjectAttach
    ) -> object_links.Link:
        kernel = self._require_loaded()
        if self._usdt_specs is None and USDT_SPECS in self.maps:
            self._usdt_specs = UsdtSpecs(self.maps[USDT_SPECS].loaded)
        if self._tracefs is None:
            self._tracefs = self._owned.enter_context(Tracefs(kernel))
        return attach_object(program, at, kernel, self._tracefs, self._usdt_specs)

    def _require_loaded(self) -> Kernel:
        if self._loaded is None or self._kernel is None:
            raise WrongState(f"{self.name} is not loaded", "obj.load() loads it")
        return self._kernel

    def _only_ring(self) -> Map:
        rings = [one for one in self.maps.values() if one.type in _RINGS]
        if len(rings) != 1:
            names = ", ".join(one.name for one in rings) or "none"
            raise WrongState("which map has the events?", f"name one of its rings: {names}")
        return rings[0]


def _of_section(variables: Mapping[str, Global], section: str) -> dict[str, Global]:
    """Those in the section, and in sections that are called after it: `.data.hot`."""
    return {
        name: one
        for name, one in variables.items()
        if f"{one.data.spec.section}.".startswith(f"{section}.")
    }
