"""In the place of a file of ours stands a link, a pipe or a device (FAULTS 83)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from pipelines.command_line import cli
from serve.app import create_app
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, FIRST_DAY, SECOND, bearer
from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import regular_file
from warehouse.erasure.suppression import suppress
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

KINDS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a device without an end": lambda place: place.symlink_to("/dev/zero"),
}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_platform.two_nights(tmp_path_factory.mktemp("nights"))


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path / "copy", SECOND)


def linked_stream(configuration: Configuration) -> Path:
    place = Lake.of(configuration).root / "xp_events"
    shutil.move(place, configuration.path.parent / "another disk")
    place.symlink_to(configuration.path.parent / "another disk")
    return place


def linked_landing(configuration: Configuration) -> Path:
    place = Lake.of(configuration).landing("xp_events", FIRST_DAY)
    shutil.move(place, configuration.path.parent / "elsewhere.parquet")
    place.symlink_to(configuration.path.parent / "elsewhere.parquet")
    return place


def linked_version(configuration: Configuration) -> Path:
    place = Warehouse.of(configuration).file(Warehouse.of(configuration).kept()[0])
    shutil.move(place, configuration.path.parent / "elsewhere.duckdb")
    place.symlink_to(configuration.path.parent / "elsewhere.duckdb")
    return place


@pytest.mark.slow
@pytest.mark.parametrize("link", [linked_stream, linked_landing, linked_version])
def test_nothing_begins_on_a_link_whose_end_an_erasure_would_not_reach(
    configuration: Configuration, link: Callable[[Configuration], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 83: no night, no build, and no erasure that would call itself complete."""
    place = link(configuration)
    for words in (["erase", ANA], ["build"], ["nightly", "--day", str(FIRST_DAY)]):
        assert cli.main([*words, "--config", str(configuration.path)]) == 1
        assert f"{place} is a symbolic link, and what it names would outlast an erasure" in capsys.readouterr().err
    assert not Lake.of(configuration).erasures.exists()
    assert not Lake.of(configuration).suppressed.exists()


@pytest.mark.slow
def test_lake_and_versions_may_stand_on_another_disk(configuration: Configuration) -> None:
    """FAULTS 83: the folders themselves; whoever is erased is gone from there."""
    for name in ("lake", "warehouse/versions"):
        place = configuration.data_dir / name
        shutil.move(place, configuration.path.parent / f"disk of {place.name}")
        place.symlink_to(configuration.path.parent / f"disk of {place.name}")
    assert cli.main(["erase", ANA, "--config", str(configuration.path)]) == 0
    assert cli.main(["build", "--config", str(configuration.path)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_has_no_end_is_one_that_cannot_be_read(configuration: Configuration, kind: str) -> None:
    """FAULTS 83, 70: nobody's data, at once, and nothing waits; when the file is back, so is everything."""
    lake = Lake.of(configuration)
    suppress(lake.suppressed, "somebody who left")
    client = create_app(configuration).test_client()
    content = lake.suppressed.read_bytes()
    assert client.get("/api/xp/learning-pulse", headers=bearer(ANA)).status_code == 200
    lake.suppressed.unlink()
    KINDS[kind](lake.suppressed)
    assert client.get("/api/xp/learning-pulse", headers=bearer(ANA)).status_code == 503
    with pytest.raises(DamagedError, match=r"cannot be read .*it is no file"):
        publish_lake(Night.of(configuration))
    lake.suppressed.unlink()
    lake.suppressed.write_bytes(content)
    assert client.get("/api/xp/learning-pulse", headers=bearer(ANA)).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_public_names_that_have_no_end_are_503_and_own_answers_go_on(configuration: Configuration, kind: str) -> None:
    """FAULTS 83, 70."""
    client = create_app(configuration).test_client()
    profiles = Lake.of(configuration).profiles
    profiles.unlink()
    KINDS[kind](profiles)
    assert client.get("/profile/ana").status_code == 503
    assert client.get("/api/xp/learning-pulse", headers=bearer(ANA)).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ["manifest", "pin", "sequence", "receipt"])
def test_no_command_waits_for_what_is_no_file(
    configuration: Configuration, kind: str, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 83: siblings; each ends, as for a file that cannot be read."""
    lake, warehouse = Lake.of(configuration), Warehouse.of(configuration)
    lake.erasures.mkdir(exist_ok=True)
    place = {
        "manifest": warehouse.manifest_file(SECOND),
        "pin": warehouse.root / "pin",
        "sequence": lake.sequence,
        "receipt": lake.erasures / "2026-01-01T00-00-00-000001.json",
    }[which]
    place.unlink(missing_ok=True)
    KINDS[kind](place)
    for words in (["status"], ["versions"], ["build"]):
        assert cli.main([*words, "--config", str(configuration.path)]) in {0, 1}
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert str(place) in captured.err + captured.out or which == "pin"


def test_a_file_is_a_file(tmp_path: Path) -> None:
    """FAULTS 83: what is not there, or is a folder, is for whoever opens it to say."""
    (tmp_path / "file").touch()
    assert regular_file(tmp_path / "file") == tmp_path / "file"
    assert regular_file(tmp_path) == tmp_path
    with pytest.raises(FileNotFoundError):
        regular_file(tmp_path / "gone")
