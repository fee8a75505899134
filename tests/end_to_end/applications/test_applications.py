"""Applications as they are: a folder has their tables and rows, mappings that connect them, and the numbers.

Each mapping of a folder, `query.toml` and the like, has to give `expected.json`, and reconciling afterwards no drift.
What a row is for stands beside it, in the SQL.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from assets.examine.examine import examine
from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from tests.support.platforms.sources import night, published
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration, load

FOLDER = Path(__file__).parent


def is_in_sqlite(mapping: Path) -> bool:
    return (mapping.parent / "setup.sqlite.sql").exists()


def name_of(mapping: object) -> str:
    assert isinstance(mapping, Path)
    return f"{mapping.parent.name}-{mapping.stem}"


LAST_DAY = date(2026, 11, 7)
# Those in SQLite first, which need no server; the others are slow.
MAPPINGS = sorted(FOLDER.glob("*/*.toml"), key=lambda mapping: (not is_in_sqlite(mapping), mapping))
SETUPS = {"sqlite": "setup.sqlite.sql", "postgres": "setup.postgres.sql", "mysql": "setup.mysql.sql"}
DAYS = """
select user_id, activity_date::varchar, xp_earned, learning_time, sessions, quizzes, quizzes_passed
from daily_activity order by user_id, activity_date
"""
MEASURES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")


@pytest.fixture(params=slowly(MAPPINGS, quick=sum(map(is_in_sqlite, MAPPINGS))), ids=name_of)
def configuration(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Configuration]:
    """An application in the database that it uses, and a mapping."""
    mapping: Path = request.param
    (database,) = (name for name, setup in SETUPS.items() if (mapping.parent / setup).exists())
    setup = (mapping.parent / SETUPS[database]).read_text(encoding="utf-8")
    url = f"sqlite:///{tmp_path}/application.sqlite"
    if database == "sqlite":
        with closing(sqlite3.connect(tmp_path / "application.sqlite")) as connection:
            connection.executescript(setup)
        yield configured(mapping, tmp_path, url)
        return
    server: str = request.getfixturevalue("postgres_url" if database == "postgres" else "mariadb_url")
    name = f"application_{re.sub(r'[^a-z0-9]', '_', mapping.parent.name)}_{mapping.stem}"
    driver = "postgresql+psycopg" if database == "postgres" else "mysql+pymysql"
    admin = sa.create_engine(
        sa.make_url(server).set(drivername=driver), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    own = sa.make_url(server).set(drivername=driver, database=name)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"drop database if exists {name}")
        connection.exec_driver_sql(f"create database {name}")
    try:
        engine = sa.create_engine(own, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in filter(str.strip, re.split(r";\s*\n", re.sub(r"\s--[^\n]*", "", f"\n{setup}\n"))):
                connection.exec_driver_sql(statement.replace("%", "%%"))
        scheme = "postgresql" if database == "postgres" else "mysql"
        yield configured(mapping, tmp_path, own.set(drivername=scheme).render_as_string(hide_password=False))
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"drop database {name}" + (" with (force)" if database == "postgres" else ""))


def configured(mapping: Path, folder: Path, url: str) -> Configuration:
    place = folder / "pulse.toml"
    place.write_text(mapping.read_text(encoding="utf-8").replace("$URL", url), encoding="utf-8")
    return load(place, uses=["sources"])


def test_an_application_is_connected_by_its_mapping(
    configuration: Configuration, request: pytest.FixtureRequest
) -> None:
    """R1: the numbers are those that were worked out by hand, and the sources say the same afterwards."""
    mapping: Path = request.node.callspec.params["configuration"]
    expected = json.loads((mapping.parent / "expected.json").read_text(encoding="utf-8"))
    assert night(configuration, LAST_DAY) is not None
    found = [
        [user_id, day, {name: value for name, value in zip(MEASURES, values, strict=True) if value}]
        for user_id, day, *values in published(configuration, DAYS)
    ]
    assert found == expected["days"]
    assert [user_id for (user_id,) in published(configuration, "select user_id from users order by 1")] == (
        expected["learners"]
    )
    quarantine = published(configuration, "select stream || ' ' || reason, count(*) from quarantine group by 1")
    assert dict(quarantine) == expected["quarantine"]
    comparison, restated = reconcile(Night.of(configuration))
    assert [str(drift) for drift in comparison.drifts] == []
    assert restated is None


@pytest.mark.slow
def test_a_connected_application_has_no_fault(configuration: Configuration) -> None:
    """But for the role, which is the one that made the tables, and for names of zones that are Moodle's own."""
    wrong = [finding for finding in examine(configuration.path) if finding.status != "ok"]
    assert [finding.line for finding in wrong if finding.check not in {"role", "zones"}] == []
    assert {finding.status for finding in wrong} <= {"warning"}
