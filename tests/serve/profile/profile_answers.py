"""What the profile's routes must answer of `tests/support/platforms/small_platform.py`, written down by hand.

The newest day is 31 December 2025, a Wednesday; its week began on Sunday, 28 December.
"""

from typing import Any

from tests.support.platforms.small_platform import ANA, IDLE, KIM, PATH

NAMES = ("streak-status", "weekly-activity", "profile", "daily-quests", "learning-time")
STREAK, WEEK, XP, QUESTS, TIME = (f"/api/xp/{name}" for name in NAMES)
OF_PROFILE = (STREAK, WEEK, XP, QUESTS, TIME)
YEAR, DAY = f"{PATH}?year=2025", f"{PATH}/2025-12-30"
DATES = [*(f"2025-12-{day}" for day in (28, 29, 30, 31)), *(f"2026-01-0{day}" for day in (1, 2, 3))]
UNKNOWN = "nobody"
ASKED = (
    ("xp_today", "Earn 30 XP", "xp_earned", "day", 30, 5),
    ("passed", "Pass two quizzes", "quizzes_passed", "week", 2, None),
    ("half_an_hour", "Learn <half> an hour", "learning_time", "week", 1800, 0),
)
QUEST_SECTIONS = "".join(
    f'\n[quests.{name}]\ntitle = "{title}"\nmeasure = "{measure}"\nperiod = "{period}"\ntarget = {target}\n'
    + ("" if reward is None else f"reward = {reward}\n")
    for name, title, measure, period, target, reward in ASKED
)


def streak(current: int, longest: int, last: str | None, *, at_risk: bool) -> dict[str, Any]:
    return {
        "current_streak": current,
        "longest_streak": longest,
        "freezes_available": 0,
        "freezes_used": 0,
        "last_activity": last,
        "streak_at_risk": at_risk,
    }


def week(*xp: int) -> dict[str, Any]:
    return {
        "data": [{"date": day, "xp_earned": earned} for day, earned in zip(DATES, xp, strict=True)],
        "total_xp_earned": sum(xp),
        "freeze_covered_dates": [],
    }


def of_xp(total: int, streaks: tuple[int, int], today: int) -> dict[str, Any]:
    return {
        "total_xp": total,
        "level": 1,
        "level_starts_at": 0,
        "next_level_at": None,
        "xp_to_next_level": None,
        "current_streak": streaks[0],
        "longest_streak": streaks[1],
        "active_booster": None,
        "xp_today": today,
    }


def quests(*progress: int) -> dict[str, Any]:
    return {
        "data": [
            {
                "name": name,
                "title": title,
                "measure": measure,
                "period": period,
                "target": target,
                "progress": done,
                "is_complete": done == target,
                "reward": reward,
            }
            for (name, title, measure, period, target, reward), done in zip(ASKED, progress, strict=True)
        ]
    }


def time_of(first: str, last: str, seconds: int, active_days: int, sessions: int) -> dict[str, Any]:
    range_of = {"start_date": first, "end_date": last}
    return {**range_of, "learning_time": seconds, "active_days": active_days, "sessions": sessions}


ANSWERS: dict[str, dict[str, dict[str, Any]]] = {
    # XP on all three dates
    ANA: {
        STREAK: streak(3, 3, "2025-12-31", at_risk=False),
        WEEK: week(0, 10, 20, 40, 0, 0, 0),
        XP: of_xp(70, (3, 3), 40),
        QUESTS: quests(30, 1, 1800),  # 40 XP are 30 at most
        TIME: time_of("2025-01-01", "2025-12-31", 1800, 3, 1),
        f"{TIME}?start_date=2025-12-30&end_date=2025-12-31": time_of("2025-12-30", "2025-12-31", 0, 2, 0),
    },
    # New Year's Day already, without XP: the streak of yesterday is at risk
    KIM: {
        STREAK: streak(1, 1, "2025-12-31", at_risk=True),
        WEEK: week(0, 0, 0, 5, 0, 0, 0),
        XP: of_xp(5, (1, 1), 0),
        QUESTS: quests(0, 0, 0),
        TIME: time_of("2025-01-02", "2026-01-01", 0, 1, 0),
    },
    # nothing, west of UTC
    IDLE: {
        STREAK: streak(0, 0, None, at_risk=False),
        WEEK: week(0, 0, 0, 0, 0, 0, 0),
        XP: of_xp(0, (0, 0), 0),
        QUESTS: quests(0, 0, 0),
        TIME: time_of("2025-01-01", "2025-12-31", 0, 0, 0),
    },
    # not known: in the default zone, Tokyo
    UNKNOWN: {
        STREAK: streak(0, 0, None, at_risk=False),
        WEEK: week(0, 0, 0, 0, 0, 0, 0),
        XP: of_xp(0, (0, 0), 0),
        QUESTS: quests(0, 0, 0),
        TIME: time_of("2025-01-02", "2026-01-01", 0, 0, 0),
    },
}
