"""A platform whose learners have every kind of name, some public and some not: what strangers may see of it.

Every row says why it is there. Numbers and ids are such that they stand out wherever they should not be.
`tests/serve/public/test_profiles.py` asks who has a page, `tests/serve/public/test_public_profile.py` what it shows,
`browser/` how it looks and behaves.
"""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from assets.step3_users.users import land_users
from tests.support.repository import LOOKUP
from warehouse.configuration.configuration import Configuration, load

LAST_DAY = date(2026, 1, 5)
DAY = timedelta(days=1)

ADA = "id-of-ada-6b1f"
ADA_XP, ADA_SECONDS = 77_177, 4_561
COMPOSED, DECOMPOSED = "am\u00e9lie", "ame\u0301lie"

# Names with a page, each a trap for whoever writes it into HTML, XML, JSON, SQL, a URL or a regular expression.
SHOWN = {
    "plain": "ada",
    "a tag": "<script>alert(1)<script>",
    "the end of a text in XML": "]]>",
    "a comment": "<!-- name -->",
    "a double quote": 'dwayne "rock" j',
    "a single quote": "o'brien",
    "an ampersand": "salt & pepper",
    "an entity": "&lt;&#0;&nosuch;",
    "the end of an attribute": '" onload="alert(1)',
    "a template": "{{ 7*7 }}{% raw %}",
    "a format": "{name}{0.__class__}%s",
    "SQL": "'; drop table users; --",
    "a wildcard": "%_*",
    "an emoji": "🦆",
    "a composed accent": "zo\u00eb",
    "letters that are written from right to left": "\u0645\u0631\u062d\u0628\u0627",
    "inner and outer spaces": " two  words ",
    "a no-break space": "no\u00a0break",
    "a question mark and a hash": "what?#now",
    "a percent escape": "%2e%2e%2f",
    "a backslash": "c:\\windows",
    "the name of the picture": "pulse.svg",
    "a kilobyte": "x" * 1024,
    "a kilobyte of what becomes five bytes each": "&" * 1024,
    "a name that is hidden elsewhere": "__proto__",
}
# Names without a page, though their learners are public.
NAMELESS = {
    "nothing": "",
    "a space": " ",
    "spaces of every kind": "\u2003\u00a0 ",
    "a newline": "new\nline",
    "a tab": "tab\tulator",
    "an escape": "esc\x1b[31m",
    "a C1 control": "c1\x85",
    "a right-to-left override": "user\u202egnp.exe",
    "a left-to-right mark": "mark\u200e",
    "an Arabic letter mark": "mark\u061c",
    "an isolate": "iso\u2066late",
    "a zero-width space": "zero\u200bwidth",
    "a byte order mark": "\ufeffbom",
    "a line separator": "line\u2028separator",
    "a replacement character": "bad\ufffdbytes",
    "a noncharacter": "non\ufffechar",
    "a private character": "pri\ue000vate",
    "a slash": "either/or",
    "one dot": ".",
    "two dots": "..",
    "more than a kilobyte": "y" * 1025,
}

User = tuple[str, str | None, str | None, int | None, str | None]

USERS: list[User] = [
    (ADA, "ada", "Europe/Berlin", 1, None),
    *((f"shown-{n}", name, "UTC", 1, None) for n, name in enumerate(SHOWN.values()) if name != "ada"),
    *((f"nameless-{n}", name, "UTC", 1, None) for n, name in enumerate(NAMELESS.values())),
    # no name at all
    ("without-name", None, "UTC", 1, None),
    # public, and spelled in another way than anybody would type it
    ("amelie", DECOMPOSED, "UTC", 1, None),
    # not public: false, unknown
    ("ben", "ben", "UTC", 0, None),
    ("kim", "kim", "UTC", None, None),
    # public once, deleted now
    ("gone", "gone", "UTC", 1, "2026-01-01T00:00:00Z"),
    # two public learners with one name, and two whose names differ in normalization alone
    ("twin-1", "twin", "UTC", 1, None),
    ("twin-2", "twin", "UTC", 1, None),
    ("nina-1", "ni\u00f1a", "UTC", 1, None),
    ("nina-2", "nin\u0303a", "UTC", 1, None),
    # a private learner holds the name too
    ("sam-1", "sam", "UTC", 1, None),
    ("sam-2", "sam", "UTC", 0, None),
    # who held the name has been deleted
    ("heir-1", "heir", "UTC", 0, "2026-01-01T00:00:00Z"),
    ("heir-2", "heir", "UTC", 1, None),
    # names that differ in case are two names
    ("lea-1", "lea", "UTC", 1, None),
    ("lea-2", "Lea", "UTC", 0, None),
    # public, and never active
    ("idle", "idle", "Pacific/Pago_Pago", 1, None),
]
PUBLIC = {**{name: f"shown-{n}" for n, name in enumerate(SHOWN.values())}, "ada": ADA} | {
    COMPOSED: "amelie",
    "heir": "heir-2",
    "lea": "lea-1",
    "idle": "idle",
}
# What has no page, whatever the reason; the last two are no learner's.
NOBODY = {
    **NAMELESS,
    "a private learner's": "ben",
    "that of a learner who did not say": "kim",
    "a deleted learner's": "gone",
    "two learners'": "twin",
    "two learners' in one spelling": "ni\u00f1a",
    "two learners' in the other": "nin\u0303a",
    "a public and a private learner's": "sam",
    "private in this case": "Lea",
    "another case": "ADA",
    "an id": ADA,
    "a space after": "ada ",
    "a NUL after": "ada\0",
    "null": "null",
    "no learner's": "nobody",
    "no learner's, with an accent": "\u00e9\u0301",
}

CONFIGURATION = """
[pulse]
data_dir = "var"
first_day = $FIRST_DAY

[sources.platform]
url = "sqlite:///$FOLDER/platform.sqlite"

[streams.users]
kind = "users"
source = "platform"
table = "users"
[streams.users.columns]
user_id = "id"
username = "username"
timezone = "timezone"
is_public = "is_public"
deleted_at = "deleted_at"

[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"
columns = { event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }

[streams.sessions]
kind = "sessions"
source = "platform"
table = "sessions"
columns = { event_id = "id", user_id = "user_id", started_at = "started_at", ended_at = "ended_at" }

[auth]
secret = "the secret of a public platform, over 32 bytes"
"""


def make(folder: Path, days: int) -> Configuration:
    """Write the platform's database and `pulse.toml`; nothing is extracted or published yet.

    Args:
        folder: where; it is made.
        days: how many, up to `LAST_DAY`, on all of which but every ninth Ada was active.
    """
    folder.mkdir(parents=True)
    first_day = LAST_DAY - (days - 1) * DAY
    active = [first_day + n * DAY for n in range(days) if n % 9]
    xp = [(n, ADA, f"{day}T12:00:00Z", ADA_XP + n * n % 97) for n, day in enumerate(active)]
    # everybody else's days are loud, so that they would show in Ada's
    xp += [(-1 - n, user[0], f"{LAST_DAY}T12:00:00Z", 999_999) for n, user in enumerate(USERS) if user[0] != "idle"]
    sessions = [(1, ADA, f"{active[0]}T12:00:00Z", f"{active[0]}T13:16:01Z")]
    with closing(sqlite3.connect(folder / "platform.sqlite")) as database, database:
        database.execute(
            "create table users (id text, username text, timezone text, is_public integer, deleted_at text)"
        )
        database.executemany("insert into users values (?, ?, ?, ?, ?)", USERS)
        database.execute("create table xp_events (id integer, user_id text, created_at text, amount integer)")
        database.executemany("insert into xp_events values (?, ?, ?, ?)", xp)
        database.execute("create table sessions (id integer, user_id text, started_at text, ended_at text)")
        database.executemany("insert into sessions values (?, ?, ?, ?)", sessions)
    path = folder / "pulse.toml"
    text = CONFIGURATION.replace("$FOLDER", str(folder)).replace("$FIRST_DAY", first_day.isoformat())
    path.write_text(text, encoding="utf-8")
    return loaded(path)


def loaded(path: Path) -> Configuration:
    """Load the file of such a platform; learners are looked up as the run of the tests says."""
    configuration = load(path, uses=["sources", "auth", "serve"])
    return configuration.model_copy(update={"serve": configuration.serve.model_copy(update={"lookup": LOOKUP})})


def change(configuration: Configuration, statement: str) -> None:
    """Let something happen on the platform."""
    with closing(sqlite3.connect(configuration.path.parent / "platform.sqlite")) as database, database:
        assert database.execute(statement).rowcount > 0


def land(configuration: Configuration) -> None:
    """Land the learners, as a night does first, and publish nothing."""
    assert land_users(Night.of(configuration), LAST_DAY) is not None


def publish(configuration: Configuration, *accepted: str) -> str:
    """Run the night of the last day, with the guards that it lets through, and return the version that it published."""
    manifest = run_night(Night.of(configuration), Run(LAST_DAY, LAST_DAY, accepted=accepted))
    assert manifest is not None
    return manifest.version
