"""True paths on the running kernel: what /proc says, or what was asked for, is what is traced."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from script_runs import Ran, run_script

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None)
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
OPENAT = "tracepoint:syscalls:sys_enter_openat"
BY_CHILDREN = f"curtask.real_parent.tgid == {os.getpid()}"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """A directory that is the current one."""
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        yield tmp_path
    finally:
        os.chdir(before)


def lines(ran: Ran) -> list[str]:
    """What was printed; nothing may have gone wrong beside."""
    assert ran.errors == ""
    return [line for line in ran.output.splitlines() if line]


def opened(act: Callable[[], object], who: str = f"pid == {os.getpid()}", size: str = "") -> Ran:
    """The paths that openat() is asked for, those of bytecode and of the loader left out."""
    path = f"path_at(args.dfd, args.filename{size})"
    return run_script(
        f'{OPENAT} /{who} && args.flags & {os.O_DIRECTORY}/ {{ printf("%s\\n", {path}); }}', act
    )


def open_marked(name: str, directory: int | None = None) -> None:
    """Open with O_DIRECTORY, which nothing else does here; that it fails does not matter."""
    with suppress(OSError):
        os.close(os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory))


def in_child(act: Callable[[], object]) -> None:
    """Do it in a process of its own."""
    child = os.fork()
    if not child:
        try:
            act()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def test_names_begin_at_the_root_the_current_directory_or_a_descriptor(here: Path) -> None:
    (here / "a" / "b").mkdir(parents=True)
    (here / "link").symlink_to(here / "a")

    def act() -> None:
        directory = os.open("a", os.O_PATH)
        root = os.open("/", os.O_PATH)
        for name in ("a", "./a", "./", "../x", "link/b", "/etc", "//etc/./x", ""):
            open_marked(name)
        for name in ("b", "./b", "/usr"):
            open_marked(name, directory)
        open_marked("etc", root)
        os.close(root)
        os.close(directory)
        open_marked("closed", directory)

    assert lines(opened(act)) == [
        *(f"{here}/a", f"{here}/a", f"{here}", f"{here}/../x", f"{here}/link/b"),
        *("/etc", "//etc/./x", f"{here}"),
        *(f"{here}/a/b", f"{here}/a/b", "/usr", "/etc", "closed"),
    ]


def test_the_current_directory_is_the_root() -> None:
    def act() -> None:
        os.chdir("/")
        open_marked("etc")

    assert lines(opened(lambda: in_child(act), BY_CHILDREN)) == ["/etc"]


def test_a_child_that_has_another_root(tmp_path: Path) -> None:
    (tmp_path / "jail" / "in").mkdir(parents=True)

    def act() -> None:
        os.chroot(tmp_path / "jail")
        open_marked("/in")
        os.chdir("/in")
        open_marked("x")

    expected = [f"{tmp_path}/jail/in", f"{tmp_path}/jail/in/x"]
    assert lines(opened(lambda: in_child(act), BY_CHILDREN)) == expected


def test_a_bind_mount_in_a_mount_namespace_of_its_own(tmp_path: Path) -> None:
    for name in ("real/sub", "seen", "outer/inner"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "real" / "sub" / "file").write_text("x")
    script = (
        f"tracepoint:syscalls:sys_enter_read /{BY_CHILDREN} && args.count == 77/ {{\n"
        "    $file = curtask.files.fdt.fd[args.fd];\n"
        '    printf("%s %s %s\\n", fd_path(args.fd), path($file), path(curtask.fs.pwd));\n'
        '    printf("%s\\n", path($file.f_path.dentry.d_parent.d_parent));\n'
        "}"
    )
    program = "import os; os.read(os.open('sub/file', os.O_RDONLY), 77)"
    command = (
        "mount --bind real seen && mount --bind seen outer/inner && cd outer/inner && "
        f'exec {sys.executable} -S -c "{program}"'
    )

    def act() -> None:
        subprocess.run(["unshare", "-m", "sh", "-c", command], cwd=tmp_path, check=True)

    inner = tmp_path / "outer" / "inner"
    seen, within = lines(run_script(script, act))
    assert seen == f"{inner}/sub/file {inner}/sub/file {inner}"
    # Within the file system there is no mount, whatever it is mounted on itself.
    assert str(tmp_path / "real").endswith(within)
    assert within.endswith("/real")


def test_a_name_that_cannot_be_read() -> None:
    script = (
        f"{OPENAT} /pid == {os.getpid()} && args.flags & {os.O_DIRECTORY}/ {{\n"
        "    print(path_at(args.dfd, args.filename));\n"
        "    print(path_at(args.dfd, str(args.filename)));\n"
        "}"
    )

    def act() -> None:
        LIBC.openat(AT_FDCWD, ctypes.c_void_p(1), os.O_DIRECTORY)
        LIBC.openat(AT_FDCWD, None, os.O_DIRECTORY)

    ran = run_script(script, act)
    assert ran.output.split() == [*["<unreadable>"] * 2, *[os.getcwd()] * 2]
    assert ran.errors.count("1 string could not be read") == 2


UNTOUCHED = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
names = os.open(sys.argv[1], os.O_RDONLY)
directory = os.open("/proc", os.O_PATH)
# A private mapping of a file: its pages are not there before they are read.
libc.openat(directory, ctypes.c_void_p(libc.mmap(None, 4096, 1, 2, names, 0)), os.O_DIRECTORY)
"""


def test_a_name_that_is_not_in_memory_yet(tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(b"self\0".ljust(4096, b"\0"))
    command = [sys.executable, "-S", "-c", UNTOUCHED, str(tmp_path / "names")]
    ran = opened(lambda: subprocess.run(command, check=True), BY_CHILDREN)
    assert lines(ran)[-1] == "/proc/self"


def test_an_empty_name_is_the_descriptors_own_file(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_RDONLY | os.O_CREAT)
    script = (
        f"tracepoint:syscalls:sys_enter_statx /pid == {os.getpid()} && args.mask == 77/ {{\n"
        '    printf("%s\\n", path_at(args.dfd, str(args.filename)));\n'
        "}"
    )
    ran = run_script(script, lambda: LIBC.statx(file, b"", AT_EMPTY_PATH, 77, bytes(256)))
    os.close(file)
    assert lines(ran) == [f"{tmp_path}/file"]


def test_files_are_called_as_proc_calls_them(tmp_path: Path) -> None:
    """Those in directories, deleted ones, and those that are in none."""
    script = (
        f"tracepoint:syscalls:sys_enter_lseek /pid == {os.getpid()} && args.whence == 77/ {{\n"
        '    printf("%d %s\\n", args.fd, fd_path(args.fd));\n'
        "}"
    )
    with ExitStack() as owned:
        pair = [one.detach() for one in socket.socketpair()]
        files = [*os.pipe(), *pair, os.eventfd(0), os.memfd_create("seismo")]
        for path in ("/", "/proc/self/ns/net", "/dev/null", tmp_path):
            files.append(os.open(path, os.O_RDONLY))
        gone, hollow = tmp_path / "gone", tmp_path / "hollow"
        files.append(os.open(gone, os.O_RDWR | os.O_CREAT))
        gone.unlink()
        hollow.mkdir()
        files.append(os.open(hollow, os.O_RDONLY))
        hollow.rmdir()
        files.append(os.pidfd_open(os.getpid()))
        for one in files:
            owned.callback(os.close, one)
        expected = [f"{one} {os.readlink(f'/proc/self/fd/{one}')}" for one in files]

        def act() -> None:
            for one in (*files, 1000, -1):
                LIBC.lseek(one, 0, 77)

        shown = run_script(script, act)
    assert [*expected, "1000", "-1"] == [line.rstrip() for line in lines(shown)]


def deep(start: Path, names: list[str]) -> str:
    """Make directories in one another, each from the one before, and be in the last."""
    os.chdir(start)
    for name in names:
        os.mkdir(name)
        os.chdir(name)
    return "/".join([str(start), *names])


def test_sixty_directories_and_as_many_more(here: Path) -> None:
    path = deep(here, [f"d{number}" for number in range(120)])
    assert lines(opened(lambda: open_marked("x"))) == [f"{path}/x"]


def test_names_of_255_bytes(here: Path) -> None:
    path = deep(here, [letter * 255 for letter in "abcde"])
    whole = lines(opened(lambda: open_marked("f" * 255), size=", 4096"))
    assert whole == [f"{path}/{'f' * 255}"]
    cut = lines(opened(lambda: open_marked("f" * 255)))
    assert cut == ["..." + whole[0][-1020:]]


def test_a_way_that_is_too_long_is_marked(here: Path) -> None:
    path = deep(here, ["d"] * 300)
    (shown,) = lines(opened(lambda: open_marked("x"), size=", 4096"))
    assert shown.startswith(".../d/d/")
    assert path.endswith(shown[3:-2])
    assert 240 <= shown.count("/d") <= 256


@pytest.mark.parametrize(("size", "shown"), [(10, "/dev/null"), (9, ".../null"), (2, ".")])
def test_what_does_not_fit_is_cut_at_its_beginning(size: int, shown: str) -> None:
    script = (
        f"tracepoint:syscalls:sys_enter_lseek /pid == {os.getpid()} && args.whence == 77/ {{\n"
        f'    printf("%s\\n", fd_path(args.fd, {size}));\n'
        "}"
    )
    with open("/dev/null", encoding="utf-8") as file:
        ran = run_script(script, lambda: LIBC.lseek(file.fileno(), 0, 77))
    assert lines(ran) == [shown]


def test_a_path_is_a_string_like_others(here: Path) -> None:
    script = (
        f"tracepoint:syscalls:sys_enter_lseek /pid == {os.getpid()} && args.whence == 77/ {{\n"
        '    $path = fd_path(args.fd); @[path(curtask.fs.pwd), $path == "/dev/null"] = count();\n'
        '    if (strcontains($path, "nul") && $path != "/dev/nul") { @last = $path; }\n'
        "    $fd = args.fd; for $i : 0..2 { @sizes[$i] = strlen(fd_path($fd)); }\n"
        "}"
    )

    def act() -> None:
        for name in ("/dev/null", "/dev/zero"):
            with open(name, encoding="utf-8") as file:
                LIBC.lseek(file.fileno(), 0, 77)

    expected = ["@last: /dev/null", f"@[{here}, false]: 1", f"@[{here}, true]: 1"]
    expected += ["@sizes[0]: 9", "@sizes[1]: 9"]
    assert sorted(lines(run_script(script, act))) == sorted(expected)


@pytest.mark.guest
def test_every_function_may_ask_for_a_path(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    script = (
        f"fentry:vfs_read /pid == {os.getpid()} && args.count == 77/ {{\n"
        "    @[path(args.file), path(args.file.f_path)] = count();\n"
        "}\n"
        f"kprobe:vfs_read /pid == {os.getpid()} && arg2 == 77/ {{\n"
        "    @k[path((struct file *)arg0)] = count();\n"
        "}"
    )
    file = os.open(path, os.O_RDONLY)
    ran = run_script(script, lambda: os.read(file, 77))
    os.close(file)
    # Where the root is an overlay, its own file is read, and then the one behind that.
    assert f"@[{path}, {path}]: 1" in lines(ran)
    assert f"@k[{path}]: 1" in lines(ran)
