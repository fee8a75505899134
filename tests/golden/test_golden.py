"""Golden cases: every folder of `golden/` is a claim about docs/RULES.md, worked out by hand, and this runs it.

A case is one `case.toml`; no case has Python of its own:

- `[pulse]`: settings of docs/reference/configuration.md, at least `first_day`; `[xp]` and `[serve]` if need be.
- `[[nights]]`: the runs in their order; `day` is a run's last day, `users` what the users table holds then. `streams`
  extracts only those, `pulse` overrides settings from that night on.
- `[learners.NAME]`: where several streams say who the learners are, each with `merge`, `prefix` or `zone_names`, and
  the `roles` that it maps, by default all; `users` of a night is then a table of rows by stream. Their order counts.
- `[streams.NAME]`: `kind`, `timezone`, `longer_than_24h`, `rows` by role. A key that is left out is NULL; dates and
  times become ISO 8601 text; `{ hex = "ff" }` are bytes and `{ repeat = "x", times = 9 }` is long text. `from_night`
  and `until_night` say when a row, or a stream, is there. `columns` is the stream's own, where not every role is mapped
  by its name.
- `[expected.TABLE]`: `columns` and all rows of the public table, in any order, after the last night; "NULL" is null.
  `where` says which rows, for a view of 365 rows per learner.
  `[[expected.bodies]]` is the endpoint's answer. `is_published` and `same_hash_every_night` speak for themselves.

The random worlds and the oracle stay out: what is expected here does not come from a program.
"""

import difflib
import json
import sqlite3
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from serve.version.open_version import open_version
from serve.version.pulse import learning_pulse
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.streams import ROLES, Kind
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

GOLDEN = Path(__file__).parent
CLAIMS = sorted(place.parent.name for place in GOLDEN.glob("*/case.toml"))
LONG = {  # many days, or many nights
    "a_changed_default_zone_moves_only_those_without_a_zone",
    "a_gap_of_nights_heals_itself",
    "a_streak_is_of_all_history_and_of_local_dates",
    "xp_of_all_history_reaches_levels_by_thresholds_and_steps",
    "a_learner_who_moves_back_keeps_three_stretches",
    "a_stream_that_is_behind_holds_back_the_newest_day",
    "the_window_has_365_days_also_over_29_february",
    "what_changed_within_the_lookback_is_brought_again",
}
EVERY_GUARD = ("accept_shrink", "accept_quarantine")
SQLITE_TYPES = {
    "id": "TEXT",
    "instant": "TEXT",
    "date": "DATE",
    "amount": "INTEGER",
    "boolean": "BOOLEAN",
    "text": "TEXT",
    "number": "REAL",
}
WHEN = {"from_night", "until_night"}
SECTIONS = ("xp", "serve")
STREAM_KEYS = ("timezone", "longer_than_24h", "merge", "zone_names")

Case = Mapping[str, Any]
Row = Mapping[str, Any]


@pytest.mark.parametrize(
    "claim", [pytest.param(claim, marks=[pytest.mark.slow] if claim in LONG else []) for claim in CLAIMS]
)
def test_the_claim_holds(claim: str, tmp_path: Path) -> None:
    """Run the case's nights and compare what was published with what was worked out by hand."""
    case = tomllib.loads((GOLDEN / claim / "case.toml").read_text(encoding="utf-8"))
    refuse_typing_errors(case)
    manifests = [run(case, number, tmp_path) for number in range(1, len(case["nights"]) + 1)]
    expected = dict(case["expected"])
    assert (manifests[-1] is not None) == expected.pop("is_published", True)
    if expected.pop("same_hash_every_night", False):
        assert len({manifest and manifest.logical_hash for manifest in manifests}) == 1
    configuration = load(tmp_path / "pulse.toml")
    differences = [
        *(line for body in expected.pop("bodies", []) for line in body_difference(configuration, body)),
        *(line for table, rows in expected.items() for line in table_difference(configuration, table, rows)),
    ]
    if differences:
        pytest.fail("\n".join([f"{claim}: expected (-), published (+)", *differences]), pytrace=False)


def test_every_claim_says_which_rule_it_is_about() -> None:
    """The first line of a case is a comment with a rule's number, and every rule but those of the guards has a case."""
    first_lines = {claim: (GOLDEN / claim / "case.toml").read_text(encoding="utf-8").split("\n")[0] for claim in CLAIMS}
    assert [claim for claim, line in first_lines.items() if not line.startswith("# R")] == []
    named = {rule.strip(",:") for line in first_lines.values() for rule in line.split() if rule.startswith("R")}
    guards = {"R22"}  # blocks a version and shows in no table; tests/assets/step2_land/test_landing_faults.py has it
    assert {f"R{number}" for number in range(1, 32)} - guards - named == set()


def refuse_typing_errors(case: Case) -> None:
    """A key that nobody reads would make a case claim more than it tests."""
    assert set(case) - {"learners", *SECTIONS} == {"pulse", "nights", "streams", "expected"}
    for stream in case.get("learners", {}).values():
        assert set(stream) <= {"merge", "prefix", "zone_names", "roles"}
    for night in case["nights"]:
        assert set(night) <= {"day", "users", "streams", "pulse"}
        for rows in users_of(night).values():
            refuse_unknown_roles("users", rows)
    for stream in case["streams"].values():
        assert set(stream) <= {"kind", "timezone", "longer_than_24h", "rows", "from_night", "columns"}
        refuse_unknown_roles(stream["kind"], stream["rows"])


def users_of(night: Mapping[str, Any]) -> Mapping[str, Sequence[Row]]:
    """The rows of each stream of learners in a night."""
    users: Mapping[str, Sequence[Row]] | Sequence[Row] = night["users"]
    return users if isinstance(users, Mapping) else {"users": users}


def refuse_unknown_roles(kind: Kind, rows: Iterable[Row]) -> None:
    known = {role.name for role in ROLES[kind]} | WHEN
    for row in rows:
        assert set(row) <= known, f"{row} has a role that kind {kind} does not"


# --- one night ------------------------------------------------------------------------------------------------------


def run(case: Case, number: int, folder: Path) -> Manifest | None:
    """Write the source and the configuration as they are in that night, and run it."""
    night = case["nights"][number - 1]
    streams = {name: stream for name, stream in case["streams"].items() if stream.get("from_night", 1) <= number}
    with closing(sqlite3.connect(folder / "source.db")) as database:
        for name, rows in users_of(night).items():
            write_table(database, name, "users", rows)
        for name, stream in streams.items():
            there = [row for row in stream["rows"] if is_there(row, number)]
            write_table(database, name, stream["kind"], there)
        database.commit()
    pulse = dict(case["pulse"])
    for earlier in case["nights"][:number]:
        pulse |= earlier.get("pulse", {})
    (folder / "pulse.toml").write_text(
        configuration_text(pulse, case.get("learners", {"users": {}}), streams) + others_text(case), encoding="utf-8"
    )
    wanted = Run(night["day"], night["day"], tuple(night.get("streams", ())), EVERY_GUARD)
    return run_night(Night.of(load(folder / "pulse.toml", uses=["sources"])), wanted)


def is_there(row: Row, number: int) -> bool:
    return bool(row.get("from_night", 1) <= number <= row.get("until_night", number))


def write_table(database: sqlite3.Connection, table: str, kind: Kind, rows: Sequence[Row]) -> None:
    """Make a table anew, with a column for every role of its kind."""
    roles = ROLES[kind]
    columns = ", ".join(f'"{role.name}" {SQLITE_TYPES[role.type]}' for role in roles)
    database.execute(f"drop table if exists {table}")
    database.execute(f"create table {table} ({columns})")
    values = [[raw(row.get(role.name)) for role in roles] for row in rows]
    database.executemany(f"insert into {table} values ({', '.join('?' * len(roles))})", values)


def raw(value: object) -> str | int | float | bytes | None:
    """Return what SQLite holds for a value of a case."""
    match value:
        case {"hex": digits}:
            return bytes.fromhex(digits)
        case {"repeat": text, "times": times}:
            return str(text * times)
        case date():  # and so datetime
            return value.isoformat()
        case None | str() | int() | float():
            return value
    message = f"a case cannot hold {value!r}"
    raise TypeError(message)


def configuration_text(pulse: Mapping[str, object], learners: Mapping[str, Any], streams: Mapping[str, Any]) -> str:
    lines = ["[pulse]", 'data_dir = "var"', *(f"{key} = {toml(value)}" for key, value in pulse.items())]
    lines += ["[sources.platform]", 'url = "sqlite:///source.db"']
    for name, stream in {**{name: {"kind": "users", **users} for name, users in learners.items()}, **streams}.items():
        roles = {role.name: role.name for role in ROLES[stream["kind"]]}
        mapped: dict[str, object] = {
            role: column for role, column in roles.items() if role in stream.get("roles", roles)
        }
        if "prefix" in stream:
            mapped["user_id"] = {"column": "user_id", "prefix": stream["prefix"]}
        lines += [f"[streams.{name}]", f'kind = "{stream["kind"]}"', 'source = "platform"', f'table = "{name}"']
        lines += [f"columns = {toml(stream.get('columns', mapped))}"]
        lines += [f"{key} = {toml(stream[key])}" for key in STREAM_KEYS if key in stream]
    return "\n".join(lines) + "\n"


def others_text(case: Case) -> str:
    lines: list[str] = []
    for name in SECTIONS:
        settings = [f"{key} = {toml(value)}" for key, value in case.get(name, {}).items()]
        lines += [f"[{name}]", *settings] if settings else []
    return "\n".join(lines)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(held)}" for key, held in value.items()) + " }"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


# --- what came of it ------------------------------------------------------------------------------------------------


def table_difference(configuration: Configuration, table: str, expected: Mapping[str, Any]) -> list[str]:
    """Compare all rows of a published table, in the columns that the case names."""
    columns = expected["columns"]
    place = Warehouse.of(configuration).pointer.resolve()
    with duckdb.connect(place, read_only=True) as connection:
        names = ", ".join(f'"{column}"' for column in columns)
        found = connection.execute(f"select {names} from {table} where {expected.get('where', 'true')}").fetchall()
    return difference(table, lines(columns, expected["rows"]), lines(columns, found))


def lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    return sorted(" | ".join(spelled(*one) for one in zip(columns, row, strict=True)) for row in rows)


def spelled(column: str, value: object) -> str:
    """One value as a difference shows it."""
    if value is None:
        return "NULL"
    if column == "row":
        return json.dumps(json.loads(str(value)), sort_keys=True)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def body_difference(configuration: Configuration, expected: Mapping[str, Any]) -> list[str]:
    """Compare the endpoint's body: its length, its ends, every entry that is not all zeros, and the totals."""
    warehouse = Warehouse.of(configuration)
    current = warehouse.current()
    assert current is not None
    version = open_version(warehouse, current)
    try:
        body = json.loads(learning_pulse(version, expected["user_id"]).body)
    finally:
        version.close()
    data = body.pop("data")
    found = {
        "user_id": expected["user_id"],
        "entries": len(data),
        "first": data[0]["date"],
        "last": data[-1]["date"],
        "active": [list(entry.values()) for entry in data if any(list(entry.values())[1:])],
        "totals": body,
    }
    return difference(f"body of {expected['user_id']}", body_lines(expected), body_lines(found))


def body_lines(body: Mapping[str, Any]) -> list[str]:
    entries = [f"  {entry}" for entry in body["active"]]
    totals = [f"{name}: {value}" for name, value in sorted(body["totals"].items())]
    return [*(f"{name}: {body[name]}" for name in ("entries", "first", "last")), "active:", *entries, *totals]


def difference(title: str, expected: Sequence[str], found: Sequence[str]) -> list[str]:
    if expected == found:
        return []
    return [f"{title}:", *(f"  {line}" for line in difflib.ndiff(expected, found) if not line.startswith("?"))]
