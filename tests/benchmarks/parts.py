"""Where the seconds of a night go: the product's own steps, and within them the statements that take longest.

Nothing of the product knows of this: its steps are called through a clock, and its connections give their statements to
one. A statement belongs to a part by how it begins; whatever is not listed is the rest of its step.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

STEPS = ("land_run", "land_users", "roll_up", "build", "publish")  # publishing checks
PARTS: Mapping[str, Mapping[str, str]] = {  # of a step: how a statement begins, and what it is reported as
    "land_run": {
        "Reader.figures": "the source's own figures, by day",
        "Spool.write": "reading: typed batches into the spool",
        "create or replace temp table landed as": "judging: rules, one row per id",
        "-- landed -> one row per UTC day": "what the landings say of themselves, content hash",
        "copy (select event_id": "writing a Parquet file per day",
    },
    "roll_up": {
        "create or replace temp view activity_before": "which days are stale because of a zone",
        "create or replace temp table moved_learners": "which days are stale because of a zone",
        "-- UTC days whose activity has": "which days are stale because of a zone",
        "create or replace temp table session_days as": "unions, zones, dates, a row per learner and date",
        "create or replace temp table activity as": "unions, zones, dates, a row per learner and date",
        "-- The union of each learner's sessions": "the union of sessions a second time",
        "\ncopy (select * from activity": "writing activity",
    },
    "build": {
        "create or replace temp table activity_counted": "sums by day",
        "create or replace temp table counted_sums": "sums by day",
        "create or replace temp table sums_by_day": "sums by day",
        "create temp table rolled_learners": "two ids of one key, unknown and deleted learners",
        "create or replace temp table unknown_learners": "two ids of one key, unknown and deleted learners",
        "create or replace temp table bucket": "`daily_activity`: a bucket of activity into memory",
        "create or replace temp table grouped_again": "`daily_activity`: what has changed, grouped",
        "create or replace temp table days_from_nothing": "`daily_activity`: a range of keys proven",
        "-- `daily_activity` of a range of keys": "`daily_activity`: a range of keys proven",
        "insert into version.daily_activity": "`daily_activity`: grouped, sorted, written",
        "create temp table platform_cuts": "`learning_pulse`: windows, totals, cuts",
        "create or replace temp table learner_windows": "`learning_pulse`: windows, totals, cuts",
        "insert into version.pulse_totals": "`learning_pulse`: windows, totals, cuts",
        "insert into version.learning_pulse": "`learning_pulse`: levelled, sorted, written",
        "create or replace temp table restated as": "restatements: where the version before differs",
        "insert into restated": "restatements: where the version before differs",
        "select count(*), rows_hash(row(": "the logical hash",
        "fill_lookup_file": "the look-up file",
        "detach version": "the file written to its end",
    },
    "publish": {
        "select count(*), rows_hash(row(": "every column read again, by its hash",
        "compared_with_tables": "a part of the look-up file compared",
        "create temp table rolled_by_day": "activity summed up",
        "create temp table activity_sums": "`daily_activity` summed up",
        "create temp table pulse_sums": "`learning_pulse` summed up",
        "select count(*), min(example)": "all checks, with the order of both tables",
        "-- The figures of a version that": "the last week of this version",
        "SHA-256": "SHA-256 of the file",
    },
}
ROLLED_UP = PARTS["roll_up"]["create or replace temp table activity as"]
TABLES = ("`daily_activity`:", "`learning_pulse`:")  # a peer that writes the levelled days has to make them as well
REST = "the rest"
SHARE = "share"  # the heading of what part of a whole a row is

Seconds = dict[tuple[str, str], float]


class Clock:
    """Adds up wall seconds by step and part; `matched` are the beginnings in `PARTS` that a statement of a step had."""

    def __init__(self) -> None:
        self.seconds: Seconds = defaultdict(float)
        self.matched: set[tuple[str, str]] = set()
        self._step = ""

    def step(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return a step that says how long it took."""

        def run(*arguments: Any, **options: Any) -> Any:
            self._step = name
            start, parts_before = time.perf_counter(), sum(self.seconds.values())
            try:
                return step(*arguments, **options)
            finally:
                in_parts = sum(self.seconds.values()) - parts_before
                self.seconds[name, REST] += time.perf_counter() - start - in_parts
                self._step = ""

        return run

    def function(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that counts as a part, as if `part` were a statement."""

        def run(*arguments: Any, **options: Any) -> Any:
            with self.part(part):
                return function(*arguments, **options)

        return run

    @contextmanager
    def part(self, statement: str) -> Iterator[None]:
        """Add what happens in the block to the part that a statement belongs to."""
        parts = PARTS.get(self._step, {})
        begin = next((begin for begin in parts if statement.startswith(begin)), None)
        start = time.perf_counter()
        try:
            yield
        finally:
            if begin is not None:
                self.matched.add((self._step, begin))
                self.seconds[self._step, parts[begin]] += time.perf_counter() - start


class _Timed:
    """A DuckDB connection whose statements are timed."""

    def __init__(self, connection: Any, clock: Clock) -> None:
        self._connection, self._clock = connection, clock

    def execute(self, statement: str, *arguments: Any, **options: Any) -> Any:
        with self._clock.part(statement):
            return self._connection.execute(statement, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def timed(night: ModuleType) -> Clock:
    """Let the steps that `assets.night.night`, or a module like it, calls be timed from now on, in this process.

    Args:
        night: the module, with all of `STEPS` or some.

    Returns:
        What they add to.
    """
    from assets.step1_extract.extract import Reader
    from assets.step2_land.spool import Spool
    from assets.step5_build import build as building
    from assets.step6_check import check as checking
    from assets.step7_publish import publish as publishing
    from warehouse import engine

    clock = Clock()
    for name in STEPS:
        if hasattr(night, name):
            setattr(night, name, clock.step(name, getattr(night, name)))
    for whole, name, place in (
        ("Reader.figures", "figures", Reader),
        ("Spool.write", "write", Spool),
        ("fill_lookup_file", "fill_lookup_file", building),
        ("compared_with_tables", "compared_with_tables", checking),
        ("SHA-256", "sha256_of", publishing),
    ):
        setattr(place, name, clock.function(whole, getattr(place, name)))
    connect = engine.connect

    @contextmanager
    def connect_timed(*arguments: Any, **options: Any) -> Iterator[Any]:
        with connect(*arguments, **options) as connection:
            yield _Timed(connection, clock)

    vars(engine)["connect"] = connect_timed
    return clock


def to_json(seconds: Seconds) -> list[tuple[str, str, float]]:
    """Return the seconds in the order in which steps and parts run."""
    order = {step: [*dict.fromkeys(PARTS.get(step, {}).values()), REST] for step in STEPS}
    return [(step, part, seconds[step, part]) for step in STEPS for part in order[step] if (step, part) in seconds]


def table(seconds: list[tuple[str, str, float]]) -> list[list[str]]:
    """Return a heading and a row for every part, with its share of the whole."""
    whole = sum(taken for *_, taken in seconds)
    rows = [[f"`{step}`", part, f"{taken:.2f} s", f"{taken / whole:.1%}"] for step, part, taken in seconds]
    return [["step", "part", "wall", SHARE], *rows]


def of_step(seconds: list[tuple[str, str, float]], *steps: str) -> float:
    """Return what steps took together."""
    return sum(taken for step, _, taken in seconds if step in steps)


def of_parts(seconds: list[tuple[str, str, float]], *begin: str) -> float:
    """Return what the parts took together whose names begin like this."""
    return sum(taken for _, part, taken in seconds if part.startswith(begin))
