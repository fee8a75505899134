"""What a version must not lose of the one that readers get: FAULTS 9, on a platform where every learner does the same.

A landing that shrinks is `tests/assets/step2_land/test_landing_faults.py`'s; here no landing loses a row, so only the
version's guards see it.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.all_steps import publish_lake, run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from assets.step6_check.check_list import CHECK_LIST
from pipelines.command_line import cli
from tests.oracle.oracle import Stream, World, days
from tests.support.platforms import platforms
from tests.support.running import replay
from warehouse.configuration.configuration import Configuration
from warehouse.errors import CheckFailedError, ShrinkError
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

DAY = timedelta(days=1)
FIRST_DAY, NEWEST_DAY = date(2026, 2, 27), date(2026, 3, 10)
LEARNERS = [f"learner {number:02}" for number in range(30)]
XP, SECONDS = 10, 100
DATES = [*days(FIRST_DAY, NEWEST_DAY)]
STREAMS = (Stream("xp_events", "xp"), Stream("english_sessions", "sessions"))
GUARDS = ["rows_kept", "learners_kept", "xp_of_last_week_kept", "seconds_of_last_week_kept"]

Row = dict[str, object]


class Place:
    """A world in a database and the nights that read it."""

    def __init__(self, platform: replay.Platform, world: World) -> None:
        self.platform, self.world, self.lookback_days = platform, world, 0

    @property
    def configuration(self) -> Configuration:
        return replay.configured(self.world, self.platform)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.of(self.configuration)

    def night(self, *accepted: str, last: date = NEWEST_DAY, **limits: Any) -> Manifest | None:
        """Read the learners and, if rows have changed, every day again, and publish."""
        platforms.write(self.world, self.platform.url)
        configuration = self.configuration
        configuration = configuration.model_copy(
            update={"pulse": configuration.pulse.model_copy(update={"lookback_days": self.lookback_days, **limits})}
        )
        return run_night(Night.of(configuration), Run(last, last, accepted=accepted))

    def refused(self, **limits: Any) -> dict[str, str]:
        """Run a night that has to be refused; return the figures by the checks that did."""
        with pytest.raises(CheckFailedError) as caught:
            self.night(**limits)
        found = [part for part in str(caught.value).split("; check ") if " found " in part]
        return {part.split(" found ")[0].split("check ")[-1]: part.split("such as ")[1].split(")")[0] for part in found}

    def change(self, stream: str, change: Callable[[Row], Row]) -> None:
        """Change rows of a stream; none may go or come."""
        rows = {**self.world.rows, stream: [change(dict(row)) for row in self.world.rows[stream]]}
        self.world, self.lookback_days = replace(self.world, rows=rows), len(DATES)

    def delete_learners(self, kept: int) -> None:
        """Mark all learners but the first few as deleted."""
        gone = datetime(2026, 1, 1, tzinfo=UTC)
        ((day, users),) = self.world.users_landings
        users = [{**row, "deleted_at": None if n < kept else gone} for n, row in enumerate(users)]
        self.world = replace(self.world, users_landings=((day, users),))


def world_of(learners: list[str], last: date = NEWEST_DAY) -> World:
    """Every learner has 10 XP and 100 seconds on every date."""
    users: list[Row] = [
        {"user_id": user, "username": user, "timezone": "UTC", "is_public": None, "deleted_at": None}
        for user in learners
    ]
    xp: list[Row] = []
    sessions: list[Row] = []
    for day in days(FIRST_DAY, last):
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        for user in learners:
            same: Row = {"event_id": f"{user} {day}", "user_id": user}
            xp.append({**same, "occurred_at": at, "amount": XP})
            sessions.append({**same, "started_at": at, "ended_at": at + timedelta(seconds=SECONDS)})
    rows = {"xp_events": xp, "english_sessions": sessions}
    return World(FIRST_DAY, last, STREAMS, rows, ((last, users),))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty learners, published once; for tests to copy."""
    folder = tmp_path_factory.mktemp("published")
    Place(replay.Platform(f"sqlite:///{folder}/platform.sqlite", folder), world_of(LEARNERS)).night()
    return folder


@pytest.fixture
def place(published: Path, tmp_path: Path) -> Place:
    folder = tmp_path / "copy"
    shutil.copytree(published, folder, symlinks=True)
    return Place(replay.Platform(f"sqlite:///{folder}/platform.sqlite", folder), world_of(LEARNERS))


def on(day: date, field: str, row: Row) -> bool:
    at = row[field]
    assert isinstance(at, datetime)
    return at.date() == day


def poorer(day: date, amount: int) -> Callable[[Row], Row]:
    """Everybody's XP of one day."""
    return lambda row: {**row, "amount": amount} if on(day, "occurred_at", row) else row


def shorter(day: date, seconds: int) -> Callable[[Row], Row]:
    """Everybody's session of one day."""

    def change(row: Row) -> Row:
        at = row["started_at"]
        assert isinstance(at, datetime)
        return {**row, "ended_at": at + timedelta(seconds=seconds)} if at.date() == day else row

    return change


def test_every_guard_is_a_check_that_names_its_way_out() -> None:
    found = {check.name: check.way_out for check in CHECK_LIST}
    assert [name for name in GUARDS if "--accept-shrink" in found[name]] == GUARDS


@pytest.mark.slow
def test_xp_of_a_date_of_the_last_week_that_falls_blocks_with_its_figures(place: Place) -> None:
    """FAULTS 9."""
    before = place.warehouse.current()
    place.change("xp_events", poorer(NEWEST_DAY - 6 * DAY, 6))
    assert place.refused() == {"xp_of_last_week_kept": "2026-03-04 from 300 down to 180"}
    assert place.warehouse.current() == before
    place.change("xp_events", poorer(NEWEST_DAY - 6 * DAY, 7))
    assert place.night() is not None, "30 % less is not more than 30 %"


@pytest.mark.slow
def test_seconds_of_a_date_of_the_last_week_that_fall_block_with_their_figures(place: Place) -> None:
    """FAULTS 9."""
    place.change("english_sessions", shorter(NEWEST_DAY, 69))
    assert place.refused() == {"seconds_of_last_week_kept": "2026-03-10 from 3000 down to 2070"}
    place.change("english_sessions", shorter(NEWEST_DAY, 70))
    assert place.night() is not None


@pytest.mark.slow
def test_a_date_before_the_last_week_is_not_looked_at(place: Place) -> None:
    place.change("xp_events", poorer(NEWEST_DAY - 7 * DAY, 1))
    assert place.night() is not None


@pytest.mark.slow
def test_learners_and_their_rows_that_go_block_with_their_figures(place: Place) -> None:
    """FAULTS 9."""
    place.delete_learners(kept=20)
    assert place.refused() == {
        "rows_kept": "from 360 down to 240",
        "learners_kept": "from 30 down to 20",
        "xp_of_last_week_kept": "2026-03-04 from 300 down to 200",
        "seconds_of_last_week_kept": "2026-03-04 from 3000 down to 2000",
    }
    place.delete_learners(kept=21)
    assert place.night() is not None


def test_rows_of_before_the_last_week_that_go_block_too(place: Place) -> None:
    """FAULTS 9: five old dates become nothing at all; sessions are no longer configured."""
    place.world = replace(place.world, streams=STREAMS[:1])
    for day in days(FIRST_DAY, FIRST_DAY + 4 * DAY):
        place.change("xp_events", poorer(day, 0))
    assert place.refused() == {
        "rows_kept": "from 360 down to 210",
        "seconds_of_last_week_kept": "2026-03-04 from 3000 down to 0",
    }


def test_a_version_without_any_rows_blocks(place: Place) -> None:
    """FAULTS 9."""
    place.delete_learners(kept=0)
    found = place.refused()
    assert found.keys() == {*GUARDS, "learners_left"}
    assert found["rows_kept"] == "from 360 down to 0"


@pytest.mark.slow
def test_what_is_let_through_is_published_recorded_and_what_is_compared_with_from_then_on(place: Place) -> None:
    """FAULTS 9."""
    place.delete_learners(kept=0)
    place.refused()
    manifest = place.night("accept_shrink")
    assert manifest is not None
    assert (manifest.version, manifest.accepted) == (place.warehouse.current(), ("accept_shrink",))
    again = place.night()
    assert again is not None
    assert again.accepted == ()


@pytest.mark.slow
def test_build_can_let_it_through_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.delete_learners(kept=10)
    place.refused()
    config = str(place.configuration.path)
    assert cli.main(["build", "--config", config]) == 1
    assert "check learners_kept found 1 (such as from 30 down to 10)" in capsys.readouterr().err
    assert cli.main(["build", "--accept-shrink", "--config", config]) == 0
    current = place.warehouse.current()
    assert current is not None
    assert place.warehouse.manifest(current).accepted == ("accept_shrink",)
    cli.main(["status", "--config", config])
    assert "let through   accept_shrink" in capsys.readouterr().out


@pytest.mark.slow
def test_small_figures_may_fall_to_nothing() -> None:
    """From a base of at least 20: 19 learners with one XP each on one date."""
    with replay.sqlite_platform() as platform:
        place = Place(platform, world_of(LEARNERS[:19], FIRST_DAY))
        place.world = replace(place.world, streams=STREAMS[:1])
        place.change("xp_events", poorer(FIRST_DAY, 1))
        assert place.night(last=FIRST_DAY) is not None
        place.delete_learners(kept=10)
        with pytest.raises(CheckFailedError, match=r"learners_kept found 1 \(such as from 19 down to 10\)"):
            place.night(last=FIRST_DAY, shrink_base=19)
        assert place.night(last=FIRST_DAY) is not None


@pytest.mark.slow
@pytest.mark.parametrize(("limits", "is_published"), [({"shrink_budget": 0.6}, True), ({"shrink_budget": 0.3}, False)])
def test_the_limits_are_configured_once_for_landings_and_versions(
    place: Place, limits: dict[str, Any], *, is_published: bool
) -> None:
    place.delete_learners(kept=15)
    rows = [row for n, row in enumerate(place.world.rows["xp_events"]) if n % 2 or n < 10]
    fewer = replace(place.world, rows={**place.world.rows, "xp_events": rows})
    if is_published:
        assert place.night(**limits) is not None
        place.world, place.lookback_days = fewer, 1
        assert place.night(**limits) is not None
    else:
        assert place.refused(**limits).keys() == set(GUARDS)
        place.world, place.lookback_days = fewer, 1
        with pytest.raises(ShrinkError):
            place.night(**limits)


def test_a_quiet_new_day_takes_nothing_from_the_week_before(place: Place) -> None:
    """Compared by date: the week that ended a day later has a Sunday more and a weekday less."""
    ((_, users),) = place.world.users_landings
    place.world = replace(place.world, newest_day=NEWEST_DAY + DAY, users_landings=((NEWEST_DAY + DAY, users),))
    manifest = place.night(last=NEWEST_DAY + DAY)
    assert manifest is not None
    assert manifest.data_through.startswith("2026-03-12")


@pytest.mark.slow
def test_what_readers_get_is_what_is_compared_with_also_after_a_rollback(place: Place) -> None:
    first = place.warehouse.current()
    place.delete_learners(kept=10)
    place.night("accept_shrink")
    assert publish_lake(Night.of(place.configuration)) is not None
    place.warehouse.rollback(first)
    place.warehouse.unpin()
    with pytest.raises(CheckFailedError, match="learners_kept"):
        publish_lake(Night.of(place.configuration))
    assert place.warehouse.current() == first


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"garbage" * 1000, None])
def test_a_current_version_that_cannot_be_read_lets_the_one_before_it_stand_in(
    place: Place, damage: bytes | None
) -> None:
    """FAULTS 4: a good version heals a bad one, but not without its guards."""
    place.delete_learners(kept=29)  # or else the version before would be gone: the next one would repeat it
    place.night()
    warehouse = place.warehouse
    current = warehouse.current()
    assert current is not None
    file = warehouse.file(current)
    if damage is None:
        file.unlink()
    else:
        file.chmod(0o644)
        file.write_bytes(damage)
    place.delete_learners(kept=10)
    assert place.refused()["learners_kept"] == "from 30 down to 10"
    place.delete_learners(kept=30)
    assert place.night() is not None
    assert warehouse.current() != current
