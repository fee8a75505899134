"""Finding a learner in every file of lake and warehouse, with the number of rows (FAULTS 42).

No file is listed by hand. Every Parquet file of the lake and every table of a version is searched that has a column
`user_id` or `row`. Writer, stream and mapping do not matter.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine
from warehouse.disk.files import below, entries
from warehouse.lake.lookups import keys_of

NAMES = Path(__file__).with_name("names.sql")
COLUMNS_OF_TABLES = NAMES.with_name("columns_of_tables.sql")
ACTIVITY = "activity"
# how a receipt names rows of a landing that R20 left out
LEFT_OUT = {"duplicate": "duplicates", "deleted": "deleted", "deleted_duplicate": "duplicates"}
UNREADABLE = "unreadable"  # of a version that cannot be opened: it may hold anybody

COLUMNS_OF_FILES = """
select file_name, list(name order by name) from parquet_schema({files})
where name in ('user_id', 'row', 'reason') group by file_name
"""


@dataclass(frozen=True)
class LearnerRows:
    """The rows that name a learner.

    Args:
        files: the files of the lake that name the learner.
        lake: rows by name in the receipt, such as `xp_events` or `xp_events, undated`; 0 where there are none.
        versions: the same by version and table.
    """

    files: frozenset[Path]
    lake: Counter[str]
    versions: dict[str, Counter[str]]

    @property
    def rows(self) -> int:
        """All rows that name the learner."""
        return self.lake.total() + sum(tables.total() for tables in self.versions.values())


def find_learner(night: Night, user_id: str) -> LearnerRows:
    """Look for a learner in all of lake and warehouse, by the id and by the keys that lookups say to be the learner's.

    Args:
        night: whose data folder.
        user_id: a normal id (R26).
    """
    with connected(night) as connection:
        ids = ids_of(connection, night, user_id)
        files, lake = _rows_in_lake(connection, night.lake.root, ids)
        versions = {file.stem: _rows_in_version(connection, file, ids) for file in _files_of_versions(night)}
    return LearnerRows(files, lake, versions)


def _files_of_versions(night: Night) -> list[Path]:
    folder = night.warehouse.root / "versions"
    return [folder / name for name in entries(folder) if name.endswith(".duckdb")]


@contextmanager
def connected(night: Night) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that has the macro `is_of_learner`."""
    with night.connect() as connection:
        connection.execute(engine.sql(NAMES))
        yield connection


def ids_of(connection: duckdb.DuckDBPyConnection, night: Night, user_id: str) -> list[str]:
    """Return a learner's id and the keys that events have instead of it."""
    return [user_id, *keys_of(connection, night.lake, user_id)]


def is_of_learner(columns: Sequence[str]) -> str:
    """Return the SQL that is true of the rows of the learner who has one of `$ids`, never null.

    Args:
        columns: those of the file or table.
    """
    user_id, row = (f'"{name}"' if name in columns else "null::varchar" for name in ("user_id", "row"))
    return f"is_of_learner({user_id}, {row}, $ids::varchar[])"


def _rows_in_lake(
    connection: duckdb.DuckDBPyConnection, root: Path, ids: Sequence[str]
) -> tuple[frozenset[Path], Counter[str]]:
    files: set[Path] = set()
    rows: Counter[str] = Counter()
    for columns, paths in _by_columns(connection, root).items():
        rows.update({_receipt_name(root, file, None): 0 for file in paths})
        reason = "reason" if "reason" in columns else "null"
        counted = connection.execute(
            f"select filename, {reason} as reason, count(*) from {engine.files(paths, 'filename = true')} "
            f"where {is_of_learner(columns)} group by all",
            {"ids": ids},
        ).fetchall()
        for name, row_reason, count in counted:
            files.add(Path(name))
            rows[_receipt_name(root, Path(name), row_reason)] += count
    return frozenset(files), rows


def _by_columns(connection: duckdb.DuckDBPyConnection, root: Path) -> dict[tuple[str, ...], list[Path]]:
    """Return the Parquet files that can name a learner, by those of their columns that are used here."""
    by_columns: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    if paths := below(root, ".parquet"):
        query = COLUMNS_OF_FILES.format(files=engine.paths(paths))
        for name, columns in connection.execute(query).fetchall():
            if {"user_id", "row"} & set(columns):
                by_columns[tuple(columns)].append(Path(name))
    return by_columns


def _receipt_name(root: Path, file: Path, reason: str | None) -> str:
    """Return the name of a file in the receipt: the stream, or stream and kind for rows with a reason."""
    folder = file.parent.relative_to(root).as_posix()
    if folder.startswith("ahead/"):
        return "ahead"
    if folder in (".", ACTIVITY):
        return file.stem if folder == "." else folder
    kind = "undated" if file.stem == "undated" else LEFT_OUT.get(reason or "", "quarantine")
    return f"{folder}, {kind}" if reason is not None or file.stem == "undated" else folder


def _rows_in_version(connection: duckdb.DuckDBPyConnection, file: Path, ids: Sequence[str]) -> Counter[str]:
    try:
        with engine.attached(connection, file, "version"):
            tables = connection.execute(engine.sql(COLUMNS_OF_TABLES)).fetchall()
            return Counter({name: _rows_in_table(connection, name, columns, ids) for name, columns in tables})
    except duckdb.Error:
        return Counter({UNREADABLE: 1})


def _rows_in_table(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], ids: Sequence[str]) -> int:
    query = f"select count(*) from version.{name} where {is_of_learner(columns)}"
    return int(engine.one_row(connection, query, {"ids": ids})[0])
