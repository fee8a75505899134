"""What values of files mean: texts are judged like texts, and roles, filters and zones work on them as elsewhere."""

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.step1_extract.extract import open_stream
from tests.support.platforms.file_platform import TABLES, write_file
from tests.support.platforms.sources import DAY, FIRST
from warehouse.configuration.configuration import Configuration, load

SECOND = FIRST + DAY
CONFIGURATION = """
[pulse]
first_day = 2026-06-01
[streams.users]
kind = "users"
files = "users.csv"
columns = {{ user_id = "id" }}
[streams.events]
{stream}
"""


def stream_of(folder: Path, text: str) -> Configuration:
    """Configure a stream of events beside some learners."""
    write_file(folder / "users.csv", *TABLES["users"])
    (folder / "pulse.toml").write_text(CONFIGURATION.format(stream=text), encoding="utf-8")
    return load(folder / "pulse.toml", uses=["sources"])


def rows_of(configured: Configuration) -> list[dict[str, object]]:
    """The rows of both days, in the order in which they came."""
    with open_stream(configured, configured.streams["events"]) as reader:
        rows = [row for batch in reader.rows(FIRST, SECOND) for row in batch.to_pylist()]
        figures = reader.figures(FIRST, SECOND)
    assert sum(int(of_day["rows"]) for of_day in figures.values()) == len(rows)
    return rows


def undated_of(configured: Configuration) -> list[object]:
    """The ids of the rows without an instant."""
    with open_stream(configured, configured.streams["events"]) as reader:
        return sorted(row["event_id"] for batch in reader.undated() for row in batch.to_pylist())


XP = (
    'kind = "xp"\nfiles = "{files}"\ncolumns = {{ event_id = "id", user_id = "who", occurred_at = "at", amount = "n" }}'
)
CSV = """id,who,at,n
b,007,2026-06-01 10:00,5.00
a,"0""7",2026-06-01T09:00:00.5Z, 7
c,7.0,2026-06-02T01:00:00+02:00,-3
d,,2026-06-01 25:00,1
e,x,2026-06-31,1
f,x,,1
g,x,01.06.2026,1
"""


def test_texts_of_csv_are_judged_like_texts(tmp_path: Path) -> None:
    """R1, R19, R26: 007 stays, so does a fraction; an instant is ISO 8601 or none; a row is read once."""
    configured = stream_of(tmp_path, XP.format(files="xp.csv"))
    (tmp_path / "xp.csv").write_text(CSV, encoding="utf-8")
    rows = rows_of(configured)
    read = {row["event_id"]: (row["user_id"], str(row["occurred_at"]), row["amount"]) for row in rows}
    assert read["a"] == ('0"7', "2026-06-01 09:00:00.500000", None)
    assert read["b"] == ("007", "2026-06-01 10:00:00", 5)
    assert read["c"] == ("7.0", "2026-06-01 23:00:00", -3)
    assert undated_of(configured) == ["d", "e", "f", "g"]
    assert {row["event_id"]: row["unreadable"] for row in rows}["a"] == ["amount"]


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_nanoseconds_are_cut_not_rounded(zone: str | None, tmp_path: Path) -> None:
    """R1: the last nanosecond of a day, as pandas writes it, is in that day, whatever DuckDB's casts do."""
    configured = stream_of(tmp_path, XP.format(files="xp.parquet"))
    midnight = (SECOND - date(1970, 1, 1)) // timedelta(microseconds=1) * 1000
    instants = pa.array([midnight - 1, midnight, None], pa.timestamp("ns", zone))
    table = pa.table({"id": ["a", "b", "c"], "who": ["7"] * 3, "at": instants, "n": [1, 1, 1]})
    pq.write_table(table, tmp_path / "xp.parquet")
    rows = rows_of(configured)
    read = {row["event_id"]: str(row["occurred_at"]) for row in rows}
    assert read == {"a": f"{FIRST} 23:59:59.999999", "b": f"{SECOND} 00:00:00"}
    with open_stream(configured, configured.streams["events"]) as reader:
        assert [of_day["rows"] for of_day in reader.figures(FIRST, SECOND).values()] == ["1", "1"]
    assert undated_of(configured) == ["c"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_that_with_which_the_first_line_has_the_columns(delimiter: str, tmp_path: Path) -> None:
    configured = stream_of(tmp_path, XP.format(files="xp.csv"))
    text = f"\ufeffn,o{delimiter}id{delimiter}who{delimiter}at{delimiter}n\r\n,{delimiter}a{delimiter}7{delimiter}"
    (tmp_path / "xp.csv").write_bytes(f"{text}2026-06-01{delimiter}4\r\n".encode())
    assert [(row["event_id"], row["amount"]) for row in rows_of(configured)] == [("a", 4)]


def test_values_of_json_lines_are_what_they_are(tmp_path: Path) -> None:
    """A text stays, a whole number is one whatever its spelling, true is no amount, null and no key are one."""
    lines = [
        {"id": "a", "who": "007", "at": f"{FIRST}T10:00:00Z", "n": 1},
        {"id": 7.0, "who": 7, "at": f"{FIRST} 11:00", "n": "2"},
        {"id": 12345678901234567890123, "who": {"x": 1}, "at": f"{FIRST} 12:00", "n": True, "other": []},
        {"id": "d", "who": None, "at": f"{FIRST} 13:00", "n": 1e3},
        {"id": "e", "who": "x"},
    ]
    (tmp_path / "xp.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    configured = stream_of(tmp_path, XP.format(files="xp.jsonl"))
    assert {row["event_id"]: (row["user_id"], row["amount"]) for row in rows_of(configured)} == {
        "a": ("007", 1),
        "7": ("7", 2),
        "12345678901234567890123": ('{"x":1}', None),
        "d": (None, 1000),
    }
    assert undated_of(configured) == ["e"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_roles_and_filters_work_on_every_format(ending: str, tmp_path: Path) -> None:
    """Numbers since 1970, `never`, lists, scores and filters: where all is text, numbers are compared as numbers."""
    columns = {
        "id": "bigint",
        "who": "varchar",
        "at": "bigint",
        "score": "double",
        "best": "bigint",
        "state": "varchar",
    }
    begin = 1_780_272_000  # 2026-06-01 00:00 UTC
    rows = [
        (1, "u", begin, 9.5, 10, "done"),
        (2, "u", begin + 86_400 - 1, 10.0, 20, "done"),
        (3, "u", begin - 1, 10.0, 10, "done"),  # of the day before
        (4, "u", 0, 10.0, 10, "done"),  # not submitted yet
        (5, "u", begin, 10.0, 10, "draft"),
        (6, "u", begin, 100.0, 100, "done"),  # as a text it would be less than 9
        (7, "u", None, 10.0, 10, "done"),
        (8, "u", begin + 5, 8.5, 10, "done"),  # below 9
        (9, "u", begin + 2 * 86_400, 10.0, 10, "done"),  # of the day after
    ]
    write_file(tmp_path / f"quizzes.{ending}", columns, rows)
    configured = stream_of(
        tmp_path,
        f"""kind = "quizzes"
files = "quizzes.{ending}"
where = [{{ column = "state", is = ["done"] }}, {{ column = "score", at_least = 9 }}]
[streams.events.columns]
event_id = ["who", "id"]
user_id = {{ column = "who", prefix = "p:" }}
occurred_at = {{ column = "at", unit = "s", never = [0] }}
passed = {{ column = "score", at_least = 0.9, of = "best" }}
""",
    )
    read = {row["event_id"]: (row["user_id"], str(row["occurred_at"]), row["passed"]) for row in rows_of(configured)}
    assert read == {
        "u:1": ("p:u", "2026-06-01 00:00:00", True),
        "u:6": ("p:u", "2026-06-01 00:00:00", True),
        "u:2": ("p:u", "2026-06-01 23:59:59", False),
    }
    assert undated_of(configured) == ["u:7"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_true_and_false_may_stand_in_lists_of_every_format(ending: str, tmp_path: Path) -> None:
    """R19: also where all is text, or else an event that is deleted would count."""
    columns = {"id": "varchar", "who": "varchar", "at": "timestamp", "ok": "boolean", "gone": "boolean"}
    rows = [("a", "u", f"{FIRST} 10:00:00", True, True), ("b", "u", f"{FIRST} 11:00:00", False, False)]
    write_file(tmp_path / f"quizzes.{ending}", columns, rows)
    configured = stream_of(
        tmp_path,
        f"""kind = "quizzes"
files = "quizzes.{ending}"
[streams.events.columns]
event_id = "id"
user_id = "who"
occurred_at = "at"
passed = {{ column = "ok", true = [true], false = [false] }}
is_deleted = {{ column = "gone", true = [true] }}
""",
    )
    read = {row["event_id"]: (row["passed"], row["deleted_at"] is not None) for row in rows_of(configured)}
    assert read == {"a": (True, True), "b": (False, False)}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_declared_zone_reads_the_files_of_the_days_beside_it(ending: str, tmp_path: Path) -> None:
    """R1: a file for each day in Berlin; the rows of a UTC day stand in two of them."""
    columns = {"id": "varchar", "who": "varchar", "at": "timestamp", "n": "bigint"}
    before, after = FIRST - DAY, SECOND + DAY
    instants = {before: "12:00:00", FIRST: "01:59:59", SECOND: "00:30:00", after: "01:00:00"}
    for day, time in instants.items():
        write_file(tmp_path / f"xp-{day}.{ending}", columns, [(f"{day}", "u", f"{day} {time}", 1)])
    configured = stream_of(tmp_path, f'{XP.format(files=f"xp-{{day}}.{ending}")}\ntimezone = "Europe/Berlin"')
    with open_stream(configured, configured.streams["events"]) as reader:
        assert reader.reads_wider
        reader.refuse_missing([FIRST, SECOND])
        read = {
            row["event_id"]: str(row["occurred_at"])
            for batch in reader.rows(FIRST, SECOND)
            for row in batch.to_pylist()
        }
    assert read[f"{FIRST}"] == "2026-05-31 23:59:59"
    assert read[f"{SECOND}"] == "2026-06-01 22:30:00"
    assert read[f"{after}"] == "2026-06-02 23:00:00"
