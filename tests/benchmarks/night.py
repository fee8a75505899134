"""Question 3: what does a night cost, beside what Polars needs just to group, level, sort and write the same rows?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.benchmarks import parts, plots, sources
from tests.benchmarks.frame import Bench, BenchmarkError, Goal, Question, Result, cpu_ratio, median, peak_mb, ratio

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

QUESTION = Question(
    3,
    "night",
    "A night",
    "Learners with a year of activity in the lake and a published version of yesterday. The night extracts one new day "
    "and the seven before it from PostgreSQL, lands the learners, rolls up, builds, checks and publishes a whole new "
    "version, without Dagster. The peer is Polars, which reads the same activity files, new day included, and does "
    "nothing but group by learner and date, level, sort and write Parquet; its rows have to equal the version's.",
)
DAYS = 365
LOOKBACK = 8  # days that the night extracts: the new one and seven before it
GOAL_RATIO, GOAL_MB, GOAL_LOOKBACK, GOAL_PROFILE = 1.1, 1700, 0.03, 0.15
NIGHT, POLARS = "night", "Polars: group, level, sort, write"
WITHOUT_LOOKBACK, WITHOUT_PROFILE = "without a lookback", "without the profile's tables"
EVENTS = """
create or replace temp table events as
select
    user_id,
    $day::timestamp + to_seconds((chance // 11 % 80000)::bigint) as began_at,
    chance
from active
"""
CSV = {
    "xp_events": (
        "select uuid() as id, user_id, began_at + to_seconds(unnest(range(1 + (chance // 3 % 3)::bigint))) as created, "
        "(1 + chance // 16 % 100)::integer as amount from events"
    ),
    "english_sessions": (
        "select uuid() as id, user_id, began_at as started_at, "
        "began_at + to_seconds(60 + (chance // 640 % 7200)::bigint) as ended_at from events"
    ),
    "quiz_attempts": (
        "select uuid() as id, user_id, began_at as submitted_at, chance // 5 % 3 = 2 as passed "
        "from events where chance // 5 % 3 > 0"
    ),
    "users": "select user_id as id, 'learner-' || number as username, zone, true as is_public from learners",
}
TABLES = {
    "xp_events": "id uuid, user_id uuid, created_at timestamptz, amount integer",
    "english_sessions": "id uuid, user_id uuid, started_at timestamptz, ended_at timestamptz",
    "quiz_attempts": "id uuid, user_id uuid, submitted_at timestamptz, passed boolean",
    "users": "id uuid, username text, timezone text, is_public boolean",
}
PULSE_ROWS = """
select count(*), rows_hash(row(user_key, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed,
level)) from {}
"""


def run(bench: Bench) -> Result:
    """Make the lake, publish yesterday, then let the night and Polars take turns."""
    learners = bench.at_size(tiny=300, scaled=30_000, full=1_000_000)
    days = bench.at_size(tiny=DAYS // 6, scaled=DAYS, full=DAYS)
    result = Result(facts={"learners": learners, "days": days})
    with sources.postgres(bench.folder) as url:
        made = bench.prepare("night", "make", url, learners, days)
        result.facts["rows of activity before the night"] = made["rows"]
        result.facts["learners active on the new day"] = made["active"]
        pieces = {
            NIGHT: ("night", "run_one", url),
            WITHOUT_LOOKBACK: ("night", "run_one", url, "lookback_days=0"),
            WITHOUT_PROFILE: ("night", "run_one", url, "profile=false"),
            POLARS: ("night", "polars"),
        }
        before = dict.fromkeys((NIGHT, WITHOUT_LOOKBACK, WITHOUT_PROFILE), ("night", "forget_last_day"))
        result.costs.update(bench.take_turns(pieces, before=before, server=sources.postmaster(bench.folder)))
        result.notes.append(sources.note_on_postgres(bench.folder))
        result.costs["only building, checking and publishing"] = bench.take_turns(
            {"again": ("night", "build_one")}, rounds=1
        )["again"]
    found = bench.prepare("night", "compare")
    if found["version"] != found["Polars"]:
        message = f"the version has {found['version']}, Polars wrote {found['Polars']}"
        raise BenchmarkError(message)
    result.facts["learner-days in the window, equal in both"] = int(found["version"][0])
    _judge(result)
    return result


def make(folder: Path, url: str, learners: str, days: str) -> dict[str, int]:
    """Write a year of activity, fill the source with its last days, and publish the day before the last."""
    from assets.all_steps import run_night
    from assets.night.night import Night
    from assets.step0_plan.plan import Run
    from tests.benchmarks import lakes
    from warehouse import engine
    from warehouse.lake.days import DAY, days_between

    shutil.rmtree(folder / "var", ignore_errors=True)
    configuration = lakes.configure(folder, int(days), url)
    with engine.connect(folder) as connection:
        lakes.make_learners(connection, int(learners))
        lakes.land_learners(connection, configuration)
        sourced = days_between(lakes.LAST_DAY - (LOOKBACK + 1) * DAY, lakes.LAST_DAY)
        rows = lakes.roll_up_history(connection, configuration, sourced[0] - DAY)
        for table in TABLES:
            (folder / f"{table}.csv").unlink(missing_ok=True)
        for day in sourced:
            lakes.make_active(connection, day)
            connection.execute(EVENTS, {"day": day})
            for table in lakes.KINDS:
                file = folder / f"{table}-{day}.csv"
                connection.execute(f"copy ({CSV[table]}) to '{file}' (format csv, header false)")
        (active,) = engine.one_row(connection, "select count(*) from active")
        connection.execute(f"copy ({CSV['users']}) to '{folder}/users-.csv' (format csv, header false)")
    sources.load_postgres(url, TABLES, folder)
    for file in folder.glob("*.csv"):
        file.unlink()
    published = run_night(Night.of(configuration), Run(sourced[0], lakes.LAST_DAY - DAY, (), ("accept_shrink",)))
    assert published is not None
    lakes.keep(folder)
    return {"rows": rows, "active": active, "version rows": published.rows["daily_activity"]}


def forget_last_day(folder: Path) -> None:
    """Take back what a night did, so that it can be run again."""
    from tests.benchmarks import lakes

    lakes.put_back(folder)


def run_one(folder: Path, url: str, setting: str = "lookback_days=7") -> dict[str, Any]:
    """Run the night of the last day, with a setting of `[pulse]`; return what it published, and its steps' seconds."""
    import json

    from assets import all_steps
    from assets.night.night import Night
    from assets.step0_plan.plan import Run
    from tests.benchmarks import lakes

    del url
    clock = parts.timed(all_steps)
    configuration = _configuration(folder)
    name, value = setting.split("=")
    pulse = configuration.pulse.model_copy(update={name: json.loads(value)})
    night = Night.of(configuration.model_copy(update={"pulse": pulse}))
    published = all_steps.run_night(night, Run(lakes.LAST_DAY, lakes.LAST_DAY))
    assert published is not None
    return {"version": published.version, "parts": parts.to_json(clock.seconds)}


def build_one(folder: Path) -> None:
    """Build, check and publish once more, with nothing new."""
    from assets.all_steps import publish_lake
    from assets.night.night import Night

    publish_lake(Night.of(_configuration(folder)))


def polars(folder: Path) -> None:
    """Group, level, sort and write the same learner-days with Polars."""
    from tests.benchmarks.peer_polars import level_activity
    from warehouse.lake.lake import Lake

    configuration = _configuration(folder)
    lake = Lake.of(configuration)
    level_activity(lake.root, folder / "polars.parquet", configuration.pulse.min_active_days)


def compare(folder: Path) -> dict[str, list[Any]]:
    """Return the number and the hash of the rows of the version and of what Polars wrote."""
    from warehouse import engine
    from warehouse.versions.versions import Warehouse

    warehouse = Warehouse.of(_configuration(folder))
    with (
        engine.connect(folder) as connection,
        engine.attached(connection, warehouse.pointer.resolve(), "version"),
    ):
        found = {
            "version": engine.one_row(connection, PULSE_ROWS.format("version.learning_pulse")),
            "Polars": engine.one_row(connection, PULSE_ROWS.format(f"'{folder}/polars.parquet'")),
        }
    return {name: [str(value) for value in row] for name, row in found.items()}


def _configuration(folder: Path) -> Configuration:
    from warehouse.configuration.configuration import load

    return load(folder / "pulse.toml", uses=["sources"])


def _judge(result: Result) -> None:
    night, peer = result.costs[NIGHT], result.costs[POLARS]
    found, processor, most = ratio(night, peer), cpu_ratio(night, peer), peak_mb(night)
    seconds = night[-1].answer["parts"]
    share = 1 - 1 / cpu_ratio(night, result.costs[WITHOUT_LOOKBACK])
    profile = cpu_ratio(night, result.costs[WITHOUT_PROFILE]) - 1
    shared = parts.of_parts(seconds, *parts.TABLES) / peer[-1].wall
    result.goals = [
        Goal(f"at most {GOAL_RATIO} times Polars", f"{found:.2f} times", found <= GOAL_RATIO),
        Goal(f"processor time at most {GOAL_RATIO} times", f"{processor:.2f} times", processor <= GOAL_RATIO),
        Goal(f"peak memory under {GOAL_MB:,} MB", f"{most:,.0f} MB", most < GOAL_MB),
        Goal(f"a lookback of unchanged days under {GOAL_LOOKBACK:.0%} of it", f"{share:.1%}", share < GOAL_LOOKBACK),
        Goal(f"the profile's tables at most {GOAL_PROFILE:.0%} more", f"{profile:.1%} more", profile <= GOAL_PROFILE),
        Goal("of it, what Polars does as well: both tables", f"{shared:.2f} times Polars", None),
    ]
    result.tables["Where the last night's seconds went:"] = parts.table(seconds)
    times = {NIGHT: median(night), POLARS: median(peer)}
    result.plots = [plots.bars(f"A night, {result.facts['learners']:,} learners", "s", times, ours=["night"])]
