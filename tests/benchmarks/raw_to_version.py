"""Question 2: what does it take from the rows as they landed to every learner's levelled days, beside other engines?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.benchmarks import parts, plots
from tests.benchmarks.frame import Bench, BenchmarkError, Goal, Question, Result, median, peak_mb, ratio

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

QUESTION = Question(
    2,
    "raw_to_version",
    "From raw rows to a version",
    "Landings of a year, zones mixed, one session in ten overlapping another or running over midnight. Ours: every day "
    "rolled up, a version built, checked and published, with all history, totals and cuts. The peers read the same "
    "landings and write one Parquet file of the active days in the learners' windows with their levels, unchecked; "
    "these rows have to equal the version's. The floor is one scan of the same columns.",
)
GOAL_FASTER, GOAL_MEMORY = 1.0, 0.25
DAYS = 365
PEERS = ("Polars", "ClickHouse (chdb)")  # of all learners
PANDAS = "pandas"
GROUPING = "DuckDB: rows grouped by learner and UTC date, sessions in order, nothing else"
MOST_FOR_PANDAS = 2_000  # learners
LANDED = {
    "xp_events": """
        select uuid()::varchar as event_id, user_id,
            $day::timestamp + to_seconds((chance // 11 % 85000)::bigint + 60 * number) as instant,
            null::timestamp as ended_at, (1 + (chance // 16 + number) % 100)::bigint as amount, null::boolean as passed
        from (select user_id, chance, unnest(range(5)) as number from active)
    """,
    "english_sessions": """
        select uuid()::varchar as event_id, user_id,
            $day::timestamp + to_seconds((chance // 11 % 85000)::bigint + 600 * number) as instant,
            instant + to_seconds(case when chance % 10 = 0 then 3600 else 120 + (chance // 7 % 400)::bigint end)
                as ended_at,
            null::bigint as amount, null::boolean as passed
        from (select user_id, chance, unnest(range(3)) as number from active)
    """,
    "quiz_attempts": """
        select uuid()::varchar as event_id, user_id,
            $day::timestamp + to_seconds((chance // 13 % 85000)::bigint + 30 * number) as instant,
            null::timestamp as ended_at, null::bigint as amount, (chance // 5 + number) % 3 > 0 as passed
        from (select user_id, chance, unnest(range(2)) as number from active)
    """,
}
LANDED_TABLE = """
create or replace temp table landed as
select
    *, $day::date as day, null::timestamp as last_activity_at, null::timestamp as updated_at, null::varchar as reason,
    null::varchar as row, false as is_conflicting, false as is_foreign
from ({})
"""
DAYS_OF_RESULT = """
select count(*), rows_hash(row(user_id, activity_date::date, xp_earned::bigint, learning_time::bigint, sessions::bigint,
quizzes::bigint, quizzes_passed::bigint, level::tinyint)) from {}
"""


def run(bench: Bench) -> Result:
    """Write the landings, then let ours, the peers and the floor take turns."""
    learners = bench.at_size(tiny=60, scaled=2_000, full=100_000)
    one_in = max(1, learners // MOST_FOR_PANDAS)
    days = bench.at_size(tiny=DAYS // 6, scaled=DAYS, full=DAYS)
    rows = bench.prepare("raw_to_version", "make", learners, days)
    result = Result(facts={"learners": learners, "days": days, "rows in landings": rows})
    ours = "landings to a published version"
    in_turns: dict[str, tuple[str | int, ...]] = {
        ours: ("raw_to_version", "publish"),
        "Polars": ("raw_to_version", "by_polars"),
        "one scan of the columns": ("raw_to_version", "scan"),
        GROUPING: ("raw_to_version", "group"),
    }
    slow: dict[str, tuple[str | int, ...]] = {
        "ClickHouse (chdb)": ("raw_to_version", "by_clickhouse"),
        _pandas(one_in): ("raw_to_version", "by_pandas", one_in),
    }
    before = {ours: ("raw_to_version", "forget")}
    result.costs.update(bench.take_turns(in_turns, before=before))
    result.costs.update(bench.take_turns(slow, rounds=1 if bench.size == "full" else None))
    pieces = [*in_turns, *slow]
    found = bench.prepare("raw_to_version", "compare")
    for peer in PEERS:
        if found[peer] != found["version"]:
            message = f"the version has {found['version']}, {peer} wrote {found[peer]}"
            raise BenchmarkError(message)
    if found[PANDAS] != found["version, for pandas"]:
        message = f"the version has {found['version, for pandas']} of these learners, pandas wrote {found[PANDAS]}"
        raise BenchmarkError(message)
    result.facts["levelled days, equal in all"] = int(found["version"][0])
    fastest = min(PEERS, key=lambda peer: median(result.costs[peer]))
    faster = 1 / ratio(result.costs[ours], result.costs[fastest])
    memory = peak_mb(result.costs[ours]) / peak_mb(result.costs[fastest])
    seconds = result.costs[ours][-1].answer
    shared = result.costs[fastest][-1].wall / parts.of_parts(seconds, parts.ROLLED_UP, *parts.TABLES)
    result.goals = [
        Goal(
            f"at least {GOAL_FASTER} times as fast as the fastest peer",
            f"{faster:.2f} times ({fastest})",
            faster >= GOAL_FASTER,
        ),
        Goal("at most a quarter of its memory", f"{memory:.2f} of it", memory <= GOAL_MEMORY),
        Goal("what the fastest peer does as well: rows to both tables, by itself", f"{shared:.2f} times faster", None),
        Goal(
            "grouping and ordering in DuckDB alone, beside the fastest peer's whole way",
            f"{ratio(result.costs[GROUPING], result.costs[fastest]):.2f} times",
            None,
        ),
    ]
    result.tables["Where the seconds of the last run went:"] = parts.table(seconds)
    result.plots = [
        plots.bars("From landings to levels", "s", {name: median(result.costs[name]) for name in pieces}, ours=[ours]),
        plots.bars("Peak memory", "MB", {name: peak_mb(result.costs[name]) for name in pieces}, ours=[ours]),
    ]
    return result


def make(folder: Path, learners: str, days: str) -> int:
    """Write the learners and a year of landings; return their rows."""
    from datetime import timedelta

    from assets.step2_land import judge as landing_step
    from tests.benchmarks import lakes
    from warehouse import engine
    from warehouse.lake.days import days_between
    from warehouse.lake.lake import Lake

    shutil.rmtree(folder / "var", ignore_errors=True)
    configuration = lakes.configure(folder, int(days))
    lake = Lake.of(configuration)
    rows = 0
    with engine.connect(folder) as connection:
        lakes.make_learners(connection, int(learners))
        lakes.land_learners(connection, configuration)
        for day in days_between(configuration.pulse.first_day, lakes.LAST_DAY):
            lakes.make_active(connection, day)
            for stream in configuration.event_streams:
                connection.execute(LANDED_TABLE.format(LANDED[stream.name]), {"day": day})
                said = connection.execute(engine.sql(landing_step.STATISTICS)).fetchall()
                statistics = said[0][1:] if said else landing_step.NO_STATISTICS
                passing, *_, amount, passed, content = statistics
                landing = lakes.landing_of(
                    stream=stream.name,
                    day=day,
                    fingerprint=stream.fingerprint,
                    extracted_at=f"{day + timedelta(days=1)}T02:00:00+00:00",
                    source_rows=passing,
                    rows=passing,
                    sums={"events": passing, "amount": amount, "passed": passed},
                    content_hash=str(content),
                )
                place = lake.landing(stream.name, day)
                place.parent.mkdir(parents=True, exist_ok=True)
                about = {"day": day, "file": str(place), "about": landing.to_json()}
                connection.execute(landing_step.WRITE_LANDING, about)
                rows += passing
    return rows


def forget(folder: Path) -> None:
    """Remove everything but landings and learners."""
    shutil.rmtree(folder / "var" / "lake" / "activity", ignore_errors=True)
    shutil.rmtree(folder / "var" / "warehouse", ignore_errors=True)


def publish(folder: Path) -> list[tuple[str, str, float]]:
    """Roll up, build, check and publish; return the seconds of the parts."""
    from assets import all_steps
    from assets.night.night import Night

    clock = parts.timed(all_steps)
    all_steps.publish_lake(Night.of(_configuration(folder)))
    return parts.to_json(clock.seconds)


def by_polars(folder: Path) -> None:
    """The same with Polars."""
    from tests.benchmarks.peer_polars import level_landings

    level_landings(folder / "var" / "lake", folder / "polars.parquet", 5)


def by_clickhouse(folder: Path) -> None:
    """The same with ClickHouse."""
    from tests.benchmarks.peer_clickhouse import level_landings

    level_landings(folder / "var" / "lake", folder / "clickhouse.parquet", 5)


def by_pandas(folder: Path, one_in: str) -> None:
    """The same with pandas, of one learner in so many."""
    from tests.benchmarks.peer_pandas import level_landings

    target, learners = folder / "pandas.parquet", folder / "pandas_learners.parquet"
    level_landings(folder / "var" / "lake", target, learners, 5, int(one_in))


def _pandas(one_in: int) -> str:
    return PANDAS if one_in == 1 else f"{PANDAS}, one learner in {one_in}"


def scan(folder: Path) -> list[str]:
    """Read the columns that the result needs, and add them up."""
    from tests.benchmarks import lakes
    from warehouse import engine

    found = []
    with engine.connect(folder) as connection:
        for stream in lakes.KINDS:
            query = (
                "select count(*), max(user_id), max(instant), max(ended_at), sum(amount), count_if(passed) "
                f"from '{folder}/var/lake/{stream}/*-*-*.parquet'"
            )
            found.append(str(engine.one_row(connection, query)))
    return found


def group(folder: Path) -> list[int]:
    """Do no more than there is no way around: count a learner's rows by date, and put sessions into their order.

    With as much memory as a build has, a month at a time; UTC dates and no zones, no rules, no unions, no levels, and
    nothing is written.
    """
    from tests.benchmarks import lakes
    from warehouse import engine

    lake = folder / "var" / "lake"
    months = sorted({place.name[:7] for place in (lake / "english_sessions").glob("????-??-??.parquet")})
    found = [0, 0, 0]
    with engine.connect(folder) as connection:
        for month in months:
            landed = " union all ".join(
                f"select user_id, instant::date as day, amount from '{lake}/{stream}/{month}-*.parquet'"
                for stream in lakes.KINDS
            )
            grouped = f"select count(*) as rows, sum(amount) as amount from ({landed}) group by user_id, day"
            days, rows, _ = engine.one_row(connection, f"select count(*), sum(rows), sum(amount) from ({grouped})")
            before = (
                "select max(ended_at) over (partition by user_id, instant::date order by instant, ended_at "
                "rows between unbounded preceding and 1 preceding) as ended_before "
                f"from '{lake}/english_sessions/{month}-*.parquet'"
            )
            (later,) = engine.one_row(connection, f"select count(ended_before) from ({before})")
            found = [total + int(more) for total, more in zip(found, (days, rows, later), strict=True)]
    return found


def compare(folder: Path) -> dict[str, list[Any]]:
    """Return the number and the hash of the rows of the version and of what the peers wrote."""
    from warehouse import engine
    from warehouse.versions.versions import Warehouse

    warehouse = Warehouse.of(_configuration(folder))
    of_pandas = f"semi join '{folder}/pandas_learners.parquet' using (user_id)"
    places = {
        "version": "version.learning_pulse",
        "Polars": f"'{folder}/polars.parquet'",
        "ClickHouse (chdb)": f"'{folder}/clickhouse.parquet'",
        PANDAS: f"'{folder}/pandas.parquet' {of_pandas}",
        "version, for pandas": f"version.learning_pulse {of_pandas}",
    }
    with (
        engine.connect(folder) as connection,
        engine.attached(connection, warehouse.pointer.resolve(), "version"),
    ):
        return {
            name: [str(value) for value in engine.one_row(connection, DAYS_OF_RESULT.format(place))]
            for name, place in places.items()
        }


def _configuration(folder: Path) -> Configuration:
    from warehouse.configuration.configuration import load

    return load(folder / "pulse.toml", uses=["sources"])
