"""A learner as the look-up file or the tables have it, written as the endpoint's body (R12, R13).

The bits of an active day are explained in `assets/step5_build/lookup_file/codes.sql`, which writes them. The body is
joined from pieces of text, one per date. Most dates of most learners are zeros, and equal for all.
"""

import sys
from array import array
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, lru_cache
from struct import Struct
from typing import Any, NamedTuple

import orjson

from warehouse.versions.lookup_file import Record

DAYS = 365
CALENDARS = 64  # that are remembered: of each version two window ends, and some years
DATE_CODES = 512
HEAD_FIELDS = 14
EPOCH, DAY = date(1970, 1, 1), timedelta(days=1)
CODE = Struct("<4H")


class Pulse(NamedTuple):
    """A learner's own answer: the body of the route and what else there is to say.

    Args:
        body: as the contract has it, JSON.
        timezone: the zone that cut the dates.
        population: whose scores the cuts divide, 'own' or 'platform' (R16); empty where there are no levels.
        cuts: the scores at the three quartiles of that population (R17); none while nobody has been active.
        is_known: whether the version knows the learner (R14).
    """

    body: bytes
    timezone: str
    population: str = ""
    cuts: tuple[int, ...] = ()
    is_known: bool = True


class Learner(NamedTuple):
    """What there is to say of a learner.

    Args:
        user_id: whose it is.
        timezone: the zone that cut the dates.
        population: 'own' or 'platform' (R16).
        cut_2: the first quartile of its scores, None while nobody has been active (R17).
        cut_3: the median.
        cut_4: the third quartile.
        window_end: the last of the 365 dates, ISO 8601.
        learning_time: in all, seconds.
        sessions: in all.
        quizzes: in all.
        quizzes_passed: in all.
        year: of `window_end`.
        spelled_out: active days: date modulo 512, level, XP, seconds, sessions, quizzes, quizzes passed.
        codes: the other active days.
        profile: in the order of `Profile`; None where it was not looked up in a file that has it.
    """

    user_id: str
    timezone: str
    population: str
    cut_2: int | None
    cut_3: int | None
    cut_4: int | None
    window_end: str
    learning_time: int
    sessions: int
    quizzes: int
    quizzes_passed: int
    year: int
    spelled_out: list[list[int]]
    codes: bytes = b""
    profile: list[Any] | None = None

    @property
    def is_known(self) -> bool:
        """Whether the version knows the learner; whom it does not know has no id here (R14)."""
        return bool(self.user_id)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The scores at the three quartiles; none while nobody has been active (R17)."""
        return tuple(cut for cut in (self.cut_2, self.cut_3, self.cut_4) if cut is not None)


class Day(NamedTuple):
    """Position of a date among the others, and the text at the beginning and end of its entry."""

    position: int
    begin: str
    end: str


class Calendar(NamedTuple):
    """The dates up to a window's or a year's end: their entries without activity, and the parts of active ones.

    Args:
        zeros: the entry of every date as it is without activity.
        active: by date modulo 512 and level - 1, as in the first 11 bits of a code.
    """

    zeros: list[str]
    active: dict[int, Day]


def learner(record: Record) -> Learner:
    """Read a record of the look-up file; those of schema 5 end with the active days."""
    head = orjson.loads(record.head)
    profile = head.pop() if len(head) == HEAD_FIELDS else None
    return Learner._make([*head, record.codes, profile])


def body(learner: Learner, dates: int = DAYS) -> bytes:
    """Return the body of a learner's answer.

    Args:
        learner: whose it is.
        dates: how many there are up to the window's end, at most 366.
    """
    calendar = _calendar(learner.window_end, dates)
    entries, active = calendar.zeros.copy(), calendar.active
    quarters = array("H", learner.codes)
    if sys.byteorder == "big":
        quarters.byteswap()
    codes = iter(quarters)
    for first, seconds, xp, counts in zip(codes, codes, codes, codes, strict=True):
        if first & 31:
            seconds += (first & 16) << 12  # noqa: PLW2901 - what was beyond 16 bits
            xp += (first & 15) << 16  # noqa: PLW2901
        position, begin, end = active[first >> 5]
        entries[position] = f'{begin}{xp},"learning_time":{seconds}{_counts(counts)}{end}'
    for day, level, xp, seconds, *counted in learner.spelled_out:
        position, begin, end = active[(day << 2) + level - 1]
        entries[position] = f'{begin}{xp},"learning_time":{seconds}{_words(*counted)}{end}'
    return (
        f'{{"data":[{",".join(entries)}],"total_learning_time":{learner.learning_time},'
        f'"total_sessions":{learner.sessions},"total_quizzes":{learner.quizzes},'
        f'"total_quizzes_passed":{learner.quizzes_passed},"year":{learner.year}}}'
    ).encode()


def active_days(learner: Learner, last: int) -> Iterator[tuple[date, list[int]]]:
    """Yield the last active days of the window with their XP, seconds, sessions, quizzes and quizzes passed.

    Args:
        learner: whose they are.
        last: how many of the days in codes are looked at, from the end; those that are spelled out all are.
    """
    end = date.fromisoformat(learner.window_end)
    for code in CODE.iter_unpack(learner.codes[-last * CODE.size :]):
        yield date_of(code[0] >> 7, end), _measures(*code)
    for day, _, *measures in learner.spelled_out:
        yield date_of(day, end), measures


def active_day(learner: Learner, day: date) -> list[int] | None:
    """Return the level and the five measures of a date that is among the learner's; None without activity."""
    number = (day - EPOCH).days % DATE_CODES
    for code in CODE.iter_unpack(learner.codes):
        if code[0] >> 7 == number:
            return [(code[0] >> 5 & 3) + 1, *_measures(*code)]
    return next((of_day for active, *of_day in learner.spelled_out if active == number), None)


def levels(learner: Learner) -> dict[date, int]:
    """Return the level, 1 to 4, of each active day of the window, oldest first; nothing else of them is read."""
    end = date.fromisoformat(learner.window_end)
    days = [(first >> 7, (first >> 5 & 3) + 1) for first, *_ in CODE.iter_unpack(learner.codes)]
    days += [(day, level) for day, level, *_ in learner.spelled_out]
    return dict(sorted((date_of(day, end), level) for day, level in days))


def _measures(first: int, seconds: int, xp: int, counts: int) -> list[int]:
    """Return what a code says: XP, seconds, sessions, quizzes, quizzes passed."""
    return [xp + ((first & 15) << 16), seconds + ((first & 16) << 12), counts >> 10, counts >> 5 & 31, counts & 31]


def date_of(day: int, last: date) -> date:
    """Return the date whose number of days since 1970, modulo 512, this is, of those up to a last one."""
    return last - ((last - EPOCH).days - day) % DATE_CODES * DAY


@lru_cache(CALENDARS)
def _calendar(last_date: str, count: int) -> Calendar:
    last = date.fromisoformat(last_date)
    dates = [last - timedelta(days=ago) for ago in reversed(range(count))]
    begins = [f'{{"date":"{day.isoformat()}","xp_earned":' for day in dates]
    active = {
        ((day - EPOCH).days % DATE_CODES << 2) + level - 1: Day(position, begin, f',"level":{level}}}')
        for position, (day, begin) in enumerate(zip(dates, begins, strict=True))
        for level in (1, 2, 3, 4)
    }
    return Calendar([f'{begin}0,"learning_time":0{_words(0, 0, 0)},"level":0}}' for begin in begins], active)


@cache
def _counts(code: int) -> str:
    """Return what the last 15 bits of a code say; there are no more than 32,768 of them."""
    return _words(code >> 10, code >> 5 & 31, code & 31)


def _words(sessions: int, quizzes: int, quizzes_passed: int) -> str:
    return f',"sessions":{sessions},"quizzes":{quizzes},"quizzes_passed":{quizzes_passed}'
