"""No check passes by saying nothing: FAULTS 43.

Every check is broken once on purpose in a version that was really built, and fails by its name. Every check says what
it compared; one that does not report, or that nobody knows, fails.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step4_roll_up.activity import roll_up
from assets.step5_build.build import build
from assets.step6_check import check as checking
from assets.step6_check.check import refuse_failures
from assets.step6_check.check_list import CHECK_LIST, Outcome
from tests.assets.step6_check.built_version import Place, place_of
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, FIRST_NIGHT, SECOND
from warehouse import engine
from warehouse.errors import CheckFailedError, PulseError
from warehouse.identifiers import user_key
from warehouse.lake.footers import PARQUET, Footers
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing
from warehouse.versions import schema
from warehouse.versions.lookup_file import Record
from warehouse.versions.versions import Warehouse

NAMES = [check.name for check in CHECK_LIST]
UNDATED = "insert into quarantine select '{}', null, 'id ' || n, 'missing_time', '{}' from range({}) as numbers (n)"


@pytest.fixture
def place(nights: Path, tmp_path: Path) -> Place:
    """What the second night landed, built while readers still get the first version: every landing is new."""
    configuration = small_platform.copied(nights, tmp_path, FIRST)
    limits = configuration.pulse.model_copy(update={"shrink_base": 1, "by_stream": True})
    configuration = configuration.model_copy(update={"pulse": limits})
    roll_up(Night.of(configuration))
    built = build(Night.of(configuration), "every day is to be counted")
    assert built is not None
    return place_of(configuration, built)


def hash_of_another(place: Place) -> None:
    with duckdb.connect(str(place.file)) as connection:
        connection.execute("update version_info set logical_hash = 'another'")


def record_of_more(place: Place) -> None:
    """The look-up file says that Ben has one XP more on each date."""
    xp = 1 << 32

    def with_more(key: int, record: Record) -> Record:
        codes = struct.unpack(f"<{len(record.codes) // 8}q", record.codes) if key == user_key("ben") else ()
        return record._replace(codes=struct.pack(f"<{len(codes)}q", *(code + xp for code in codes)) or record.codes)

    place.rewrite_lookup_file(with_more)


def landing_of_more(place: Place) -> None:
    """A landing says that it has one XP event more than it has."""
    file = Lake.of(place.configuration).landing("xp_events", FIRST_NIGHT)
    said = Footers().content(file)
    said["sums"]["events"] += 1
    beside = file.with_suffix(".beside")
    with duckdb.connect() as connection:
        copy = f"copy (select * from read_parquet($file)) to $beside ({PARQUET})"
        connection.execute(copy, {"file": str(file), "beside": str(beside), "about": json.dumps(said)})
    beside.replace(file)
    assert Landing.from_json(Footers().texts([file])[file]).sums["events"] == said["sums"]["events"]


def sum_of_more(place: Place) -> None:
    """The sums of the version say that there was one session more on a day."""
    file = Warehouse.of(place.configuration).building_sums(place.built.version)
    beside, said = file.with_suffix(".beside"), Footers().texts([file])[file]
    with duckdb.connect() as connection:
        more = f"* replace (if(day = '{FIRST_NIGHT}', sessions + 1, sessions) as sessions) from read_parquet($file)"
        copy = f"copy (select {more}) to $beside ({PARQUET})"
        connection.execute(copy, {"file": str(file), "beside": str(beside), "about": said})
    beside.replace(file)


def stream_of_less(place: Place) -> None:
    """Activity has lost what Ben has of the stream of quizzes."""
    file = Lake.of(place.configuration).activity(FIRST_NIGHT)
    beside, said = file.with_suffix(".beside"), Footers().texts([file])[file]
    fewer = "if(user_id = 'ben', list_filter(streams, lambda part: part.stream <> 'quiz_attempts'), streams)"
    with duckdb.connect() as connection:
        copy = f"copy (select * replace ({fewer} as streams) from read_parquet($file)) to $beside ({PARQUET})"
        connection.execute(copy, {"file": str(file), "beside": str(beside), "about": said})
    beside.replace(file)


def learners(place: Place, select: str) -> None:
    """Write the landed learners anew, as a select of them has them."""
    file = Lake.of(place.configuration).users
    beside, said = file.with_suffix(".beside"), Footers().texts([file])[file]
    with duckdb.connect() as connection:
        copy = f"copy (select {select}) to $beside ({PARQUET})"
        connection.execute(copy, {"file": str(file), "beside": str(beside), "about": said})
    beside.replace(file)


def strangers(place: Place) -> None:
    """All but one of the learners are not among the users that have landed."""
    learners(place, "* from read_parquet($file) where user_id = 'idle'")


def everybody_deleted(place: Place) -> None:
    learners(place, "* replace (true as is_deleted) from read_parquet($file)")


def most_deleted(place: Place) -> None:
    learners(place, "* replace (user_id <> 'idle' as is_deleted) from read_parquet($file)")


def changed(statement: str) -> Callable[[Place], None]:
    return lambda place: place.change(statement)


OF_DAYS = {
    *("streaks_equal_days", "xp_totals_equal_days", "years_equal_days", "week_equals_days", "streams_equal_days"),
}
# What breaks each check, and which others have to notice it too.
BREAKS: dict[str, tuple[Callable[[Place], None], set[str]]] = {
    "readable": (hash_of_another, {"lookup_file_equals_tables"}),
    "no_day_missing": (changed(f"delete from landings where stream = 'sessions' and day = '{FIRST_NIGHT}'"), set()),
    "unique_learner_dates": (
        changed("insert into users select * from users where user_id = 'idle'"),
        set(),
    ),
    "nothing_null": (
        changed("update pulse_totals set cut_2 = null where user_id = 'ben'"),
        {"lookup_file_equals_tables"},
    ),
    "levels_on_active_days": (
        changed(
            "update learning_pulse set activity_date = activity_date - 7 where user_id = 'ben' and "
            "activity_date = (select min(activity_date) from learning_pulse where user_id = 'ben')"
        ),
        {"lookup_file_equals_tables", "xp_of_last_week_kept", "seconds_of_last_week_kept"},
    ),
    "totals_equal_days": (
        changed("update pulse_totals set total_sessions = total_sessions + 1 where user_id = 'ben'"),
        {"lookup_file_equals_tables"},
    ),
    "streaks_equal_days": (
        changed("update streaks set longest_streak = longest_streak + 1 where user_id = 'ben'"),
        {"lookup_file_equals_tables"},
    ),
    "xp_totals_equal_days": (
        changed("update xp_totals set total_xp = total_xp + 1 where user_id = 'ben'"),
        {"lookup_file_equals_tables"},
    ),
    "years_equal_days": (changed("update yearly_totals set total_sessions = total_sessions + 1"), set()),
    "week_equals_days": (changed("delete from weekly_activity where user_id = 'ben'"), set()),
    "streams_equal_days": (
        changed("update activity_by_stream set learning_time = learning_time - 1 where learning_time > 0"),
        set(),
    ),
    "landings_equal_streams": (stream_of_less, set()),
    "zones_of_learners": (changed("update zones_over_time set timezone = 'Asia/Dubai' where user_id = 'ben'"), set()),
    "lookup_file_equals_tables": (record_of_more, set()),
    "landings_equal_activity": (landing_of_more, set()),
    "sums_equal_activity": (sum_of_more, set()),
    "activity_equals_version": (changed("update version_info set read_xp = read_xp + 1"), set()),
    "restatements_equal_days": (
        changed(
            "insert into restatements select user_key, user_id, activity_date, 'xp_earned', 0, xp_earned + 1, "
            "(select version from version_info), 'source' from daily_activity limit 1"
        ),
        set(),
    ),
    "quarantine_within_budget": (changed(UNDATED.format("xp_events", '{"occurred_at": "soon"}', 21)), set()),
    "instants_filled": (changed(UNDATED.format("sessions", '{"started_at": null}', 5)), set()),
    "unknown_within_bounds": (strangers, {"activity_equals_version", "sums_equal_activity"}),
    "learners_left": (everybody_deleted, {"activity_equals_version", "sums_equal_activity"}),
    "deleted_within_bounds": (most_deleted, {"activity_equals_version", "sums_equal_activity"}),
    "rows_kept": (
        changed("delete from daily_activity where activity_date < '2025-12-31'"),
        {"levels_on_active_days", "activity_equals_version", *OF_DAYS},
    ),
    "learners_kept": (
        changed("delete from users where user_id <> 'ben'"),
        {
            *("unique_learner_dates", "lookup_file_equals_tables", "activity_equals_version"),
            *("streaks_equal_days", "xp_totals_equal_days", "zones_of_learners", "streams_equal_days"),
        },
    ),
    "xp_of_last_week_kept": (
        changed("update learning_pulse set xp_earned = 1"),
        {"levels_on_active_days", "totals_equal_days", "lookup_file_equals_tables"},
    ),
    "seconds_of_last_week_kept": (
        changed("update learning_pulse set learning_time = 1"),
        {"levels_on_active_days", "totals_equal_days", "lookup_file_equals_tables"},
    ),
}
LET_THROUGH = {
    "accept_shrink": {
        "learners_left",
        "deleted_within_bounds",
        "rows_kept",
        "learners_kept",
        "xp_of_last_week_kept",
        "seconds_of_last_week_kept",
    },
    "accept_quarantine": {"quarantine_within_budget", "instants_filled"},
}


def test_no_check_is_left_out() -> None:
    """FAULTS 43."""
    assert sorted(BREAKS) == sorted(NAMES)
    assert len(NAMES) == len(set(NAMES)) > 16


@pytest.mark.parametrize("name", NAMES)
def test_a_version_broken_on_purpose_fails_by_the_name_of_the_check(place: Place, name: str) -> None:
    """FAULTS 43: and is not published, with the name in the line."""
    break_it, others = BREAKS[name]
    break_it(place)
    outcomes = place.outcomes()
    assert {each for each, outcome in outcomes.items() if not outcome.passed} == {name} | others
    assert outcomes[name].violations > 0
    assert outcomes[name].example
    with pytest.raises(CheckFailedError, match=f"{place.built.version} was not published: .*check {name} found"):
        refuse_failures(place.built.version, list(outcomes.values()))
    guards = {guard for guard, names in LET_THROUGH.items() if name in names}
    for guard in guards:
        let_through = place.outcomes(guard)
        assert let_through[name].passed
        assert let_through[name].compared == "let through"
    assert all(name in place.failing(guard) for guard in LET_THROUGH.keys() - guards)


def test_every_check_says_what_it_compared(place: Place) -> None:
    """FAULTS 43: rows, counted by hand from `tests/support/platforms/small_platform.py`."""
    found = place.outcomes()
    assert {name: outcome.violations for name, outcome in found.items()} == dict.fromkeys(NAMES, 0)
    assert {name: outcome.compared for name, outcome in found.items()} == {
        "readable": f"{sum(schema_rows(place))} rows",
        "no_day_missing": "9 rows",  # three streams, three days
        "unique_learner_dates": "30 rows",  # nine active dates twice, six learners twice
        "nothing_null": "30 rows",
        "levels_on_active_days": "18 rows",
        "totals_equal_days": "6 rows",
        "lookup_file_equals_tables": "6 rows",
        "streaks_equal_days": "6 rows",
        "xp_totals_equal_days": "6 rows",
        "years_equal_days": "5 rows",
        "week_equals_days": "9 rows",
        "streams_equal_days": "13 rows",
        "landings_equal_streams": "9 rows",
        "zones_of_learners": "6 rows",
        "landings_equal_activity": "9 rows",
        "activity_equals_version": "9 rows",
        "sums_equal_activity": "3 rows",  # all days: the version was built in full
        "restatements_equal_days": "0 rows",
        "quarantine_within_budget": "22 rows",  # what all streams have, and six users
        "instants_filled": "2 rows",  # XP of the day that the published version lacks
        "unknown_within_bounds": "16 rows",
        "rows_kept": "1 rows",
        "learners_kept": "1 rows",
        "learners_left": "6 rows",
        "deleted_within_bounds": "6 rows",
        "xp_of_last_week_kept": "2 rows",  # two dates
        "seconds_of_last_week_kept": "2 rows",
    }


def schema_rows(place: Place) -> list[int]:
    with (
        engine.connect(place.configuration.data_dir / "tmp") as connection,
        engine.attached(connection, place.file, "version"),
    ):
        return list(schema.row_counts(connection, "version").values())


def test_without_a_version_before_the_guards_say_so(nights: Path, tmp_path: Path) -> None:
    """FAULTS 43."""
    import shutil

    configuration = small_platform.copied(nights, tmp_path, None)
    shutil.rmtree(Warehouse.of(configuration).root)
    roll_up(Night.of(configuration))
    built = build(Night.of(configuration))
    assert built is not None
    found = place_of(configuration, built).outcomes()
    assert {name for name, outcome in found.items() if outcome.compared == "nothing before"} == {
        "rows_kept",
        "learners_kept",
        "xp_of_last_week_kept",
        "seconds_of_last_week_kept",
    }, "the two of deleted learners look at the first version too"
    assert {name for name, outcome in found.items() if outcome.compared == "not by stream"} == {
        "streams_equal_days",
        "landings_equal_streams",
    }
    assert all(outcome.passed for outcome in found.values())


def test_a_check_that_the_sql_does_not_answer_keeps_the_version_from_readers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 43: as after a change of the question that loses the answer."""
    monkeypatch.setattr(checking, "ASK", checking.ASK + " having false")
    with pytest.raises(CheckFailedError, match=r"instants_filled found 1 \(such as 0 reports\): this is a fault"):
        publish_lake(Night.of(place.configuration))
    assert Warehouse.of(place.configuration).current() == FIRST


def test_dagster_shows_what_was_compared() -> None:
    """FAULTS 43: of a check that passed, that failed, and of one before anything is built."""
    from assets.step6_check.asset import _check_result, _unneeded

    one = CHECK_LIST[0]
    shown = _check_result(Outcome(one, 0, None, "12 rows"))
    assert shown.passed
    assert shown.metadata["compared"].value == "12 rows"
    not_built = list(_unneeded(CHECK_LIST))
    assert [result.check_name for result in not_built] == NAMES
    assert {result.metadata["compared"].value for result in not_built} == {"nothing"}


# --- what else must not take absence for fine -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"salt": "x", "sha256": "abc"}',
        '{"salt": "", "sha256": ["no sum"]}',
        '{"salt": "x"}',
        '{"salt": "", "sha256": null}',
        "é",
    ],
)
def test_a_build_refuses_a_list_of_the_erased_that_cannot_be_read(place: Place, content: str) -> None:
    """FAULTS 43: it would bring erased learners back, had their rows been restored from a backup."""
    lake = Lake.of(place.configuration)
    lake.suppressed.write_text(content, encoding="utf-8")
    with pytest.raises(PulseError, match=r"the list of erased learners .* cannot be read .*; restore it from a backup"):
        publish_lake(Night.of(place.configuration))
    assert Warehouse.of(place.configuration).current() == FIRST


def test_published_versions_that_cannot_be_read_are_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 43: a good version heals a bad one, and says that nothing could be compared with it."""
    warehouse = Warehouse.of(place.configuration)
    for version in (FIRST, SECOND):
        warehouse.file(version).chmod(0o644)
        warehouse.file(version).write_bytes(b"garbage")
    outcomes = place.outcomes()
    assert outcomes["rows_kept"].compared == "nothing before"
    assert [line.partition(",")[0] for line in place.notes.lines] == [
        f"version {version} cannot be read" for version in (FIRST, SECOND)
    ]
    assert capsys.readouterr().out == ""
