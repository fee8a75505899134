"""Random worlds through the whole way, from a real database to the API, against the independent oracle.

Belongs here: what the product publishes and answers equals what `oracle.py` works out, and one lake has one logical
hash however it came about (R24). Stays out: how worlds are drawn (`worlds.py`), how the product is run (`replay.py`),
single rules on rows of their own (`golden/`).
"""

from __future__ import annotations

from hypothesis import given, settings

from tests import replay
from tests.oracle import World
from tests.worlds import worlds

EXAMPLES = settings().max_examples


@given(worlds(may_lose_learners=True))
def test_every_table_and_every_answer_from_sqlite_equals_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        replay.assert_equals_the_oracle(world, replay.replayed(world, platform))


@given(worlds(is_loose=False, may_lose_learners=True))
def test_every_table_and_every_answer_from_postgresql_equals_the_oracle(postgres_url: str, world: World) -> None:
    with replay.postgres_platform(postgres_url) as platform:
        replay.assert_equals_the_oracle(world, replay.replayed(world, platform))
