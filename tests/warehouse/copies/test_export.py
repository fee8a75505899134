"""Exports as Parquet: every row of a version, by month, and a folder that is whole or as it was."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import duckdb
import pytest

from pipelines.command_line.cli import main
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, FIRST, SECOND
from warehouse.copies.export import CONTENT, export
from warehouse.erasure import suppression
from warehouse.errors import ConfigurationError, DamagedError, NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions import schema
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

DAILY = "daily_activity/month=2025-12/daily_activity.parquet"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "it's * out" / "of [reach]"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def rows_of(query: str, file: Path | None = None) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file or ":memory:"), read_only=file is not None) as connection:
        return connection.execute(query).fetchall()


def parquet(folder: Path, table: str) -> str:
    """A table of an export as an analyst reads it, with DuckDB of all tools: by a pattern where there are months."""
    escaped = str(folder).replace("'", "''").replace("[", "[[]").replace("*", "[*]")
    pattern = f"{table}/*/*.parquet" if (folder / table).is_dir() else f"{table}.parquet"
    return f"read_parquet('{escaped}/{pattern}', hive_partitioning = true)"


def test_every_table_has_its_rows_in_their_order(configuration: Configuration, out: Path) -> None:
    exported = export(configuration, out, None, ())
    warehouse = Warehouse.of(configuration)
    assert exported.version == SECOND
    tables = [table.name for table in schema.tables() if not table.is_view]
    counts = dict.fromkeys(tables, 0)
    for file, rows in exported.rows.items():
        counts[file.partition("/")[0].removesuffix(".parquet")] += rows
    assert counts == warehouse.manifest(SECOND).rows
    for table in tables:
        columns = ", ".join(f'"{column.name}"' for column in schema.table(table).columns)
        own = rows_of(f"select {columns} from {table}", warehouse.file(SECOND))
        assert rows_of(f"select {columns} from {parquet(out, table)}") == own, table


def test_tables_with_local_dates_are_folders_of_months_and_others_are_files(
    configuration: Configuration, out: Path
) -> None:
    export(configuration, out, SECOND, ["learning_pulse", "users", "landings"])
    learning_pulse = "learning_pulse/month=2025-12/learning_pulse.parquet"
    assert sorted(contents(out)) == [CONTENT, "landings.parquet", learning_pulse, "users.parquet"]


def test_a_table_without_rows_has_its_columns(configuration: Configuration, out: Path) -> None:
    export(configuration, out, None, ["restatements"])
    assert sorted(contents(out)) == [CONTENT, "restatements/month=2025-12/restatements.parquet"]
    columns = rows_of(f"describe select * from {parquet(out, 'restatements')}")
    assert [row[0] for row in columns] == [*(column.name for column in schema.table("restatements").columns), "month"]


def test_files_are_zstd_and_say_which_version_they_are_of(configuration: Configuration, out: Path) -> None:
    export(configuration, out, FIRST, ["daily_activity"])
    file = str(out / DAILY).replace("'", "''").replace("[", "[[]").replace("*", "[*]")
    assert rows_of(f"select distinct compression from parquet_metadata('{file}')") == [("ZSTD",)]
    assert rows_of(f"select key, value from parquet_kv_metadata('{file}')") == [(b"version", FIRST.encode())]
    assert json.loads((out / CONTENT).read_text())["version"] == FIRST


def test_sums_of_128_bits_stay_whole(configuration: Configuration, out: Path) -> None:
    """Parquet has no such integer, and a double would lose digits."""
    export(configuration, out, None, ["version_info"])
    assert rows_of(f"select typeof(read_xp), read_xp from {parquet(out, 'version_info')}")[0][0] == "DECIMAL(38,0)"


def test_the_command_exports_a_past_version_and_says_what_no_erasure_reaches(
    configuration: Configuration, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(out), "--version", FIRST, "--table", "users", "--config", str(configuration.path)]
    assert main(words) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{FIRST}: 1 files with 6 rows in {out}"
    assert "no erasure reaches this folder" in second
    assert [*contents(out)] != []


def test_an_earlier_export_is_replaced_whole(configuration: Configuration, out: Path) -> None:
    """What the one before had and the new one has not is gone."""
    export(configuration, out, FIRST, ())
    out.chmod(0o700)
    export(configuration, out, SECOND, ["users"])
    assert sorted(contents(out)) == [CONTENT, "users.parquet"]
    assert os.listdir(out.parent) == [out.name]  # noqa: PTH208 - hidden ones, too
    assert out.stat().st_mode & 0o777 == 0o700


def test_owner_and_group_read_an_export_and_nobody_else(configuration: Configuration, out: Path) -> None:
    before = os.umask(0)
    try:
        export(configuration, out, None, ["users", "daily_activity"])
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (out, *out.rglob("*")) if path.is_dir()}
    assert modes == {0o750}
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o640}


@pytest.mark.parametrize("other", ["notes.txt", "daily_activity/month=2025-12/mine.parquet", "a link"])
def test_a_folder_that_has_anything_else_is_left_as_it_is(
    configuration: Configuration, out: Path, tmp_path: Path, other: str
) -> None:
    """FAULTS 87."""
    export(configuration, out, None, ())
    if other == "a link":
        (out / other).symlink_to(tmp_path)
    else:
        (out / other).write_text("mine")
    before = contents(out)
    with pytest.raises(ConfigurationError, match=f"has {other}, which is of no export; name a new or empty folder"):
        export(configuration, out, None, ["users"])
    assert contents(out) == before


def test_folders_that_no_export_can_replace_are_refused(configuration: Configuration, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "forged").mkdir()
    (tmp_path / "forged" / CONTENT).write_text('{"rows": 7}')
    for folder, reason in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "forged", f"has {CONTENT}"),
        (configuration.data_dir / "out", "is in the data folder"),
        (configuration.data_dir, "is in the data folder"),
    ):
        with pytest.raises(ConfigurationError, match=reason):
            export(configuration, folder, None, ())


def test_what_is_typed_wrong_is_named_with_what_there_is(
    configuration: Configuration, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(configuration.path)]
    assert main(["export", str(out), "--version", "pulse-2025-12-30-000009", *config]) == 1
    assert "there is no version pulse-2025-12-30-000009" in capsys.readouterr().err
    assert main(["export", str(out), "--table", "learning_pulse_calendar", *config]) == 2
    assert "has no table learning_pulse_calendar; it has users, daily_activity, " in capsys.readouterr().err
    assert not out.exists()


def test_without_a_version_there_is_nothing_to_export(nights: Path, tmp_path: Path, out: Path) -> None:
    configuration = small_platform.copied(nights, tmp_path / "nights", None)
    with pytest.raises(NoVersionError, match="nothing is published"):
        export(configuration, out, None, ())


def test_a_version_that_is_not_what_its_manifest_says_is_not_exported(configuration: Configuration, out: Path) -> None:
    """FAULTS 4."""
    file = Warehouse.of(configuration).file(SECOND)
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    with pytest.raises(NoVersionError, match="SHA-256"):
        export(configuration, out, None, ())
    assert not out.parent.exists()


def test_while_an_erasure_is_half_way_a_version_with_the_learner_is_not_exported(
    configuration: Configuration, out: Path
) -> None:
    """FAULTS 87."""
    suppression.suppress(Lake.of(configuration).suppressed, ANA)
    with pytest.raises(DamagedError, match="has a learner who is erased; complete `pulse erase`"):
        export(configuration, out, None, ["landings"])
    assert not out.exists()
