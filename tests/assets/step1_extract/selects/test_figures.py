"""What a source says of its days itself (R23): which changes show without reading a row.

On SQLite, a real PostgreSQL and a real MariaDB. What is done about a difference is
`tests/assets/reconcile/test_reconcile.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from assets.night.night import Night
from assets.step1_extract.extract import open_stream
from assets.step2_land.land import land
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    NOON,
    PLATFORMS,
    QUIZZES_TYPES,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    platform_of,
    server_platform,
    sqlite_platform,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Figures


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """An empty database of each kind, with learners."""
    with platform_of(request, tmp_path) as found:
        found.make("users", USERS_TYPES)
        yield found


def figures(configuration: Configuration, stream: str, first: date = FIRST, last: date = FIRST) -> dict[str, Figures]:
    with open_stream(configuration, configuration.streams[stream]) as reader:
        return reader.figures(first, last)


XP = {**XP_TYPES, "updated_at": "timestamptz"}
ROWS = [
    ("a", "ann", NOON, 5, NOON),
    ("b", "bob", "2026-06-01T13:00:00Z", -2, "2026-06-02T00:00:01Z"),
    ("c", "bob", "2026-06-02T13:00:00Z", 1, None),
]
CHANGES: Mapping[str, tuple[str, set[str]]] = {
    "a row more": ("insert into {xp} select 'd', 'ann', occurred_at, 0, null from {xp} where event_id = 'a'", {"rows"}),
    "a row less": ("delete from {xp} where event_id = 'a'", {"rows", "amount"}),
    "an amount": ("update {xp} set amount = 6 where event_id = 'a'", {"amount"}),
    "an amount that is gone": ("update {xp} set amount = null where event_id = 'a'", {"amount"}),
    "what stood in one row and in another": ("update {xp} set amount = 3 - amount where event_id in ('a', 'b')", set()),
    "a learner": ("update {xp} set user_id = 'eve' where event_id = 'a'", set()),
    "an id": ("update {xp} set event_id = 'z' where event_id = 'a'", set()),
    "the time of a row, and no other": ("update {xp} set updated_at = null where event_id = 'a'", set()),
    "the latest change": ("update {xp} set updated_at = null where event_id = 'b'", {"latest"}),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES)
def test_any_change_of_a_row_changes_the_figures_of_its_day(platform: Platform, change: str, told: set[str]) -> None:
    """FAULTS 16, 17: by its count or sum, and by the checksum always; the other day is as it was."""
    platform.make("xp", XP, ROWS)
    configuration = platform.configuration()
    before = figures(configuration, "xp", FIRST, FIRST + DAY)
    assert {day: of_day["rows"] for day, of_day in before.items() if day >= "2026-06-01"} == {
        "2026-06-01": "2",
        "2026-06-02": "1",
    }
    platform.run(change)
    after = figures(configuration, "xp", FIRST, FIRST + DAY)
    one, other = before["2026-06-01"], after["2026-06-01"]
    assert {name for name in one if one[name] != other.get(name)} == {*told, "checksum"}
    assert before["2026-06-02"] == after["2026-06-02"]


def test_rows_that_swap_a_value_change_the_checksum(platform: Platform) -> None:
    """FAULTS 17: each of twenty pairs by itself; PostgreSQL's own hash of a record misses most of them."""
    people = [f"learner {n * 7919 % 1009}" for n in range(40)]
    rows = [(f"e{n}", person, NOON, n, None) for n, person in enumerate(people)]
    platform.make("xp", XP, rows)
    configuration = platform.configuration()
    before, swapped = figures(configuration, "xp"), []
    for n in range(0, 40, 2):
        platform.run(
            f"update {{xp}} set user_id = '{people[n + 1]}' where event_id = 'e{n}'",
            f"update {{xp}} set user_id = '{people[n]}' where event_id = 'e{n + 1}'",
        )
        swapped.append(figures(configuration, "xp")["2026-06-01"])
    assert len({found["checksum"] for found in [*before.values(), *swapped]}) == 21


OTHERS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "sqlite": [
        ("", "'7.0'", "7.0"),
        ("", "'5'", "x'35'"),
        ("numeric", "0.1 + 0.2", "0.3"),
        ("text", "'a' || char(0) || 'b'", "'a' || char(0) || 'c'"),
        ("text", "char(30)", "null"),
    ],
    "postgresql": [
        ("numeric", "1.0", "1.00"),
        ("text", "'a'", "'A'"),
        ("text", "''", "null"),
        ("varchar(9)", "'a'", "'a '"),
    ],
    "mysql": [("varchar(9)", "'a'", "'A'"), ("varchar(9)", "'NULL'", "null"), ("varchar(9)", "'a'", "'a '")],
}


def test_values_that_are_read_differently_have_another_checksum(platform: Platform) -> None:
    """Each becomes another one that its database takes for equal, or spells alike."""
    for sql_type, value, other in OTHERS[platform.backend]:
        platform.make("xp", {**XP_TYPES, "user_id": sql_type}, [("a", None, NOON, 5)])
        configuration = platform.configuration()
        role = "amount" if sql_type == "numeric" else "user_id"
        stream = configuration.streams["xp"]
        mapped = stream.model_copy(update={"columns": {**stream.columns, role: "user_id"}})
        found = []
        for spelled in (value, other):
            platform.run(f"update {{xp}} set user_id = {spelled}")
            with open_stream(configuration, mapped) as reader:
                found.append(reader.figures(FIRST, FIRST)["2026-06-01"]["checksum"])
        assert found[0] != found[1], (sql_type, value, other)


def test_twelve_months_are_not_360_days(postgres_url: str, tmp_path: Path) -> None:
    """PostgreSQL takes these intervals for equal, and a session of their lengths is 5.25 days longer or not."""
    with server_platform(postgres_url, tmp_path) as platform:
        platform.make("users", USERS_TYPES)
        platform.make("sessions", {**SESSIONS_TYPES, "ended_at": "interval"}, [("a", "ann", NOON, "12 months")])
        configuration = platform.configuration()
        stream = configuration.streams["sessions"]
        columns = {name: column for name, column in stream.columns.items() if name != "ended_at"}
        mapped = stream.model_copy(update={"columns": {**columns, "duration": "ended_at"}})
        found = []
        for length in ("12 months", "360 days", "8640 hours"):
            platform.run(f"update {{sessions}} set ended_at = '{length}'")
            with open_stream(configuration, mapped) as reader:
                found.append(reader.figures(FIRST, FIRST)["2026-06-01"]["checksum"])
        assert found[0] != found[1] == found[2]


def test_figures_are_the_same_in_any_order_of_the_rows(platform: Platform) -> None:
    """Floats too, whose sum depends on the order in which they are added."""
    rows = [(f"e{n}", "ann", NOON, amount, None) for n, amount in enumerate([1e15, 0.1, 0.2, 0.3, -1e15, 1e300, 7.0])]
    platform.make("xp", {**XP, "amount": "double precision"}, rows)
    configuration = platform.configuration()
    before = figures(configuration, "xp")
    platform.make("xp", {**XP, "amount": "double precision"}, rows[::-1])
    assert figures(configuration, "xp") == before


@pytest.mark.parametrize("largest", [10**12, 2**63 - 1])
def test_sums_of_amounts_are_exact_and_overflow_nothing(platform: Platform, largest: int) -> None:
    """What is no amount (R19) is not in SQLite's."""
    platform.make(
        "xp", XP, [("small", "ann", NOON, 1, None), *[(f"e{n}", "ann", NOON, largest, None) for n in range(3)]]
    )
    (found,) = figures(platform.configuration(), "xp").values()
    is_left_out = platform.is_sqlite and largest > 10**12
    assert int(found["amount"]) == (1 if is_left_out else 3 * largest + 1)


def test_attempts_that_were_passed_are_counted_and_sessions_have_a_checksum(platform: Platform) -> None:
    platform.make("quizzes", QUIZZES_TYPES, [("1", "ann", NOON, 1), ("2", "ann", NOON, 0), ("3", "ann", NOON, None)])
    platform.make("sessions", SESSIONS_TYPES, [("1", "ann", NOON, None)])
    configuration = platform.configuration()
    (quizzes,) = figures(configuration, "quizzes").values()
    assert (quizzes["rows"], quizzes["passed"]) == ("3", "1")
    (before,) = figures(configuration, "sessions").values()
    platform.run("update {sessions} set ended_at = started_at")
    (after,) = figures(configuration, "sessions").values()
    assert (before["rows"], after["rows"]) == ("1", "1")
    assert before["checksum"] != after["checksum"]


def test_a_landing_says_what_its_source_said(platform: Platform) -> None:
    """A day without rows says so; where text orders otherwise than instants, it says it of the days beside it."""
    platform.make("xp", XP_TYPES, [*xp_rows(3), *xp_rows(2, FIRST + DAY, prefix="next")])
    configuration = platform.configuration()
    land(Night.of(configuration), configuration.streams["xp"], [FIRST, FIRST + 2 * DAY])
    landings = Lake.of(configuration).landings(configuration)
    rows = {day: {one: said["rows"] for one, said in landing.source.items()} for (_, day), landing in landings.items()}
    if platform.is_sqlite:
        assert rows == {
            FIRST: {"2026-05-31": "0", "2026-06-01": "3", "2026-06-02": "2"},
            FIRST + 2 * DAY: {"2026-06-02": "2", "2026-06-03": "0", "2026-06-04": "0"},
        }
    else:
        assert rows == {FIRST: {"2026-06-01": "3"}, FIRST + 2 * DAY: {"2026-06-03": "0"}}
    assert set(landings["xp", FIRST].columns) == set(XP_TYPES)


def test_a_column_of_two_roles_is_in_the_checksum_twice(tmp_path: Path) -> None:
    """R23: what a landing keeps; another sum would be a drift of every day there is."""
    source = sqlite_platform(tmp_path)
    source.make("users", USERS_TYPES)
    source.make("xp", XP_TYPES, [("a", "ann", NOON, 5), ("b", "bob", NOON, -2)])
    configuration = source.configuration()
    stream = configuration.streams["xp"]
    twice = stream.model_copy(update={"columns": {**stream.columns, "user_id": "event_id"}})
    with open_stream(configuration, twice) as reader:
        assert reader.figures(FIRST, FIRST) == {
            "2026-06-01": {"rows": "2", "amount": "3", "checksum": "9030983678648636049"}
        }
