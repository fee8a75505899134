"""A learner in `pulse_blocks`: found in a block, read, and written as the endpoint's body (R12, R13).

A block holds some learners, a line each: key, tab, JSON array, tab, active days. The four characters of a day are
explained in `assets/step5_build/blocks/pulse_blocks.sql`, which writes them. Both sides are decided in
docs/decisions/0008. The body is joined from pieces of text, one per date. Most dates of most learners are zeros, and
equal for all.
"""

import sys
from array import array
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

import orjson

DAYS = 365
CALENDARS = 16  # window ends that are remembered: a version has two, and while it is replaced there are two versions
UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
LIFTED = 2048  # a character holds its 15 bits above this, so that none is ASCII and none half of a pair
DATE_BITS = 511


class Pulse(NamedTuple):
    """A learner's pulse: the body of the endpoint and what else there is to say.

    Args:
        body: as the contract has it, JSON.
        timezone: the zone that cut the dates.
        population: whose scores the cuts divide, 'own' or 'platform' (R16).
        cuts: the scores at the three quartiles of that population (R17); none while nobody has been active.
        is_known: whether the version knows the learner (R14).
    """

    body: bytes
    timezone: str
    population: str
    cuts: tuple[int, ...]
    is_known: bool


class Learner(NamedTuple):
    """What a line says.

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
        days: the active days, packed.
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
    days: str


class Day(NamedTuple):
    """Position of a date among the 365, and the text at the beginning and end of its entry."""

    position: int
    begin: str
    end: str


class Calendar(NamedTuple):
    """The 365 dates up to a window's end: their entries without activity, and the parts of active ones.

    Args:
        zeros: the entry of every date as it is without activity.
        active: by date modulo 512 and level - 1, as in the first character of a day.
    """

    zeros: list[str]
    active: dict[int, Day]


def line_of(block: bytes, user_key: int) -> bytes | None:
    """Return the line of a learner in a block, without the key; None if it is not there."""
    begin = b"\n%d\t" % user_key
    at = block.find(begin)
    if at < 0:
        return None
    at += len(begin)
    return block[at : block.index(b"\n", at)]


def learner(line: bytes) -> Learner:
    """Read a line."""
    head, _, days = line.partition(b"\t")
    return Learner._make([*orjson.loads(head), days.decode()])


def body(learner: Learner) -> bytes:
    """Return the body of a learner's answer."""
    calendar = _calendar(learner.window_end)
    entries = calendar.zeros.copy()
    for coded in _coded(learner.days):
        codes = iter(array("H", coded.encode(UTF_16)))
        for first, seconds, xp, counts in zip(codes, codes, codes, codes, strict=True):
            if first & 15:
                seconds += (first & 3) << 15  # noqa: PLW2901 - what was beyond 15 bits
                xp += (first & 12) << 13  # noqa: PLW2901
            position, begin, end = calendar.active[first >> 4]
            entries[position] = f'{begin}{xp - LIFTED},"learning_time":{seconds - LIFTED}{_counts(counts)}{end}'
    for code, level, xp, seconds, *counted in _spelled_out(learner.days):
        position, begin, end = calendar.active[(LIFTED >> 4) + (code << 2) + level - 1]
        entries[position] = f'{begin}{xp},"learning_time":{seconds}{_words(*counted)}{end}'
    return (
        f'{{"data":[{",".join(entries)}],"total_learning_time":{learner.learning_time},'
        f'"total_sessions":{learner.sessions},"total_quizzes":{learner.quizzes},'
        f'"total_quizzes_passed":{learner.quizzes_passed},"year":{learner.year}}}'
    ).encode()


def _coded(days: str) -> Sequence[str]:
    return days.split("~")[::2] if "~" in days else (days,)


def _spelled_out(days: str) -> Iterator[list[int]]:
    """Give the days that did not fit into four characters."""
    if "~" in days:
        yield from map(orjson.loads, days.split("~")[1::2])


@lru_cache(CALENDARS)
def _calendar(window_end: str) -> Calendar:
    last = date.fromisoformat(window_end)
    dates = [last - timedelta(days=ago) for ago in reversed(range(DAYS))]
    begins = [f'{{"date":"{day.isoformat()}","xp_earned":' for day in dates]
    epoch = date(1970, 1, 1)
    active = {
        (LIFTED >> 4) + (((day - epoch).days & DATE_BITS) << 2) + level - 1: Day(position, begin, f',"level":{level}}}')
        for position, (day, begin) in enumerate(zip(dates, begins, strict=True))
        for level in (1, 2, 3, 4)
    }
    return Calendar([f'{begin}0,"learning_time":0{_words(0, 0, 0)},"level":0}}' for begin in begins], active)


@cache
def _counts(code: int) -> str:
    """Return what the fourth character of a day says; there are no more than 32,768 of them."""
    return _words(code - LIFTED >> 10, code - LIFTED >> 5 & 31, code - LIFTED & 31)


def _words(sessions: int, quizzes: int, quizzes_passed: int) -> str:
    return f',"sessions":{sessions},"quizzes":{quizzes},"quizzes_passed":{quizzes_passed}'
