"""Step 1, before anything is read: the source's clock beside ours, where the source has one (R2, FAULTS 54).

Ours behind it would take good landings for such as are ahead; ours ahead of it would land days that are not over.
"""

from datetime import UTC, date, datetime, time

from sqlalchemy import Connection

from warehouse import clock
from warehouse.errors import ClockError
from warehouse.lake.days import DAY

NOW = {
    "postgresql": "select now() at time zone 'UTC'",
    "mysql": "select utc_timestamp(6)",
    "mariadb": "select utc_timestamp(6)",
}
SHOWN = "%Y-%m-%d %H:%M"
WAY_OUT = "set our clock and run again; nothing was read or moved"


def clock_of(connection: Connection) -> datetime | None:
    """Return what time it is at a source, UTC; None where the source is a file or of a kind that we do not know."""
    question = NOW.get(connection.dialect.name)
    if question is None:
        return None
    source_time: datetime = connection.exec_driver_sql(question).scalar_one()
    return source_time.replace(tzinfo=UTC)


def refuse_clock_behind(source: str, source_time: datetime | None) -> None:
    """Make sure that our clock is not behind that of a source.

    Args:
        source: its name.
        source_time: what time it is there, as `clock_of`.

    Raises:
        ClockError: it is, by more than `clock.TOLERANCE`.
    """
    our_time = clock.now()
    if source_time is not None and source_time - our_time > clock.TOLERANCE:
        message = (
            f"our clock is behind: it says {our_time:{SHOWN}} (UTC), "
            f"that of source {source} says {source_time:{SHOWN}}; {WAY_OUT}"
        )
        raise ClockError(message)


def refuse_day_not_over(day: date, source: str = "", source_time: datetime | None = None) -> None:
    """Make sure that a day to be landed is over, by our clock and by that of its source (R2).

    Args:
        day: the UTC day.
        source: the name of its source.
        source_time: what time it is there, None where only our clock says it.

    Raises:
        ClockError: it is not; by the source's clock by more than `clock.TOLERANCE`.
    """
    if day > clock.last_day_over():
        message = f"{day} is not over (UTC); the last day that can be extracted is {clock.last_day_over()}"
        raise ClockError(message)
    end = datetime.combine(day + DAY, time(), tzinfo=UTC)
    if source_time is not None and end - source_time > clock.TOLERANCE:
        message = (
            f"{day} is not over (UTC) by the clock of source {source}, which says {source_time:{SHOWN}}; "
            f"ours is ahead, it says {clock.now():{SHOWN}}: {WAY_OUT}"
        )
        raise ClockError(message)
