"""Guessing the format of instants that are texts: the one of usual formats that every sampled text has (R1)."""

from collections.abc import Collection
from typing import Any

from warehouse.configuration.formats import InstantFormat

DATES = ("%Y-%m-%d ", "%Y-%m-%dT", "%Y/%m/%d ", "%Y%m%d", "%Y%m%dT", "%d.%m.%Y ", "%d/%m/%Y ", "%m/%d/%Y ", "%d-%m-%Y ")
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H%M%S")
ZONES = ("", "%z", " %z", " %Z", "(%Z)")
FORMATS = tuple(date + time + zone for date in DATES for time in TIMES for zone in ZONES)


def format_of(values: Collection[Any]) -> str | None:
    """Return the only usual format that all of some values have, None if there is none or more than one.

    Texts such as `05/11/2026 12:00` may have the day first or the month: only a day after the 12th tells.
    """
    texts = sorted({value for value in values if isinstance(value, str)})
    if not texts or any(not isinstance(value, str) for value in values):
        return None
    fitting = [text for text in FORMATS if all(_fits(text, value) for value in texts)]
    return fitting[0] if len(fitting) == 1 else None


def carries_zone(text: str) -> bool:
    """Say whether the texts of a format say their zone."""
    return text.endswith(("%z", "%Z", "%Z)"))


def _fits(text: str, value: str) -> bool:
    try:
        InstantFormat.of(text).read(value, "UTC")
    except ValueError:
        return False
    return True
