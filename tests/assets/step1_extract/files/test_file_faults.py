"""What can be wrong with files: a missing day, a change while they are read, columns, lines and names."""

import gzip
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from assets.all_steps import run_night
from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from assets.step0_plan.plan import Run
from assets.step1_extract.extract import open_stream
from assets.step2_land import land
from assets.step2_land.judge import write_undated
from tests.support.platforms.file_platform import (
    SECOND,
    TABLES,
    configuration,
    of_files,
    write_days,
    write_file,
)
from tests.support.platforms.sources import DAY, FIRST, Notes, lake_files, landed_rows, night, published
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import PulseError, SourceDriftError, SourceUnavailableError

USERS = "files = 'exports/users.csv'"
XP_COLUMNS = TABLES["xp"][0]
# file names that mean something to a shell, to SQL, to DuckDB's patterns, to URLs or to SQLAlchemy
HOSTILE = (
    "it's.csv",
    'a "quoted" one.csv',
    "star*.csv",
    "[ab].csv",
    "what?.csv",
    "100%s %20.csv",
    ":from :to ::x.csv",
    "back\\slash \\: and \\'.csv",
    "{a,b}.csv",
    "$tag$; drop table x; --.csv",
    "amount=500.csv",
    "line\nbreak.csv",
    "ü学.csv",
)


def only_xp(folder: Path, line: str, **pulse: Any) -> Configuration:
    """A platform of one learner file and one stream of XP, which the line says where it is."""
    if not (folder / "exports" / "users.csv").exists():
        write_file(folder / "exports" / "users.csv", *TABLES["users"])
    return configuration(folder, {"users": USERS, "xp": line}, **pulse)


def xp_file(folder: Path, name: str, *rows: tuple[object, ...]) -> Path:
    """Write a file of XP; of a row only id, instant and amount matter."""
    path = folder / "exports" / name
    write_file(path, XP_COLUMNS, [(event, "007", at, amount, None) for event, at, amount in rows])
    return path


def rows_read(configured: Configuration) -> list[dict[str, object]]:
    """The rows of XP of both days, as they are read."""
    with open_stream(configured, configured.streams["xp"]) as reader:
        reader.refuse_missing([FIRST])
        return [row for batch in reader.rows(FIRST, SECOND) for row in batch.to_pylist()]


def total(configured: Configuration) -> int:
    """The XP of everybody."""
    ((xp,),) = published(configured, "select coalesce(sum(xp_earned), 0)::bigint from daily_activity")
    assert isinstance(xp, int)
    return xp


def test_a_day_without_its_file_stops_the_run_and_names_day_and_path(tmp_path: Path) -> None:
    """Nothing lands, not even the days that have files; the next night, with the file, is complete."""
    write_days(tmp_path, "csv")
    configured = of_files(tmp_path, "exports/{name}-{day}.csv")
    missing = tmp_path / "exports" / f"quizzes-{SECOND}.csv"
    content = missing.read_bytes()
    missing.unlink()
    with pytest.raises(SourceUnavailableError) as refused:
        night(configured, SECOND)
    assert f"stream quizzes: there is no file of {SECOND}, {missing}; nothing has landed" in str(refused.value)
    assert not [name for name in lake_files(configured) if name.startswith("quizzes")]
    missing.write_bytes(content)
    assert night(configured, SECOND) is not None


@pytest.mark.parametrize("pattern", ["exports/nothing-*.csv", "nowhere/x.csv", "exports/x-{day}.csv", "/nowhere/*.csv"])
def test_a_pattern_that_matches_no_file_is_named(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(
        SourceUnavailableError, match=r"stream xp: no file .*matches .*; correct the pattern"
    ) as refused:
        rows_read(only_xp(tmp_path, f"files = '{pattern}'"))
    assert pattern in str(refused.value)


def rewritten(file: Path) -> None:
    """Change a file to another of the same size, as an export that runs again does."""
    stamp = file.stat().st_mtime_ns + 1
    file.write_bytes(file.read_bytes())
    os.utime(file, ns=(stamp, stamp))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (rewritten, "was changed"),
        (Path.unlink, "is gone"),
        (lambda file: file.with_name("xp-2.csv").write_bytes(file.read_bytes()), "came"),
    ],
    ids=["changed", "gone", "new"],
)
def test_files_that_change_while_they_are_read_land_nothing(
    change: Callable[[Path], object], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the one that is tried again; afterwards the files hold still, and land."""
    file = xp_file(tmp_path, "xp-1.csv", ("e1", f"{FIRST} 08:00:00", 5))
    xp_file(tmp_path, "xp-0.csv", ("e0", f"{FIRST} 08:00:00", 5))
    configured = only_xp(tmp_path, "files = 'exports/xp-*.csv'")

    def changing(*arguments: Any) -> int:
        change(file)
        return write_undated(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(land, "write_undated", changing)
        with pytest.raises(SourceUnavailableError, match=rf"xp-\d.csv {what} while .*; nothing has landed, try again"):
            night(configured, FIRST)
    assert not [name for name in lake_files(configured) if name.startswith("xp")]
    assert night(configured, FIRST) is not None


@pytest.mark.slow
def test_a_file_that_was_changed_is_drift_and_lands_again(tmp_path: Path) -> None:
    """R23: its day alone, by the checksum; the sum and the count are the same."""
    for day in (FIRST, SECOND):
        xp_file(tmp_path, f"xp-{day}.csv", ("e1", f"{day} 08:00:00", 5), ("e2", f"{day} 09:00:00", 7))
    configured = only_xp(tmp_path, "files = 'exports/xp-{day}.csv'")
    night(configured, SECOND)
    xp_file(tmp_path, f"xp-{FIRST}.csv", ("e1", f"{FIRST} 08:00:00", 7), ("e2", f"{FIRST} 09:00:00", 5))
    comparison, restated = reconcile(Night.of(configured))
    assert [(drift.landing.stream, drift.landing.day) for drift in comparison.drifts] == [("xp", FIRST), ("xp", SECOND)]
    assert "checksum differs" in str(comparison.drifts[0])
    assert restated is not None
    landed = landed_rows(configured, "xp", "event_id, amount")
    assert sorted(landed) == [("e1", 5), ("e1", 7), ("e2", 5), ("e2", 7)]


def test_the_name_of_a_file_is_only_its_name(tmp_path: Path) -> None:
    """None is read twice, or for another; one that begins with a dot is hidden, as an unfinished one is."""
    names = [*HOSTILE, "a.csv", "starfish.csv", "whatx.csv", "100%s 20.csv"]
    for number, name in enumerate([*names, ".hidden.csv"]):
        xp_file(tmp_path, f"in/{name}", (f"e{number}", f"{FIRST} 08:00:00", 1))
    configured = only_xp(tmp_path, "files = 'exports/in/*.csv'")
    assert sorted(str(row["event_id"]) for row in rows_read(configured)) == sorted(f"e{n}" for n in range(len(names)))
    configured = only_xp(tmp_path, "files = 'exports/../exports/./in/[ab]*.csv'")
    assert [row["event_id"] for row in rows_read(configured)] == [f"e{names.index('[ab].csv')}"]


def test_the_folder_above_a_linked_folder_is_the_one_on_disk(tmp_path: Path) -> None:
    """DuckDB 2.0 drops `name/..` from a path, and would read the files of another folder."""
    xp_file(tmp_path, "far/[away].csv", ("far", f"{FIRST} 08:00:00", 1))
    xp_file(tmp_path, "[away].csv", ("near", f"{FIRST} 08:00:00", 1))
    (tmp_path / "exports/far/deep").mkdir()
    (tmp_path / "exports/link").symlink_to("far/deep")
    configured = only_xp(tmp_path, "files = 'exports/link/../[away].csv'")
    assert [row["event_id"] for row in rows_read(configured)] == ["far"]


def total_of_night(configured: Configuration) -> int:
    night(configured, FIRST)
    return total(configured)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id,who,at,amount,changed\ne1,7,2026-06-01,5\n", "Expected Number of Columns: 5 Found: 4"),
        (b'id,who,at,amount,changed\n"secret,7,2026-06-01,5,\n', "unterminated quote"),
        (b"id,who,at,amount,changed\nsecret\xe9,7,2026-06-01,5,\n", "is no CSV file in UTF-8"),
        (b"id,who,at,amount\ne1,7,2026-06-01,5\n", 'column "changed" (updated_at) is not in '),
        (b"", "has no first line with the names of its columns"),
        (b"id,who,at,amount,changed,ID\n", 'has two columns "ID"'),
    ],
)
def test_a_csv_file_that_is_none_is_named_with_what_is_wrong(content: bytes, reason: str, tmp_path: Path) -> None:
    """The line of the file, which has a row in it, is not repeated."""
    xp_file(tmp_path, "xp-1.csv", ("e1", f"{FIRST} 08:00:00", 5))
    (tmp_path / "exports" / "xp-2.csv").write_bytes(content)
    with pytest.raises(PulseError) as refused:
        rows_read(only_xp(tmp_path, "files = 'exports/xp-*.csv'"))
    assert isinstance(refused.value, SourceDriftError)
    assert reason in str(refused.value)
    assert "xp-2.csv" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


QUOTED = b'id,who,at,amount,changed\na,7,2026-06-01,5,\n"secret,7,2026-06-01,5,\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("xp.jsonl", b'{"id": "secret", "who": \n'),
        ("xp.jsonl", b'[{"id": "secret"}]\n'),
        ("xp.jsonl", b'{"id": "secret", "who": "7", "at": "2026-06-01"}\n'),
        ("xp.parquet", b""),
        ("xp.parquet", b"PAR1 secret but no Parquet at all PAR1"),
        ("xp.csv.gz", b"no gzip: secret"),
        ("xp.csv.gz", gzip.compress(QUOTED, mtime=0)),  # whose time would be in the test's name
    ],
)
def test_what_is_no_file_of_its_format_is_an_error_and_not_a_row(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / name).write_bytes(content)
    with pytest.raises(SourceDriftError) as refused:
        rows_read(only_xp(tmp_path, f"files = 'exports/{name}'"))
    assert name in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.slow
def test_a_large_csv_file_may_have_line_breaks_in_its_texts(tmp_path: Path) -> None:
    """More than one of DuckDB's buffers; its threads would begin in the middle of a text."""
    note = f'x""\ne,7,{FIRST} 09:00,1,,y\n' * 20  # which looks like rows
    lines = "".join(f'e{number},7,{FIRST} 08:00,1,,"{note}"\n' for number in range(60_000))
    only_xp(tmp_path, "files = 'exports/xp.csv'")
    (tmp_path / "exports" / "xp.csv").write_text(f"id,who,at,amount,changed,note\n{lines}", encoding="utf-8")
    assert len(rows_read(only_xp(tmp_path, "files = 'exports/xp.csv'"))) == 60_000


@pytest.mark.slow
def test_rows_in_the_file_of_another_day_do_not_count_and_are_told_of(tmp_path: Path) -> None:
    """So a landing is the same whether its day is read alone or with others. A text may be of the day beside it."""
    far = FIRST + 3 * DAY
    xp_file(tmp_path, f"xp-{FIRST}.csv", ("e1", f"{FIRST} 08:00:00", 5), ("far", f"{far} 08:00:00", 1000))
    xp_file(tmp_path, f"xp-{SECOND}.csv", ("late", f"{FIRST} 22:00:00", 7))
    for number in (2, 3):
        xp_file(tmp_path, f"xp-{FIRST + number * DAY}.csv")
    configured = only_xp(tmp_path, "files = 'exports/xp-{day}.csv'", lookback_days=0)
    notes = Notes()
    night(configured, far, listener=notes)
    assert total(configured) == 12
    assert any(line.startswith("xp: 1 rows are of another day than their file") for line in notes.lines)
    before = lake_files(configured)
    for day in (FIRST, far):
        run_night(Night.of(configured), Run(day, day, days={"xp": (day,)}))
    assert {name: content for name, content in lake_files(configured).items() if name.startswith("xp/2")}.keys() == {
        name for name in before if name.startswith("xp/2")
    }
    assert total(configured) == 12


def test_a_file_of_a_day_that_is_not_over_is_left_alone(tmp_path: Path) -> None:
    """R2: it is still written, so it may change while others are read."""
    xp_file(tmp_path, f"xp-{FIRST}.csv", ("e1", f"{FIRST} 08:00:00", 5))
    xp_file(tmp_path, "xp-2999-01-01.csv", ("e2", f"{FIRST} 08:00:00", 5))
    xp_file(tmp_path, "xp-2026-06-31.csv", ("e3", f"{FIRST} 08:00:00", 5))
    configured = only_xp(tmp_path, "files = 'exports/xp-{day}.csv'")
    with open_stream(configured, configured.streams["xp"]) as reader, closing(reader.undated()) as undated:
        assert list(undated) == []
        rewritten(tmp_path / "exports" / "xp-2999-01-01.csv")
    assert total_of_night(configured) == 5


def test_folders_give_columns_only_where_hive_says_so(tmp_path: Path) -> None:
    """A key in the pattern's folders is a text; without `hive` it is only a name."""
    for who, amount in (("007", 5), ("7", 7), ("a%20b", 100)):
        path = tmp_path / "exports" / f"who={who}" / "xp.parquet"
        write_file(path, {"id": "varchar", "at": "timestamp", "amount": "bigint"}, [(who, f"{FIRST} 08:00:00", amount)])
    columns = 'columns = { event_id = "id", user_id = "who", occurred_at = "at", amount = "amount" }'
    line = "files = 'exports/who=*/xp.parquet'\n"
    text = only_xp(tmp_path, line).path.read_text()
    start = text.index("columns", text.index("[streams.xp]"))
    plain = text[:start] + columns
    (tmp_path / "pulse.toml").write_text(plain)
    with pytest.raises(SourceDriftError, match=r'column "who" \(user_id\) is not in .*found id, at, amount'):
        night(load(tmp_path / "pulse.toml", uses=["sources"]), FIRST)
    (tmp_path / "pulse.toml").write_text(plain.replace(line, f"{line}hive = true\n"))
    configured = load(tmp_path / "pulse.toml", uses=["sources"])
    night(configured, FIRST)
    assert landed_rows(configured, "xp", "user_id, amount") == [("007", 5), ("7", 7), ("a b", 100)]


def test_parquet_files_may_have_other_types_and_no_value_changes(tmp_path: Path) -> None:
    """A column that is a number in one file and a text in another is read as text, and 7.0 is 7."""
    exports = tmp_path / "exports"
    instant = f"{FIRST} 08:00:00"
    kinds = [("varchar", "007", "bigint"), ("double", 7.0, "double"), ("hugeint", 7, "decimal(10, 2)")]
    for number, (of_user, user, of_amount) in enumerate(kinds):
        columns = {**XP_COLUMNS, "who": of_user, "amount": of_amount, "changed": "timestamptz"}
        write_file(exports / f"xp-{number}.parquet", columns, [(f"e{number}", user, instant, 2, None)])
    with duckdb.connect() as connection:  # as pandas writes a column without a value
        row = f"select 'e9' as id, '7' as who, timestamp '{instant}' as \"at\", 1 as amount, null as changed"
        pq.write_table(
            connection.sql(row).to_arrow_table().set_column(4, "changed", [pa.nulls(1)]), exports / "xp-9.parquet"
        )
    configured = only_xp(tmp_path, "files = 'exports/xp-*.parquet'")
    read = sorted((row["event_id"], row["user_id"], row["amount"]) for row in rows_read(configured))
    assert read == [("e0", "007", 2), ("e1", "7", 2), ("e2", "7", 2), ("e9", "7", 1)]
