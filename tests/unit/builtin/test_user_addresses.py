"""`uaddr`: which probes can tell the address of a program's symbol, and of what type it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Compiled, compile_script
from user_programs import TARGET, FileView, compile_program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("uaddr") / "target.c", TARGET)


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It is always loaded at the addresses that its file says."""
    return compile_program(tmp_path_factory.mktemp("fixed") / "target.c", TARGET, "-no-pie")


def compiled(script: str) -> Compiled:
    view = FileView("uprobe_multi", "uprobe_func_ip")
    return compile_script(Source("case.bt", script), view, LowerOptions(possible_cpus=2))


def complaint(script: str) -> tuple[str, str]:
    with pytest.raises(DiagnosticsError) as caught:
        compiled(script)
    (one,) = caught.value.diagnostics
    return one.message, one.hint


def test_the_pointer_is_to_what_the_symbol_has(program: Path) -> None:
    """`total` has 4 bytes, `sink` 8: an assignment of the wider pointer does not fit the other."""
    assert compiled(f'uprobe:{program}:add {{ $p = uaddr("total"); print(*$p + (uint32)1); }}')
    wide = f'uprobe:{program}:add {{ $p = uaddr("total"); $p = uaddr("sink"); }}'
    message, _ = complaint(wide)
    assert "uint64 *" in message
    assert "uint32 *" in message


def test_an_unknown_symbol(program: Path) -> None:
    message, hint = complaint(f'uprobe:{program}:add {{ print(uaddr("totla")); }}')
    assert message == f"no symbol 'totla' in {program}"
    assert hint == ""


def test_a_return_knows_no_place_in_memory(program: Path, fixed: Path) -> None:
    script = 'uretprobe:FILE:add { print(uaddr("total")); }'
    message, hint = complaint(script.replace("FILE", str(program)))
    assert message == f"where {program} is in memory is not known when a function returns"
    assert "keep it" in hint
    assert compiled(script.replace("FILE", str(fixed)))


def test_one_place_at_a_time(program: Path) -> None:
    message, hint = complaint(f'uprobe:{program}:add* {{ print(uaddr("total")); }}')
    assert message == "uaddr() takes a probe that is at one place of a program"
    assert hint == "write a probe of its own for each place"


def test_only_in_probes_of_programs() -> None:
    message, hint = complaint('BEGIN { print(uaddr("total")); }')
    assert message == "uaddr does not exist in a probe of kind begin"
    assert hint == "it does in: uprobe, uretprobe, usdt"
