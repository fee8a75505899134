"""Random nights of one stream against the oracle of R22: the same checks refuse, night after night. FAULTS 44 to 49."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.oracle import Stream
from tests.oracle.oracle_guards import Guards
from tests.support.platforms.sources import DAY, FIRST, USERS_TYPES, night, sqlite_platform
from warehouse.errors import CheckFailedError

LEARNERS = 100
COLUMNS = {"event_id": "text", "user_id": "text", "occurred_at": "datetime", "passed": "integer", "updated_at": "text"}
Row = Mapping[str, object]

# What comes of a kind: the row of a number on a day.
KINDS: dict[str, dict[str, object]] = {
    "good": {},
    "score": {"passed": 7},
    "no outcome": {"passed": None},
    "nobody's": {"user_id": None},
    "bad update": {"updated_at": "soon"},
    "milliseconds": {"occurred_at": 1_795_161_600_000},
    "in words": {"occurred_at": "17/11/2026"},
    "in progress": {"occurred_at": None},
    "zero date": {"occurred_at": "0000-00-00 00:00:00"},
    "zero": {"occurred_at": 0},
    "half a key": {"event_id": "lesson"},
}
NUMBERS = (1, 2, 4, 5, 9, 20, 21, 30)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[date, list[Row], bool]]:
    """Nights, each with its last day, the rows that have come since the night before, and whether it lets through."""
    found = []
    last, number = FIRST, 0
    for _ in range(draw(st.integers(1, 4))):
        rows: list[Row] = []
        for kind in draw(st.lists(st.sampled_from([*KINDS, "good", "good"]), max_size=4)):
            day = last - draw(st.integers(0, (last - FIRST).days)) * DAY
            for one in range(draw(st.sampled_from((*NUMBERS, 100) if kind == "good" else NUMBERS))):
                number += 1
                good = {"event_id": f"e{number}", "user_id": f"l{one}", "occurred_at": f"{day}T12:00:00Z"}
                rows.append({**good, "passed": number % 2, "updated_at": None, **KINDS[kind]})
        found.append((last, rows, draw(st.sampled_from((False, False, True)))))
        last += draw(st.integers(0, 2)) * DAY
    return found


def played(nights: Sequence[tuple[date, list[Row], bool]], folder: Path) -> tuple[list[set[str]], list[set[str]]]:
    """The checks that refuse each night, and those that have to."""
    source = sqlite_platform(folder)
    source.make("users", USERS_TYPES, [(f"l{n}", "UTC") for n in range(LEARNERS)])
    source.make("quizzes", COLUMNS)
    configuration = source.configuration()
    guards, rows = Guards(Stream("quizzes", "quizzes")), list[Row]()
    found, expected = [], []
    for last, new, accepts in nights:
        rows += new
        source.add("quizzes", [tuple(row.values()) for row in new])
        try:
            night(configuration, last, "accept_shrink", *(["accept_quarantine"] if accepts else []))
            found.append(set[str]())
        except CheckFailedError as error:
            found.append(set(re.findall(r"check (\w+) found", str(error))))
        expected.append(guards.night(rows, last, accepts=accepts))
    return found, expected


@pytest.mark.slow
@given(histories())
def test_what_blocks_a_version_is_what_the_rule_says(nights: list[tuple[date, list[Row], bool]]) -> None:
    """FAULTS 44, 45, 48, 49."""
    with TemporaryDirectory() as folder:
        found, expected = played(nights, Path(folder))
    assert found == expected
