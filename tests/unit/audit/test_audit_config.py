"""Configurations: what is read of them, and what is said of each mistake, with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.config.describe import describe
from seismo.audit.config.filter import (
    ALWAYS,
    AllOf,
    Compare,
    FilterField,
    Like,
    Operator,
    Under,
)
from seismo.audit.config.model import (
    Backpressure,
    Capture,
    Config,
    LegacyArgument,
    Limits,
    Match,
    MatchKind,
    Ring,
)
from seismo.audit.config.parse import parse_config
from seismo.audit.config.read import UnreadableConfig, read_config
from seismo.audit.config.tree import ConfigSyntaxError
from seismo.audit.rules.model import FunctionKind
from seismo.audit.sinks.settings import Rotation, SinkSettings, Sync
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source

CATALOG = shipped_catalog()

FULL = """\
version: 1
events: [process_exec, "%network", "!bind"]
filter: not comm like "cron*"
handlers:
  - id: 7
    session: 0xffffffffffffffff
    match: {tree: [12, 13], uid: 1000}
    filter: {path: /etc}
  - id: 8
    match: {exe: /usr/sbin/sshd}
    events: [process_exit, =read: {content: 1KiB}]
  - match: all
capture: {content: true, environment: yes, fd_paths: off, words: 16KiB}
ring: {size: 1MiB, wake: 4096, order: 10ms, backpressure: ring}
outputs:
  - type: parquet
    path: /var/log/audit-%Y.parquet
    rotate: {bytes: 64MiB, seconds: 1h, rows: 1000000, keep: 5}
    fsync: flush
    fields: [time, pid]
    events: [process_exec]
  - {type: unix, path: /run/audit.sock, connect: true, limit_bytes: 1MiB, mode: 0o660}
  - table
rules:
  - name: many-opens
    events: [openat]
    by: [comm]
    window: 10
    when: "> 100"
    output: pager
channels:
  - {id: pager, type: file, path: pages.txt}
limits: {pending: 100, processes: 2000, sockets: 300}
"""


def config_of(text: str, name: str = "c.yaml") -> Config:
    return parse_config(Source(name, text), CATALOG)


def mistakes(text: str, name: str = "c.yaml") -> list[str]:
    """`line:column: message (hint)` of everything that is said."""
    with pytest.raises(DiagnosticsError) as raised:
        config_of(text, name)
    return [
        f"{one.span.location.line}:{one.span.location.column}: {one.message}"
        + (f" ({one.hint})" if one.hint else "")
        for one in raised.value.diagnostics
    ]


def types_of(*words: str) -> frozenset[int]:
    return frozenset(one.id for one in CATALOG.select(words))


def test_everything_is_read() -> None:
    config = config_of(FULL)
    assert config.name == "c.yaml"
    assert config.events.types == types_of("process_exec", "%network", "!bind")
    cron = config.filter
    first, second, third = config.handlers
    assert (first.program_id, first.session_id) == (7, (1 << 64) - 1)
    assert first.match == Match(MatchKind.TREE, (12, 13))
    user = Compare(FilterField.UID, Operator.EQUAL, 1000)
    assert isinstance(first.filter, AllOf)
    assert first.filter.parts[:2] == (cron, user)
    assert str(first.filter.parts[2]) == str(Under("/etc"))
    assert second.match == Match(MatchKind.EXE, ("/usr/sbin/sshd",))
    assert second.events.types == types_of("process_exit") | {0, 1024 + 3}
    assert (second.filter, third.filter) == (cron, cron)
    assert third.match == Match() and third.events == config.events
    assert config.content_types == {0: 1024, 1024 + 3: 1024}
    assert config.content_bytes == 1024
    assert config.capture == Capture(
        content_bytes=256, environment=True, fd_paths=False, words_bytes=16384
    )
    assert config.ring == Ring(
        size_bytes=1 << 20,
        wake_bytes=4096,
        order_ns=10_000_000,
        backpressure=Backpressure.RING,
    )
    assert config.limits == Limits(pending=100, processes=2000, sockets=300)
    assert config.outputs == (
        SinkSettings(
            type="parquet",
            path="/var/log/audit-%Y.parquet",
            rotation=Rotation(max_bytes=64 << 20, max_seconds=3600, max_rows=1_000_000, keep=5),
            sync=Sync.FLUSH,
            fields=("time", "pid"),
            events=("=process_exec",),
        ),
        SinkSettings(
            type="unix",
            path="/run/audit.sock",
            options={"connect": True, "limit_bytes": 1 << 20, "mode": 0o660},
        ),
        SinkSettings(type="table"),
    )
    (rule,) = config.rules.rules
    assert (rule.name, rule.by, rule.function.kind) == ("many-opens", ("comm",), FunctionKind.COUNT)
    assert [one.id for one in config.rules.channels] == ["pager"]
    assert config.rule_texts.where(("rules", 0, "when")) == "c.yaml:29:11"
    assert config.rule_texts.where(("rules", 0, "none", 5)) == "c.yaml:25:5"


def test_the_least_there_is() -> None:
    config = config_of("version: 1\nevents: process_exec\n")
    (handler,) = config.handlers
    assert handler.match == Match() and handler.filter == ALWAYS
    assert handler.events.types == types_of("process_exec")
    assert (config.ring, config.capture, config.outputs) == (Ring(), Capture(), ())
    rules = config_of('version: 1\nrules: [{name: r, events: [openat], when: "> 5"}]')
    assert rules.handlers[0].events.types == types_of("openat")


def test_json_is_the_same_and_its_places_too() -> None:
    text = '{"version": 1,\n "events": ["process_exec"], "filter": "uid == 0"}'
    assert config_of(text, "c.json").handlers == config_of(text, "c.yaml").handlers
    wrong = '{"version": 1,\n "events": ["proces_exec"], "filtr": "uid = 0"}'
    for name in ("c.json", "c.yaml"):
        assert [one[:6] for one in mistakes(wrong, name)] == ["2:13: ", "2:29: "]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    (
        ("a: [1\nb: 2", "c.yaml", "c.yaml:2:2: error: not YAML: expected ',' or"),
        ("a: *b", "c.yaml", "c.yaml:1:4: error: there is no anchor '&b' before this"),
        ("--- 1\n--- 2\n", "c.yaml", "c.yaml:2:1: error: a second document"),
        ("a:\n  \x01", "c.yaml", "c.yaml:2:3: error: not text"),
        ('a: "\\UFFFFFFFF"', "c.yaml", "c.yaml:1:7: error: not YAML: the number of a character"),
        (f"%YAML 1.{'9' * 5000}\n---\n", "c.yaml", "c.yaml:1:9: error: not YAML: the number of"),
        ('a: "\\ud800"', "c.yaml", "c.yaml:1:4: error: a character that UTF-8 does not have"),
        ('{"a": "\\ud800"}', "c.json", "c.json:1:7: error: not JSON: a character that UTF-8"),
        ('{"a": tru}', "c.json", "c.json:1:7: error: not JSON: not a value: text stands in double"),
        ('{"a": 1,}', "c.json", "c.json:1:9: error: not JSON: a key in double quotes should be"),
        ('{"a" 1}', "c.json", "c.json:1:6: error: not JSON: a ':' should be here"),
        ('["a" 1]', "c.json", "c.json:1:6: error: not JSON: a ',' or ']' should be here"),
        ('{"a": "b\n"}', "c.json", "c.json:1:7: error: not JSON: text that does not end"),
        ('{"a": "\\x"}', "c.json", "c.json:1:8: error: not JSON: Invalid \\escape"),
        ("{} {}", "c.json", "c.json:1:4: error: not JSON: something stands behind the end"),
        ("", "c.json", "c.json:1:1: error: not JSON: the text ends here"),
        ("[" * 70 + "]" * 70, "c.json", "c.json:1:66: error: not JSON: nested deeper than 64"),
        ("[" * 70 + "]" * 70, "c.yaml", "c.yaml:1:66: error: nested deeper than 64"),
    ),
)
def test_what_is_neither_yaml_nor_json(text: str, name: str, said: str) -> None:
    with pytest.raises(ConfigSyntaxError) as raised:
        config_of(text, name)
    assert str(raised.value).startswith(said)


def test_aliases_that_unfold_to_too_much() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for one in range(1, 7):
        lines.append(f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 10)}]")
    with pytest.raises(ConfigSyntaxError, match="more than 100000 values, aliases followed"):
        config_of("\n".join(lines))


_HEAD = "version: 1\nevents: [openat]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("", ["1:1: a configuration is a mapping, not nothing "]),
        ("events: [openat]", ["1:1: the configuration has no version (write 'version: 1')"]),
        ("version: 2\nevents: [openat]", ["1:10: 'version' is 1, not 2 (this seismo reads"]),
        (
            "version: 1\nevnts: [openat]",
            [
                "1:1: the configuration names no events ('events: [default]'; is 'evnts' meant?)",
                "2:1: a configuration has no key 'evnts' (did you mean 'events'?; its keys are ver",
            ],
        ),
        (f"{_HEAD}events: [read]", ["3:1: the key 'events' stands here a second time (the fir"]),
        (
            'version: 1\nevents: [opnat, "!fil", [a], 5, {=read: {contnt: 5}}]',
            [
                "2:10: no event or family is called 'opnat' (did you mean 'openat'?)",
                "2:17: no event or family is called 'fil' (did you mean 'file'?)",
                "2:25: a list within the list of events (a name, a family, a pattern, or one of",
                "2:30: no event or family is called '5'",
                "2:42: the event '=read' has no key 'contnt' (did you mean 'content'?; its keys",
            ],
        ),
        (f"{_HEAD}capture: {{content: 5000}}", ["3:20: content is 0 to 4096, not 5000"]),
        (f"{_HEAD}capture: {{content: a lot}}", ["3:20: content is a size: 65536, 64KiB, not 'a"]),
        (f"{_HEAD}capture: {{environment: 1}}", ["3:24: 'environment' is true or false, not 1"]),
        (f"{_HEAD}capture: {{words: 64KiB}}", ["3:18: 'words' is 64 to 32768, not 65536"]),
        (f"{_HEAD}ring: {{size: 100000}}", ["3:14: the ring's size is a power of two, not 100000"]),
        (f"{_HEAD}ring: {{size: 5 parsec}}", ["3:14: 'size' is a size: 65536, 64KiB, not '5 pars"]),
        (f"{_HEAD}ring: {{size: 4096, wake: 4096}}", ["3:7: 'wake' (4096) is not less than the"]),
        (f"{_HEAD}ring: {{order: 1d}}", ["3:15: 'order' is 0 to 10000000000, not 86400000000000"]),
        (f"{_HEAD}ring: {{backpressure: drp}}", ["3:22: 'backpressure' is one of drop, ring, not"]),
        (f"{_HEAD}limits: {{pending: 0}}", ["3:19: 'pending' is 1 to 4194304, not 0"]),
        (f"{_HEAD}limits: [1]", ["3:9: 'limits' is a mapping, not a list"]),
        (f"{_HEAD}rules: 5", ["3:8: 'rules' is a list, not 5"]),
        (
            f"{_HEAD}rules: [{{name: r, events: [openat], function: cuont}}]",
            ["3:47: there is no function 'cuont' (did you mean 'count'?)"],
        ),
        (f"{_HEAD}? [a]\n: 1", ["3:3: a key must be one word"]),
        ("version: 1\nevents: ['!!read']", ["2:10: no event or family is called '!read' (did"]),
        ("version: 1\nevents: [read, '!read']", ["2:16: no event is left of this choice ('!' ta"]),
        (
            "version: 1\nevents: [{opnat: {content: 5}}, zzz]",
            ["2:11: no event or family is called 'opnat' (did", "2:33: no event or family is cal"],
        ),
        ("version: 1\nrules: []", ["1:1: the configuration names no events"]),
        (f"{_HEAD}limits: {{pending: {'9' * 5000}}}", ["3:19: 'pending' is a number, not this"]),
        (f"{_HEAD}limits: {{pending: 010}}", ["3:19: 'pending' is a number, not '010' (0o10 is o"]),
        (f"{_HEAD}ring: {{size: {'9' * 5000}}}", ["3:14: 'size' is a size: 65536, 64KiB, not th"]),
        (f"{_HEAD}ring: {{order: {'9' * 400}}}", ["3:15: 'order' is a time: 0.5, 5ms, 1h, not th"]),
        (f"{_HEAD}filter: uid == {'9' * 5000}", ["3:16: 'uid' is a number or a name, not '999"]),
        (f"{_HEAD}filter: uid in 1..{'9' * 5000}", ["3:16: 'uid' is a number or a name, not '1.."]),
        (f"{_HEAD}filter: arg1 has {'9' * 5000}", ["3:18: '9999"]),
        (f"{_HEAD}filter: {{uid: {list(range(257))}}}", ["3:9: 257 tests in one filter: 256 are"]),
        (f"{_HEAD}filter: address in fe80::1%eth0", ["3:20: 'fe80::1%eth0' is no address or net"]),
        (f"{_HEAD}filter: !!str uid == 0", ["3:9: a tag (tag:yaml.org,2002:str): values here"]),
    ),
)
def test_mistakes(text: str, said: list[str]) -> None:
    found = mistakes(text)
    assert [one[: len(start)] for one, start in zip(found, said, strict=True)] == said


@pytest.mark.parametrize(
    ("lines", "said"),
    (
        ("- {id: -1}", ["4:10: 'id' is 0 to 18446744073709551615, not -1"]),
        ("- {match: {pid: 0}}", ["4:19: 'pid' is 1 to 4194303, not 0"]),
        ("- {match: {pid: 1, exe: /a}}", ["4:22: a handler is for 'pid' or for 'exe', not for bo"]),
        ("- {match: {cgrup: /x}}", ["4:14: 'match' has no key 'cgrup' (did you mean 'cgroup'?; "]),
        ("- {match: {all: no}}", ["4:19: 'all' is true, or is not there"]),
        ("- {match: somebody}", ["4:13: 'match' is a mapping, or all, not 'somebody' (such as"]),
        ("- {match: {exe: sh}}", ["4:19: 'sh' does not begin with '/'"]),
        ("- {match: {container: web}}", ["4:25: 'web' is no container's id"]),
        ("- {match: {cgroup: ²}}", ["4:22: '²' does not begin with '/' (as /proc/PID/cgroup nam"]),
        ("- {match: {cgroup: a/b}}", ["4:22: 'a/b' does not begin with '/' (as /proc/PID/cgroup"]),
        ("- {events: []}", ["4:14: events: an empty list chooses nothing (leave the key out)"]),
        ("- {match: all}\n  - {filter: failed}", ["5:5: all processes: the handler of line 4 is"]),
        (
            "- {match: {pid: [5, 6]}}\n  - {match: {tree: 6}}",
            ["5:5: pid 6: the handler of line 4 is for that already (a process has one handler:"],
        ),
        ("- 5", ["4:5: a handler is a mapping, not 5"]),
    ),
)
def test_mistakes_in_handlers(lines: str, said: list[str]) -> None:
    found = mistakes(f"{_HEAD}handlers:\n  {lines}")
    assert [one[: len(start)] for one, start in zip(found, said, strict=True)] == said


def test_anchors_stand_before_values() -> None:
    config = config_of("version: 1\nevents: [&a openat, *a, &b 'read']\nfilter: {comm: &c 12}")
    assert config.events.types == types_of("openat", "read")
    assert str(config.filter) == 'comm like "12"'


def test_contents_are_asked_for_with_yes() -> None:
    assert config_of(f"{_HEAD}capture: {{content: yes}}").capture.content_bytes == 256
    assert config_of(f"{_HEAD}capture: {{content: off}}").capture.content_bytes == 0


def test_an_output_takes_the_call_and_not_the_family_of_its_name() -> None:
    (output,) = config_of(f"{_HEAD}outputs: [{{type: jsonl, events: [=read]}}]").outputs
    assert types_of(*output.events) == {0, 1024 + 3}


def test_a_network_of_mapped_addresses_is_one_of_ipv4() -> None:
    config = config_of(f"{_HEAD}filter: address in ::ffff:10.0.0.0/104")
    assert str(config.filter) == "address in 10.0.0.0/8"


def test_a_handler_without_events() -> None:
    found = mistakes("version: 1\nhandlers:\n  - {id: 1}")
    assert found == ["3:5: a handler without events (give it 'events', or the whole configuration)"]


@pytest.mark.parametrize(
    ("output", "said"),
    (
        ("tabel", ["3:11: an output's type is one of journald, jsonl, parquet, sqlite, syslog, "]),
        ("{path: x}", ["3:11: an output without a type (types are journald, jsonl, parquet, sql"]),
        ("{type: parquet}", ["3:11: the output 'parquet' needs a path"]),
        ("{type: jsonl, rotate: {bytes: 1M}}", ["3:11: 'rotate' is for files, not for standard"]),
        ("{type: jsonl, path: a, rotate: {keep: 3}}", ["3:42: 'keep' without a time at which a "]),
        ("{type: jsonl, path: a, rotate: {rows: 3}}", ["3:43: 'rotate' has no key 'rows' "]),
        ("{type: sqlite, path: a, rotate: {bytes: 1MiB}}", ["3:11: 'rotate' is for files, not"]),
        ("{type: unix, path: a, mode: 0o1000}", ["3:39: 'mode' is 0 to 511, not 512"]),
        ("{type: unix, path: a, color: never}", ["3:33: the output 'unix' has no key 'color' "]),
        ("{type: syslog, facility: lokal0}", ["3:36: 'facility' is one of kern, user, mail, dae"]),
        ("{type: jsonl, fsync: always}", ["3:32: 'fsync' is one of never, close, flush, batch, n"]),
        ("{type: unix, path: a, mode: 0440}", ["3:39: 'mode' is a number, not '0440' (0o440 is"]),
        ("[{type: jsonl, path: a}, {type: jsonl, path: ./a}]", ["3:35: './a' is the path of anot"]),
        ("[{type: unix, path: a}, {type: unix, path: a}]", ["3:34: 'a' is the path of another ou"]),
        ("{type: jsonl, events: [nope]}", ["3:34: no event or family is called 'nope'"]),
        ("[{type: jsonl, path: a}, {type: table, path: a}]", ["3:35: 'a' is the path of another"]),
    ),
)
def test_mistakes_in_outputs(output: str, said: list[str]) -> None:
    listed = output if output[0] == "[" else f"[{output}]"
    found = mistakes(f"{_HEAD}outputs: {listed}")
    assert [one[: len(start)] for one, start in zip(found, said, strict=True)] == said


TRACELEFT = """\
{
  "event": [
    {"name": "mkdir", "args": [
      {"position": 1, "type": "char", "name": "pathname", "suffix": "[256]", "hashFunc": "string"},
      {"position": 2, "type": "umode_t", "name": "mode", "suffix": "", "hashFunc": ""}
    ]},
    {"name": "read"}
  ]
}
"""


def test_the_configuration_of_traceleft() -> None:
    for name in ("config.json", "config.yaml"):
        config = config_of(TRACELEFT, name)
        mkdir, read = config.legacy
        assert (mkdir.name, read.name, read.arguments) == ("mkdir", "read", ())
        assert mkdir.arguments == (
            LegacyArgument(1, "char", "pathname", "[256]", "string"),
            LegacyArgument(2, "umode_t", "mode"),
        )
        # The call, not the family `read` of all that reads; of 32-bit programs, too.
        assert config.handlers[0].events.types == {83, 0, 1024 + 39, 1024 + 3}
        assert config.outputs == (SinkSettings(type="traceleft"),)


def test_room_for_what_is_read_is_how_much_is_recorded() -> None:
    for suffix, size in (("[256]", 256), ("[8192]", 4096), ("", 0)):
        argument = {"position": 2, "type": "char", "name": "buf", "suffix": suffix}
        events = [
            {"name": "read", "args": [argument | {"hashFunc": "skip"}]},
            {"name": "mkdir", "args": [argument | {"hashFunc": "string"}]},
        ]
        config = config_of(json.dumps({"event": events}), "config.json")
        assert config.content_types == ({0: size, 1024 + 3: size} if size else {})


def test_mistakes_in_the_configuration_of_traceleft() -> None:
    text = TRACELEFT.replace('"mkdir"', '"mkdri"').replace('"string"', '"fnv"')
    found = mistakes(text.replace('{"name": "read"}', '{"nam": "read"}'), "c.json")
    assert [one.partition(" (")[0] for one in found] == [
        "3:14: no event or family is called 'mkdri'",
        "4:90: 'hashFunc' is one of , string, skip, not 'fnv'",
        "7:5: an event without a name",
        "7:6: an event has no key 'nam'",
    ]


def test_the_aggregations_of_traceleft() -> None:
    text = """\
{"channels": [{"id": "out", "type": "file", "path": "alerts.txt"}],
 "events": [{"name": "openat", "channel": "out", "rule": "arg[1] == \\"/tmp/a.txt\\"",
   "function": {"id": "sigma", "parameters": "frequency=100;threshold=0"},
   "output": {"metrics": "alerts_per_sec", "format": "text"}}]}"""
    config = config_of(text, "spec.json")
    (rule,) = config.rules.rules
    assert (rule.function.kind, rule.function.frequency) == (FunctionKind.SIGMA, 100)
    assert config.handlers[0].events.types == rule.types
    wrong = mistakes(text.replace('"file"', '"grpc"'), "spec.json")
    assert [one[:27] for one in wrong] == ["1:37: there is no gRPC here"]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    with pytest.raises(UnreadableConfig, match=r"c\.yaml: No such file or directory"):
        read_config(str(path), CATALOG)
    path.write_bytes(b"version: 1\nevents: [\xff]\n")
    with pytest.raises(UnreadableConfig, match=r"c\.yaml:2: byte 0xff is no UTF-8"):
        read_config(str(path), CATALOG)
    path.write_text("version: 1\nevents: [openat]\n")
    assert read_config(str(path), CATALOG).name == str(path)
    path.write_bytes(b"#" * ((4 << 20) + 1))
    with pytest.raises(UnreadableConfig, match="at most 4194304 bytes"):
        read_config(str(path), CATALOG)


def test_the_words_of_yaml_are_those_of_people() -> None:
    config = config_of("version: 1\nevents: [openat]\nfilter: {comm: [no, 10:22, 0x10]}")
    assert str(config.filter) == 'comm like "no" or comm like "10:22" or comm like "0x10"'
    assert Like("no") in config.filter.parts  # type: ignore[union-attr]


def test_what_is_recorded_is_described() -> None:
    text = FULL.replace('[process_exec, "%network", "!bind"]', "[process_exec]")
    assert describe(config_of(text), CATALOG) == _DESCRIBED


_DESCRIBED = """\
Configuration c.yaml

Handler 0 (program 7, session 18446744073709551615): process and descendants 12 13
  1 event: process_exec
  where not comm like "cron*" and uid == 1000 and path under "/etc"

Handler 1 (program 8): programs /usr/sbin/sshd
  2 events: process_exit, read
  where not comm like "cron*"

Handler 2 (program 0): all processes
  1 event: process_exec
  where not comm like "cron*"

Recorded beside arguments: the first 256 bytes of what is read and written; environments; no
      paths of descriptors
Ring of 1024 KiB, read when 4096 bytes wait, ordered within 10 ms
Room for 100 calls in progress, 2000 processes, 300 sockets

Goes to:
  parquet /var/log/audit-%Y.parquet; a new file every 67108864 bytes or 3600 s or 1000000 rows,
      5 are kept; only process_exec; fields time, pid
  unix /run/audit.sock
  table on standard output
Rules: many-opens
"""
