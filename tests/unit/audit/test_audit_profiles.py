"""Ready-made configurations: they mean the same as JSON, and on all machines."""

from __future__ import annotations

import pytest

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.config import profiles
from seismo.audit.config.filter import OfEvent, Writing, leaves
from seismo.audit.config.model import Config, Match, MatchKind
from seismo.audit.config.parse import parse_config, read_tree
from seismo.audit.config.tree import json_of
from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics, DiagnosticsError
from seismo.base.source import Source

CATALOG = shipped_catalog()


def config_of(text: str, name: str = "c.yaml") -> Config:
    return parse_config(Source(name, text), CATALOG)


def types_of(*words: str) -> frozenset[int]:
    return frozenset(one.id for one in CATALOG.select(words))


def test_profiles() -> None:
    assert profiles.names() == (
        *("all", "default", "files", "network", "process", "security", "traceleft"),
    )
    for name in profiles.names():
        config = profiles.load(name, CATALOG)
        assert config.handlers[0].events.types, name
    every = {one.id for one in CATALOG.families["all"]}
    assert profiles.load("all", CATALOG).handlers[0].events.types == every
    with pytest.raises(profiles.UnknownProfile, match="did you mean 'network'"):
        profiles.load("netwrk", CATALOG)


def test_profiles_are_for_all_machines() -> None:
    arm64 = shipped_catalog("aarch64")
    for name in profiles.names():
        assert profiles.load(name, arm64).handlers[0].events.types, name
    default = profiles.load("default", arm64).handlers[0]
    (writing,) = (one for one in leaves(default.filter) if isinstance(one, Writing))
    assert dict(writing.flags)[arm64["openat"].id] == 2
    text = Source("c.yaml", "version: 1\nevents: [mkdir, opnat]")
    with pytest.raises(DiagnosticsError, match="2:17: error: no event or family is called 'opn"):
        parse_config(text, arm64)


def test_profiles_mean_32_bit_programs_too() -> None:
    security = profiles.load("security", CATALOG).handlers[0]
    assert types_of("compat:mmap2") < security.events.types
    mapped = [one.types for one in leaves(security.filter) if isinstance(one, OfEvent)][2]
    assert mapped == types_of("mmap", "compat:mmap2")
    files = profiles.load("files", CATALOG).handlers[0]
    assert types_of("compat:truncate64", "compat:ftruncate64") < files.events.types


@pytest.mark.parametrize("name", profiles.names())
def test_a_profile_is_the_same_as_json(name: str) -> None:
    """Bundles carry configurations as JSON."""
    source = Source(f"{name}.yaml", profiles.text_of(name))
    text = json_of(read_tree(source, Diagnostics()))
    assert replace(config_of(text, "c.json"), name="") == replace(
        profiles.load(name, CATALOG), name=""
    )


def test_words_that_look_like_numbers_are_the_same_as_json() -> None:
    ids = ("12e4", "012345", "1234567e8912")
    head = "version: 1\nevents: [openat]"
    match = f"handlers: [{{match: {{container: [{', '.join(ids)}]}}}}]"
    text = f"{head}\n{match}\noutputs: [{{type: unix, path: a, mode: 0o660}}]\n"
    for one in (text, json_of(read_tree(Source("c.yaml", text), Diagnostics()))):
        config = config_of(one, "c.yaml" if one is text else "c.json")
        assert config.handlers[0].match == Match(MatchKind.CONTAINER, ids)
        assert config.outputs[0].options == {"mode": 0o660}
