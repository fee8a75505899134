"""Cron lines of five fields, as Dagster's daemon reads them: which of them are good, and whether they ever fire.

Dagster judges a schedule when its definitions load, where the answer is a traceback in a log; here it is a mistake of
the configuration. `tests/warehouse/configuration/test_cron_lines.py` compares the two.
"""

import re
from typing import NamedTuple

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)
EXAMPLE = 'write one like "0 2 * * *"'


class Field(NamedTuple):
    """A field of a cron line: its numbers, and the names that stand for them."""

    first: int
    last: int
    words: tuple[str, ...] = ()

    @property
    def is_of_months(self) -> bool:
        """Whether months differ in its numbers, so that a range cannot go around: `31-1` is anybody's guess."""
        return self.last == LONGEST_MONTHS[0]

    @property
    def size(self) -> int:
        """How many different numbers there are; Sunday is 0 and 7."""
        return 7 if self.words == WEEKDAYS else self.last - self.first + 1

    def number(self, text: str) -> int:
        """Return the number that a number or a name means.

        Raises:
            ValueError: it means none of this field.
        """
        if text.isdecimal() and self.first <= int(text) <= self.last:
            return int(text)
        return self.words.index(text.lower()) + self.first


FIELDS = (
    Field(0, 59),  # minute
    Field(0, 23),  # hour
    Field(1, 31),  # day of the month
    Field(1, 12, MONTHS),
    Field(0, 7, WEEKDAYS),
)


def mistake(line: str) -> str | None:
    """Return what is wrong about a cron line, None if it is good and fires again and again."""
    texts = line.split()
    is_good = len(texts) == len(FIELDS) and None not in map(numbers_of, FIELDS, texts)
    if not is_good:
        return f'"{line}" is no cron line of five fields, {EXAMPLE}'
    if not _fires(texts):
        return f'"{line}" never fires: no month of it has such a day, {EXAMPLE}'
    return None


def numbers_of(field: Field, text: str) -> frozenset[int] | None:
    """Return the numbers that a field such as `*/5,7,10-12` allows, None if it is none that Dagster takes."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = PART.fullmatch(part)
        if match is None:
            return None
        first, last, step = match.groups()
        try:
            begin = field.first if first is None else field.number(first)
            end = field.last if first is None else field.number(last) if last else begin
        except ValueError:
            return None
        if step is not None and int(step) < 1:
            return None
        if step is not None and first is not None and last is None:
            end, last = field.last, str(field.last)  # `5/15` is from 5 on, and so a range
        if last and (not _is_range(field, begin, end) or (begin > end and step)):
            return None
        around = end if begin <= end else end + field.size  # `fri-mon`
        values = range(begin, around + 1, int(step or 1))
        numbers.update((number - field.first) % field.size + field.first for number in values)
    return frozenset(numbers)


def _is_range(field: Field, begin: int, end: int) -> bool:
    """Tell whether a range means what it looks like: Dagster reads `5-5`, `7-0`, and an hour of `23/1` as `*`."""
    if begin > end and field.is_of_months:
        return False
    return (end - begin) % field.size != 0 or end - begin == field.size


def _fires(texts: list[str]) -> bool:
    """Tell whether some month has one of the days; Dagster looks for one even where days of the week come beside it."""
    days, months = (numbers_of(FIELDS[index], texts[index]) or frozenset() for index in (2, 3))
    return any(min(days) <= LONGEST_MONTHS[number - 1] for number in months)
