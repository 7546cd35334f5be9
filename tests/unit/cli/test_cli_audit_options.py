"""`seismo audit`: what the command line makes of a configuration, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit_batches import catalog
from seismo.audit.config.filter import ALWAYS
from seismo.audit.config.model import Config, MatchKind
from seismo.audit.config.options import OptionsConflict, with_options
from seismo.base.diagnostics import DiagnosticsError
from seismo.ui.cli.audit import _config, _options, audit_parser
from seismo.ui.cli.audit_build import _write, run_audit_build
from seismo.ui.cli.audit_run import _ending, on_terminal
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.main import main


def meant(*arguments: str) -> Config:
    given = audit_parser().parse_args(arguments)
    return on_terminal(with_options(_config(given, catalog()), _options(given), catalog()))


def names(types: frozenset[int]) -> set[str]:
    return {catalog().by_id(one).name for one in types}


def test_events_alone_are_not_filtered() -> None:
    config = meant("-e", "openat,process_exec", "-e", "connect", "--", "true")
    (handler,) = config.handlers
    plain = {one for one in names(handler.events.types) if not one.startswith("compat:")}
    assert plain == {"openat", "process_exec", "connect"}
    assert handler.filter == ALWAYS
    assert [one.type for one in config.outputs] == ["table"]


def test_events_of_a_profile_keep_its_filter() -> None:
    (plain,) = meant().handlers
    assert plain.filter != ALWAYS
    (changed,) = meant("--profile", "default", "-e", "openat").handlers
    assert changed.filter == plain.filter
    assert {one.removeprefix("compat:") for one in names(changed.events.types)} == {"openat"}


def test_a_filter_is_beside_that_of_the_profile() -> None:
    (handler,) = meant("--filter", "uid == 7").handlers
    (plain,) = meant().handlers
    assert str(plain.filter) in str(handler.filter)
    assert "uid == 7" in str(handler.filter)


def test_whose_events() -> None:
    config = meant("-e", "openat", "-p", "7", "--pid", "8", "--tree", "9", "--exe", "/bin/sh")
    assert [(one.match.kind, one.match.values) for one in config.handlers] == [
        (MatchKind.PID, (7, 8)),
        (MatchKind.TREE, (9,)),
        (MatchKind.EXE, ("/bin/sh",)),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    (
        (("-p", "0"), "'pid' is 1 to 4194303, not 0"),
        (("--tree", "0"), "'tree' is 1 to 4194303, not 0"),
        (("--exe", ""), "'exe' is text, not ''"),
        (("--cgroup", ""), "'cgroup' is text, not ''"),
        (("--container", ""), "'container' is text, not ''"),
        (("--container", "web"), "'web' is no container's id"),
        (("--content", "-5"), "content is a size: 65536, 64KiB, not -5"),
    ),
)
def test_what_means_nobody_is_refused(options: tuple[str, ...], said: str) -> None:
    """It would be everybody, or nobody."""
    with pytest.raises(DiagnosticsError, match=said):
        meant(*options)


def test_paths_of_whose_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    words = ("--exe", "a.out", "--cgroup", "here", "--cgroup", "user.slice", "--cgroup", "17")
    assert [one.match.values for one in meant(*words).handlers] == [
        (f"{tmp_path}/a.out",),
        (f"{tmp_path}/here", "/user.slice", "17"),
    ]


@pytest.mark.parametrize("events", ("", ","))
def test_events_that_are_none(events: str) -> None:
    with pytest.raises(InputError, match="--events names none"):
        meant("-e", events)


def test_contents_that_are_asked_for_are_all() -> None:
    assert meant("--profile", "network").content_types
    none = meant("--profile", "network", "--content", "0")
    assert (none.content_bytes, none.content_types) == (0, {})
    assert meant("--profile", "network", "--content", "64").content_bytes == 64


def test_a_small_ring_is_read_before_it_is_full() -> None:
    ring = meant("--ring-size", "4096").ring
    assert (ring.size_bytes, ring.wake_bytes) == (4096, 512)


def test_two_configurations_are_too_many_for_a_bundle() -> None:
    with pytest.raises(InputError, match="--config and --profile are two configurations"):
        run_audit_build(["-c", "a.yaml", "--profile", "files", "-o", "a.pyz"])


def test_a_configuration_that_says_whose_is_not_contradicted(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    handlers = [{"match": {"pid": 5}, "events": ["openat"]}]
    path.write_text(json.dumps({"version": 1, "handlers": handlers}))
    with pytest.raises(OptionsConflict, match="says itself whose events it records: pid"):
        meant("-c", str(path), "-p", "7")


def test_two_configurations_are_one_too_many() -> None:
    with pytest.raises(InputError, match="--config and --profile are two configurations"):
        meant("-c", "a.yaml", "--profile", "files")


def test_a_mistake_is_shown_with_its_option() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        meant("-e", "openat", "--filter", "uidd == 7", "--content", "12")
    assert '"filter": "uidd == 7"' in str(caught.value)
    assert "content" not in str(caught.value)


def test_the_run_ends_with_the_processes_that_were_named_alone() -> None:
    parse = audit_parser().parse_args
    assert _ending(parse(["-p", "7", "-p", "8"])) == (7, 8)
    assert _ending(parse(["-p", "7", "--tree", "8"])) == ()
    assert _ending(parse([])) == ()


def test_a_dry_run_needs_no_rights_and_opens_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.jsonl"
    assert main(["audit", "-e", "process_exec", "-o", f"jsonl:{path}", "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "1 event: process_exec" in text
    assert f"jsonl {path}" in text
    assert not path.exists()


def test_a_bundle_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.pyz"
    _write(str(path), b"#!")
    assert path.stat().st_mode & 0o111
    with pytest.raises(InputError, match=r"none/a.pyz cannot be written: No such file"):
        _write(str(tmp_path / "none" / "a.pyz"), b"#!")
    assert [one.name for one in tmp_path.iterdir()] == ["a.pyz"]


def test_what_is_not_needed_is_not_loaded() -> None:
    program = """if True:
        import sys
        import seismo.ui.cli.main
        import seismo.ui.cli.run
        scripts = [one for one in sys.modules if one.startswith("seismo.audit")]
        import seismo.ui.cli.audit
        heavy = ("seismo.c.compile", "seismo.bcc", "numpy", "yaml", "pyarrow", "duckdb")
        print(scripts, [one for one in heavy if one in sys.modules])
    """
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[] []\n"
