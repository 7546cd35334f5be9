"""Stacks in scripts: what they may be given, how large they are, what they combine with."""

from __future__ import annotations

from pathlib import Path

import pytest

from script_runs import complaints, warnings_of
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SourceError
from seismo.base.layout import Symbolic
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.events.kinds import MapView
from seismo.lang.join import join
from seismo.lang.types import SymbolicType
from seismo.views import RecordedView

VIEW = RecordedView(Path(__file__).resolve().parents[2] / "recorded" / "6.18")
OPTIONS = LowerOptions(possible_cpus=2)
WRITTEN = ("dw_ustack", "dw_ustack(raw)")
MODES = "its modes are bpftrace, perf, raw"


def map_of(script: str) -> MapView:
    """The only map of a script."""
    plan = compile_script(Source("case.bt", script), VIEW, LowerOptions(possible_cpus=2)).plan
    (view,) = plan.maps
    return view


@pytest.mark.parametrize(
    ("stack", "form"),
    [
        ("kstack", Symbolic("kstack_t", 8 + 127 * 8, "bpftrace")),
        ("kstack()", Symbolic("kstack_t", 8 + 127 * 8, "bpftrace")),
        ("kstack(1)", Symbolic("kstack_t", 8 + 8, "bpftrace")),
        ("kstack(1024)", Symbolic("kstack_t", 8 + 1024 * 8, "bpftrace")),
        ("kstack(raw)", Symbolic("kstack_t", 8 + 127 * 8, "raw")),
        ("ustack(perf, 3)", Symbolic("ustack_t", 8 + 3 * 8, "perf")),
        ("ustack(build_id, 3)", Symbolic("ustack_t", 8 + 3 * 32, "build_id")),
        ("usym(1)", Symbolic("usym_t", 16)),
    ],
)
def test_how_a_stack_is_kept(stack: str, form: Symbolic) -> None:
    assert map_of(f"BEGIN {{ @ = {stack}; }}").value == form


def test_the_setting_is_the_mode_unless_one_is_given() -> None:
    script = "config = {{ stack_mode = perf }} BEGIN {{ @ = {}; }}"
    assert map_of(script.format("kstack")).value.detail == "perf"
    assert map_of(script.format("kstack(raw, 2)")).value.detail == "raw"


def test_keys_are_as_long_as_the_longest() -> None:
    key = map_of("BEGIN { @[kstack(2), 1] = 1; @[kstack(9), 2] = 2; @[kstack(1), 3] = 3; }").key
    assert key is not None
    assert key.fields[0].type == Symbolic("kstack_t", 8 + 9 * 8, "bpftrace")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print(kstack(prf))", "prf: kstack has no mode 'prf' (did you mean 'perf'?)"),
        ("print(kstack(xyz))", f"xyz: kstack has no mode 'xyz' ({MODES})"),
        ("print(kstack(build_id))", f"build_id: kstack has no mode 'build_id' ({MODES})"),
        ("print(kstack(0))", "0: the limit of kstack() is 0 frames (it can be 1 to 1024)"),
        ("print(ustack(raw, -1))", "-1: the limit of ustack() is -1 frames (it can be 1 to 1024)"),
        (
            "print(ustack(1025))",
            "1025: the limit of ustack() is 1025 frames (it can be 1 to 1024)",
        ),
        (
            "print(ustack(3, perf))",
            "3: the mode of ustack() comes before the limit (write ustack(perf, 3))",
        ),
        (
            "print(kstack(pid + 1))",
            "pid + 1: the mode of kstack() must be a literal "
            "(what is known only when the script runs cannot stand here)",
        ),
        (
            "for ($i : 1..3) { print(kstack); }",
            "kstack: kstack cannot be used in the body of a for loop "
            "(set a variable before the loop: $x = kstack)",
        ),
        (
            "print(len(1))",
            "1: len() takes a map or a stack, not int8 "
            "(strlen() counts the characters of a string)",
        ),
    ],
)
def test_mistakes(body: str, said: str) -> None:
    assert complaints(body) == [said]


ONLY_PRINTED = (
    "dw_ustack can only be printed: user space finds its frames "
    "(ustack, which follows frame pointers, can be a key or a value)"
)
ALLOWED = "config = { unstable_dw_ustack = enable }"


@pytest.mark.parametrize(
    "body",
    [
        "@[{}] = count();",
        "@[1, {}] = 1;",
        "@ = {};",
        "$s = {}; print($s);",
        "print(1 ? {0} : {0});",
        "if ({0} == {0}) {{ print(1); }}",
        "print(@a[({}, 1)]); @a[ustack, 1] = 1;",
        "{};",
    ],
)
@pytest.mark.parametrize("written", ["dw_ustack", "dw_ustack(perf, 3)"])
def test_what_is_found_in_user_space_can_only_be_printed(body: str, written: str) -> None:
    said = complaints(body.format(written))
    assert said[0] == f"{written}: {ONLY_PRINTED}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "print(dw_ustack(build_id))",
            f"build_id: dw_ustack has no mode 'build_id' ({MODES})",
        ),
        ("print(dw_ustack(0))", "0: the limit of dw_ustack() is 0 frames (it can be 1 to 1024)"),
        (
            "print(dw_ustack(3, raw))",
            "3: the mode of dw_ustack() comes before the limit (write dw_ustack(raw, 3))",
        ),
        (
            "print(len(dw_ustack))",
            "dw_ustack: len() takes a map or a stack, not dw_ustack_t "
            "(strlen() counts the characters of a string)",
        ),
    ],
)
def test_mistakes_with_what_is_found_in_user_space(body: str, said: str) -> None:
    assert said in complaints(body)


def test_it_is_unstable() -> None:
    body = 'print((1, dw_ustack)); printf("%s", dw_ustack(raw));'
    hint = "(config = { unstable_dw_ustack = enable } allows it)"
    said = [f"{one}: dw_ustack is unstable: it may change {hint}" for one in WRITTEN]
    assert warnings_of(body) == said
    compiled = compile_script(Source("case.bt", f"{ALLOWED} BEGIN {{ {body} }}"), VIEW, OPTIONS)
    assert not compiled.warnings
    refused = ALLOWED.replace("enable", "error")
    with pytest.raises(DiagnosticsError, match="dw_ustack is not allowed: it is unstable"):
        compile_script(Source("case.bt", f"{refused} BEGIN {{ {body} }}"), VIEW, OPTIONS)


def test_a_record_must_fit_the_ring() -> None:
    script = "config = {{ unstable_dw_ustack = enable; perf_rb_pages = {} }} BEGIN {{ {} }}"
    first = 'printf("%s%d", dw_ustack, 1);'
    compile_script(Source("case.bt", script.format(8, first)), VIEW, OPTIONS)
    with pytest.raises(SourceError) as caught:
        compile_script(Source("case.bt", script.format(4, first)), VIEW, OPTIONS)
    # 8 for the id, 16 for the header, 21 registers, 4 pages, and the number.
    size = 8 + 16 + 21 * 8 + 4 * 4096 + 8
    assert f"1:69: error: this takes {size} bytes of a ring that has 16384\n" in str(caught.value)
    # What ends a record is sent as it is, and may well be shorter.
    compile_script(Source("case.bt", script.format(4, "print(dw_ustack);")), VIEW, OPTIONS)


def test_the_mode_of_a_stack_is_in_its_name_unless_it_is_the_usual_one() -> None:
    (said,) = complaints("@[kstack] = 1; @[kstack(perf)] = 2;")
    assert said.startswith("kstack(perf): this key of @ is kstack_t at ")
    assert ", but kstack_t(perf) here (" in said
    assert str(SymbolicType("timestamp", 8, "boot\0%H")) == "timestamp"


def test_a_test_has_no_stack() -> None:
    source = Source("case.bt", "test:a { print(kstack); }")
    with pytest.raises(DiagnosticsError, match="there is no stack in a probe of kind test"):
        compile_script(source, VIEW, LowerOptions(possible_cpus=2), Inputs(mode="test"))


def test_stacks_join_to_the_longer_of_one_mode() -> None:
    short, long = SymbolicType("kstack_t", 24, "raw"), SymbolicType("kstack_t", 40, "raw")
    assert join(short, long) == join(long, short) == long
    assert join(short, SymbolicType("kstack_t", 24, "perf")) is None
    assert join(short, SymbolicType("ustack_t", 24, "raw")) is None


def test_stacks_of_a_kind_are_compared() -> None:
    assert complaints("if (kstack(2) == kstack(3)) { print(1); }") == []
    (said,) = complaints("if (kstack == ustack) { print(1); }")
    assert said.startswith("kstack == ustack: ")
