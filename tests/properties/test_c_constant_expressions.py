"""Constant expressions against gcc: their values and their types."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from c_checks import checked_value
from seismo.c.tree import Constant
from seismo.c.types import Enumeration, Integer

_TYPES = (
    *("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int"),
    *("long", "unsigned long", "long long", "unsigned long long", "_Bool"),
)
_LITERALS = st.sampled_from(
    (
        *("0", "1", "7", "255", "32767", "2147483647", "2147483648", "0x80000000", "4294967295"),
        *("0xffffffffu", "1u", "3l", "5ul", "9ll", "0xffffffffffffffff", "1ull", "'a'"),
        *(r"'\xff'", "sizeof(int)", "-1", "(_Bool)7", "(char)200", "(short)0x8001"),
    )
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # Shifts by little, divisors that are not zero: the rest has no value in C.
    return st.one_of(
        st.builds("({}({}))".format, st.sampled_from(("-", "~", "!", "+")), inner),
        st.builds("(({})({}))".format, st.sampled_from(_TYPES), inner),
        st.builds(
            "(({}) {} ({}))".format,
            inner,
            st.sampled_from(("+", "-", "*", "&", "|", "^", "<", ">", "<=", "==", "!=", "&&", "||")),
            inner,
        ),
        st.builds("(({}) {} (({}) | 1u))".format, inner, st.sampled_from(("/", "%")), inner),
        st.builds("(({}) {} {})".format, inner, st.sampled_from(("<<", ">>")), st.integers(0, 31)),
        st.builds("(({}) ? ({}) : ({}))".format, inner, inner, inner),
        st.builds("sizeof({})".format, inner),
    )


_EXPRESSIONS = st.recursive(_LITERALS, _combined, max_leaves=12)


def _natively(expressions: list[str], directory: Path) -> list[tuple[int, int, bool]]:
    """(value in 64 bits, size, signedness) of each as gcc has it."""
    lines = "".join(
        f'printf("%llx %zu %d\\n", (unsigned long long)({one}), sizeof({one}),'
        f" (__typeof__({one}))-1 < (__typeof__({one}))0);\n"
        for one in expressions
    )
    source = directory / "constants.c"
    source.write_text(f"#include <stdio.h>\nint main(void) {{\n{lines}return 0;\n}}\n")
    program = directory / "constants"
    subprocess.run(["gcc", "-w", "-O0", "-fwrapv", "-o", program, source], check=True, timeout=60)
    text = subprocess.run([program], check=True, capture_output=True, text=True, timeout=60).stdout
    rows = (line.split() for line in text.splitlines())
    return [(int(value, 16), int(size), sign == "1") for value, size, sign in rows]


def _here(expression: str) -> tuple[int, int, bool]:
    value = checked_value(f"({expression})")
    assert isinstance(value, Constant), expression
    type_ = value.type.integer if isinstance(value.type, Enumeration) else value.type
    assert isinstance(type_, Integer)
    return value.value % (1 << 64), type_.size, type_.is_signed


@settings(max_examples=12, deadline=None)
@given(st.lists(_EXPRESSIONS, min_size=20, max_size=40))
def test_constant_expressions_are_what_gcc_says(
    tmp_path_factory: object, expressions: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("constants")  # type: ignore[attr-defined]
    natively = _natively(expressions, directory)
    assert [_here(one) for one in expressions] == natively
