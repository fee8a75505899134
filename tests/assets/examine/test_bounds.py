"""Which rows a query's own bounds leave out is asked by comparisons that let a null through, wherever they stand."""

import sqlite3
from contextlib import closing

import pytest

from assets.examine.bounds import letting_nulls_through
from warehouse.configuration.queries import bound

ROWS = [("before", "2026-01-01"), ("within", "2026-06-01"), ("undated", None), ("later", "2027-01-01")]
QUERIES = [
    "select id, at from t where at >= :from and at < :to",
    "select id, at from t where :from <= at and :to > at order by id;",
    "select id, at from t where at between :from and :to and id <> 'x'",
    "select id, at from t where julianday(at) >= julianday(:from) and coalesce(date(at), null) < date(date(:to))",
    "with few as (select * from t where (at >= :from and at < :to)) select id, at from few -- where at >= :from",
    "select id, at from t where at >= :from and at < :to union all select id, at from t where at < :to and at >= :from",
    "select t.id, t.at from t join t as u on u.id = t.id and u.at >= :from where t.at < :to and ':from' <> '('",
    "select id, at from t where case when at >= :from then at < :to end",
    "select id, at from t where id in (select id from t where at >= :from) and at < :to limit 9",
]


@pytest.mark.parametrize("query", QUERIES)
def test_with_nulls_let_through_exactly_the_rows_without_an_instant_come_as_well(query: str) -> None:
    wider = letting_nulls_through(query)
    assert wider is not None
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (id text, at text)")
        database.executemany("insert into t values (?, ?)", ROWS)
        ids = [
            {row[0] for row in database.execute(bound(text, "'2026-03-01'", "'2026-09-01'"))} for text in (query, wider)
        ]
    assert ids == [{"within"}, {"within", "undated"}]


@pytest.mark.parametrize("query", ["select id, :from as at from t", "select date(:to) from t where id = 1"])
def test_a_bind_that_is_compared_with_nothing_is_not_guessed_at(query: str) -> None:
    assert letting_nulls_through(query) is None
