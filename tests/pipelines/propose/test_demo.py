"""The demo's platform needs no correction: a night by what is proposed publishes what the demo's own mapping does.

In SQLite as `pulse demo` writes it, and copied to PostgreSQL and MariaDB, with the types that one has there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.demo.platform import demo_configuration, make_platform
from tests.support.platforms.proposals import DRIVERS, database_of, proposed, written
from tests.support.platforms.sources import night, published
from warehouse.configuration.configuration import Configuration, load

LAST_DAY = date(2026, 11, 22)
TABLES = ("daily_activity", "learning_pulse", "pulse_totals", "users")
INSTANTS = {"created_at", "started_at", "ended_at", "last_activity_at", "updated_at", "submitted_at", "deleted_at"}
OF_SERVERS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "postgresql": {
        "id": sa.Uuid(as_uuid=False),
        "instant": sa.DateTime(timezone=True),
        "amount": sa.Numeric(),
        "flag": sa.Boolean(),
        "text": sa.Text(),
    },
    "mysql": {
        "id": sa.CHAR(36),
        "instant": sa.dialects.mysql.DATETIME(fsp=6),
        "amount": sa.Numeric(12, 2),
        "flag": sa.dialects.mysql.TINYINT(display_width=1),
        "text": sa.String(200),
    },
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """The demo as it is configured by itself; for reading only."""
    folder = tmp_path_factory.mktemp("demo")
    made = make_platform(folder / "platform.sqlite", users=8, days=40, last_day=LAST_DAY)
    text = demo_configuration("var", "sqlite:///platform.sqlite", made.first_day, "not used here, but over 32 bytes")
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    return load(folder / "pulse.toml", uses=["sources"])


@pytest.fixture(scope="module")
def published_demo(demo: Configuration) -> Configuration:
    assert night(demo, LAST_DAY) is not None
    return demo


@contextmanager
def copy_of(demo: Configuration, kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The demo's platform in SQLite, or copied to a server; its URL."""
    sqlite = f"sqlite:///{demo.path.parent}/platform.sqlite"
    if kind == "sqlite":
        yield sqlite
        return
    server = request.getfixturevalue({"postgresql": "postgres_url", "mysql": "mariadb_url"}[kind])
    with database_of(server, "init_of_demo") as url:
        driver = sa.make_url(url).set(drivername=DRIVERS[kind])
        copy_tables(sa.create_engine(sqlite, poolclass=sa.NullPool), sa.create_engine(driver, poolclass=sa.NullPool))
        yield url


def copy_tables(source: sa.Engine, target: sa.Engine) -> None:
    kinds = OF_SERVERS[target.dialect.name]
    metadata = sa.MetaData()
    metadata.reflect(source)
    with source.connect() as reading, target.begin() as writing:
        for table in metadata.sorted_tables:
            columns = [sa.Column(column.name, kinds[kind_of(column.name)]) for column in table.columns]
            keys = [sa.PrimaryKeyConstraint("id")] if table.name == "users" else []
            copied = sa.Table(table.name, sa.MetaData(), *columns, *keys)
            copied.create(writing)
            rows = reading.exec_driver_sql(f"select * from {table.name}").mappings()
            values = [{name: value_of(name, value) for name, value in row.items()} for row in rows]
            writing.execute(copied.insert(), values)


def kind_of(name: str) -> str:
    if name in INSTANTS:
        return "instant"
    return {"id": "id", "user_id": "id", "amount": "amount", "passed": "flag", "is_public": "flag"}.get(name, "text")


def value_of(name: str, value: Any) -> Any:
    if value is None or name not in INSTANTS:
        return bool(value) if kind_of(name) == "flag" and value is not None else value
    return datetime.fromisoformat(f"{value}+00:00")


def streams_of(configuration: Configuration) -> dict[str | None, tuple[str, dict[str, str]]]:
    return {stream.table: (stream.kind, stream.inputs) for stream in configuration.streams.values()}


def test_the_demo_is_proposed_as_it_is_configured(demo: Configuration, tmp_path: Path) -> None:
    configuration = written(proposed(f"sqlite:///{demo.path.parent}/platform.sqlite", tmp_path), tmp_path)
    assert streams_of(configuration) == streams_of(demo)
    assert configuration.pulse.first_day == demo.pulse.first_day


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_the_demo_needs_no_correction(
    kind: str, published_demo: Configuration, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with copy_of(published_demo, kind, request) as url:
        configuration = written(proposed(url, tmp_path), tmp_path)
        assert streams_of(configuration) == streams_of(published_demo)
        assert night(configuration, LAST_DAY) is not None
    for table in TABLES:
        query = f"select * from {table} order by all"
        assert published(configuration, query) == published(published_demo, query)
    assert published(configuration, "select count(*) > 100, sum(xp_earned) > 0 from daily_activity") == [(True, True)]
