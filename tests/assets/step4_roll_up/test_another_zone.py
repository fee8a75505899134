"""Which days are stale because a learner has another zone (R3, R4): found by who has moved, as by looking at all rows.

Random histories have learners who move and come late: `tests/histories/`. Here is what is looked at, and when all is.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pytest

from assets.night.night import Night
from assets.step4_roll_up.activity import make_zones_in_force
from assets.step4_roll_up.stale import another_zone
from assets.step4_roll_up.stale.another_zone import days_in_another_zone
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FIRST_DAY, FIRST_NIGHT, SECOND, SECOND_NIGHT
from warehouse import engine, zones
from warehouse.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

DAYS = (FIRST_DAY, FIRST_NIGHT, SECOND_NIGHT)
Record = tuple[str, str | None, date]


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published."""
    return small_platform.copied(nights, tmp_path, SECOND)


def record(configuration: Configuration, *added: Record, without: str = "") -> None:
    """Add records to the zones over time, and take those of a learner away."""
    lake = Lake.of(configuration)
    beside, about = lake.zones.with_suffix(".beside"), lake.footers.texts([lake.zones])[lake.zones]
    with duckdb.connect() as connection:
        rows = f"select user_id, zone, from_day from {engine.files([lake.zones])} where user_id <> $without"
        connection.execute(f"create table zones as {rows}", {"without": without})
        for row in added:
            connection.execute("insert into zones values (?, ?, ?)", row)
        copy = "copy (from zones order by user_id, from_day) to $file (format parquet, kv_metadata {pulse: $about})"
        connection.execute(copy, {"file": str(beside), "about": about})
    beside.replace(lake.zones)


def days_found(configuration: Configuration) -> set[date]:
    night, default = Night.of(configuration), configuration.pulse.default_timezone
    with night.connect() as connection:
        make_zones_in_force(connection, night.lake, default, configuration.zone_names)
        return days_in_another_zone(connection, night, DAYS)


def days_by_all_rows(configuration: Configuration) -> set[date]:
    """Find them without knowing what was seen before."""
    basis = Lake.of(configuration).basis
    aside = basis.rename(basis.with_suffix(".aside"))
    try:
        return days_found(configuration)
    finally:
        aside.rename(basis)


def files_read(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files of activity that finding them reads in full, or for some learners."""
    read: list[str] = []
    rows_of = another_zone._rows_of  # noqa: SLF001

    def noted(night: Night, days: list[date]) -> str:
        read.extend(map(str, days))
        return rows_of(night, days)

    with monkeypatch.context() as patched:
        patched.setattr(another_zone, "_rows_of", noted)
        days_found(configuration)
    return read


MOVES: dict[str, tuple[tuple[Record, ...], str, set[date]]] = {
    "nobody moves": ((), "", set()),
    "on the newest day": (((ANA, "Asia/Tokyo", SECOND_NIGHT),), "", {SECOND_NIGHT}),
    "from the first day on, as a backup says": (((ANA, "Asia/Tokyo", FIRST_NIGHT),), ANA, set(DAYS)),
    "to a spelling that is no zone": (((ANA, "Nowhere", SECOND_NIGHT),), "", {SECOND_NIGHT}),
    "on a day without activity of the learner": ((("zoé", "Asia/Tokyo", SECOND_NIGHT),), "", set()),
    "records are lost, so the default zone counts": ((), BEN, set(DAYS)),
    "a new learner, who had no activity": ((("new", "Asia/Tokyo", FIRST_DAY),), "", set()),
}


@pytest.mark.parametrize(("added", "without", "expected"), MOVES.values(), ids=MOVES)
def test_the_days_of_learners_who_moved_are_found(
    configuration: Configuration, added: tuple[Record, ...], without: str, expected: set[date]
) -> None:
    """FAULTS 27: the same days as by looking at every row."""
    record(configuration, *added, without=without)
    assert days_found(configuration) == expected
    assert days_by_all_rows(configuration) == expected


def test_a_learner_who_was_unknown_is_cut_again(configuration: Configuration) -> None:
    """Until then the rows had the default zone."""
    lake = Lake.of(configuration)
    record(configuration, without=BEN)
    with duckdb.connect() as connection:
        rows = f"select user_id, zone, from_day from {engine.files([lake.basis])} where user_id <> '{BEN}'"
        about = lake.footers.texts([lake.basis])[lake.basis]
        beside = lake.basis.with_suffix(".beside")
        copy = f"copy ({rows}) to $file (format parquet, kv_metadata {{pulse: $about}})"
        connection.execute(copy, {"file": str(beside), "about": about})
    beside.replace(lake.basis)
    assert days_found(configuration) == set(), "nobody has moved since, as far as the basis says"
    record(configuration, (BEN, "UTC", SECOND_NIGHT))
    record(configuration, (BEN, "America/Lima", FIRST_NIGHT))
    assert days_found(configuration) == days_by_all_rows(configuration) == {FIRST_DAY, FIRST_NIGHT}


def test_activity_that_was_seen_is_not_looked_at_while_nobody_moves(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in full where it is another than it was when the last version was made."""
    assert files_read(configuration, monkeypatch) == []
    lake = Lake.of(configuration)
    file = lake.activity(FIRST_NIGHT)
    about = lake.footers.texts([file])[file].replace('"content_hash": "', '"content_hash": "1')
    beside = file.with_suffix(".beside")
    with duckdb.connect() as connection:
        copy = f"copy (from {engine.files([file])}) to $file (format parquet, kv_metadata {{pulse: $about}})"
        connection.execute(copy, {"file": str(beside), "about": about})
    beside.replace(file)
    assert files_read(configuration, monkeypatch) == [str(FIRST_NIGHT)]
    record(configuration, (ANA, "Asia/Tokyo", SECOND_NIGHT))
    assert sorted(files_read(configuration, monkeypatch)) == [*map(str, DAYS)]


def without_basis(configuration: Configuration) -> Configuration:
    Lake.of(configuration).basis.unlink()
    return configuration


def with_zone_names(configuration: Configuration) -> Configuration:
    (users,) = configuration.users_streams
    named = users.model_copy(update={"zone_names": {"UTC": "Asia/Tokyo"}})
    return configuration.model_copy(update={"streams": {**configuration.streams, users.name: named}})


def with_zone_data(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.setattr(zones, "data_version", lambda: "1970.1")
    return configuration


CHANGES: dict[str, Callable[[Configuration, pytest.MonkeyPatch], Configuration]] = {
    "default zone": lambda configuration, _: configuration.model_copy(
        update={"pulse": configuration.pulse.model_copy(update={"default_timezone": "Europe/Berlin"})}
    ),
    "names of zones": lambda configuration, _: with_zone_names(configuration),
    "no version before": lambda configuration, _: without_basis(configuration),
    "zone data": with_zone_data,
}


@pytest.mark.parametrize("name", CHANGES)
def test_under_another_rule_for_zones_all_activity_is_looked_at(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """FAULTS 28."""
    changed = CHANGES[name](configuration, monkeypatch)
    assert files_read(changed, monkeypatch) == [*map(str, DAYS)]
