"""The wall clock for landings, versions, pins and receipts: it is asked here and nowhere else (R2).

By this clock days are over; servers ask their own. Here too is how far a source's clock may be from it.
"""

from datetime import UTC, date, datetime, timedelta

TOLERANCE = timedelta(minutes=5)  # two clocks that differ by less are taken for one: what comes late is looked back for


def now() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)


def last_day_over() -> date:
    """Return the last UTC day that is over."""
    return now().date() - timedelta(days=1)
