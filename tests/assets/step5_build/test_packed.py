"""What is packed for look-ups says what the tables say, to the last digit, and is refused if it does not (R13).

The tables are filled by hand, with what is easily lost on the way: numbers beyond the bits of a character, dates at
both ends of the window, ids that look like something else.
"""

import json
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.step5_build.blocks.pack import pack, view_blocks
from assets.step5_build.build import ATTACH
from assets.step6_check.check_list import CHECK_LIST
from serve.version import packed
from serve.version.learner_cache import LearnerCache
from warehouse import engine
from warehouse.identifiers import user_key
from warehouse.versions import schema

END = date(2026, 3, 1)
VERSION = "pulse-2026-03-01-000001"
NAMES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")

# By learner: days ago, then the numbers in the order of the body.
ACTIVE: dict[str, list[tuple[int, ...]]] = {
    # both ends of the window, the smallest numbers and every level
    "ana": [(364, 1, 0, 0, 0, 0, 1), (3, 0, 1, 0, 0, 0, 2), (2, 0, 0, 1, 0, 0, 3), (0, 0, 0, 0, 1, 1, 4)],
    # around 15 bits, and the most that four characters hold
    "ben": [
        (10, 32_767, 32_767, 31, 31, 31, 1),
        (9, 32_768, 32_768, 1, 1, 0, 2),
        (8, 131_071, 131_071, 0, 2, 1, 3),
        (7, 65_535, 98_304, 3, 0, 0, 4),
    ],
    # beyond them, each number by itself, with ordinary days before and after
    "kim": [
        (9, 5, 6, 7, 8, 4, 1),
        (8, 131_072, 0, 0, 0, 0, 2),
        (7, 0, 131_072, 0, 0, 0, 3),
        (6, 0, 0, 32, 0, 0, 4),
        (5, 0, 0, 0, 32, 32, 1),
        (4, 9_000_000_000_000, 86_400, 40, 40, 40, 2),
        (3, 5, 6, 7, 8, 4, 3),
    ],
    # every date
    "zoe": [(ago, ago, 2 * ago, ago % 5, ago % 4, ago % 2, 1 + ago % 4) for ago in range(365)],
    # none
    "idle": [],
    # ids that end a line, a field or a text
    'tab\tline\n"quote"\\~é\x7f': [(1, 12, 13, 14, 15, 5, 2)],
    "7": [(1, 7, 7, 7, 7, 7, 1)],
    " 7": [(1, 8, 8, 8, 8, 8, 1)],
}


def filled(connection: duckdb.DuckDBPyConnection, place: Path) -> None:
    """Make a version of these learners, packed."""
    connection.execute(ATTACH.format(engine.quoted(str(place))))
    schema.create(connection, "version")
    for learner, days in sorted(ACTIVE.items(), key=lambda item: user_key(item[0])):
        key = user_key(learner)
        connection.execute("insert into version.users values ($1, null, 'UTC', false, $2)", [learner, key])
        sums = [sum(day[number] for day in days) for number in range(1, 6)]
        values = [key, learner, END - timedelta(days=364), END, END, END.year, *sums, len(days)]
        places = ", ".join(f"${number + 1}" for number in range(len(values)))
        connection.execute(f"insert into version.pulse_totals values ({places}, 1, 2, null, 'own')", values)
        for ago, *numbers in days:
            connection.execute(
                "insert into version.learning_pulse values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                [key, learner, END - timedelta(days=ago), *numbers],
            )
    connection.execute("detach version")
    assert pack(connection, place) == 1


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.connect(tmp_path / "tmp") as connection:
        filled(connection, tmp_path / "version.duckdb")
        connection.execute(f"attach {engine.quoted(str(tmp_path / 'version.duckdb'))} as version")
        yield connection
        connection.execute("detach version")


def expected(learner: str) -> dict[str, Any]:
    active = {END - timedelta(days=ago): numbers for ago, *numbers in ACTIVE[learner]}
    dates = [END - timedelta(days=ago) for ago in reversed(range(365))]
    entries: list[dict[str, Any]] = [
        {"date": str(day), **dict(zip(NAMES, active.get(day, [0] * 6), strict=True))} for day in dates
    ]
    sums = {name: sum(entry[name] for entry in entries) for name in NAMES}
    names = ("learning_time", "sessions", "quizzes", "quizzes_passed")
    return {"data": entries, **{f"total_{name}": sums[name] for name in names}, "year": END.year}


@pytest.mark.parametrize("learner", ACTIVE)
def test_a_packed_learner_comes_back_with_every_number(connection: duckdb.DuckDBPyConnection, learner: str) -> None:
    (block,) = engine.one_row(connection, "select packed from version.pulse_blocks")
    line = packed.line_of(block, user_key(learner))
    assert line is not None
    found = packed.learner(line)
    assert (found.user_id, found.timezone, found.cut_2, found.cut_3, found.cut_4) == (learner, "UTC", 1, 2, None)
    body = json.loads(packed.body(found))
    assert body == expected(learner)
    assert list(body) == list(expected(learner))
    assert list(body["data"][0]) == ["date", *NAMES]


def test_a_key_that_is_in_no_block_is_nobodys(connection: duckdb.DuckDBPyConnection) -> None:
    (block,) = engine.one_row(connection, "select packed from version.pulse_blocks")
    assert packed.line_of(block, user_key("somebody else")) is None
    assert packed.line_of(block, user_key("ana") // 10) is None


@pytest.mark.parametrize(
    "change",
    [
        "update version.learning_pulse set xp_earned = 2 where user_id = 'ana' and xp_earned = 1",
        "update version.pulse_totals set total_sessions = total_sessions + 1 where user_id = 'idle'",
        "update version.users set timezone = 'Europe/Berlin' where user_id = 'zoe'",
        "delete from version.pulse_blocks",
        "insert into version.pulse_blocks select * from version.pulse_blocks",
        "update version.pulse_blocks set packed = encode(replace(decode(packed), 'UTC', 'GMT'))",
    ],
)
def test_blocks_that_say_something_else_than_the_tables_are_found(
    connection: duckdb.DuckDBPyConnection, change: str
) -> None:
    assert different(connection) == []
    connection.execute(change)
    assert {example for (example,) in different(connection)} == {"block 0"}


def different(connection: duckdb.DuckDBPyConnection) -> list[tuple[str]]:
    """Ask the check for its failing rows."""
    view_blocks(connection, VERSION)
    (check,) = [check for check in CHECK_LIST if check.name == "blocks_equal_tables"]
    found = connection.execute(check.model).fetchall()
    connection.execute("drop table packed_again")
    connection.execute("drop table stored_blocks")
    return found


# --- kept learners ------------------------------------------------------------------------------------------------


def test_kept_learners_stay_within_their_bytes_and_the_one_asked_for_longest_ago_goes_first() -> None:
    cache = LearnerCache(32_000, sys.getsizeof)
    for name in ("ana", "ben", "kim"):
        cache.put(name, b"x" * 10_000)
    assert cache.get("ana") is not None
    cache.put("zoe", b"x" * 10_000)
    assert [name for name in ("ana", "ben", "kim", "zoe") if cache.get(name)] == ["ana", "kim", "zoe"]
    assert cache.size <= 32_000
    cache.put("huge", b"x" * 50_000)
    assert cache.get("huge") is None
    assert cache.size == 0


def test_what_is_counted_is_what_python_takes() -> None:
    """`cache_mb` is a promise to an operator whose machine is small."""
    tracemalloc.start()
    try:
        cache = LearnerCache(100_000_000, sys.getsizeof)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(5_000):
            cache.put(f"{number:036}", b"%0900d" % number)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= cache.size <= 1.2 * taken


def test_a_line_that_replaces_another_is_counted_once() -> None:
    cache = LearnerCache(100_000, sys.getsizeof)
    cache.put("ana", b"x" * 10_000)
    once = cache.size
    cache.put("ana", b"x" * 10_000)
    assert cache.size == once


def test_nothing_is_kept_without_room() -> None:
    cache = LearnerCache(0, sys.getsizeof)
    cache.put("ana", b"x")
    assert cache.get("ana") is None


@pytest.mark.parametrize("other", ["7.0", "07", " 7", "7 ", "\uff17"])
def test_a_kept_learner_is_found_by_the_very_id(other: str) -> None:
    cache = LearnerCache(100_000, sys.getsizeof)
    cache.put("7", b"x")
    assert cache.get("7") is not None
    assert cache.get(other) is None
