"""Beside step 3: the rows of a stream of learners, or of a lookup, as they were read, in one file (R3, R26)."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from assets.step1_extract.extract import Reader
from assets.step1_extract.values.batches import schema
from assets.step2_land.spool import spooling, writing_with
from warehouse.configuration.configuration import Stream

STREAM = pa.field("stream", pa.string())


@dataclass(frozen=True)
class Spooled:
    """A stream of learners that has been read.

    Args:
        stream: which.
        file: its rows, with the stream's name.
        taken_at: when its snapshot was taken.
        columns: the types of its table's columns.
        is_table_empty: as `Reader.is_table_empty`.
    """

    stream: Stream
    file: Path
    taken_at: datetime
    columns: Mapping[str, str]
    is_table_empty: bool

    def about(self) -> dict[str, object]:
        """Return what the landed file says of this stream."""
        return {
            "fingerprint": self.stream.fingerprint,
            "taken_at": self.taken_at.isoformat(),
            "columns": dict(self.columns),
            "is_table_empty": self.is_table_empty,
        }


def spool_rows(reader: Reader, file: Path) -> Spooled:
    """Read all rows of a stream into a file, each with the stream's name.

    Args:
        reader: of the stream.
        file: where they go.

    Raises:
        SourceUnavailableError: the source failed.
        StorageError: the file cannot be written.
    """
    stream = reader.stream
    with spooling(file, schema(stream.kind).append(STREAM)) as writer, closing(reader.users()) as batches:
        for batch in batches:
            with writing_with(writer):  # or else it would be the source's fault
                writer.write_batch(batch.append_column(STREAM, pa.array([stream.name] * len(batch), STREAM.type)))
    return Spooled(stream, file, reader.taken_at, reader.mapped.types, reader.is_table_empty)
