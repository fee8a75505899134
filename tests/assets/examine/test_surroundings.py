"""What `pulse check` says of a data folder: each planted fault by name; a good one is in order, and left as it is."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.examine.examine import examine
from assets.examine.finding import Finding
from assets.examine.surroundings import look_around
from tests.support.platforms.small_platform import FIRST, SECOND, SECOND_NIGHT, copied
from warehouse import clock
from warehouse.condition import space
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.lake.lake import Lake
from warehouse.versions.pin import Pin
from warehouse.versions.versions import Warehouse

MORNING = datetime(2026, 1, 1, 8, tzinfo=UTC)  # after the second night


@pytest.fixture
def configuration(nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """Two published nights, on the morning after."""
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    return copied(nights, tmp_path, SECOND)


def states(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Every path below a folder, with what a change of it would change."""
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        yield str(path), status.st_mtime_ns, status.st_ino


def test_a_good_data_folder_is_in_order_and_left_alone_while_a_night_runs(configuration: Configuration) -> None:
    """Also without receipts, so that the version is read."""
    for receipt in Warehouse.of(configuration).receipts.glob("*"):
        receipt.unlink()
    with run_lock(configuration, "a night"):
        before = list(states(configuration.path.parent))
        findings = list(look_around(configuration))
        assert list(states(configuration.path.parent)) == before
    assert {finding.status for finding in findings} == {"ok"}
    assert f"{SECOND} is what its manifest says" in {finding.message for finding in findings}


def before_the_first_night(configuration: Configuration) -> None:
    configuration.data_dir.rename(configuration.data_dir.with_name("away"))


def test_a_folder_without_any_night_is_in_order(configuration: Configuration) -> None:
    before_the_first_night(configuration)
    findings = list(look_around(configuration))
    assert {finding.status for finding in findings} == {"ok"}
    assert {"no night has run yet", "nothing is published yet"} <= {finding.message for finding in findings}
    assert not configuration.data_dir.exists()


def change(file: Path, content: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(content)


def flip_a_byte(configuration: Configuration) -> None:
    file = Warehouse.of(configuration).file(SECOND)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    change(file, bytes(content))


def lose_the_version(configuration: Configuration) -> None:
    Warehouse.of(configuration).file(SECOND).unlink()


def point_elsewhere(configuration: Configuration) -> None:
    pointer = Warehouse.of(configuration).pointer
    pointer.unlink()
    pointer.symlink_to("versions/mine.duckdb")


def pin(configuration: Configuration) -> None:
    Pin(SECOND, "2026-01-01T00:00:00Z").write(Warehouse.of(configuration).pin_file)


def break_a_manifest(configuration: Configuration) -> None:
    change(Warehouse.of(configuration).manifest_file(FIRST), b"{")


def lose_a_manifest(configuration: Configuration) -> None:
    Warehouse.of(configuration).manifest_file(FIRST).unlink()


def lengthen_a_version(configuration: Configuration) -> None:
    file = Warehouse.of(configuration).file(FIRST)
    change(file, file.read_bytes() + b"0")


def age_a_version(configuration: Configuration) -> None:
    file = Warehouse.of(configuration).manifest_file(FIRST)
    change(file, json.dumps({**json.loads(file.read_text()), "schema_version": 1}).encode())


def leave_a_refused_version(configuration: Configuration) -> None:
    building = Warehouse.of(configuration).building("pulse-2025-12-31-000003")
    building.parent.mkdir(exist_ok=True)
    building.touch()


def damage_a_landing(configuration: Configuration) -> None:
    change(Lake.of(configuration).landing("xp_events", SECOND_NIGHT), b"no Parquet")


def link_a_landing(configuration: Configuration) -> None:
    file = Lake.of(configuration).landing("sessions", SECOND_NIGHT)
    file.rename(configuration.path.with_name("elsewhere.parquet"))
    file.symlink_to(configuration.path.with_name("elsewhere.parquet"))


def damage_the_sequence(configuration: Configuration) -> None:
    change(Lake.of(configuration).sequence, b"many")


def damage_the_list(configuration: Configuration) -> None:
    Lake.of(configuration).suppressed.write_text("[]")


def leave_an_erasure(configuration: Configuration) -> None:
    folder = Lake.of(configuration).root / "erasures"
    folder.mkdir()
    Lake.of(configuration).suppressed.write_text(json.dumps({"salt": "00", "sha256": []}))
    begun = {"learner_sha256": "0" * 64, "begun_at": "2026-01-01T07:00:00Z", "finished_at": None, "listed_at": None}
    content: dict[str, object] = {**begun, "lake": {}, "versions": {}}
    (folder / "2026-01-01T070000Z-1.json").write_text(json.dumps(content))


Plant = Callable[[Configuration], None]
# What can be wrong at once, then what is planted, where it is looked for, and what the finding names.
PLANTED: list[tuple[int, Plant, str, str, str, str]] = [
    (1, flip_a_byte, "warehouse: pointer", "failed", "(SHA-256)", "pulse rollback VERSION"),
    (1, pin, "warehouse: pin", "warning", f"{SECOND} is pinned", "pulse unpin"),
    (1, break_a_manifest, "warehouse: versions", "warning", f"version {FIRST}: its manifest", "do not roll back"),
    (1, leave_a_refused_version, "warehouse: versions", "warning", "000003 was built and not", "`pulse build`"),
    (1, damage_a_landing, "data folder: files", "failed", f"xp_events/{SECOND_NIGHT}.parquet", "pulse backfill"),
    (1, link_a_landing, "data folder: files", "failed", "is a symbolic link", "put the files themselves in its place"),
    (1, damage_the_sequence, "data folder: files", "failed", "sequence", "pulse versions"),
    (1, damage_the_list, "lake: erasures", "failed", "suppressed.json cannot be read", "restore it from a backup"),
    (2, lose_the_version, "warehouse: pointer", "failed", f"{SECOND}.duckdb is gone", "pulse rollback VERSION"),
    (2, lengthen_a_version, "warehouse: versions", "warning", f"version {FIRST}: ", "do not roll back"),
    (2, leave_an_erasure, "lake: erasures", "warning", "begun 2026-01-01T07:00:00Z is not complete", "pulse erase"),
    (3, point_elsewhere, "warehouse: pointer", "failed", "no version of ours", f"pulse rollback {SECOND}"),
    (3, age_a_version, "warehouse: versions", "warning", f"version {FIRST} has schema 1", "do not roll back"),
    (4, lose_a_manifest, "warehouse: versions", "warning", f"version {FIRST} lacks its file or its man", "restore it"),
]


@pytest.fixture(scope="module")
def looked(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Finding]]:
    """What is said of each folder in which something is planted."""
    findings: dict[int, list[Finding]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: MORNING)
        for group in {number for number, *_ in PLANTED}:
            configuration = copied(nights, tmp_path_factory.mktemp("planted"), SECOND)
            for number, plant, *_ in PLANTED:
                if number == group:
                    plant(configuration)
            findings[group] = list(look_around(configuration))
    return findings


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted[1].__name__)
def test_every_planted_fault_is_named_with_its_culprit_and_the_way_out(
    looked: dict[int, list[Finding]], planted: tuple[int, Plant, str, str, str, str]
) -> None:
    group, _, name, status, culprit, way_out = planted
    wrong = [finding for finding in looked[group] if finding.status != "ok"]
    fitting = [one for one in wrong if f"{one.subject}: {one.check}" == name and culprit in one.message]
    assert [(one.status, way_out in (one.way_out or "")) for one in fitting] == [(status, True)], wrong


def test_nothing_else_is_named(looked: dict[int, list[Finding]]) -> None:
    """The damaged landing is named twice: as a file, and because the newest day cannot be told without it."""
    wrong = Counter(group for group, findings in looked.items() for finding in findings if finding.status != "ok")
    assert wrong == Counter(group for group, *_ in PLANTED) + Counter({1: 1})


def test_nights_that_have_stopped_are_named(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 5, tzinfo=UTC))
    (finding,) = [one for one in look_around(configuration) if one.status != "ok"]
    assert (finding.check, finding.status) == ("nights", "warning")
    assert finding.message == f"the newest day is {SECOND_NIGHT}, 4 days behind"
    assert "`pulse nightly`" in (finding.way_out or "")


def test_a_disk_that_is_short_is_named(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "FLOOR_BYTES", 10**18)
    (finding,) = [one for one in look_around(configuration) if one.status != "ok"]
    assert (finding.check, finding.status) == ("disk", "failed")
    assert "make room there" in (finding.way_out or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours_is_named(configuration: Configuration) -> None:
    configuration.data_dir.chmod(0o500)
    try:
        findings = [one for one in look_around(configuration) if one.check == "access"]
    finally:
        configuration.data_dir.chmod(0o700)
    assert [finding.status for finding in findings] == ["failed"]


def test_a_lost_list_hides_nothing_of_the_streams(configuration: Configuration, nights: Path) -> None:
    (configuration.path.parent / "platform.sqlite").write_bytes((nights / "platform.sqlite").read_bytes())
    damage_the_list(configuration)
    wrong = [finding for finding in examine(configuration.path) if finding.status != "ok"]
    assert [(finding.subject, finding.check) for finding in wrong] == [("lake", "erasures")]
