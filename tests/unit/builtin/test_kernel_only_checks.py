"""Built-ins that only some kinds of probes have: where they are, and what they take."""

from __future__ import annotations

import pytest

from script_runs import complaints
from seismo.builtin.kernel_only import OVERRIDE, SOCKET_COOKIE, UNWATCH, USERMODE
from seismo.builtin.packets import SKBOUTPUT
from seismo.builtin.record import Builtin


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print(usermode)", "usermode does not exist in a probe of kind begin"),
        ("print(socket_cookie(0))", "socket_cookie does not exist in a probe of kind begin"),
        ('skboutput("x", 0, 1, 2)', "skboutput does not exist in a probe of kind begin"),
        ("override(1)", "override() may change what it traces, or the system"),
        ("unwatch()", "unwatch() takes 1 argument, not 0"),
        ('unwatch("x")', "the address of unwatch() must be a number or a pointer, not string[2]"),
        ("$x = unwatch(1)", "unwatch(1) gives no value"),
    ],
)
def test_what_is_refused_in_begin(body: str, message: str) -> None:
    (complaint,) = complaints(f"{body};")
    assert message in complaint


def test_override_is_for_kprobes() -> None:
    (complaint,) = complaints("override(1);", is_unsafe=True)
    assert (
        complaint == "override: override does not exist in a probe of kind begin "
        "(it does in: kprobe)"
    )


def test_unwatch_is_everywhere() -> None:
    assert complaints("unwatch(0x1000); unwatch(curtask);") == []


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        (OVERRIDE, {"kprobe"}),
        (SOCKET_COOKIE, {"fentry", "fexit", "rawtracepoint"}),
        (SKBOUTPUT, {"fentry", "fexit", "rawtracepoint"}),
        (UNWATCH, set()),
    ],
)
def test_kinds(one: Builtin, kinds: set[str]) -> None:
    assert set(one.signature.probe_kinds) == kinds
    assert "profile" in USERMODE.signature.probe_kinds
