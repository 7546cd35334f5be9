"""Types of whole scripts: what they are, what is refused."""

from __future__ import annotations

from typing import get_args

import pytest

from lang_cases import checked, complaints, said, typed
from seismo.lang.ast import AssignMap, Binary, Call, Comptime, Expr, Field, Number
from seismo.lang.config import Config
from seismo.lang.infer import RULES
from seismo.lang.types import AggregateType, IntType, PointerType, RecordType


def maps(text: str) -> dict[str, str]:
    """`@m: (keys) value` of each map."""
    return {
        one.name: f"({', '.join(map(str, one.keys))}) {one.value}"
        for one in typed(text).maps.values()
    }


def local_types(text: str) -> dict[str, str]:
    """The locals of a script's only program."""
    (probe,) = typed(text).probes
    return {name: str(type_) for name, type_ in probe.facts.local_types.items()}


def test_types_flow_between_probes_both_ways() -> None:
    text = "BEGIN { @a = @b; @b = 1 } END { @b = @c; @c = nsecs } i:s:1 { @a = 2 }"
    assert maps(text) == {"@a": "() uint64", "@b": "() uint64", "@c": "() uint64"}


def test_map_keys_widen_over_all_uses() -> None:
    text = 'BEGIN { @m["a", 1] = 1; @m[comm, pid] = 2 } END { print(@m["abc", 70000]) }'
    assert maps(text) == {"@m": "(string[16], uint32) int8"}


def test_maps_of_every_shape() -> None:
    text = "BEGIN { @ = 1; @c[pid] = count(); @t[(1, 2), 3] = (comm, 1); @n++; @u += nsecs }"
    assert maps(text) == {
        "@": "() int8",
        "@c": "(uint32) count_t",
        "@t": "((int8,int8), int8) (string[16],int8)",
        "@n": "() int64",
        "@u": "() uint64",
    }


def test_a_map_may_be_counted_by_hand() -> None:
    assert maps("BEGIN { @n[pid] = @n[pid] + 1 }") == {"@n": "(uint32) int64"}


def test_whole_maps_need_no_key() -> None:
    assert maps("BEGIN { @s = 1; delete(@s) }") == {"@s": "() int8"}
    text = "BEGIN { @m[1, 2] = 1; print(@m); clear(@m); delete(@m[3, 4]); delete(@m, (pid, 6)) }"
    assert maps(text) == {"@m": "(uint32, int8) int8"}


def test_arguments_of_each_place() -> None:
    script = typed("t:syscalls:sys_enter_open* { $f = args.filename }")
    names = [str(one.points[0]) for one in script.probes]
    assert names == [
        "tracepoint:syscalls:sys_enter_open",
        "tracepoint:syscalls:sys_enter_openat",
        "tracepoint:syscalls:sys_enter_openat2",
    ]
    pointer = PointerType(IntType(8, True), "user")
    assert [one.facts.local_types["$f"] for one in script.probes] == [pointer] * 3
    for probe in script.probes:
        (field,) = (node for node in probe.facts.types if isinstance(node, Field))
        args = probe.facts.types[field.base]
        assert isinstance(args, PointerType)
        assert args.space == "ctx"
        assert isinstance(args.target, RecordType)
        assert args.target.name == ":".join(probe.points[0].target)


def test_the_name_of_each_place_is_joined_in_a_map() -> None:
    assert maps("t:sched:sched_process_exec, t:sched:sched_wakeup { @[probe] = count(); }") == {
        "@": "(string[36]) count_t"
    }


def test_a_literal_beside_an_unsigned_operand_is_unsigned() -> None:
    (probe,) = typed("BEGIN { @ = pid + 1 }").probes
    (literal,) = (type_ for node, type_ in probe.facts.types.items() if isinstance(node, Number))
    assert literal == IntType(8, False)


def test_reading_an_aggregation_keeps_its_type_on_the_node() -> None:
    (probe,) = typed("BEGIN { @c = count(); @n = @c + 1 }").probes
    (binary,) = (node for node in probe.facts.types if isinstance(node, Binary))
    assert probe.facts.types[binary.left] == AggregateType("count", IntType(64, False))
    assert probe.facts.types[binary] == IntType(64, False)


def test_storage_of_locals_in_disjoint_scopes() -> None:
    assert local_types('BEGIN { if pid { $x = 1 } else { $x = "no" } }') == {
        "$x": "int8",
        "$x.2": "string[3]",
    }


def test_the_first_use_is_the_maps_span() -> None:
    script = typed("BEGIN { print(@m); @m = 1 }")
    assert str(script.maps["@m"].span.location) == "t:1:15"
    (assignment,) = (
        node for node in script.probes[0].probe.body.statements if isinstance(node, AssignMap)
    )
    assert assignment.target.span.location.column == 20


def test_many_instances_complain_once() -> None:
    (said,) = complaints("t:syscalls:sys_enter_open* { $x = args.nope }")
    assert said.startswith("40: syscalls:sys_enter_open has no field 'nope'")


def test_complaints_come_in_script_order() -> None:
    said = complaints("BEGIN { pidd; $x = $y; kstack; f($z) }")
    assert [one.split(":")[0] for one in said] == ["9", "20", "24", "32", "34"]


def test_warnings_are_no_errors() -> None:
    _, diagnostics = checked("BEGIN { $x = nsecs; $x = -1 }")
    assert len(diagnostics.warnings) == 1
    assert not diagnostics.errors


def test_an_arm_that_is_not_compiled_leaves_nothing_behind() -> None:
    text = """BEGIN {
      if comptime (sizeof(comm) == 16) { @kept = $x } else { @left_out[1] = 1; let $y: nope; break }
    }"""
    script, diagnostics = checked(text.replace("$x", "pid"))
    assert [str(one) for one in diagnostics.found] == []
    assert list(script.maps) == ["@kept"]
    (probe,) = script.probes
    assert not probe.facts.local_types
    (condition,) = (node for node in probe.facts.constants if isinstance(node, Comptime))
    assert probe.facts.constants[condition] is True


def test_constants_are_of_all_kinds() -> None:
    text = 'BEGIN { printf("%d", (2 + 3) * sizeof(comm)); print(probe); print(kaddr("jiffies")) }'
    (probe,) = typed(text).probes
    known = {node.span.text: value for node, value in probe.facts.constants.items()}
    assert known == {
        '"%d"': "%d",
        "2": 2,
        "3": 3,
        "2 + 3": 5,
        "sizeof(comm)": 16,
        "(2 + 3) * sizeof(comm)": 80,
        "probe": "begin",
        '"jiffies"': "jiffies",
        'kaddr("jiffies")': 0xFFFF_8000_0000_0000,
    }


def test_options_of_the_command_line() -> None:
    text = (
        'BEGIN { $n = getopt("count", 5); $s = getopt("name", "x"); $v = getopt("deep", false);'
        " if comptime ($n == 7) { @ = 1 } }"
    ).replace("comptime ($n", 'comptime (getopt("count", 5)')
    options = {"count": "-7", "name": "abc", "deep": ""}
    script, diagnostics = checked(text, options=options)
    assert not diagnostics.found
    known = script.probes[0].facts.constants
    given = {node.span.text: value for node, value in known.items() if isinstance(node, Call)}
    assert given == {
        'getopt("count", 5)': -7,
        'getopt("name", "x")': "abc",
        'getopt("deep", false)': True,
    }
    assert [*script.options] == ["count", "name", "deep"]
    assert script.options["name"].default == "x"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": "x"}, "13: --count=x is not a number (the default, 5, tells what it is)"),
        ({"count": ""}, "13: --count= is not a number (the default, 5, tells what it is)"),
        ({"cuont": "1"}, "1: the script has no option --cuont (did you mean 'count'?)"),
        ({"a": "1"}, '1: the script has no option --a (the script asks by getopt("a"))'),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    _, diagnostics = checked('BEGIN { @ = getopt("count", 5) }', options=options)
    assert [said(one) for one in diagnostics.found] == [message]


def test_unsafe_built_ins_are_allowed_one_by_one_run() -> None:
    _, diagnostics = checked('BEGIN { signal("KILL") }', is_unsafe=True)
    assert not diagnostics.found


def test_functions() -> None:
    text = """
    fn twice($a: int64, $p: uint64 *): int64 { if $a > 5 { return $a * 2; } return later(*$p) }
    fn later($x: uint64): int64 { @seen[$x] = count(); return 5; }
    BEGIN { $y = twice(pid, (uint64 *)nsecs); @seen[pid] = count(); }
    """
    script = typed(text)
    assert list(script.functions) == ["twice", "later"]
    twice = script.functions["twice"]
    assert twice.returns == IntType(64, True)
    assert [(name, str(type_)) for name, type_ in twice.params] == [
        ("$a", "int64"),
        ("$p", "uint64 *"),
    ]
    assert {name: str(one) for name, one in twice.facts.local_types.items()} == {
        "$a": "int64",
        "$p": "uint64 *",
    }
    assert [str(key) for key in script.maps["@seen"].keys] == ["uint64"]
    assert str(script.probes[0].facts.local_types["$y"]) == "int64"


def test_declared_maps() -> None:
    text = "let @a = lruhash(10); let @c = percpuhash(9); BEGIN { @a[1] = 1; @c = count(); @b = 1 }"
    symbols = typed(text).maps
    assert {name: (one.kind, one.max_entries) for name, one in symbols.items()} == {
        "@a": ("lruhash", 10),
        "@c": ("percpuhash", 9),
        "@b": ("", 0),
    }


def test_a_body_is_passed_over_again_only_when_something_has_widened() -> None:
    text = "BEGIN { $x = @last; @first = 1 } i:s:1 { @last = 5 } END { @last = nsecs; @first = 2 }"
    assert {name: str(one.value) for name, one in typed(text).maps.items()} == {
        "@last": "uint64",
        "@first": "int8",
    }


def test_a_map_that_only_a_probe_that_is_not_there_puts_into() -> None:
    text = "t:sched:nope, t:no:no { @there[pid] = 1 } END { clear(@there); clear(@nowhere) }"
    _, diagnostics = checked(text, config=Config(missing_probes="ignore"))
    assert [said(one) for one in diagnostics.found] == [
        "55: undefined map: @there (the probe at t:sched:nope, which is not there, has it: "
        "missing_probes = warn tells why)",
        "70: undefined map: @nowhere (nothing is ever put into it)",
    ]


def test_every_kind_of_expression_has_a_rule() -> None:
    assert set(RULES) == set(get_args(Expr))
