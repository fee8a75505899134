"""Nights that are killed: pointer and answers stay right, the next night makes all good (FAULTS 1).

The short form of `make torture`: each crash point once, at its first time, and some random times.
"""

import random
from collections.abc import Iterator

import pytest

from tests.faults import torture
from tests.faults.torture import Torture
from warehouse import crash_points

RANDOM_KILLS = 8


@pytest.fixture(scope="module")
def tortured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Torture]:
    with torture.prepared(tmp_path_factory.mktemp("torture")) as prepared:
        yield prepared


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("point", crash_points.NAMES)
def test_killed_at_a_crash_point_nothing_is_torn_and_the_next_night_is_whole(tortured: Torture, point: str) -> None:
    """FAULTS 1; I1 to I5."""
    tortured.kill_at(point)


@pytest.mark.slow
def test_killed_at_random_times_nothing_is_torn_and_the_next_night_is_whole(tortured: Torture) -> None:
    """FAULTS 1; I1 to I5."""
    chance = random.Random(1)
    killed = [tortured.kill_after(chance.random()) for _ in range(RANDOM_KILLS)]
    assert any(killed)


@pytest.mark.slow
def test_the_command_is_killed_through_dagster_and_the_next_one_is_whole(tortured: Torture) -> None:
    """FAULTS 1; I1 to I5."""
    for point in ("landing: one put in place@2", "publish: put in place", "publish: switched"):
        tortured.kill_at(point, by_command=True)
