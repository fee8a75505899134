"""What a public profile has to answer, all that may be shown included, by the oracle (R11, R27, R29, R30)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.oracle import oracle
from tests.oracle.parts import oracle_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oracle.oracle import World

Body = dict[str, object]


def bodies(world: World, names: Mapping[str, str]) -> dict[str, dict[str, Body]]:
    """The bodies of learners of a version, by the name that each is shown by and by query.

    Args:
        world: the world.
        names: a learner's id for each name.
    """
    result = oracle.worked_out(world)
    levels_of_years = {row[:3]: row[-1] for row in oracle.yearly_tables(world, result)["yearly_pulse"]}
    found: dict[str, dict[str, Body]] = {}
    for name, user in names.items():
        pulse, history = result.pulses[user], result.history[user]
        end = pulse.window_end
        active_years = oracle_profile.by_year(history, end)
        answered = range(world.first_day.year, end.year + 1)
        xp_dates = {day for day, values in history.items() if values[0] > 0}
        total = sum(values[0] for day, values in history.items() if day <= end)
        current, longest, *_ = oracle_profile.streaks(xp_dates, result.covered[user], end)
        same: Body = {
            "username": name,
            "current_streak": current,
            "longest_streak": longest,
            "level": oracle_profile.level_of_xp(total, world.level_thresholds, world.level_step)[0],
            "years": [year for year in answered if year >= min(active_years, default=end.year)],
        }
        of_queries = {
            f"?year={year}": {
                **same,
                "year": year,
                **_dates(
                    {day: levels_of_years[user, year, day] for day in active_years.get(year, ())},
                    date(year, 1, 1),
                    min(end, date(year, 12, 31)),
                    is_of_today=False,
                ),
            }
            for year in answered
        }
        window = {**same, "year": None, **_dates(pulse.level, pulse.window_start, end, is_of_today=True)}
        nothing = [f"?year={year}" for year in (world.first_day.year - 1, end.year + 1)]
        found[name] = {"": window, **dict.fromkeys(nothing, window), **of_queries}
    return found


def _dates(levels: Mapping[date, object], first: date, last: date, *, is_of_today: bool) -> Body:
    """What is said of dates; runs of active days are counted like streaks without savers."""
    current, longest, *_ = oracle_profile.streaks(set(levels), set(), last)
    return {
        "window_start": first.isoformat(),
        "window_end": last.isoformat(),
        "data": [{"date": day.isoformat(), "level": levels.get(day, 0)} for day in oracle.days(first, last)],
        "active_days": len(levels),
        "active_days_in_a_row": {"current": current if is_of_today else None, "longest": longest},
    }
