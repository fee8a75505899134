"""The wall clock: asked here and nowhere else by whoever makes a landing, a version, a pin or a receipt (R2).

Servers ask for themselves; what is here is the clock by which days are over. How far a source's clock may be from it is
said here too.
"""

from datetime import UTC, date, datetime, timedelta

TOLERANCE = timedelta(minutes=5)  # two clocks that differ by less are taken for one: what comes late is looked back for


def now() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)


def last_day_over() -> date:
    """Return the last UTC day that is over."""
    return now().date() - timedelta(days=1)
