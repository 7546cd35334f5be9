"""SQL over recorded events: Parquet files as the table `events`, by DuckDB.

>>> answer = query(["audit-*.parquet"], "SELECT comm, count(*) FROM events GROUP BY comm")
>>> answer.columns, answer.rows
(('comm', 'count_star()'), [('cat', 12), …

Columns are those of sinks/event_columns.py: `time` (with zone UTC), `event`, `comm`, `ret`,
`error`, `program_id`, `session_id`, the header's numbers, `arg0` to `arg5`, `exe`, `container`,
`parent`, `path`, `path2`, `file`, `address`, `port`, `notes`, `args` (JSON: `args->>'flags'`), and
`filename`, the file that a row is from. Files with different columns are read as one: what a file
has not is null. Besides DuckDB's functions there are

- `under(path, directory)`: whether a path is the directory or below it
- `in_network(address, network)`: whether an address is in a network such as `10.0.0.0/8`

Nothing but these files can be read, and nothing written: DuckDB's own access to files and the
network is shut before the query runs. Needs the extra `audit` (duckdb).
"""

from __future__ import annotations

import csv
import datetime
import glob
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from io import StringIO
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import chain, count
from typing import Any

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.output.printable import cut_text, printable, text_width

__all__ = ("Answer", "QueryError", "csv_text", "json_text", "query", "table_text")

_TABLE = "events"
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?", re.IGNORECASE)


class QueryError(BpfError):
    """A query that cannot be answered: no files, no DuckDB, or what DuckDB says of the SQL."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns by name, and the rows as Python values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def query(files: Sequence[str], sql: str) -> Answer:
    """Run one SELECT over Parquet files, which globs may name; QueryError."""
    paths = _expanded(files)
    try:
        import duckdb  # noqa: PLC0415 (lazy: docs/architecture.md)
        import pyarrow  # noqa: PLC0415 (lazy: docs/architecture.md)
    except ImportError as error:
        what = f"queries need a module that is not there: {error.name}"
        raise QueryError(what, "pip install 'seismo[audit]'") from error
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        _add_functions(connection)
        # Views cannot have parameters; quotes in names are doubled.
        listed = ", ".join([_quoted(glob.escape(path)) for path in paths])
        # A directory called uid=7 is no column, as it would be to DuckDB by itself.
        options = "union_by_name=true, filename=true, hive_partitioning=false"
        read = f"read_parquet([{listed}], {options})"
        connection.execute(f"CREATE VIEW {_TABLE} AS SELECT * FROM {read}")
        _shut(connection, paths)
        # By Arrow: DuckDB's own conversion of times asks for another module.
        found = connection.sql(_single(duckdb, sql)).to_arrow_table()
        columns = [_python_values(pyarrow, column) for column in found.columns]
        return Answer(tuple(found.column_names), list(zip(*columns, strict=True)))
    except duckdb.Error as error:
        raise QueryError(f"the query failed: {error}", _advice(str(error))) from error
    except (pyarrow.ArrowException, OverflowError, ValueError) as error:
        hint = "cast it: ::VARCHAR shows anything"
        raise QueryError(f"the answer has a value that Python has not: {error}", hint) from error
    finally:
        connection.close()


def table_text(answer: Answer, width: int = 0) -> str:
    """The rows below their names; numbers stand right. Lines are cut to `width` unless it is 0."""
    cells = [[printable(_shown(value)) for value in row] for row in answer.rows]
    names = [printable(name) for name in answer.columns]
    widths = [
        max([text_width(name), *[text_width(row[at]) for row in cells]])
        for at, name in enumerate(names)
    ]
    is_number = [
        all(isinstance(row[at], (int, float, Decimal)) or row[at] is None for row in answer.rows)
        and bool(answer.rows)
        for at in range(len(answer.columns))
    ]
    lines = [
        "  ".join(
            [
                _padded(cell, cells_wide, is_right=right)
                for cell, cells_wide, right in zip(row, widths, is_number, strict=True)
            ]
        ).rstrip()
        for row in [names, *cells]
    ]
    return "".join([f"{cut_text(line, width)}\n" for line in lines])


def csv_text(answer: Answer) -> str:
    """RFC 4180, with a heading; null is empty."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(answer.columns)
    writer.writerows([[_csv_value(one) for one in row] for row in answer.rows])
    return text.getvalue()


def json_text(answer: Answer) -> str:
    """A JSON object a line; times are RFC 3339, other values that JSON has not are text. Of columns
    with the same name the second is called `name_1`, and so on."""
    names: list[str] = []
    for name in answer.columns:
        others = (f"{name}_{number}" for number in count(1))
        names.append(next(one for one in chain([name], others) if one not in names))
    lines = [
        json.dumps(
            {name: _json_value(value) for name, value in zip(names, row, strict=True)},
            ensure_ascii=False,
        )
        for row in answer.rows
    ]
    return "".join([f"{line}\n" for line in lines])


def _expanded(files: Sequence[str]) -> list[str]:
    paths: list[str] = []
    for name in files:
        is_pattern = glob.has_magic(name) and not os.path.lexists(name)
        found = sorted(glob.glob(name)) if is_pattern else [name]
        if not found:
            raise QueryError(f"no file is called {name}")
        paths += found
    if not paths:
        raise QueryError("a query needs files", "recorded by an output of type parquet")
    for path in paths:
        _check_readable(path)
    return list(dict.fromkeys(paths))  # patterns may overlap


def _check_readable(path: str) -> None:
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError as error:
        raise QueryError(f"{path} cannot be read: {error.strerror}") from error
    if head != b"PAR1":
        hint = "it is not complete yet" if path.endswith(".part") else ""
        raise QueryError(f"{path} is no Parquet file", hint)


def _add_functions(connection: Any) -> None:
    functions: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
        ("under", _is_under),
        ("in_network", _is_in_network),
    )
    for name, function in functions:
        connection.create_function(name, function, ["VARCHAR", "VARCHAR"], "BOOLEAN")


def _is_under(path: str, directory: str) -> bool:
    directory = directory.rstrip("/")
    return path == (directory or "/") or path.startswith(f"{directory}/")


def _is_in_network(address: str, network: str) -> bool:
    wanted = ip_network(network, strict=False)
    try:
        one = ip_address(address)
    except ValueError:  # of a socket that is not of the internet
        return False
    mapped = one.ipv4_mapped if isinstance(one, IPv6Address) else None
    return one in wanted or (mapped is not None and mapped in wanted)


def _shut(connection: Any, paths: Sequence[str]) -> None:
    """Nothing but the files may be read from here on, and no setting changed."""
    listed = ", ".join([_quoted(one) for path in paths for one in (path, glob.escape(path))])
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _single(duckdb: Any, sql: str) -> Any:
    """The one statement of the text, which only asks."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"one statement is wanted, not {len(statements)}")
    kind = statements[0].type
    explained = _EXPLAIN.match(sql)
    if kind is duckdb.StatementType.EXPLAIN and explained:
        # What is analyzed is run: COPY would write over the files that may be read.
        _single(duckdb, sql[explained.end() :])
    elif kind is not duckdb.StatementType.SELECT:
        raise QueryError(f"only SELECT is answered, not {kind.name}")
    return statements[0]


def _python_values(pyarrow: Any, column: Any) -> list[Any]:
    """A column's values; Python has no times of nanoseconds: they are cut to microseconds."""
    wanted = _in_microseconds(pyarrow, column.type)
    if wanted != column.type:
        column = column.cast(wanted, safe=False)
    values = column.to_pylist()
    if pyarrow.types.is_decimal(column.type) and not column.type.scale:  # what sums of integers are
        return [None if one is None else int(one) for one in values]
    return list(values)


def _in_microseconds(pyarrow: Any, type_: Any) -> Any:
    """The type with times of microseconds instead of nanoseconds."""
    types = pyarrow.types
    if types.is_timestamp(type_) and type_.unit == "ns":
        return pyarrow.timestamp("us", type_.tz)
    if types.is_list(type_):
        return pyarrow.list_(_in_microseconds(pyarrow, type_.value_type))
    if types.is_struct(type_):
        fields = [one.with_type(_in_microseconds(pyarrow, one.type)) for one in type_]
        return pyarrow.struct(fields)
    return type_


def _advice(message: str) -> str:
    if "Table with name" in message:
        return f"the table is called {_TABLE}"
    return ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.6g}"
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00")
    return str(value)


def _csv_value(value: Any) -> Any:
    """With all digits of a number."""
    if value is None:
        return ""
    return value if isinstance(value, float) else _shown(value)


def _json_value(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case Decimal():
            return float(value)
        case None | bool() | int() | float() | str():
            return value
        case datetime.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list() | tuple():
            return [_json_value(one) for one in value]
        case dict():
            return {str(name): _json_value(one) for name, one in value.items()}
    return str(value)


def _padded(cell: str, width: int, *, is_right: bool) -> str:
    room = " " * (width - text_width(cell))
    return room + cell if is_right else cell + room
