"""A platform of a few learners in SQLite, two nights of it, and what the endpoint must answer after each.

Every row says why it is there, and every answer is written down by hand: `tests/serve/version/test_endpoint.py` and
`tests/serve/test_server.py` read it through the app and through the real server. Nothing here computes a pulse.

The newest day of the first night is 30 December and that of the second New Year's Eve 2025, so that east of UTC the
window of the second one ends in another year.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jwt

from tests.support.repository import LOOKUP
from warehouse.configuration.configuration import Configuration, load
from warehouse.versions.versions import Warehouse

SECRET = "the secret of a small platform, over 32 bytes"
FAR_EXPIRY = 4_102_444_800  # 2100-01-01
FIRST_DAY, FIRST_NIGHT, SECOND_NIGHT = date(2025, 12, 29), date(2025, 12, 30), date(2025, 12, 31)
FIRST, SECOND = "pulse-2025-12-30-000001", "pulse-2025-12-31-000002"
PATH = "/api/xp/learning-pulse"

ANA = "0f8fad5b-d9cb-469f-a165-70867728950e"
BEN = "ben"
KIM = "7"
ZOE = "zoé"
IDLE = "idle"
QUOTED = "o'brien"

USERS = [
    # the learner whom most tests ask for; her platform shouts her id (R26)
    (ANA.upper(), "ana", "UTC"),
    # the spurious learner: loud on every date on which anybody else is active, never to be seen in another's answer
    (BEN, "ben", "UTC"),
    # an id that a careless comparison mistakes for 07, 7.0, ' 7' or 0x7; fourteen hours ahead of UTC
    (KIM, "kim", "Pacific/Kiritimati"),
    # an id with an accent, composed (NFC): the decomposed spelling is somebody else
    (ZOE, "zoe", "UTC"),
    # a learner without activity (R14), west of UTC
    (IDLE, "idle", "Pacific/Pago_Pago"),
    # an id that would end an SQL literal
    (QUOTED, "brien", "UTC"),
]
XP = [
    # Ana: 10, then 20, then (second night) 40: each date of hers has another level
    (1, ANA, "2025-12-29T10:00:00Z", 10),
    (2, ANA, "2025-12-30T10:00:00Z", 20),
    (3, ANA, "2025-12-31T10:00:00Z", 40),
    # Kim, on the last UTC evening of the first night: already New Year's Eve at Kim's
    (4, KIM, "2025-12-30T20:00:00Z", 5),
    # one row each for the ids that are easily mixed up
    (5, ZOE, "2025-12-29T12:00:00Z", 6),
    (6, QUOTED, "2025-12-29T12:00:00Z", 8),
    # Ben, on every date
    (7, BEN, "2025-12-29T11:00:00Z", 999),
    (8, BEN, "2025-12-30T11:00:00Z", 999),
    (9, BEN, "2025-12-31T11:00:00Z", 999),
]
SESSIONS = [
    # Ana: half an hour
    (1, ANA, "2025-12-29T09:00:00Z", "2025-12-29T09:30:00Z"),
    # Ben: eight hours around it
    (2, BEN, "2025-12-29T06:00:00Z", "2025-12-29T14:00:00Z"),
]
QUIZZES = [
    # Ana: one passed, one not
    (1, ANA, "2025-12-30T10:00:00Z", 1),
    (2, ANA, "2025-12-30T10:05:00Z", 0),
    # Ben: three passed on Ana's date
    (3, BEN, "2025-12-30T10:00:00Z", 1),
    (4, BEN, "2025-12-30T10:01:00Z", 1),
    (5, BEN, "2025-12-30T10:02:00Z", 1),
]

TABLES: Mapping[str, tuple[str, Sequence[tuple[object, ...]]]] = {
    "users": ("id text, username text, timezone text", USERS),
    "xp_events": ("id integer, user_id text, created_at text, amount integer", XP),
    "sessions": ("id integer, user_id text, started_at text, ended_at text", SESSIONS),
    "quiz_attempts": ("id integer, user_id text, submitted_at text, passed integer", QUIZZES),
}

# The default zone is ahead of UTC, so that a learner whom nobody knows has another window than one in UTC (R14).
# One active day is enough for levels of one's own (R16): Ben's scores stay out of the others' levels too.
CONFIGURATION = f"""
[pulse]
data_dir = "var"
first_day = {FIRST_DAY}
default_timezone = "Asia/Tokyo"
min_active_days = 1

[sources.platform]
url = "sqlite:///$FOLDER/platform.sqlite"

[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {{ user_id = "id", username = "username", timezone = "timezone" }}

[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }}

[streams.sessions]
kind = "sessions"
source = "platform"
table = "sessions"
columns = {{ event_id = "id", user_id = "user_id", started_at = "started_at", ended_at = "ended_at" }}

[streams.quiz_attempts]
kind = "quizzes"
source = "platform"
table = "quiz_attempts"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "submitted_at", passed = "passed" }}

[auth]
secret = "{SECRET}"

[serve]
lookup = "{LOOKUP}"
rate_limit = ""
rate_limit_refused = ""
"""

Day = tuple[int, int, int, int, int, int]  # xp_earned, learning_time, sessions, quizzes, quizzes_passed, level


def body(window_end: date, active: Mapping[date, Day], totals: tuple[int, int, int, int]) -> dict[str, Any]:
    """Lay out an answer: the dates that are named as they are given, all others of the 365 as zeros.

    Args:
        window_end: the last date.
        active: what stands on the dates that are not zeros.
        totals: of learning_time, sessions, quizzes and quizzes_passed, added up by hand.
    """
    names = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")
    dates = [window_end - timedelta(days=364) + timedelta(days=number) for number in range(365)]
    return {
        "data": [
            {"date": str(day), **dict(zip(names, active.get(day, (0, 0, 0, 0, 0, 0)), strict=True))} for day in dates
        ],
        "total_learning_time": totals[0],
        "total_sessions": totals[1],
        "total_quizzes": totals[2],
        "total_quizzes_passed": totals[3],
        "year": window_end.year,
    }


NEW_YEAR = date(2026, 1, 1)
UNKNOWN = {FIRST: body(SECOND_NIGHT, {}, (0, 0, 0, 0)), SECOND: body(NEW_YEAR, {}, (0, 0, 0, 0))}
ANSWERS = {
    ANA: {
        FIRST: body(
            FIRST_NIGHT,
            {FIRST_DAY: (10, 1800, 1, 0, 0, 1), FIRST_NIGHT: (20, 0, 0, 2, 1, 4)},
            (1800, 1, 2, 1),
        ),
        # the same dates, and the level of the second one has changed: an answer of two versions would show
        SECOND: body(
            SECOND_NIGHT,
            {FIRST_DAY: (10, 1800, 1, 0, 0, 1), FIRST_NIGHT: (20, 0, 0, 2, 1, 3), SECOND_NIGHT: (40, 0, 0, 0, 0, 4)},
            (1800, 1, 2, 1),
        ),
    },
    KIM: {
        FIRST: body(SECOND_NIGHT, {SECOND_NIGHT: (5, 0, 0, 0, 0, 2)}, (0, 0, 0, 0)),
        SECOND: body(NEW_YEAR, {SECOND_NIGHT: (5, 0, 0, 0, 0, 2)}, (0, 0, 0, 0)),
    },
    ZOE: {SECOND: body(SECOND_NIGHT, {FIRST_DAY: (6, 0, 0, 0, 0, 2)}, (0, 0, 0, 0))},
    QUOTED: {SECOND: body(SECOND_NIGHT, {FIRST_DAY: (8, 0, 0, 0, 0, 2)}, (0, 0, 0, 0))},
    IDLE: {SECOND: body(SECOND_NIGHT, {}, (0, 0, 0, 0))},
}


def make(folder: Path) -> Configuration:
    """Write the platform's database and `pulse.toml` into a folder; nothing is extracted or published yet."""
    with closing(sqlite3.connect(folder / "platform.sqlite")) as database, database:
        for table, (columns, rows) in TABLES.items():
            database.execute(f"create table {table} ({columns})")
            database.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)
    path = folder / "pulse.toml"
    path.write_text(CONFIGURATION.replace("$FOLDER", str(folder)), encoding="utf-8")
    return load(path, uses=["sources", "auth"])


def publish(configuration: Configuration, day: date) -> str:
    """Run the night of a day and return the version that it published."""
    from assets.all_steps import run_night
    from assets.night.night import Night
    from assets.step0_plan.plan import Run

    manifest = run_night(Night.of(configuration), Run(day, day))
    assert manifest is not None
    return manifest.version


def two_nights(base: Path) -> Path:
    """Return the folder in which `FIRST` and then `SECOND` were published: once for every base, for tests to copy."""
    folder = base / "small_platform"
    if not folder.exists():
        folder.mkdir()
        configuration = make(folder)
        assert publish(configuration, FIRST_NIGHT) == FIRST
        assert publish(configuration, SECOND_NIGHT) == SECOND
    return folder


def copied(nights: Path, to: Path, version: str | None) -> Configuration:
    """Copy what `two_nights` made, with the pointer on a version, or as if nothing had been published yet."""
    shutil.copytree(nights / "var", to / "var", symlinks=True)
    path = to / "pulse.toml"
    shutil.copyfile(nights / path.name, path)
    configuration = load(path, uses=["sources", "auth"])
    warehouse = Warehouse.of(configuration)
    if version is None:
        warehouse.pointer.unlink()
    else:
        warehouse.point_to(version)
    return configuration


def configure(configuration: Configuration, **serve: Any) -> Configuration:
    """Write keys of `[serve]` into the file of a configuration, and return what it says then."""
    head, section, _ = configuration.path.read_text(encoding="utf-8").partition("[serve]\n")
    keys = configuration.serve.model_dump(include={"lookup", "rate_limit", "rate_limit_refused"}) | serve
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in keys.items()]
    configuration.path.write_text(head + section + "".join(lines), encoding="utf-8")
    return load(configuration.path, uses=["sources", "auth", "serve"])


def token(
    user_id: object = ANA, /, *, key: str = SECRET, headers: dict[str, Any] | None = None, **claims: object
) -> str:
    """Sign a learner's token; a claim that is given as `...` is left out."""
    given = {"sub": user_id, "exp": FAR_EXPIRY, **claims}
    kept = {name: value for name, value in given.items() if value is not ...}
    return jwt.encode(kept, key, algorithm="HS256", headers=headers)


def bearer(user_id: object = ANA, /) -> dict[str, str]:
    """Return the header that a learner's browser sends."""
    return {"Authorization": f"Bearer {token(user_id)}"}


def now() -> int:
    """Return the present second: what a token's times are measured against is the server's own clock."""
    return int(time.time())
