"""A source that keeps its rows for some days only: what has landed before stays, whatever the source has now (R23)."""

from datetime import date

import pytest

from assets.all_steps import publish_lake, run_night
from assets.night.night import Night
from assets.night.progress import Progress
from assets.reconcile.compare import compare
from assets.reconcile.reconcile import reconcile
from assets.step0_plan.plan import Run, days_to_extract, first_partition
from pipelines.command_line import cli
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    QUIZZES_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Notes,
    Platform,
    lake_files,
    night,
    published,
    xp_by_day,
    xp_rows,
)
from tests.support.running.replay import GUARDS
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ShrinkError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

LAST = FIRST + 9 * DAY
KEPT = [FIRST + n * DAY for n in range(4)]  # of the night of LAST: older than five days
KEEPS = "keeps_days = 5"
TWENTY_A_DAY = {FIRST + n * DAY: 20 for n in range(10)}


def configured(platform: Platform, keys: str = KEEPS, **pulse: object) -> Configuration:
    """Write the `pulse.toml` with more keys of the stream `xp`."""
    file = platform.configuration(lookback_days=1, **pulse).path
    text = file.read_text(encoding="utf-8").replace("[streams.xp]\n", f"[streams.xp]\n{keys}\n")
    file.write_text(text, encoding="utf-8")
    return load(file, uses=["sources"])


def landed_and_purged(platform: Platform, keys: str = KEEPS, zone: str | None = "UTC") -> Configuration:
    """Publish ten days of twenty XP of a learner; then the source purges what is older than five days."""
    platform.make("users", USERS_TYPES, [("ann", zone)])
    platform.make("xp", XP_TYPES, [row for n in range(10) for row in xp_rows(20, FIRST + n * DAY, prefix=f"d{n}e")])
    configuration = configured(platform, keys)
    night(configuration, LAST)
    platform.run(*(f"delete from {{xp}} where event_id like 'd{n}e%'" for n in range(len(KEPT))))
    return configuration


def read_by(configuration: Configuration, run: Run) -> list[date]:
    return days_to_extract(Night.of(configuration), run, configuration.streams["xp"])


@pytest.mark.slow
def test_what_a_source_has_purged_is_read_by_no_run_and_stays(platform: Platform) -> None:
    """Nights, backfills and reconciliations; a backfill says what it leaves alone."""
    configuration, notes = landed_and_purged(platform), Notes()
    before = lake_files(configuration)
    night(configuration, LAST + DAY)
    backfill = Run(FIRST, FIRST + 2 * DAY)
    run_night(Night.of(configuration, Progress(notes)), backfill)
    assert read_by(configuration, backfill) == []
    assert [line for line in notes.lines if line.startswith("xp: 3 days up to 2026-06-03 stay as they landed")]
    comparison, restated = reconcile(Night.of(configuration))
    assert (comparison.drifts, restated) == ([], None)
    assert not {day for _, day in comparison.proven} & {*KEPT}
    assert xp_by_day(configuration) == TWENTY_A_DAY
    of_kept = [f"xp/{day}.parquet" for day in KEPT]
    assert [name for name in of_kept if lake_files(configuration)[name] != before[name]] == []


def test_a_day_is_purged_when_it_is_older_than_keeps_days_before_the_runs_last_day(sqlite_source: Platform) -> None:
    configuration = landed_and_purged(sqlite_source)
    assert read_by(configuration, Run(FIRST, LAST)) == [FIRST + n * DAY for n in range(4, 10)]
    assert read_by(configuration, Run(FIRST, LAST + 3 * DAY)) == [FIRST + n * DAY for n in range(7, 13)]


def test_without_the_key_purged_days_shrink_and_drift(sqlite_source: Platform) -> None:
    """The spurious case: the very same purge, of a stream that does not say so."""
    configuration = landed_and_purged(sqlite_source, "")
    with pytest.raises(ShrinkError):
        run_night(Night.of(configuration), Run(FIRST, LAST))
    assert {*KEPT} <= {drift.landing.day for drift in compare(Night.of(configuration)).drifts}


def test_what_has_never_landed_is_read_however_old(sqlite_source: Platform) -> None:
    """The first night reads all days since `first_day`: nobody else knows what the source has of them."""
    configuration = landed_and_purged(sqlite_source)
    Lake.of(configuration).landing("xp", FIRST + DAY).unlink()
    assert read_by(configuration, Run(LAST + DAY, LAST + DAY)) == [FIRST + DAY, LAST, LAST + DAY]


@pytest.mark.slow
def test_another_mapping_leaves_purged_days_as_they_landed_and_says_how_many(
    sqlite_source: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    landed_and_purged(sqlite_source)
    filtered = f"{KEEPS}\nwhere = [{{ column = 'amount', at_least = 0 }}]"
    configuration, notes = configured(sqlite_source, filtered), Notes()
    version = Warehouse.of(configuration).current()
    assert publish_lake(Night.of(configuration)) is None  # nothing of today's source has landed under this mapping
    assert Warehouse.of(configuration).current() == version
    tonight = Run(LAST + DAY, LAST + DAY)
    assert first_partition(Night.of(configuration), tonight) == FIRST + 5 * DAY
    night(configuration, LAST + DAY, listener=notes)
    line = "xp: 5 days up to 2026-06-05 keep an earlier mapping, because the source keeps 5 days"
    assert [text for text in notes.lines if "mapping" in text] == [line]
    assert xp_by_day(configuration) == TWENTY_A_DAY
    night(configuration, LAST + DAY, listener=notes)
    assert notes.lines.count(line) == 1
    assert cli.main(["status", "--config", str(configuration.path)]) == 0
    assert f"kept          {line}\n" in capsys.readouterr().out


def test_the_key_itself_is_no_other_mapping(sqlite_source: Platform) -> None:
    landed_and_purged(sqlite_source)
    configuration = configured(sqlite_source, "keeps_days = 4\nmoves = true")
    assert read_by(configuration, Run(LAST + DAY, LAST + DAY)) == [LAST, LAST + DAY]


@pytest.mark.slow
def test_an_operator_may_have_purged_days_read_all_the_same(sqlite_source: Platform) -> None:
    """Only those that were asked for, and not what a lookback would add."""
    configuration = landed_and_purged(sqlite_source)
    wanted = Run(FIRST + 2 * DAY, FIRST + 2 * DAY, accepted=("accept_shrink",))
    assert read_by(configuration, wanted) == [FIRST + 2 * DAY]
    run_night(Night.of(configuration), wanted)
    assert xp_by_day(configuration) == {day: xp for day, xp in TWENTY_A_DAY.items() if day != FIRST + 2 * DAY}
    assert read_by(configuration, Run(LAST, LAST, accepted=("accept_shrink",))) == [LAST - DAY, LAST]


@pytest.mark.slow
def test_another_default_zone_restates_purged_days_too(sqlite_source: Platform) -> None:
    landed_and_purged(sqlite_source, zone=None)
    sqlite_source.run("insert into {xp} select 'more', user_id, '2026-06-10T12:00:00Z', 5 from {xp} limit 1")
    configuration = configured(sqlite_source, default_timezone='"America/New_York"')
    night(configuration, LAST + DAY, "accept_shrink")
    assert xp_by_day(configuration) == {**{day - DAY: xp for day, xp in TWENTY_A_DAY.items()}, LAST: 5}
    restated = published(configuration, "select activity_date, old, new from restatements where reason = 'zone'")
    assert (FIRST - DAY, 0, 20) in restated


def test_days_that_landed_as_another_kind_are_not_kept(sqlite_source: Platform) -> None:
    """They have none of the values that the kind needs, so they are read again."""
    landed_and_purged(sqlite_source)
    file = configured(sqlite_source).path
    as_quizzes = (
        file.read_text(encoding="utf-8").replace('kind = "xp"', 'kind = "quizzes"').replace("amount =", "passed =")
    )
    file.write_text(as_quizzes, encoding="utf-8")
    configuration = load(file, uses=["sources"])
    assert read_by(configuration, Run(LAST, LAST)) == list(TWENTY_A_DAY)


@pytest.mark.slow
def test_where_all_days_up_to_the_newest_are_purged_nothing_is_compared(sqlite_source: Platform) -> None:
    """Another stream is behind, so the newest day is one that this source has no more."""
    landed_and_purged(sqlite_source)
    sqlite_source.make("quizzes", QUIZZES_TYPES)
    configuration = configured(sqlite_source)
    run_night(Night.of(configuration), Run(FIRST, FIRST + DAY, ("quizzes",), GUARDS))
    assert Night.of(configuration).newest_day == FIRST + DAY
    assert {stream for stream, _ in compare(Night.of(configuration)).proven} == {"quizzes"}
