"""What a data analyst would write in pandas, with the same result: the third peer of question 2, for some learners.

It holds every row of theirs at once, a few hundred bytes each, so it is given no more learners than fit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tests.benchmarks import lakes
from tests.benchmarks.peer_polars import MEASURES, window_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = timedelta(days=1)
BY = ["user_id", "activity_date"]


def level_landings(lake: Path, target: Path, learners_file: Path, min_active_days: int, one_in: int) -> None:
    """Read landings, roll them up, and write the levelled days, by id and date.

    Args:
        lake: the lake's folder.
        target: the Parquet file to write.
        learners_file: another one, for those of them who are compared with themselves; the others are compared with
            everybody here, who are not everybody (R16).
        min_active_days: so many a learner needs for that.
        one_in: takes one learner in so many.
    """
    users = pd.read_parquet(lake / "users.parquet", columns=["user_id", "timezone", "reason", "is_deleted"])
    live = users[users["reason"].isna() & ~users["is_deleted"].astype(bool)].sort_values("user_id")
    live = live.iloc[::one_in][["user_id", "timezone"]]
    xp = _rows(lake, "xp_events", ["instant", "amount"], live)
    sessions = _rows(lake, "english_sessions", ["instant", "ended_at", "last_activity_at"], live)
    quizzes = _rows(lake, "quiz_attempts", ["instant", "passed"], live)
    sums = [
        _dated(xp).groupby(BY)["amount"].sum().rename("xp_earned"),
        _dated(sessions).groupby(BY).size().rename("sessions"),
        _dated(quizzes).groupby(BY)["passed"].agg(quizzes="size", quizzes_passed="sum"),
        _learning_time(sessions),
    ]
    days = pd.concat(sums, axis=1).fillna(0).astype("int64").reset_index()
    days["xp_earned"] = days["xp_earned"].clip(lower=0)
    days["learning_time"] //= 1_000_000
    days = days[(days[list(MEASURES)] > 0).any(axis=1)].merge(live, on="user_id")
    ends = days["timezone"].map({zone: pd.Timestamp(window_end(zone)) for zone in live["timezone"].unique()})
    inside = days[(days["activity_date"] <= ends) & (days["activity_date"] > ends - 365 * DAY)]
    inside = inside.sort_values(BY, ignore_index=True)
    active_days = inside.groupby("user_id").size()
    active_days[active_days >= min_active_days].reset_index()[["user_id"]].to_parquet(learners_file)
    inside["level"] = _levels(inside, min_active_days)
    inside[[*BY, *MEASURES, "level"]].to_parquet(target, index=False)


def _rows(lake: Path, stream: str, columns: list[str], learners: pd.DataFrame) -> pd.DataFrame:
    wanted = set(learners["user_id"])

    def parts() -> Iterator[pd.DataFrame]:
        for file in sorted((lake / stream).glob("????-??-??.parquet")):
            part = pd.read_parquet(file, columns=["user_id", "reason", *columns])
            yield part.loc[part["reason"].isna() & part["user_id"].isin(wanted), ["user_id", *columns]]

    return pd.concat(parts(), ignore_index=True).merge(learners, on="user_id")


def _in_zones(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for zone, part in rows.groupby("timezone"):
        yield str(zone), part.copy()


def _date(instants: pd.Series[pd.Timestamp], zone: str) -> pd.Series[pd.Timestamp]:
    return instants.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Cut rows into the dates of their learners' zones."""
    parts = []
    for zone, part in _in_zones(rows):
        part["activity_date"] = _date(part["instant"], zone)
        parts.append(part)
    return pd.concat(parts)


def _learning_time(sessions: pd.DataFrame) -> pd.Series[int]:
    """The union of each learner's sessions, in microseconds by local date (R7)."""
    through = pd.Timestamp(lakes.LAST_DAY + DAY)
    closed = sessions["ended_at"].fillna(sessions["last_activity_at"]).fillna(sessions["instant"])
    closed = closed.where(closed < through, through)
    found = sessions.assign(opened=sessions["instant"], closed=closed).sort_values(["user_id", "opened", "closed"])
    before = found.groupby("user_id")["closed"].cummax().groupby(found["user_id"]).shift(1)
    found["opened"] = found["opened"].where(before.isna() | (before < found["opened"]), before)
    found = found[found["closed"] > found["opened"]]
    parts = []
    for zone, stretches in _in_zones(found):
        first = _date(stretches["opened"], zone)
        dates = (_date(stretches["closed"] - timedelta(microseconds=1), zone) - first).dt.days + 1
        part = stretches.assign(first=first).loc[stretches.index.repeat(dates)]
        part["activity_date"] = part["first"] + pd.to_timedelta(part.groupby(level=0).cumcount(), unit="D")
        begins, ends = (_midnight(part["activity_date"] + shift, zone) for shift in (0 * DAY, DAY))
        length = np.minimum(part["closed"], ends) - np.maximum(part["opened"], begins)
        part["learning_time"] = length // timedelta(microseconds=1)
        parts.append(part)
    return pd.concat(parts).groupby(BY)["learning_time"].sum()


def _midnight(dates: pd.Series[pd.Timestamp], zone: str) -> pd.Series[pd.Timestamp]:
    local = dates.dt.tz_localize(zone, nonexistent="shift_forward", ambiguous=False)
    return local.dt.tz_convert("UTC").dt.tz_localize(None)


def _levels(days: pd.DataFrame, min_active_days: int) -> np.ndarray:
    """The level of each day, of days that are sorted by learner (R15 to R17)."""
    scores = days["xp_earned"].to_numpy()
    learner, counts = np.unique(days["user_id"].to_numpy(), return_inverse=True, return_counts=True)[1:]
    ordered = scores[np.lexsort((scores, learner))]
    begins = np.concatenate(([0], np.cumsum(counts)[:-1]))
    ranks = [0, *((quarter * counts + 3) // 4 - 1 for quarter in (1, 2, 3)), counts - 1]
    everybody = np.sort(scores)
    of_all = [0, *((quarter * len(scores) + 3) // 4 - 1 for quarter in (1, 2, 3)), len(scores) - 1]
    has_own = counts >= min_active_days
    low, cut_2, cut_3, cut_4, high = (
        np.where(has_own, ordered[begins + rank], everybody[rank_of_all])[learner]
        for rank, rank_of_all in zip(ranks, of_all, strict=True)
    )
    return np.select(
        [
            low == high,
            ((cut_4 > low) & (scores >= cut_4)) | ((cut_4 == low) & (scores > low)),
            (cut_3 > low) & (scores >= cut_3),
            (cut_2 > low) & (scores >= cut_2),
        ],
        [2, 4, 3, 2],
        default=1,
    ).astype("int8")
