"""Filters: the generated C means what the plain evaluation says; texts of filters read back."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audit_filters import address_bytes, filtering
from seismo.audit.config.filter import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    FilterField,
    HasBits,
    InCgroup,
    InContainer,
    InNetwork,
    Like,
    Not,
    OfEvent,
    Operator,
    Under,
    Writing,
)
from seismo.audit.config.filter_meaning import Facts, is_wanted
from seismo.audit.config.filter_text import parse_filter
from seismo.audit.config.glob import matches
from seismo.audit.config.model import Config, Events, Handler
from seismo.audit.config.resolve import FileId
from seismo.audit.program.generate import TRACKING, generate
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span

_NUMBERS = st.sampled_from((0, 1, 999, 1000, 65534, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF))
_RETS = st.sampled_from((-(1 << 63), -4096, -4095, -13, -2, -1, 0, 1, 7, 1 << 31, (1 << 63) - 1))
_NAMES = ("sh", "sshd", "s", "systemd", "systemd-journal", "a-b_c", "cat", "é", "x" * 15)
_COMMS = st.sampled_from(_NAMES).map(str.encode) | st.binary(max_size=15)
_PATTERNS = st.sampled_from(
    (
        *("sh", "s*", "*d", "s?h*", "*-*", "[a-c]*", "[!s]*", "*", "?", "??", "*s*d*", "x" * 15),
        *("systemd-j*", "*journal", "[^a-y]?*", "é", "[a-]*b*", r"\*", "s[hy]*[dl]", "?" * 15),
    )
)
_PATHS = ("/", "/etc", "/etc/ssl", "/var/lib/dpkg", "/e", "/" + "a" * 61, "/etc/passwd.d/x")
_GIVEN = st.sampled_from(
    (
        *("", "/", "/etc", "/etc/", "/etc/passwd", "/etcetera", "/etc/ssl/certs", "etc", "./etc"),
        *("/var/lib/dpkg", "/var/lib/dpk", "/" + "a" * 61, "/" + "a" * 60, "/" + "a" * 62),
    )
).map(str.encode)
_NETWORKS = (
    *("0.0.0.0/0", "10.0.0.0/8", "127.0.0.1/32", "192.168.4.0/23", "10.1.2.128/25", "::/0"),
    *("::1/128", "fe80::/10", "2001:db8:1:2::/64", "2001:db8:1:2:8000::/65", "::ffff:0:0/96"),
)
_ADDRESSES = (
    *("0.0.0.0", "10.1.2.3", "10.1.2.200", "127.0.0.1", "192.168.5.9", "192.168.6.1", "::", "::1"),
    *("fe80::1", "febf::1", "fec0::1", "2001:db8:1:2::5", "2001:db8:1:2:8000::5"),
    *("2001:db8:1:3::5", "::ffff:10.1.2.3", "::ffff:127.0.0.1"),
)
_TYPES = (0, 1, 2, 63, 64, 257, 1026, 1535, 2048, 2049, 2051, 2068)
_OPENING = ((2, 1), (85, -1), (257, 2))
_FIELDS = st.sampled_from([one for one in FilterField if one is not FilterField.RET])


def _under(path: str) -> Under:
    return Under(path, relative=frozenset((2, 257, 2049)), several=frozenset((2049, 64)))


_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Compare, _FIELDS, st.sampled_from(list(Operator)), _NUMBERS),
    st.builds(Compare, st.just(FilterField.RET), st.sampled_from(list(Operator)), _RETS),
    st.builds(Between, _FIELDS, _NUMBERS, _NUMBERS),
    st.builds(Between, st.just(FilterField.RET), _RETS, _RETS),
    st.builds(Like, _PATTERNS),
    st.sampled_from(_PATHS).map(_under),
    st.sampled_from(_NETWORKS).map(ip_network).map(InNetwork),
    st.frozensets(st.sampled_from(_TYPES)).map(lambda types: OfEvent((), types)),
    st.builds(HasBits, st.integers(0, 5), st.sampled_from((1, 0x40, 0x8000_0000, 1 << 63))),
    st.just(Writing(_OPENING)),
)
_FILTERS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=8,
)


@st.composite
def _facts(draw: st.DrawFn) -> Facts:
    address = draw(st.sampled_from(_ADDRESSES))
    family = 10 if ":" in address else 2
    return Facts(
        path_mask=draw(st.sampled_from((0, 1, 2, 4, 8, 16, 32, 64, 127, 1 << 63))),
        ret=draw(_RETS),
        uid=draw(_NUMBERS),
        gid=draw(_NUMBERS),
        pid=draw(_NUMBERS),
        ppid=draw(_NUMBERS),
        type=draw(st.sampled_from(_TYPES)),
        family=draw(st.sampled_from((family, family, family, 0, 1, 16))),
        port=draw(st.sampled_from((0, 1, 999, 1000, 65534, 65535))),
        comm=draw(_COMMS).partition(b"\0")[0],
        address=address_bytes(address),
        path=draw(_GIVEN)[:63],
        args=tuple(
            draw(st.sampled_from((0, 1, 2, 0x40, 0x200, 0xFFFF_FFFF, 1 << 63))) for _ in "6" * 6
        ),
    )


class _NoPlaces:
    """Filters here are resolved already, but for the bits of their paths."""

    def user(self, name: str) -> int:
        raise AssertionError(name)

    group = user

    def cgroup(self, path: str) -> tuple[int, int]:
        raise AssertionError(path)

    def container(self, prefix: str) -> str:
        raise AssertionError(prefix)

    def file(self, path: str) -> FileId | None:
        return FileId(1, 1)


@settings(max_examples=40, deadline=None)
@given(_FILTERS, st.lists(_facts(), min_size=1, max_size=12))
def test_the_generated_c_means_what_the_filter_means(one: Filter, many: list[Facts]) -> None:
    assume(one != AllOf(()))
    made = generate(Config(handlers=(Handler(filter=one),)), _NoPlaces())
    resolved = made.filters[0]
    with filtering(made) as running:
        running.handle(0, 1)
        for facts in many:
            wanted, hidden, counted = running.answer(facts)
            is_meant = is_wanted(resolved, facts)
            is_tracked = facts.type in TRACKING
            assert (wanted, hidden) == (is_meant or is_tracked, is_tracked and not is_meant)
            assert not counted


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(_LEAVES, st.frozensets(st.sampled_from(_TYPES))), min_size=2, max_size=4),
       st.lists(st.tuples(_facts(), st.integers(0, 15)), min_size=1, max_size=8))  # fmt: skip
def test_one_filter_of_those_of_an_index_is_enough(
    parts: list[tuple[Filter, frozenset[int]]], many: list[tuple[Facts, int]]
) -> None:
    handlers = tuple(Handler(filter=one, events=Events((), types)) for one, types in parts)
    assume(any(one.filter != AllOf(()) for one in handlers))
    made = generate(Config(handlers=handlers), _NoPlaces())
    with filtering(made) as running:
        for facts, bits in many:
            bits &= (1 << len(parts)) - 1
            running.handle(0, bits)
            passes = not bits or any(
                bits >> place & 1 and facts.type in types and is_wanted(one, facts)
                for place, (one, (_, types)) in enumerate(zip(made.filters, parts, strict=True))
            )
            wanted, hidden, _ = running.answer(facts)
            assert wanted and not hidden if passes else not wanted or hidden


def _is_itself(network: str) -> bool:
    """A network of mapped addresses is read as the one of IPv4 that it is."""
    return not network.startswith("::ffff:")


_TEXT_LEAVES = st.one_of(
    st.builds(Compare, _FIELDS, st.sampled_from(list(Operator)), st.integers(0, 65535)),
    st.builds(Compare, st.just(FilterField.RET), st.sampled_from(list(Operator)), _RETS),
    st.builds(Between, st.just(FilterField.RET), st.integers(-9, 0), st.integers(0, 9)),
    st.builds(Like, _PATTERNS),
    st.sampled_from(_PATHS).map(Under),
    st.sampled_from(("/etc/a b", "/x'y", '/q"r', "/back\\slash", "/(,)")).map(Under),
    st.sampled_from(_NETWORKS).filter(_is_itself).map(ip_network).map(InNetwork),
    st.sampled_from((InCgroup("/system.slice"), InContainer("0123abcd"), Writing())),
    st.sampled_from((OfEvent(("openat", "net_*")), OfEvent(("%file",)), HasBits(3, 0x40))),
)


@given(
    st.recursive(
        _TEXT_LEAVES,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: AllOf(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        ),
        max_leaves=8,
    )
)
def test_the_text_of_a_filter_reads_back(one: Filter) -> None:
    diagnostics = Diagnostics()
    source = Source("filter", str(one))
    found = parse_filter(str(one), lambda a, b: Span(source, a, b), diagnostics)
    assert (found, diagnostics.found) == (one, [])


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_told(text: str) -> None:
    diagnostics = Diagnostics()
    source = Source("filter", text)
    found = parse_filter(text, lambda a, b: Span(source, a, b), diagnostics)
    assert diagnostics.errors or str(found)


@given(st.lists(st.sampled_from("ab*?"), max_size=6).map("".join), st.text("abc", max_size=6))
def test_patterns_without_sets_are_those_of_the_shell(pattern: str, name: str) -> None:
    assert matches(pattern.encode(), name.encode()) == _shell(pattern, name)


def _shell(pattern: str, name: str) -> bool:
    """The meaning, by trying every length that a star may have."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_shell(pattern[1:], name[at:]) for at in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and _shell(pattern[1:], name[1:])
