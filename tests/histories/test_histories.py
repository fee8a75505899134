"""Random histories against the oracle, in short; `make histories` plays as many as one likes (I1 to I5).

FAULTS 1, 6, 10, 11, 14 to 17, 19, 21, 27, 28, 30 in any order and mixture: rows that come late, change, move, go and
come twice; learners who move, leave, return and go private; nights missed, run twice, killed; backfills; rollbacks.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.histories import playing as histories
from tests.histories.chance import WEIGHTS, XP, Operation, drawn, setting_of
from tests.histories.history import KEPT, History

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from _pytest.mark import ParameterSet

SHORT = (1,)


def seeds(first: int, few: int, many: int) -> list[ParameterSet | int]:
    """Return seeds from the first on: a few for every change, and more that are played when there is time."""
    more = [pytest.param(seed, marks=pytest.mark.thorough) for seed in range(first + few, first + many)]
    return [*range(first, first + few), *more]


@pytest.mark.parametrize("seed", SHORT)
def test_a_history_on_sqlite_agrees_with_the_oracle(seed: int) -> None:
    """Some versions of it keep rows of the one before, and each of these was compared with one built in full."""
    assert histories.check(seed)[KEPT] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(1000, 2, 12))
def test_more_histories_on_sqlite_agree_with_the_oracle(seed: int) -> None:
    histories.check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(1000, 1, 6))
def test_a_history_on_postgresql_agrees_with_the_oracle(seed: int, postgres_url: str) -> None:
    histories.check(seed, postgres_url)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(1000, 1, 6))
def test_a_history_on_mariadb_agrees_with_the_oracle(seed: int, mariadb_url: str) -> None:
    histories.check(seed, mariadb_url)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(2000, 1, 8))
def test_a_history_behind_mappings_agrees_with_the_oracle(seed: int) -> None:
    histories.check(seed, is_disguised=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(2008, 1, 4))
def test_a_history_behind_mappings_on_postgresql_agrees_with_the_oracle(seed: int, postgres_url: str) -> None:
    histories.check(seed, postgres_url, is_disguised=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(2012, 1, 4))
def test_a_history_behind_mappings_on_mariadb_agrees_with_the_oracle(seed: int, mariadb_url: str) -> None:
    histories.check(seed, mariadb_url, is_disguised=True)


def test_every_operation_is_drawn() -> None:
    found = {operation.name for seed in range(100) for operation in drawn(seed)}
    assert found == {*WEIGHTS}


def test_a_history_that_fails_is_made_shorter_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is what it takes to fail, and the seed to play it again."""

    def play(_: int, operations: Sequence[Operation], *__: object, **___: object) -> str | None:
        return "told" if {"row_moves", "night"} <= {operation.name for operation in operations} else None

    monkeypatch.setattr(histories, "play", play)
    seed = next(seed for seed in range(100) if play(seed, drawn(seed)))
    assert sorted(operation.name for operation in histories.shortened(seed, drawn(seed))) == ["night", "row_moves"]
    with pytest.raises(histories.FailedHistoryError, match=f"--seed {seed} --count 1") as failure:
        histories.check(seed)
    assert str(failure.value).endswith("told")


@pytest.mark.slow
def test_what_the_model_does_not_know_is_found(tmp_path: Path) -> None:
    """A row that changes in the source and in no memory: the comparison says which table and which row."""
    seed = next(seed for seed in range(100) if setting_of(seed).streams[0] == XP)
    history = History(seed, f"sqlite:///{tmp_path}/platform.sqlite", tmp_path)
    try:
        history.play([Operation("learner_joins", 1), Operation("night", 1)])
        at = datetime.combine(history.last_over, time(12), tzinfo=UTC)
        row: dict[str, object] = {"event_id": "e1", "user_id": "ann", "occurred_at": at, "amount": 1}
        number = history.source.insert("xp_events", row)
        history.source.execute(f"DELETE FROM xp_events WHERE row_number_here = {number}")
        with pytest.raises(AssertionError, match=r"daily_activity of pulse-.*\n.*not found: \('ann'"):
            history.same_night_again(Random(1))
    finally:
        history.close()
