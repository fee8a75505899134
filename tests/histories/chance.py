"""What a history draws: its operations, its world, rows and instants. What they do is `history.py`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from tests.histories.model import Setting
from tests.histories.retention import retention_of
from tests.oracle.oracle import DAY, EPOCH, HOUR, SECOND, Stream, day_start, local_dates
from tests.oracle.parts.oracle_daily import TOTALS
from tests.oracle.worlds import GOOD_ZONES, PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.histories.source import Row

ONE_DAY = timedelta(days=1)
LEARNERS = ("ann", "bob", "0000000A-ABCD-4EF0-8000-00000000ABCD")
GHOST = "ghost"  # whom no row of users ever names
NAMES_OF_LEARNERS = ("Ann", "Bob", "Zo\u00eb", "Ann", None)
AMOUNTS = (0, 1, 5, 10, 10, 25, 100, -3, -50)
TOTALS_OF_A_DAY = (0, 1, 1, 2, 2, 3, 60, 90_001, -1)
NUDGES = (0, 0, -1, 1, -SECOND, SECOND // 2, HOUR, -5 * HOUR)
LENGTHS = (0, 1, SECOND - 1, 90 * SECOND, HOUR, HOUR, 5 * HOUR, 23 * HOUR, DAY, DAY + 1, -1)
LEVELS_OF_XP = ((0,), (0, 10, 30))
LENGTHS_OF_HISTORIES = (3, 4, 5, 6, 8, 10, 14)
ROWS_AT_MOST = 18  # of a stream: R23 lets any change of so few rows pass
XP, QUIZZES = Stream("xp_events", "xp"), Stream("quiz_attempts", "quizzes")
SESSIONS, CODE = Stream("english_sessions", "sessions"), Stream("code_sessions", "sessions")
DAYS = Stream("days", "daily", has_own_dates=True, roles=("event_id", *TOTALS, "updated_at"))
SAVERS = Stream("savers", "freezes", has_own_dates=True)
STREAMS = (
    *((DAYS,), (DAYS, SESSIONS)),
    *((XP, SESSIONS), (XP, SESSIONS), (XP, QUIZZES), (SESSIONS, CODE), (XP,), (SESSIONS,), (XP, QUIZZES, SESSIONS)),
)

# What happens, by how often it does beside the others.
OFTEN = {
    7: ("rows_appear",),
    6: ("night",),
    4: ("night_is_killed",),
    3: ("row_moves", "learner_moves"),
    2: (
        "event_moves_on",
        "source_purges",
        "row_changes",
        "row_goes",
        "row_comes_twice",
        "learner_joins",
        "same_night_again",
        "backfill",
    ),
    1: (
        "learner_leaves",
        "learner_vanishes",
        "learner_hides",
        "learner_is_rewarded",
        "nights_are_skipped",
        "configuration_changes",
        "mapping_changes",
        "reconcile",
    ),
    0.8: ("build", "warehouse_is_lost", "rollback", "unpin", "learner_is_erased"),
}
BEGINNING = ("learner_joins", "learner_joins", "learner_joins", "rows_appear", "night")  # few are unknown (R21)
# Where a source purges or its events move: nights enough for days to get old, and what happens to those.
RETAINING = (
    *("rows_appear", "rows_appear", "night", "night", "event_moves_on", "night", "event_moves_on", "night"),
    *("source_purges", "mapping_changes", "night", "source_purges", "reconcile"),
)
WEIGHTS = {name: often for often, names in OFTEN.items() for name in names}


class Operation(NamedTuple):
    """Something that happens; `seed` decides what exactly."""

    name: str
    seed: int


def drawn(seed: int) -> list[Operation]:
    """The operations of a history."""
    random = Random(f"operations of {seed}")
    names = random.choices([*WEIGHTS], [*WEIGHTS.values()], k=random.choice(LENGTHS_OF_HISTORIES))
    if any(setting_of(seed).retention):
        names += RETAINING
    return [Operation(name, random.getrandbits(32)) for name in [*BEGINNING, *names]]


def setting_of(seed: int) -> Setting:
    """The world of a seed: some days around one on which something happens to dates, and a few streams."""
    random = Random(f"world of {seed}")
    day, place = random.choice(PLACES)
    first_day, streams = day - random.choice((1, 2, 3)) * ONE_DAY, random.choice(STREAMS)
    lookback_days = 2 if DAYS in streams else random.choice((0, 1, 2))
    if lookback_days == 2:  # what learners' own dates need at least
        streams = (*streams, SAVERS)
    return Setting(
        first_day=first_day,
        streams=streams,
        lookback_days=lookback_days,
        default_timezone=random.choice((place, place, "UTC")),
        level_metric=random.choice(("xp_earned", "learning_time")),
        min_active_days=random.choice((1, 3)),
        week_start=random.choice(("sunday", "monday")),
        level_thresholds=random.choice(LEVELS_OF_XP),
        retention=retention_of(seed, streams, lookback_days),
    )


def places_of(setting: Setting) -> tuple[str, ...]:
    """The zones of a world: most often the one that makes its days interesting."""
    here = [zone for day, zone in PLACES if timedelta() < day - setting.first_day <= 3 * ONE_DAY]
    return (*here, *here, *GOOD_ZONES[:5])


def row(random: Random, stream: Stream, at: datetime) -> Row:
    """A row of a stream; a few lack what they must have."""
    spelled = random.choice((*LEARNERS, *LEARNERS, *LEARNERS, GHOST))
    row: Row = {
        "event_id": f"e{random.randrange(40)}",
        "user_id": random.choice((spelled, spelled.lower())),
        **times(random, stream, at),
        **values(random, stream, at),
    }
    if random.random() < 0.08:
        row[random.choice(sorted(row))] = None
    return row


def times(random: Random, stream: Stream, at: datetime) -> Row:
    """The instants that give a row its day, and an end with it."""
    if stream.has_own_dates:
        return {stream.dated_by: at.date()}
    if stream.kind != "sessions":
        return {"occurred_at": at}
    end = at + timedelta(microseconds=random.choice(LENGTHS))
    return {"started_at": at, "ended_at": random.choice((end, end, end, None)), "last_activity_at": end}


def values(random: Random, stream: Stream, at: datetime) -> Row:
    """What else a row has."""
    updated_at = random.choice((None, at, at + timedelta(hours=random.randrange(40))))
    if stream.kind == "freezes":
        return {"deleted_at": random.choice((None, None, at)), "updated_at": updated_at}
    if stream.kind == "xp":
        return {"amount": random.choice(AMOUNTS), "updated_at": updated_at}
    if stream.kind == "quizzes":
        return {"passed": random.choice((True, False)), "updated_at": updated_at}
    if stream.kind == "daily":
        return {**{total: random.choice(TOTALS_OF_A_DAY) for total in TOTALS}, "updated_at": updated_at}
    end = at + timedelta(microseconds=random.choice(LENGTHS))
    return {"ended_at": random.choice((end, None)), "last_activity_at": end, "updated_at": updated_at}


def of_the_night(random: Random, last_over: date) -> Row:
    """What a learner has as of the night: savers that are left, and a booster that ends about when the data do."""
    data_through = datetime.combine(last_over + ONE_DAY, time(), tzinfo=UTC)
    ends_at = data_through + random.choice((-1, 0, 1, 86_400, 172_801)) * timedelta(seconds=1)
    return {
        "freezes_available": random.choice((None, 0, 1, 3, -1)),
        "booster_multiplier": random.choice((None, 0, 1.5, 2, 2)),
        "booster_ends_at": random.choice((None, ends_at, ends_at)),
    }


def instant(random: Random, last_over: date, places: Sequence[str]) -> datetime:
    """An instant near a border of a date, of a day that is not over yet or was over before."""
    age = random.choice((-1, -1, -1, -1, 0, 0, 1, 2, 3, 4, 6, 9, -2))
    day = last_over - age * ONE_DAY
    border = random.choice(local_dates(random.choice(places), day))[0]
    at = random.choice((border + random.choice(NUDGES), day_start(day) + random.randrange(DAY // SECOND) * SECOND))
    return EPOCH + timedelta(microseconds=at)
