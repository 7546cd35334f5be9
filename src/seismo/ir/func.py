"""`Func`: one program's blocks; `Module`: all programs of a script. `str()` is the listing."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.dataclass import dataclass, field
from seismo.ir.ops import Kind, Op, Reference, Slot, Terminator, Value
from seismo.ir.print import format_block

__all__ = ("Block", "Func", "Module")


@dataclass(slots=True, eq=False)
class Block:
    """A straight line of ops with one terminator; `params` take the values of incoming edges."""

    label: str
    params: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    terminator: Terminator | None = None

    @property
    def end(self) -> Terminator:
        """The terminator; a block without one is still being built and has no end."""
        if self.terminator is None:
            raise ValueError(f"block {self.label} has no terminator yet")
        return self.terminator

    def __str__(self) -> str:
        return format_block(self.label, self.params, self.ops, self.terminator)


@dataclass(slots=True, eq=False)
class Func:
    """One program, or one of its subprograms: `blocks[0]` is the entry (without params).

    A program's `params[0]` is the context pointer; a subprogram has up to five parameters, those of
    a callback as the helper that calls it says. `subprograms` are all that a program calls or takes
    the address of, at any depth, each after those that it uses; a subprogram has none of its own.
    `next_id` numbers new values, so that a pass can make some without a clash.
    """

    name: str
    params: list[Value]
    blocks: list[Block] = field(default_factory=list)
    next_id: int = 0
    subprograms: list[Func] = field(default_factory=list)

    def new_value(self, kind: Kind = Kind.INT) -> Value:
        """A value that no op defines yet."""
        self.next_id += 1
        return Value(self.next_id, kind)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The stack slots in use, in order of first use."""
        seen: dict[Slot, None] = {}
        for block in self.blocks:
            for op in block.ops:
                slot = getattr(op, "slot", None)
                if isinstance(slot, Slot):
                    seen[slot] = None
        return tuple(seen)

    @property
    def references(self) -> Iterator[Reference]:
        """The ops that name a subprogram."""
        for block in self.blocks:
            for op in block.ops:
                if isinstance(op, Reference):
                    yield op

    def subprogram(self, name: str) -> Func:
        """The subprogram called `name`; KeyError when there is none."""
        for one in self.subprograms:
            if one.name == name:
                return one
        raise KeyError(name)

    def __str__(self) -> str:
        """The listing, that of its subprograms below it."""
        listings = [self._listing("func"), *(one._listing("sub") for one in self.subprograms)]
        return "\n\n".join(listings)

    def _listing(self, word: str) -> str:
        params = ", ".join(str(param) for param in self.params)
        body = "\n".join(str(block) for block in self.blocks)
        return f"{word} {self.name}({params})\n{body}"


@dataclass(frozen=True, slots=True)
class Module:
    """The programs of one script, in the order of its probes."""

    funcs: tuple[Func, ...]

    def __str__(self) -> str:
        return "\n\n".join(str(func) for func in self.funcs)
