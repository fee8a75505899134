"""Between reading and landing: rows as they were read, on disk, until every day of the run has been read.

Memory is bounded by a batch, whatever the number of rows. One schema serves every kind of event: the instant by which
R2 finds a row's day is the column `instant`.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from assets.step1_extract.extract import Batches, Reader
from assets.step1_extract.values.batches import DEFECTS
from assets.step1_extract.values.values import ARROW_TYPES, UUID
from assets.step2_land.daily import MEASURES, measures_of
from assets.step2_land.spans import spans
from warehouse.configuration.streams import instant_of
from warehouse.disk.files import writing
from warehouse.errors import SourceUnavailableError, StorageError
from warehouse.lake.landing import Figures

ROWS_PER_FILE = 500_000
# Read once and thrown away: what it takes to make a file small takes longer than writing it large.
QUICKLY_WRITTEN = {"compression": "none", "use_dictionary": False, "write_statistics": ["instant"]}

SPOOL_SCHEMA = pa.schema(
    [
        pa.field("event_id", ARROW_TYPES["id"]),
        pa.field("user_id", ARROW_TYPES["id"]),
        pa.field("instant", ARROW_TYPES["instant"]),
        pa.field("ended_at", ARROW_TYPES["instant"]),
        pa.field("last_activity_at", ARROW_TYPES["instant"]),
        pa.field("amount", ARROW_TYPES["amount"]),
        pa.field("passed", ARROW_TYPES["boolean"]),
        pa.field("updated_at", ARROW_TYPES["instant"]),
        pa.field("deleted_at", ARROW_TYPES["instant"]),
        *DEFECTS,
    ],
)


@dataclass
class Spool:
    """Rows as they were read, in Parquet files of one folder, until every day of the run has been read.

    Args:
        folder: where the files go.
        reader: where they come from.
        rows_by_day: how many there are so far, by UTC day.
        rows: how many there are so far, rows without a day among them.
        figures: what the source says of each day that was read, as a landing keeps it (`Landing.source`).
    """

    folder: Path
    reader: Reader
    rows_by_day: Counter[date] = field(default_factory=Counter)
    rows: int = 0
    figures: dict[date, dict[str, Figures]] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """Every file that was written, in order."""
        return sorted(self.folder.glob("spool-*.parquet"))

    @property
    def _schema(self) -> pa.Schema:
        totals = [MEASURES] if self.reader.stream.kind == "daily" else []
        return pa.schema(
            [field.with_type(UUID) if field.name in self.reader.uuids else field for field in (*SPOOL_SCHEMA, *totals)]
        )

    def read(self, days: Collection[date]) -> None:
        """Read all rows of UTC days, and what the source says of each day in the same snapshot.

        Raises:
            SourceUnavailableError: the source failed, or other rows came than it counts itself.
        """
        self.reader.refuse_missing(days)
        figures: dict[str, Figures] = {}
        stretches = [(min(days), max(days))] if self.reader.reads_whole_table else spans(days)
        for first, last in stretches:
            figures.update(self._read_span(first, last))
        self.figures = {day: self.reader.figures_of(day, figures) for day in days}

    def _read_span(self, first: date, last: date) -> dict[str, Figures]:
        """Read one stretch of days, compare the rows with the source's own count, and return its figures."""
        figures, stream = self.reader.figures(first, last), self.reader.stream
        counted = {day: int(of_day["rows"]) for day, of_day in figures.items()}
        before = Counter(self.rows_by_day)
        rows = self.write(self.reader.rows(first, last))
        came = {day.isoformat(): count for day, count in (self.rows_by_day - before).items()}
        if rows != sum(counted.values()) or (came != counted and not self.reader.reads_wider):
            raise SourceUnavailableError(
                f"stream {stream.name}: source {stream.source} counts {sum(counted.values())} rows "
                f"from {first} to {last}, {rows} came; nothing has landed, try again"
            )
        return figures

    def write(self, batches: Batches) -> int:
        """Append batches and return how many rows they had."""
        before = self.rows
        writer = self._new_writer()
        rows_in_file = 0
        with closing(batches):
            for batch in batches:
                if rows_in_file >= ROWS_PER_FILE:
                    close(writer)
                    writer, rows_in_file = self._new_writer(), 0
                with writing_with(writer):
                    writer.write_batch(self._spooled(batch))
                rows_in_file += batch.num_rows
                self._count(batch)
        close(writer)
        return self.rows - before

    def _new_writer(self) -> parquet.ParquetWriter:
        file = self.folder / f"spool-{len(self.files):06}.parquet"
        with writing(file):
            return parquet.ParquetWriter(file, self._schema, **QUICKLY_WRITTEN)

    def _spooled(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        names = {instant_of(self.reader.stream.kind): "instant"}
        columns = {names.get(name, name): batch.column(name) for name in batch.schema.names}
        if self.reader.stream.kind == "daily":
            columns[MEASURES.name] = measures_of(batch, self.reader.stream)
        arrays = [columns.get(column.name, pa.nulls(len(batch), column.type)) for column in self._schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _count(self, batch: pa.RecordBatch) -> None:
        days = batch.column(instant_of(self.reader.stream.kind)).drop_null().cast(pa.date32(), safe=False)
        for counted in pc.value_counts(days).to_pylist():
            self.rows_by_day[counted["values"]] += counted["counts"]
        self.rows += batch.num_rows


@contextmanager
def writing_with(writer: parquet.ParquetWriter) -> Iterator[None]:
    """Turn errors of the file into StorageError, as `files.writing`, and silence the writer afterwards.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        with writing(Path(writer.where)):
            yield
    except StorageError:
        writer.is_open = False  # or else it would try to end the file when it is collected, and fail once more
        raise


@contextmanager
def spooling(file: Path, schema: pa.Schema) -> Iterator[parquet.ParquetWriter]:
    """Give a writer of one file, which is complete when the block ends well; errors of the block pass unchanged."""
    with writing(file):
        writer = parquet.ParquetWriter(file, schema, compression="lz4")
    yield writer
    close(writer)


def close(writer: parquet.ParquetWriter) -> None:
    """End a file."""
    with writing_with(writer):
        writer.close()
