"""The objects of `tests/objects`, compiled by each clang that is there.

Whatever is compiled lies in one directory below the temporary one, by the digest of all that it is
made of, so that a session compiles only what has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from seismo.base.dataclass import dataclass

__all__ = ("CASES", "CLANGS", "SOURCES", "ObjectCase", "build", "compile_bpf", "kept")

SOURCES = Path(__file__).parent / "objects"
CLANGS = tuple([one for one in ("clang-14", "clang-19") if shutil.which(one)])
_FLAGS = ("-O2", "-g", "-target", "bpf", "-D__TARGET_ARCH_x86")
_MULTIARCH = ("-I/usr/include/x86_64-linux-gnu",)
_WITH_TYPE_MATCHES = "clang-19"


@dataclass(frozen=True, slots=True)
class ObjectCase:
    """An object to load: of one source or of several linked together, for the running kernel or
    for the types that are compiled from `target`."""

    name: str
    sources: tuple[str, ...]
    flags: tuple[str, ...] = ()
    target: tuple[tuple[str, ...], ...] = ()
    since: str = "clang-14"


_CORE_TARGET = (("core_target.c",),)
_TWICE = (("core_twice_target.c", "-DFIRST"), ("core_twice_target.c", "-DSECOND"))


def _case(source: str) -> ObjectCase:
    """The case of one file, by its name."""
    name = source.removesuffix(".bpf.c")
    target: tuple[tuple[str, ...], ...] = ()
    if name.startswith("core_") and name != "core_kernel":
        target = _TWICE if name == "core_ambiguous" else _CORE_TARGET
    since = _WITH_TYPE_MATCHES if name == "core_matches" else "clang-14"
    return ObjectCase(name, (source,), target=target, since=since)


_LINKED = ("linked_one.bpf.c", "linked_two.bpf.c")
CASES = (
    *[_case(one.name) for one in sorted(SOURCES.glob("*.bpf.c")) if one.name not in _LINKED],
    ObjectCase("linked", _LINKED),
    ObjectCase("plain-without-btf", ("plain.bpf.c",), ("-g0", "-DWITHOUT_MAPS")),
    ObjectCase("plain-without-license", ("plain.bpf.c",), ("-DWITHOUT_LICENSE",)),
    ObjectCase("core_fields-unoptimised", ("core_fields.bpf.c",), ("-O1",), _CORE_TARGET),
    *[
        ObjectCase(f"{name}-{processor}", (f"{name}.bpf.c",), (f"-mcpu={processor}",))
        for name in ("instructions", "calls", "data_globals", "core_kernel")
        for processor in ("v2", "v3")
    ],
    *[
        ObjectCase(f"{name}-v3", (f"{name}.bpf.c",), ("-mcpu=v3",), _CORE_TARGET)
        for name in ("core_bitfields", "core_sizes", "core_missing")
    ],
)
"""Every case; `build` makes its object."""


@cache
def _directory() -> Path:
    """Where compiled files are kept: a directory that nobody else can write to."""
    path = Path(tempfile.gettempdir()) / f"seismo-objects-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    assert status.st_uid == os.getuid() and not status.st_mode & 0o022, path
    return path


@cache
def _headers() -> bytes:
    return b"".join([one.read_bytes() for one in sorted(SOURCES.glob("*.h"))])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


def kept(name: str, command: list[str], inputs: tuple[Path, ...]) -> Path:
    """The file that `command` writes when it is given where (as last argument); made once."""
    content = b"\0".join([one.read_bytes() for one in inputs])
    digest = hashlib.sha256("\0".join(command).encode() + _headers() + content).hexdigest()[:16]
    directory = _directory() / digest
    path = directory / name
    if not path.exists():
        directory.mkdir(exist_ok=True)
        unfinished = directory / f"{os.getpid()}.{name}"
        _run([*command, str(unfinished)])
        unfinished.rename(path)
    return path


def compile_bpf(source: Path, clang: str, *flags: str) -> Path:
    """The object of one C source."""
    command = [clang, *_FLAGS, *_MULTIARCH, *flags]
    return kept(
        f"{source.name.split('.')[0]}.bpf.o", [*command, "-c", str(source), "-o"], (source,)
    )


def build(case: ObjectCase, clang: str) -> tuple[Path, Path | None]:
    """The case's object, and the file with the types that it is for (None: the kernel's)."""
    parts = [compile_bpf(SOURCES / one, clang, *case.flags) for one in case.sources]
    targets = [compile_bpf(SOURCES / one[0], clang, *one[1:]) for one in case.target]
    return _linked(case.name, parts), _linked("target", targets) if targets else None


def _linked(name: str, parts: list[Path]) -> Path:
    """One object of several, by libbpf's linker; the only one as it is."""
    if len(parts) == 1:
        return parts[0]
    command = ["bpftool", "gen", "object"]
    # bpftool wants its output first.
    path = _directory() / f"{'-'.join([one.parent.name for one in parts])}.{name}.bpf.o"
    if not path.exists():
        _run([*command, str(path), *[str(one) for one in parts]])
    return path
