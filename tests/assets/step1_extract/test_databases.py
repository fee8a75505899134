"""One platform in three databases gives one warehouse: SQLite, a real PostgreSQL and a real MariaDB.

MariaDB stands for every SQLAlchemy dialect that is read through a server-side cursor. It is the one thing that the
tests cannot bring along: without it those tests are skipped, except in CI, where its absence is a failure.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from pipelines.demo.platform import Platform, demo_configuration, make_platform
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import SourceUnavailableError

LAST_DAY = date(2026, 3, 31)
SECRET = "a secret of the tests, longer than 32 bytes"
TABLES = ("users", "daily_activity", "learning_pulse", "pulse_totals")
INSTANTS = {"deleted_at", "created_at", "updated_at", "started_at", "ended_at", "last_activity_at", "submitted_at"}
BOOLEANS = {"is_public", "passed"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, Path]:
    """The demo's platform of some weeks, which has duplicates, broken rows, corrections and unknown learners."""
    path = tmp_path_factory.mktemp("platform") / "platform.sqlite"
    return make_platform(path, users=8, days=40, last_day=LAST_DAY), path


@pytest.fixture(scope="module")
def from_sqlite(platform: tuple[Platform, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version made from SQLite."""
    made, path = platform
    return _published(made, f"sqlite:///{path}", tmp_path_factory.mktemp("sqlite"))


@pytest.mark.parametrize("instants", ["timestamp", pytest.param("timestamptz", marks=pytest.mark.slow)])
def test_postgresql_gives_the_tables_that_sqlite_gives(
    platform: tuple[Platform, Path], from_sqlite: Path, postgres_url: str, tmp_path: Path, instants: str
) -> None:
    """Through ADBC, with instants that carry a zone and without."""
    made, path = platform
    _copy(path, postgres_url, postgresql.TIMESTAMP(timezone=instants == "timestamptz", precision=6))
    _assert_same_tables(from_sqlite, _published(made, postgres_url, tmp_path))


@pytest.mark.slow
def test_mariadb_gives_the_tables_that_sqlite_gives(
    platform: tuple[Platform, Path], from_sqlite: Path, mariadb_url: str, tmp_path: Path
) -> None:
    """Through a server-side cursor and pandas chunks."""
    made, path = platform
    _copy(path, mariadb_url, mysql.DATETIME(fsp=6))
    _assert_same_tables(from_sqlite, _published(made, mariadb_url, tmp_path))


def test_a_source_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    """Neither user nor password of the URL may reach a log."""
    nobody = "postgresql://pulse:open-sesame@127.0.0.1:1/nowhere"
    configuration = _configuration(nobody, date(2026, 3, 30), tmp_path)
    with pytest.raises(SourceUnavailableError, match="stream xp_events: source platform failed") as caught:
        run_night(Night.of(configuration), Run(date(2026, 3, 30), LAST_DAY))
    assert "open-sesame" not in str(caught.value)


def _published(platform: Platform, url: str, folder: Path) -> Path:
    configuration = _configuration(url, platform.first_day, folder)
    assert run_night(Night.of(configuration), Run(platform.first_day, LAST_DAY)) is not None
    return configuration.data_dir / "warehouse" / "pulse.duckdb"


def _configuration(url: str, first_day: date, folder: Path) -> Configuration:
    path = folder / "pulse.toml"
    path.write_text(demo_configuration("var", url, first_day, SECRET), encoding="utf-8")
    return load(path, uses=["sources"])


def _engine(url: str) -> sa.Engine:
    driver = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg"}
    parsed = sa.make_url(url)
    return sa.create_engine(parsed.set(drivername=driver[parsed.drivername]), poolclass=sa.NullPool)


def _copy(path: Path, url: str, instant: sa.types.TypeEngine[datetime]) -> None:
    """Copy every table of a SQLite platform; the amount, which may hold 12.5, becomes NUMERIC."""
    metadata = sa.MetaData()
    with sqlite3.connect(path) as source, _engine(url).begin() as target:
        names = [row[0] for row in source.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            rows = source.execute(f"select * from {name}")
            columns = [column[0] for column in rows.description]
            table = sa.Table(name, metadata, *(sa.Column(column, _type(column, instant)) for column in columns))
            table.drop(target, checkfirst=True)
            table.create(target)
            target.execute(table.insert(), [_typed(columns, row) for row in rows])
    source.close()


def _type(column: str, instant: sa.types.TypeEngine[datetime]) -> sa.types.TypeEngine[Any]:
    if column in INSTANTS:
        return instant
    if column in BOOLEANS:
        return sa.Boolean()
    return sa.Numeric(20, 2) if column == "amount" else sa.String(64)


def _typed(columns: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    return {column: _value(column, value) for column, value in zip(columns, row, strict=True)}


def _value(column: str, value: object) -> object:
    if column in INSTANTS and isinstance(value, str):
        return datetime.fromisoformat(f"{value}+00:00")
    if column in BOOLEANS and value is not None:
        return bool(value)
    return value


def _assert_same_tables(one: Path, other: Path) -> None:
    with duckdb.connect() as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach '{path.resolve()}' as {name} (read_only)")
        for table in TABLES:
            rows = [connection.execute(f"from {name}.{table} order by all").fetchall() for name in ("one", "other")]
            assert rows[0]
            assert rows[0] == rows[1], table
        for table, columns in (("quarantine", "* exclude (row)"), ("landings", "* exclude (extracted_at, proven_at)")):
            query = f"select {columns} from {{}}.{table} order by all"
            rows = [connection.execute(query.format(name)).fetchall() for name in ("one", "other")]
            assert rows[0]
            assert rows[0] == rows[1], table
