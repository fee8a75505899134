"""A platform some of whose learners are gone after the second night, or never agreed to be seen; every row says why.

Numbers stand out, so that they would be noticed wherever they should not be. What is left of anybody is what the oracle
works out.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from tests.oracle.oracle import Stream, World
from tests.support.erasing.erase import erase
from tests.support.platforms import platforms
from tests.support.repository import LOOKUP
from tests.support.running import replay
from warehouse.configuration.configuration import Configuration, load

FIRST_DAY, FIRST_NIGHT, SECOND_NIGHT = date(2025, 12, 29), date(2025, 12, 30), date(2025, 12, 31)
STAYS, PRIVATE, DELETED, VANISHED, ERASED = "stays", "private-7", "deleted-7", "vanished-7", "erased-7"
EVERYBODY = (STAYS, PRIVATE, DELETED, VANISHED, ERASED)
GONE = (DELETED, VANISHED, ERASED)
XP_OF = {STAYS: 11, PRIVATE: 700_001, DELETED: 700_013, VANISHED: 700_027, ERASED: 700_039}
STREAMS = (
    Stream("xp_events", "xp"),
    Stream("sessions", "sessions"),
    Stream("quiz_attempts", "quizzes"),
    Stream("savers", "freezes", has_own_dates=True),
)
Row = dict[str, object]


def _user(user_id: str) -> Row:
    return {
        "user_id": user_id,
        "username": f"name of {user_id}",
        "timezone": "UTC",
        "is_public": user_id != PRIVATE,
        "deleted_at": None,
        "freezes_available": XP_OF[user_id],
        "booster_multiplier": 2,
        "booster_ends_at": datetime(2026, 2, 1, tzinfo=UTC),
    }


def _at(day: int, hour: int) -> datetime:
    return datetime(2025, 12, day, hour, tzinfo=UTC)


# everybody does the same, and earns XP of their own: on two dates, with a saver between them
ROWS: dict[str, list[Row]] = {
    "xp_events": [
        {"event_id": f"{user_id} {day}", "user_id": user_id, "occurred_at": _at(day, 10), "amount": xp}
        for user_id, xp in XP_OF.items()
        for day in (29, 31)
    ],
    "sessions": [
        {"event_id": user_id, "user_id": user_id, "started_at": _at(30, 22), "ended_at": _at(31, 2)}
        for user_id in EVERYBODY
    ],
    "quiz_attempts": [
        {"event_id": user_id, "user_id": user_id, "occurred_at": _at(30, 9), "passed": True} for user_id in EVERYBODY
    ],
    "savers": [{"event_id": user_id, "user_id": user_id, "covered_on": date(2025, 12, 30)} for user_id in EVERYBODY],
}
BEFORE = [_user(user_id) for user_id in EVERYBODY]
AFTER = [
    {**user, "deleted_at": datetime(2025, 12, 31, tzinfo=UTC) if user["user_id"] == DELETED else None}
    for user in BEFORE
    if user["user_id"] != VANISHED
]


def world(users: Sequence[Row], last_day: date = SECOND_NIGHT) -> World:
    """The platform with these learners, up to a night; the default zone has another last date than theirs."""
    return World(
        *(FIRST_DAY, last_day, STREAMS, ROWS, ((last_day, users),)),
        default_timezone="Asia/Tokyo",
        min_active_days=1,
        week_start="monday",
    )


def two_nights(folder: Path) -> Configuration:
    """Publish a version in which everybody is, then one without those who are deleted or have vanished."""
    platform = replay.Platform(f"sqlite:///{folder}/platform.sqlite", folder)
    for users, day in ((BEFORE, FIRST_NIGHT), (AFTER, SECOND_NIGHT)):
        platforms.write(world(users), platform.url)
        replay.night(_configured(replay.configured(world(users), platform)), day, day)
    return load(folder / "pulse.toml", uses=["sources", "auth", "serve"])


def copied(published: Configuration, to: Path) -> Configuration:
    """Copy what was published, for a test that changes something."""
    shutil.copytree(published.path.parent, to, symlinks=True)
    file = to / published.path.name
    file.write_text(file.read_text().replace(str(published.path.parent), str(to)))
    return load(file, uses=["sources", "auth", "serve"])


def without_the_erased(configuration: Configuration) -> Configuration:
    """Erase who is to be erased."""
    assert erase(configuration, ERASED).failure is None
    return configuration


def _configured(configuration: Configuration) -> Configuration:
    """Let everybody ask as often as they like, and by the look-up that the suite is run with."""
    text = configuration.path.read_text().replace("[serve]\n", f'[serve]\nrate_limit = ""\nlookup = "{LOOKUP}"\n')
    configuration.path.write_text(text)
    return load(configuration.path, uses=["sources", "auth", "serve"])
