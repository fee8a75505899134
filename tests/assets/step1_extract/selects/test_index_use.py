"""Filters and bounds stand on raw columns: the plan of each database says that an index on them serves (R1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from assets.step1_extract.selects.columns import reflect
from assets.step1_extract.selects.selects import Selects
from tests.support.platforms.sources import FIRST, PLATFORMS, Platform, platform_of
from warehouse.configuration.configuration import Configuration, load
from warehouse.lake.days import DAY

INDEX = "by_what_is_asked"
MAPPING = """
[pulse]
first_day = {first}
[sources.platform]
url = "{url}"
[streams.users]
kind = "users"
source = "platform"
table = "{schema}users"
columns = {{ user_id = "id" }}
[streams.tries]
kind = "quizzes"
source = "platform"
{relation}
[streams.tries.columns]
event_id = "id"
user_id = "who"
occurred_at = {occurred_at}
passed = "passed"
"""
RELATIONS = {
    "a number since 1970": (
        'table = "{schema}tries"',
        '{{ column = "at", unit = "ms" }}',
        "at",
    ),
    "a filter": (
        'table = "{schema}tries"\nwhere = [{{ column = "state", is = ["rare"] }}]',
        '{{ column = "at", unit = "ms" }}',
        "state",
    ),
    "a bound of a query": (
        "query = 'select id, who, passed, stamp as at from {schema}tries where stamp >= :from and stamp < :to'",
        '"at"',
        "stamp",
    ),
}


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """Ten thousand rows of a thousand days, one state in a hundred of which is rare."""
    with platform_of(request, tmp_path) as source:
        schema = f"{source.schema}." if source.schema else ""
        stamp = "text" if source.is_sqlite else "datetime" if source.is_mariadb else "timestamptz"
        source.run(
            f"create table {schema}users (id integer)",
            f"create table {schema}tries "
            f"(id integer, who integer, passed integer, at bigint, stamp {stamp}, state varchar(9))",
        )
        rows = [
            {
                "n": n,
                "at": (n // 10) * 86_400_000,
                "stamp": f"{1970 + n // 3650}-0{1 + n % 9}-1{n % 9}",
                "state": "rare" if n % 100 == 0 else "often",
            }
            for n in range(10_000)
        ]
        insert = f"insert into {schema}tries values (:n, 1, 1, :at, :stamp, :state)"
        if not source.is_sqlite and not source.is_mariadb:
            insert = insert.replace(":stamp", "cast(:stamp as timestamptz)")
        with source.changing() as connection:
            connection.execute(sa.text(insert), rows)
        yield source


def plan_of(platform: Platform, configuration: Configuration) -> str:
    """Return how the database would read two days, in its own words."""
    stream = configuration.streams["tries"]
    with platform.changing() as connection:
        selects = Selects(stream, reflect(connection, stream), connection.dialect.name)
        query = selects.rows(FIRST, FIRST + 2 * DAY)
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        explain = "explain query plan" if platform.is_sqlite else "explain"
        rows = connection.exec_driver_sql(f"{explain} {compiled}")
        return "\n".join(" ".join(map(str, row)) for row in rows)


@pytest.mark.parametrize("name", RELATIONS)
def test_an_index_on_a_raw_column_serves(platform: Platform, name: str) -> None:
    relation, occurred_at, column = RELATIONS[name]
    schema = f"{platform.schema}." if platform.schema else ""
    text = MAPPING.replace("{relation}", relation).replace("{occurred_at}", occurred_at)
    path = platform.folder / "pulse.toml"
    path.write_text(text.format(first=FIRST, url=platform.url, schema=schema), encoding="utf-8")
    configuration = load(path, uses=["sources"])
    assert INDEX not in plan_of(platform, configuration)
    in_schema = schema if platform.is_sqlite else ""
    platform.run(f"create index {in_schema}{INDEX} on {schema}tries ({column})")
    if platform.is_sqlite:
        platform.run("analyze")
    else:
        platform.run(f"analyze table {schema}tries" if platform.is_mariadb else f"analyze {schema}tries")
    assert INDEX in plan_of(platform, configuration)
