"""Rolling back pins, a pin holds versions back, and no run publishes over a newer version: FAULTS 6 and 10.

How servers follow a rollback is `tests/serve/test_server.py`'s and `tests/serve/operations/test_workers.py`'s.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step4_roll_up.activity import roll_up
from assets.step5_build.build import build
from assets.step7_publish.publish import publish
from pipelines.command_line import cli
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import ENVIRONMENT
from warehouse.disk.lock import run_lock
from warehouse.errors import NoVersionError, PulseError
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import sequence_of
from warehouse.versions.versions import Warehouse

THIRD, FOURTH = "pulse-2025-12-31-000003", "pulse-2025-12-31-000004"
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two versions, the second one current, and the lake that both came from."""
    return small_platform.copied(nights, tmp_path, SECOND)


@pytest.fixture
def warehouse(configuration: Configuration) -> Warehouse:
    return Warehouse.of(configuration)


@pytest.fixture
def pulse(configuration: Configuration, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command: its exit code, what it says, and what it complains about."""

    def typed(*words: str) -> tuple[int, str, str]:
        code = cli.main([*words, "--config", str(configuration.path)])
        return code, *capsys.readouterr()

    return typed


def said_by_status(out: str) -> dict[str, str]:
    return {line[:14].strip(): line[14:] for line in out.splitlines()}


def test_a_rollback_moves_the_pointer_and_pins_it(warehouse: Warehouse, pulse: Typed) -> None:
    """FAULTS 10."""
    code, out, err = pulse("rollback")
    assert (code, err) == (0, "")
    assert out.startswith(f"{FIRST} is served now and pinned")
    assert "pulse unpin" in out
    assert warehouse.current() == FIRST
    written = json.loads(warehouse.pin_file.read_text())
    assert written.keys() == {"version", "since"}
    assert written["version"] == FIRST
    assert datetime.now(UTC) - datetime.fromisoformat(written["since"]) < timedelta(minutes=10)


@pytest.mark.slow
def test_a_pinned_pointer_is_not_moved_by_what_is_published_until_it_is_unpinned(
    warehouse: Warehouse, pulse: Typed
) -> None:
    """FAULTS 10: the versions made meanwhile are complete and in their place; unpinning moves nothing by itself."""
    pulse("rollback")
    for made in (THIRD, FOURTH):
        code, out, err = pulse("build")
        assert (code, err) == (0, "")
        assert f"warehouse: {made} is in its place but not published: {FIRST} is pinned since " in out
        assert "`pulse unpin`" in out
        assert (warehouse.current(), warehouse.kept()[-1]) == (FIRST, made)
        assert warehouse.manifest(made).version == made
        assert warehouse.kept() == [FIRST, made], "what a version repeats is not kept beside it"

    code, out, err = pulse("unpin")
    assert (code, err) == (0, "")
    assert out == f"{FIRST} is pinned no more; {FIRST} is served until the next night or `pulse build`\n"
    assert (warehouse.current(), warehouse.pin) == (FIRST, None)

    assert pulse("build")[0] == 0
    assert warehouse.current() == "pulse-2025-12-31-000005"
    assert pulse("unpin") == (0, "nothing is pinned\n", "")


def test_status_and_versions_show_the_pin(warehouse: Warehouse, pulse: Typed) -> None:
    assert "pinned" not in pulse("status")[1] + pulse("versions")[1]
    pulse("rollback")
    pulse("build")
    assert warehouse.pin is not None
    said = said_by_status(pulse("status")[1])
    assert said["published"].startswith(FIRST)
    assert said["pinned"].startswith(f"{FIRST} is pinned since {warehouse.pin.since}")
    assert "`pulse unpin`" in said["pinned"]
    assert said["pinned"].endswith(THIRD)
    lines = pulse("versions")[1].splitlines()
    assert [(line[:2] + line[2:].split()[0], line.endswith("pinned")) for line in lines] == [
        (f"* {FIRST}", True),
        (f"  {THIRD}", False),  # the second, which it repeats, is gone
    ]


def test_a_rollback_to_a_named_version_pins_that_one_also_forwards(warehouse: Warehouse, pulse: Typed) -> None:
    pulse("rollback")
    assert pulse("rollback", SECOND)[0] == 0
    assert warehouse.current() == SECOND
    assert warehouse.pin is not None
    assert warehouse.pin.version == SECOND


@pytest.mark.parametrize("version", ["pulse-2020-01-01-000009", "../lake/users"])
def test_a_rollback_to_what_is_not_there_changes_nothing(warehouse: Warehouse, pulse: Typed, version: str) -> None:
    code, out, err = pulse("rollback", version)
    assert (code, out) == (1, "")
    assert f"there is no version {version}" in err
    assert err.endswith(f"last version {SECOND} still served\n")
    assert (warehouse.current(), warehouse.pin) == (SECOND, None)


def test_a_rollback_to_a_version_that_servers_would_refuse_changes_nothing(warehouse: Warehouse, pulse: Typed) -> None:
    place = warehouse.manifest_file(FIRST)
    place.write_text(json.dumps({**json.loads(place.read_text()), "schema_version": 1}))
    code, _, err = pulse("rollback")
    assert code == 1
    assert f"version {FIRST} has schema 1, servers read 2 to 6; roll back" in err
    assert (warehouse.current(), warehouse.pin) == (SECOND, None)
    assert "schema 1, servers read 2 to 6" in pulse("versions")[1].splitlines()[0]


@pytest.mark.slow
def test_the_current_and_the_pinned_version_are_never_pruned(warehouse: Warehouse, pulse: Typed) -> None:
    pulse("rollback")
    warehouse.point_to(SECOND)  # as a rollback leaves it that died between pin and pointer
    for _ in range(3):
        pulse("build")
    newest = warehouse.newest()
    assert newest not in {SECOND, THIRD, FOURTH}, "these it repeats"
    assert warehouse.prune(1) == []
    assert warehouse.kept() == [FIRST, SECOND, newest]


def test_a_rollback_that_dies_half_way_holds_nights_back_and_can_be_typed_again(
    warehouse: Warehouse, pulse: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round the next night would silently undo it."""

    def killed(_: Warehouse, version: str) -> None:
        raise KeyboardInterrupt(version)

    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "point_to", killed)
        assert pulse("rollback")[0] == 130
    assert warehouse.current() == SECOND
    assert pulse("build")[0] == 0
    assert warehouse.current() == SECOND
    pulse("rollback", FIRST)
    assert warehouse.current() == FIRST


def test_a_switch_that_was_killed_leaves_nothing_behind_the_next_run(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 1: also if that run publishes nothing."""
    command = [sys.executable, "-m", "pipelines.command_line.cli", "rollback", "--config", str(configuration.path)]
    ended = subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, ENVIRONMENT: "publish: link made"})
    assert ended.returncode == -signal.SIGKILL
    links = [warehouse.root / ".pulse.duckdb.before", warehouse.root / ".pulse.duckdb.unfinished"]
    assert all(link.is_symlink() for link in links)
    with run_lock(configuration, "a run"):
        assert not any(link.is_symlink() for link in links)
    assert warehouse.current() == SECOND


def test_a_rollback_waits_for_no_run(configuration: Configuration, warehouse: Warehouse, pulse: Typed) -> None:
    """FAULTS 6, 10: what an operator needs at once does not need the run's lock; the run that is on is held back."""
    with run_lock(configuration, "the night"):
        assert pulse("rollback", FIRST)[0] == 0
        assert publish_lake(Night.of(configuration)) is not None
    assert warehouse.current() == FIRST
    assert pulse("unpin")[0] == 0


@pytest.mark.slow
def test_a_pin_that_cannot_be_read_holds_all_the_same(warehouse: Warehouse, pulse: Typed) -> None:
    warehouse.pin_file.write_text("{")
    assert pulse("build")[0] == 0
    assert warehouse.current() == SECOND
    assert "pinned" in said_by_status(pulse("status")[1])
    assert pulse("unpin")[0] == 0
    assert pulse("build")[0] == 0
    assert warehouse.current() == FOURTH


# --- a run that slept -------------------------------------------------------------------------------------------------


def built(configuration: Configuration) -> str:
    roll_up(Night.of(configuration))
    found = build(Night.of(configuration))
    assert found is not None
    return found.version


def test_a_sleeper_that_wakes_publishes_nothing_over_a_newer_version(
    configuration: Configuration, warehouse: Warehouse, tmp_path: Path
) -> None:
    """FAULTS 6: as if the lock's file had been removed while the first of two runs was asleep."""
    sleeper = built(configuration)
    aside = tmp_path / "aside"
    warehouse.building(sleeper).rename(aside)
    published = publish_lake(Night.of(configuration))
    assert published is not None
    assert sequence_of(published.version) > sequence_of(sleeper)
    aside.rename(warehouse.building(sleeper))
    before = warehouse.kept()
    with pytest.raises(PulseError, match=rf"{sleeper} is not published: {published.version} is newer.*pulse build"):
        publish(Night.of(configuration), sleeper)
    assert (warehouse.current(), warehouse.kept()) == (published.version, before)


@pytest.mark.slow
def test_a_sleeper_between_its_place_and_the_switch_switches_nothing(
    configuration: Configuration, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 6: under the pointer's lock it is looked at once more."""
    other: list[str] = []

    def overtaken(self: Warehouse, version: str) -> object:
        monkeypatch.undo()
        manifest = publish_lake(Night.of(configuration))
        assert manifest is not None
        other.append(manifest.version)
        return self.advance_to(version)

    monkeypatch.setattr(Warehouse, "advance_to", overtaken)
    with pytest.raises(PulseError, match="another run went by while this one slept"):
        publish(Night.of(configuration), built(configuration))
    assert [warehouse.current()] == other


def test_unpinned_the_newest_version_is_what_a_sleeper_is_compared_with(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """Not the current one: that is an old one still, right after unpinning."""
    sleeper = built(configuration)
    warehouse.rollback(FIRST)
    kept = warehouse.building(sleeper).rename(warehouse.root / "aside")
    publish_lake(Night.of(configuration))
    warehouse.unpin()
    kept.rename(warehouse.building(sleeper))
    with pytest.raises(PulseError, match="is newer"):
        publish(Night.of(configuration), sleeper)
    assert warehouse.current() == FIRST


def test_a_lake_that_has_lost_its_sequence_goes_on_above_what_is_there(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    (Lake.of(configuration).root / "sequence").unlink()
    assert publish_lake(Night.of(configuration)) is not None
    assert warehouse.current() == THIRD


def test_a_version_that_was_never_made_is_nothing_to_roll_back_to(nights: Path, tmp_path: Path) -> None:
    warehouse = Warehouse.of(small_platform.copied(nights, tmp_path, None))
    with pytest.raises(NoVersionError, match="nothing to roll back to"):
        warehouse.rollback()
    assert warehouse.pin is None
