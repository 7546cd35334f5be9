"""Options of tools about the system that take names for numbers."""

from __future__ import annotations

import errno
import os
from types import ModuleType

import pytest

from seismo.tools.system import opensnoop, syscount
from seismo.ui.cli.tool import tool_parser


@pytest.mark.parametrize(
    ("text", "flags"),
    [("O_CREAT", os.O_CREAT), ("o_excl|O_RDWR", os.O_EXCL | os.O_RDWR), ("O_RDONLY", 0)],
)
def test_flags_of_open(text: str, flags: int) -> None:
    given = vars(tool_parser(opensnoop.TOOL).parse_args(["--flags", text]))
    assert opensnoop.TOOL.parameters(given) == {"flags": str(flags)}


@pytest.mark.parametrize("text", ["ENOENT", "enoent", "2"])
def test_errors(text: str) -> None:
    given = vars(tool_parser(syscount.TOOL).parse_args(["-e", text]))
    assert syscount.TOOL.parameters(given) == {"errno": str(errno.ENOENT)}


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (opensnoop, ["-f", "CREAT"], "'CREAT' is no flag of open(2), such as O_CREAT"),
        (opensnoop, ["-f", "O_CREAT|"], "'' is no flag of open(2), such as O_CREAT"),
        (opensnoop, ["-f", "O_NONE"], "'O_NONE' is no flag of open(2), such as O_CREAT"),
        (syscount, ["-e", "ENONE"], "'ENONE' is no error's name or number"),
        (syscount, ["-e", "errorcode"], "'errorcode' is no error's name or number"),
        (syscount, ["-e", "0"], "'0' is no error's name or number"),
        (syscount, ["-e", "-1"], "'-1' is no error's name or number"),
    ],
)
def test_mistakes(
    module: ModuleType, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        tool_parser(module.TOOL).parse_args(arguments)
    assert message in capsys.readouterr().err
