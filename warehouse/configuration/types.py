"""The values of `pulse.toml` that need a look: dates, zones, cron lines, URLs, each with what is wrong about it."""

import re
from datetime import date, datetime
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from warehouse.configuration import cron
from warehouse.configuration.queries import query_mistake
from warehouse.configuration.sources.patterns import pattern_mistake
from warehouse.configuration.sources.source_url import credentials_mistake
from warehouse.zones import is_zone

FIRST_YEAR, LAST_YEAR = 1970, 2199  # of days that may be the first: around them dates, partitions and zones end


# As Dagster takes them: a mail address, or a team.
OWNER = re.compile(r"team:[A-Za-z0-9_.-]+|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", re.ASCII)
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError(f'"{name}" is no IANA time zone, write one like "Europe/Berlin"')
    return name


def _bare_host(name: str) -> str:
    try:
        is_host = bool(HOST_NAME.fullmatch(name)) or ("%" not in name and bool(IPv6Address(name)))
    except ValueError:
        is_host = False
    if not is_host:
        raise ValueError(f'"{name}" is no name of a host, write one like "pulse.example.com", without scheme and port')
    return name


def _owner(text: str) -> str:
    if not OWNER.fullmatch(text):
        raise ValueError(f'"{text}" is no owner, write a mail address or a team, such as "team:data"')
    return text


def _good_cron(line: str) -> str:
    if (wrong := cron.mistake(line)) is not None:
        raise ValueError(wrong)
    return line


def _date(value: object) -> date:
    """Take a TOML date or its text; left to itself pydantic takes a number for seconds since 1970."""
    try:
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        day: date = value if is_day else date.fromisoformat(str(value))  # type: ignore[assignment] # looked at above
    except ValueError:
        raise ValueError(f'"{value}" is no date, write one like 2025-01-01') from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day} is not between {FIRST_YEAR} and {LAST_YEAR}, write one like 2025-01-01")
    return day


def _no_switch(value: object) -> object:
    """Take a number, or what a variable gives for one; `true` would be 1."""
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")  # noqa: TRY004 - pydantic reports ValueError
    return value


def _folder(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError('no folder has a NUL in its name, write one like "var"')
    return path


def _named(value: object) -> object:
    if value == "":
        raise ValueError('an empty name is no folder, write one like "var"')
    return value


def _one_select(query: str) -> str:
    if mistake := query_mistake(query):
        raise ValueError(mistake)
    return query


def _local_files(pattern: str) -> str:
    if mistake := pattern_mistake(pattern):
        raise ValueError(mistake)
    return pattern


def _without_doubt(url: str) -> str:
    """Take a URL of which it is clear where the password ends; it is not repeated in the message."""
    if mistake := credentials_mistake(url):
        raise ValueError(mistake)
    return url


# From the file a number is a number and a switch true or false: a guard is not switched off by `true`, or kept by "no".
Whole = Annotated[int, Field(strict=True)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Switch = Annotated[bool, Field(strict=True)]
NoSwitch = BeforeValidator(_no_switch)  # where `${NAME}` may stand for a number, so that a text is one
Folder = Annotated[Path, BeforeValidator(_named), AfterValidator(_folder)]
Day = Annotated[date, BeforeValidator(_date)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
HostName = Annotated[str, AfterValidator(_bare_host)]
Owner = Annotated[str, AfterValidator(_owner)]
CronLine = Annotated[str, AfterValidator(_good_cron)]
Query = Annotated[str, AfterValidator(_one_select)]
Files = Annotated[str, AfterValidator(_local_files)]
SourceUrl = Annotated[str, AfterValidator(_without_doubt)]
