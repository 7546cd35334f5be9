"""Which stages `-d` means, in our words and in bpftrace's."""

from __future__ import annotations

from io import StringIO

import pytest

from seismo.compiler import STAGES
from seismo.ui.cli.stages import OF_BPFTRACE, UnknownStage, stage_printer, wanted_stages


@pytest.mark.parametrize(
    ("texts", "stages"),
    [
        ((), ()),
        (("ast",), ("ast",)),
        (("ast,types", "asm"), ("ast", "types", "asm")),
        (("ast", "ast"), ("ast",)),
        (("ir:after=cse",), ("ir:after=cse",)),
        (("codegen,codegen-opt",), ("ir:before", "ir")),
        (("parse,dis,libbpf",), ("tokens", "asm", "plan")),
        (("verifier",), ("verifier",)),
        (("all",), (*STAGES, "verifier")),
        (("ast,",), ("ast",)),
    ],
)
def test_stages(texts: tuple[str, ...], stages: tuple[str, ...]) -> None:
    assert wanted_stages(texts) == stages


def test_every_word_of_bpftrace_means_a_stage() -> None:
    assert wanted_stages(tuple(OF_BPFTRACE)) == tuple(OF_BPFTRACE.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asn", "-d: no stage 'asn'\nhint: did you mean 'asm'?"),
        ("ast,ir:after=nothing-at-all", "-d: no stage 'ir:after=nothing-at-all'\nhint: there are"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(UnknownStage) as caught:
        wanted_stages((text,))
    assert str(caught.value).startswith(message)


def test_headings_stand_over_several_stages() -> None:
    one, two = StringIO(), StringIO()
    for name in ("ast", "types", "ir"):
        stage_printer(("ast",), one)(name, lambda: "text")
        stage_printer(("ast", "ir"), two)(name, lambda: "text")
    assert one.getvalue() == "text\n"
    assert two.getvalue() == "-- ast\ntext\n-- ir\ntext\n"
