"""What a data engineer would write in Polars, with the same result: the peer of questions 2 and 3."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from tests.benchmarks import lakes

if TYPE_CHECKING:
    from pathlib import Path

MEASURES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")


def level_activity(lake: Path, target: Path, min_active_days: int) -> None:
    """Read activity, and write the active days of every learner's window with their levels, by key and date.

    Args:
        lake: the lake's folder.
        target: the Parquet file to write.
        min_active_days: with fewer a learner is compared with everybody (R16).
    """
    days = (
        pl.scan_parquet(lake / "activity" / "*.parquet")
        .group_by("user_key", "user_id", "activity_date")
        .agg(
            pl.col("xp").sum().clip(0).alias("xp_earned"),
            (pl.col("session_microseconds").sum() // 1_000_000).alias("learning_time"),
            pl.col("sessions").sum(),
            pl.col("quizzes").sum(),
            pl.col("quizzes_passed").sum(),
        )
        .filter(pl.max_horizontal(*MEASURES) > 0)
    )
    write_levels(days, windows(lake), target, min_active_days)


def level_landings(lake: Path, target: Path, min_active_days: int) -> None:
    """Read landings, roll them up, and write the levelled days as `level_activity` does, by id and date."""
    users = pl.scan_parquet(lake / "users.parquet").filter(pl.col("reason").is_null() & ~pl.col("is_deleted"))
    zones = users.select("user_id", "timezone")
    xp, sessions, quizzes = (
        pl.scan_parquet(lake / stream / "????-??-??.parquet")
        .filter(pl.col("reason").is_null())
        .join(zones, on="user_id")
        for stream in lakes.KINDS
    )
    parts = [
        _by_date(xp, "instant", pl.col("amount").sum().alias("xp_earned")),
        _by_date(sessions, "instant", pl.len().cast(pl.Int64).alias("sessions")),
        _by_date(
            quizzes,
            "instant",
            pl.len().cast(pl.Int64).alias("quizzes"),
            pl.col("passed").sum().cast(pl.Int64).alias("quizzes_passed"),
        ),
        _learning_time(sessions),
    ]
    days = (
        pl.concat(parts, how="diagonal")
        .group_by("user_id", "activity_date")
        .agg(pl.col(*MEASURES).sum())
        .with_columns(pl.col("xp_earned").clip(0), pl.col("learning_time") // 1_000_000)
        .filter(pl.max_horizontal(*MEASURES) > 0)
    )
    write_levels(days, windows(lake), target, min_active_days, by="user_id")


def _local(instant: str, zone: str) -> pl.Expr:
    return pl.col(instant).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()


def _by_date(rows: pl.LazyFrame, instant: str, *sums: pl.Expr) -> pl.LazyFrame:
    """Cut rows into the dates of their learners' zones, zone by zone, and add them up."""
    in_zones = [
        rows.filter(pl.col("timezone") == zone).with_columns(_local(instant, zone).alias("activity_date"))
        for zone in lakes.ZONES
    ]
    return pl.concat(in_zones).group_by("user_id", "activity_date").agg(*sums)


def _learning_time(sessions: pl.LazyFrame) -> pl.LazyFrame:
    """The union of each learner's sessions, in microseconds by local date (R7)."""
    through = datetime.combine(lakes.LAST_DAY + timedelta(days=1), time())
    closed = pl.min_horizontal(
        pl.coalesce("ended_at", "last_activity_at", "instant"), pl.lit(through, pl.Datetime("us"))
    )
    before = pl.col("closed").cum_max().shift(1).over("user_id")
    stretches = (
        sessions.select("user_id", "timezone", pl.col("instant").alias("opened"), closed.alias("closed"))
        .sort("user_id", "opened", "closed")
        .with_columns(pl.max_horizontal("opened", before).alias("opened"))
        .filter(pl.col("closed") > pl.col("opened"))
    )
    last = pl.col("closed") - pl.duration(microseconds=1)
    in_zones = []
    for zone in lakes.ZONES:
        dates = pl.date_ranges(
            _local("opened", zone), last.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
        )
        starts = pl.col("activity_date").cast(pl.Datetime("us")).dt.replace_time_zone(zone).dt.convert_time_zone("UTC")
        ends = (
            (pl.col("activity_date") + timedelta(days=1))
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone(zone)
            .dt.convert_time_zone("UTC")
        )
        length = pl.min_horizontal("closed", ends.dt.replace_time_zone(None)) - pl.max_horizontal(
            "opened", starts.dt.replace_time_zone(None)
        )
        in_zones.append(
            stretches.filter(pl.col("timezone") == zone)
            .with_columns(dates.alias("activity_date"))
            .explode("activity_date")
            .select("user_id", "activity_date", length.dt.total_microseconds().alias("learning_time"))
        )
    return pl.concat(in_zones).group_by("user_id", "activity_date").agg(pl.col("learning_time").sum())


def window_end(zone: str) -> date:
    """Return a zone's date one microsecond before the data end (R12)."""
    return datetime.combine(lakes.LAST_DAY, time.max, tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def windows(lake: Path) -> pl.LazyFrame:
    """Return each live learner's window (R12)."""
    users = pl.scan_parquet(lake / "users.parquet").filter(pl.col("reason").is_null() & ~pl.col("is_deleted"))
    ends = pl.LazyFrame({"timezone": lakes.ZONES, "window_end": [window_end(zone) for zone in lakes.ZONES]})
    return users.join(ends, on="timezone").select(
        "user_id", "window_end", (pl.col("window_end") - timedelta(days=364)).alias("window_start")
    )


def write_levels(
    days: pl.LazyFrame, learners: pl.LazyFrame, target: Path, min_active_days: int, by: str = "user_key"
) -> None:
    """Level the days in their learners' windows (R15 to R17) and write them, sorted by learner and date."""
    inside = (
        days.join(learners, on="user_id")
        .filter(pl.col("activity_date").is_between("window_start", "window_end"))
        .drop("window_start", "window_end")
        .sort(by, "activity_date")
        .collect(engine="streaming")
    )
    platform = inside.select(*_cuts()).row(0, named=True)
    cuts = inside.lazy().group_by(by, maintain_order=True).agg(pl.len().alias("active_days"), *_cuts())
    has_own = pl.col("active_days") >= min_active_days
    cuts = cuts.with_columns(pl.when(has_own).then(pl.col(name)).otherwise(pl.lit(platform[name])) for name in platform)
    score, low = pl.col("xp_earned"), pl.col("lowest")
    level = (
        pl.when(low == pl.col("highest"))
        .then(2)
        .when(((pl.col("cut_4") > low) & (score >= pl.col("cut_4"))) | ((pl.col("cut_4") == low) & (score > low)))
        .then(4)
        .when((pl.col("cut_3") > low) & (score >= pl.col("cut_3")))
        .then(3)
        .when((pl.col("cut_2") > low) & (score >= pl.col("cut_2")))
        .then(2)
        .otherwise(1)
        .cast(pl.Int8)
        .alias("level")
    )
    levelled = inside.lazy().join(cuts, on=by, how="left", maintain_order="left")
    columns = (*dict.fromkeys((by, "user_id", "activity_date")), *MEASURES)
    levelled.select(*columns, level).sink_parquet(target)


def _cuts() -> list[pl.Expr]:
    """The ends of a population of scores, and its cuts by nearest rank (R17)."""
    scores = pl.col("xp_earned").sort()
    ranks = {f"cut_{quarter + 1}": scores.get((quarter * pl.len() + 3) // 4 - 1) for quarter in (1, 2, 3)}
    ends = {"lowest": pl.col("xp_earned").min(), "highest": pl.col("xp_earned").max()}
    return [expression.alias(name) for name, expression in {**ends, **ranks}.items()]
