"""Types of whole scripts: what they are, what is refused."""

from __future__ import annotations

import pytest

from lang_cases import checked, complaints, typed
from seismo.lang.ast import AssignMap, Binary, Field, Number
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
    return {name: str(type_) for name, type_ in probe.local_types.items()}


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ("$x = 1", "int8"),
        ("$x = 1; $x = 300", "int16"),
        ("$x = 0; $x = pid", "uint32"),
        ("$x = pid; $x = 0", "uint32"),
        ("$x = 1u", "uint8"),
        ("$x = 0xffffffffffffffff", "uint64"),
        ("$x = -1", "int8"),
        ("$x = -1; $x = pid", "int64"),
        ("$x = pid + 1", "uint64"),
        ("$x = pid - 1", "int64"),
        ("$x = 1 + 2", "int64"),
        ("$x = nsecs", "uint64"),
        ("$x = 1; $x++", "int64"),
        ("$x = pid; $x++", "uint64"),
        ("$x = pid; $x -= 1", "uint64"),
        ("$x = 1; $x += nsecs", "uint64"),
        ("$x = ~pid", "uint64"),
        ("$x = !pid", "bool"),
        ("$x = pid < 5", "bool"),
        ("$x = true", "bool"),
        ("$x = true; $x = 5", "int8"),
        ('$x = "abc"', "string[4]"),
        ('$x = "é"', "string[3]"),
        ('$x = "abc"; $x = comm', "string[16]"),
        ('$x = pid ? "a" : comm', "string[16]"),
        ("$x = pid ? 0 : pid", "uint32"),
        ('$x = (1, "a", (pid, comm))', "(int8,string[2],(uint32,string[16]))"),
        ("$x = (1, (pid, 2)).1.0", "uint32"),
        ("$x = (1, comm)[1]", "string[16]"),
        ("$x = comm[0]", "int8"),
        ("$x = str(0)", "string[64]"),
        ("$x = probe", "string[6]"),
        ("let $x; $x = comm", "string[16]"),
        ("let $x", "int64"),
        ("@c = count(); $x = @c", "uint64"),
        ("@c = count(); $x = @c + 1", "uint64"),
        ("$x = @later; @later = comm", "string[16]"),
    ],
)
def test_local_types(body: str, type_: str) -> None:
    assert local_types(f"BEGIN {{ {body} }}") == {"$x": type_}


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
    assert [one.local_types["$f"] for one in script.probes] == [pointer] * 3
    for probe in script.probes:
        (field,) = (node for node in probe.types if isinstance(node, Field))
        args = probe.types[field.base]
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
    (literal,) = (type_ for node, type_ in probe.types.items() if isinstance(node, Number))
    assert literal == IntType(8, False)


def test_reading_an_aggregation_keeps_its_type_on_the_node() -> None:
    (probe,) = typed("BEGIN { @c = count(); @n = @c + 1 }").probes
    (binary,) = (node for node in probe.types if isinstance(node, Binary))
    assert probe.types[binary.left] == AggregateType("count", IntType(64, False))
    assert probe.types[binary] == IntType(64, False)


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


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pidd", "9: unknown name 'pidd' (did you mean 'pid'?)"),
        ("arg", "9: unknown name 'arg' (did you mean 'args'?)"),
        ("prnt(1)", "9: unknown function 'prnt' (did you mean 'print'?)"),
        ("kstack", "9: kstack is not supported yet"),
        ("@ = hist(1)", "13: hist() is not supported yet"),
        ("exit", "9: exit is a function (write exit(…))"),
        ("retval", "9: retval does not exist in a probe of kind begin (it does in: interval)"),
        ("args.x", "9: there are no args in a probe of kind begin"),
        ("nsecs(1)", "9: nsecs() takes no arguments, not 1"),
        ("str()", "9: str() takes 1 to 2 arguments, not 0"),
        ("printf()", "9: printf() takes at least 1 argument, not 0"),
        ("exit(1, 2)", "9: exit() takes at most 1 argument, not 2"),
        ("printf(comm)", "16: the format of printf() must be a literal"),
        ("printf(1)", "16: the format of printf() must be a string, not int8"),
        ("str(comm)", "13: the pointer of str() must be a pointer or a number, not string[16]"),
        ("str(0, pid)", "16: the length of str() must be a literal"),
        ("exit(comm)", "14: the code of exit() must be a number, not string[16]"),
        ("clear(1)", "15: the map of clear() must be a map, not int8"),
        ("print(exit())", "15: exit() gives no value"),
        ("$x = print(1)", "14: print(1) gives no value"),
        ("count()", "9: count() can only be assigned to a map (write @name = count(…))"),
        ("$x = count()", "14: count() can only be assigned to a map (write @name = count(…))"),
        ("@c += count()", "15: count() can only be assigned to a map (write @name = count(…))"),
        ("print(@x)", "15: undefined map: @x (nothing is ever put into it)"),
        ("@hits = 1; print(@hitz)", "26: undefined map: @hitz (did you mean '@hits'?)"),
        ("$x = @x[1]", "14: undefined map: @x (nothing is ever put into it)"),
        ("@a = @b; @b = @a", "14: nothing tells the type of @b (set it to a value first)"),
        ("let $x; print($x)", "23: nothing tells the type of $x (set it to a value first)"),
        ("@m[1] = 1; @m = 2", "20: @m has no key here, but 1 key at t:1:9"),
        ("@m = 1; @m[1, 2] = 2", "17: @m has 2 keys here, but no key at t:1:9"),
        ("@m[1] = 1; delete(@m)", "20: @m has no key here, but 1 key at t:1:9"),
        ("@m[1] = 1; delete(@m[1, 2])", "27: @m has 2 keys here, but 1 key at t:1:9"),
        ("@m[1] = 1; delete(@m, comm)", "31: this key of @m is int8 at t:1:9, but string[16] here"),
        ("@m[1] = 1; delete(@m, 1, 2)", "20: @m has 2 keys here, but 1 key at t:1:9"),
        (
            "@m[1] = 1; @m[comm] = 2",
            "23: this key of @m is int8 at t:1:9, but string[16] here",
        ),
        ("@m = 1; @m = comm", "22: @m is int8 (since t:1:9), but this is string[16]"),
        ("@m = comm; @m = 1", "25: @m is string[16] (since t:1:9), but this is int8"),
        ("@c = count(); @c = 1", "28: @c is count_t (since t:1:9), but this is int8"),
        ("@c = 1; @c = count()", "22: @c is int8 (since t:1:9), but this is count_t"),
        ("@c = count(); @c++", "23: '++' needs a number, not count_t"),
        ("@c = count(); @c += 1", "29: '+=' cannot combine count_t and int8"),
        ("@m = comm; @m += 1", "26: '+=' cannot combine string[16] and int8"),
        ("@m += comm", "15: '+=' cannot combine the number @m and string[16]"),
        ("$x = 1; $x = comm", "22: $x is int8, but this is string[16]"),
        ("comm + 1", "9: '+' cannot combine string[16] and int8"),
        ("comm == 1", "9: '==' cannot combine string[16] and int8"),
        ("comm < comm", "9: '<' cannot combine string[16] and string[16]"),
        ("comm && 1", "9: '&&' cannot combine string[16] and int8"),
        ("-comm", "9: '-' does not apply to string[16]"),
        ("*pid", "9: '*' does not apply to uint32"),
        ("if comm { }", "12: a condition must be a number or a pointer, not string[16]"),
        ("comm ? 1 : 2", "9: a condition must be a number or a pointer, not string[16]"),
        ("$x = pid ? 1 : comm", "14: the two values of '?' differ: int8 and string[16]"),
        ("(1, 2).2", "9: (int8,int8) has only 2 elements"),
        ("(1, 2)[pid]", "16: the index of a tuple must be a literal"),
        ("comm[comm]", "14: an index must be a number, not string[16]"),
        ("pid[0]", "9: uint32 has no elements"),
        ("pid.x", "13: uint32 has no fields"),
        ("$x = nsecs; $x = -1", "26: $x is uint64, this is int8: the signs differ"),
        (
            "$d = nsecs - 5; if $d < nsecs { }",
            "28: int64 < uint64 is computed as uint64: the signs differ",
        ),
        (
            "$d = -nsecs; $d += nsecs",
            "28: $d is int64, this is uint64: the signs differ",
        ),
    ],
)
def test_what_is_said(body: str, said: str) -> None:
    assert complaints(f"BEGIN {{ {body} }}") == [said]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "args.filenam",
            "36: syscalls:sys_enter_openat has no field 'filenam' (did you mean 'filename'? its "
            "fields are: __syscall_nr, dfd, filename, flags, mode)",
        ),
        ("@ = args", "35: args is no value of its own (write args.field)"),
        ("args", ""),
        (
            "comm == args.filename",
            "31: '==' cannot combine string[16] and int8 * (str() reads the string at a pointer)",
        ),
        ("@ = args.filename; @ = args.flags", "54: @ is int8 * (since t:1:31), but this is int32"),
        ("@ = args.filename[0]", ""),
        ("$p = args.filename; $p += 1; @ = *$p", ""),
    ],
)
def test_what_is_said_of_args(body: str, said: str) -> None:
    assert complaints(f"t:syscalls:sys_enter_openat {{ {body} }}") == ([said] if said else [])


def test_structs_of_the_kernel_are_opaque() -> None:
    (said,) = complaints("t:syscalls:sys_enter_openat2 { print(args.how.flags) }")
    assert said == (
        "47: the fields of struct open_how are not known "
        "(types of the kernel are not supported yet)"
    )


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
