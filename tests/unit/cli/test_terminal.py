"""When there is colour, and what is painted."""

from __future__ import annotations

import pytest

from seismo.ui.cli.terminal import has_color, painted


@pytest.mark.parametrize(
    ("environ", "answer"),
    [
        ({"BPFTRACE_COLOR": "always"}, True),
        ({"BPFTRACE_COLOR": "always", "NO_COLOR": "1"}, True),
        ({"BPFTRACE_COLOR": "never"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"BPFTRACE_COLOR": "auto", "NO_COLOR": "1"}, False),
    ],
)
def test_the_environment_decides(environ: dict[str, str], answer: bool) -> None:
    assert has_color(environ) is answer


def test_severities_are_painted_and_nothing_else() -> None:
    text = "a b.bt:3:14: error: no error: here\n    hint: quoted\nhint: try\nwarning: w"
    assert painted(text) == (
        "a b.bt:3:14: \033[1;31merror:\033[0m no error: here\n    hint: quoted\n"
        "\033[1;36mhint:\033[0m try\n\033[1;33mwarning:\033[0m w"
    )
