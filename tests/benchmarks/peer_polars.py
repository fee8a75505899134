"""What a data engineer would write in Polars, with the same result: the peer of questions 2 and 3."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
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


def windows(lake: Path) -> pl.LazyFrame:
    """Return each live learner's window (R12)."""
    users = pl.scan_parquet(lake / "users.parquet").filter(pl.col("reason").is_null() & ~pl.col("is_deleted"))
    through = datetime.combine(lakes.LAST_DAY, time.max, tzinfo=UTC)
    ends = pl.LazyFrame(
        {"timezone": lakes.ZONES, "window_end": [through.astimezone(ZoneInfo(zone)).date() for zone in lakes.ZONES]}
    )
    return users.join(ends, on="timezone").select(
        "user_id", "window_end", (pl.col("window_end") - timedelta(days=364)).alias("window_start")
    )


def write_levels(days: pl.LazyFrame, learners: pl.LazyFrame, target: Path, min_active_days: int) -> None:
    """Level the days in their learners' windows (R15 to R17) and write them, sorted by key and date."""
    inside = (
        days.join(learners, on="user_id")
        .filter(pl.col("activity_date").is_between("window_start", "window_end"))
        .drop("window_start", "window_end")
        .sort("user_key", "user_id", "activity_date")
        .collect(engine="streaming")
    )
    platform = inside.select(*_cuts()).row(0, named=True)
    cuts = inside.lazy().group_by("user_key", maintain_order=True).agg(pl.len().alias("active_days"), *_cuts())
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
    levelled = inside.lazy().join(cuts, on="user_key", how="left", maintain_order="left")
    columns = ("user_key", "user_id", "activity_date", *MEASURES)
    levelled.select(*columns, level).sink_parquet(target)


def _cuts() -> list[pl.Expr]:
    """The ends of a population of scores, and its cuts by nearest rank (R17)."""
    scores = pl.col("xp_earned").sort()
    ranks = {f"cut_{quarter + 1}": scores.get((quarter * pl.len() + 3) // 4 - 1) for quarter in (1, 2, 3)}
    ends = {"lowest": pl.col("xp_earned").min(), "highest": pl.col("xp_earned").max()}
    return [expression.alias(name) for name, expression in {**ends, **ranks}.items()]
