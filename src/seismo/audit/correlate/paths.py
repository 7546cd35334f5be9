"""`PathResolver`: which files an event was about, and whether a name led elsewhere than it said.

A path argument is told three times: the string as the program gave it, the directory that it was
relative to, and, of calls that open, the path of the file that the kernel opened. The first two
make the absolute path, `..` and `.` taken out without asking the file system. Where the third
differs, the file system is asked, at best effort, since it may have changed meanwhile:

through a symlink          the name leads to that path by symbolic links
through a mount            it leads to the same inode by another path: a bind mount
opened elsewhere           it leads to another file, or did when the file was opened
opened by another name     nobody can say any more: the name is gone, or not ours to see
argument changed           the string in memory differed at the end of the call
kernel used another name   the string that the kernel took differed from the one at the entry
container                  the process is in another mount namespace than ours
deleted, unreachable       the file has no name any more; it is not below the process's root
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable

from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.correlate.follow import Place, Unresolved, follow
from seismo.audit.correlate.process import Process
from seismo.audit.record.event import AuditEvent, FileObject
from seismo.audit.record.layout import EventFlag
from seismo.base.enum import Enum

__all__ = ("Note", "PathResolver", "absolute", "normal")

_RETURNED = -1
_MOST_ANSWERS = 4096
_O_TMPFILE = 0o20000000


class Note(Enum):
    """Words that correlation puts into `event.notes`."""

    CHANGED = "argument changed"
    KERNEL_DIFFERS = "kernel used another name"
    SYMLINK = "through a symlink"
    MOUNT = "through a mount"
    ELSEWHERE = "opened elsewhere"
    OTHER_NAME = "opened by another name"
    DELETED = "deleted"
    UNREACHABLE = "unreachable"
    CONTAINER = "container"


def normal(path: str) -> str:
    """An absolute path without `.`, `..` and empty names; no link is followed.

    >>> normal("/usr//lib/../bin/.")
    '/usr/bin'
    """
    found = posixpath.normpath(path)
    return found[1:] if found.startswith("//") else found


def absolute(text: str, directory: str) -> str:
    """A path argument made absolute; `…/` stands for a directory that is not known."""
    joined = _joined(text, directory)
    return normal(joined) if joined.startswith("/") else joined


def _joined(text: str, directory: str) -> str:
    if text.startswith("/"):
        return text
    if directory.startswith("/"):
        return f"{directory}/{text}"
    base = directory if directory.startswith("…") else "…"
    return f"{base}/{text}" if text else base


class PathResolver:
    """Fills `event.paths` and `event.notes`.

    `mntns` is our own mount namespace; `root_of(tgid)` is a process's root as we see it, OSError
    when it is gone. With `is_file_system_asked=False` no other name is explained.
    Answers are kept, `len(answers)` of at most 4096.
    """

    def __init__(
        self,
        *,
        mntns: int,
        root_of: Callable[[int], str],
        is_file_system_asked: bool = True,
        proc: str = "/proc",
    ) -> None:
        self._mntns = mntns
        self._root_of = root_of
        self._is_asked = is_file_system_asked
        self._proc = proc
        self._fields: dict[int, tuple[EventField, ...]] = {}
        self.answers: dict[tuple[object, ...], Note | None] = {}

    def resolve(self, event: AuditEvent, process: Process) -> None:
        """Work out the paths of one event of `process`, whose working directory stands in where
        the record does not tell of one."""
        fields = self._fields.get(event.type.id)
        if fields is None:
            fields = self._fields[event.type.id] = _path_fields(event.type)
        notes: list[Note] = []
        if event.flags & EventFlag.CHANGED:
            notes.append(Note.CHANGED)
        if event.flags & EventFlag.KERNEL_DIFFERS:
            notes.append(Note.KERNEL_DIFFERS)
        if event.sections:
            if fields:
                self._fill(event, fields, process, notes)
            self._state(event, notes)
        if self._mntns and event.mntns != self._mntns:
            notes.append(Note.CONTAINER)
        if notes:
            event.notes = (*event.notes, *[note.value for note in notes])

    def _fill(
        self,
        event: AuditEvent,
        fields: tuple[EventField, ...],
        process: Process,
        notes: list[Note],
    ) -> None:
        paths = event.paths
        last = ""
        for field in fields:
            if field.kind is FieldKind.PATH:
                text = event.values.get(field.name)
                if isinstance(text, str):
                    last = self._named(event, field, text, process)
                    paths[field.name] = normal(last) if last.startswith("/") else last
            elif (file := event.files.get(field.argument)) is not None and file.path.text:
                paths[field.name] = file.path.text
        opened = event.files.get(_RETURNED)
        if opened is None or not opened.path.text:
            return
        paths["returned"] = opened.path.text
        if last and opened.path.is_complete and opened.path.text != normal(last):
            note = self._explain(event, last, opened)
            if note is not None:
                notes.append(note)

    def _named(self, event: AuditEvent, field: EventField, text: str, process: Process) -> str:
        """What the text of a path argument named. Directories are told at the end of the call: that
        of a chdir(2) which succeeded is where the text led."""
        if text[:1] == "/":
            return _joined(text, "")
        directory = self._directory(event, field, process)
        has_moved = event.ret == 0 and event.type.name.rpartition(":")[2] == "chdir"
        return directory if has_moved and event.directories else _joined(text, directory)

    def _directory(self, event: AuditEvent, field: EventField, process: Process) -> str:
        """What a relative path is relative to; '' where nothing tells."""
        told = event.directories.get(field.argument)
        at = _directory_argument(event.type, field)
        if told is not None:
            if not told.is_complete:
                return f"…/{told.text.removeprefix('…/')}"
            if at is None or event.values.get(at.name) == _AT_FDCWD:
                _learn_directory(process, event.time_ns, told.text)
            return told.text
        if at is None:
            return process.cwd
        file = event.files.get(at.argument)
        if file is not None and file.path.is_complete:
            return file.path.text
        return process.cwd if event.values.get(at.name) == _AT_FDCWD else ""

    def _state(self, event: AuditEvent, notes: list[Note]) -> None:
        files = event.files.values()
        if any(file.path.is_deleted for file in files):
            notes.append(Note.DELETED)
        directories = event.directories.values()
        if any(file.path.is_unreachable for file in files) or any(
            path.is_unreachable for path in directories
        ):
            notes.append(Note.UNREACHABLE)

    def _explain(self, event: AuditEvent, name: str, opened: FileObject) -> Note | None:
        """Why the opened file's path is not the one that was asked for; None: as it should be."""
        flags = event.values.get("flags")
        if isinstance(flags, int) and flags & _O_TMPFILE == _O_TMPFILE:
            return None
        if not name.startswith("/") or not self._is_asked:
            return Note.OTHER_NAME
        name = self._own_proc(event, name)
        if name == opened.path.text:
            return None
        is_ours = self._mntns == event.mntns
        owner = 0 if is_ours and not self._is_chrooted(event.tgid) else event.tgid
        key = (event.mntns, owner, name, opened.path.text, opened.inode, opened.device)
        if key not in self.answers:
            if len(self.answers) >= _MOST_ANSWERS:
                self.answers.clear()
            self.answers[key] = self._ask(name, opened, owner)
        return self.answers[key]

    def _own_proc(self, event: AuditEvent, name: str) -> str:
        """Of /proc/self and the like: whose that was, since for us it is another."""
        for alias, meant in (
            ("/proc/self", f"/proc/{event.tgid}"),
            ("/proc/thread-self", f"/proc/{event.tgid}/task/{event.tid}"),
            ("/dev/fd", f"/proc/{event.tgid}/fd"),
            ("/dev/stdin", f"/proc/{event.tgid}/fd/0"),
            ("/dev/stdout", f"/proc/{event.tgid}/fd/1"),
            ("/dev/stderr", f"/proc/{event.tgid}/fd/2"),
        ):
            if name == alias or name.startswith(f"{alias}/"):
                return meant + name[len(alias) :]
        return name

    def _is_chrooted(self, tgid: int) -> bool:
        try:
            return self._root_of(tgid) != "/"
        except OSError:
            return False

    def _ask(self, name: str, opened: FileObject, owner: int) -> Note | None:
        root = f"{self._proc}/{owner}/root" if owner else ""
        try:
            place = follow(name, root)
        except Unresolved:
            return _ask_directory(name, root, opened)
        if place.path == opened.path.text and place.links:
            return Note.SYMLINK
        if place.inode != opened.inode:
            return Note.ELSEWHERE
        if _device(place) != opened.device:
            # btrfs and overlayfs tell stat(2) of another device than the inode's own.
            return Note.OTHER_NAME
        # By links to a name of the same file, or by no link at all: then it is mounted twice.
        return Note.SYMLINK if place.links else Note.MOUNT


def _ask_directory(name: str, root: str, opened: FileObject) -> Note:
    """The file has gone meanwhile: its directory may still be there."""
    directory, _, last = name.rpartition("/")
    if last in ("", ".", ".."):
        return Note.OTHER_NAME
    try:
        place = follow(directory, root)
    except Unresolved:
        return Note.OTHER_NAME
    is_there = opened.path.text == f"{place.path.rstrip('/')}/{last}"
    return Note.SYMLINK if place.links and is_there else Note.OTHER_NAME


def _learn_directory(process: Process, time_ns: int, path: str) -> None:
    """The working directory is another than was known: a chdir(2) that nobody asked for."""
    if process.cwd != path:
        process.life.cwds.put(time_ns, path)


_AT_FDCWD = -100
_FILES = (FieldKind.PATH, FieldKind.FD, FieldKind.DIRFD)


def _path_fields(type_: EventType) -> tuple[EventField, ...]:
    return tuple(field for field in type_.fields if field.argument >= 0 and field.kind in _FILES)


def _directory_argument(type_: EventType, field: EventField) -> EventField | None:
    """The argument that says what a path is relative to; None for the working directory."""
    for one in type_.fields:
        if one.argument == field.argument - 1 and one.kind is FieldKind.DIRFD:
            return one
    return None


def _device(place: Place) -> int:
    major, minor = os.major(place.device), os.minor(place.device)
    return (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12
