"""What the API has to answer of a learner's profile, worked out by the oracle (R27 to R31)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.oracle import oracle
from tests.oracle.oracle import MEASURES, World
from tests.oracle.parts import oracle_profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DAY = timedelta(days=1)
Body = dict[str, object]


def bodies(world: World, user_id: str) -> dict[str, Body]:
    """The bodies of a learner's answers beside the pulse, known or not (R14), by location."""
    result = oracle.worked_out(world)
    pulse = result.pulses.get(user_id) or oracle.pulse_in_window(world, world.default_timezone, {})
    history, end = result.history.get(user_id, {}), pulse.window_end
    earliest = world.first_day - DAY
    span = f"start_date={earliest}&end_date={end}"
    return {
        **_of_profile(world, result, user_id, end),
        "/api/xp/learning-time": {
            **_learning_time(history, pulse.window_start, end),
            **_by_stream(world, result, user_id, pulse.window_start, end),
        },
        f"/api/xp/learning-time?{span}": {
            **_learning_time(history, earliest, end),
            **_by_stream(world, result, user_id, earliest, end),
        },
        **{
            f"/api/xp/learning-pulse?year={year}": _year(world, result, user_id, year, end)
            for year in range(world.first_day.year, end.year + 1)
        },
    }


def dates(world: World, user_ids: Iterable[str], asked: Iterable[date]) -> dict[tuple[str, date], Body]:
    """Why dates of learners, known or not, are what they are: all of the answer but restatements.

    Of landings there are stream and day alone; a date after a learner's window has no answer.
    """
    result = oracle.worked_out(world)
    years = oracle.yearly_tables(world, result)
    year_rows = {row[:2]: row for row in years["yearly_totals"]}
    levels = {(row[0], row[2]): row[-1] for row in years["yearly_pulse"]}
    found: dict[tuple[str, date], Body] = {}
    wanted = [*asked]
    for user_id in user_ids:
        pulse = result.pulses.get(user_id) or oracle.pulse_in_window(world, world.default_timezone, {})
        for day in wanted:
            if day > pulse.window_end:
                continue
            values = result.history.get(user_id, {}).get(day, (0,) * len(MEASURES))
            cuts: list[object] = [*pulse.cuts]
            population: object = pulse.population
            level: object = pulse.level.get(day, 0)
            if day < pulse.window_start:
                *_, cut_2, cut_3, cut_4, population = year_rows.get((user_id, day.year), (None, None, None, "platform"))
                cuts, level = [cut_2, cut_3, cut_4], levels.get((user_id, day), 0)
            timezone = _zone(world, result, user_id, day)
            begins, ends = (_first_instant_of(timezone, border) for border in (day, day + DAY))
            found[user_id, day] = {
                "date": day.isoformat(),
                **dict(zip(MEASURES, values, strict=True)),
                "level": level,
                "score": values[MEASURES.index(world.level_metric)],
                "cuts": [cut for cut in cuts if cut is not None],
                "population": population,
                "timezone": timezone,
                "begins_at": _text(begins),
                "ends_at": _text(ends),
                "is_complete": pulse.is_complete(day),
                "landings": _landings(world, result, user_id, day),
            }
    return found


def _zone(world: World, result: oracle.Result, user_id: str, day: date) -> str:
    """The zone of a learner on a UTC day; the default one of somebody unknown."""
    return oracle.zone_of(world, result.learners, user_id, day) if user_id in result.pulses else world.default_timezone


def _first_instant_of(timezone: str, day: date) -> int:
    """When a date begins in a zone, or the one after it where there is no such date."""
    near = oracle.days(day - 2 * DAY, day + 2 * DAY)
    pieces = [piece for around in near for piece in oracle.local_dates(timezone, around)]
    return min(start for start, _, local in pieces if local >= day)


def _text(at: int) -> str:
    return f"{oracle.EPOCH + timedelta(microseconds=at):%Y-%m-%dT%H:%M:%SZ}"


def _landings(world: World, result: oracle.Result, user_id: str, day: date) -> list[tuple[str, str]]:
    """Day and stream of the landings of which anything can stand on a date (R2, R5, R7)."""
    reaching = {
        around
        for around in oracle.days(day - DAY, day + DAY)
        if any(local == day for *_, local in oracle.local_dates(_zone(world, result, user_id, around), around))
    }
    found = []
    for landed in oracle.days(max(world.first_day, day - 2 * DAY), min(world.newest_day, day + DAY)):
        for stream in world.streams:
            if stream.has_own_dates:
                is_of_date = landed == day
            else:
                is_of_date = landed in reaching or (stream.kind == "sessions" and landed + DAY in reaching)
            if is_of_date:
                found.append((landed.isoformat(), stream.name))
    return sorted(found)


def _of_profile(world: World, result: oracle.Result, user_id: str, end: date) -> dict[str, Body]:
    history, covered = result.history.get(user_id, {}), result.covered.get(user_id, set())
    is_known = user_id in result.history
    savers, factor, end_of_booster = result.learners.of_night[user_id] if is_known else (None, None, None)
    data_through = oracle.day_start(world.newest_day) + oracle.DAY
    multiplier, ends_at = oracle_profile.booster(factor, end_of_booster, data_through)
    xp_of = {day: values[0] for day, values in history.items() if day <= end}
    xp_dates = {day for day, xp in xp_of.items() if xp}
    current, longest, last, at_risk, used = oracle_profile.streaks(xp_dates, covered, end)
    total = sum(xp_of.values())
    level, starts_at, next_at = oracle_profile.level_of_xp(total, world.level_thresholds, world.level_step)
    first = oracle_profile.week(end, world.week_start)[0]
    week = [first + number * DAY for number in range(7)]
    return {
        "/api/xp/streak-status": {
            "current_streak": current,
            "longest_streak": longest,
            "freezes_available": max(savers or 0, 0),
            "freezes_used": used,
            "last_activity": None if last is None else last.isoformat(),
            "streak_at_risk": at_risk,
        },
        "/api/xp/weekly-activity": {
            "data": [{"date": day.isoformat(), "xp_earned": xp_of.get(day, 0)} for day in week],
            "total_xp_earned": sum(xp_of.get(day, 0) for day in week),
            "freeze_covered_dates": [day.isoformat() for day in week if day in covered and day <= end],
        },
        "/api/xp/daily-quests": {"data": [_quest(history, week, end, *quest) for quest in oracle_profile.QUESTS]},
        "/api/xp/profile": {
            "total_xp": total,
            "level": level,
            "level_starts_at": starts_at,
            "next_level_at": next_at,
            "xp_to_next_level": None if next_at is None else next_at - total,
            "current_streak": current,
            "longest_streak": longest,
            "active_booster": None
            if ends_at is None
            else {"multiplier": multiplier, "ends_at": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"},
            "xp_today": xp_of.get(end, 0),
        },
    }


def _quest(  # noqa: PLR0917 - the last six are a quest
    history: Mapping[date, tuple[int, ...]],
    week: list[date],
    end: date,
    name: str,
    title: str,
    position: int,
    measure: str,
    period: str,
    target: int,
) -> Body:
    counted = [end] if period == "day" else [day for day in week if day <= end]
    done = sum(history[day][position] for day in counted if day in history)
    progress = min(done, target)
    return {
        "name": name,
        "title": title,
        "measure": measure,
        "period": period,
        "target": target,
        "progress": progress,
        "is_complete": progress == target,
        "reward": None,
    }


def _learning_time(history: Mapping[date, tuple[int, ...]], start: date, end: date) -> Body:
    days = [values for day, values in history.items() if start <= day <= end]
    return {
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "learning_time": sum(values[1] for values in days),
        "active_days": len(days),
        "sessions": sum(values[2] for values in days),
    }


def _by_stream(world: World, result: oracle.Result, user_id: str, start: date, end: date) -> Body:
    """Of each stream with any time or sessions: its own seconds, dates and sessions, in the order of names."""
    if not world.is_by_stream:
        return {}
    days: dict[str, list[tuple[int, ...]]] = {}
    for (day, stream), values in result.streams.get(user_id, {}).items():
        if start <= day <= end and (values[1] or values[2]):
            days.setdefault(stream, []).append(values)
    of_streams = [
        {
            "stream": stream,
            "learning_time": sum(values[1] for values in days[stream]),
            "active_days": len(days[stream]),
            "sessions": sum(values[2] for values in days[stream]),
        }
        for stream in sorted(days)
    ]
    return {"by_stream": of_streams}


def _year(world: World, result: oracle.Result, user_id: str, year: int, end: date) -> Body:
    last = min(end, date(year, 12, 31))
    levels = {
        row[2]: row[-1] for row in oracle.yearly_tables(world, result)["yearly_pulse"] if row[:2] == (user_id, year)
    }
    history = result.history.get(user_id, {})
    nothing = (0,) * len(MEASURES)
    entries = {day: history.get(day, nothing) for day in oracle.days(date(year, 1, 1), last)}
    sums = oracle_profile.sums(entries.values())
    return {
        "data": [
            {"date": day.isoformat(), **dict(zip(MEASURES, values, strict=True)), "level": levels.get(day, 0)}
            for day, values in entries.items()
        ],
        **{f"total_{name}": total for name, total in zip(MEASURES[1:], sums[1:], strict=True)},
        "year": year,
    }
