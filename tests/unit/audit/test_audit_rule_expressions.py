"""The language of conditions, and what conditions say of events."""

from __future__ import annotations

import pytest

from audit_batches import call, event_of, opened
from audit_bytes import section, socket_bytes
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import Section
from seismo.audit.rules.conditions import predicate
from seismo.audit.rules.expression import ExpressionError, parse_expression
from seismo.audit.rules.fields import ABSENT, field_getter
from seismo.audit.rules.model import AllOf, AnyOf, Comparison, Not, Operator
from seismo.audit.sinks.content_hash import content_hash, group_hash

_EVENT = event_of(
    opened("/etc/passwd", flags=0o2000000, mode=0o644, ret=-13, uid=1000, comm=b"cat", time_ns=9),
    program_id=7,
)


def _holds(text: str, event: AuditEvent = _EVENT) -> bool:
    return predicate(parse_expression(text))(event)


def test_precedence() -> None:
    a, b, c = (Comparison(name, Operator.EQUAL, (1,)) for name in "abc")
    assert parse_expression("a = 1 or b = 1 and c == 1") == AnyOf((a, AllOf((b, c))))
    assert parse_expression("(a = 1 or b = 1) and c = 1") == AllOf((AnyOf((a, b)), c))
    assert parse_expression("not a = 1 and b = 1") == AllOf((Not(a), b))
    assert parse_expression("not (a = 1 and b = 1)") == Not(AllOf((a, b)))
    assert parse_expression("not not a=1") == Not(Not(a))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-2", -2),
        ("007", 7),
        ("0x1F", 31),
        ("0o644", 420),
        ("0b101", 5),
        ("5ms", 5_000_000),
        ("3s", 3_000_000_000),
        ("4KiB", 4096),
        ("18446744073709551615", (1 << 64) - 1),
        ("ENOENT", "ENOENT"),
        ("5x", "5x"),
        ("/etc/passwd", "/etc/passwd"),
        ('"a b"', "a b"),
        ("'5'", "5"),
        (r'"a\"b\\c\n"', 'a"b\\c\n'),
        ('""', ""),
        ('"or"', "or"),
    ],
)
def test_values(text: str, value: int | str) -> None:
    assert parse_expression(f"x = {text}") == Comparison("x", Operator.EQUAL, (value,))


def test_lists_and_traceleft_arguments() -> None:
    assert parse_expression("x in [1, a, 'b c']") == Comparison("x", Operator.IN, (1, "a", "b c"))
    assert parse_expression("x not in [1]") == Comparison("x", Operator.NOT_IN, (1,))
    networks = parse_expression("x cidr [10.0.0.0/8, fe80::/10]")
    assert networks == Comparison("x", Operator.CIDR, ("10.0.0.0/8", "fe80::/10"))
    assert parse_expression('arg[0] == "/tmp/a.txt"') == Comparison(
        "arg0", Operator.EQUAL, ("/tmp/a.txt",)
    )


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "a field is wanted, not 'the end'"),
        ("a =", 4, "a value is wanted, not 'the end'"),
        ("a = 1 b = 2", 7, "'b' was not expected here"),
        ("a pre 1", 3, "'pre' is no operator"),
        ("a = 1 and", 10, "a field is wanted, not 'the end'"),
        ("(a = 1", 7, "')' is wanted, not 'the end'"),
        ("a in 5", 6, "'[' is wanted, not '5'"),
        ("a in []", 7, "a value is wanted, not ']'"),
        ('a = "x', 5, "a text without its closing quote"),
        ("a = 99999999999999999999", 5, "99999999999999999999 has more than 64 bits"),
        ('"a" = 1', 1, "a field is wanted"),
        ("a = in", 5, "a value is wanted, not 'in'"),
        ("(" * 60 + "a=1" + ")" * 60, 51, "nested more than 50 deep"),
    ],
)
def test_mistakes_have_their_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.column == column
    assert caught.value.message.startswith(message)
    assert f"{' ' * (column - 1)}^" in str(caught.value)


def test_an_operator_has_a_hint() -> None:
    with pytest.raises(ExpressionError, match="hint: did you mean 'prefix'"):
        parse_expression("path prefx /etc")


@pytest.mark.parametrize(
    "text",
    [
        "event = openat",
        "ret = -13 and ret = EACCES and ret != ENOENT and error = EACCES",
        "ret < 0 and ret <= -13 and ret > -14 and ret >= -13",
        "failed and not succeeded and failed = 1",
        "uid in [0, 1000] and uid not in [0, 1]",
        "path = /etc/passwd and filename prefix /etc and args.filename suffix passwd",
        "path contains c/pa and path glob '/etc/p*' and path glob '/*wd' and path glob /etc/pass??",
        "comm = cat and comm < dog and comm glob '[a-c]at'",
        "pid = 70001 and tgid = 70001 and tid = 70002 and ppid = 70000",
        "flags = 0o2000000 and mode = 0o644 and arg2 = 524288 and arg3 = 420",
        "arg[1] = /etc/passwd and dfd = -100",
        "program_id = 7 and time_ns = 9 and cgroup = 4242",
        "path exists and not path2 exists and not nonsense exists",
        "uid and comm and not gid = 0",
    ],
)
def test_true_of_an_open(text: str) -> None:
    assert _holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "ret = ENOENT",
        "ret = 3",
        "path = passwd",
        "path prefix passwd",
        "path glob passwd",
        "path2 = x",
        "path2 != x",  # a field that is not there satisfies nothing
        "path2 not in [x]",
        "path2",
        "uid = root",
        "uid < root",
        "uid = '1000'",  # a text is no number
        "comm = 5",
        "succeeded",
        "event = open",
    ],
)
def test_false_of_an_open(text: str) -> None:
    assert not _holds(text)


def test_a_number_that_is_compared_with_a_text_differs() -> None:
    assert _holds("uid != root")
    event = event_of(opened("5"))
    assert _holds("path = 5", event)
    assert _holds("path in [4, 5]", event)


def test_addresses() -> None:
    local, remote = b"\x0a\1\2\3".ljust(16, b"\0"), b"\x0b\0\0\1".ljust(16, b"\0")
    data = section(Section.SOCKET, socket_bytes(local, remote), 0)
    event = event_of(call("close", (4,), data))
    assert _holds("address = 11.0.0.1 and port = 80", event)
    assert _holds("local.address = 10.1.2.3 and local.port = 40001", event)
    assert _holds("local.address cidr 10.0.0.0/8 and not address cidr 10.0.0.0/8", event)
    assert _holds("address cidr [10.0.0.0/8, 11.0.0.0/24]", event)
    assert not _holds("address cidr 10.0.0.0/8", _EVENT)


def test_fields_of_correlation() -> None:
    class Container:
        id = "c0ffee"

    class Process:
        exe = "/bin/cat"
        container = Container()
        runtime = ""
        unit = "ssh.service"
        argv = ("cat", "/etc/passwd")
        parent: Process | None = None

    Process.parent = Process()
    event = event_of(opened("passwd"))
    event.process = Process()
    event.paths["filename"] = "/etc/passwd"
    event.notes = ("container", "opened elsewhere")
    assert _holds("path = /etc/passwd and filename = passwd", event)
    assert _holds("exe = /bin/cat and container = c0ffee and unit = ssh.service", event)
    assert _holds("parent.exe = /bin/cat and process.argv = 'cat /etc/passwd'", event)
    assert _holds("notes contains 'opened elsewhere'", event)
    assert field_getter("runtime")(event) is ABSENT
    assert field_getter("parent.comm")(event) is ABSENT
    assert field_getter("exe")(_EVENT) is ABSENT


def test_hashes_are_fields() -> None:
    assert field_getter("hash")(_EVENT) == content_hash(_EVENT)
    assert field_getter("group_hash")(_EVENT) == group_hash(_EVENT)
