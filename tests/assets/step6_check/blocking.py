"""A night that a check has to refuse, and the line that it says; rows without an instant."""

import re
from datetime import date

import pytest

from tests.support.platforms.sources import FIRST, XP_TYPES, night
from warehouse.configuration.configuration import Configuration
from warehouse.errors import CheckFailedError
from warehouse.versions.versions import Warehouse

MILLISECONDS = 1_795_161_600_000  # what Prisma writes into SQLite
DATETIME_TYPES = {**XP_TYPES, "occurred_at": "datetime"}


def refused(configuration: Configuration, last: date = FIRST) -> str:
    """Run a night that a check has to refuse, twice; return the line."""
    before = Warehouse.of(configuration).current()
    lines = []
    for _ in range(2):  # trying again does not help
        with pytest.raises(CheckFailedError) as caught:
            night(configuration, last)
        assert Warehouse.of(configuration).current() == before
        lines.append(re.sub(r"pulse-[\d-]+", "VERSION", str(caught.value)))
    assert lines[0] == lines[1]
    assert "\n" not in lines[0]
    return lines[0]


def blocked(configuration: Configuration, last: date = FIRST) -> str:
    """The example of a night that the quarantine alone has to refuse."""
    line = refused(configuration, last)
    found = re.fullmatch(
        r"version VERSION was not published: check quarantine_within_budget found 1 \(such as (.*)\): look at .*"
        "--accept-quarantine",
        line,
    )
    assert found, line
    return found[1]


def undated(number: int, instant: object, prefix: str = "u") -> list[tuple[object, ...]]:
    return [(f"{prefix}{n}", "ann", instant, 1) for n in range(number)]
