"""A slip in the configuration costs nobody a file and bends no number (FAULTS 82)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.command_line import cli
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST_DAY
from warehouse.configuration.configuration import Configuration

COMMANDS = (["build"], ["nightly", "--day", str(FIRST_DAY)], ["erase", "somebody"])


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return small_platform.make(tmp_path)


def elsewhere(configuration: Configuration, folder: str) -> str:
    """Let `data_dir` be a folder, relative to that of the configuration."""
    text = configuration.path.read_text(encoding="utf-8")
    assert 'data_dir = "var"' in text
    configuration.path.write_text(text.replace('data_dir = "var"', f'data_dir = "{folder}"'), encoding="utf-8")
    return str(configuration.path)


@pytest.mark.parametrize("name", ["tmp", "lake", "warehouse", "dagster"])
def test_a_folder_of_others_is_neither_cleared_nor_closed(
    configuration: Configuration, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 82: as of `data_dir = "/"`, or of one that forgot a folder's name; every command that writes."""
    theirs = configuration.path.parent / "shared" / name / "of somebody else"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("a year of work")
    theirs.chmod(0o644)
    path = elsewhere(configuration, "shared")
    for words in COMMANDS:
        assert cli.main([*words, "--config", path]) == 2
        assert f"pulse.data_dir: {theirs.parent}: no run of ours has made what is there" in capsys.readouterr().err
    assert theirs.read_text() == "a year of work"
    assert theirs.stat().st_mode & 0o777 == 0o644


def test_of_a_temporary_folder_that_a_run_has_made_only_what_is_ours_goes(configuration: Configuration) -> None:
    """FAULTS 82: a folder that is ours may have got a guest."""
    path = elsewhere(configuration, ".")
    assert cli.main(["erase", "nobody of ours", "--config", path]) == 0
    temporary = configuration.path.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    for name in ("notes.txt", "duckdb_temp_storage_DEFAULT-0.tmp"):
        (temporary / name).write_text("content")
    assert cli.main(["erase", "nobody of ours", "--config", path]) == 0
    assert [place.name for place in temporary.iterdir()] == ["notes.txt"]


def test_a_lake_that_came_back_from_a_backup_is_ours(configuration: Configuration) -> None:
    """FAULTS 82: without the lock file of a run; and an empty folder is anybody's."""
    data_dir = configuration.path.parent / "var"
    assert cli.main(["erase", "nobody of ours", "--config", str(configuration.path)]) == 0
    (data_dir / "run.lock").unlink()
    (data_dir / "dagster").mkdir(exist_ok=True)
    (data_dir / "dagster" / "history.db").touch()
    (data_dir / "warehouse").mkdir(exist_ok=True)
    assert cli.main(["erase", "nobody of ours", "--config", str(configuration.path)]) == 0


def of_others(folder: Path) -> None:
    (folder / "platform.sqlite").write_text("a platform of my own")


def in_var(folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "platform").write_text("a platform of my own")


@pytest.mark.parametrize("make", [of_others, in_var])
def test_the_demo_replaces_a_demo_alone(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 82: a sibling; `demo/` may be anybody's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    make(tmp_path / "demo")
    before = {place: place.read_bytes() for place in (tmp_path / "demo").rglob("*") if place.is_file()}
    assert cli.main(["demo", "--no-serve"]) == 1
    assert "was not made by `pulse demo`; move it" in capsys.readouterr().err
    assert {place: place.read_bytes() for place in (tmp_path / "demo").rglob("*") if place.is_file()} == before


def test_a_message_moves_no_cursor(configuration: Configuration, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 82: whatever stands in the configuration, or comes as an argument."""
    text = configuration.path.read_text(encoding="utf-8")
    configuration.path.write_text(text.replace('timezone = "', 'timezone = "Mars\\u001b[31m', 1))
    assert cli.main(["status", "--config", str(configuration.path)]) == 2
    assert cli.main(["rollback", "x\x1b[31m", "--config", str(configuration.path)]) == 2
    configuration.path.write_text(text.replace('data_dir = "var"', 'data_dir = "\\u001b[31m"', 1))
    assert cli.main(["status", "--config", str(configuration.path)]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert captured.err.count("\\x1b[31m") == 2
    assert "\\x1b[31m" in captured.out
