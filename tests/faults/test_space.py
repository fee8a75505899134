"""A run that clearly has no room on the disk does not begin (FAULTS 3).

What happens on a disk that fills up while a run is at work is the matter of `test_full_disk.py`.
"""

from pathlib import Path

import pytest

from pipelines.command_line import cli
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from tests.support.slowly import slowly
from warehouse.condition import space
from warehouse.configuration.configuration import Configuration
from warehouse.errors import StorageError
from warehouse.versions.versions import Warehouse

TOO_MUCH = 10**18


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    nights = small_platform.two_nights(tmp_path)
    return small_platform.copied(nights, tmp_path / "copy", SECOND)


COMMANDS = [["nightly"], ["build"], ["backfill", "--from", "2025-12-29", "--to", "2025-12-30"]]


@pytest.mark.slow
@pytest.mark.parametrize("words", slowly(COMMANDS, quick=1))
def test_a_command_refuses_before_it_has_begun(
    configuration: Configuration, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 3: exit 1, folder and figures and the way out in one line, the old version served."""
    monkeypatch.setattr(space, "FLOOR_BYTES", TOO_MUCH)
    before = sorted(path for path in configuration.data_dir.rglob("*") if path.name != "run.lock")
    assert cli.main([*words, "--config", str(configuration.path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{configuration.data_dir}/lake has " in said
    assert "a run needs 1,000,000,000,000 MB" in said
    assert "keep_versions" in said
    assert said.endswith(f"last version {SECOND} still served\n")
    assert sorted(path for path in configuration.data_dir.rglob("*") if path.name != "run.lock") == before


@pytest.mark.slow
def test_a_run_that_dagster_starts_refuses_too(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 3."""
    import dagster as dg

    from assets.orchestration.resources import NightResource

    monkeypatch.setenv("PULSE_CONFIG", str(configuration.path))
    monkeypatch.setattr(space, "FLOOR_BYTES", TOO_MUCH)
    with pytest.raises(StorageError), NightResource().yield_for_execution(dg.build_init_resource_context()):
        pytest.fail("it began")


@pytest.mark.slow
def test_what_is_needed_is_the_version_once_more_less_what_a_build_removes_first(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 3: an unpublished version that fills the disk must not keep the next run from removing it."""
    warehouse = Warehouse.of(configuration)
    size = warehouse.manifest(SECOND).size + warehouse.manifest(SECOND).lookup_size
    free = {"now": 0}
    monkeypatch.setattr(
        "warehouse.condition.space.shutil.disk_usage", lambda _: type("Usage", (), {"free": free["now"]})
    )
    free["now"] = space.FLOOR_BYTES + size - 1
    with pytest.raises(StorageError, match=f"^{warehouse.root} has "):
        space.refuse_if_short(configuration)
    free["now"] += 1
    space.refuse_if_short(configuration)
    warehouse.building("pulse-2025-12-31-000009").write_bytes(b"x" * (size // 2))
    free["now"] -= size // 2
    space.refuse_if_short(configuration)


def test_before_the_first_night_there_is_a_folder_to_ask_about(tmp_path: Path) -> None:
    space.refuse_if_short(small_platform.make(tmp_path))
