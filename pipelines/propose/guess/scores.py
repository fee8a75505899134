"""Guessing whether an attempt passed: by a flag, by words such as `pass`, or by a score that is enough.

How much is enough no table says; half is written, to be checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.propose.guess import names
from pipelines.propose.guess.columns import is_flag, is_number, is_text, numbers
from pipelines.propose.guess.proposal import Guess
from pipelines.propose.look.tables import Column, LookedAt, shown

SCALES = (1, 5, 10, 20, 100)  # to which scores usually go


@dataclass(frozen=True)
class Passed:
    """What says whether an attempt passed.

    Args:
        guess: of the role.
        is_telling: whether only attempts have such a column, so that the name of the table need not say so.
        where: which rows are attempts at all.
    """

    guess: Guess
    is_telling: bool
    where: tuple[Guess, ...] = ()


def passed_of(table: LookedAt, *, is_quiz: bool) -> Passed | None:
    """Return what says whether an attempt passed, None if nothing does.

    Args:
        table: the table.
        is_quiz: whether its name is one of quizzes.
    """
    for name in names.ranked(table.columns, names.PASSED):
        if is_flag(table.columns[name]):
            return Passed(Guess(name, "likely", "by its name and values"), is_telling=True)
    for name in names.ranked(table.columns, (*names.PASSED, *names.RESULT, *names.STATE)):
        if words := _words_of(table.columns[name]):
            return Passed(
                Guess({"column": name, **words}, "check", "by its values, check that no other comes"), is_telling=True
            )
    return _by_score(table, is_quiz=is_quiz)


def _words_of(column: Column) -> dict[str, list[str]] | None:
    """Return the values that mean yes and no, if both were seen and no other was."""
    values = {value for value in column.values if isinstance(value, str)} if is_text(column) else set()
    lists = {
        "true": sorted(value for value in values if value.lower() in names.YES),
        "false": sorted(value for value in values if value.lower() in names.NO),
    }
    is_whole = len(lists["true"]) + len(lists["false"]) == len(values)
    return lists if all(lists.values()) and is_whole else None


def _by_score(table: LookedAt, *, is_quiz: bool) -> Passed | None:
    scores = [
        name
        for name in names.ranked(table.columns, names.SCORE)
        if is_number(table.columns[name]) and name not in (*table.key, *table.references)
    ]
    highest = [name for name in names.ranked(table.columns, names.HIGHEST_SCORE) if is_number(table.columns[name])]
    if not scores or not (is_quiz or highest):
        return None
    score = scores[0]
    where = tuple(_attempts(table, score, highest))
    if highest:
        value = {"column": score, "at_least": 0.5, "of": highest[0]}
        reason = f"half of {shown(highest[0])} is a guess, check what is enough to pass"
        return Passed(Guess(value, "check", reason), is_telling=True, where=where)
    greatest = max((float(value) for value in numbers(table.columns[score].values)), default=1.0)
    scale = next((scale for scale in SCALES if greatest <= scale), greatest)
    reason = f"half of {scale:g} is a guess by the scores that were seen, check what is enough to pass"
    return Passed(
        Guess({"column": score, "at_least": _plain(scale / 2)}, "check", reason), is_telling=False, where=where
    )


def _attempts(table: LookedAt, score: str, highest: list[str]) -> Iterator[Guess]:
    """Yield the filters without which rows that have no score yet would be quarantined (R19)."""
    if table.columns[score].nulls:
        yield Guess({"column": score, "not_null": True}, "check", "without a score it is no attempt yet; check that")
    if highest and 0 in numbers(table.columns[highest[0]].values):
        yield Guess({"column": highest[0], "is_not": [0]}, "check", "of nothing no share can be had; check that")
    if highest and table.columns[highest[0]].nulls:
        yield Guess({"column": highest[0], "not_null": True}, "check", "of nothing no share can be had; check that")


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else number
