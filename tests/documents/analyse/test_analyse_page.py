"""Every query of docs/guide/analyse.md gives on the demo what the page says, and so does plain Python of the views."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.documents.analyse.analysed_demo import PAGE, make_demo, queries, result
from tests.warehouse.versions.views.plain_views import VIEWS, in_order, rows_of_view, tables_of
from warehouse import engine
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from warehouse.configuration.configuration import Configuration

TEXT = PAGE.read_text(encoding="utf-8")
QUERIES = queries(TEXT)
WRITE_AGAIN = "run `python -m tests.documents.analyse.analysed_demo`"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return make_demo(tmp_path_factory.mktemp("analysed"))


@pytest.mark.parametrize(
    ("query", "table"), queries(TEXT), ids=[" ".join(query.split()[:6]) for query, _ in queries(TEXT)]
)
def test_every_query_of_the_page_gives_what_the_page_says(demo: Configuration, query: str, table: str) -> None:
    found = result(demo, query)
    assert found.count("\n") > 2, "a query without a row shows nothing"
    assert found == table, WRITE_AGAIN


def test_every_view_for_analysts_is_asked_on_the_page() -> None:
    asked = {name for query, _ in QUERIES for name in re.findall(r"(?:from|join) (\w+)", query)}
    assert {*VIEWS} - asked == set()


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_the_demo_is_what_plain_python_says(demo: Configuration, view: str) -> None:
    with duckdb.connect(str(Warehouse.of(demo).pointer.resolve()), read_only=True) as connection:
        expected = in_order(VIEWS[view](tables_of(connection)))
        assert expected
        assert rows_of_view(connection, view) == expected


def test_every_exported_row_stands_in_the_folder_of_its_month(demo: Configuration) -> None:
    folder = demo.path.parent.parent / "exported" / "daily_activity"
    months = {}
    for file in sorted(folder.rglob("*.parquet")):
        with duckdb.connect() as connection:
            query = f"select list(distinct strftime(activity_date, '%Y-%m')) from {engine.files([file])}"
            months[file.parent.name] = engine.one_row(connection, query)[0]
    assert months == {f"month={month}": [month] for month in ("2026-09", "2026-10", "2026-11")}
