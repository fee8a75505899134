"""The columns that a stream's files have, and the SQL that reads them: Parquet by its types, CSV and JSON as text.

Files with the same columns are one group, which DuckDB reads at once. Nothing is guessed: a CSV file has the columns of
its first line, JSON lines those that are mapped. A column that is used must be in every file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from assets.step1_extract.files.column_types import NULL, TEXT, Type, common_type, expression, sql_type
from assets.step1_extract.files.csv_files import LARGE, Header, header
from assets.step1_extract.files.listing import Listing, SourceFile, hive_columns
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.configuration.sources.patterns import DAY, Format
from warehouse.errors import SourceDriftError

LISTING = "pulse_listing"  # the temporary table of the files
FILE = "{file}"  # the column that has the path of a row's file; a name that no file has
NULL_OF_PARQUET = "NullType()"
NO_FILES = "select {columns} where false"
OF_GROUP = """
select {columns}
from {reader} as rows_of_files left join pulse_listing as listing on listing.path = rows_of_files."{{file}}"
where case when listing.path is null then error('a row of no file that was listed') else true end
"""


@dataclass(frozen=True)
class Group:
    """Files that have the same columns.

    Args:
        paths: the files.
        columns: their columns, in their order, with DuckDB's types.
        delimiter: of CSV.
        is_large: of CSV, whether each is read by one thread (`csv_files.py`).
    """

    paths: frozenset[Path]
    columns: Mapping[str, str]
    delimiter: str = ","
    is_large: bool = False


@dataclass(frozen=True)
class FilesOfStream:
    """The files of a stream, and how they are read.

    Args:
        listing: the files.
        format: what they are.
        groups: the files by their columns.
        used: the columns that the mapping uses.
        hive: those of them that folders give, each with its column of `LISTING`.
    """

    listing: Listing
    format: Format
    groups: Sequence[Group]
    used: Sequence[str]
    hive: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> dict[str, str]:
        """The type in which every column is read that is used, as DuckDB spells it."""
        if self.format != "parquet":
            return dict.fromkeys(self.used, TEXT)
        of_files = {
            name: common_type([group.columns[name] for group in self.groups])
            for name in self.used
            if name not in self.hive
        }
        return {name: of_files.get(name, TEXT) for name in self.used}

    @property
    def types(self) -> dict[str, Type]:
        """SQLAlchemy's type of every column that is used."""
        last = self.groups[-1].columns
        wanted = self.wanted
        return {name: sql_type(last.get(name, TEXT), wanted[name]) for name in self.used}

    @property
    def spelled(self) -> dict[str, str]:
        """The type of every column of the last file, whether it is used or not, and of those that folders give."""
        last = self.listing.files[-1].path
        columns = next(group.columns for group in self.groups if last in group.paths)
        return {**columns, **dict.fromkeys(self.hive, TEXT)}

    def sql(self, begin: date, end: date) -> str:
        """Return the select of the rows of the files of the days from `begin` up to and without `end`."""
        every = (begin, end) == (date.min, date.max)
        files = self.listing.files if every else self.listing.of_days(begin, end)
        selects = [self._of_group(group, chosen) for group in self.groups if (chosen := _chosen(files, group.paths))]
        if selects:
            return " union all ".join(selects)
        columns = [f"cast(null as {kind}) as {_name(name)}" for name, kind in self.wanted.items()]
        return NO_FILES.format(columns=", ".join([*columns, *self._day("cast(null as date)")]))

    def _of_group(self, group: Group, paths: Sequence[Path]) -> str:
        columns = [f"{self._column(group, name, kind)} as {_name(name)}" for name, kind in self.wanted.items()]
        reader = _reader(self.format, group, paths)
        return OF_GROUP.format(columns=", ".join([*columns, *self._day("listing.day")]), reader=reader)

    def _column(self, group: Group, name: str, kind: str) -> str:
        if name in self.hive:
            return f"listing.{self.hive[name]}"
        column = f"rows_of_files.{_name(name)}"
        return _text_of_json(column) if self.format == "json" else expression(column, group.columns[name], kind)

    def _day(self, expression_of_day: str) -> list[str]:
        return [f"{expression_of_day} as {_name(DAY)}"] if self.listing.has_days else []


def files_of(session: duckdb.DuckDBPyConnection, stream: Stream, listing: Listing, kind: Format) -> FilesOfStream:
    """Look at the columns of a stream's files.

    Args:
        session: in which they are read; it gets the table `LISTING`.
        stream: the stream.
        listing: its files.
        kind: what they are.

    Raises:
        SourceDriftError: a column that is used is not in every file.
    """
    used = list(dict.fromkeys([*stream.inputs.values(), *(row_filter.column for row_filter in stream.where)]))
    of_folders = [hive_columns(listing.folder, file.path) if stream.hive else {} for file in listing.files]
    hive = {name: f"folder_{number}" for number, name in enumerate(used) if all(name in own for own in of_folders)}
    columns: dict[str, list[Any]] = {
        "path": [str(file.path) for file in listing.files],
        "day": [file.day for file in listing.files],
        **{column: [own[name] for own in of_folders] for name, column in hive.items()},
    }
    engine.create(session, LISTING, **columns)
    of_files = [name for name in used if name not in hive]
    paths = [file.path for file in listing.files]
    if kind == "parquet":
        groups = list(_groups_of_parquet(session, paths))
    elif kind == "csv":
        groups = _groups_of_csv(stream, paths, of_files)
    else:
        groups = [Group(frozenset(paths), dict.fromkeys(of_files, TEXT))]
        _refuse_missing_keys(session, stream, paths, of_files)
    for group in groups:
        _refuse_missing(stream, group, of_files)
    return FilesOfStream(listing, kind, groups, used, hive)


def _groups_of_parquet(session: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> Iterator[Group]:
    schemas = session.execute(f"select * from {engine.schemas(paths)}").fetchall()
    by_path: dict[str, list[tuple[Any, ...]]] = {}
    for path, *described in schemas:
        by_path.setdefault(path, []).append(tuple(described))
    by_schema: dict[tuple[Any, ...], list[Path]] = {}
    for path, rows in by_path.items():
        by_schema.setdefault(tuple(rows), []).append(Path(path))
    for schema, alike in by_schema.items():
        nulls = {row[0] for row in schema if NULL_OF_PARQUET in row}
        described_columns = session.execute(f"describe select * from {engine.files(alike[:1])}").fetchall()
        columns = {name: NULL if name in nulls else kind for name, kind, *_ in described_columns}
        yield Group(frozenset(alike), columns)


def _groups_of_csv(stream: Stream, paths: Iterable[Path], used: Sequence[str]) -> list[Group]:
    alike: dict[Header, list[Path]] = {}
    for path in paths:
        alike.setdefault(header(stream.name, path, used), []).append(path)
    return [
        Group(frozenset(of_header), dict.fromkeys(known.names, TEXT), known.delimiter, known.is_large)
        for known, of_header in alike.items()
    ]


def _refuse_missing(stream: Stream, group: Group, used: Sequence[str]) -> None:
    for name in used:
        if name not in group.columns:
            labels = [label for label, column in stream.inputs.items() if column == name] or ["where"]
            raise SourceDriftError(
                f'stream {stream.name}: column "{name}" ({labels[0]}) is not in {min(group.paths)}, '
                f"found {', '.join(group.columns)}; map another, or write the file with it"
            )


def _refuse_missing_keys(
    session: duckdb.DuckDBPyConnection, stream: Stream, paths: Sequence[Path], used: Sequence[str]
) -> None:
    """Make sure that some line has each key, unless there are no lines: a line may leave out what is null."""
    for name in used:
        lines = f"read_ndjson_objects({engine.paths(paths)}, hive_partitioning = false)"
        has_key = "list_contains(json_keys(json), $name)"
        (any_line, any_key) = engine.one_row(
            session,
            f"select exists(from {lines}), exists(from {lines} where {has_key})",
            {"name": name},
        )
        if any_line and not any_key:
            labels = [label for label, column in stream.inputs.items() if column == name] or ["where"]
            raise SourceDriftError(
                f'stream {stream.name}: no line of {stream.relation} has the key "{name}" ({labels[0]}); map another'
            )


def _reader(kind: Format, group: Group, paths: Sequence[Path]) -> str:
    options = f"filename = {engine.quoted(FILE)}"
    if kind == "parquet":
        return engine.files(paths, options)
    options += ", hive_partitioning = false"
    if kind == "csv":
        columns = _struct(group.columns)
        delimiter = engine.quoted(group.delimiter)
        options += f", parallel = false, buffer_size = {LARGE}" if group.is_large else ", parallel = true"
        options += f", auto_detect = false, header = true, delim = {delimiter}, quote = '\"', escape = '\"'"
        return f"read_csv({engine.paths(paths)}, columns = {columns}, {options})"
    columns = _struct(dict.fromkeys(group.columns, "JSON"))
    options += ", format = 'newline_delimited', records = true"
    return f"read_json({engine.paths(paths)}, columns = {columns}, {options})"


def _text_of_json(column: str) -> str:
    """A text is itself, and so is a number; a whole number with a fraction of zeros is without it (R26)."""
    text = f"({column} ->> '$')"
    whole = f"regexp_replace({text}, '[.]0+$', '')"
    return f"case when json_type({column}) = 'DOUBLE' then {whole} else {text} end"


def _struct(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{engine.quoted(name)}: {engine.quoted(kind)}" for name, kind in columns.items()) + "}"


def _chosen(files: Iterable[SourceFile], paths: frozenset[Path]) -> list[Path]:
    return [file.path for file in files if file.path in paths]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
