"""Totals by day, of kind `daily`: the five measures of a row as one column, which is null in rows of other kinds (R19).

A measure that a stream does not map is 0 in all its rows; what is null was null in the source.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from assets.step1_extract.values.values import ARROW_TYPES
from warehouse.configuration.configuration import Stream
from warehouse.configuration.streams import DAILY_MEASURES
from warehouse.lake.landing import Landing

STATISTICS = Path(__file__).with_name("statistics_of_daily.sql")
MEASURES = pa.field("measures", pa.struct([(measure, ARROW_TYPES["amount"]) for measure in DAILY_MEASURES]))
NO_STATISTICS = (*[0] * len(DAILY_MEASURES), 0)  # of a day without rows


def measures_of(batch: pa.RecordBatch, stream: Stream) -> pa.Array:
    """Return the measures of rows as one column.

    Args:
        batch: rows of a stream of kind daily, as they were read.
        stream: the stream.
    """
    zeros = pa.array([0] * len(batch), type=ARROW_TYPES["amount"])
    arrays = [batch.column(measure) if measure in stream.columns else zeros for measure in DAILY_MEASURES]
    return pa.StructArray.from_arrays(arrays, names=list(DAILY_MEASURES))


def counted(landing: Landing, statistics: Sequence[int] | None) -> Landing:
    """Return a landing of totals by day with their sums, and a hash that covers them.

    Args:
        landing: with what every landing says of its rows.
        statistics: those of `statistics_of_daily.sql` without the day; None of a day without rows.
    """
    *sums, content_hash = NO_STATISTICS if statistics is None else statistics
    by_measure = dict(zip(DAILY_MEASURES, sums, strict=True))
    return replace(landing, sums={**landing.sums, **by_measure}, content_hash=str(content_hash))
