"""The bodies of the profile's answers, as docs/reference/http.md has them, field by field."""

from typing import Any

from serve.profile.profile import NAMES, Profile, Week
from warehouse.configuration.surroundings.quests import Quests

Body = dict[str, Any]
MEASURES = {name: number for number, name in enumerate(NAMES)}


def streak_status(profile: Profile, _: Week) -> Body:
    """Return the streak (R27)."""
    return {
        "current_streak": profile.current_streak,
        "longest_streak": profile.longest_streak,
        "freezes_available": profile.freezes_available,
        "freezes_used": profile.freezes_used,
        "last_activity": profile.last_activity,
        "streak_at_risk": profile.streak_at_risk,
    }


def weekly_activity(profile: Profile, week: Week) -> Body:
    """Return XP by date of the current week (R28)."""
    return {
        "data": [{"date": day.isoformat(), "xp_earned": xp} for day, (xp, *_) in week.days.items()],
        "total_xp_earned": sum(xp for xp, *_ in week.days.values()),
        "freeze_covered_dates": profile.covered_dates,
    }


def daily_quests(quests: Quests, _: Profile, week: Week) -> Body:
    """Return how far the learner is with each quest, at most its target (R32)."""
    today = week.days[week.end]
    of_week = [sum(numbers) for numbers in zip(*week.days.values(), strict=True)]
    return {
        "data": [
            {
                "name": name,
                "title": quest.title,
                "measure": quest.measure,
                "period": quest.period,
                "target": quest.target,
                "progress": (
                    progress := min(
                        (today if quest.period == "day" else of_week)[MEASURES[quest.measure]], quest.target
                    )
                ),
                "is_complete": progress == quest.target,
                "reward": quest.reward,
            }
            for name, quest in quests.items()
        ]
    }


def xp_profile(profile: Profile, week: Week) -> Body:
    """Return XP, level, streaks, booster and the XP of today (R27, R29)."""
    has_booster = profile.booster_multiplier is not None
    booster = {"multiplier": profile.booster_multiplier, "ends_at": profile.booster_ends_at}
    return {
        "total_xp": profile.total_xp,
        "level": profile.level,
        "level_starts_at": profile.level_starts_at,
        "next_level_at": profile.next_level_at,
        "xp_to_next_level": None if profile.next_level_at is None else profile.next_level_at - profile.total_xp,
        "current_streak": profile.current_streak,
        "longest_streak": profile.longest_streak,
        "active_booster": booster if has_booster else None,
        "xp_today": week.days[week.end][0],
    }
