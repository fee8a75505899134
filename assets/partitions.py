"""The one partitions object: UTC days from `first_day` to the last one that is over (R2)."""

from datetime import date

import dagster as dg


def utc_days(first_day: date) -> dg.DailyPartitionsDefinition:
    """Return the UTC days from `first_day` on; a day is a partition as soon as it is over."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC")
