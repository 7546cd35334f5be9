"""The maps of an object file: made, filled, shared through pins; what `load` does not always need.

What is put in before a program runs is put in before programs are loaded, because the verifier
takes the values of a frozen, read-only map for constants.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import SyscallError
from seismo.isa.map_types import MapType
from seismo.kernel.fd import Fd
from seismo.kernel.pins import pin
from seismo.kernel.proc import possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import BadSpec
from seismo.objects.map import Map
from seismo.objects.map_spec import creation_flags
from seismo.objects.program import Program
from seismo.spec.types import MapSpec

__all__ = ("fill_program_slots", "pinned", "set_up_maps")

_BPF_F_RDONLY_PROG = 1 << 7
# The kernel adds BPF_F_RDONLY_PROG to these (kernel/bpf/devmap.c: dev_map_alloc_check).
_READ_ONLY = (MapType.DEVMAP, MapType.DEVMAP_HASH)
_POINTER_BYTES = 8
_COMPARED = ("type", "key_size", "value_size", "max_entries", "flags", "extra")


def set_up_maps(
    specs: Collection[MapSpec],
    kernel: Kernel,
    btf: Fd | None,
    given: Mapping[str, Map],
    owned: ExitStack,
) -> tuple[dict[str, Map], tuple[Map, ...]]:
    """Every map by name, and those of them that are new; `owned` is to close what is not `given`.

    A map is taken as it is from `given` or from where its spec has it pinned, else made and filled.
    `btf` is what their types are of. Raises `BadSpec`, also for a pinned map that is another than
    the spec says, and `SyscallError`.
    """
    maps = dict(given)
    new: list[Map] = []
    for one in specs:
        if one.name in maps:
            continue
        spec = _complete(kernel, one)
        found = _open_pinned(kernel, spec)
        if found is None:
            found = _create(kernel, spec, btf)
            new.append(found)
        maps[spec.name] = owned.enter_context(found)
    for made in new:
        _fill(made, maps)
    return maps, tuple(new)


@contextmanager
def pinned(maps: Iterable[Map], kernel: Kernel) -> Iterator[None]:
    """Pin the maps whose spec says where; if what is done meanwhile fails, the pins go again.

    Raises `SyscallError`.
    """
    with ExitStack() as on_error:
        for one in maps:
            if one.spec.pin:
                pin(kernel, one.fd, one.spec.pin)
                on_error.callback(one.unpin, one.spec.pin)
        yield
        on_error.pop_all()


def fill_program_slots(
    specs: Collection[MapSpec], maps: Mapping[str, Map], programs: Mapping[str, Program]
) -> None:
    """Put the programs where the arrays of programs want them, whoever has made these; what a map
    of functions is to hold gets their fds. Raises `BadSpec`, `SyscallError`."""
    for spec in specs:
        fds: list[tuple[int, int]] = []
        for index, name in spec.program_slots:
            if name not in programs:
                hint = did_you_mean(name, programs)
                raise BadSpec(f"map {spec.name}", f"no program '{name}' for [{index}]", hint)
            fds.append((index, int(programs[name].fd)))
        filled = maps[spec.name]
        if spec.type is MapType.STRUCT_OPS:
            filled.spec = _with_functions(spec, fds)
        else:
            for index, fd in fds:
                filled.put(_u32(index), _u32(fd))


def _with_functions(spec: MapSpec, fds: list[tuple[int, int]]) -> MapSpec:
    """The kernel takes a program's fd where a function's address is to be."""
    ((key, content),) = spec.contents
    value = bytearray(content)
    for offset, fd in fds:
        value[offset : offset + _POINTER_BYTES] = fd.to_bytes(_POINTER_BYTES, sys.byteorder)
    return replace(spec, contents=((key, bytes(value)),))


def _complete(kernel: Kernel, spec: MapSpec) -> MapSpec:
    """An array of perf events that does not say how many has one for each CPU."""
    if spec.type is MapType.PERF_EVENT_ARRAY and not spec.max_entries:
        return replace(spec, max_entries=len(possible_cpus(kernel)))
    return spec


def _open_pinned(kernel: Kernel, spec: MapSpec) -> Map | None:
    """The map that is pinned where `spec` wants to be; None when there is none."""
    if not spec.pin:
        return None
    try:
        found = Map.open_pinned(kernel, spec.pin)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    wanted, other = replace(spec, flags=creation_flags(spec)), found.spec
    if spec.type in _READ_ONLY:
        wanted = replace(wanted, flags=wanted.flags | _BPF_F_RDONLY_PROG)
    for what in _COMPARED:
        have, want = getattr(other, what), getattr(wanted, what)
        if have != want:
            found.close()
            raise BadSpec(
                f"map {spec.name}",
                f"the map that is pinned at {spec.pin} has {what} {have}, not {want}",
                "unlink the pin, or give the map another name or path",
            )
    found.spec = spec
    return found


def _create(kernel: Kernel, spec: MapSpec, btf: Fd | None) -> Map:
    with ExitStack() as pattern:
        inner = None
        if spec.inner is not None:
            inner = pattern.enter_context(_create(kernel, spec.inner, btf))
        if btf is None and spec.type is MapType.STRUCT_OPS:
            why = "the kernel does not take the object's types, without which there is no such map"
            raise BadSpec(f"map {spec.name}", why)
        if btf is None or not (spec.key_type or spec.value_type):
            return Map.create(kernel, spec, inner=inner)
        try:
            return Map.create(kernel, spec, inner=inner, btf=btf)
        except SyscallError:
            # Not every type of map may have types, and they only serve who looks at the map; what
            # else is wrong is refused once more.
            return Map.create(kernel, spec, inner=inner)


def _fill(into: Map, maps: Mapping[str, Map]) -> None:
    spec = into.spec
    if spec.type is MapType.STRUCT_OPS:
        return  # What is put in there takes the programs, and may be in use at once.
    if spec.contents:
        into.put_many(spec.contents)
    for index, name in spec.map_slots:
        if name not in maps:
            hint = did_you_mean(name, maps)
            raise BadSpec(f"map {spec.name}", f"no map '{name}' for [{index}]", hint)
        into.put(_u32(index), _u32(int(maps[name].fd)))
    if spec.is_frozen:
        into.freeze()


def _u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)
