"""The product against the oracle where several streams say who the learners are, and zones have names of their own.

How such worlds are drawn is `worlds_of_learners.py`'s matter; all else is compared in `test_against_oracle.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from tests.oracle.worlds_of_learners import worlds_of_learners
from tests.support.running import replay

if TYPE_CHECKING:
    from tests.oracle.oracle import World

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

EXAMPLES = settings().max_examples


@settings(max_examples=max(1, EXAMPLES // 3))
@given(worlds_of_learners())
def test_learners_of_several_streams_in_sqlite_equal_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        replay.assert_equals_the_oracle(world, replay.replayed(world, platform))


@pytest.mark.slow
@settings(max_examples=max(1, EXAMPLES // 3))
@given(worlds_of_learners(is_loose=False))
def test_learners_of_several_streams_in_postgresql_equal_the_oracle(postgres_url: str, world: World) -> None:
    with replay.postgres_platform(postgres_url) as platform:
        replay.assert_equals_the_oracle(world, replay.replayed(world, platform))
