"""Erasing a learner from the lake, file by file, as if that learner had never been there.

Every file is replaced by one without the learner's rows, in one rename each. A landing is judged again without them
(R20). A row of another learner with the same id may count now, and the figures follow. Activity is deleted, because
every build makes what is missing.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from assets.erase.find_learner import ACTIVITY, connected, ids_of, is_of_learner
from assets.night.night import Night
from assets.step2_land.judge import judge, recounted, write_landing
from warehouse import engine
from warehouse.crash_points import reached
from warehouse.disk.files import sync, written_beside
from warehouse.lake.footers import ABOUT
from warehouse.lake.landing import Landing

ROW_GROUP_ROWS = 122_880  # DuckDB's own

PASSED_BEFORE = Path(__file__).with_name("passed_before.sql")
QUARANTINED_BEFORE = Path(__file__).with_name("quarantined_before.sql")
ABOUT_FILE = "select decode(value) from parquet_kv_metadata({}) where key = $about"
COLUMNS = "select column_name from (describe select * from {})"
GROUPS = "select max(row_group_num_rows) from parquet_metadata({})"


def erase_from_lake(night: Night, files: Collection[Path], user_id: str) -> None:
    """Replace files of the lake by ones without a learner's rows.

    The public page goes first, then the learner of later builds. A rerun completes a run that died in between.

    Args:
        night: whose lake.
        files: the files that name the learner, as `find_learner` returns them.
        user_id: a normal id (R26).
    """
    lake, progress = night.lake, night.progress
    first, last = [lake.profiles, lake.users, lake.zones], [lake.lookups]  # which a rerun needs to know the keys
    others = sorted(set(files) - {*first, *last})
    in_order = [file for file in [*first, *others, *last] if file in files]
    with progress.step("lake", len(in_order)) as summarize, connected(night) as connection:
        ids = ids_of(connection, night, user_id)
        for file in in_order:
            _erase_from(connection, file, ids)
            reached("erase: one file replaced")
            progress.advance()
        summarize(f"{len(in_order)} files without the learner")


def _erase_from(connection: duckdb.DuckDBPyConnection, file: Path, ids: Sequence[str]) -> None:
    if file.parent.name == ACTIVITY:
        file.unlink()
        sync(file.parent)
        return
    query = ABOUT_FILE.format(engine.paths([file]))
    metadata = connection.execute(query, {"about": ABOUT.encode()}).fetchall()
    about = metadata[0][0] if metadata else None
    if about is not None and "content_hash" in json.loads(about) and "source_rows" in json.loads(about):
        _erase_from_landing(connection, file, Landing.from_json(about), ids)
    else:
        _erase_rows(connection, file, about, ids)


def _erase_rows(connection: duckdb.DuckDBPyConnection, file: Path, about: str | None, ids: Sequence[str]) -> None:
    """Copy a file without the learner's rows: the same order, groups and metadata."""
    rows = engine.files([file])
    columns = [name for (name,) in connection.execute(COLUMNS.format(rows)).fetchall()]
    (rows_per_group,) = engine.one_row(connection, GROUPS.format(engine.paths([file])))
    options = f"format parquet, row_group_size {rows_per_group or ROW_GROUP_ROWS}"
    parameters: dict[str, object] = {"ids": ids}
    if about is not None:
        options += f", kv_metadata {{{ABOUT}: $about}}"
        parameters["about"] = about
    with written_beside(file) as unfinished:
        connection.execute(
            f"copy (select * from {rows} where not {is_of_learner(columns)}) to $unfinished ({options})",
            {**parameters, "unfinished": str(unfinished)},
        )


def _erase_from_landing(
    connection: duckdb.DuckDBPyConnection, file: Path, landing: Landing, ids: Sequence[str]
) -> None:
    """Judge again what passed before, without the learner's rows, and write the landing with its new figures."""
    measures = "" if landing.is_daily else ", no_measures() as measures"
    connection.execute(f"create or replace temp view landing_before as select *{measures} from {engine.files([file])}")
    parameters = {"ids": ids}
    connection.execute(f"create or replace temp table spool as {engine.sql(PASSED_BEFORE)}", parameters)
    judge(connection, None, landing.day, landing.day, datetime.fromisoformat(landing.extracted_at))
    quarantined = f"insert into landed by name {engine.sql(QUARANTINED_BEFORE)}"
    connection.execute(quarantined, {**parameters, "day": landing.day})
    with written_beside(file) as unfinished:
        write_landing(connection, recounted(connection, landing), unfinished)
