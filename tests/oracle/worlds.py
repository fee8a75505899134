"""Random worlds for hypothesis: small platforms that gather everything that a source can do wrong.

A world is what the oracle reads and what `platforms.write` puts into a database. It stays within the guards of a night
(R21, R22, R23), so that every world can be published: for each row of a learner whom some landing of users lacks,
a known learner has one at the same instant, and a stream has at most 20 rows that could be quarantined. What a world
*should* give is the oracle's matter and stays out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed_offset
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import strategies as st

from tests.oracle.long_sessions import with_long_sessions
from tests.oracle.oracle import DAY, EPOCH, HOUR, SECOND, Stream, World, day_start, days, identifier, local_dates, zone
from tests.oracle.oracle import zone_names as iana_names
from tests.oracle.worlds_daily import own_dates, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

RawRow = dict[str, object]

# UTC days around which something happens to dates, with the zone that it happens in. They are long over, because no day
# lands that is not, and a history goes on for weeks.
PLACES = (
    (date(2025, 3, 9), "America/New_York"),  # 23 hours
    (date(2025, 11, 2), "America/New_York"),  # 25 hours
    (date(2025, 4, 5), "Australia/Lord_Howe"),  # half an hour more
    (date(2025, 10, 4), "Australia/Lord_Howe"),  # half an hour less
    (date(2011, 12, 30), "Pacific/Apia"),  # a date that does not exist
    (date(2025, 11, 2), "America/Havana"),  # midnight twice
    (date(2025, 3, 9), "America/Havana"),  # midnight missing
    (date(2025, 10, 26), "Atlantic/Azores"),  # midnight twice
    (date(2025, 4, 24), "Africa/Cairo"),  # midnight missing
    (date(2025, 10, 30), "Africa/Cairo"),  # from midnight back into the date before
    (date(2025, 12, 31), "Asia/Kathmandu"),  # the year ends
    (date(2024, 2, 29), "UTC"),
    (date(2025, 6, 16), "Etc/GMT+12"),  # nothing at all
)
GOOD_ZONES = ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "America/New_York", "Africa/Casablanca")
BAD_ZONES = (None, "", "Mars/Phobos", "+02:00", "europe/berlin", " UTC")
TEXT_IDS = ("ann", "ANN", "o'brien", " 1", "01", "\u00e9", "e\u0301", "\u202e7")
UUID_IDS = tuple(f"{number:08x}-ABCD-4ef0-8000-00000000abcd" for number in range(0xA0, 0xA8))
NUDGES = (0, 0, -1, 1, -SECOND, SECOND, -SECOND // 2, SECOND // 2, -HOUR, HOUR, 3 * HOUR, -5 * HOUR)
DURATIONS = (
    *(0, 0, 1, SECOND - 1, SECOND, 90 * SECOND, HOUR, HOUR, 5 * HOUR, 23 * HOUR, DAY - 1, DAY),
    *(DAY + 1, -1, 30 * HOUR),
)
AMOUNTS = (0, 1, 5, 5, 10, 10, 10, 25, 100, 999, -3, -50, 10**12, -(10**12))
LEVELS_OF_XP = ((0,), (0, 10, 11, 100), (0, 1, 5))
FEWEST_ROWS = (0, 0, 5, 10, 14)
MOST_ROWS = 14
MOST_DOUBLES = 5  # together at most 20, the rows that quarantine may always hold (R22)
SHORT_SPAN = 21  # days: a span below is drawn around its place, a longer one ends there

BROKEN_TEXT = (None, "", "x" * 1025, "\u00e9" * 513)
BROKEN_TEXT_LOOSE = (*BROKEN_TEXT, b"\xff\xfe", "a\0b", b"")
UNREADABLE = (None, "infinity", "-infinity")
UNREADABLE_LOOSE = (
    None,
    "",
    "soon",
    17,
    1.5,
    b"2026-03-08",
    "2026-02-30 10:00",
    "2026-03-08 25:00",
    "0000-00-00 00:00:00",
)
BROKEN_AMOUNTS = {
    "integer": (None, 10**12 + 1, -(10**12) - 1),
    "decimal": (None, Decimal("1.5"), Decimal("NaN"), Decimal("1E+38"), Decimal("1000000000000.5")),
    "loose": (None, 1.5, "abc", "", 10**12 + 1, float("inf"), "1,000", b"5"),
}
PASSED = {"boolean": (True, False), "integer": (1, 0), "text": ("t", "FALSE", "True", "0", "1", "F")}
BROKEN_PASSED = {"boolean": (None,), "integer": (None, 2, -1), "text": (None, "", "yes")}


@dataclass(frozen=True)
class Spelling:
    """How one stream's table holds its values; the same for all rows where the columns are typed."""

    is_loose: bool
    instants: str  # aware | naive | date | text
    ids: str  # text | uuid | integer
    amounts: str
    passed: str
    has_updated_at: bool
    has_last_activity_at: bool
    has_deleted_at: bool


@st.composite
def worlds(
    draw: DrawFn, *, is_loose: bool = True, may_lose_learners: bool = False, may_span_a_year: bool = False
) -> World:
    """Draw a world.

    `is_loose`: values that only SQLite holds (text in integer columns, unreadable instants, bytes); otherwise every
    column has one type that PostgreSQL has. `may_lose_learners`: the second landing of users may delete or lack some.
    `may_span_a_year`: more days than a window has (slower).
    """
    first_day, newest_day, place = draw(spans(may_span_a_year=may_span_a_year))
    style = draw(st.sampled_from(("text", "uuid", "integer")))
    ids = draw(st.permutations(_ids(style)))[: draw(st.integers(1, 6)) + 2]
    landings = draw(
        users_landings(ids[:-2], first_day, newest_day, place, is_loose=is_loose, may_lose=may_lose_learners)
    )
    zones = {row.get("timezone") for _, rows in landings for row in rows} & iana_names()
    instants = _instants(first_day, newest_day, sorted(map(str, zones)))
    streams = draw(stream_sets(place))
    always_known = [user for user in ids if all(_is_known(user, rows) for _, rows in landings)]
    rows = {}
    for stream in streams:
        spelling = draw(spellings(stream, style, is_loose=is_loose))
        fewest = draw(st.sampled_from(FEWEST_ROWS))
        drawn = draw(st.lists(event_rows(stream, spelling, ids, instants), min_size=fewest, max_size=MOST_ROWS))
        if drawn:
            drawn += draw(st.lists(doubles(drawn), max_size=MOST_DOUBLES))
        rows[stream.name] = draw(st.permutations(drawn + _partners(stream, spelling, drawn, always_known)))
    of_dates, rows_of_dates = draw(own_dates(place_of(ids, always_known, first_day, newest_day, is_loose=is_loose)))
    streams, rows = (*streams, *of_dates), rows | rows_of_dates
    return World(
        first_day,
        newest_day,
        streams,
        rows,
        landings,
        default_timezone=draw(st.sampled_from(("UTC", "UTC", "America/New_York", "Pacific/Kiritimati", place))),
        level_metric=draw(st.sampled_from(("xp_earned", "learning_time"))),
        min_active_days=draw(st.integers(1, 5)),
        week_start=draw(st.sampled_from(("sunday", "monday"))),
        level_thresholds=draw(st.sampled_from(LEVELS_OF_XP)),
        level_step=draw(st.sampled_from((None, 3, 50))),
        is_by_stream=draw(st.booleans()),
    )


@st.composite
def spans(draw: DrawFn, *, may_span_a_year: bool) -> tuple[date, date, str]:
    """The first and the newest day, and the zone that makes them interesting."""
    middle, place = draw(st.sampled_from(PLACES))
    length = draw(st.integers(3, 12) | st.integers(364, 368)) if may_span_a_year else draw(st.integers(3, 12))
    before = draw(st.integers(1, length - 1)) if length < SHORT_SPAN else length - 3
    first_day = middle - timedelta(days=before)
    return first_day, first_day + timedelta(days=length - 1), place


def _ids(style: str) -> Sequence[object]:
    """A pool of ids that is small, so that learners, rows and doubles meet."""
    return {"text": TEXT_IDS, "uuid": UUID_IDS, "integer": (1, 2, 3, 10, 2**31, 2**62, 7, 0)}[style]


def _is_known(user_id: object, rows: Sequence[RawRow]) -> bool:
    """Whether a landing of users has the learner, and never as deleted."""
    same = [row for row in rows if identifier(row.get("user_id")) == identifier(user_id)]
    return bool(same) and all(row.get("deleted_at") is None for row in same)


# --- users ----------------------------------------------------------------------------------------------------------


@st.composite
def users_landings(
    draw: DrawFn,
    ids: Sequence[object],
    first_day: date,
    newest_day: date,
    place: str,
    *,
    is_loose: bool,
    may_lose: bool,
) -> tuple[tuple[date, list[RawRow]], ...]:
    """One or two landings: in the second, learners move, appear and (where allowed) go. The first id stays."""
    first = [draw(user_rows(user_id, place, is_loose=is_loose, may_be_deleted=user_id != ids[0])) for user_id in ids]
    if is_loose:
        first += draw(st.lists(st.sampled_from(first[1:] or first).map(_double), max_size=2))
        first += draw(st.lists(st.sampled_from(BROKEN_TEXT_LOOSE).map(_nobody), max_size=2))
    if draw(st.booleans()):
        return ((newest_day, first),)
    second = [dict(row, timezone=draw(zone_spellings(place))) if draw(st.booleans()) else row for row in first]
    if may_lose and len(ids) > 1:
        lost, is_deleted = draw(st.sampled_from(ids[1:])), draw(st.booleans())
        gone = datetime(2026, 1, 2, tzinfo=UTC)
        second = [dict(row, deleted_at=gone) if is_deleted and row["user_id"] == lost else row for row in second]
        second = [row for row in second if is_deleted or row["user_id"] != lost]
    appearing = draw(st.sampled_from(ids))
    if appearing != ids[0] and draw(st.booleans()):
        first = [row for row in first if row["user_id"] != appearing]
    earlier = first_day + timedelta(days=draw(st.integers(0, (newest_day - first_day).days)))
    return ((earlier, first), (newest_day, second))


@st.composite
def user_rows(draw: DrawFn, user_id: object, place: str, *, is_loose: bool, may_be_deleted: bool) -> RawRow:
    """A raw row of users."""
    is_public: tuple[object, ...] = (True, False, None)
    names: tuple[object, ...] = ("Ann", "ann", "", None, "Zo\u00eb", "a\u202eb")
    if is_loose:
        is_public, names = (*is_public, "yes", "true", 2), (*names, b"Bob", b"\xff")
    return {
        "user_id": user_id,
        "username": draw(st.sampled_from(names)),
        "timezone": draw(zone_spellings(place)),
        "is_public": draw(st.sampled_from(is_public)),
        "deleted_at": datetime(2026, 1, 1, tzinfo=UTC) if may_be_deleted and draw(st.integers(0, 5)) == 5 else None,
        **draw(of_the_night(is_loose=is_loose)),
    }


@st.composite
def of_the_night(draw: DrawFn, *, is_loose: bool) -> RawRow:
    """What a learner has as of the night, if anything: savers that are left, and a booster (R27, R29)."""
    savers: tuple[object, ...] = (None, 0, 2, -1)
    multipliers: tuple[object, ...] = (None, Decimal("1.5"), Decimal(2), Decimal(0), Decimal(-1))
    if is_loose:
        savers, multipliers = (*savers, "3", "many", 2.5), (*multipliers, "1.25", "double", 3, 2_000_000)
    ends = [date(2011, 12, 31), date(2025, 3, 10), date(2026, 1, 1), date(2040, 1, 1)]
    at = datetime.combine(draw(st.sampled_from(ends)), time(0, 0, draw(st.integers(0, 1))), tzinfo=UTC)
    return {
        "freezes_available": draw(st.sampled_from(savers)),
        "booster_multiplier": draw(st.sampled_from(multipliers)),
        "booster_ends_at": draw(st.sampled_from((None, at, at))),
    }


def zone_spellings(place: str) -> st.SearchStrategy[str | None]:
    """A zone as a source spells it: most often the world's own, often another, sometimes none."""
    return st.sampled_from((place, place, place, *GOOD_ZONES, *BAD_ZONES))


def _double(row: RawRow) -> RawRow:
    """The same learner once more, with other content and (for a UUID) in another case."""
    user_id = row["user_id"]
    again = user_id.lower() if isinstance(user_id, str) and user_id in UUID_IDS else user_id
    return dict(row, user_id=again, username="Twice")


def _nobody(user_id: object) -> RawRow:
    """A row of users without a good id."""
    return {"user_id": user_id, "username": "Nobody", "timezone": "UTC", "is_public": True, "deleted_at": None}


# --- streams and their rows -----------------------------------------------------------------------------------------


@st.composite
def stream_sets(draw: DrawFn, place: str) -> tuple[Stream, ...]:
    """One or two XP streams, one to three session streams, one quiz stream, some with a zone of their own."""
    names = ["xp_events", "quiz_attempts", "english_sessions"]
    names += draw(st.sampled_from(([], [], ["xp_bonus"])))
    names += draw(st.sampled_from(([], ["code_sessions"], ["code_sessions", "phone_sessions"])))
    kinds = {"xp": "xp", "quiz": "quizzes"}
    zones = st.sampled_from(("UTC", "UTC", "America/New_York", place))
    streams = [Stream(name, kinds.get(name.split("_")[0], "sessions"), draw(zones)) for name in names]
    return tuple(draw(with_long_sessions(stream)) for stream in streams)


@st.composite
def spellings(draw: DrawFn, stream: Stream, user_ids: str, *, is_loose: bool) -> Spelling:
    """How a stream's table holds its values."""
    instants = ("text", "text", "naive", "aware") if is_loose else ("aware", "naive", "naive", "aware", "date")
    return Spelling(
        is_loose,
        instants=draw(st.sampled_from(instants)),
        ids=draw(st.sampled_from(("text", "uuid", "integer"))) if is_loose else user_ids,
        amounts="loose" if is_loose else draw(st.sampled_from(("integer", "decimal"))),
        passed=draw(st.sampled_from(("boolean", "integer", "text"))),
        has_updated_at=draw(st.booleans()),
        has_last_activity_at=stream.kind == "sessions" and draw(st.booleans()),
        has_deleted_at=draw(st.integers(0, 3)) == 3,
    )


def _instants(first_day: date, newest_day: date, zones: Sequence[str]) -> st.SearchStrategy[int]:
    """Instants where dates begin and offsets change, a little before and after, and any second in between."""
    everywhere = list(days(first_day - timedelta(days=1), newest_day + timedelta(days=1)))
    near_the_ends = everywhere[:6] + everywhere[max(6, len(everywhere) - 12) :]
    borders = sorted(
        {start for name in ["UTC", *zones] for day in near_the_ends for start, _, _ in local_dates(name, day)}
    )
    on_a_border = st.builds(int.__add__, st.sampled_from(borders), st.sampled_from(NUDGES))
    seconds = st.integers(day_start(newest_day - timedelta(days=9)) // SECOND, (day_start(newest_day) + DAY) // SECOND)
    return on_a_border | on_a_border | seconds.map(lambda second: second * SECOND + second % 7 * 100_001)


@st.composite
def event_rows(
    draw: DrawFn, stream: Stream, spelling: Spelling, user_ids: Sequence[object], instants: st.SearchStrategy[int]
) -> RawRow:
    """A raw row of an event stream, now and then broken; few event ids, so that doubles come by themselves."""
    at = draw(instants)
    row: RawRow = {
        "event_id": _event_id(draw(st.integers(0, 11)), spelling),
        "user_id": _typed_id(draw(st.sampled_from(user_ids)), spelling),
    }
    if spelling.has_updated_at:
        updated_at = draw(st.sampled_from((None, 0, 0, 1, HOUR)))
        row["updated_at"] = (
            None if updated_at is None else draw(spelled(at // DAY * DAY + updated_at, stream, spelling))
        )
    if spelling.has_deleted_at:
        row["deleted_at"] = draw(st.sampled_from((None, None)) | spelled(at, stream, spelling))
    if stream.kind == "sessions":
        row |= draw(session_times(at, stream, spelling))
    elif stream.kind == "xp":
        row |= {"occurred_at": draw(spelled(at, stream, spelling)), "amount": draw(amounts(spelling))}
    else:
        passed = draw(st.sampled_from(PASSED[spelling.passed]))
        row |= {"occurred_at": draw(spelled(at, stream, spelling)), "passed": passed}
    for role in draw(st.sampled_from((*[()] * 24, *((role,) for role in row), ("event_id", "user_id")))):
        row[role] = draw(st.sampled_from(_broken(role, row[role], spelling)))
    return row


@st.composite
def doubles(draw: DrawFn, rows: Sequence[RawRow]) -> RawRow:
    """A row once more (R20): the same, or with one value of another row in its place."""
    row, other = draw(st.sampled_from(rows)), draw(st.sampled_from(rows))
    role = draw(st.sampled_from([role for role in row if role not in ("event_id", "occurred_at", "started_at")]))
    return dict(row, **{role: other[role]})


@st.composite
def session_times(draw: DrawFn, at: int, stream: Stream, spelling: Spelling) -> RawRow:
    """The instants of a session: its start, and an end, a last activity, both or neither."""
    row: RawRow = {"started_at": draw(spelled(at, stream, spelling)), "ended_at": None}
    if draw(st.integers(0, 4)):
        row["ended_at"] = draw(spelled(at + draw(st.sampled_from(DURATIONS)), stream, spelling))
    if spelling.has_last_activity_at:
        has_one = draw(st.booleans())
        row["last_activity_at"] = (
            draw(spelled(at + draw(st.sampled_from(DURATIONS)), stream, spelling)) if has_one else None
        )
    return row


def amounts(spelling: Spelling) -> st.SearchStrategy[object]:
    """Good amounts of XP in the column's type."""
    if spelling.amounts == "decimal":
        return st.sampled_from([*map(Decimal, AMOUNTS), Decimal("5.00")])
    return st.sampled_from((*AMOUNTS, *(("12", "+7", "10.0", 5.0) if spelling.is_loose else ())))


def _broken(role: str, good: object, spelling: Spelling) -> Sequence[object]:
    """Values that break a rule of R19 and fit the column's type; the good one where the type has none."""
    if role in ("event_id", "user_id"):
        if spelling.is_loose:
            return BROKEN_TEXT_LOOSE
        return BROKEN_TEXT if isinstance(good, str) else (None,)
    if role == "amount":
        return BROKEN_AMOUNTS[spelling.amounts]
    if role == "passed":
        return (*BROKEN_PASSED[spelling.passed], *((2.5, "maybe") if spelling.is_loose else ()))
    return UNREADABLE_LOOSE if spelling.is_loose else (UNREADABLE if spelling.instants != "date" else (None,))


def _event_id(number: int, spelling: Spelling) -> object:
    """One of a few event ids in the column's type."""
    if spelling.ids == "integer":
        return number
    if spelling.ids == "uuid":
        text = f"{number // 2:08x}-00AA-4000-8000-00000000BEEF"
        return _typed_id(text.swapcase() if number % 2 else text, spelling)
    return f"e{number}"


def _typed_id(user_id: object, spelling: Spelling) -> object:
    """An id as the column's type holds it: UUIDs are values of their own where columns are typed."""
    return UUID(user_id) if not spelling.is_loose and spelling.ids == "uuid" and isinstance(user_id, str) else user_id


def _partners(stream: Stream, spelling: Spelling, rows: Sequence[RawRow], known: Sequence[object]) -> list[RawRow]:
    """For each row of a learner whom some landing lacks, a good row of a known one at the same instant (R21)."""
    role = "started_at" if stream.kind == "sessions" else "occurred_at"
    unknown = [row for row in rows if all(identifier(row["user_id"]) != identifier(user_id) for user_id in known)]
    values: dict[str, RawRow] = {
        "xp": {"amount": Decimal(1) if spelling.amounts == "decimal" else 1},
        "quizzes": {"passed": PASSED[spelling.passed][1]},
        "sessions": {},
    }
    return [
        {
            "event_id": _event_id(100 + 2 * number, spelling),
            "user_id": _typed_id(known[0], spelling),
            role: row[role],
            **values[stream.kind],
        }
        for number, row in enumerate(unknown)
    ]


# --- instants as a source spells them -------------------------------------------------------------------------------


@st.composite
def spelled(draw: DrawFn, at: int, stream: Stream, spelling: Spelling) -> object:
    """An instant as the column holds it; local values may be ambiguous or not exist at all."""
    moment = EPOCH + timedelta(microseconds=at)
    if spelling.instants == "aware":
        return moment.astimezone(fixed_offset(timedelta(minutes=draw(st.sampled_from((0, 0, 330, -720, 840))))))
    local = moment.astimezone(zone(stream.timezone)).replace(tzinfo=None, fold=0)
    if spelling.instants == "date":
        return local.date()
    if stream.timezone != "UTC":
        local += timedelta(minutes=draw(st.sampled_from((0, 0, 0, 30, 60, -60))))
    return local if spelling.instants == "naive" else draw(texts(moment, local))


def texts(moment: datetime, local: datetime) -> st.SearchStrategy[str]:
    """An instant as text in each form that R1's decision admits."""
    far_east, far_west = (moment.astimezone(fixed_offset(timedelta(hours=hours))) for hours in (14, -12))
    kathmandu = moment.astimezone(fixed_offset(timedelta(hours=5, minutes=45)))
    forms = (
        *(f"{local:%Y-%m-%d %H:%M:%S.%f}", local.isoformat(), f"{local:%Y-%m-%dT%H:%M}", f"{local:%Y-%m-%d}"),
        *(f"{moment:%Y-%m-%d %H:%M:%S.%f}789Z", f"{moment:%Y-%m-%dT%H:%M:%SZ}", moment.isoformat(sep=" ")),
        *(far_east.isoformat(), f"{far_west:%Y-%m-%d %H:%M:%S.%f}-12", f"{kathmandu:%Y-%m-%dT%H:%M:%S.%f%z}"),
    )
    return st.sampled_from(forms)
