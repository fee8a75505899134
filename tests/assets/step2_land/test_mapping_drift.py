"""A table that is not, or not any more, what the mapping says (FAULTS 20).

What else stands between extraction and publishing is `test_landing_faults.py`'s.
"""

import pytest

from assets.night.night import Night
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.support.platforms.sources import FIRST, USERS_TYPES, XP_TYPES, Platform, lake_files, only_xp, xp_rows
from warehouse.configuration.configuration import Configuration
from warehouse.errors import SourceDriftError

DRIFTS = {
    "a column is dropped": (
        ["alter table {xp} drop column amount"],
        ["xp", "platform", '"amount"', "found event_id, user_id, occurred_at"],
    ),
    "a column is renamed": (
        ["alter table {xp} rename column amount to points"],
        ["xp", "platform", '"amount"', "found event_id, user_id, occurred_at, points"],
    ),
    "an amount is text": (
        ["drop table {xp}", "create table {xp} (event_id text, user_id text, occurred_at timestamp, amount text)"],
        ["xp", "platform", '"amount"', "TEXT", "expected a number"],
    ),
    "an instant is a number": (
        ["drop table {xp}", "create table {xp} (event_id text, user_id text, occurred_at bigint, amount int)"],
        ["xp", "platform", '"occurred_at"', "BIGINT", "expected a timestamp or date"],
    ),
    "an id is a timestamp": (
        ["drop table {xp}", "create table {xp} (event_id timestamp, user_id text, occurred_at timestamp, amount int)"],
        ["xp", "platform", '"event_id"', "TIMESTAMP", "expected an integer, text or UUID"],
    ),
    "the table is gone": (
        ["drop table {xp}"],
        ["stream xp", "there is no table platform."],
    ),
}


@pytest.mark.parametrize(("drift", "answer"), DRIFTS.values(), ids=DRIFTS)
def test_drift_stops_the_stream_before_any_row(platform: Platform, drift: list[str], answer: list[str]) -> None:
    """FAULTS 20: with source, table, column, expected and found, and with nothing landed."""
    configuration = only_xp(platform, xp_rows(1))
    platform.run(*drift)
    with pytest.raises(SourceDriftError) as caught:
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    message = str(caught.value)
    assert [part for part in [*answer, platform.table("xp")] if part not in message] == []
    assert lake_files(configuration) == {}


def test_what_changes_beside_the_mapping_is_noted_and_lands(platform: Platform) -> None:
    """FAULTS 20: a widened type, a column that may be null now, one more, one that nothing maps and is gone; once."""
    platform.make("users", USERS_TYPES)
    types = {**XP_TYPES, "event_id": "varchar(20) not null", "amount": "integer", "old": "integer"}
    platform.make("xp", types, [(*row, None) for row in xp_rows(2)])
    configuration = platform.configuration()
    stream = configuration.streams["xp"]
    assert land(Night.of(configuration), stream, [FIRST]).changes == []
    wider = {**XP_TYPES, "event_id": "varchar(40)", "amount": "numeric(20, 0)", "mood": "varchar(9)"}
    platform.make("xp", wider, [(*row, None) for row in xp_rows(3)])
    landed = land(Night.of(configuration), stream, [FIRST])
    assert [landing.rows for landing in landed.landings] == [3]
    assert landed.unmapped_columns == ("mood",)
    amount = "INTEGER(11), is DECIMAL(20, 0)" if platform.is_mariadb else "INTEGER, is NUMERIC(20, 0)"
    assert set(landed.changes) == {
        'column "mood" (VARCHAR(9)) was added',
        'column "old" is gone',
        'column "event_id" was VARCHAR(20) NOT NULL, is VARCHAR(40)',
        f'column "amount" was {amount}',
    }
    assert land(Night.of(configuration), stream, [FIRST]).changes == []


def test_what_changes_in_the_table_of_learners_is_noted_too(sqlite_source: Platform) -> None:
    """FAULTS 20."""
    configuration = only_xp(sqlite_source, xp_rows(1))
    assert changes_of_learners(configuration) == ()
    sqlite_source.run("alter table {users} add column mood text")
    assert [changes_of_learners(configuration) for _ in range(2)] == [('column "mood" (TEXT) was added',), ()]


def changes_of_learners(configuration: Configuration) -> tuple[str, ...]:
    landed = land_users(Night.of(configuration), FIRST)
    assert landed is not None
    return landed.streams["users"].changes
