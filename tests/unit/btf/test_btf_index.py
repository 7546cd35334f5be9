"""The index: its tables, and a cache that never answers wrongly."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from seismo.btf.index import (
    HEADER,
    WORTH_CACHING_BYTES,
    Index,
    build,
    cache_directory,
    candidates,
    load,
    open_reader,
    store,
)
from seismo.btf.read import Reader
from seismo.btf.spec import Btf
from seismo.btf.types import Enum, Enum64, Enumerator, Int, Ptr, Struct, Type
from seismo.btf.write import StringTable, write

TYPES: list[Type] = [
    Int("int", 4),
    Ptr(1),
    Struct("list_head", 16),
    Struct("int", 4),
    Enum("e", 4, (Enumerator("A", 0), Enumerator("B", 1))),
    Enum64("e64", 8, (Enumerator("B", 0),)),
]
DATA = write(TYPES)
DIGEST = hashlib.sha256(DATA).digest()

LARGE_TYPES: list[Type] = [Struct(f"struct_number_{number}", 8) for number in range(10_000)]
LARGE = write(LARGE_TYPES)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the index files, not made yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tmp_path.chmod(0o700)
    return tmp_path / "seismo"


def content(index: Index) -> tuple[list[int], ...]:
    return list(index.positions), list(index.names), list(index.enumerators)


def test_names_lead_to_ids() -> None:
    index = build(Reader(DATA))
    assert list(index.positions) == [24, 40, 52, 64, 76, 104]
    assert candidates(index.names, b"int") == [1, 4]
    assert candidates(index.names, b"list_head") == [3]
    assert candidates(index.names, b"") == []
    assert candidates(index.names, b"nothing") == []
    assert len(index.names) == 5
    assert candidates(index.enumerators, b"B") == [5, 6]
    assert candidates(index.enumerators, b"A") == [5]


def test_ids_of_split_btf_follow_its_bases() -> None:
    base = Reader(DATA)
    data = write([Struct("own", 4)], StringTable(start=base.string_bytes))
    _, index = open_reader(data, base)
    assert candidates(index.names, b"own") == [7]


def test_names_of_one_hash_are_told_apart() -> None:
    # CRC-32 of both is 0x4ddb0c25.
    btf = Btf.from_bytes(write([Int("plumless", 4), Int("buckeroo", 4)]))
    assert (btf.find("plumless"), btf.find("buckeroo")) == (1, 2)


def test_a_loaded_index_is_the_stored_one(tmp_path: Path) -> None:
    index = build(Reader(DATA))
    store(str(tmp_path), DIGEST, index)
    loaded = load(str(tmp_path), DIGEST)
    assert loaded is not None
    assert content(loaded) == content(index)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_empty_index_is_one_too(tmp_path: Path) -> None:
    store(str(tmp_path), DIGEST, build(Reader(write([]))))
    loaded = load(str(tmp_path), DIGEST)
    assert loaded is not None
    assert content(loaded) == ([], [], [])


def flip(position: int) -> Callable[[bytes], bytes]:
    def change(whole: bytes) -> bytes:
        at = position % len(whole)
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    return change


@pytest.mark.parametrize(
    "change",
    [
        *[flip(position) for position in (0, 4, 8, 40, 44, 48, 52, HEADER.size, -1)],
        lambda whole: b"",
        lambda whole: whole[: HEADER.size - 1],
        lambda whole: whole[: HEADER.size],
        lambda whole: whole[:-1],
        lambda whole: whole + bytes(8),
    ],
)
def test_a_damaged_file_is_no_index(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    store(str(tmp_path), DIGEST, build(Reader(DATA)))
    (file,) = tmp_path.iterdir()
    file.write_bytes(change(file.read_bytes()))
    assert load(str(tmp_path), DIGEST) is None


def test_another_blobs_file_is_no_index(tmp_path: Path) -> None:
    store(str(tmp_path), DIGEST, build(Reader(DATA)))
    (file,) = tmp_path.iterdir()
    other = hashlib.sha256(LARGE).digest()
    file.rename(tmp_path / f"{other.hex()[:32]}.btfindex")
    assert load(str(tmp_path), other) is None


def test_a_file_that_others_may_write_is_no_index(tmp_path: Path) -> None:
    store(str(tmp_path), DIGEST, build(Reader(DATA)))
    (file,) = tmp_path.iterdir()
    file.chmod(0o620)
    assert load(str(tmp_path), DIGEST) is None


def test_a_large_blob_is_indexed_once(cache: Path) -> None:
    assert len(LARGE) > WORTH_CACHING_BYTES
    _, built = open_reader(LARGE)
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns
    reader, loaded = open_reader(LARGE)
    assert content(loaded) == content(built)
    assert not isinstance(loaded.positions, type(built.positions))
    assert reader.type(10_000) == LARGE_TYPES[-1]
    assert file.stat().st_mtime_ns == written
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_damaged_cache_is_mended(cache: Path) -> None:
    open_reader(LARGE)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-8] + bytes(8))
    assert Btf.from_bytes(LARGE).find("struct_number_9999") == 10_000
    assert list(cache.iterdir()) == [file]
    assert file.read_bytes() == whole


def test_a_small_blob_is_not_cached(cache: Path) -> None:
    open_reader(DATA)
    assert not cache.exists()


def test_the_cache_is_made_for_its_owner_alone(cache: Path) -> None:
    assert cache_directory() == str(cache)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert cache_directory() == str(cache)


def test_without_xdg_the_cache_is_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    for not_absolute in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", not_absolute)
        assert cache_directory() == str(tmp_path / ".cache" / "seismo")
    assert stat.S_IMODE((tmp_path / ".cache").stat().st_mode) == 0o700


def test_what_is_no_directory_is_no_cache(cache: Path) -> None:
    cache.write_text("in the way")
    assert cache_directory() == ""
    assert Btf.from_bytes(LARGE).find("struct_number_0") == 1
    assert cache.read_text() == "in the way"


def test_a_link_is_no_cache(cache: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    cache.symlink_to(target)
    assert cache_directory() == ""


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_may_write_is_no_cache(cache: Path, mode: int) -> None:
    cache.mkdir()
    cache.chmod(mode)
    assert cache_directory() == ""


def test_no_cache_is_made_where_others_may_write(cache: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert cache_directory() == ""
    assert not cache.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_directory_is_no_cache(cache: Path, tmp_path: Path) -> None:
    cache.mkdir(mode=0o700)
    os.chown(cache, 65534, 65534)
    assert cache_directory() == ""
    cache.rmdir()
    os.chown(tmp_path, 65534, 65534)
    assert cache_directory() == ""
    assert not cache.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_file_is_no_index(tmp_path: Path) -> None:
    store(str(tmp_path), DIGEST, build(Reader(DATA)))
    (file,) = tmp_path.iterdir()
    os.chown(file, 65534, 65534)
    assert load(str(tmp_path), DIGEST) is None


def test_storing_where_it_is_not_possible_does_nothing(tmp_path: Path) -> None:
    store(str(tmp_path / "none"), DIGEST, build(Reader(DATA)))
    in_the_way = tmp_path / f"{DIGEST.hex()[:32]}.btfindex"
    in_the_way.mkdir()
    store(str(tmp_path), DIGEST, build(Reader(DATA)))
    assert list(tmp_path.iterdir()) == [in_the_way]
