"""Roles that are mapped by a table or by several columns, and `where`: the same of every database (R1, R19, R20).

The values are awkward on purpose: what is beside a bound, what a collation would take for equal, what is no number.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step1_extract.values.mapped_values import (
    composite_id,
    ended_at,
    is_in,
    is_yes,
    number,
    read_epoch,
    reader_of_amount,
    reader_of_id,
)
from assets.step1_extract.values.values import read_id
from tests.support.platforms.sources import FIRST, PLATFORMS, Platform, night, platform_of, published
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.roles import Mapped
from warehouse.errors import ConfigurationError, SourceDriftError
from warehouse.lake.days import DAY

DAYS = """
select user_id, activity_date::varchar, xp_earned, learning_time, sessions, quizzes, quizzes_passed
from daily_activity order by all
"""
MIDNIGHT = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp())
WHY = r"\w+"  # it says why, each reader in its own words
ANN = UUID("0a000000-0000-4000-8000-00000000000b")


def mapped(**options: object) -> Mapped:
    return Mapped.model_validate({"column": "x", **options})


# --- one value --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0, "s", "1970-01-01T00:00:00"),
        (-1, "ms", "1969-12-31T23:59:59.999000"),
        (1_999, "ns", "1970-01-01T00:00:00.000001"),
        (-1, "ns", "1969-12-31T23:59:59.999999"),
        (1.5, "s", "1970-01-01T00:00:01.500000"),
        (Decimal("0.0000019"), "s", "1970-01-01T00:00:00.000001"),
        ("1793880600", "s", "2026-11-05T12:10:00"),
        (253_402_300_799, "s", "9999-12-31T23:59:59"),
    ],
)
def test_a_number_since_1970_is_an_instant(value: object, unit: str, expected: str) -> None:
    assert read_epoch(value, unit).isoformat() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "now", "nan", "1e400", 253_402_300_800, -62_135_596_801, float("inf"), b"\xff"])
def test_what_is_no_such_number_is_no_instant(value: object) -> None:
    with pytest.raises(ValueError, match=WHY):
        read_epoch(value, "s")


@pytest.mark.parametrize(
    ("amount", "times", "expected"),
    [
        ("0.25", 10, 3),
        ("-0.25", 10, -3),
        ("0.24", 10, 2),
        ("0.1", 3, 0),
        ("0.5", 1, 1),
        ("-0.5", 1, -1),
        ("7", 100, 700),
    ],
)
def test_halves_are_rounded_away_from_zero(amount: str, times: int, expected: int) -> None:
    assert reader_of_amount(mapped(times=times, round="half_up"))(Decimal(amount)) == expected


@pytest.mark.parametrize("value", ["1e17", "-1e99"])
def test_what_no_integer_of_ours_holds_is_no_amount(value: str) -> None:
    """R19: hostile text must neither end the night nor take hours."""
    with pytest.raises(ValueError, match="too large"):
        reader_of_amount(mapped(times=10))(value)


def test_a_product_with_a_fraction_is_no_amount_unless_it_is_rounded() -> None:
    assert reader_of_amount(mapped(times=0.1))(Decimal(30)) == 3, "a decimal, not the float beside it"
    with pytest.raises(ValueError, match="no integer"):
        reader_of_amount(mapped(times=0.1))(Decimal(31))


@pytest.mark.parametrize(
    ("score", "of", "expected"),
    [
        ("0.3", None, True),
        ("0.2" + "9" * 60, None, False),
        (None, None, None),
        (1, None, True),
        ("-1", None, False),
    ],
)
def test_a_score_is_compared_exactly(score: object, of: object, expected: bool | None) -> None:  # noqa: FBT001
    assert is_yes(mapped(at_least=0.3), score, of) is expected


@pytest.mark.parametrize(("score", "of", "expected"), [("3", "10", True), ("2.9", "10", False), ("0", "0.5", False)])
def test_a_score_is_compared_with_its_share_of_the_highest(score: str, of: str, expected: bool) -> None:  # noqa: FBT001
    assert is_yes(mapped(at_least=0.3, of="most"), score, of) is expected


@pytest.mark.parametrize("of", [None, 0, "-1", "many"])
def test_without_a_highest_score_above_zero_nobody_knows(of: object) -> None:
    with pytest.raises(ValueError, match=WHY):
        is_yes(mapped(at_least=0.3, of="most"), 3, of)


def test_lists_of_values_are_exact() -> None:
    flag = mapped(true=["pass", "Y", 1], false=["fail", 0])
    assert [is_yes(flag, value, None) for value in ("pass", b"Y", 1, "1", Decimal("1.00"), True)] == [True] * 6
    assert [is_yes(flag, value, None) for value in ("fail", 0, "0")] == [False] * 3
    for value in ("Pass", "y", "", 2, "pass "):
        with pytest.raises(ValueError, match="in neither list"):
            is_yes(flag, value, None)
    assert is_in("1", ["1"])
    assert not is_in(1, ["1"]), "a text in the list means a text"


def test_every_spelling_of_a_uuid_is_one_id() -> None:
    read = reader_of_id(mapped(**{"as": "uuid"}), read_id)
    spelled = [ANN, ANN.hex, ANN.hex.upper(), str(ANN), str(ANN).upper(), ANN.bytes, ANN.hex.encode()]
    assert {read(value) for value in spelled} == {str(ANN)}


@pytest.mark.parametrize(
    "value", [f"{{{ANN}}}", f"urn:uuid:{ANN}", "7", b"0123456789abcde", " " + "a" * 31, "1_2" + "3" * 29, "\u0663" * 32]
)
def test_what_is_no_uuid_is_unreadable(value: object) -> None:
    with pytest.raises(ValueError, match=WHY):
        reader_of_id(mapped(**{"as": "uuid"}), read_id)(value)


def test_only_a_to_z_are_folded_and_a_prefix_comes_first() -> None:
    assert reader_of_id(mapped(fold_case=True, prefix="B:"), read_id)("ANNÄİ7") == "B:annÄİ7"


def test_a_prefix_stands_before_the_id_that_it_would_be_without_one() -> None:
    """R26, R19: a UUID is lower-cased, and nothing stays nothing."""
    assert reader_of_id(mapped(prefix="B:"), read_id)(str(ANN).upper()) == f"B:{ANN}"
    for options in ({"prefix": "B:"}, {"as": "uuid"}, {"fold_case": True}):
        assert [reader_of_id(mapped(**options), read_id)(value) for value in ("", b"")] == ["", ""]


@given(*[st.lists(st.text(alphabet="ab:\\", max_size=3), min_size=2, max_size=3)] * 2)
def test_two_keys_of_several_columns_are_one_id_only_if_they_are_equal(one: list[str], other: list[str]) -> None:
    """R20: `:` and the backslash in a part are escaped."""
    assert (composite_id(one, read_id) == composite_id(other, read_id)) == (one == other)


def test_a_key_with_a_part_that_is_null_is_none() -> None:
    assert composite_id([1, None], read_id) is None
    assert composite_id([ANN.hex, str(ANN).upper(), 7], read_id) == f"{ANN.hex}:{ANN}:7", "each part by R26"


def test_a_session_ends_after_its_length() -> None:
    start = datetime(2026, 1, 1)
    assert ended_at(start, 1_800_000_000_000, "ns") == datetime(2026, 1, 1, 0, 30)
    assert ended_at(start, None, "s") is None
    assert ended_at(None, 5, "s") is None
    with pytest.raises(ValueError, match="too long"):
        ended_at(start, 10**18, "s")


@pytest.mark.parametrize(
    "value", ["abc", "NaN", "Infinity", "", "1e101", "1e-101", "1e999999999", "9" * 101, "1_0", "\u0663", b"2_0"]
)
def test_a_number_is_finite(value: str) -> None:
    with pytest.raises(ValueError, match=WHY):
        number(value)


# --- whole nights -----------------------------------------------------------------------------------------------------

ROLES = """
[streams.users]
kind = "users"
source = "platform"
table = "{schema}learners"
columns = {{ user_id = {{ column = "uid", as = "uuid" }}, is_deleted = {{ column = "state", true = ["gone"] }} }}

[streams.xp]
kind = "xp"
source = "platform"
table = "{schema}happened"
where = [
    {{ column = "state", is = ["done", "it's; -- %s :x"] }},
    {{ column = "kind", is_not = ["test"] }},
    {{ column = "score", not_null = true, at_least = -5.5, below = 100 }},
]
[streams.xp.columns]
event_id = ["learner", "lesson"]
user_id = {{ column = "uid", as = "uuid" }}
occurred_at = {{ column = "at", unit = "ms", never = [0] }}
amount = {{ column = "score", times = 10, round = "half_up" }}

[streams.tries]
kind = "quizzes"
source = "platform"
table = "{schema}happened"
[streams.tries.columns]
event_id = "id"
user_id = {{ column = "uid", as = "uuid" }}
occurred_at = {{ column = "at", unit = "ms", never = [0] }}
passed = {{ column = "score", at_least = 0.5, of = "most" }}
"""
# id, learner, lesson, uid, at, state, kind, score, most
HAPPENED = [
    (1, "a", "1", ANN.hex.upper(), MIDNIGHT * 1000, "done", None, "0.25", "0.5"),
    (2, "a:1", "", str(ANN), MIDNIGHT * 1000 + 86_399_999, "done", "real", "-0.25", "1"),
    (3, "a", "1:", ANN.hex, MIDNIGHT * 1000 + 86_400_000, "it's; -- %s :x", "Test", "7", "14"),  # the next day
    (4, "b", "1", ANN.hex, MIDNIGHT * 1000 + 1, "DONE", "real", "50", "50"),  # another state, by its bytes
    (5, "b", "2", ANN.hex, MIDNIGHT * 1000 + 1, "done ", "real", "50", "50"),  # and so is this
    (6, "b", "3", ANN.hex, MIDNIGHT * 1000 + 1, "done", "test", "50", "50"),
    (7, "b", "4", ANN.hex, MIDNIGHT * 1000 + 1, "done", "real", None, "50"),  # no XP, and nobody knows whether passed
    (8, "b", "5", ANN.hex, 0, "done", "real", "50", "50"),  # not yet
    (9, "b", "6", ANN.hex, None, "done", "real", "50", "50"),  # no day, twice in quarantine
    (10, "b", "7", ANN.hex, 10**17, "done", "real", "50", "50"),  # far away
    (11, None, "8", ANN.hex, MIDNIGHT * 1000 + 1, "done", "real", "50", "0"),  # no key, and no highest score
    (12, "b", "9", "no uuid", MIDNIGHT * 1000 + 1, "done", "real", "50", "50"),
    (13, "b", "10", ANN.hex, MIDNIGHT * 1000 + 1, "done", "real", "100", "100"),  # not below
]
TYPES = (
    "id integer, learner {text}, lesson {text}, uid {text}, at bigint, state {text}, kind {text}, "
    "score numeric(20, 4), most numeric(20, 4)"
)


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        text = "varchar(100)" if found.is_mariadb else "text"
        schema = f"{found.schema}." if found.schema else ""
        found.run(
            f"create table {schema}learners (uid {text}, state {text})",
            f"insert into {schema}learners values ('{ANN.hex}', 'here'), ('{UUID(int=7)}', 'gone')",
            f"create table {schema}happened ({TYPES.format(text=text)})",
        )
        with found.changing() as connection:
            marks = ", ".join(["?" if found.is_sqlite else "%s"] * 9)
            for row in HAPPENED:
                connection.exec_driver_sql(f"insert into {schema}happened values ({marks})", row)
        yield found


def configured(platform: Platform, roles: str = ROLES) -> Configuration:
    place = platform.folder / "pulse.toml"
    head = f'[pulse]\nfirst_day = {FIRST}\nquarantine_budget = 1.0\n[sources.platform]\nurl = "{platform.url}"\n'
    schema = f"{platform.schema}." if platform.schema else ""
    place.write_text(head + roles.format(schema=schema), encoding="utf-8")
    return load(place, uses=["sources"])


def test_a_night_by_tables_counts_what_they_say_and_reconciling_finds_nothing(platform: Platform) -> None:
    """R1, R19, R20, R23: XP of rows 1 to 3; attempts of 1 to 6 and 13 of two days; the rest in quarantine."""
    configuration = configured(platform)
    assert night(configuration, FIRST + DAY, "accept_quarantine") is not None
    assert published(configuration, DAYS) == [
        (str(ANN), str(FIRST), 0, 0, 0, 6, 5),  # XP: 3 and -3
        (str(ANN), str(FIRST + DAY), 70, 0, 0, 1, 1),
    ]
    assert published(configuration, "select user_id from users") == [(str(ANN),)]
    assert published(configuration, "select stream, reason, count(*) from quarantine group by all order by all") == [
        ("tries", "bad_passed", 2),
        ("tries", "bad_text", 1),
        ("tries", "missing_time", 2),
        ("xp", "bad_text", 1),
        ("xp", "missing_id", 1),
        ("xp", "missing_time", 2),
    ]
    assert compare(Night.of(configuration)).drifts == []


@pytest.mark.parametrize(
    "column", ["state = 'void' where id = 1", "score = 0.5 where id = 1", "kind = 'test' where id = 2"]
)
def test_what_a_filter_looks_at_is_compared_too(platform: Platform, column: str) -> None:
    """R23: the checksum has every raw column that is used."""
    configuration = configured(platform)
    assert night(configuration, FIRST + DAY, "accept_quarantine") is not None
    schema = f"{platform.schema}." if platform.schema else ""
    platform.run(f"update {schema}happened set {column}")
    assert "xp" in {drift.landing.stream for drift in compare(Night.of(configuration)).drifts}


def test_a_length_instead_of_an_end(platform: Platform) -> None:
    """R7: two sessions that overlap by ten seconds, and one without a length."""
    sessions = """
[streams.users]
kind = "users"
source = "platform"
table = "{schema}learners"
columns = {{ user_id = {{ column = "uid", as = "uuid" }} }}
[streams.visits]
kind = "sessions"
source = "platform"
table = "{schema}happened"
where = [{{ column = "id", is = [1, 4, 7] }}]
[streams.visits.columns]
event_id = "id"
user_id = {{ column = "uid", as = "uuid" }}
started_at = {{ column = "at", unit = "ms" }}
duration = {{ column = "score", unit = "s" }}
"""
    configuration = configured(platform, sessions)
    assert night(configuration, FIRST) is not None
    assert published(configuration, DAYS) == [(str(ANN), str(FIRST), 0, 50, 3, 0, 0)]


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('unit = "ms", never', 'unit = "days", never', "columns.occurred_at.unit: "),
        ('column = "score", times = 10', "times = 10", "columns.amount: a role has a column, or a value"),
        ('at_least = 0.5, of = "most"', 'of = "most"', "columns.passed: of needs at_least"),
        ("times = 10, round", "round", "columns.amount: round needs times"),
        (
            'times = 10, round = "half_up"',
            'unit = "s"',
            'columns: amount takes no "unit", but column, times, round, value',
        ),
        ('amount = {{ column = "score"', 'amount = ["score", "most"] #', "columns: amount is no id"),
        (", not_null = true, at_least = -5.5, below = 100", "", "where.2: it asks nothing"),
        ("is_not", "isnt", "where.1.isnt: unknown key"),
        ('event_id = ["learner", "lesson"]', "event_id = []", "columns.event_id: "),
    ],
)
def test_a_mapping_that_means_nothing_is_a_mistake(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    assert old in ROLES
    with pytest.raises(ConfigurationError) as caught:
        configured(Platform(f"sqlite:///{tmp_path}/x", tmp_path), ROLES.replace(old, new))
    assert any(f"streams.xp.{mistake}" in line or f"streams.tries.{mistake}" in line for line in caught.value.mistakes)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"kind", is_not', '"sort", is_not', 'column "sort" (where) is not in '),
        ('of = "most"', 'of = "best"', 'column "best" (passed.of) is not in '),
        ('"learner", "lesson"', '"learner", "chapter"', 'column "chapter" (event_id.2) is not in '),
    ],
)
def test_a_column_that_is_not_there_is_named_with_what_it_is_for(
    platform: Platform, old: str, new: str, words: str
) -> None:
    """FAULTS 20."""
    assert old in ROLES
    with pytest.raises(SourceDriftError) as caught:
        night(configured(platform, ROLES.replace(old, new)), FIRST)
    assert words in str(caught.value)


def test_dates_of_toml_are_texts_and_fractions_are_exact() -> None:
    assert Mapped.model_validate({"column": "x", "never": [date(2026, 1, 1), 0.1]}).never == (
        "2026-01-01",
        Decimal("0.1"),
    )
