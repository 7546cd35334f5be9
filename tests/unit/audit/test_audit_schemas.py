"""What the catalog is exported as: C, Python, JSON Schema, Arrow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from json_schema import mistakes
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.describe import describe, describe_event
from seismo.audit.catalog.schema_arrow import arrow_schema, arrow_schemas
from seismo.audit.catalog.schema_c import c_schema, known_types, type_name
from seismo.audit.catalog.schema_json import event_schema, json_schema, json_schema_text
from seismo.audit.catalog.schema_python import class_name, python_schema
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.record import layout
from seismo.audit.record.layout import FIXED, HEADER
from seismo.audit.sinks.json_form import JSON_KEYS

CATALOG = shipped_catalog()
OPENAT: dict[str, Any] = {
    "event": "openat",
    "time": "2026-01-02T03:04:05.000000006Z",
    "time_ns": 6,
    "duration_ns": 1200,
    "sequence": 1,
    "cpu": 0,
    "tgid": 10,
    "tid": 10,
    "ppid": 1,
    "start_ns": 5,
    "uid": 0,
    "gid": 0,
    "mntns": 4026531841,
    "cgroup": 1,
    "comm": "cat",
    "program_id": 7,
    "session_id": 0,
    "ret": 3,
    "args": {"dfd": -100, "filename": "/etc/passwd", "flags": 0o2000000, "mode": 0},
    "shown": {"dfd": "AT_FDCWD", "flags": "O_RDONLY|O_CLOEXEC", "mode": "0"},
}


def test_texts_are_the_same_each_time() -> None:
    again = shipped_catalog()
    for text_of in (c_schema, python_schema, json_schema_text, describe):
        assert text_of(CATALOG) == text_of(again)


def test_c_has_the_structs_where_the_layouts_have_them(tmp_path: Path) -> None:
    (tmp_path / "seismo_audit.h").write_text(c_schema(CATALOG))
    layouts = [HEADER, layout.SYSCALL, layout.SECTION, layout.SOCKET, layout.FIXED_FILE]
    layouts += [layout.CREDENTIALS, layout.NAMESPACES, *FIXED.values()]
    wanted = {f"{one.name}.{field.name}": field.offset for one in layouts for field in one.fields}
    wanted |= {f"{one.name}": one.size for one in layouts}
    for struct in STRUCTS.values():
        name = f"audit_arg_{struct.name}"
        wanted |= {f"{name}.{field.name}": field.offset for field in struct.layout.fields}
        wanted[name] = struct.layout.size
    prints = []
    for one in wanted:
        name, _, member = one.partition(".")
        value = f"offsetof(struct {name}, {member})" if member else f"sizeof(struct {name})"
        prints.append(f'printf("{one} %zu\\n", {value});')
    body = " ".join(prints)
    text = f"""#include <stddef.h>
#include <stdio.h>
#include "seismo_audit.h"
int main(void) {{
    {body}
    printf("openat %d %d\\n", AUDIT_TYPE_openat, AUDIT_ARG_openat_flags);
    printf("compat %d\\n", AUDIT_TYPE_compat_openat);
    return 0;
}}
"""
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-x", "c", "-", "-o", "it"]
    subprocess.run(command, input=text, text=True, check=True, cwd=tmp_path)
    output = subprocess.run([tmp_path / "it"], capture_output=True, text=True, check=True).stdout
    *lines, openat, compat = output.splitlines()
    said = {name: int(value) for name, value in map(str.split, lines)}
    assert said == wanted
    assert (openat, compat) == ("openat 257 2", f"compat {1024 + 295}")


def test_c_has_a_number_for_every_type() -> None:
    text = c_schema(CATALOG)
    numbers = dict(re.findall(r"^#define AUDIT_TYPE_(\w+) (\d+)$", text, re.MULTILINE))
    types = known_types(CATALOG)
    assert numbers == {type_name(one): str(one.id) for one in types}
    assert len(types) == 383 + 459 + 24


def test_python_classes_hold_what_json_has(tmp_path: Path) -> None:
    (tmp_path / "audit_events.py").write_text(python_schema(CATALOG))
    program = """
import dataclasses, json, sys
import audit_events as made
event = made.parse(json.loads(sys.stdin.read()))
assert event.args == made.OpenatArgs(dfd=-100, filename="/etc/passwd", flags=0o2000000, mode=0)
assert (event.event, event.tgid, event.ret, event.error) == ("openat", 10, 3, "")
try:
    event.args.flags = 1
except dataclasses.FrozenInstanceError:
    pass
else:
    raise AssertionError
row = dict(event.rest, event="mount_setattr", args={})
try:
    made.parse(row)
except TypeError as error:
    assert "dfd" in str(error)
row = dict(event.rest, event="syscall_500", args={"arg0": 1})
assert made.parse(row).args == made.UnknownArgs({"arg0": 1})
row = dict(event.rest, event="execve", args={"filename": "x", "argv": ["a", "b"], "envp": 1})
assert made.parse(row).args.argv == ("a", "b")
assert made.EVENTS["compat:openat"] is made.OpenatArgs
assert made.EVENTS["compat:chown"] is made.ChownArgs
assert made.EVENTS["compat:execve"] is not made.ExecveArgs
print(len(made.EVENTS), len({one.__name__ for one in made.EVENTS.values()}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(OPENAT),
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stderr == ""
    assert done.stdout.split()[0] == str(len(known_types(CATALOG)))


def test_every_field_is_in_its_python_class() -> None:
    namespace: dict[str, Any] = {"__name__": "made"}
    text = python_schema(CATALOG)
    module = type(sys)("made")
    sys.modules["made"] = module
    try:
        exec(compile(text, "made", "exec"), module.__dict__)
        namespace = dict(module.__dict__)
    finally:
        del sys.modules["made"]
    for event in known_types(CATALOG):
        members = namespace["EVENTS"][event.name].__dataclass_fields__
        assert [one.rstrip("_") for one in members] == [one.name for one in event.fields]
    assert class_name(CATALOG["compat:fchmodat"]) == "CompatFchmodatArgs"


def with_args(name: str, args: dict[str, Any]) -> dict[str, Any]:
    return {**OPENAT, "event": name, "args": args, "shown": {}}


ADDRESS = {"family": "AF_INET", "address": "127.0.0.1", "port": 80}
GOOD = [
    OPENAT,
    {**OPENAT, "error": "ENOENT", "ret": -2, "flags": ["incomplete"], "unreadable": ["filename"]},
    with_args("connect", {"fd": 3, "uservaddr": ADDRESS, "addrlen": 16}),
    with_args("connect", {"fd": 3, "uservaddr": None, "addrlen": 16}),
    with_args("write", {"fd": 1, "buf": "00ff", "count": 2}),
    with_args("pipe2", {"fildes": [3, 4], "flags": 0}),
    with_args("epoll_ctl", {"epfd": 3, "op": 1, "fd": 4, "event": {"events": 1, "data": 7}}),
    with_args("nanosleep", {"rqtp": {"tv_sec": 1, "tv_nsec": 0}, "rmtp": None}),
    with_args("nanosleep", {"rqtp": {"data": "00ff"}, "rmtp": None}),
    with_args("syscall_500", {"arg0": 1}),
    {
        **with_args("close", {"fd": 3}),
        "files": {
            "0": {
                "path": "/etc/passwd",
                "inode": 7,
                "device": 2049,
                "mode": 33188,
                "flags": 0,
                "fd": 3,
                "position": 0,
                "links": 1,
                "uid": 0,
            }
        },
    },
    {"event": "audit.gap", "failed": 3, "reason": "ENOSPC"},
]
BAD = [
    {**OPENAT, "tgid": -1},
    {**OPENAT, "more": 1},
    {**OPENAT, "flags": []},
    {**OPENAT, "event": "opemat"},
    {one: value for one, value in OPENAT.items() if one != "comm"},
    with_args("openat", {"dfd": -100, "filename": "/etc/passwd", "flags": 0}),
    with_args("openat", {**OPENAT["args"], "flags": "O_RDONLY"}),
    with_args("write", {"fd": 1, "buf": "xyz", "count": 2}),
    with_args("close", {"fd": True}),
    {**with_args("close", {"fd": 3}), "files": {"9": {"path": "/"}}},
    with_args("nanosleep", {"rqtp": {"sec": 1}, "rmtp": None}),
    {"event": "audit.gap"},
]


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row["event"])
def test_the_schema_allows_events(row: dict[str, Any]) -> None:
    schema = json_schema(CATALOG)
    assert mistakes(schema, row, schema) == []


@pytest.mark.parametrize("row", BAD, ids=range(len(BAD)))
def test_the_schema_refuses_what_is_none(row: dict[str, Any]) -> None:
    schema = json_schema(CATALOG)
    assert mistakes(schema, row, schema)


def test_the_schema_of_one_event_is_about_it_alone() -> None:
    schema = event_schema(CATALOG["openat"])
    assert mistakes(schema, OPENAT, schema) == []
    assert mistakes(schema, with_args("close", {"fd": 3}), schema)
    assert schema["title"] == "openat"


def test_the_schema_knows_the_keys_that_are_written() -> None:
    known = json_schema(CATALOG)["$defs"]["_event"]["properties"]
    assert set(known) == set(JSON_KEYS)


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    text = json_schema_text(CATALOG)
    schema = json.loads(text)
    referred = set(re.findall(r'"#/\$defs/([^"]+)"', text))
    assert referred <= set(schema["$defs"])
    assert {one.name for one in known_types(CATALOG)} <= referred
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_arrow_has_a_schema_for_every_type() -> None:
    schemas = arrow_schemas(CATALOG)
    assert list(schemas) == [one.name for one in known_types(CATALOG)]
    for event in known_types(CATALOG):
        args = schemas[event.name].field("args").type
        assert [one.name for one in args] == [one.name for one in event.fields]


def test_arrows_types_are_those_of_the_arguments() -> None:
    schema = arrow_schema(CATALOG["openat"])
    assert schema.metadata[b"id"] == b"257"
    args = schema.field("args").type
    shown = [(one.name, one.type, one.nullable) for one in args]
    assert shown == [
        ("dfd", pa.int32(), False),
        ("filename", pa.string(), True),
        ("flags", pa.uint32(), False),
        ("mode", pa.uint16(), False),
    ]
    assert args.field("flags").metadata[b"table"] == b"open"
    compat = arrow_schema(CATALOG["compat:write"]).field("args").type
    assert compat.field("count").type == pa.uint32()
    how = arrow_schema(CATALOG["openat2"]).field("args").type.field("how").type
    assert [one.name for one in how] == ["flags", "mode", "resolve"]
    row = {"dfd": -100, "filename": None, "flags": 0, "mode": 0}
    assert pa.array([row], args)[0].as_py() == row


def test_the_reference_has_every_event_in_one_place() -> None:
    text = describe(CATALOG)
    rows = re.findall(r"^\| `([\w:]+)` \| [A-Z]", text, re.MULTILINE)
    native = [one.name for one in known_types(CATALOG) if "compat" not in one.families]
    alone = {one for one in rows if one.startswith("compat:")}
    assert sorted(set(rows) - alone) == sorted(native)
    assert len(rows) == len(set(rows))
    assert "compat:socketcall" in alone and "compat:open" not in alone
    assert "| `%file` |" in text and "`unknown`" not in text
    assert "the string, and the directory of argument 0" in text


def test_one_event_is_described_in_full() -> None:
    assert describe_event(CATALOG["exit_group"]) == (
        "exit_group (231): End a process\n"
        "  families: %process all exit process syscalls\n"
        "  does not return\n"
        "  error_code int (int)\n"
    )
    assert describe_event(CATALOG["openat2"]).splitlines()[3:] == [
        "  dfd dirfd (int)",
        "  filename path: the string, and the directory of argument 0 (const char *)",
        "  how struct: struct open_how (struct open_how *)",
        "  usize size (size_t)",
    ]
