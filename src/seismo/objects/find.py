"""Programs, maps and links by what people call them: `id 12`, `name filter`, `pinned PATH`.

>>> find_programs(kernel, "name", "filter")
(12, 15)
"""

from __future__ import annotations

from seismo.kernel import bpf
from seismo.kernel.abi import BPF_OBJ_NAME_LEN
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.object_ids import Kind, identity, open_by_id
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import NotThatKind
from seismo.objects.inventory import maps, programs

__all__ = ("find_links", "find_maps", "find_programs")


def find_programs(kernel: Kernel, how: str, value: str) -> tuple[int, ...]:
    """The ids of the programs that are meant; `how` is `id`, `name`, `tag` or `pinned`.

    Raises `NotInKernel` when there is none, `NotThatKind` for another's pin, `SyscallError`.
    """
    if how == "name":
        found = tuple([one.id for one in programs(kernel) if _is_called(one.name, value)])
    elif how == "tag":
        found = tuple([one.id for one in programs(kernel) if one.tag == value.lower()])
    else:
        found = (_by_id(kernel, Kind.PROGRAM, how, value),)
    return _some(found, f"BPF program of {how}", value)


def find_maps(kernel: Kernel, how: str, value: str) -> tuple[int, ...]:
    """The ids of the maps that are meant; `how` is `id`, `name` or `pinned`."""
    if how == "name":
        found = tuple([one.id for one in maps(kernel) if _is_called(one.name, value)])
    else:
        found = (_by_id(kernel, Kind.MAP, how, value),)
    return _some(found, f"map of {how}", value)


def find_links(kernel: Kernel, how: str, value: str) -> tuple[int, ...]:
    """The ids of the links that are meant; `how` is `id` or `pinned`."""
    return (_by_id(kernel, Kind.LINK, how, value),)


def _is_called(name: str, wanted: str) -> bool:
    """Whole, or cut as the kernel cuts it."""
    return wanted in (name, name[: BPF_OBJ_NAME_LEN - 1])


def _some(found: tuple[int, ...], what: str, value: str) -> tuple[int, ...]:
    if not found:
        raise NotInKernel(what, value)
    return found


def _by_id(kernel: Kernel, kind: Kind, how: str, value: str) -> int:
    if how == "pinned":
        return _pinned(kernel, kind, value)
    if how != "id" or not value.isdecimal():
        raise NotInKernel(f"{kind.value} of {how}", value)
    open_by_id(kernel, kind, int(value)).close()
    return int(value)


def _pinned(kernel: Kernel, kind: Kind, path: str) -> int:
    with Fd(kernel, bpf.obj_get(kernel, path), kind.value, path) as fd:
        found, number = identity(kernel, fd)
    if found is not kind:
        raise NotThatKind(path, kind.value)
    return number
