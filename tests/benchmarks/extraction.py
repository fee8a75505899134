"""Question 1: what does it cost to land a source's rows, beside reading them and throwing them away?"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.benchmarks import parts, plots, sources
from tests.benchmarks.frame import Bench, BenchmarkError, Goal, Question, Result, cpu_ratio, median, peak_mb, ratio

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from tests.benchmarks.frame import Cost

QUESTION = Question(
    1,
    "extraction",
    "Extraction",
    "Landing every row of a table of sessions and one of XP in PostgreSQL: read in one snapshot, typed, validated, "
    "quarantined, deduplicated, one Parquet file per UTC day, the undated rows looked for. The floor is "
    "`psql` with `COPY (the same select) TO STDOUT (FORMAT binary)` into /dev/null, which does none of this. MariaDB "
    "and SQLite have as their floor a loop of their Python driver that fetches the rows and throws them away.",
)
STREAMS = ("xp_events", "english_sessions")
DAYS = 100
GOAL_WALL, GOAL_CPU, GOAL_MB = 3.3, 2.5, 600
ALONE = ("reading alone", "the source's own figures alone")
TRUTH = {
    "xp_events": "select count(*), count(distinct id), 0, sum(amount) from xp_events",
    "english_sessions": (
        "select count(*), count(distinct id), count(distinct id) filter (where ended_at < started_at), 0 "
        "from english_sessions"
    ),
}


def run(bench: Bench) -> Result:
    """Load the sources, land them in turns with the floors, and compare what landed with the source's own sums."""
    sessions = bench.at_size(tiny=5_000, scaled=300_000, full=5_000_000)
    result = Result(facts={"XP rows": 2 * sessions, "session rows": sessions, "days": DAYS})
    with sources.postgres(bench.folder) as url:
        bench.prepare("extraction", "load", url, sessions)
        bench.prepare("extraction", "remember_truth", url)
        selects = bench.prepare("extraction", "statements")
        pieces: dict[str, Sequence[object]] = {
            "PostgreSQL: COPY to /dev/null": _copy(url, selects["rows"]),
            "PostgreSQL: reading alone": ("extraction", "read", DAYS),
            "PostgreSQL: the source's own figures alone": _copy(url, selects["figures"]),
            "PostgreSQL: landing": ("extraction", "land", DAYS),
            "PostgreSQL: landing, half the days": ("extraction", "land", DAYS // 2),
            "PostgreSQL: pandas.read_sql, a tenth of the days": ("extraction", "read_by_pandas", url, DAYS // 10),
        }
        result.costs.update(bench.take_turns(pieces, server=sources.postmaster(bench.folder)))
        result.notes.append(sources.note_on_postgres(bench.folder))
        _compare(bench, result)
    others = max(2, sessions // 10)
    for name, other_url in _others(bench):
        bench.prepare("extraction", "load", other_url, others)
        result.costs.update(
            bench.take_turns(
                {
                    f"{name}: fetching": ("extraction", "fetch", other_url),
                    f"{name}: landing": ("extraction", "land", DAYS),
                }
            )
        )
    result.facts["rows in the other databases"] = 3 * others
    _judge(result)
    return result


def load(folder: Path, url: str, sessions: str) -> None:
    """Make the rows and fill a database with them."""
    rows = {"xp_events": 2 * int(sessions), "english_sessions": int(sessions)}
    files = sources.write_csv(folder, rows, DAYS)
    sources.load(url, files)
    sources.configure(folder, url.replace("mysql+pymysql", "mysql"))
    for file in files.values():
        file.unlink()


def remember_truth(folder: Path, url: str) -> None:
    """Ask the source what has to land: rows, distinct ids, those that break a rule, the sum of the amounts."""
    import psycopg

    with psycopg.connect(url) as connection:
        truth = {
            stream: [int(value) for value in connection.execute(TRUTH[stream]).fetchone() or ()] for stream in STREAMS
        }
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")


def statements(folder: Path) -> dict[str, list[str]]:
    """Return the selects by which the product reads the streams, `rows` and `figures`, as PostgreSQL takes them."""
    from assets.step1_extract.extract import open_stream
    from assets.step1_extract.source.snapshot import _postgres_text
    from warehouse.configuration.configuration import load as load_configuration

    configuration = load_configuration(folder / "pulse.toml", uses=["sources"])
    asked: dict[str, list[str]] = {"rows": [], "figures": []}

    class Listening:
        """A snapshot that only notes what it is asked."""

        def batches(self, query: Any) -> Generator[Any, None, None]:
            asked["rows"].append(_postgres_text(query))
            yield from ()

        def rows(self, query: Any) -> list[Any]:
            asked["figures"].append(_postgres_text(query))
            return []

    first, last = _days(DAYS)
    for name in STREAMS:
        with open_stream(configuration, configuration.streams[name]) as reader:
            listening = replace(reader, source=Listening())
            list(listening.rows(first, last))
            listening.figures(first, last)
    return asked


def land(folder: Path, days: str) -> dict[str, Any]:
    """Land the streams' first days in an empty lake.

    Returns:
        By stream the rows, distinct ids, quarantined ids and amounts, and `parts`, where the seconds went.
    """
    from assets.night.night import Night
    from assets.step2_land import land as landing_step
    from warehouse.configuration.configuration import load as load_configuration
    from warehouse.lake.days import days_between

    shutil.rmtree(folder / "var", ignore_errors=True)
    configuration = load_configuration(folder / "pulse.toml", uses=["sources"])
    clock = parts.timed(landing_step)
    land_timed = clock.step("land_run", landing_step.land)
    found: dict[str, Any] = {}
    for name in STREAMS:
        landed = land_timed(Night.of(configuration), configuration.streams[name], days_between(*_days(int(days))))
        every = landed.landings
        found[name] = [
            sum(landing.source_rows for landing in every),
            sum(landing.rows + landing.quarantined for landing in every),
            sum(landing.quarantined for landing in every),
            sum(landing.sums["amount"] for landing in every),
        ]
    return {"landed": found, "parts": parts.to_json(clock.seconds)}


def read(folder: Path, days: str) -> int:
    """Read the streams as landing them does, and throw the typed batches away; return the rows."""
    from assets.step1_extract.extract import open_stream
    from warehouse.configuration.configuration import load as load_configuration

    configuration = load_configuration(folder / "pulse.toml", uses=["sources"])
    rows = 0
    for name in STREAMS:
        with open_stream(configuration, configuration.streams[name]) as reader:
            rows += sum(batch.num_rows for batch in reader.rows(*_days(int(days))))
    return rows


def read_by_pandas(folder: Path, url: str, days: str) -> int:
    """Read days as people do: chunks of `pandas.read_sql` over a server-side cursor; return the rows."""
    import pandas as pd
    from sqlalchemy import create_engine, text

    del folder
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    first, last = _days(int(days))
    rows = 0
    with engine.connect().execution_options(stream_results=True) as connection:
        for table in STREAMS:
            instant = sources.TABLES[table][2][0]
            query = text(f"select * from {table} where {instant} >= '{first}' and {instant} < '{last}'::date + 1")
            rows += sum(len(chunk) for chunk in pd.read_sql(query, connection, chunksize=50_000))
    return rows


def fetch(folder: Path, url: str) -> int:
    """Fetch every row by the driver alone, ordered as the product orders them; return the rows."""
    from sqlalchemy import create_engine, text

    del folder
    engine = create_engine(url.replace("mysql://", "mysql+pymysql://"))
    rows = 0
    with engine.connect().execution_options(stream_results=True) as connection:
        for table in STREAMS:
            columns = ", ".join(name for name, _ in sources.TABLES[table])
            query = text(f"select {columns} from {table} order by {sources.TABLES[table][2][0]}")
            cursor = connection.execute(query).cursor
            while batch := cursor.fetchmany(50_000):
                rows += len(batch)
    return rows


def _copy(url: str, selects: Sequence[str]) -> list[object]:
    commands = [word for select in selects for word in ("-c", f"copy ({select}) to stdout (format binary)")]
    return ["command", sources.psql(), "-qX", "-o", "/dev/null", url, *commands]


def _others(bench: Bench) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{bench.folder}/platform.sqlite"
    if url := sources.mariadb():
        yield "MariaDB", url


def _days(days: int) -> tuple[date, date]:
    from warehouse.lake.days import DAY

    first = date.fromisoformat(sources.FIRST_DAY)
    return first, first + (days - 1) * DAY


def _compare(bench: Bench, result: Result) -> None:
    """What landed is what the source says: its rows, its ids once, its sums."""
    truth = json.loads((bench.folder / "truth.json").read_text(encoding="utf-8"))
    for cost in result.costs["PostgreSQL: landing"]:
        if cost.answer["landed"] != truth:
            message = f"landed {cost.answer['landed']}, the source says {truth}"
            raise BenchmarkError(message)
    result.facts["checked"] = "rows, distinct ids, quarantined rows and the sum of amounts equal the source's own"


def _judge(result: Result) -> None:
    costs = result.costs
    floor, landing = costs["PostgreSQL: COPY to /dev/null"], costs["PostgreSQL: landing"]
    half = costs["PostgreSQL: landing, half the days"]
    found = ratio(landing, floor)
    most, most_half = peak_mb(landing), peak_mb(half)
    both_floors = cpu_ratio(landing, floor, costs["PostgreSQL: the source's own figures alone"])
    result.goals = [
        Goal(f"PostgreSQL: landing at most {GOAL_WALL} times COPY", f"{found:.2f} times", found <= GOAL_WALL),
        Goal(
            f"processor time of both sides at most {GOAL_CPU} times that of COPY and the figures",
            f"{both_floors:.2f} times",
            both_floors <= GOAL_CPU,
        ),
        Goal(f"peak memory under {GOAL_MB} MB", f"{most:,.0f} MB", most < GOAL_MB),
        Goal("the same for twice the rows", f"{most / most_half:.2f} times", most < 1.1 * most_half),
        *(
            Goal(f"{name}, beside the floor", f"{ratio(costs[f'PostgreSQL: {name}'], floor):.2f} times", None)
            for name in ALONE
        ),
    ]
    result.tables["Where the seconds of the last landing went:"] = parts.table(landing[-1].answer["parts"])
    result.goals += [
        Goal(f"{name}, beside its floor", f"{_beside(costs, name):.2f} times", None)
        for name in ("SQLite", "MariaDB")
        if f"{name}: landing" in costs
    ]
    rows = int(str(result.facts["XP rows"])) + int(str(result.facts["session rows"]))
    speeds = {
        "COPY to /dev/null": rows / median(floor) / 1e6,
        "landing": rows / median(landing) / 1e6,
        "pandas.read_sql": rows / 10 / median(costs["PostgreSQL: pandas.read_sql, a tenth of the days"]) / 1e6,
    }
    result.plots = [plots.bars("PostgreSQL: rows a second", "million", speeds, ours=["landing"])]


def _beside(costs: dict[str, list[Cost]], name: str) -> float:
    return ratio(costs[f"{name}: landing"], costs[f"{name}: fetching"])
