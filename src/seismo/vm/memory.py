"""The machine's memory: regions with bounds and permissions in an address space of its own.

An address is a 64-bit number, so arithmetic on pointers is exact:

     63                      32 31                       0
    +--------------------------+--------------------------+
    |           slab           |          offset          |
    +--------------------------+--------------------------+

Each region begins at offset 0 of a slab of its own. Between two of them a slab stays empty, so that
no pointer gets from one region into another by the 2 GiB that the verifier would let it move, and
what is freed never comes back. Slabs begin far above what a process or NULL could mean.

>>> memory = Memory()
>>> buffer = memory.allocate(bytearray(8), "buffer")
>>> memory.store(buffer.base, 258, 8); memory.load(buffer.base + 1, 1)
1
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from struct import error as StructError
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.vm.errors import BadAccess

__all__ = ("OFFSET_MASK", "SLAB_BITS", "WORDS", "Buffer", "Memory", "Region")

Buffer: TypeAlias = bytearray | memoryview | bytes

SLAB_BITS = 32
OFFSET_MASK = (1 << SLAB_BITS) - 1
_FIRST_SLAB = 0x8000_0002
_STRIDE = 2
_NEAR = 1 << 31
_NULL_PAGE = 4096
_REMEMBERED = 64  # how many freed regions a message may name

WORDS: dict[int, Struct] = {1: Struct("<B"), 2: Struct("<H"), 4: Struct("<I"), 8: Struct("<Q")}
"""How a number of so many bytes lies in memory: the machine is little-endian on every host."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Memory from `base` on. `is_stack` counts from the end in what messages say, as r10 does.

    `data` of None is a region without contents, which stands for `thing`: a map or the like.
    """

    name: str
    base: int
    data: Buffer | None
    is_writable: bool
    is_stack: bool = False
    thing: object = None

    @property
    def size(self) -> int:
        return 0 if self.data is None else len(self.data)

    @property
    def end(self) -> int:
        return self.base + self.size

    def place(self, address: int) -> str:
        """The address in terms of this region: `stack-8`, `ctx+0`."""
        return f"{self.name}{address - (self.end if self.is_stack else self.base):+d}"


class Memory:
    """All regions. `readable` and `writable` hold what lies in each slab, for translated code.

    `watchers` are told the slab of each region that is freed.
    """

    def __init__(self) -> None:
        self.readable: dict[int, Buffer] = {}
        self.writable: dict[int, Buffer] = {}
        self.watchers: list[Callable[[int], None]] = []
        self._regions: dict[int, Region] = {}
        self._freed: dict[int, Region] = {}
        self._exposed: dict[int, Region] = {}
        self._next = _FIRST_SLAB

    @property
    def regions(self) -> tuple[Region, ...]:
        """What is there now, in the order of addresses."""
        return tuple(self._regions.values())

    def allocate(
        self,
        data: Buffer,
        name: str,
        *,
        is_writable: bool = True,
        is_stack: bool = False,
        thing: object = None,
    ) -> Region:
        """A region over `data`, which is shared and not copied; immutable data is read-only."""
        is_writable = is_writable and not memoryview(data).readonly
        slab = self._take_slab()
        region = Region(name, slab << SLAB_BITS, data, is_writable, is_stack, thing)
        self._regions[slab] = region
        self.readable[slab] = data
        if is_writable:
            self.writable[slab] = data
        return region

    def _take_slab(self) -> int:
        slab, self._next = self._next, self._next + _STRIDE
        return slab

    def expose(self, data: Buffer, name: str, *, is_writable: bool = True) -> Region:
        """The region over exactly this object, made when it is first asked for."""
        region = self._exposed.get(id(data))
        if region is None:
            region = self.allocate(data, name, is_writable=is_writable)
            self._exposed[id(data)] = region
        return region

    def handle(self, thing: object, name: str) -> Region:
        """A region that stands for a thing and holds nothing, made when it is first asked for."""
        region = self._exposed.get(id(thing))
        if region is None:
            slab = self._take_slab()
            region = Region(name, slab << SLAB_BITS, None, is_writable=False, thing=thing)
            self._regions[slab] = self._exposed[id(thing)] = region
        return region

    def thing_at(self, address: int) -> object:
        """What the region that begins there stands for; None where none does."""
        region = self._regions.get(address >> SLAB_BITS)
        return region.thing if region is not None and region.base == address else None

    def free(self, region: Region) -> None:
        """End a region's life: from now on its addresses are nowhere."""
        slab = region.base >> SLAB_BITS
        del self._regions[slab]
        self.readable.pop(slab, None)
        self.writable.pop(slab, None)
        for watch in self.watchers:
            watch(slab)
        subject = id(region.thing if region.data is None else region.data)
        if self._exposed.get(subject) is region:
            del self._exposed[subject]
        self._freed[slab] = region
        if len(self._freed) > _REMEMBERED:
            del self._freed[next(iter(self._freed))]

    def mark(self) -> int:
        """A moment, for `free_since`."""
        return self._next

    def free_since(self, mark: int) -> None:
        """End the lives of all that came after the moment."""
        for region in self._since(mark):
            self.free(region)

    def _since(self, mark: int) -> Iterator[Region]:
        younger: list[Region] = []
        for slab in reversed(self._regions):
            if slab < mark:
                break
            younger.append(self._regions[slab])
        return reversed(younger)

    def region_at(self, address: int, size: int = 1) -> Region:
        """The region that holds all of `size` bytes there; BadAccess where none does."""
        region = self._regions.get(address >> SLAB_BITS)
        if region is None or not (address & OFFSET_MASK) + size <= region.size:
            raise BadAccess(self.explain(address, size), address)
        return region

    def load(self, address: int, size: int) -> int:
        """The number of 1, 2, 4 or 8 bytes there; BadAccess."""
        try:
            number: int = WORDS[size].unpack_from(
                self.readable[address >> SLAB_BITS], address & OFFSET_MASK
            )[0]
        except (KeyError, StructError):
            raise BadAccess(self.explain(address, size), address) from None
        return number

    def store(self, address: int, value: int, size: int) -> None:
        """Put a number of 1, 2, 4 or 8 bytes there; what does not fit is cut off; BadAccess."""
        value &= (1 << 8 * size) - 1
        try:
            WORDS[size].pack_into(self.writable[address >> SLAB_BITS], address & OFFSET_MASK, value)
        except (KeyError, StructError):
            raise BadAccess(self.explain(address, size, is_write=True), address) from None

    def check_writable(self, address: int, size: int) -> None:
        """BadAccess where `store` would raise it."""
        target = self.writable.get(address >> SLAB_BITS, b"")
        if (address & OFFSET_MASK) + size > len(target):
            raise BadAccess(self.explain(address, size, is_write=True), address)

    def read(self, address: int, size: int) -> bytes:
        """The bytes there; BadAccess. No bytes may be read from anywhere, as in the kernel."""
        if size == 0:
            return b""
        offset = address & OFFSET_MASK
        found = bytes(self.readable.get(address >> SLAB_BITS, b"")[offset : offset + size])
        if len(found) != size:
            raise BadAccess(self.explain(address, size), address)
        return found

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Put bytes there, all or none; BadAccess."""
        if not data:
            return
        target = self.writable.get(address >> SLAB_BITS)
        offset = address & OFFSET_MASK
        if target is None or isinstance(target, bytes) or offset + len(data) > len(target):
            raise BadAccess(self.explain(address, len(data), is_write=True), address)
        target[offset : offset + len(data)] = data

    def read_string(self, address: int, limit: int) -> bytes:
        """The bytes up to a zero byte, without it, or `limit` bytes; BadAccess when the region ends
        before both."""
        region = self.region_at(address)
        offset = address & OFFSET_MASK
        found = bytes((region.data or b"")[offset : offset + limit])
        text, zero, _ = found.partition(b"\0")
        if not zero and len(found) < limit:
            raise BadAccess(self.explain(region.end, 1), region.end)
        return text

    def explain(self, address: int, size: int, *, is_write: bool = False) -> str:
        """Why so many bytes there cannot be read or written."""
        what = f"{'writes' if is_write else 'reads'} {size} byte{'s' if size != 1 else ''} at"
        if address < _NULL_PAGE:
            return f"{what} {address:#x}: a null pointer"
        for regions, fate in ((self._regions, ""), (self._freed, ", which is gone")):
            region = _nearest(regions, address)
            if region is None:
                continue
            place = f"{what} {region.place(address)}"
            return f"{place}{fate or _trouble(region, address, size)}"
        return f"{what} {address:#x}, where there is nothing"


def _nearest(regions: dict[int, Region], address: int) -> Region | None:
    """The region that an address is in, or less than 2 GiB away from."""
    return regions.get(address >> SLAB_BITS) or regions.get((address + _NEAR) >> SLAB_BITS)


def _trouble(region: Region, address: int, size: int) -> str:
    """What is wrong with an access that is in or near a region."""
    if region.data is None:
        return ", which has no contents that a program may touch"
    inside = "the frame" if region.is_stack else "it"
    if address < region.base:
        return f", below {inside}" if region.is_stack else ", before it begins"
    if address + size > region.end:
        return f", above {inside}" if region.is_stack else f", past its end at +{region.size}"
    return ", which is read-only"
