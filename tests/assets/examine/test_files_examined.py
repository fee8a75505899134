"""`pulse check` of files and of DuckDB databases: what is not there is named, and nothing is written or spilled."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from assets.examine.finding import Finding
from assets.step1_extract.source import sessions
from assets.step1_extract.source.duckdb_sessions import duckdb_engine
from tests.assets.examine.planted import by_name
from tests.support.platforms.file_platform import (
    COLUMNS,
    SECOND,
    TABLES,
    configuration,
    of_files,
    write_days,
    write_duckdb,
    write_file,
    write_files,
)
from tests.support.platforms.sources import DAY, FIRST
from warehouse import clock

Named = dict[tuple[str, str], list[Finding]]
NIGHT = datetime.combine(SECOND + DAY, time(2), tzinfo=UTC)
OF_THE_ROWS = {("stream xp", "learners")}  # one of five is a stranger's


@pytest.fixture(autouse=True)
def _after_the_second_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NIGHT)


def wrong(named: Named) -> dict[tuple[str, str], Finding]:
    return {key: one for key, several in named.items() for one in several if one.status != "ok"}


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("pattern", ["exports/{name}.", "exports/{name}-{day}."])
def test_there_is_nothing_to_say_of_files_that_are_in_order(pattern: str, ending: str, tmp_path: Path) -> None:
    (write_days if "day" in pattern else write_files)(tmp_path, ending)
    named = by_name(of_files(tmp_path, pattern + ending).path)
    assert wrong(named).keys() == OF_THE_ROWS
    assert named["source files", "connection"][0].message.endswith(" reads them")
    assert named["stream sessions", "rows"][0].message == "the 2 sampled rows pass the rules"


def test_nothing_is_spilled_into_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, "csv")
    written = of_files(tmp_path, "exports/{name}.csv")
    written.data_dir.mkdir()
    folders = []

    def spying(file: Path | None, folder: Path, temp_dir: Path | None) -> Engine:
        folders.append(temp_dir)
        return duckdb_engine(file, folder, temp_dir)

    monkeypatch.setattr(sessions, "duckdb_engine", spying)
    by_name(written.path)
    assert folders
    assert not [folder for folder in folders if folder is None or folder.is_relative_to(tmp_path)]


FAULTS = [
    # what stream xp reads, the look, what is said, and the way out
    ("exports/nothing-*.csv", "files", "no file matches", "correct the pattern, or write the files"),
    ("exports/xp-{day}.parquet", "files", f"there is no file of {SECOND}", "write it, an empty one for a day without"),
    ("exports/other.csv", "files", 'column "changed" (updated_at) is not in', "map another"),
    ("exports/broken.parquet", "columns", "broken.parquet", "write the file again"),
]


@pytest.mark.parametrize(("files", "check", "message", "way_out"), FAULTS)
def test_files_that_a_night_could_not_read_are_named(
    files: str, check: str, message: str, way_out: str, tmp_path: Path
) -> None:
    write_files(tmp_path, "csv")
    columns = {name: kind for name, kind in TABLES["xp"][0].items() if name != "changed"}
    write_file(tmp_path / "exports" / "other.csv", columns, [row[:-1] for row in TABLES["xp"][1]])
    write_file(tmp_path / "exports" / f"xp-{FIRST}.parquet", TABLES["xp"][0], [])
    (tmp_path / "exports" / "broken.parquet").write_text("no parquet")
    what = {name: f"files = 'exports/{name}.csv'" for name in COLUMNS} | {"xp": f"files = '{files}'"}
    named = by_name(configuration(tmp_path, what).path)
    (finding,) = [one for one in named["stream xp", check] if one.status == "failed"]
    assert message in finding.message
    assert way_out in (finding.way_out or "")
    assert {subject for (subject, _), one in wrong(named).items() if one.status == "failed"} == {"stream xp"}


def test_days_that_have_not_to_be_read_need_no_file(tmp_path: Path) -> None:
    """The configuration counts from the second day on."""
    write_days(tmp_path, "csv")
    for file in (tmp_path / "exports").glob(f"*-{FIRST}.csv"):
        file.unlink()
    assert wrong(by_name(of_files(tmp_path, "exports/{name}-{day}.csv", first_day=SECOND).path)).keys() == OF_THE_ROWS


def of_duckdb(folder: Path, **more: str) -> Named:
    tables = {name: f"table = '{name}'" for name in COLUMNS} | more
    what = {name: f"source = 'platform'\n{line}" for name, line in tables.items()}
    return by_name(configuration(folder, what, source="duckdb:///platform.duckdb").path)


def test_there_is_nothing_to_say_of_a_database_of_duckdb(tmp_path: Path) -> None:
    write_duckdb(tmp_path / "platform.duckdb")
    before = (tmp_path / "platform.duckdb").read_bytes()
    named = of_duckdb(tmp_path)
    assert wrong(named).keys() == OF_THE_ROWS
    assert named["source platform", "writing"][0].message == "the session is read-only, a write was refused"
    assert named["source platform", "connection"][0].message.startswith("DuckDB ")
    assert not [key for key in named if key[1] in {"index", "plan"}]
    assert (tmp_path / "platform.duckdb").read_bytes() == before


def test_what_is_wrong_about_a_database_of_duckdb_is_named(tmp_path: Path) -> None:
    named = of_duckdb(tmp_path)
    assert "there is no file" in named["source platform", "connection"][0].message
    write_duckdb(tmp_path / "platform.duckdb")
    where = "table = 'quizzes'\nwhere = [{ column = 'ok', is = ['often'] }]"
    faults = wrong(
        of_duckdb(tmp_path, xp="table = 'nowhere'", quizzes=where, sessions="query = 'select nothing from nowhere'")
    )
    assert {key for key, one in faults.items() if one.status == "failed"} == {
        ("stream xp", "table"),
        ("stream quizzes", "where"),
        ("stream sessions", "query"),
    }


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "platform.duckdb").write_text("no database")
    (finding,) = of_duckdb(tmp_path)["source platform", "connection"]
    assert (finding.status, "no DuckDB database" in finding.message) == ("failed", True)
