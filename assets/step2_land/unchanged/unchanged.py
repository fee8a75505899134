"""A night extracts a day of its lookback, or proves that nothing of it has changed (R23).

The figures that a source gives of a day (`assets/step1_extract/selects/figures.py`) are compared with those that its
landing keeps. Whatever could make other rows of the same figures, or judge the same rows otherwise, is a reason to read
the day.
"""

from collections.abc import Collection
from datetime import date

from assets.night.night import Night
from assets.step1_extract.extract import Reader
from assets.step2_land.spans import spans
from assets.step2_land.unchanged.judged_by import judged_by
from warehouse.erasure.suppression import Suppressed
from warehouse.lake.days import DAY
from warehouse.lake.landing import NO_ROWS, Figures, Landing


def unchanged_days(night: Night, reader: Reader, days: Collection[date], erased: Suppressed) -> set[date]:
    """Return the days whose landings are what reading them again would land; no row is read.

    Args:
        night: what has landed before.
        reader: of the stream; its snapshot is that of the rows.
        days: days that need not be read if nothing of them has changed.
        erased: whose rows would be left out.

    Raises:
        SourceUnavailableError: the source failed, or one of these days has no file any more.
    """
    if reader.reads_whole_table:  # to ask for figures would be to read it twice
        return set()
    judged, name = judged_by(reader.stream, erased), reader.stream.name
    landings = [landing for day in days if (landing := night.landings.get((name, day))) is not None]
    comparable = {landing.day: landing for landing in landings if _is_comparable(landing, reader, judged)}
    reader.refuse_missing(comparable)
    figures: dict[str, Figures] = {}
    for first, last in spans(comparable):
        figures.update(reader.figures(first, last))
    return {day for day, landing in comparable.items() if _is_equal(landing, reader, figures)}


def _is_comparable(landing: Landing, reader: Reader, judged: str) -> bool:
    """Whether rows of the same figures would land as this landing did.

    They would not under another mapping or other columns, by another release, after an erasure, or while one of the
    events is to be deleted later.
    """
    return (
        landing.fingerprint == reader.stream.fingerprint
        and landing.columns == reader.mapped.types
        and landing.judged_by == judged
        and not landing.deletes_later
    )


def _is_equal(landing: Landing, reader: Reader, figures: dict[str, Figures]) -> bool:
    """Whether a source says the same as it did; without a checksum that would not mean that the rows are the same.

    Where a day more is read on each side, all three days count, and have to be over (R1).
    """
    now = reader.figures_of(landing.day, figures)
    is_whole = not reader.reads_wider or (landing.day + DAY).isoformat() in now
    return is_whole and now == landing.source and all("checksum" in of or of == NO_ROWS for of in now.values())
