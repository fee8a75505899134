"""A clock that was wrong once: what a night under it has landed is moved away, and all is as if it had never been."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.night.progress import Listener, Progress
from assets.reconcile.reconcile import reconcile
from assets.step0_plan import clock_ahead
from assets.step0_plan.clock_ahead import find_ahead
from pipelines.command_line import cli
from serve.public.profiles import Profiles
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import (
    FIRST,
    XP_TYPES,
    Notes,
    Platform,
    lake_files,
    night,
    platform_of,
    published,
    sqlite_platform,
    xp_rows,
)
from tests.support.repository import ROOT
from warehouse import clock, engine
from warehouse.configuration.configuration import Configuration
from warehouse.errors import CheckFailedError, ClockError, SourceUnavailableError
from warehouse.lake.days import DAY, newest_day
from warehouse.lake.footers import PARQUET, Footers
from warehouse.lake.lake import Lake
from warehouse.lake.proofs import add_proofs, proofs_in
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

pytestmark = pytest.mark.slow  # rare, and each test is some nights

USERS = {"user_id": "text", "username": "text", "is_public": "boolean", "timezone": "text"}
TODAY = FIRST + 3 * DAY  # the day on which the clock is wrong for a night: it has begun, and has rows
SetClock = Callable[[datetime], None]


def at(day: date, hour: int = 2) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=UTC)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    return lambda instant: monkeypatch.setattr(clock, "now", lambda: instant)


def platform(folder: Path) -> Platform:
    """Two learners who are public, with rows on three days that are over and more of them on the day that is not."""
    folder.mkdir(exist_ok=True)
    source = sqlite_platform(folder)
    source.make("users", USERS, [("ann", "ann", 1, "UTC"), ("bob", "bob", 1, "Asia/Tokyo")])
    source.make("xp", XP_TYPES)
    for n in range(3):
        source.add("xp", xp_rows(2, FIRST + n * DAY, prefix=f"{n}-", user="ann", amount=10))
    source.add("xp", xp_rows(30, TODAY, prefix="today-", user="bob", amount=10))
    return source


def nights(
    source: Platform, set_clock: SetClock, *, ahead: int, later: int, listener: Listener | None = None
) -> tuple[Configuration, Manifest | None]:
    """Run the night before today and, if `ahead`, one by a clock so many days ahead; then the first by a right clock.

    Args:
        source: whose.
        set_clock: sets it.
        ahead: days by which the clock is ahead; 0 for a lake that never saw it.
        later: days after which the next night is run, each of which brings rows.
        listener: is told how far the last night is.
    """
    configuration = source.configuration()
    set_clock(at(TODAY))
    assert night(configuration, TODAY - 2 * DAY)
    if ahead:
        set_clock(at(TODAY + ahead * DAY, 8))
        manifest = night(configuration, TODAY + (ahead - 1) * DAY)
        assert manifest is not None
        assert manifest.version.startswith(f"pulse-{TODAY + (ahead - 1) * DAY}-")
    source.run("update {users} set is_public = 0, timezone = 'America/New_York' where user_id = 'bob'")
    source.add("users", [("cy", "cy", 1, "UTC")])
    for n in range(later):
        source.add("xp", xp_rows(3, TODAY + n * DAY, prefix=f"later-{n}-", user="cy", amount=7))
    set_clock(at(TODAY + later * DAY, 9))
    return configuration, night(configuration, TODAY + (later - 1) * DAY, listener=listener)


@pytest.mark.parametrize(("ahead", "later"), [(3, 0), (30, 12), (30, 0), (5, 1)])
def test_the_next_night_moves_what_is_ahead_away_and_equals_one_that_never_saw_that_clock(
    ahead: int, later: int, set_clock: SetClock, tmp_path: Path
) -> None:
    """FAULTS 54: without a flag; also where the days that were not over have ended since, and were landed empty."""
    _, never = nights(platform(tmp_path / "never"), set_clock, ahead=0, later=later)
    notes = Notes()
    configuration, manifest = nights(platform(tmp_path / "once"), set_clock, ahead=ahead, later=later, listener=notes)
    assert never is not None
    assert manifest is not None
    assert manifest.logical_hash == never.logical_hash
    assert manifest.accepted == ()
    assert Warehouse.of(configuration).current() == manifest.version
    lake, yesterday = Lake.of(configuration), TODAY + (later - 1) * DAY
    assert newest_day(configuration, lake.landings(configuration)) == yesterday
    assert not find_ahead(Night.of(configuration))
    (folder,) = (lake.root / "ahead").iterdir()
    moved = sorted(place.relative_to(folder).as_posix() for place in folder.rglob("*.parquet"))
    last = TODAY + (ahead - 1) * DAY
    # What had not landed yet, and what was looked back to, but for the day of which nothing had changed.
    first = max(FIRST + DAY, min(TODAY - DAY, last - 7 * DAY))
    days = [first + n * DAY for n in range((last - first).days + 1)]
    assert moved == ["profiles.parquet", *(f"xp/{day}.parquet" for day in days), "zones.parquet"]
    lines = [line for line in notes.lines if line.startswith("a clock was ahead once")]
    assert lines == [
        f"a clock was ahead once: {days[0]} to {days[-1]} of xp moved to {folder}; the learners land again"
    ]
    assert published(configuration, "select count(*) from restatements") == [(0,)]


def test_a_learner_who_goes_private_after_it_is_private_at_once(set_clock: SetClock, tmp_path: Path) -> None:
    """FAULTS 54: learners and zones land again by the first right night; no zone is recorded for a day to come."""
    configuration, _ = nights(platform(tmp_path), set_clock, ahead=30, later=0)
    lake = Lake.of(configuration)
    profiles = Profiles(lake.profiles)
    assert [profiles.find(name) for name in ("ann", "bob", "cy")] == [("ann", "ann"), None, ("cy", "cy")]
    zones = duckdb.sql(f"select user_id, zone, from_day from {engine.files([lake.zones])} order by all").fetchall()
    yesterday, before = TODAY - DAY, TODAY - 2 * DAY
    assert zones == [
        ("ann", "UTC", before),
        ("bob", "America/New_York", yesterday),
        ("bob", "Asia/Tokyo", before),
        ("cy", "UTC", yesterday),
    ]


def test_learners_land_again_with_a_run_over_older_days_too(set_clock: SetClock, tmp_path: Path) -> None:
    """FAULTS 54: what a clock that was ahead has landed of the learners counts as none (R3)."""
    source = platform(tmp_path)
    configuration = wrong_night(source, set_clock)
    source.run("update {users} set is_public = 0")
    night(configuration, FIRST, "accept_shrink")
    assert Profiles(Lake.of(configuration).profiles).find("ann") is None


def wrong_night(source: Platform, set_clock: SetClock, ahead: int = 30) -> Configuration:
    """Publish the night before today, then one by a clock that is ahead; leave the clock right."""
    configuration = source.configuration()
    set_clock(at(TODAY))
    night(configuration, TODAY - DAY)
    set_clock(at(TODAY + ahead * DAY, 8))
    night(configuration, TODAY + (ahead - 1) * DAY)
    set_clock(at(TODAY, 9))
    return configuration


def test_status_and_build_name_a_newest_day_that_is_not_over(
    set_clock: SetClock, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """FAULTS 54: `build` asks no source, so it moves nothing; no age is negative."""
    configuration = wrong_night(platform(tmp_path), set_clock)
    before, newest = lake_files(configuration), TODAY + 29 * DAY
    words = ["--config", str(configuration.path)]
    assert cli.main(["status", *words]) == 0
    said = capsys.readouterr().out
    assert f"newest day    {newest}, which is not over: a clock was ahead once, or ours is behind; " in said
    assert "(719.0 hours ahead of our clock)" in said
    assert "-7" not in said.partition("built at")[2].partition("(")[2]
    assert cli.main(["build", *words]) == 1
    assert capsys.readouterr().err.startswith(
        f"pulse: {TODAY} to {newest} of xp landed ahead of our clock, which says {TODAY} 09:00 (UTC): days that are "
        "not over, or extracted later than now; if the clock is wrong set it, else `pulse nightly` moves them away"
    )
    assert lake_files(configuration) == before
    assert night(configuration, TODAY - DAY)
    assert cli.main(["status", *words]) == 0
    assert f"newest day    {TODAY - DAY}\n" in capsys.readouterr().out


def test_a_day_that_is_not_over_does_not_land(set_clock: SetClock, tmp_path: Path) -> None:
    """FAULTS 54, R2: whoever asks for it, also past the command's own check."""
    configuration = platform(tmp_path).configuration()
    set_clock(at(TODAY))
    with pytest.raises(ClockError, match=f"^{TODAY} is not over .UTC.; the last day that can be .* {TODAY - DAY}$"):
        night(configuration, TODAY)
    assert Lake.of(configuration).landings(configuration) == {}


def test_a_reconciliation_moves_it_away_too_and_publishes_with_the_next_night(
    set_clock: SetClock, tmp_path: Path
) -> None:
    """FAULTS 54: every run over the sources does; what is left equals its source."""
    configuration = wrong_night(platform(tmp_path), set_clock)
    notes = Notes()
    _, restated = reconcile(Night.of(configuration, Progress(notes)))
    assert restated is None
    (said,) = [line for line in notes.lines if line.startswith("a clock was ahead once: ")]
    assert said.startswith(f"a clock was ahead once: {TODAY} to {TODAY + 29 * DAY} of xp moved to ")
    assert newest_day(configuration, Lake.of(configuration).landings(configuration)) == TODAY - DAY


def test_proofs_by_a_clock_that_was_ahead_are_none(set_clock: SetClock, tmp_path: Path) -> None:
    """FAULTS 54: what a reconciliation under it has proven is proven by its extraction alone."""
    configuration = platform(tmp_path).configuration()
    set_clock(at(TODAY))
    night(configuration, TODAY - DAY)
    landings, lake = Lake.of(configuration).landings(configuration), Lake.of(configuration)
    add_proofs(lake, landings, {("xp", FIRST): at(TODAY, 1).isoformat(), ("xp", FIRST + DAY): at(TODAY, 3).isoformat()})
    assert [key[1] for key in proofs_in(lake)] == [FIRST]


@pytest.mark.parametrize("is_moved", [True, False])
def test_who_is_erased_is_gone_from_what_is_ahead(is_moved: bool, set_clock: SetClock, tmp_path: Path) -> None:  # noqa: FBT001
    """FAULTS 54, 42: before the move and after it; a version is published either way, and none has to be withdrawn."""
    source = platform(tmp_path)
    if is_moved:
        configuration, _ = nights(source, set_clock, ahead=3, later=0)
    else:
        configuration = wrong_night(source, set_clock)
    erased = erase(configuration, "bob")
    assert erased.failure is None
    assert erased.receipt.content["version"] == Warehouse.of(configuration).current()
    if is_moved:
        assert erased.receipt.content["lake"]["ahead"]["before"] > 30  # his rows of today, his zone and his page
    for place in Lake.of(configuration).root.rglob("*.parquet"):
        rows = duckdb.sql(f"select * from {engine.files([place])}").fetchall()
        assert not [row for row in rows if "bob" in row], place
    set_clock(at(TODAY, 10))
    assert night(configuration, TODAY - DAY)


@pytest.mark.parametrize("times", [2, 1, 5])
def test_a_kill_while_it_is_moved_is_completed_by_the_next_night(
    times: int, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """FAULTS 54, 1: nothing is lost or left, whichever file was the last one."""
    _, never = nights(platform(tmp_path / "never"), set_clock, ahead=0, later=0)
    source = platform(tmp_path / "once")
    left = iter(range(times))

    def killed(_: str) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(clock_ahead, "reached", killed)
        with pytest.raises(KeyboardInterrupt):
            nights(source, set_clock, ahead=8, later=0)
    manifest = night(source.configuration(), TODAY - DAY)
    assert manifest is not None
    assert never is not None
    assert manifest.logical_hash == never.logical_hash
    lake = Lake.of(source.configuration())
    aside = [place for place in (lake.root / "ahead").rglob("*.parquet") if place.parent.name == "xp"]
    assert len(aside) == 9


def test_a_clock_before_the_first_day_moves_nothing(set_clock: SetClock, tmp_path: Path) -> None:
    """FAULTS 54: a machine that has lost its battery says 1970; by that clock the whole lake would be ahead."""
    configuration = wrong_night(platform(tmp_path), set_clock)
    before = lake_files(configuration)
    set_clock(datetime(1970, 1, 2, tzinfo=UTC))
    with pytest.raises(
        ClockError, match=r"our clock says 1970-01-02 00:00 .UTC., first_day is 2026-06-01; set the clock"
    ):
        reconcile(Night.of(configuration))
    with pytest.raises(CheckFailedError, match="ahead of our clock"):
        publish_lake(Night.of(configuration))
    assert lake_files(configuration) == before


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as source:
        source.make("users", {"user_id": "text", "timezone": "text"}, [("ann", "UTC")])
        source.make("xp", XP_TYPES)
        yield source


def test_where_the_source_has_a_clock_ours_is_neither_ahead_nor_behind(server: Platform, set_clock: SetClock) -> None:
    """FAULTS 54: ahead of it, no day lands that is not over there; behind it, nothing is moved. Minutes are nothing."""
    right = datetime.now(UTC)
    yesterday = right.date() - DAY
    configuration = server.configuration(first_day=yesterday - DAY)
    for name in ("users", "xp"):
        assert configuration.streams[name].source == "platform"
    set_clock(right + 30 * DAY)
    with pytest.raises(
        ClockError, match=r"is not over \(UTC\) by the clock of source platform, which says .* ours is ahead"
    ):
        night(configuration, (right + 29 * DAY).date())
    assert Lake.of(configuration).landings(configuration) == {}
    set_clock(right + timedelta(minutes=2))
    assert night(configuration, yesterday)
    before = lake_files(configuration)
    set_clock(right - 2 * DAY)
    with pytest.raises(
        ClockError, match=r"^our clock is behind: it says .* that of source platform says .*; set our clock"
    ):
        night(configuration, yesterday - 2 * DAY)
    assert lake_files(configuration) == before
    set_clock(right - timedelta(minutes=2))
    assert night(configuration, yesterday)


def test_nothing_is_moved_while_a_source_with_a_clock_does_not_answer(
    server: Platform,
) -> None:
    """FAULTS 54: without its word it is not known whose clock is wrong."""
    right = datetime.now(UTC)
    configuration = server.configuration(first_day=right.date() - 2 * DAY)
    night(configuration, right.date() - DAY)
    _move_to_a_day(Lake.of(configuration).landing("xp", right.date() - DAY), right.date() + DAY)
    before = lake_files(configuration)
    gone = {"platform": configuration.sources["platform"].model_copy(update={"url": _nowhere(server.url)})}
    with pytest.raises(SourceUnavailableError):
        night(configuration.model_copy(update={"sources": gone}), right.date() - DAY)
    assert lake_files(configuration) == before
    assert night(configuration, right.date() - DAY)
    assert find_ahead(Night.of(configuration)).landings == {}


def _move_to_a_day(place: Path, day: date) -> None:
    """Let a landing be that of another day, by its name and by what it says of itself."""
    said = {**Footers().content(place), "day": day.isoformat()}
    with duckdb.connect() as connection:
        query = f"copy (select * from {engine.files([place])}) to $file ({PARQUET})"
        connection.execute(query, {"file": str(place.with_name(f"{day}.parquet")), "about": json.dumps(said)})
    place.unlink()


def _nowhere(url: str) -> str:
    backend = url.partition("://")[0]
    return f"{backend}://nobody:none@127.0.0.1:1/none"


def test_what_a_landing_says_of_its_zones_is_corrected_with_them(set_clock: SetClock, tmp_path: Path) -> None:
    """FAULTS 54: zones that are kept say that they are of a day that is over, so that nothing is moved twice."""
    configuration = wrong_night(platform(tmp_path), set_clock)
    lake = Lake.of(configuration)
    assert clock_ahead.set_aside(Night.of(configuration)) is not None
    said = Footers().content(lake.zones)
    assert said["last_day"] == str(TODAY - DAY)
    assert find_ahead(Night.of(configuration)).landings == {}
    assert not find_ahead(Night.of(configuration)).zones


COMMAND = """
import sys
from datetime import datetime
from warehouse import clock

instant = datetime.fromisoformat(sys.argv[1])
clock.now = lambda: instant

from pipelines.command_line import cli

sys.exit(cli.main(sys.argv[2:]))
"""


def test_the_commands_say_so_through_dagster(tmp_path: Path) -> None:
    """FAULTS 54: a night says what it has moved; a day that is not over, and a clock that lost its battery, end it."""
    configuration = platform(tmp_path).configuration()

    def pulse(instant: datetime, *words: str) -> tuple[int, str, str]:
        code = [sys.executable, "-c", COMMAND, instant.isoformat(), *words, "--config", str(configuration.path)]
        done = subprocess.run(code, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout, done.stderr

    assert pulse(at(TODAY), "nightly")[0] == 0
    assert pulse(at(TODAY + 30 * DAY), "nightly")[0] == 0
    warehouse = Warehouse.of(configuration)
    ahead = f"pulse-{TODAY + 29 * DAY}-000002"
    assert warehouse.current() == ahead
    code, _, err = pulse(at(TODAY, 9), "nightly", "--day", str(TODAY))
    line = f"{TODAY} is not over (UTC); the last day that can be extracted is {TODAY - DAY}"
    assert (code, err) == (2, f"pulse: {line}\n")
    code, _, err = pulse(datetime(1970, 1, 2, tzinfo=UTC), "reconcile")
    line = f"our clock says 1970-01-02 00:00 (UTC), first_day is {FIRST}; set the clock"
    assert (code, err) == (1, f"pulse: {line}; last version {ahead} still served\n")
    code, out, err = pulse(at(TODAY, 9), "nightly")
    assert (code, err) == (0, "")
    assert f"a clock was ahead once: {TODAY} to {TODAY + 29 * DAY} of xp moved to " in out
    assert warehouse.current() == f"pulse-{TODAY - DAY}-000003"
