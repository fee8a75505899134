"""Hostile names, values and query texts of a mapping do nothing but what they say, in every database.

The configuration is the operator's, but names and values come from platforms, and people copy them. Each would end a
literal, a name, a comment or a statement, or be taken for a parameter; beside the mapped tables stands one that they
try to drop. What must hold: the numbers are right, and no row of the database has changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect

from assets.night.night import Night
from assets.reconcile.compare import compare
from tests.support.platforms.mapped_tables import quoted, toml
from tests.support.platforms.sources import FIRST, PLATFORMS, Platform, night, platform_of, published
from warehouse.configuration.configuration import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NOON = 1780315200  # of FIRST
DROP = "; drop table bystander; --"
NAMES = (
    f'a"{DROP}',
    f"b`{DROP}",
    f"c'{DROP}",
    "d%s %(x)s %%",
    "e:from :to ::x",
    "f{} {0} {x}",
    "g\\",
    "h/* */ #",
    "i\u00e9$$",
)
VALUES = (
    f"'{DROP}",
    f'"{DROP}',
    f"\\'{DROP}",
    "%s %(x)s %%",
    ":from :to",
    "{} {0}",
    "line\nbreak\ttab",
    "\U0001f600",
    "$$ \\",
    "/*",
)
PUBLISHED = "select user_id, xp_earned, quizzes, quizzes_passed from daily_activity order by all"


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        found.run(
            f"create table {found.table('bystander')} (a integer)", f"insert into {found.table('bystander')} values (7)"
        )
        yield found


def dialect_of(platform: Platform) -> str:
    return "mysql" if platform.is_mariadb else platform.backend


def filled(platform: Platform, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> None:
    """Make a table of any name with columns of any names."""
    dialect = dialect_of(platform)
    schema = f"{platform.schema}." if platform.schema else ""
    name = schema + quoted(table, dialect)
    defined = ", ".join(f"{quoted(column, dialect)} {kind}" for column, kind in columns.items())
    mark = "?" if platform.is_sqlite else "%s"
    with platform.changing() as connection:
        connection.exec_driver_sql(_escaped(f"create table {name} ({defined})", mark), ())
        for row in rows:
            insert = f"insert into {_escaped(name, mark)} values ({', '.join([mark] * len(row))})"
            connection.exec_driver_sql(insert, tuple(row))


def _escaped(statement: str, mark: str) -> str:
    return statement.replace("%", "%%") if mark == "%s" else statement


def everything(platform: Platform) -> dict[str, list[Any]]:
    """Every row of every table of the platform."""
    dialect = dialect_of(platform)
    with platform.changing() as connection:
        names = inspect(connection).get_table_names(schema=platform.schema or None)
        schema = f"{platform.schema}." if platform.schema else ""
        return {
            name: sorted(
                map(
                    repr,
                    connection.exec_driver_sql(
                        _escaped(f"select * from {schema}{quoted(name, dialect)}", "?" if platform.is_sqlite else "%s"),
                        (),
                    ).fetchall(),
                )
            )
            for name in names
        }


def read(platform: Platform, streams: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Run a night and a reconciliation over streams; nothing may have changed in the source, nothing drifted."""
    lines = [f"[pulse]\nfirst_day = {FIRST}\n[sources.platform]\nurl = {json.dumps(platform.url)}"]
    for name, keys in streams.items():
        lines += [
            f"[streams.{name}]",
            'source = "platform"',
            *(f"{key} = {toml(value)}" for key, value in keys.items()),
        ]
    place = platform.folder / "pulse.toml"
    place.write_text("\n".join(lines), encoding="utf-8")
    configuration = load(place, uses=["sources"])
    before = everything(platform)
    assert before["bystander"] == ["(7,)"]
    assert night(configuration, FIRST) is not None
    assert compare(Night.of(configuration)).drifts == []
    assert everything(platform) == before
    return published(configuration, PUBLISHED)


def table_of(platform: Platform, name: str) -> str:
    return f"{platform.schema}.{name}" if platform.schema else name


def text_type(platform: Platform) -> str:
    return "varchar(100)" if platform.is_mariadb else "text"


def test_names_of_tables_and_columns(platform: Platform) -> None:
    text = text_type(platform)
    filled(platform, NAMES[0], {NAMES[1]: text}, [["ann"]])
    types = dict(
        zip(
            NAMES, ["integer", text, "bigint", "integer", "integer", text, "integer", "integer", "integer"], strict=True
        )
    )
    rows = [
        [1, "ann", NOON, 5, 0, "yes", 1, 3, 9],
        [2, "ann", NOON, 7, 1, "yes", 1, 4, 9],
        [3, "ann", NOON, 90, 0, "no", 1, 4, 9],
    ]
    filled(platform, NAMES[2], types, rows)
    event, user, at, amount, is_hidden, state, other, score, most = NAMES
    same = {"event_id": [event, other], "user_id": user, "occurred_at": {"column": at, "unit": "s"}}
    where = [{"column": state, "is": ["yes"]}, {"column": is_hidden, "below": 2}]
    names = ", ".join(quoted(name, dialect_of(platform)) for name in NAMES)
    source = ".".join(quoted(part, dialect_of(platform)) for part in (platform.schema, NAMES[2]) if part)
    found = read(
        platform,
        {
            "users": {"kind": "users", "table": table_of(platform, NAMES[0]), "columns": {"user_id": NAMES[1]}},
            "xp": {
                "kind": "xp",
                "table": table_of(platform, NAMES[2]),
                "where": where,
                "columns": {**same, "amount": amount},
            },
            "tries": {
                "kind": "quizzes",
                "query": f"select {names} from {source} -- ; drop table bystander",
                "where": where,
                "columns": {**same, "passed": {"column": score, "at_least": 0.4, "of": most}},
            },
        },
    )
    assert found == [("ann", 12, 2, 1)]


@pytest.mark.parametrize("is_query", [False, True])
def test_values_of_filters_lists_and_prefixes(platform: Platform, is_query: bool) -> None:  # noqa: FBT001
    """Every value stands in a row once; a filter lets all of them in, another none of them, a list passes half."""
    text = text_type(platform)
    filled(platform, "learners", {"id": text}, [[value] for value in VALUES])
    types = {"id": "integer", "learner": text, "at": "bigint", "word": text}
    rows = [[number, value, NOON, value] for number, value in enumerate(VALUES)]
    filled(platform, "happened", types, [*rows, [98, VALUES[0], NOON, "other"], [99, VALUES[0], NOON, None]])
    prefix = VALUES[0]
    where = [{"column": "word", "is": [*VALUES], "is_not": ["other'; --"]}]
    literal = "'it''s; :from -- %s'"
    query = f"select id, learner, at, word, {literal} as note from {table_of(platform, 'happened')} /* ; :to */;"
    kept = VALUES[::2]
    found = read(
        platform,
        {
            "users": {
                "kind": "users",
                "table": table_of(platform, "learners"),
                "columns": {"user_id": {"column": "id", "prefix": prefix}},
            },
            "tries": {
                "kind": "quizzes",
                **({"query": query} if is_query else {"table": table_of(platform, "happened")}),
                "where": where,
                "columns": {
                    "event_id": "id",
                    "user_id": {"column": "learner", "prefix": prefix},
                    "occurred_at": {
                        "column": "at",
                        "unit": "s",
                        "never": [0, VALUES[0]] if platform.is_sqlite else [0],
                    },
                    "passed": {"column": "word", "true": [*kept], "false": [*VALUES[1::2]]},
                },
            },
        },
    )
    assert sorted(found) == sorted((prefix + value, 0, 1, int(value in kept)) for value in VALUES)
