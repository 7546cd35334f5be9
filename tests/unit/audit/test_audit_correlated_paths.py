"""Absolute paths of path arguments, and what is said where the kernel opened something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audit_histories import History, Who, batch_of, packed, path_section, section
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.correlate.follow import Unresolved, follow
from seismo.audit.correlate.paths import PathResolver, absolute, normal
from seismo.audit.correlate.process import Life
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import FIXED_FILE, EventFlag, Section, SectionFlag

CATALOG = shipped_catalog()
OPENAT, RENAMEAT = CATALOG["openat"].id, CATALOG["renameat2"].id
AT_FDCWD = (1 << 64) - 100
OUR_MNTNS = 11
WHO = Who(os.getpid(), 5, mntns=OUR_MNTNS)


def resolved(
    event: AuditEvent, *, cwd: str = "", root: str = "/", is_asked: bool = True
) -> AuditEvent:
    resolver = PathResolver(mntns=OUR_MNTNS, root_of=lambda _: root, is_file_system_asked=is_asked)
    life = Life(event.tgid, event.start_ns)
    life.cwds.put(0, cwd)
    resolver.resolve(event, life.at(event.time_ns))
    return event


def opening(
    text: str,
    opened: str = "",
    *,
    directory: str = "",
    status: os.stat_result | None = None,
    flags: int = 0,
    open_flags: int = 0,
    file_flags: int = 0,
    who: Who = WHO,
    changed: str = "",
) -> AuditEvent:
    """An openat(2) of a string that opened a path."""
    parts = [section(Section.STRING, text.encode(), argument=1)]
    if changed:
        parts.append(section(Section.CHANGED_STRING, changed.encode(), argument=1))
    if directory:
        parts.append(path_section(Section.DIRECTORY, directory, argument=1))
    if opened:
        inode, device = (status.st_ino, encoded(status.st_dev)) if status else (1, 1)
        file = packed(FIXED_FILE, inode=inode, device=device, mode=0o100644, fd=3)
        parts.append(section(Section.FILE, file))
        parts.append(path_section(Section.PATH, opened, flags=file_flags))
    history = History()
    args = [AT_FDCWD, 0x1000, open_flags]
    history.call(OPENAT, who, args, parts, ret=3, flags=flags)
    (event,) = batch_of(history.records, CATALOG).events()
    return event


def encoded(device: int) -> int:
    major, minor = os.major(device), os.minor(device)
    return (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12


@pytest.mark.parametrize(
    ("text", "directory", "path"),
    [
        ("/etc//passwd", "", "/etc/passwd"),
        ("//etc/./x/../passwd", "/tmp", "/etc/passwd"),
        ("x", "/tmp", "/tmp/x"),
        ("../x", "/tmp/y", "/tmp/x"),
        ("../../../x", "/tmp", "/x"),
        (".", "/", "/"),
        ("", "/tmp", "/tmp"),
        ("x", "", "…/x"),
        ("x", "…/y", "…/y/x"),
    ],
)
def test_absolute(text: str, directory: str, path: str) -> None:
    assert absolute(text, directory) == path


def test_normal_keeps_no_double_slash() -> None:
    assert normal("//a//b/.") == "/a/b"


def test_a_relative_path_is_relative_to_what_the_kernel_said() -> None:
    event = resolved(opening("a/../b", "/srv/b", directory="/srv"), cwd="/elsewhere")
    assert event.paths == {"filename": "/srv/b", "returned": "/srv/b"}
    assert event.notes == ()


def test_without_a_directory_the_process_tells() -> None:
    assert resolved(opening("b"), cwd="/srv").paths == {"filename": "/srv/b"}
    assert resolved(opening("b")).paths == {"filename": "…/b"}


def test_the_working_directory_is_learnt_from_relative_paths() -> None:
    event = opening("b", directory="/srv")
    life = Life(event.tgid, event.start_ns)
    life.cwds.put(0, "/elsewhere")
    PathResolver(mntns=OUR_MNTNS, root_of=lambda _: "/").resolve(event, life.at(event.time_ns))
    assert life.cwd_at(event.time_ns) == "/srv"
    assert life.cwd_at(event.time_ns - 1) == "/elsewhere"


@pytest.mark.parametrize("name", ["chdir", "compat:chdir"])
def test_a_chdir_is_told_with_the_directory_that_it_led_to(name: str) -> None:
    def moved(text: str, directory: str, ret: int) -> str:
        parts = [
            section(Section.STRING, text.encode(), argument=0),
            path_section(Section.DIRECTORY, directory, argument=0),
        ]
        history = History()
        history.call(CATALOG[name].id, WHO, [1], parts, ret=ret)
        (event,) = batch_of(history.records, CATALOG).events()
        return resolved(event).paths["filename"]

    assert moved("x", "/srv/x", 0) == "/srv/x"
    assert moved("..", "/srv", 0) == "/srv"
    assert moved("x", "/srv", -2) == "/srv/x"


def test_two_paths_of_one_call() -> None:
    history = History()
    parts = [
        section(Section.STRING, b"old", argument=1),
        path_section(Section.DIRECTORY, "/a", argument=1),
        section(Section.STRING, b"/b/new", argument=3),
    ]
    history.call(RENAMEAT, WHO, [AT_FDCWD, 1, AT_FDCWD, 2], parts)
    (event,) = batch_of(history.records, CATALOG).events()
    assert resolved(event).paths == {"oldname": "/a/old", "newname": "/b/new"}


def test_a_symlink_explains_another_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("x")
    (tmp_path / "link").symlink_to("real")
    name, real = f"{tmp_path}/link/file", f"{tmp_path}/real/file"
    event = resolved(opening(name, real, status=os.stat(real)))
    assert event.notes == ("through a symlink",)
    assert event.paths["filename"] == name
    # Dots behind a link are not what they look like.
    event = resolved(opening(f"{tmp_path}/link/../real/file", real, status=os.stat(real)))
    assert event.notes == ()
    (tmp_path / "real" / "in").mkdir()
    (tmp_path / "deep").symlink_to("real/in")
    event = resolved(opening(f"{tmp_path}/deep/../file", real, status=os.stat(real)))
    assert event.notes == ("through a symlink",)


def test_a_file_that_is_gone_is_explained_by_its_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    status = os.stat(tmp_path)
    event = opening(f"{tmp_path}/link/gone", f"{tmp_path}/real/gone", status=status)
    assert resolved(event).notes == ("through a symlink",)
    event = opening(f"{tmp_path}/link/gone", f"{tmp_path}/real/other", status=status)
    assert resolved(event).notes == ("opened by another name",)


def test_another_file_is_said_to_be_elsewhere(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    event = opening(f"{tmp_path}/one", f"{tmp_path}/two", status=os.stat(tmp_path / "two"))
    assert resolved(event).notes == ("opened elsewhere",)
    event = opening(
        f"{tmp_path}/one",
        f"{tmp_path}/two",
        status=os.stat(tmp_path / "two"),
        flags=EventFlag.CHANGED,
        changed=f"{tmp_path}/two",
    )
    assert resolved(event).notes == ("argument changed", "opened elsewhere")
    (tmp_path / "one").unlink()
    event = opening(f"{tmp_path}/one", f"{tmp_path}/two", status=os.stat(tmp_path / "two"))
    assert resolved(event).notes == ("opened by another name",)
    assert resolved(opening("/a", "/b"), is_asked=False).notes == ("opened by another name",)


def test_the_same_inode_by_another_path_is_a_mount(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    event = opening(f"{tmp_path}/one", "/mounted/one", status=os.stat(tmp_path / "one"))
    assert resolved(event).notes == ("through a mount",)


def test_files_without_a_name_of_their_own() -> None:
    event = opening("/tmp", "/tmp/#77", open_flags=0o20200000, file_flags=SectionFlag.DELETED)
    assert resolved(event).notes == ("deleted",)
    event = resolved(opening("/proc/self/status", f"/proc/{WHO.tgid}/status"))
    assert event.notes == ()
    event = resolved(opening("/tmp/x", "/tmp/x", file_flags=SectionFlag.UNREACHABLE))
    assert event.notes == ("unreachable",)


def test_another_mount_namespace_is_a_container() -> None:
    who = Who(1 << 22, 5, mntns=OUR_MNTNS + 1)
    event = resolved(opening("/x", "/x", who=who))
    assert event.notes == ("container",)
    # What its names mean cannot be asked when it is gone.
    event = resolved(opening("/x", "/y", who=who))
    assert event.notes == ("opened by another name", "container")


def test_the_kernel_took_another_name() -> None:
    event = resolved(opening("/x", "/x", flags=EventFlag.KERNEL_DIFFERS))
    assert event.notes == ("kernel used another name",)


def test_answers_are_remembered_and_bounded(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    status = os.stat(tmp_path / "real")
    resolver = PathResolver(mntns=OUR_MNTNS, root_of=lambda _: "/")
    life = Life(WHO.tgid, 5)
    for _ in range(2):
        event = opening(f"{tmp_path}/link", f"{tmp_path}/real", status=status)
        resolver.resolve(event, life.at(0))
        (tmp_path / "link").unlink(missing_ok=True)
        assert event.notes == ("through a symlink",)
    for number in range(5000):
        resolver.resolve(opening(f"/nowhere/{number}", "/x"), life.at(0))
    assert len(resolver.answers) <= 4096


def test_follow(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_text("x")
    (tmp_path / "rel").symlink_to("a/../a")
    (tmp_path / "abs").symlink_to("/a")
    (tmp_path / "loop").symlink_to("loop")
    status = os.stat(tmp_path / "a" / "f")
    root = str(tmp_path)
    place = follow("/rel/./f", root)
    assert (place.path, place.links, place.inode) == ("/a/f", 1, status.st_ino)
    # An absolute link begins at that root, and no `..` leads out of it.
    assert follow("/abs/f", root).path == "/a/f"
    assert follow("/../../a/f", root).path == "/a/f"
    assert follow("/", root).path == "/"
    for bad in ("/loop", "/none", "/a/f/x", "/\0", "/a/" * 5000):
        with pytest.raises(Unresolved):
            follow(bad, root)
    assert follow(f"/proc/self/fd/{os.pipe()[0]}").path.startswith("pipe:[")
