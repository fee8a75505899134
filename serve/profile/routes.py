"""The own routes of a server, and how each makes its answer (docs/reference/http.md)."""

from collections.abc import Callable, Mapping
from functools import partial

import orjson

from serve.own_route import OwnRoute, without_query
from serve.profile.bodies import Body, daily_quests, streak_status, weekly_activity, xp_profile
from serve.profile.learning_time import learning_time, range_asked
from serve.profile.profile import Profile, Week, profile_of, week_of
from serve.profile.years import pulse_or_year, year_asked
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse
from serve.version.pulse import pulse_of
from warehouse.configuration.configuration import Configuration
from warehouse.configuration.surroundings.quests import fingerprint

PULSE = "/api/xp/learning-pulse"
BodyOf = Callable[[Profile, Week], Body]
BODIES: Mapping[str, BodyOf] = {
    "/api/xp/streak-status": streak_status,
    "/api/xp/weekly-activity": weekly_activity,
    "/api/xp/profile": xp_profile,
}


def own_routes(configuration: Configuration) -> list[OwnRoute]:
    """Return the own routes of a server: that of the pulse, and those of the profile unless `pulse.profile = false`."""
    if not configuration.pulse.profile:
        return [OwnRoute(PULSE, without_query, _window, is_of_profile=False)]
    unknown = Profile(next_level_at=configuration.xp.second_level_at)
    return [
        OwnRoute(PULSE, year_asked, pulse_or_year, is_of_profile=False),
        *(OwnRoute(path, without_query, partial(_answer, body, unknown)) for path, body in BODIES.items()),
        OwnRoute(
            "/api/xp/daily-quests",
            without_query,
            partial(_answer, partial(daily_quests, configuration.quests), unknown),
            settings=fingerprint(configuration.quests),
        ),
        OwnRoute(
            "/api/xp/learning-time",
            range_asked,
            learning_time,
            is_at_once=False,
            scope=configuration.learning_time_scope,
        ),
    ]


def _window(_: OpenVersion, learner: Learner, __: str) -> Pulse:
    return pulse_of(learner)


def _answer(body: BodyOf, unknown: Profile, version: OpenVersion, learner: Learner, _: str) -> Pulse:
    profile = profile_of(version, learner) if learner.is_known else unknown
    week_start = version.need_profile()[1]
    content = body(profile, week_of(learner, week_start))
    return Pulse(orjson.dumps(content), learner.timezone, is_known=learner.is_known)
