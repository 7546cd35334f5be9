"""What a portable script may use: what the oldest kernel that it is for has, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.isa.prog_types import AttachType
from seismo.plan import Plan
from seismo.probes.portable import PortableView
from seismo.probes.view import FEATURE_NAMES
from seismo.spec.types import AttachSpec, KprobeAttach, KprobeMultiAttach, TracingAttach
from seismo.views import RecordedView

RECORDED = RecordedView(Path(__file__).parents[2] / "recorded" / "6.18")


class OnArm64(RecordedView):
    def machine(self) -> str:
        return "aarch64"


def plan_of(script: str, oldest: tuple[int, int] = (6, 1)) -> Plan:
    options = LowerOptions(possible_cpus=2, is_portable=True, oldest_kernel=oldest)
    return compile_script(Source("case.bt", script), RECORDED, options).plan


def attached(script: str, oldest: tuple[int, int] = (6, 1)) -> tuple[AttachSpec, ...]:
    return tuple(one.at for one in plan_of(script, oldest).attachments)


def test_every_feature_is_dated() -> None:
    newest, oldest = PortableView(RECORDED, (99, 0)), PortableView(RECORDED, (4, 0))
    assert all(newest.has(one) for one in FEATURE_NAMES)
    assert not any(oldest.has(one) for one in FEATURE_NAMES)


def test_what_the_oldest_kernel_has() -> None:
    view = PortableView(RECORDED, (6, 1))
    lacking = {one for one in FEATURE_NAMES if not view.has(one)}
    assert lacking == {"uprobe_multi", "uprobe_func_ip"}
    assert view.refusal("uprobe_multi") == (
        "the script is to run on Linux 6.1, and this came with 6.6",
        "compile it for newer kernels alone, or for the one that it runs on",
    )


def test_trampolines_are_younger_on_arm64() -> None:
    path = Path(__file__).parents[2] / "recorded" / "6.18"
    assert not PortableView(OnArm64(path), (5, 15)).has("fentry")
    assert PortableView(RECORDED, (5, 15)).has("fentry")


def test_a_kprobe_needs_none_where_it_is_compiled() -> None:
    assert not RECORDED.has("kprobe")
    assert attached("kprobe:vfs_read { @ = count(); }", (5, 4)) == (KprobeAttach("vfs_read"),)
    plan = plan_of("kprobe:vfs_read { @ = count(); }")
    assert plan.attachments[0].at == TracingAttach()
    assert plan.object.programs[0].expected_attach_type is AttachType.TRACE_FENTRY


def test_many_at_once_where_the_oldest_kernel_can() -> None:
    script = "kprobe:vfs_* { @ = count(); }"
    assert attached(script) == (KprobeMultiAttach(("vfs_read", "vfs_write")),)
    assert attached(script, (5, 15)) == (KprobeAttach("vfs_read"), KprobeAttach("vfs_write"))


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("kprobe:vfs_read+4", "kprobe:vfs_read+4 is another instruction on another kernel"),
        ("watchpoint:0x10000000:8:w", "is something else on another kernel"),
    ],
)
def test_what_is_elsewhere_on_another_kernel(point: str, message: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        plan_of(f"{point} {{ @ = count(); }}")
    (mistake,) = caught.value.diagnostics
    assert message in mistake.message
    assert mistake.span.text == point
    assert mistake.hint
