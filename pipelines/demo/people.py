"""The people of the demo platform: the cast with its zones and habits, and a crowd drawn from what is common.

Belongs here: who a learner is. Stays out: what a learner does on a date (`days.py`), tables and files
(`platform.py`). A learner depends on the seed and the learner's index alone; only the dates of those who join late
or leave follow `last_day`, month by month.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

SUBJECTS = ("english", "math", "coding")
NO_SUCH_ZONE = "Mars/Phobos"


@dataclass(frozen=True)
class Habit:
    """How somebody learns. Hours are local; the means are those of a day of average motivation."""

    weekday_chance: float
    weekend_chance: float
    start_hour: float
    start_hour_spread: float
    mean_sessions: float
    mean_minutes: float
    streak_days: int = 365
    rest_days: int = 0


SHOWCASE = Habit(0.99, 0.97, 16.5, 1.8, 3.0, 32, streak_days=52, rest_days=4)
BUSY = Habit(0.97, 0.9, 17.0, 2.5, 2.6, 28, streak_days=33, rest_days=6)
REGULAR = Habit(0.6, 0.4, 18.0, 2.5, 2.0, 26, streak_days=80, rest_days=11)
WEEKEND = Habit(0.06, 0.88, 11.0, 2.0, 3.4, 45)
NIGHT_OWL = Habit(0.65, 0.7, 22.7, 0.8, 1.8, 65, streak_days=24, rest_days=5)
LAZY = Habit(0.12, 0.08, 19.0, 3.0, 1.2, 14)
ABSENT = Habit(0.0, 0.0, 12.0, 1.0, 1.0, 10)


@dataclass(frozen=True)
class Role:
    """A part in the cast: a habit, the zone as the platform spells it, and when the learner comes and goes."""

    habit: Habit
    timezone: str | None
    is_public: bool | None = True
    joined_days_ago: int | None = None
    deleted_days_ago: int | None = None


CAST = (
    Role(SHOWCASE, "Europe/Berlin"),
    Role(NIGHT_OWL, "America/New_York"),
    Role(WEEKEND, "Pacific/Kiritimati"),  # UTC+14: the first to see a date
    Role(LAZY, "Asia/Kathmandu", is_public=False),  # UTC+05:45
    Role(BUSY, "Pacific/Pago_Pago"),  # UTC-11: among the last to see a date
    Role(ABSENT, "Europe/Lisbon"),
    Role(BUSY, "Asia/Kolkata", joined_days_ago=75),
    Role(REGULAR, "Europe/Paris", deleted_days_ago=12),
    Role(REGULAR, NO_SUCH_ZONE),  # the default zone counts (R4)
    Role(BUSY, None, is_public=None),
    Role(NIGHT_OWL, "America/St_Johns", is_public=False),  # UTC-03:30 with summer time
)
CROWD_HABITS = {BUSY: 4, REGULAR: 5, WEEKEND: 3, NIGHT_OWL: 3, LAZY: 4}
SHARE_PUBLIC = 0.6
CROWD_ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Istanbul", "Africa/Lagos", "Asia/Dubai", "Asia/Kolkata",
    "Asia/Dhaka", "Asia/Jakarta", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Chatham", "America/Sao_Paulo",
    "America/New_York", "America/Los_Angeles", "Pacific/Honolulu",
)  # fmt: skip
NAMES = (
    "ada", "bruno", "chidi", "devi", "elena", "farid", "gita", "hugo", "ines", "jonas", "kaya", "linh", "mateo",
    "nadia", "oskar", "priya", "quentin", "rosa", "samir", "tomoko", "umar", "vera", "wanjiru", "ximena", "yusuf",
    "zoë",
)  # fmt: skip


@dataclass(frozen=True)
class Learner:
    """One learner: the row of `users` and what drives the days."""

    index: int
    id: str
    username: str
    timezone: str | None
    is_public: bool | None
    deleted_at: datetime | None
    zone: ZoneInfo
    habit: Habit
    phase_days: int
    skill: float
    favourite: str
    joined: date


def learners(count: int, last_day: date, seed: int) -> list[Learner]:
    """The first `count` people of the platform: the cast, then a crowd drawn from common habits and zones."""
    return [_learner(index, last_day, Random(f"{seed}/learner/{index}")) for index in range(count)]


def new_id(rng: Random) -> str:
    """A version 4 UUID drawn from `rng`."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def _learner(index: int, last_day: date, rng: Random) -> Learner:
    role = CAST[index] if index < len(CAST) else _crowd_role(rng)
    generation, name = divmod(index, len(NAMES))
    return Learner(
        index=index,
        id=new_id(rng),
        username=NAMES[name] + (str(generation + 1) if generation else ""),
        timezone=role.timezone,
        is_public=role.is_public,
        deleted_at=_deleted_at(role, last_day),
        zone=_zone(role.timezone),
        habit=role.habit,
        phase_days=rng.randrange(365),
        skill=rng.uniform(0.55, 0.9),
        favourite=rng.choice(SUBJECTS),
        joined=date.min if role.joined_days_ago is None else _month_start(last_day, role.joined_days_ago),
    )


def _crowd_role(rng: Random) -> Role:
    habit = rng.choices(list(CROWD_HABITS), list(CROWD_HABITS.values()))[0]
    return Role(habit, rng.choice(CROWD_ZONES), is_public=rng.random() < SHARE_PUBLIC)


def _deleted_at(role: Role, last_day: date) -> datetime | None:
    if role.deleted_days_ago is None:
        return None
    return datetime.combine(_month_start(last_day, role.deleted_days_ago), time(9, 30))


def _month_start(last_day: date, days_ago: int) -> date:
    return (last_day - timedelta(days=days_ago)).replace(day=1)


@cache
def _zone(name: str | None) -> ZoneInfo:
    """The zone as the `tzdata` wheel has it (R4), not the machine; UTC for a name that is none."""
    known = "UTC" if name is None or name == NO_SUCH_ZONE else name
    with files("tzdata").joinpath("zoneinfo", *known.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=known)
