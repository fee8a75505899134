"""Puts a world behind drawn mappings into files, or into a DuckDB database: what is not of SQLAlchemy's databases.

Parquet and DuckDB have the columns' own types, CSV and JSON lines the values that `tests/oracle/mapped/mappings.py`
spelled. The `pulse.toml` that reads them is made by `mapped_tables.py`.
"""

from __future__ import annotations

import csv
import gzip
import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tests.oracle.mapped.oracle_mappings import FILE_DAY
from tests.oracle.oracle import days
from tests.support.platforms import platforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.oracle.mapped.mappings import Disguise, Disguised
    from tests.oracle.mapped.oracle_mappings import Cells

FOLDER = "exports"
SCHEMES = ("files://", "duckdb:///")
DELIMITERS = ",;\t|"
FEWER_BITS = 31  # of an INTEGER, without its sign
TYPES: Mapping[str, Sequence[str]] = {
    "int": ("BIGINT", "HUGEINT"),
    "decimal": ("DECIMAL(38, 10)",),
    "double": ("DOUBLE",),
    "text": ("VARCHAR",),
    "words": ("VARCHAR",),
    "bytes": ("BLOB",),
    "uuid": ("UUID", "VARCHAR"),
    "bool": ("BOOLEAN",),
    "day": ("DATE",),
}
LOSSY_IN_FILES = {"HUGEINT"}  # Parquet has no such type: DuckDB writes a double, and nanoseconds since 1970 do not fit
OF_POSTGRESQL = {"NUMERIC": "DECIMAL(38, 10)", "DOUBLE PRECISION": "DOUBLE", "TEXT": "VARCHAR"}


def is_of_files(url: str) -> bool:
    """Whether a platform is a folder of files."""
    return url.startswith(SCHEMES[0])


def is_of_duckdb(url: str) -> bool:
    """Whether DuckDB reads the platform."""
    return url.startswith(SCHEMES)


def pattern(disguise: Disguise) -> str:
    """What `files` says of a stream."""
    assert disguise.files is not None
    part = {"one": "", "several": "-*", "days": "-{day}"}[disguise.files.layout]
    return f"{FOLDER}/{disguise.name}{part}.{disguise.files.where.dialect}"


def write(world: Disguised, url: str, users_rows: Sequence[Cells]) -> None:
    """Write everything anew."""
    path = Path(url.removeprefix(SCHEMES[0]).removeprefix(SCHEMES[1]))
    for old in [*path.glob("*")] if path.is_dir() else [path]:
        old.unlink(missing_ok=True)
    rows = {world.users.name: users_rows, **world.rows}
    with duckdb.connect(":memory:" if is_of_files(url) else path) as connection:
        for number, disguise in enumerate((world.users, *world.streams)):
            types = _types(disguise, rows[disguise.name], number)
            if disguise.files is None:
                _create(connection, disguise.name, types, rows[disguise.name])
                continue
            path.mkdir(exist_ok=True)
            for place, (part, own) in enumerate(_parts(world, disguise, rows[disguise.name])):
                name = f"{disguise.name}{part}.{disguise.files.where.dialect}"
                _write_file(connection, path / name, types, own, number + place)


def _parts(world: Disguised, disguise: Disguise, rows: Sequence[Cells]) -> Iterator[tuple[str, Sequence[Cells]]]:
    """The files of a stream, by what their names have behind its own; a day without rows has one, too."""
    assert disguise.files is not None
    if disguise.files.layout == "one":
        yield "", rows
        return
    if disguise.files.layout == "several":
        yield from (("-b", rows[::2]), ("-a", rows[1::2]))
        return
    by_day: dict[Any, list[Cells]] = {day: [] for day in days(world.world.first_day, world.world.newest_day)}
    for row in rows:
        by_day.setdefault(row[FILE_DAY], []).append(row)
    yield from ((f"-{day}", own) for day, own in by_day.items())


def _types(disguise: Disguise, rows: Sequence[Cells], number: int) -> dict[str, str]:
    """The type of each column; the number varies it."""
    if disguise.files is not None and disguise.files.where.is_of_texts:
        return dict.fromkeys(disguise.kinds, "VARCHAR")
    types = {}
    for place, (name, kind) in enumerate(disguise.kinds.items()):
        if kind == "id" or kind.startswith("plain"):
            role = kind.partition(" ")[2] or "event_id"
            held = platforms.postgresql_type(role, [row[name] for row in rows], number)
            types[name] = OF_POSTGRESQL.get(held, held)
        else:
            fitting = [held for held in TYPES[kind] if disguise.files is None or held not in LOSSY_IN_FILES]
            types[name] = fitting[(number + place) % len(fitting)]
    return types


def _create(connection: Any, table: str, types: Mapping[str, str], rows: Sequence[Cells]) -> None:
    defined = ", ".join(f"{_quoted(name)} {kind}" for name, kind in types.items())
    connection.execute(f"create or replace table {table} ({defined})")
    if rows:
        marks = ", ".join(f"cast(? as {kind})" for kind in types.values())
        bound = [[row[name] for name in types] for row in rows]
        connection.executemany(f"insert into {table} values ({marks})", bound)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _write_file(connection: Any, path: Path, types: Mapping[str, str], rows: Sequence[Cells], number: int) -> None:
    """Write one file; the number varies the order and width of columns, delimiters, quotes and what is left out."""
    names = [*types] if number % 2 else [*types][::-1]
    if path.suffix == ".parquet":
        own = {name: _narrower(types[name], [row[name] for row in rows], number) for name in names}
        _create(connection, "written", own, rows)
        connection.execute("copy written to $file (format parquet)", {"file": str(path)})
        return
    words = _csv(names, rows, number) if "csv" in path.name else _json_lines(names, rows, number)
    content = words.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def _narrower(kind: str, values: Sequence[object], number: int) -> str:
    """A narrower type of whole numbers, where a file's own values fit."""
    fits = all(value is None or (isinstance(value, int) and value.bit_length() < FEWER_BITS) for value in values)
    return "INTEGER" if kind == "BIGINT" and fits and number % 2 else kind


def _csv(names: Sequence[str], rows: Sequence[Cells], number: int) -> str:
    written = StringIO()
    writer = csv.writer(
        written,
        delimiter=DELIMITERS[number % len(DELIMITERS)],
        quoting=(csv.QUOTE_MINIMAL, csv.QUOTE_ALL)[number % 3 % 2],
        lineterminator=("\n", "\r\n")[number // 2 % 2],
    )
    writer.writerows([names, *([row[name] for name in names] for row in rows)])
    return "\ufeff" * (number % 5 == 0) + written.getvalue()


def _json_lines(names: Sequence[str], rows: Sequence[Cells], number: int) -> str:
    """Nulls are written in one line, so that each key is there, and in the others now and then."""
    lines = []
    for place, row in enumerate(rows):
        leaves_out = place > 0 and (place + number) % 2
        held = {name: row[name] for name in names if row[name] is not None or not leaves_out}
        lines.append(json.dumps(held, ensure_ascii=bool(number % 2)))
    return "".join(f"{line}\n" for line in lines)
