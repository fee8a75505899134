"""The look-up file says what the tables say, to the last digit, and so does SQL; a version is refused if not (R13).

The tables are filled by hand, with what is easily lost on the way: numbers beyond the bits of a code, dates at both
ends of the window, ids that look like something else. And by chance.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.step5_build.build import ATTACH
from assets.step5_build.lookup_file import fill
from assets.step5_build.lookup_file.fill import fill_lookup_file
from assets.step6_check.lookup_file.compare import compared_with_tables
from serve.version import lookup, packed
from serve.version.packed import Learner
from warehouse import engine
from warehouse.errors import CheckFailedError
from warehouse.identifiers import user_key
from warehouse.versions import lookup_file, schema
from warehouse.versions.lookup_file import LookupFile

END = date(2026, 3, 1)
VERSION = "pulse-2026-03-01-000001"
NAMES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")

INFO = f"""
select
    '{VERSION}' as version, timestamptz '2026-03-01 00:00:00+00' as data_through,
    timestamptz '2026-03-01 02:00:00+00' as built_at, 'a hash' as logical_hash, 6 as schema_version,
    date '2025-01-01' as first_day, date '2026-02-28' as newest_day, 'UTC' as default_timezone,
    date '2026-02-28' as default_window_end, date '2026-02-27' as complete_through, 'xp_earned' as level_metric,
    5 as min_active_days, 0 as bad_zones, 0 as deleted_users, 0 as unknown_user_rows, 0 as deleted_user_rows,
    0 as read_xp, 0 as read_microseconds, '' as engine_version, '' as zone_data_version,
    'sunday' as week_start
"""

# By learner: days ago, then the numbers in the order of the body.
ACTIVE: dict[str, list[tuple[int, ...]]] = {
    # both ends of the window, the smallest numbers and every level
    "ana": [(364, 1, 0, 0, 0, 0, 1), (3, 0, 1, 0, 0, 0, 2), (2, 0, 0, 1, 0, 0, 3), (0, 0, 0, 0, 1, 1, 4)],
    # around 16 bits, and the most that a code holds
    "ben": [
        (10, 65_535, 65_535, 31, 31, 31, 1),
        (9, 65_536, 65_536, 1, 1, 0, 2),
        (8, 1_048_575, 131_071, 0, 2, 1, 3),
        (7, 524_288, 98_304, 3, 0, 0, 4),
        (6, 32_767, 32_768, 0, 0, 0, 4),
    ],
    # beyond them, each number by itself, with ordinary days before and after
    "kim": [
        (9, 5, 6, 7, 8, 4, 1),
        (8, 1_048_576, 0, 0, 0, 0, 2),
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


@dataclass(frozen=True)
class Version:
    """A version of some learners, with its look-up file."""

    connection: duckdb.DuckDBPyConnection
    file: Path

    def by_file(self, learner: str) -> Learner | None:
        (logical_hash,) = engine.one_row(self.connection, "select logical_hash from version.version_info")
        with closing(LookupFile(self.file, VERSION, logical_hash)) as opened:
            record = opened.record(user_key(learner))
        return None if record is None else packed.learner(record)

    def by_sql(self, learner: str) -> Learner | None:
        self.connection.execute("use version")
        rows = self.connection.execute(engine.sql(lookup.LEARNER), {"user_key": user_key(learner)}).fetchall()
        self.connection.execute("use memory")
        return lookup.of_rows(rows)

    def differs(self) -> str | None:
        return compared_with_tables(self.connection, self.file, VERSION).example


def filled(
    connection: duckdb.DuckDBPyConnection, folder: Path, active: Mapping[str, Sequence[tuple[int, ...]]]
) -> Version:
    """Make a version of learners and attach it by the name `version`."""
    connection.execute(ATTACH.format(engine.quoted(str(folder / "version.duckdb"))))
    schema.create(connection, "version", has_profile=False)
    learners = sorted(active, key=user_key)
    users = [(learner, None, "UTC", False, user_key(learner)) for learner in learners]
    window = (END - timedelta(days=364), END, END, END.year)
    totals = [
        (user_key(learner), learner, *window, *(sum(day[number] for day in active[learner]) for number in range(1, 6)))
        for learner in learners
    ]
    days = [
        (user_key(learner), learner, END - timedelta(days=ago), *numbers)
        for learner in learners
        for ago, *numbers in active[learner]
    ]
    for table, rows, rest in (
        ("users", users, ""),
        ("pulse_totals", totals, ", 3, 1, 2, null, 'own'"),
        ("learning_pulse", days, ""),
    ):
        if rows:
            engine.create(
                connection, "rows", **{f"column_{n}": list(column) for n, column in enumerate(zip(*rows, strict=True))}
            )
            connection.execute(f"insert into version.{table} select *{rest} from rows")
    connection.execute(f"insert into version.version_info by name {INFO}")
    fill_lookup_file(connection, folder / "version.lookup", VERSION)
    return Version(connection, folder / "version.lookup")


@pytest.fixture
def version(tmp_path: Path) -> Iterator[Version]:
    with engine.connect(tmp_path / "tmp") as connection:
        yield filled(connection, tmp_path, ACTIVE)
        connection.execute("detach version")


def expected(days: Sequence[tuple[int, ...]]) -> dict[str, Any]:
    active = {END - timedelta(days=ago): numbers for ago, *numbers in days}
    dates = [END - timedelta(days=ago) for ago in reversed(range(365))]
    entries: list[dict[str, Any]] = [
        {"date": str(day), **dict(zip(NAMES, active.get(day, [0] * 6), strict=True))} for day in dates
    ]
    sums = {name: sum(entry[name] for entry in entries) for name in NAMES}
    names = ("learning_time", "sessions", "quizzes", "quizzes_passed")
    return {"data": entries, **{f"total_{name}": sums[name] for name in names}, "year": END.year}


@pytest.mark.parametrize("learner", ACTIVE)
def test_a_learner_comes_back_with_every_number_from_the_file_and_by_sql(version: Version, learner: str) -> None:
    for found in (version.by_file(learner), version.by_sql(learner)):
        assert found is not None
        assert (found.user_id, found.timezone, found.cut_2, found.cut_3, found.cut_4) == (learner, "UTC", 1, 2, None)
        body = json.loads(packed.body(found))
        assert body == expected(ACTIVE[learner])
        assert list(body) == list(expected(ACTIVE[learner]))
        assert list(body["data"][0]) == ["date", *NAMES]


def test_days_that_fit_into_codes_are_not_spelled_out(version: Version) -> None:
    found = {name: version.by_file(name) for name in ("ben", "kim", "zoe", "idle")}
    spelled = {name: (len(one.codes) // 8, len(one.spelled_out)) for name, one in found.items() if one}
    assert spelled == {"ben": (5, 0), "kim": (2, 5), "zoe": (365, 0), "idle": (0, 0)}


def test_a_key_that_is_in_no_record_is_nobodys(version: Version) -> None:
    assert version.by_file("somebody else") is None
    assert version.by_sql("somebody else") is None


NUMBERS = st.one_of(
    st.integers(0, 40), st.integers(0, 140_000), st.integers(1_048_570, 1_048_580), st.integers(0, 10**12)
)


@st.composite
def active_days(draw: st.DrawFn) -> list[tuple[int, ...]]:
    days: list[tuple[int, ...]] = []
    for ago in sorted(draw(st.sets(st.integers(0, 364), max_size=30)), reverse=True):
        xp, seconds, sessions, quizzes = draw(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
        days.append((ago, xp, seconds, sessions, quizzes, draw(st.integers(0, quizzes)), draw(st.integers(1, 4))))
    return days


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), active_days(), max_size=4
    )
)
@settings(max_examples=4 * settings.get_profile(settings.get_current_profile_name()).max_examples)
def test_file_and_sql_say_the_same_of_random_learners_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, learners: dict[str, list[tuple[int, ...]]]
) -> None:
    """R13."""
    folder = tmp_path_factory.mktemp("random")
    learners = {name: days for name, days in learners.items() if "\0" not in name}
    with engine.connect(folder / "tmp") as connection:
        version = filled(connection, folder, learners)
        for learner, days in learners.items():
            by_file, by_sql = version.by_file(learner), version.by_sql(learner)
            assert by_file is not None
            assert by_sql is not None
            assert by_file[:12] == by_sql[:12]
            assert packed.body(by_file) == packed.body(by_sql)
            assert json.loads(packed.body(by_file)) == expected(days)
        assert version.differs() is None
        connection.execute("detach version")


# --- the check --------------------------------------------------------------------------------------------------------

CHANGES = {
    "update version.learning_pulse set xp_earned = 2 where user_id = 'ana' and xp_earned = 1": "ana",
    "update version.learning_pulse set level = 4 where user_id = 'zoe' and level = 1": "zoe",
    "update version.learning_pulse set learning_time = 1 where user_id = 'kim' and learning_time = 131072": "kim",
    "update version.learning_pulse set activity_date = activity_date + 1 where user_id = ' 7'": " 7",
    "update version.pulse_totals set total_sessions = total_sessions + 1 where user_id = 'idle'": "idle",
    "update version.pulse_totals set cut_4 = 3 where user_id = 'idle'": "idle",
    "update version.users set timezone = 'Europe/Berlin' where user_id = 'zoe'": "zoe",
}


@pytest.mark.parametrize(("change", "learner"), CHANGES.items(), ids=range(len(CHANGES)))
def test_a_file_that_says_something_else_than_the_tables_is_found(version: Version, change: str, learner: str) -> None:
    assert version.differs() is None
    version.connection.execute(change)
    assert version.differs() == f"user_key {user_key(learner)}"


@pytest.mark.parametrize(
    "change",
    [
        "delete from version.learning_pulse where user_id = '7'",
        "delete from version.pulse_totals where user_id = 'idle'",
        "insert into version.learning_pulse select * from version.learning_pulse where user_id = '7'",
        "update version.version_info set logical_hash = 'another'",
    ],
)
def test_rows_that_only_one_of_both_has_are_found(version: Version, change: str) -> None:
    version.connection.execute(change)
    assert version.differs()


def test_a_file_that_is_gone_or_damaged_is_found(version: Version) -> None:
    content = version.file.read_bytes()
    version.file.write_bytes(content[:300] + bytes([content[300] ^ 1]) + content[301:])
    assert "CRC-32" in str(version.differs())
    version.file.unlink()
    assert "No such file" in str(version.differs())


def test_every_version_compares_another_part(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many days to a part that there are several: one of them has the change."""
    monkeypatch.setattr(fill, "DAYS_AT_ONCE", 100)
    assert len(fill.parts(version.connection)) == 4
    version.connection.execute("update version.learning_pulse set level = 4 where user_id = 'zoe' and level = 1")
    names = [f"pulse-2026-03-01-{number:06}" for number in range(4)]
    (logical_hash,) = engine.one_row(version.connection, "select logical_hash from version.version_info")
    found = []
    for name in names:
        fill_file = version.file.with_suffix(".other")
        with closing(LookupFile(version.file, VERSION, logical_hash)) as opened:
            records = [(key, record) for key in opened.keys if (record := opened.record(key))]
        lookup_file.write(fill_file, name, logical_hash, records)
        found.append(compared_with_tables(version.connection, fill_file, name).example)
    assert sorted(map(str, found)) == ["None", "None", "None", f"user_key {user_key('zoe')}"]


# --- what cannot be written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "update version.learning_pulse set user_key = user_key + 1 where user_id = 'zoe'",
        "insert into version.learning_pulse select * from version.learning_pulse where user_id = 'ana'",
        "insert into version.pulse_totals select * from version.pulse_totals where user_id = 'ana'",
    ],
)
def test_days_out_of_order_or_of_nobody_stop_the_build(version: Version, change: str, tmp_path: Path) -> None:
    version.connection.execute(change)
    with pytest.raises(CheckFailedError, match="is not ordered by user_key, or has days of nobody"):
        fill_lookup_file(version.connection, tmp_path / "again.lookup", VERSION)


def test_the_file_is_the_same_whatever_the_parts(
    version: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R24: also of so many threads."""
    for days, threads in ((100, 1), (10, 4), (10_000_000, 2)):
        monkeypatch.setattr(fill, "DAYS_AT_ONCE", days)
        version.connection.execute(f"set threads = {threads}")
        fill_lookup_file(version.connection, tmp_path / "again.lookup", VERSION)
        assert (tmp_path / "again.lookup").read_bytes() == version.file.read_bytes()
