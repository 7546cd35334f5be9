"""Which file a name means: paths, libraries, commands; in another root, and in archives."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elf_builds import run
from seismo.base.errors import SyscallError
from seismo.elf.errors import BinaryNotFound, ElfError
from seismo.elf.library_cache import read_library_cache
from seismo.elf.locate import executable_mappings, locate
from seismo.elf.root import inside

MACHINE = os.uname().machine
NATIVE = {"x86_64": 0x0303, "aarch64": 0x0A03}[MACHINE]


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def cache(libraries: list[tuple[str, str, int, int]], *, old: bool = False) -> bytes:
    """A library cache of (name, path, flags, processor); `old`: behind an older table of one."""
    strings, rows = b"", b""
    start = 48 + 24 * len(libraries)
    for name, path, flags, processor in libraries:
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += path.encode() + b"\0"
        rows += struct.pack("=iIIIQ", flags, key, value, 0, processor)
    head = struct.pack("=20sII4xI12x", b"glibc-ld.so.cache1.1", len(libraries), len(strings), 0)
    older = b"ld.so-1.7.0\0" + struct.pack("=IiII", 1, 3, 0, 0) + b"\0" * 4
    return (older if old else b"") + head + rows + strings


def rooted(root: Path, *names: str, flags: int = NATIVE) -> str:
    """A root with a cache that has these libraries, in /libs."""
    for name in names:
        executable(root / "libs" / name)
    (root / "etc").mkdir()
    found = [(name, f"/libs/{name}", flags, 0) for name in names]
    (root / "etc" / "ld.so.cache").write_bytes(cache(found))
    return str(root)


def test_paths_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = executable(tmp_path / "tool")
    assert locate(str(path), {}) == str(path)
    monkeypatch.chdir(tmp_path)
    assert locate("./tool", {}) == "./tool"
    for name, hint in (("./none", "there is no such file"), ("./", "it is no regular file")):
        with pytest.raises(BinaryNotFound) as caught:
            locate(name, {})
        assert (caught.value.name, caught.value.hint) == (name, hint)


def test_commands_come_from_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "tool").write_text("not to be run")
    tool = executable(tmp_path / "b" / "tool")
    environment = {"PATH": f"{tmp_path}/a:{tmp_path}/b"}
    assert locate("tool", environment) == str(tool)
    assert locate("sh", {}) == shutil.which("sh", path="/usr/sbin:/usr/bin:/sbin:/bin")
    executable(tmp_path / "library_tool")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BinaryNotFound, match=r"write './library_tool'"):
        locate("library_tool", environment)
    with pytest.raises(BinaryNotFound, match="for a library write 'libssl'"):
        locate("ssl", environment)
    with pytest.raises(BinaryNotFound, match="it has no name"):
        locate("", environment)


def test_the_c_library_is_the_one_that_programs_use() -> None:
    lines = [line.split() for line in run("ldd", "/bin/sh").splitlines()]
    path = next(one[2] for one in lines if one[0] == "libc.so.6")
    assert locate("libc", {}) == locate("libc.so.6", {}) == path


def test_the_cache_is_that_of_ldconfig() -> None:
    data = Path("/etc/ld.so.cache").read_bytes()
    lines = [line.split() for line in run("/sbin/ldconfig", "-p").splitlines()[1:]]
    listed: dict[str, str] = {}
    for line in lines:
        is_native = any("64" in word for word in line[1:-2])
        if is_native and "hwcap" not in " ".join(line):
            listed.setdefault(line[0], line[-1])
    assert read_library_cache(data, MACHINE, "lib") == {
        name: path for name, path in listed.items() if name.startswith("lib")
    }


def test_the_plain_name_then_the_highest_version(tmp_path: Path) -> None:
    root = rooted(tmp_path, "libx.so.1.10", "libx.so.1.9", "liby.so.9", "liby.so", "libxy.so.2")
    assert locate("libx", {}, root) == f"{root}/libs/libx.so.1.10"
    assert locate("libx.so.1.9", {}, root) == f"{root}/libs/libx.so.1.9"
    assert locate("liby", {}, root) == f"{root}/libs/liby.so"
    assert locate("libxy.so", {}, root) == f"{root}/libs/libxy.so.2"
    with pytest.raises(BinaryNotFound, match="neither a library of"):
        locate("libz", {}, root)


def test_libraries_of_other_machines_and_processors_are_left_out() -> None:
    entries = [
        ("libx.so.1", "/new/libx.so.1", NATIVE, 1 << 62),
        ("libx.so.1", "/32/libx.so.1", 0x3, 0),
        ("libx.so.1", "/native/libx.so.1", NATIVE, 0),
        ("libx.so.1", "/later/libx.so.1", NATIVE, 0),
    ]
    for old in (False, True):
        found = read_library_cache(cache(entries, old=old), MACHINE, "libx.so")
        assert found == {"libx.so.1": "/native/libx.so.1"}


@pytest.mark.parametrize("data", [b"", b"glibc-ld.so.cache1.0", b"ld.so-1.7.0\0\1\0\0\0"])
def test_what_is_no_cache_is_refused(data: bytes) -> None:
    with pytest.raises(ElfError, match="no library cache of glibc"):
        read_library_cache(data, MACHINE, "lib")


def test_a_cache_that_is_cut_off_is_refused_and_not_used(tmp_path: Path) -> None:
    data = cache([("libx.so", "/x", NATIVE, 0)])
    with pytest.raises(ElfError, match="ends inside its table"):
        read_library_cache(data[:60], MACHINE, "libx")
    with pytest.raises(ElfError, match="ends inside its table"):
        read_library_cache(data[:30], MACHINE, "libx")
    executable(tmp_path / "usr/lib/libx.so")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "ld.so.cache").write_bytes(data[:60])
    assert locate("libx", {}, str(tmp_path)) == f"{tmp_path}/usr/lib/libx.so"


def test_folders_before_and_after_the_cache(tmp_path: Path) -> None:
    root = rooted(tmp_path, "libx.so.1")
    executable(tmp_path / "usr/lib/libx.so.2")
    executable(tmp_path / f"usr/lib/{MACHINE}-linux-gnu/libmusl.so.1")
    executable(tmp_path / "mine/libx.so.0")
    assert locate("libx", {"LD_LIBRARY_PATH": ":/none:/mine"}, root) == f"{root}/mine/libx.so.0"
    assert locate("libx", {}, root) == f"{root}/libs/libx.so.1"
    assert locate("libmusl", {}, root) == f"{root}/usr/lib/{MACHINE}-linux-gnu/libmusl.so.1"


def test_a_command_may_be_called_like_a_library(tmp_path: Path) -> None:
    tool = executable(tmp_path / "bin/libtool")
    assert locate("libtool", {"PATH": "/bin"}, str(tmp_path)) == str(tool)


def test_links_stay_in_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    tool = executable(root / "usr/bin/tool")
    executable(tmp_path / "secret")
    links = {
        "bin": "/usr/bin",
        "usr/bin/again": "tool",
        "usr/up": "../../../../usr/bin/tool",
        "out": "/secret",
        "far": "../../secret",
        "round": "round",
        "none": "/nowhere",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    where = str(root)
    for path in ("/bin/tool", "/bin/again", "/usr/up", "/../../bin/./tool", "bin//tool"):
        assert inside(where, path) == str(tool)
        assert locate(f"/{path}", {}, where) == str(tool)
    assert inside(f"{where}/", f"{where}/bin/tool") == str(tool)
    assert inside("", "/bin/tool") == "/bin/tool"
    assert inside(where, "/none/x") == f"{where}/nowhere/x"
    for path in ("/out", "/far"):
        assert inside(where, path) == f"{where}/secret"
        with pytest.raises(BinaryNotFound):
            locate(path, {}, where)
    with pytest.raises(BinaryNotFound, match="round in a circle"):
        locate("/round", {}, where)


def test_the_root_of_a_process() -> None:
    root = f"/proc/{os.getpid()}/root"
    path = locate("libc", {}, root)
    assert path.startswith(f"{root}/") and os.path.samefile(path, locate("libc", {}))
    assert locate("sh", {"PATH": "/bin"}, root).startswith(f"{root}/")


def test_members_of_archives_keep_their_names(tmp_path: Path) -> None:
    archive = executable(tmp_path / "app.apk")
    assert locate(f"{archive}!/lib/a.so", {}) == f"{archive}!/lib/a.so"
    assert locate("/app.apk!/a.so", {}, str(tmp_path)) == f"{archive}!/a.so"
    with pytest.raises(BinaryNotFound, match="there is no such file"):
        locate(f"{tmp_path}/none.apk!/a.so", {})


@contextmanager
def running(program: Path) -> Iterator[int]:
    """The process of a copy of `cat` that has started: it has answered once."""
    shutil.copy(shutil.which("cat") or "", program)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"hello\n"
        yield process.pid
        process.stdin.close()


def test_executable_mappings_are_those_of_the_process(tmp_path: Path) -> None:
    program = tmp_path / "two words"
    with running(program) as pid:
        found = executable_mappings(pid)
    assert found.count(str(program)) == 1
    assert sum("/libc.so" in path for path in found) == 1
    assert all(Path(path).is_file() for path in found)
    with pytest.raises(SyscallError) as caught:
        executable_mappings(pid)
    assert caught.value.errno_name == "ENOENT"


def test_a_deleted_file_is_no_mapping(tmp_path: Path) -> None:
    program = tmp_path / "gone"
    with running(program) as pid:
        program.unlink()
        found = executable_mappings(pid)
    assert found and not any("gone" in path for path in found)
