"""Ways to say "not deleted" other than by a null, and the checks that catch those that nobody thought of (R3, R21)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.support.platforms.sources import (
    FIRST,
    PLATFORMS,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    platform_of,
    published,
)
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import CheckFailedError

CASES = Path(__file__).parent / "cases"
GONE = "2026-05-01T00:00:00Z"
NEVER: Mapping[str, Sequence[object]] = {
    "sqlite": ["0", 0, "", "infinity", "0000-00-00", "0000-00-00 00:00:00", "9999-12-31", "9999-12-31T23:59:59-05:00"],
    "postgresql": ["infinity", "9999-12-31 23:59:59.999999-12", "20000-01-01"],
    "mysql": ["0000-00-00 00:00:00", "9999-12-31 23:59:59"],
}
UNREADABLE: Mapping[str, Sequence[object]] = {
    "sqlite": ["-infinity", 1, "never", "01/01/2020"],
    "postgresql": ["-infinity"],
    "mysql": ["2026-06-00"],
}
TYPES = {"sqlite": "datetime", "postgresql": "timestamptz", "mysql": "datetime not null"}


@pytest.fixture(params=PLATFORMS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        yield found


def thirty(source: Platform, deleted_at: list[object], sql_type: str = "") -> Configuration:
    """As many learners as values, with 10 XP each."""
    learners = [f"learner {n}" for n in range(len(deleted_at))]
    types = {"user_id": "text", "deleted_at": sql_type or TYPES[source.backend]}
    source.make("users", types, list(zip(learners, deleted_at, strict=True)))
    source.make("xp", XP_TYPES, [(f"e {user}", user, f"{FIRST}T12:00:00Z", 10) for user in learners])
    return source.configuration()


def shown(configuration: Configuration) -> list[tuple[object, ...]]:
    return published(configuration, "select count(*), sum(total_xp_earned)::int from pulse_totals")


@pytest.mark.slow
def test_every_spelling_of_not_deleted_leaves_29_of_30_learners(source: Platform) -> None:
    """FAULTS 47: the case of a table that says `infinity`, and its siblings."""
    for spelled in NEVER[source.backend]:
        configuration = thirty(source, [spelled] * 29 + [GONE])
        assert night(configuration, FIRST, "accept_shrink") is not None
        assert shown(configuration) == [(29, 290)], spelled
        assert published(configuration, "select deleted_users from version_info") == [(1,)]


def test_what_else_cannot_be_read_stays_deleted(source: Platform) -> None:
    """FAULTS 47."""
    unreadable: list[object] = [*UNREADABLE[source.backend]]
    never: list[object] = [NEVER[source.backend][0]] * 5
    configuration = thirty(source, never + unreadable)
    assert night(configuration, FIRST) is not None
    assert shown(configuration) == [(5, 50)]


def test_an_instant_more_than_a_day_ahead_of_the_snapshot_is_not_yet_deleted(source: Platform) -> None:
    """FAULTS 47: a day is left for clocks and zones that differ."""
    now = datetime.now(UTC)
    ahead: list[object] = [(now + timedelta(hours=hours)).isoformat() for hours in (48, 48, 12, -12)]
    configuration = thirty(source, ahead)
    assert night(configuration, FIRST) is not None
    assert published(configuration, "select user_id from users order by 1") == [("learner 0",), ("learner 1",)]


@pytest.mark.slow
def test_all_deleted_blocks_the_first_version_and_names_the_value(source: Platform) -> None:
    """FAULTS 47: whatever else may mean "never", it is not published as nobody."""
    configuration = thirty(source, ["1970-01-01T00:00:00Z"] * 30)
    with pytest.raises(CheckFailedError, match=r'learners_left.*30 of 30 landed.*deleted_at = "1970-01-01 00:00:00"'):
        night(configuration, FIRST)
    assert night(configuration, FIRST, "accept_shrink") is not None
    assert night(configuration, FIRST) is not None, "let through once"


@pytest.mark.slow
def test_more_than_half_deleted_blocks_until_let_through_once(source: Platform) -> None:
    """FAULTS 47: in a first version, and when they were less than half before; exactly half is not more."""
    never = NEVER[source.backend][0]
    configuration = thirty(source, [GONE] * 16 + [never] * 14)
    with pytest.raises(CheckFailedError, match=r"deleted_within_bounds.*16 of 30 landed learners are deleted"):
        night(configuration, FIRST)
    configuration = thirty(source, [GONE] * 15 + [never] * 15)
    assert night(configuration, FIRST) is not None
    configuration = thirty(source, [GONE] * 14 + [never] * 16)
    assert night(configuration, FIRST) is not None
    configuration = thirty(source, [GONE] * 16 + [never] * 14)
    with pytest.raises(CheckFailedError, match="deleted_within_bounds"):
        night(configuration, FIRST)
    assert night(configuration, FIRST, "accept_shrink") is not None
    assert night(configuration, FIRST) is not None


def test_none_left_of_one_blocks(source: Platform) -> None:
    """FAULTS 47: an emptied table, below the base of the shrink guards."""
    source.make("users", USERS_TYPES, [("ann", "UTC")])
    source.make("xp", XP_TYPES, [])
    configuration = source.configuration()
    assert night(configuration, FIRST) is not None
    source.run("delete from {users}")
    with pytest.raises(CheckFailedError, match="learners_left"):
        night(configuration, FIRST)


@pytest.mark.slow
def test_the_case_of_a_table_that_says_infinity_has_the_right_numbers(postgres_url: str, tmp_path: Path) -> None:
    """FAULTS 47: a default of `infinity`, as somebody configured it."""
    case, name = CASES / "never_deleted", f"never_{tmp_path.name}".replace("-", "_")
    driver = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    with create_engine(driver, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"create database {name}"))
    url = driver.replace("/postgres?", f"/{name}?")
    with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in (case / "setup.postgres.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    written = (case / "pulse.toml").read_text(encoding="utf-8").replace("$URL", url)
    (tmp_path / "pulse.toml").write_text(written, encoding="utf-8")
    configuration = load(tmp_path / "pulse.toml", uses=["sources"])
    assert night(configuration, date(2026, 11, 6)) is not None
    assert shown(configuration) == [(29, 290)]
