"""True paths: `path path_at fd_path`.

The names of files are in the kernel's memory alone, and tell nothing before they are put together:
from a dentry to its parents, at the root of a mount to what that is mounted on. That is done when
the event happens, in the kernel, from which a string results.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.builtin.bytes import (
    UNREADABLE,
    clamped,
    copy_string,
    is_literal_at,
    pointer_space,
    read_string_at,
)
from seismo.builtin.kernel_records import read_members
from seismo.builtin.path_text import CUT_MARK, DELETED, MOST_STEPS, PathText, walk
from seismo.builtin.pseudo_files import put_pseudo_file
from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call, Expr
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import PointerType, RecordType, StringType, Type

__all__ = ("BUILTINS", "FD_PATH", "PATH", "PATH_AT")

_PATH, _FILE, _DENTRY, _VFSMOUNT = "struct path", "struct file", "struct dentry", "struct vfsmount"
_TASK, _PLACES = "struct task_struct", "struct fs_struct"
_FILES, _TABLE = "struct files_struct", "struct fdtable"
_PATH_MAX = 4096  # include/uapi/linux/limits.h
_AT_FDCWD = -100  # include/uapi/linux/fcntl.h
_POINTER_BYTES = 8
_SLASH = ord("/")


def _check_path(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    source, type_ = call.args[0], types[0]
    target = type_.target if isinstance(type_, PointerType) else type_
    name = target.name if isinstance(target, RecordType) else ""
    if name != _PATH and (name not in (_FILE, _DENTRY) or target is type_):
        message = f"path() takes a {_PATH}, a {_FILE} * or a {_DENTRY} *, not {type_}"
        context.error(source.span, message, "such as args.file, or a cast: (struct file *)…")
    return _sized(call, 1, context)


def _check_fd_path(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    return _sized(call, 1, context)


def _check_path_at(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    return _sized(call, 2, context)


def _sized(call: Call, index: int, context: CallContext) -> StringType:
    """A string of as many bytes as the argument at `index`, if it is given, says."""
    most = context.config.max_strlen
    if len(call.args) <= index:
        return StringType(min(most, _PATH_MAX))
    size, span = int(context.constant(call.args[index])), call.args[index].span
    if size < 1:
        context.error(span, f"{call.name}() needs at least one byte", "the size counts the NUL")
    elif size > _PATH_MAX:
        context.warning(span, f"{call.name}() gives at most {_PATH_MAX} bytes", "no path is longer")
    return StringType(max(1, min(size, _PATH_MAX)))


def _text(low: Lowering, call: Call, behind: int = 0) -> PathText:
    type_ = low.type_of(call)
    assert isinstance(type_, StringType), "checked: it is a string"
    return PathText.of(low, type_.size, behind)


class _Place:
    """A mount and a dentry, as a `struct path` has them: null until one is set."""

    def __init__(self, low: Lowering) -> None:
        self._low = low
        self._mount, self._dentry = low.fresh("mount"), low.fresh("dentry")
        for name in (self._mount, self._dentry):
            low.b.write(name, low.b.const(0))

    @property
    def mount(self) -> Value:
        return self._low.b.read(self._mount)

    @property
    def dentry(self) -> Value:
        return self._low.b.read(self._dentry)

    def set(self, mount: Value, dentry: Value) -> None:
        self._low.b.write(self._mount, mount)
        self._low.b.write(self._dentry, dentry)

    def set_from(self, record: str, pointer: Value, member: str = "") -> None:
        """The `struct path` that is the member of a record of the kernel's, or the record."""
        start = f"{member}." if member else ""
        self.set(*read_members(self._low, record, pointer, f"{start}mnt", f"{start}dentry"))

    def set_from_task(self, member: str) -> None:
        """The current task's `root` or `pwd`."""
        low = self._low
        task = low.b.call("get_current_task", pure=True)
        (places,) = read_members(low, _TASK, task, "fs")
        low.b.when_set(places, lambda: self.set_from(_PLACES, places, member))

    def set_from_descriptor(self, fd: Value) -> None:
        """The file that the current task has open as `fd`, if there is one."""
        low, b = self._low, self._low.b
        task = b.call("get_current_task", pure=True)
        (files,) = read_members(low, _TASK, task, "files")

        def look_up() -> None:
            (table,) = read_members(low, _FILES, files, "fdt")
            count, entries = read_members(low, _TABLE, table, "max_fds", "fd")
            b.when(Cond.LT, b.extend(fd, 32, signed=False), count, lambda: take(entries))

        def take(entries: Value) -> None:
            distance = b.binary(BinaryKind.MUL, fd, b.const(_POINTER_BYTES))
            file = low.load(b.add(entries, distance), "kernel", _POINTER_BYTES)
            b.when_set(file, lambda: self.set_from(_FILE, file, "f_path"))

        b.when_set(files, look_up)


def _lower_path(low: Lowering, call: Call) -> Writer:
    source, place, text = call.args[0], _Place(low), _text(low, call)
    type_ = low.type_of(source)
    if isinstance(type_, RecordType):
        at = low.address(low.memory(source))
        place.set_from(_PATH, at)
    else:
        pointer = low.scalar(source)
        low.b.when_set(pointer, lambda: _follow(low, place, type_, pointer))
    return _place_writer(low, text, place)


def _follow(low: Lowering, place: _Place, type_: Type, pointer: Value) -> None:
    """The place that a pointer to a path, a file or a dentry means."""
    target = type_.target if isinstance(type_, PointerType) else None
    assert isinstance(target, RecordType), "checked: it points to a record"
    if target.name == _DENTRY:
        place.set(low.b.const(0), pointer)
    else:
        place.set_from(target.name, pointer, "f_path" if target.name == _FILE else "")


def _lower_fd_path(low: Lowering, call: Call) -> Writer:
    text, place = _text(low, call), _Place(low)
    place.set_from_descriptor(low.b.extend(low.scalar(call.args[0]), 32, signed=True))
    return _place_writer(low, text, place)


def _place_writer(low: Lowering, text: PathText, place: _Place) -> Writer:
    """A writer of a file's path; it is "" where there is no file."""
    end = low.b.const(text.end)
    return _text_writer(low, text, place, end, lambda: _put_ending(low, text, place))


def _text_writer(
    low: Lowering, text: PathText, place: _Place, position: Value, put: Callable[[], Value]
) -> Writer:
    """A writer of the text at `position`, or, where the place is one, of what `put` makes of it
    behind the path of the place."""
    b, start, is_whole = low.b, low.fresh("start"), low.fresh("is_whole")
    b.write(start, position)
    b.write(is_whole, b.const(1))

    def put_path() -> None:
        top, reached = walk(low, text, put(), place.mount, place.dentry)
        b.write(start, top)
        b.write(is_whole, reached)
        b.when(Cond.EQ, top, b.const(text.end), put_root)

    def put_root() -> None:
        """The way has led there at once."""
        b.write(start, text.put(low, b.const(text.end), "/"))

    b.when_set(place.dentry, put_path)
    return text.writer(low, b.read(start), b.read(is_whole))


def _put_ending(low: Lowering, text: PathText, place: _Place) -> Value:
    """Put the words for a file that was deleted, or that is in no directory at all."""
    b, start, mount, dentry = low.b, low.fresh("ending"), place.mount, place.dentry
    parent, hashed = read_members(low, _DENTRY, dentry, "d_parent", "d_hash.pprev")
    b.write(start, b.const(text.end))

    def alone() -> None:
        b.when_set(mount, in_mount)

    def in_mount() -> None:
        (root,) = read_members(low, _VFSMOUNT, mount, "mnt_root")
        b.when(Cond.NE, dentry, root, lambda: b.write(start, put_pseudo_file(low, text, dentry)))

    def linked() -> None:
        b.when(Cond.EQ, hashed, b.const(0), unlinked)

    def unlinked() -> None:
        b.write(start, text.put(low, b.const(text.end), DELETED))

    b.when(Cond.EQ, parent, dentry, alone, linked)
    return b.read(start)


def _lower_path_at(low: Lowering, call: Call) -> Writer:
    """The name is put into the text first, then the directory that it begins at before it."""
    b, type_ = low.b, low.type_of(call)
    assert isinstance(type_, StringType), "checked: it is a string"
    size = type_.size
    fd = b.extend(low.scalar(call.args[0]), 32, signed=True)
    name, used, is_known = _read_name(low, call.args[1], size)
    text, place = PathText.of(low, size, behind=size), _Place(low)
    skipped = _current_directory_bytes(low, name)
    length = clamped(low, b.binary(BinaryKind.SUB, used, skipped), size)
    position = b.binary(BinaryKind.SUB, b.const(text.end + 1), length)
    to = low.address(text.at(low, position))
    b.call("probe_read_kernel", to, length, b.add(low.address(name), skipped))
    is_absolute = b.compare(Cond.EQ, b.load(name.base, name.offset, 1), b.const(_SLASH))
    b.when_set(is_known, lambda: _set_base(low, place, fd, is_absolute))

    def put() -> Value:
        before = low.fresh("before")

        def relative() -> None:
            is_empty = Cond.EQ, length, b.const(1)
            b.when(*is_empty, as_file, lambda: b.write(before, text.put(low, position, "/")))

        def as_file() -> None:
            b.write(before, _put_ending(low, text, place))

        b.when_set(is_absolute, lambda: b.write(before, position), relative)
        return b.read(before)

    return _text_writer(low, text, place, position, put)


def _set_base(low: Lowering, place: _Place, fd: Value, is_absolute: Value) -> None:
    """The directory that a name begins at."""
    b = low.b

    def relative() -> None:
        is_current = Cond.EQ, fd, b.const(_AT_FDCWD)
        b.when(
            *is_current,
            lambda: place.set_from_task("pwd"),
            lambda: place.set_from_descriptor(fd),
        )

    b.when_set(is_absolute, lambda: place.set_from_task("root"), relative)


def _current_directory_bytes(low: Lowering, name: Address) -> Value:
    """How many bytes a `./` at the beginning of a name has: 2 or 0."""
    b = low.b
    start = int.from_bytes(b"./", low.byte_order)
    has_one = b.compare(Cond.EQ, b.load(name.base, name.offset, 2), b.const(start))
    return b.add(has_one, has_one)


def _read_name(low: Lowering, expr: Expr, size: int) -> tuple[Address, Value, Value]:
    """Where a name lies in own memory, its bytes with the NUL, and whether (1) it is the name; one
    that cannot be read is a mark instead. A null pointer gives an empty name."""
    b, used, is_known = low.b, low.fresh("used"), low.fresh("is_known")
    home, span = low.scratch(size), expr.span
    if isinstance(low.type_of(expr), StringType):
        most = min(size, low.field_type(low.type_of(expr)).size + 1)
        length = copy_string(low, home, low.memory(expr), b.const(most))
        is_mark = is_literal_at(low, home, f"{UNREADABLE}\0".encode()[:size])
        return home, length, b.compare(Cond.EQ, is_mark, b.const(0))
    pointer, helper = low.scalar(expr), f"probe_read_{pointer_space(low, expr)}_str"
    length = read_string_at(low, helper, home, b.const(size), pointer)
    b.write(used, length)
    b.write(is_known, b.const(1))

    def failed() -> None:
        b.write(used, b.const(1))
        b.when_set(pointer, marked, lambda: b.store(home.base, home.offset, b.const(0), 1))

    def marked() -> None:
        low.fault("string", helper, length, span)
        b.write(is_known, b.const(0))
        b.write(used, low.text(UNREADABLE[: size - 1])(home))

    b.when(Cond.SLT, length, b.const(0), failed)
    return home, b.read(used), b.read(is_known)


_SIZE = Param("size", ("int",), optional=True, literal=True)
_LIMITS = (
    f"At most `size` bytes with the NUL; without a size, `max_strlen`, and never more than "
    f"{_PATH_MAX}. A path that is longer, or leads through more than {MOST_STEPS} names and "
    f"mounts, begins with `{CUT_MARK}`. Since Linux 5.17 (`bpf_loop`)."
)

PATH = Builtin(
    Signature(
        name="path",
        params=(Param("file", ("pointer", "record")), _SIZE),
        returns=StringType(1),
        check=_check_path,
    ),
    "The path of a `struct path`, of what a `struct file *` has open, or, within its file system, "
    "of a `struct dentry *`: from the root of the mount namespace, whatever the root of the task. "
    "One that was deleted has ` (deleted)` behind it; what is in no directory is called as "
    f"/proc/PID/fd does: `pipe:[123]`. {_LIMITS}",
    _lower_path,
    "fentry:security_file_open { @[path(args.file)] = count(); }",
)
FD_PATH = Builtin(
    Signature(
        name="fd_path",
        params=(Param("fd", ("int",)), _SIZE),
        returns=StringType(1),
        check=_check_fd_path,
    ),
    "The path, as of path(), of the file that the current process has open by this descriptor; "
    f'"" where there is none. {_LIMITS}',
    _lower_fd_path,
    "tracepoint:syscalls:sys_enter_write { @bytes[fd_path(args.fd)] = sum(args.count); }",
)
PATH_AT = Builtin(
    Signature(
        name="path_at",
        params=(Param("directory", ("int",)), Param("name", ("string", "pointer", "int")), _SIZE),
        returns=StringType(1),
        check=_check_path_at,
    ),
    "The absolute path that a system call of the current process means by a descriptor of a "
    "directory and a name. An absolute name begins at the process's root, another one at the "
    "directory, which is the current one for AT_FDCWD (-100); an empty one, or a null pointer, is "
    "the descriptor's own file. A `./` before the name is left out; links, `.` and `..` in it "
    "stay. Where the descriptor is of no file, the name is alone. It is a string, or a pointer "
    f"to one, which is read as by str(). {_LIMITS}",
    _lower_path_at,
    "tracepoint:syscalls:sys_enter_openat {\n"
    '    printf("%s\\n", path_at(args.dfd, args.filename));\n'
    "}",
)

BUILTINS = (PATH, FD_PATH, PATH_AT)
