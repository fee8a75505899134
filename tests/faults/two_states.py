"""A small platform in two states, and what must be published and answered in each: nights go from one to the other.

Nearly every number differs between the two, so an answer that is mixed from two versions equals neither; and none is so
much smaller that a guard would hold it back. What the answers must be says the oracle. The learners and their zones are
the same, so a version of a state has the same logical hash whatever versions were before it (R24).
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.oracle import oracle
from tests.oracle.oracle import Stream, World
from tests.support.platforms import platforms
from warehouse.configuration.configuration import Configuration, load

STATES = ("calm", "busy")
FIRST_DAY, LAST_DAY = date(2026, 3, 6), date(2026, 3, 8)
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "no zone", "Europe/Berlin")
LEARNERS = tuple(f"learner {number}" for number in range(len(ZONES)))
DELETED, UNKNOWN = "deleted", "unknown"
# Every night replaces every landing; versions are pruned by nearly every night.
SETTINGS = "[pulse]\nkeep_versions = 2\n"
SERVING = '\n[serve]\nrate_limit = ""\nrate_limit_refused = ""\n'


@dataclass(frozen=True)
class Place:
    """Where the platform and what is made of it are.

    Args:
        folder: of database and configuration.
        configuration: whose data folder is in it.
    """

    folder: Path
    configuration: Configuration

    def become(self, state: str) -> None:
        """Let the source be in a state from now on, at once."""
        beside = self.folder / "platform.beside"
        shutil.copyfile(self.folder / f"{state}.sqlite", beside)
        beside.replace(self.folder / "platform.sqlite")


def make(folder: Path, url: str = "") -> Place:
    """Write both states and the configuration into a folder.

    Args:
        folder: an empty one.
        url: of the source, if it is not the SQLite file that `Place.become` changes.
    """
    for state in STATES:
        platforms.write(world(state), f"sqlite:///{folder}/{state}.sqlite")
        with closing(sqlite3.connect(folder / f"{state}.sqlite")) as database:
            database.execute("vacuum")
    path = folder / "pulse.toml"
    text = platforms.configuration(world("calm"), url or f"sqlite:///{folder}/platform.sqlite", "var")
    path.write_text(text.replace("[pulse]\n", SETTINGS) + SERVING, encoding="utf-8")
    return Place(folder, load(path, uses=["sources", "auth", "serve"]))


def bodies(state: str) -> dict[str, dict[str, Any]]:
    """What every learner must be answered, by id."""
    return {learner: oracle.body(world(state), learner) for learner in LEARNERS}


def world(state: str) -> World:
    """Everything that the platform holds in a state."""
    users: list[dict[str, object]] = [
        {"user_id": learner, "timezone": zone} for learner, zone in zip(LEARNERS, ZONES, strict=True)
    ]
    users.append({"user_id": DELETED, "timezone": "UTC", "deleted_at": datetime(2026, 3, 1, tzinfo=UTC)})
    events = list(_events(busy=STATES.index(state)))
    return World(
        first_day=FIRST_DAY,
        newest_day=LAST_DAY,
        streams=(Stream("xp_events", "xp"), Stream("sessions", "sessions"), Stream("quiz_attempts", "quizzes")),
        rows={
            "xp_events": [
                *({**event, "amount": amount} for event, amount, _ in events),
                {"event_id": "bad", "user_id": LEARNERS[0], "occurred_at": _instant(0, 1), "amount": 10**13},
                {"event_id": "undated", "user_id": LEARNERS[0], "occurred_at": "soon", "amount": 1},
            ],
            "sessions": [_session(event, minutes) for event, _, minutes in events],
            "quiz_attempts": [{**event, "passed": minutes % 2 == 0} for event, _, minutes in events],
        },
        users_landings=((LAST_DAY, users),),
        min_active_days=2,
    )


def _events(busy: int) -> Any:
    """Yield an event, an amount and a length in minutes, for some hours of every learner's days."""
    days = (LAST_DAY - FIRST_DAY).days + 1
    for place, learner in enumerate((*LEARNERS, DELETED, UNKNOWN)):
        for day in range(days):
            for hour in (*range(place % 3, 23 - busy, 3), *[23] * busy):
                number = len(LEARNERS) * (24 * day + hour) + place
                event = {
                    "event_id": f"event {number}",
                    "user_id": learner,
                    "occurred_at": _instant(day, hour),
                }
                yield event, 20 + number % 40 + 3 * busy, 20 + number % 100 + busy
                if hour % 2:  # an id that comes twice, with another content
                    yield event, 4, 1


def _session(event: dict[str, Any], minutes: int) -> dict[str, Any]:
    started_at = event["occurred_at"]
    about = {"event_id": event["event_id"], "user_id": event["user_id"], "started_at": started_at}
    return {**about, "ended_at": started_at + timedelta(minutes=minutes)}


def _instant(day: int, hour: int) -> datetime:
    return datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, hour, 17, tzinfo=UTC) + timedelta(days=day)
