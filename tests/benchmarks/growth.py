"""Question 4: what does one more learner, and one more year of history, cost?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.benchmarks import plots
from tests.benchmarks.frame import Bench, Goal, Question, Result, median, peak_mb

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.frame import Cost

QUESTION = Question(
    4,
    "growth",
    "Growth",
    "Building, checking and publishing a version from a lake of growing size: learners with a year of activity, and "
    "one of the sizes with three years. The floor of more history is copying the rows of daily_activity that it adds.",
)
YEAR = 365
SPREAD = 0.15
GOAL_HISTORY = 2
ON_PAPER = 100_000_000  # learners


def run(bench: Bench) -> Result:
    """Build each size in turn; a lake is made, measured and removed before the next."""
    largest = bench.at_size(tiny=200, scaled=30_000, full=1_000_000)
    year = bench.at_size(tiny=YEAR // 6, scaled=YEAR, full=YEAR)
    sizes = [largest // 10, largest * 3 // 10, largest]
    middle = sizes[1]
    result = Result(facts={"learners": ", ".join(f"{size:,}" for size in sizes), "three years at": middle})
    rows: dict[str, int] = {}
    for learners, years in [*((size, 1) for size in sizes), (middle, 3)]:
        name = _name(learners, years)
        rows[name] = bench.prepare("growth", "make", learners, years * year)
        result.costs.update(bench.take_turns({name: ("growth", "publish")}, rounds=min(bench.rounds, 3)))
    copied = "copying what two more years add to daily_activity"
    result.costs.update(bench.take_turns({copied: ("growth", "copy_history")}, rounds=min(bench.rounds, 3)))
    _judge(result, sizes, rows, result.costs[copied])
    return result


def make(folder: Path, learners: str, days: str) -> int:
    """Write a lake and publish a first version of it; return its learner-days."""
    from assets.all_steps import publish_lake
    from assets.night.night import Night
    from tests.benchmarks import lakes
    from warehouse import engine

    shutil.rmtree(folder / "var", ignore_errors=True)
    configuration = lakes.configure(folder, int(days))
    with engine.connect(folder) as connection:
        lakes.make_learners(connection, int(learners))
        lakes.land_learners(connection, configuration)
        lakes.roll_up_history(connection, configuration, lakes.LAST_DAY)
    published = publish_lake(Night.of(configuration))
    assert published is not None
    return published.rows["daily_activity"]


def publish(folder: Path) -> dict[str, int]:
    """Build, check and publish the lake as it is; return the bytes of the version and of its activity."""
    from assets.all_steps import publish_lake
    from assets.night.night import Night
    from warehouse.configuration.configuration import load

    published = publish_lake(Night.of(load(folder / "pulse.toml", uses=["sources"])))
    assert published is not None
    files = (folder / "var" / "lake" / "activity").glob("*.parquet")
    return {"version": published.size, "activity": sum(file.stat().st_size for file in files)}


def copy_history(folder: Path) -> None:
    """Copy the rows of daily_activity that lie before every window into a new file."""
    from warehouse import engine
    from warehouse.configuration.configuration import load
    from warehouse.versions.versions import Warehouse

    warehouse = Warehouse.of(load(folder / "pulse.toml", uses=["sources"]))
    copy = folder / "copy.duckdb"
    copy.unlink(missing_ok=True)
    with (
        engine.connect(folder) as connection,
        engine.attached(connection, warehouse.pointer.resolve(), "version"),
    ):
        connection.execute(f"attach {engine.quoted(str(copy))} as copy (storage_version 'v1.5.0')")
        connection.execute(
            "create table copy.history as select * from version.daily_activity "
            "where activity_date < (select min(window_start) from version.pulse_totals)"
        )
        connection.execute("detach copy")


def _name(learners: int, years: int) -> str:
    return f"{learners:,} learners, {years} year{'s' if years > 1 else ''}"


def _judge(result: Result, sizes: list[int], rows: dict[str, int], copied: list[Cost]) -> None:
    costs = result.costs
    one_year = {size: costs[_name(size, 1)] for size in sizes}
    cpu = {size: min(cost.cpu for cost in found) for size, found in one_year.items()}
    marginal = (cpu[sizes[2]] - cpu[sizes[1]]) / (sizes[2] - sizes[1]) * 1e6
    before = (cpu[sizes[1]] - cpu[sizes[0]]) / (sizes[1] - sizes[0]) * 1e6
    three = costs[_name(sizes[1], 3)]
    more = min(cost.cpu for cost in three) - cpu[sizes[1]]
    floor = min(cost.cpu for cost in copied)
    memory = [peak_mb(found) for found in one_year.values()]
    result.goals = [
        Goal(
            "each further learner costs the same within 15 %",
            f"{before:,.0f} and {marginal:,.0f} microseconds of processor time",
            abs(marginal - before) <= SPREAD * before,
        ),
        Goal("memory flat", f"{memory[0]:,.0f}, {memory[1]:,.0f}, {memory[2]:,.0f} MB", memory[2] <= 1.15 * memory[1]),
        Goal(
            f"two more years at most {GOAL_HISTORY} times their copy",
            f"{more / floor:.2f} times ({more:.1f} s more, a copy takes {floor:.1f} s of processor time)",
            more <= GOAL_HISTORY * floor,
        ),
    ]
    heading = ["lake", "learner-days", "processor time per learner", "per learner-day"]
    table = [
        [
            name,
            f"{found:,}",
            f"{_cpu(costs[name]) / _learners(name) * 1e6:,.0f} µs",
            f"{_cpu(costs[name]) / found * 1e6:.2f} µs",
        ]
        for name, found in rows.items()
    ]
    result.tables["Cost by size:"] = [heading, *table]
    days = (rows[_name(sizes[2], 1)] - rows[_name(sizes[1], 1)]) / (sizes[2] - sizes[1])
    bytes_of = {what: _bytes_by_learner(one_year, what) for what in ("version", "activity")}
    result.tables[f"On paper, {ON_PAPER:,} learners with a year, each as a further learner costs above:"] = [
        ["figure", "a learner", "all of them"],
        ["processor time", f"{marginal:,.0f} µs", f"{marginal * ON_PAPER / 1e6 / 3600:,.1f} hours"],
        ["learner-days", f"{days:,.1f}", f"{days * ON_PAPER / 1e6:,.0f} million"],
        *[[f"the {what}", f"{one:,.0f} bytes", f"{one * ON_PAPER / 1e9:,.0f} GB"] for what, one in bytes_of.items()],
    ]
    wall = [(size / 1000, median(found)) for size, found in one_year.items()]
    result.plots = [
        plots.lines(
            "Building, checking and publishing",
            "thousand learners with a year",
            "s",
            {"wall": wall, "processor": [(size / 1000, cpu[size]) for size in sizes]},
        ),
        plots.lines(
            "Peak memory",
            "thousand learners with a year",
            "MB",
            {"memory": [(size / 1000, most) for size, most in zip(sizes, memory, strict=True)]},
        ),
    ]


def _bytes_by_learner(one_year: dict[int, list[Cost]], what: str) -> float:
    """What each learner between the two larger sizes adds."""
    (middle, smaller), (largest, larger) = sorted(one_year.items())[1:]
    more: int = larger[0].answer[what] - smaller[0].answer[what]
    return more / (largest - middle)


def _cpu(costs: list[Cost]) -> float:
    return min(cost.cpu for cost in costs)


def _learners(name: str) -> int:
    return int(name.partition(" ")[0].replace(",", ""))
