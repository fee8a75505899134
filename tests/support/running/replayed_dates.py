"""Asks the API why dates of a world are what they are, and compares its answers with the oracle's.

What the oracle says of a date is `tests/oracle/parts/oracle_answers.py`; how a world is played, `replay.py`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

from tests.oracle import oracle
from tests.oracle.parts import oracle_answers
from tests.support.running import replay

if TYPE_CHECKING:
    from tests.oracle.oracle import World
    from warehouse.configuration.configuration import Configuration

Restatements = dict[tuple[str, date], list[Any]]

DAY = timedelta(days=1)
PATH = "/api/xp/learning-pulse"
FIRST, LAST = 6, 12  # dates that are asked for of a long world: where history begins, and where it ends
RESTATEMENTS = """
select user_id, activity_date, {'measure': measure, 'old': old, 'new': new, 'version': version, 'reason': reason}
from restatements order by version, measure
"""


def dates_of(world: World) -> list[date]:
    """Return the dates that there are for any learner; of many the first and the last."""
    every = [*oracle.days(world.first_day - DAY, world.newest_day + DAY)]
    return [day for number, day in enumerate(every) if number < FIRST or number >= len(every) - LAST]


def restatements_of(configuration: Configuration) -> Restatements:
    """Return what the published version restates, by learner and date; ask before an app has it open."""
    with replay.published(configuration) as connection:
        rows = connection.execute(RESTATEMENTS).fetchall()
    restatements: Restatements = defaultdict(list)
    for user_id, day, restatement in rows:
        restatements[user_id, day].append(restatement)
    return restatements


def assert_dates_equal_the_oracle(world: World, configuration: Configuration, restatements: Restatements) -> None:
    """Compare every date of every learner, of the deleted and of a stranger, by either look-up in turn."""
    known = {oracle.identifier(row["user_id"])[0] for _, rows in world.users_landings for row in rows} - {None}
    expected = oracle_answers.dates(world, [*sorted(map(str, known)), replay.NOBODY], dates_of(world))
    for ((user_id, day), why), client in zip(expected.items(), cycle(replay.clients(configuration)), strict=False):
        response = client.get(f"{PATH}/{day}", headers=replay.bearer(user_id))
        assert response.status_code == 200, response.text
        body = response.get_json()
        landings = body.pop("landings")
        assert all(landing["extracted_at"] <= landing["proven_at"] for landing in landings)
        assert body.pop("restatements") == restatements.get((user_id, day), [])
        found = {**body, "landings": [(landing["day"], landing["stream"]) for landing in landings]}
        assert found == why, (user_id, day)
