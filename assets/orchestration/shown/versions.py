"""What Dagster calls versions: of code, which says what is out of date, and of data, which says what is new.

Neither is the commit: a deploy that changes no number makes nothing stale, and a run that changes nothing nothing new.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import dagster as dg

from warehouse import engine
from warehouse.versions.schema import SCHEMA_VERSION

DATA_VERSION_TAG = "dagster/data_version"  # of an event that Dagster does not make itself
DIGITS = 16
STEPS = Path(__file__).parents[2]


@cache
def code_of_activity() -> str:
    """Return the version of the rules by which a day is rolled up: a hash of their models."""
    return f"rules {_models(STEPS / 'step4_roll_up')}"


@cache
def code_of_version() -> str:
    """Return the version of the public tables and of the rules by which they are made."""
    return f"schema {SCHEMA_VERSION}, rules {_models(STEPS / 'step5_build')}"


def data_of_days(content_hashes: Mapping[date, str]) -> dg.DataVersion:
    """Return the data version of days.

    Dagster takes one for all partitions that a step makes, so that of a night of one day is the day's own.

    Args:
        content_hashes: of the landings or the activity, by UTC day.
    """
    return _digest(*(f"{day} {content_hashes[day]}" for day in sorted(content_hashes)))


def data_of(*hashes: str) -> dg.DataVersion:
    """Return the data version of what has these hashes."""
    return _digest(*hashes)


def tags_of(data: dg.DataVersion) -> Mapping[str, str]:
    """Return the tags of an event with a data version."""
    return {DATA_VERSION_TAG: data.value}


def _digest(*lines: str) -> dg.DataVersion:
    return dg.DataVersion(hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS])


def _models(folder: Path) -> str:
    hashed = hashlib.sha256()
    for file in sorted([*folder.rglob("*.sql"), *engine.MACROS]):
        hashed.update(f"{file.name}\n{engine.sql(file)}\n".encode())
    return hashed.hexdigest()[:DIGITS]
