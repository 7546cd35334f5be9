"""What scripts make of C: structs, unions, enums, macros."""

from __future__ import annotations

import pytest

from lang_cases import complaints, typed
from seismo.lang.ast import Field, Name
from seismo.lang.typed import Facts
from seismo.lang.types import IntType, PointerType, RecordType

C = """
#define LIMIT 10
#define TWICE (LIMIT * 2)
#define NOW nsecs
#define LOOP LOOP
#define EMPTY
#define BROKEN 1 +
enum color { RED, GREEN = 5 };
struct list { struct list *next; int value; };
struct point { short x; short y; };
struct shape {
  struct point at; char name[8]; struct list *first; unsigned flag : 3; unsigned rest : 5;
  union { int whole; short half; }; struct point corners[2]; enum color color; char *text;
};
"""


def facts(body: str, probe: str = "BEGIN") -> Facts:
    (typed_probe,) = typed(f"{C}\n{probe} {{ $p = (struct shape *)nsecs; {body} }}").probes
    return typed_probe.facts


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ("$v = $p.at.x", "int16"),
        ("$v = $p->name", "string[8]"),
        ("$v = $p.name[2]", "int8"),
        ("$v = $p.first", "struct list *"),
        ("$v = $p.first.next.value", "int32"),
        ("$v = $p.flag", "uint32"),
        ("$v = $p.half", "int16"),
        ("$v = $p.corners", "struct point[2]"),
        ("$v = $p.corners[1].y", "int16"),
        ("$v = $p.color", "enum color"),
        ("$v = $p.color; $v = 0", "enum color"),
        ("$v = (*$p).at.x", "int16"),
        ("$v = *$p", "struct shape"),
        ("$v = *$p.first", "struct list"),
        ("$v = *$p.text", "int8"),
        ("$v = $p[1].at.x", "int16"),
        ("$v = RED", "enum color"),
        ("$v = (enum color)5", "enum color"),
        ("$v = (uint8)GREEN", "uint8"),
        ("$v = $p.color == GREEN", "bool"),
        ("$v = LIMIT", "int8"),
        ("$v = TWICE", "int8"),
        ("$v = TWICE; $v = nsecs", "uint64"),
        ("$v = NOW", "uint64"),
        ("$v = sizeof(struct shape)", "uint64"),
        ("let $v: struct point = $p.at", "struct point"),
        ("let $v: typeof($p.at.x)", "int16"),
        ("@m = $p.at; $v = @m.y", "int16"),
        ("@m[1] = $p; $v = @m[1].at.x", "int16"),
        ("@m[$p.at, $p.name] = 1; for $kv : @m { $v = $kv.0.0.x }", "int16"),
    ],
)
def test_types(body: str, type_: str) -> None:
    assert str(facts(body).local_types["$v"]) == type_


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("$v = RED", 0),
        ("$v = GREEN", 5),
        ("$v = (enum color)5", 5),
        ("$v = LIMIT", 10),
        ("$v = TWICE", 20),
        ("$v = sizeof(struct point)", 4),
        ("$v = sizeof(*$p.first)", 16),
        ("$v = offsetof(struct shape, first)", 16),
        ("$v = offsetof(struct shape, at.y)", 2),
        ("$v = (LIMIT + GREEN) * 2", 30),
        ("$v = comptime (TWICE > LIMIT)", True),
    ],
)
def test_constants(body: str, value: int) -> None:
    found = facts(body).constants
    (known,) = {found[node] for node in found if f"$v = {node.span.text}" == body}
    assert known == value


def test_every_field_access_says_which_member_it_means() -> None:
    members = facts("print($p.first.value + $p.rest)").members
    places = {
        node.field: (one.offset, one.bit_offset, one.bit_size) for node, one in members.items()
    }
    assert places == {"first": (16, 0, 0), "value": (8, 0, 0), "rest": (24, 3, 5)}


@pytest.mark.parametrize(
    ("probe", "space"), [("BEGIN", "kernel"), ("t:syscalls:sys_enter_openat", "user")]
)
def test_pointers_are_into_the_memory_that_they_were_read_from(probe: str, space: str) -> None:
    found = facts("$a = $p.first.next; $b = *$p; $c = $b.first; $d = (int8 *)$c", probe)
    types = found.local_types.items()
    spaces = {name: one.space for name, one in types if isinstance(one, PointerType)}
    assert spaces == {"$p": space, "$a": space, "$c": space, "$d": space}


def test_a_struct_by_value_is_spelled_out() -> None:
    shape = facts("$v = *$p").local_types["$v"]
    assert isinstance(shape, RecordType)
    at, first = shape.field("at").type, shape.field("first").type
    assert isinstance(at, RecordType)
    assert at.field("y").type == IntType(16, True)
    assert isinstance(first, PointerType)
    assert isinstance(first.target, RecordType)
    assert (first.target.fields, first.space) == (None, "kernel")


def test_null_points_into_no_memory_of_its_own() -> None:
    text = "t:syscalls:sys_enter_openat { $n = (int8 *)0; $p = (void *)0; $n = args.filename; }"
    (probe,) = typed(text).probes
    assert probe.facts.local_types["$n"] == PointerType(IntType(8, True), "user")
    assert probe.facts.local_types["$p"] == PointerType(None, "user")


def test_what_stands_for_a_macro_that_is_no_constant() -> None:
    found = facts("$v = NOW")
    ((name, stands),) = found.expansions.items()
    assert isinstance(name, Name)
    assert isinstance(stands, Name)
    assert (name.name, stands.name) == ("NOW", "nsecs")
    assert found.types[stands] == found.types[name]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("$v = LOOP", "14: the macro LOOP is defined by itself (it is: LOOP)"),
        (
            "$v = EMPTY",
            "14: the macro EMPTY is no expression: expected an expression, found end of "
            "script (write #define EMPTY value)",
        ),
        (
            "$v = BROKEN",
            "14: the macro BROKEN is no expression: expected an expression, found end of"
            " script (it is: 1 +)",
        ),
        ("$v = (enum color)3", "26: enum color has no constant of value 3 (it has: RED, GREEN)"),
        ("$v = LIMITS", "14: unknown name 'LIMITS' (did you mean 'LIMIT'?)"),
        ("$v = REDD", "14: unknown name 'REDD' (did you mean 'RED'?)"),
    ],
)
def test_mistakes(body: str, said: str) -> None:
    (found,) = complaints(f"{C}\nBEGIN {{ {body} }}")
    assert found == said


def test_fields_are_expressions_of_their_own() -> None:
    found = facts("$v = $p.at")
    (field,) = (node for node in found.types if isinstance(node, Field))
    assert found.members[field].offset == 0
