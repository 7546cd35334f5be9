"""Filters: as expressions and mappings, what is said of mistakes, what they are resolved to."""

from __future__ import annotations

import sys
from pathlib import Path
from struct import pack

import pytest

from audit_filters import address_bytes, filtering
from golden_cases import GoldenCase
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.config.filter import ALWAYS, Filter, InCgroup, Under, leaves
from seismo.audit.config.filter_meaning import Facts, is_wanted
from seismo.audit.config.parse import parse_config
from seismo.audit.config.resolve import (
    FileId,
    LivePlaces,
    UnresolvedFilter,
    prefix_entries,
    resolve,
)
from seismo.audit.program.content_plans import content_plans
from seismo.audit.program.generate import default_text, generate
from seismo.audit.program.plans import MOST_CONTENT, plan_bytes, plan_of
from seismo.audit.record.layout import PLAN, Capture
from seismo.audit.rules.kernel import kernel_rules
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.kernel.cgroups import CgroupError
from seismo.kernel.live import LiveKernel

CATALOG = shipped_catalog()
_HEAD = "version: 1\nevents: [openat]\nfilter: "


class Places:
    """A system with a user, a group, a cgroup, a container and some directories."""

    def user(self, name: str) -> int:
        return self._number(name, {"root": 0, "www-data": 33})

    def group(self, name: str) -> int:
        return self._number(name, {"adm": 4})

    def cgroup(self, path: str) -> tuple[int, int]:
        if path not in ("/", "/a/b"):
            raise CgroupError(f"there is no cgroup '{path}'", "all are below /sys/fs/cgroup")
        return (1, 0) if path == "/" else (77, 2)

    def container(self, prefix: str) -> str:
        if prefix != "0a1b":
            raise CgroupError(f"there is no container '{prefix}'")
        return "/a/b"

    def file(self, path: str) -> FileId | None:
        known = {"/etc": 11, "/link-to-etc": 11, "/var": 12}
        return FileId(known[path], 0x801) if path in known else None

    @staticmethod
    def _number(name: str, known: dict[str, int]) -> int:
        if name not in known:
            raise UnresolvedFilter(f"there is no '{name}'")
        return known[name]


def filter_of(text: str) -> Filter:
    return parse_config(Source("c.yaml", _HEAD + text), CATALOG).filter


def mistakes(text: str) -> list[str]:
    """`column: message (hint)` of everything that is said, columns counted in the filter."""
    with pytest.raises(DiagnosticsError) as raised:
        filter_of(text)
    start = len("filter: ")
    return [
        f"{one.span.location.column - start}: {one.message}"
        + (f" ({one.hint})" if one.hint else "")
        for one in raised.value.diagnostics
    ]


@pytest.mark.parametrize(
    ("mapping", "expression"),
    (
        ("{uid: 0}", "uid == 0"),
        ("{uid: [0, 1000-1999, root]}", "uid == 0 or uid in 1000..1999 or uid == root"),
        ("{ret: failed}", "failed"),
        ("{ret: succeeded}", "succeeded"),
        ('{ret: "< -1"}', "ret < -1"),
        ("{ret: [ENOENT, -EACCES]}", "ret == ENOENT or ret == -13"),
        ("{comm: [cat, ssh*]}", "comm == cat or comm like ssh*"),
        ("{path: /etc//ssl/}", "path under /etc/ssl"),
        ("{path: [/etc, /]}", "path under (/etc, /)"),
        ("{address: 10.0.0.0/8}", "address in 10.0.0.0/8"),
        ("{address: ['10.0.0.1:80', '::1', '[fe80::]/10:443', '*:53']}",
         "address == 10.0.0.1 and port == 80 or address in ::1 "
         "or address in fe80::/10 and port == 443 or port == 53"),
        ("{port: [53, 8000..8080]}", "port in (53, 8000..8080)"),
        ("{cgroup: /a/b}", "cgroup under /a/b"),
        ("{container: 0a1b}", "container == 0a1b"),
        ("{event: [openat, net_*]}", "event in (openat, net_*)"),
        ("{arg2: 0x40}", "arg2 has 64"),
        ("{uid: 0, gid: adm}", "uid == 0 and gid = adm"),
        ("{any: [uid == 0, {gid: 0}]}", "uid == 0 or gid == 0"),
        ("{all: [uid == 0, {gid: 0}]}", "uid == 0 and gid == 0"),
        ("{not: {comm: cron, uid: 0}}", "not (comm == cron and uid == 0)"),
        ("{any: [{not: failed}, writing]}", "not failed or writing"),
        ("uid != 0", "not uid == 0 and uid != 0 or uid != 0 and all"),
        ("comm not in (a, b)", 'not comm in ("a", "b")'),
        ("{uid: [1, 2]}", "uid in (1, 2)"),
    ),
)  # fmt: skip
def test_mappings_and_expressions_say_the_same(mapping: str, expression: str) -> None:
    one, other = filter_of(mapping), filter_of(f"'{expression}'")
    if mapping == "uid != 0":
        facts = [Facts(uid=0), Facts(uid=1)]
        assert [is_wanted(one, fact) for fact in facts] == [False, True]
        assert [is_wanted(other, fact) for fact in facts] == [False, True]
    else:
        assert one == other


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("uid == 0 && gid == 0", ["10: '&&' cannot follow a test (write 'and')"]),
        ("uid == 0 gid == 0", ["10: 'gid' cannot follow a test (tests are joined by 'and' or"]),
        ("(uid == 0", ["10: a '(' is still open at the end (write ')')"]),
        ("uid", ["4: the end does not compare 'uid' with anything ('uid' can be compared by =="]),
        ("uid ==", ["7: a value should stand here, not the end"]),
        ("uid == (1)", ["8: a value should stand here, not '('"]),
        ("uid in (1", ["10: a ',' or ')' should be here, not the end"]),
        ("uuid == 0", ["1: events have no 'uuid' to filter by (did you mean 'uid'?; the fields"]),
        ("path == /etc", ["6: '==' does not compare 'path' with anything ('path' can be compared"]),
        ("'!uid == 0'", ["2: '!' is no word of filters (write 'not')"]),
        ("uid not == 0", ["9: 'not' before '==' (write 'not' before the whole test)"]),
        ("uid == 4294967296", ["8: 'uid' is never 4294967296 (it is 0 to 4294967295)"]),
        ("uid < root", ["7: 'uid' can be more or less than a number, not than the name 'root'"]),
        ("uid in 5..4", ["8: nothing is between 5 and 4 (the lower comes first)"]),
        ("uid < 4..5", ["7: '<' needs a number, not '4..5' (write ==)"]),
        ("pid == init", ["8: 'pid' is a number, not 'init'"]),
        ("ret == ENOFILE", ["8: 'ENOFILE' is neither a number nor an error's name (did you mean "]),
        ("comm == ssh*", ["9: 'ssh*' is a pattern, and '==' compares names (write 'like')"]),
        ("comm like '[a'", ["11: '[a': the set has no ']'"]),
        ("comm like '[b-a]'", ["11: '[b-a]': 'b-a' is no range: its end comes before its start"]),
        ("comm == ''", ["9: no thread is without a name (leave the comm out, or write '*')"]),
        ("comm == sixteen-letters-", ["9: no thread is called 'sixteen-letters-': names have at"]),
        ("path under etc", ["12: 'etc' does not begin with '/' (a filter names a directory or f"]),
        ("path under /a/../b", ["12: '/a/../b' has a '.' or '..' in it (write where it leads)"]),
        ("path under /etc/*.conf", ["12: '/etc/*.conf' is a pattern; paths are filtered by dir"]),
        ("address in 10.0.0.1/8", ["12: '10.0.0.1/8' is no address or network (a network's add"]),
        ("address in localhost", ["12: 'localhost' is no address or network (10.0.0.0/8, 192.0"]),
        ("address in 10.0.0.1:99999", ["12: 'port' is never 99999 (it is 0 to 65535)"]),
        ("cgroup under a", ["14: 'a' does not begin with '/' (as /proc/PID/cgroup names it: /sy"]),
        ("container == web", ["14: 'web' is no container's id (the id's first digits: 12 of the"]),
        ("event in (opnat)", ["1: no event or family is called 'opnat' (did you mean 'openat'?)"]),
        ("arg2 has O_CREAT", ["10: 'O_CREAT' is no number with bits in it (such as 0x4, or 4)"]),
        ("uid == no@x or gid == x:y", ["8: 'uid' is a", "23: 'gid' is a number or a name, not "]),
        ("{uid: true}", ["7: 'uid' is a value or a list of values, not true"]),
        ("{uuid: 0}", ["2: a filter has no key 'uuid' (did you mean 'uid'?; its keys are uid, g"]),
        ("{any: 5}", ["7: 'any' is a list of filters, not 5"]),
        ("[uid == 0]", ["1: a filter is an expression or a mapping, not a list (write {any:"]),
        ("{}", ["1: an empty filter (leave the key out to have everything)"]),
        ("5", ['1: a filter is an expression or a mapping, not 5 (such as "uid == 0")']),
        (" or ".join(["uid == 1"] * 257), ["1: 257 tests in one filter: 256 are the most"]),
        ("(" * 50 + "uid == 1" + ")" * 50, ["42: nested deeper than 40 levels"]),
    ),
)
def test_mistakes(text: str, said: list[str]) -> None:
    is_bare = text[0] in "{['5"
    found = mistakes(text if is_bare else f'"{text}"')
    if not is_bare:
        # The quote stands before the filter.
        found = [f"{int(at) - 1}:{rest}" for at, _, rest in (one.partition(":") for one in found)]
    # What is wrong with an event is told of the whole filter.
    found = [one.replace("0:", "1:", 1) if one.startswith("0:") else one for one in found]
    assert [one[: len(start)] for one, start in zip(found, said, strict=True)] == said


def test_names_become_numbers() -> None:
    prefixes = ["/etc"]
    text = "uid == www-data or gid != adm or cgroup under / or container == 0a1b or path under /var"
    found = resolve(filter_of(text), Places(), prefixes)
    shown = [str(one) for one in leaves(found)]
    assert shown[:2] == ["uid == 33", "gid != 4"]
    assert list(leaves(found))[2:4] == [InCgroup("/", 1, 0), InCgroup("/a/b", 77, 2)]
    (under,) = (one for one in leaves(found) if isinstance(one, Under))
    assert (under.path, under.bit, prefixes) == ("/var", 1, ["/etc", "/var"])


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("uid == nobody", "filter 'uid == nobody': there is no 'nobody'"),
        ("cgroup under /x", "filter 'cgroup under \"/x\"': there is no cgroup '/x'\nhint: all are"),
        ("container == ff", "filter 'container == \"ff\"': there is no container 'ff'"),
        (f"path under /{'x' * 70}", f"filter: '/{'x' * 70}' does not exist, and is too long to be"),
    ),
)
def test_what_this_system_does_not_have(text: str, said: str) -> None:
    with pytest.raises(UnresolvedFilter) as raised:
        resolve(filter_of(text), Places(), [])
    assert str(raised.value).startswith(said)


def test_more_paths_than_bits() -> None:
    text = f"path under ({', '.join(f'/{number}' for number in range(65))})"
    with pytest.raises(UnresolvedFilter, match="'/64' is one more than the 64 paths"):
        resolve(filter_of(text), Places(), [])


def test_the_map_of_directories() -> None:
    entries = prefix_entries(("/etc", "/none", "/var", "/link-to-etc"), Places())
    assert entries == {
        pack("<QII", 11, 0x801, 0): pack("<Q", 0b1001),
        pack("<QII", 12, 0x801, 0): pack("<Q", 0b0100),
    }


def test_this_system(tmp_path: Path) -> None:
    places = LivePlaces(LiveKernel())
    assert (places.user("root"), places.group("root")) == (0, 0)
    with pytest.raises(UnresolvedFilter, match="there is no user 'no such user'"):
        places.user("no such user")
    found = places.file(str(tmp_path))
    assert found is not None and found.inode == tmp_path.stat().st_ino
    assert places.file(str(tmp_path / "none")) is None


def test_without_filters_it_is_the_prebuilt_text() -> None:
    made = generate(parse_config(Source("c.yaml", _HEAD + "all"), CATALOG), Places())
    assert made.is_default and made.text == default_text() and made.prefixes == ()
    assert made.filters == (ALWAYS,)


@pytest.mark.golden("audit_filter/*.test")
def test_generated_text(case: GoldenCase) -> None:
    config = parse_config(Source("c.yaml", case["config"]), CATALOG)
    made = generate(config, Places(), kernel_rules(config.rules.rules))
    case.expect("filter.h", made.text)


def test_rules_count_in_the_kernel_what_they_mean() -> None:
    rule = """\
version: 1
rules:
  - name: r
    events: [openat]
    where: 'ret < 0 and uid in [0, 7] and comm prefix "ab" and pid != 5'
    by: [uid, comm]
    limit: 2
    counted_only: true
"""
    config = parse_config(Source("c.yaml", rule), CATALOG)
    plans = kernel_rules(config.rules.rules)
    made = generate(config, Places(), plans)
    assert not made.is_default and len(plans) == 1
    hit = {"type": 257, "ret": -2, "uid": 7, "comm": b"abc", "pid": 6}
    misses = ({"type": 258}, {"ret": 0}, {"uid": 8}, {"comm": b"ac"}, {"pid": 5})
    with filtering(made) as running:
        for one in misses:
            assert running.answer(Facts(**(hit | one))) == (True, False, False)  # type: ignore[arg-type]
        for comm, times in ((b"abc", 3), (b"ab", 2), (b"abd", 4), (b"abe", 1)):
            for _ in range(times):
                facts = Facts(**(hit | {"comm": comm}))  # type: ignore[arg-type]
                assert running.answer(facts) == (True, False, True)
        entries = running.counts("rule_counts_0").items()
        counts = [plans[0].count(key, number, {}) for key, number in entries]
        assert {(one.key, one.events) for one in counts} == {((7, "abc"), 3), ((7, "ab"), 2)}
        # What finds no room is one number.
        ((key, number),) = running.counts("rule_others_0").items()
        others = plans[0].count(key, number, {})
        assert (others.key, others.events) == ((), 5)


def test_what_correlation_needs_is_counted_and_sent() -> None:
    text = """\
version: 1
events: [process_exec, execve]
filter: uid == 0
rules: [{name: r, events: [process_exec, execve], counted_only: true}]
"""
    config = parse_config(Source("c.yaml", text), CATALOG)
    (rule,) = kernel_rules(config.rules.rules)
    execs, calls = 2049, 59
    assert rule.types >= {execs, calls}
    with filtering(generate(config, Places(), [rule])) as running:
        running.handle(0, 1)
        assert running.answer(Facts(type=calls)) == (True, False, True)
        assert running.answer(Facts(type=calls, uid=1)) == (False, False, False)
        # Counted, but sent; refused by the filter, it is sent and not counted.
        assert running.answer(Facts(type=execs)) == (True, True, False)
        assert running.answer(Facts(type=execs, uid=1)) == (True, True, False)
        assert list(running.counts("rule_counts_0").values()) == [2]


def test_contents_of_some_calls_only() -> None:
    read, write, openat = (CATALOG[name].id for name in ("read", "write", "openat"))
    plans, usual = content_plans(CATALOG, {read: MOST_CONTENT}), plan_bytes(CATALOG)

    def plan(number: int, of: bytes) -> bytes:
        return of[number * PLAN.size : (number + 1) * PLAN.size]

    assert plan(read, plans) == plan(read, usual) == plan_of(CATALOG["read"])
    assert plan(openat, plans) == plan(openat, usual)
    assert plan(write, plans) != plan(write, usual)
    at = PLAN.field("captures").offset + 1
    assert (plan(write, usual)[at], plan(write, plans)[at]) != (0, 0)
    assert plan(write, plans)[at] == 0
    assert content_plans(CATALOG, {}, MOST_CONTENT) == usual


def test_so_much_of_the_contents_of_each_call() -> None:
    read, write, sendmsg = (CATALOG[name].id for name in ("read", "write", "sendmsg"))
    content, captures = PLAN.field("content"), PLAN.field("captures").offset

    def sizes(plans: bytes) -> list[int]:
        starts = [one * PLAN.size + content.offset for one in (read, write, sendmsg)]
        return [int.from_bytes(plans[at : at + 2], sys.byteorder) for at in starts]

    assert sizes(plan_bytes(CATALOG)) == [MOST_CONTENT] * 3
    none = content_plans(CATALOG, {read: 8})
    assert sizes(none) == [8, 0, 0]
    assert none[sendmsg * PLAN.size + captures + 1] == Capture.MSGHDR_IN  # for its address
    assert sizes(content_plans(CATALOG, {read: 8, write: 512}, 100)) == [100, 512, 100]


def test_addresses_as_the_kernel_has_them() -> None:
    assert address_bytes("10.0.0.1") == bytes([10, 0, 0, 1]) + bytes(12)
