"""Question 7: what does it cost to map roles by tables, beside mapping the same columns by their names?"""

from __future__ import annotations

import statistics
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.benchmarks import sources
from tests.benchmarks.frame import Bench, BenchmarkError, Goal, Question, Result

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = Question(
    7,
    "roles",
    "Roles as tables",
    "Landing every row of a table of attempts in PostgreSQL. Once by names: a `timestamptz` and a boolean. Once by "
    "tables: milliseconds since 1970, a score that is enough as a share of another column, and a filter on a state "
    "that every row has. Both land the same rows, and what counts is processor time.",
)
PLAIN, TABLES = "by names", "by tables"
DAYS = 100
GOAL = 1.1
ATTEMPTS = """
create table attempts as
select
    id, user_id, created_at, amount > 60 as passed, (extract(epoch from created_at) * 1000)::bigint as at_ms,
    (amount / 4.0)::numeric(8, 2) as score, 25.00::numeric(8, 2) as most,
    (array['finished', 'graded'])[1 + amount % 2] as state
from xp_events
"""
STREAM = """
[streams.attempts]
kind = "quizzes"
source = "platform"
table = "attempts"
{where}

[streams.attempts.columns]
event_id = "id"
user_id = "user_id"
{columns}
"""
MAPPINGS = {
    PLAIN: {"where": "", "columns": 'occurred_at = "created_at"\npassed = "passed"'},
    TABLES: {
        "where": 'where = [{ column = "state", is = ["finished", "graded"] }]',
        "columns": 'occurred_at = { column = "at_ms", unit = "ms" }\n'
        'passed = { column = "score", at_least = 0.61, of = "most" }',
    },
}


def run(bench: Bench) -> Result:
    """Load the attempts, land them in turns by names and by tables, and compare what landed."""
    rows = bench.at_size(tiny=5_000, scaled=600_000, full=5_000_000)
    result = Result(facts={"attempts": rows, "days": DAYS})
    with sources.postgres(bench.folder) as url:
        bench.prepare("roles", "load", url, rows)
        result.costs.update(bench.take_turns({name: ("roles", "land", url, name) for name in MAPPINGS}))
    landed = {tuple(cost.answer) for costs in result.costs.values() for cost in costs}
    if len(landed) != 1:
        message = f"what landed differs: {landed}"
        raise BenchmarkError(message)
    result.facts["checked"] = "rows, quarantined rows and passed attempts are the same by names and by tables"
    turns = zip(result.costs[TABLES], result.costs[PLAIN], strict=True)
    found = statistics.median(tables.cpu / plain.cpu for tables, plain in turns)
    result.goals = [Goal(f"processor time within {GOAL} times", f"{found:.2f} times", found <= GOAL)]
    return result


def load(folder: Path, url: str, rows: str) -> None:
    """Make the rows, and of the XP among them attempts."""
    import psycopg

    files = sources.write_csv(folder, {"xp_events": int(rows)}, DAYS)
    sources.load(url, files)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set time zone 'UTC'")
        connection.execute("drop table if exists attempts")
        for statement in (ATTEMPTS, "create index on attempts (created_at)", "create index on attempts (at_ms)"):
            connection.execute(statement)
        connection.execute("vacuum analyze attempts")
    for file in files.values():
        file.unlink()


def land(folder: Path, url: str, name: str) -> list[int]:
    """Land every day in an empty lake; return rows, quarantined rows and passed attempts."""
    import shutil

    from assets.night.night import Night
    from assets.step2_land.land import land as land_stream
    from warehouse.configuration.configuration import load as load_configuration
    from warehouse.lake.days import DAY, days_between

    place = sources.configure(folder, url)
    head = place.read_text(encoding="utf-8").partition("[streams.xp_events]")[0]
    place.write_text(head + STREAM.format(**MAPPINGS[name]), encoding="utf-8")
    shutil.rmtree(folder / "var", ignore_errors=True)
    configuration = load_configuration(place, uses=["sources"])
    first = date.fromisoformat(sources.FIRST_DAY)
    days = days_between(first, first + (DAYS - 1) * DAY)
    landings: list[Any] = [*land_stream(Night.of(configuration), configuration.streams["attempts"], days).landings]
    return [
        sum(landing.source_rows for landing in landings),
        sum(landing.quarantined for landing in landings),
        sum(landing.sums["passed"] for landing in landings),
    ]
