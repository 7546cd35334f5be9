"""The text of a path, made in scratch memory from its end: names stand before what is behind them.

    | 256 bytes | size bytes                    NUL | 256 bytes
                       ^ position: /usr/bin/true

Nothing looks at a name's length before the name is copied, so the first one may begin before the
bytes that are the text's own; that is seen then, and the text cut at its beginning. The bytes
behind are what the kernel's verifier, which knows no more of a name than its largest length, thinks
may be written.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.builtin.bytes import clamped, copy_string, store_bytes
from seismo.builtin.kernel_records import offset_of, read_members
from seismo.builtin.record import Address, LoopStep, Lowering, Writer
from seismo.builtin.turn import Turn
from seismo.ir.ops import BinaryKind, Cond, Value

__all__ = ("CUT_MARK", "DELETED", "MOST_STEPS", "PathText", "walk")

CUT_MARK = "..."
"""Stands for the beginning of a path that is longer, or deeper, than there is room for."""

DELETED = " (deleted)"
"""Stands behind the path of a file that has lost its name."""

MOST_STEPS = 256
"""Names, and mounts, that a path may lead through."""

_NAME_MAX = 255  # include/uapi/linux/limits.h
_ROOM = _NAME_MAX + 1
_LEAST_BYTES = 64
"""What is put together of parts of known length fits always, however little of it is wanted."""
_MOST_DIGITS = 20
_MOUNT, _VFSMOUNT, _DENTRY = "struct mount", "struct vfsmount", "struct dentry"


@dataclass(frozen=True, slots=True)
class PathText:
    """`capacity` bytes, of which at most `size` are wanted in the end; the NUL is among them."""

    home: Address
    capacity: int
    size: int

    @classmethod
    def of(cls, low: Lowering, size: int, behind: int = 0) -> PathText:
        """An empty one. What is put into it in one piece is at most `behind`, or 255, bytes."""
        capacity = max(size, _LEAST_BYTES)
        home = low.scratch(_ROOM + capacity + max(behind, _ROOM))
        text = cls(home, capacity, size)
        low.b.store(home.base, home.offset + text.end, low.b.const(0), 1)
        return text

    @property
    def end(self) -> int:
        """The position of the NUL, where the empty text begins."""
        return _ROOM + self.capacity - 1

    @property
    def first(self) -> int:
        """The position of the first byte that is wanted."""
        return self.end - self.size + 1

    def put(self, low: Lowering, position: Value, words: str) -> Value:
        """Put words before the text: where it begins then."""
        content = words.encode()
        start = low.b.add(self._bounded(low, position), low.b.const(-len(content)))
        store_bytes(low, self.at(low, start), content)
        return start

    def put_string(self, low: Lowering, position: Value, pointer: Value, length: Value) -> Value:
        """Put `length` bytes, at most 255, of the kernel's memory before the text."""
        count = clamped(low, length, _NAME_MAX)
        start = low.b.binary(BinaryKind.SUB, self._bounded(low, position), count)
        low.read_memory(self.at(low, start), count, pointer, "kernel")
        return start

    def put_name(self, low: Lowering, position: Value, pointer: Value, length: Value) -> Value:
        """Put a `/` and such a name before the text."""
        b = low.b
        start = b.add(self.put_string(low, position, pointer, length), b.const(-1))
        slash = self.at(low, start)
        b.store(slash.base, slash.offset, b.const(ord("/")), 1)
        return start

    def put_number(self, low: Lowering, position: Value, number: Value) -> Value:
        """Put a number in decimal digits before the text. Since Linux 5.17 (`bpf_loop`)."""

        def step(inner: Lowering, _: Value, carried: Mapping[str, Value]) -> LoopStep:
            b, ten = inner.b, inner.b.const(10)
            digit = b.binary(BinaryKind.MOD, carried["rest"], ten)
            start = b.add(self._bounded(inner, carried["position"]), b.const(-1))
            to = self.at(inner, start)
            b.store(to.base, to.offset, b.add(digit, b.const(ord("0"))), 1)
            rest = b.binary(BinaryKind.DIV, carried["rest"], ten)
            is_last = b.compare(Cond.EQ, rest, b.const(0))
            return LoopStep({"rest": rest, "position": start}, is_last)

        carried = {"rest": number, "position": position}
        return low.loop(low.b.const(_MOST_DIGITS), carried, step)["position"]

    def writer(self, low: Lowering, position: Value, is_whole: Value) -> Writer:
        """A writer of the text that begins at `position`, marked if there is more than that."""
        b, start, first = low.b, low.fresh("start"), low.b.const(self.first)
        b.write(start, position)

        def cut() -> None:
            b.write(start, b.add(position, b.const(-len(CUT_MARK))))
            b.when(Cond.SLT, b.read(start), first, lambda: b.write(start, first))
            b.write(start, clamped(low, b.read(start), self.end))
            store_bytes(low, self.at(low, b.read(start)), CUT_MARK.encode())

        def is_long() -> None:
            b.when(Cond.SLT, position, first, cut)

        b.when_set(is_whole, is_long, cut)
        begin = clamped(low, b.read(start), self.end)

        def write(to: Address) -> Value:
            return copy_string(low, to, self.at(low, begin), b.const(self.size))

        return write

    def at(self, low: Lowering, position: Value) -> Address:
        """The byte at a position that the verifier knows the bounds of."""
        return Address(low.b.add(low.address(low.here(self.home)), position))

    def _bounded(self, low: Lowering, position: Value) -> Value:
        """A position within the text, so that the kernel's verifier sees that it is."""
        b = low.b
        inside = clamped(low, b.add(position, b.const(-_ROOM)), self.capacity - 1)
        return b.add(inside, b.const(_ROOM))


def walk(
    low: Lowering, text: PathText, position: Value, mount: Value, dentry: Value
) -> tuple[Value, Value]:
    """Put the names from the root to a `struct dentry` before the text, a `/` before each: where it
    begins then, and whether (1) it reaches the root.

    `mount` is a `struct vfsmount`, and the root that of its mount namespace, whatever the task's
    own root is; where it is null, the root of the dentry's file system. Since Linux 5.17.
    """
    b, root = low.b, low.fresh("root")
    b.write(root, b.const(0))
    b.when_set(mount, lambda: b.write(root, *read_members(low, _VFSMOUNT, mount, "mnt_root")))
    carried = {
        "position": position,
        "mount": mount,
        "dentry": dentry,
        "root": b.read(root),
        "is_whole": b.const(0),
    }

    def step(inner: Lowering, _: Value, now: Mapping[str, Value]) -> LoopStep:
        return _Step(inner, text, Turn(inner, now)).run()

    last = low.loop(b.const(MOST_STEPS), carried, step)
    return last["position"], last["is_whole"]


class _Step:
    """A step of a walk: one name, or from a mount to what it is mounted on."""

    def __init__(self, low: Lowering, text: PathText, turn: Turn) -> None:
        self._low = low
        self._text = text
        self._turn = turn

    def run(self) -> LoopStep:
        b, now = self._low.b, self._turn.now
        # There is no more room, or a null dentry, which is what a failed read gives.
        has_room = Cond.SGE, now["position"], b.const(_ROOM)
        b.when(*has_room, lambda: b.when_set(now["dentry"], self._move))
        return self._turn.end()

    def _move(self) -> None:
        now = self._turn.now
        is_root = Cond.EQ, now["dentry"], now["root"]
        self._low.b.when(*is_root, self._leave_mount, self._leave_directory)

    def _leave_mount(self) -> None:
        low, b = self._low, self._low.b
        inside = offset_of(low, _MOUNT, "mnt")
        here = b.binary(BinaryKind.SUB, self._turn.now["mount"], inside)
        parent, place = read_members(low, _MOUNT, here, "mnt_parent", "mnt_mountpoint")

        def follow() -> None:
            mount = b.add(parent, inside)
            (root,) = read_members(low, _VFSMOUNT, mount, "mnt_root")
            self._turn.go_on(mount=mount, dentry=place, root=root)

        b.when(Cond.EQ, parent, here, self._arrive, follow)

    def _leave_directory(self) -> None:
        low, b, now = self._low, self._low.b, self._turn.now
        parent, *name = read_members(
            low, _DENTRY, now["dentry"], "d_parent", "d_name.name", "d_name.len"
        )

        def put_name() -> None:
            position = self._text.put_name(low, now["position"], *name)
            self._turn.go_on(position=position, dentry=parent)

        b.when(Cond.EQ, parent, now["dentry"], self._arrive, put_name)

    def _arrive(self) -> None:
        self._turn.set(is_whole=self._low.b.const(1))
