"""SQL over recorded files."""

from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from pathlib import Path

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

from audit_batches import CLOCK, batch_of, call, opened
from seismo.audit.query import Answer, QueryError, csv_text, json_text, query, table_text
from seismo.audit.sinks.parquet import ParquetSink
from seismo.audit.sinks.settings import Rotation


def _recorded(path: Path, *records: bytes, fields: tuple[str, ...] = ()) -> str:
    sink = ParquetSink(str(path), CLOCK, fields=fields)
    sink.write(batch_of(*records))
    sink.close()
    return str(path)


@pytest.fixture
def any_file(tmp_path: Path) -> str:
    """A file with an event."""
    return _recorded(tmp_path / "any.parquet", call("getpid"))


def test_columns_can_be_asked(tmp_path: Path) -> None:
    name = _recorded(
        tmp_path / "a.parquet",
        opened("/etc/passwd", ret=3, time_ns=1_500_000_000),
        opened("/etcetera", ret=-2),
        call("getpid", ret=7),
        call("getpid", ret=7),
    )
    counted = query(
        [name], "SELECT event, count(*) AS n FROM events GROUP BY event ORDER BY n, event"
    )
    assert counted == Answer(("event", "n"), [("getpid", 2), ("openat", 2)])
    under = query([name], "SELECT path, ret FROM events WHERE under(path, '/etc')")
    assert under.rows == [("/etc/passwd", 3)]
    flags = query([name], "SELECT args->>'flags' FROM events WHERE error = 'ENOENT'")
    assert flags.rows == [("0",)]
    (first,) = query([name], "SELECT time FROM events WHERE ret = 3").rows
    assert first == (datetime.datetime(2018, 6, 11, 12, 34, 57, 500_000, datetime.UTC),)


def test_networks(any_file: str) -> None:
    sql = "SELECT in_network('10.1.2.3', '10.0.0.0/8'), in_network('11.1.2.3', '10.0.0.0/8')"
    tests = f"{sql}, in_network('fe80::1', 'fe80::/10'), in_network('x', '10.0.0.0/8')"
    assert query([any_file], tests).rows == [(True, False, True, False)]
    mapped = "SELECT in_network('::ffff:10.1.2.3', '10.0.0.0/8')"
    assert query([any_file], mapped).rows == [(True,)]
    with pytest.raises(QueryError, match=r"'10\.0\.0\.0/33' does not appear to be"):
        query([any_file], "SELECT in_network('10.1.2.3', '10.0.0.0/33')")


def test_times_of_nanoseconds_are_cut(any_file: str) -> None:
    found = query([any_file], "SELECT TIMESTAMP_NS '2020-01-01 00:00:00.123456789'")
    assert found.rows == [(datetime.datetime(2020, 1, 1, 0, 0, 0, 123456),)]


def test_files_of_different_columns_are_one_table(tmp_path: Path) -> None:
    _recorded(tmp_path / "a'1.parquet", call("getpid", ret=1), fields=("ret", "event"))
    _recorded(tmp_path / "a'2.parquet", call("getpid", ret=2), fields=("ret", "comm"))
    found = query(
        [str(tmp_path / "a*.parquet")], "SELECT ret, event, comm FROM events ORDER BY ret"
    )
    assert found.rows == [(1, "getpid", None), (2, None, "worker")]
    files = query([str(tmp_path / "*.parquet")], "SELECT DISTINCT filename FROM events ORDER BY 1")
    assert [Path(name).name for (name,) in files.rows] == ["a'1.parquet", "a'2.parquet"]


def test_rotated_files_are_read_together(tmp_path: Path) -> None:
    sink = ParquetSink(str(tmp_path / "a.parquet"), CLOCK, rotation=Rotation(max_rows=3))
    sink.write(batch_of(*[call("getpid", ret=number) for number in range(10)]))
    sink.close()
    found = query([str(tmp_path / "a-*.parquet")], "SELECT sum(ret), count(*) FROM events")
    assert found.rows == [(45, 10)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "the query failed: Parser Error"),
        ("SELECT 1 FROM event", "hint: the table is called events"),
        ("SELECT 1; SELECT 2", "one statement is wanted, not 2"),
        ("", "one statement is wanted, not 0"),
        ("COPY events TO '{0}/out.csv'", "only SELECT is answered, not COPY"),
        ("EXPLAIN ANALYZE COPY events TO '{0}/out.csv'", "only SELECT is answered, not COPY"),
        ("EXPLAIN ANALYZE/**/COPY events TO '{0}/out.csv'", "only SELECT|failed"),
        ("EXPLAIN (ANALYZE) COPY events TO '{0}/out.csv'", "only SELECT|failed"),
        ("CREATE TABLE x (a INT)", "only SELECT is answered"),
        ("SET lock_configuration = false", "only SELECT is answered"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM read_text('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM '/etc/passwd.csv'", "the query failed"),
    ],
)
def test_only_the_events_can_be_asked(
    sql: str, message: str, any_file: str, tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match=message):
        query([any_file], sql.format(tmp_path))
    assert not (tmp_path / "out.csv").exists()


def test_what_is_explained_writes_over_no_file(any_file: str) -> None:
    before = Path(any_file).read_bytes()
    to = f"'{any_file}' (FORMAT parquet, USE_TMP_FILE false)"
    with pytest.raises(QueryError, match="only SELECT is answered, not COPY"):
        query([any_file], f"EXPLAIN ANALYZE COPY (SELECT 1) TO {to}")
    assert Path(any_file).read_bytes() == before
    assert query([any_file], "explain analyze SELECT count(*) FROM events").rows


def test_directories_are_no_columns(tmp_path: Path) -> None:
    directory = tmp_path / "uid=7"
    directory.mkdir()
    name = _recorded(directory / "a.parquet", call("getpid", uid=1000))
    assert query([name], "SELECT uid FROM events").rows == [(1000,)]


def test_each_file_is_read_once_whatever_it_is_called(tmp_path: Path) -> None:
    names = ["a[1].parquet", "a1.parquet", "a*.parquet", "a'\"?.parquet"]
    paths = [_recorded(tmp_path / name, call("getpid", ret=at)) for at, name in enumerate(names)]
    for at, path in enumerate(paths):
        assert query([path], "SELECT ret, filename FROM events").rows == [(at, path)]
    found = query([*paths, f"{tmp_path}/a?*.parquet"], "SELECT ret FROM events ORDER BY ret")
    assert found.rows == [(0,), (1,), (2,), (3,)]


def test_values_in_lists_and_such_that_python_has_not(any_file: str) -> None:
    when = datetime.datetime(2020, 1, 1, 0, 0, 0, 123456)
    time = "TIMESTAMP_NS '2020-01-01 00:00:00.123456789'"
    found = query([any_file], f"SELECT [{time}], {{'a': [{time}]}}")
    assert found.rows == [([when], {"a": [when]})]
    with pytest.raises(QueryError, match=r"that Python has not: .*\nhint: cast it"):
        query([any_file], f"SELECT map {{'a': {time}}}")


def test_sums_are_numbers(any_file: str) -> None:
    answer = query([any_file], "SELECT sum(x) AS s, sum(x) AS s FROM range(3, 5) t(x)")
    assert answer.rows == [(7, 7)]
    assert json.loads(json_text(answer)) == {"s": 7, "s_1": 7}


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"no file is called .*none"):
        query([str(tmp_path / "none*")], "SELECT 1")
    with pytest.raises(QueryError, match="none cannot be read: No such file"):
        query([str(tmp_path / "none")], "SELECT 1")
    with pytest.raises(QueryError, match="a query needs files"):
        query([], "SELECT 1")
    part = tmp_path / "a.parquet.part"
    part.write_bytes(b"")
    with pytest.raises(QueryError, match="is no Parquet file\nhint: it is not complete yet"):
        query([str(part)], "SELECT 1")


_ROWS = Answer(
    ("name", "n", "when"),
    [
        ("a,\x1b", 5, datetime.datetime(2020, 1, 2, 3, 4, 5, 6, datetime.UTC)),
        (None, 12345, None),
    ],
)


def test_answers_as_text() -> None:
    assert table_text(_ROWS).splitlines() == [
        "name        n  when",
        "a,\\x1b      5  2020-01-02 03:04:05.000006",
        "-       12345  -",
    ]
    assert table_text(_ROWS, width=10).splitlines()[0] == "name     …"
    assert csv_text(_ROWS) == (
        'name,n,when\r\n"a,\x1b",5,2020-01-02 03:04:05.000006\r\n,12345,\r\n'
    )
    first, second = [json.loads(line) for line in json_text(_ROWS).splitlines()]
    assert first == {"name": "a,\x1b", "n": 5, "when": "2020-01-02T03:04:05.000006Z"}
    assert second == {"name": None, "n": 12345, "when": None}
    assert table_text(Answer(("x",), [])) == "x\n"


def test_numbers_keep_their_digits_for_programs() -> None:
    answer = Answer(("n", "d"), [(123456789.25, Decimal("1.50")), (math.inf, None)])
    assert csv_text(answer) == "n,d\r\n123456789.25,1.50\r\ninf,\r\n"
    first, second = [json.loads(line) for line in json_text(answer).splitlines()]
    assert first == {"n": 123456789.25, "d": 1.5}
    assert second == {"n": "inf", "d": None}


def test_tables_are_cut_by_the_cells_of_the_terminal() -> None:
    answer = Answer(("name",), [("日本語日本語",)])
    assert table_text(answer, width=8).splitlines()[1] == "日本語…"
    assert table_text(answer, width=12).splitlines()[1] == "日本語日本語"
