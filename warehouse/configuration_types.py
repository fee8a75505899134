"""The values of `pulse.toml` that need a look: dates, zones and cron lines, each with what is wrong about a bad one."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from warehouse.zones import is_zone

CRON_FIELDS = (range(60), range(24), range(1, 32), range(1, 13), range(8))  # minute, hour, day, month, weekday
CRON_NAME = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat"
CRON_PART = re.compile(rf"(?:\*|(\d+|{CRON_NAME})(?:-(\d+|{CRON_NAME}))?)(?:/[1-9]\d*)?", re.ASCII | re.IGNORECASE)


HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]*:[0-9a-f:.]*", re.ASCII | re.IGNORECASE)


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError(f'"{name}" is no IANA time zone, write one like "Europe/Berlin"')
    return name


def _bare_host(name: str) -> str:
    if not HOST_NAME.fullmatch(name):
        raise ValueError(f'"{name}" is no name of a host, write one like "pulse.example.com", without scheme and port')
    return name


def _five_fields(cron: str) -> str:
    fields = cron.split()
    if len(fields) != len(CRON_FIELDS) or not all(map(_is_cron_field, fields, CRON_FIELDS)):
        raise ValueError(f'"{cron}" is no cron line of five fields, write one like "0 2 * * *"')
    return cron


def _is_cron_field(field: str, numbers: range) -> bool:
    """Say whether a list like `*/5,7,10-12` has nothing but known names and numbers of the field."""
    parts = [CRON_PART.fullmatch(part) for part in field.split(",")]
    ends = [end for part in parts if part for end in part.groups() if end and end.isdigit()]
    return None not in parts and all(int(end) in numbers for end in ends)


def _date(value: object) -> date:
    """Take a TOML date or its text; left to itself pydantic takes a number for seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f'"{value}" is no date, write one like 2025-01-01') from None


Day = Annotated[date, BeforeValidator(_date)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
HostName = Annotated[str, AfterValidator(_bare_host)]
CronLine = Annotated[str, AfterValidator(_five_fields)]
