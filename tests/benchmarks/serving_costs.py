"""What an answer costs in itself: in processor time, beside the commit before, and as people use the server.

A ratio to the limit says nothing where the limit itself moves, so the absolute figure stands beside it.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.frame import Goal
from tests.benchmarks.serving_servers import AS_USED, BEFORE, WITH_BOTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GOAL_BEFORE = 0.65  # of the processor time that the commit before took for an answer of the limit
GOALS_AS_USED = {"Zipf": 1.25, "uniform": 1.4}  # times the processor time without


class Load(NamedTuple):
    """What a run of `wrk` found.

    Args:
        rate: answers a second.
        p50: the median latency in milliseconds.
        p99: the 99th percentile.
        wrk_share: of one core, that `wrk` itself took.
        cpu: milliseconds of processor time per answer in the server's workers, whatever else the machine does, and in
            the PostgreSQL that they ask, if it is ours.
    """

    rate: float
    p50: float
    p99: float
    wrk_share: float
    cpu: float


def _microseconds(loads: Sequence[Load]) -> float:
    """Return the median of the processor time per answer, in microseconds."""
    return 1000 * statistics.median(load.cpu for load in loads)


def goals_of_processor_time(found: Mapping[str, Mapping[str, Sequence[Load]]]) -> list[Goal]:
    """Return what an answer costs in itself: of the limit, beside the commit before, and as people use it."""
    limit, before = found["uniform"]["limit"], found["uniform"].get(f"limit, {BEFORE}")
    goals = [Goal("the limit itself: processor time of an answer", f"{_microseconds(limit):,.0f} µs", None)]
    if before:
        ratio = _microseconds(limit) / _microseconds(before)
        goals.append(
            Goal(
                f"the limit itself: at most {GOAL_BEFORE} of the processor time of the commit before",
                f"{ratio:.2f} ({_microseconds(before):,.0f} µs before)",
                ratio <= GOAL_BEFORE,
            )
        )
    for load, most in GOALS_AS_USED.items():
        for peer in WITH_BOTH:
            used = _microseconds(found[f"{load}, {AS_USED}"][f"{peer}, {AS_USED}"])
            ratio, more = used / _microseconds(found[load][peer]), used - _microseconds(found[load][peer])
            is_ours = peer == "ours"
            goal = f"{load}, {peer}: with rate limits and `br` " + (f"at most {most} times without" if is_ours else "")
            figure = f"{ratio:.2f} times ({more:+,.0f} µs)"
            goals.append(Goal(goal.strip(), figure, ratio <= most if is_ours else None))
    return goals


def beside_before(found: Mapping[str, Mapping[str, Sequence[Load]]]) -> list[list[str]]:
    """Return a heading and, for each server that was loaded in turns with that of the commit before, both costs."""
    rows = []
    for load, loads in found.items():
        for name, now in loads.items():
            if before := loads.get(f"{name}, {BEFORE}"):
                was, is_now = _microseconds(before), _microseconds(now)
                rows.append([f"{load}, {name}", f"{was:,.0f} to {is_now:,.0f} µs ({is_now / was:.2f} times)"])
    return [["load and server", "processor time of an answer, before and now"], *rows] if rows else []
