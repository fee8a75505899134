"""Dagster where several streams say who the learners are, and a lookup whose the events are: assets, and one run."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from assets.orchestration.keys import lake_key
from pipelines.definitions import definitions
from tests.support.platforms.sources import published
from tests.support.running.command_place import Place

PULSE = """
[pulse]
first_day = 2026-06-01
[sources.s]
url = "sqlite:///platform.db"
[streams.people]
kind = "users"
source = "s"
table = "people"
columns = { user_id = "id", username = "name" }
merge = true
[streams.options]
kind = "users"
source = "s"
table = "options"
columns = { user_id = "id", timezone = "zone" }
merge = true
[streams.xp]
kind = "xp"
source = "s"
table = "xp"
[streams.xp.columns]
event_id = "id"
user_id = { column = "anon", lookup = { source = "s", table = "odd $ table", key = "anon", value = "id" } }
occurred_at = "at"
amount = "amount"
"""
TABLES = """
create table people (id text, name text);
create table options (id text, zone text);
create table "odd $ table" (anon text, id text);
create table xp (id text, anon text, at text, amount int);
insert into people values ('1', 'ann'), ('2', 'bob');
insert into options values ('1', 'Asia/Tokyo');
insert into "odd $ table" values ('k', '1');
insert into xp values ('e1', 'k', '2026-06-01T20:00:00Z', 5);
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "pulse.toml").write_text(PULSE, encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "platform.db")) as database:
        database.executescript(TABLES)
    return Place(tmp_path)


def test_every_stream_of_learners_is_an_asset_that_reads_its_table_and_the_lookups(place: Place) -> None:
    graph = definitions(place.configuration).resolve_asset_graph()
    lookup = dg.AssetKey(["sources", "s", "odd $ table"])
    for name in ("people", "options"):
        assert graph.get(lake_key(name)).parent_keys == {dg.AssetKey(["sources", "s", name]), lookup}
    assert graph.get(lake_key("activity")).parent_keys == {lake_key(name) for name in ("people", "options", "xp")}
    assert graph.get(lookup).description == "Table odd $ table of the source s. We read it and never write it."


@pytest.mark.slow
def test_a_night_lands_all_of_them_and_tells_of_each(place: Place) -> None:
    code, out, err = place.pulse("nightly", "--day", "2026-06-02")
    assert (code, err) == (0, ""), out
    assert "people, options: 2 learners" in out
    with closing(sqlite3.connect(place.folder / "var/dagster/history/runs/index.db")) as history:
        keys = {key for (key,) in history.execute("select asset_key from asset_keys")}
    assert {'["lake", "people"]', '["lake", "options"]', '["lake", "xp"]', '["warehouse", "pulse"]'} <= keys
    query = "select user_id, activity_date::varchar, xp_earned from daily_activity"
    assert published(place.configuration, query) == [("1", "2026-06-02", 5)]
