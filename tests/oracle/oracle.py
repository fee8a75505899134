"""The independent oracle: what every public table and answer has to hold, worked out from the raw rows.

Plain Python, slow and obvious: no DuckDB, no pandas, nothing from the product's packages, so that it cannot share a
mistake with them. It follows docs/RULES.md rule by rule and says which. How rows get into a database and how
the product is run stays out. Zone data come from the `tzdata` wheel alone (R4). Every instant is an integer: the
microseconds since 1970-01-01 00:00 UTC.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.oracle.parts import oracle_daily, oracle_profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW_DAYS = 365
MEASURES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")

Row = tuple[object, ...]


@dataclass(frozen=True)
class Stream:
    """An event stream.

    `kind` is xp, sessions, quizzes, daily or freezes; `timezone` the zone of its instants that carry none.

    `longer_than_24h` says what a session is whose end is further from its start: in quarantine, capped, without length.
    `has_own_dates`: its rows are of learners' own dates (R5). Of kind daily, `roles` have a column beside learner and
    date, and `constants` are the same in every row.
    """

    name: str
    kind: str
    timezone: str = "UTC"
    longer_than_24h: str = "quarantine"
    has_own_dates: bool = False
    roles: tuple[str, ...] = ()
    constants: tuple[tuple[str, int], ...] = ()

    @property
    def dated_by(self) -> str:
        """The role that gives a row its day (R2)."""
        return {"sessions": "started_at", "daily": "on", "freezes": "covered_on"}.get(self.kind, "occurred_at")

    @property
    def is_without_ids(self) -> bool:
        """Whether a learner has one row on a date (R20)."""
        return self.kind == "daily" and "event_id" not in self.roles


@dataclass(frozen=True)
class World:
    """Everything that the sources hold, and the configuration that matters to the numbers.

    `rows` maps a stream's name to its raw rows, keyed by role (`event_id`, `user_id`, `occurred_at` …); a missing key
    is NULL. `users_landings` are the landings of users in the order of their runs, each with its run's last day.
    `users_taken_at` is the instant of their snapshots, None for one that is long after everything that happens.
    Several streams of learners are named by `users_streams`, in their order; each row then has the key `stream`, and
    what no row of a stream has is not mapped there. They have `users_prefixes`, or are merged. `zone_names` are IANA
    zones by the names that applications have for them. `lookups` say, for the streams that have one, whose the keys are
    that stand there for learners.
    `week_start`, `level_thresholds` and `level_step` are those of the configuration (R28, R29), and so is
    `is_by_stream` (R31).
    `users_in_force` numbers the one whose learners are there; it is the last, unless a run died half-way through one.
    """

    first_day: date
    newest_day: date
    streams: tuple[Stream, ...]
    rows: Mapping[str, Sequence[Mapping[str, object]]]
    users_landings: tuple[tuple[date, Sequence[Mapping[str, object]]], ...]
    default_timezone: str = "UTC"
    level_metric: str = "xp_earned"
    min_active_days: int = 5
    users_stream: str = "users"
    users_in_force: int | None = None
    users_taken_at: int | None = None
    users_streams: tuple[str, ...] = ()
    users_prefixes: Mapping[str, str] = field(default_factory=dict)
    are_users_merged: bool = False
    zone_names: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Mapping[object, object]] = field(default_factory=dict)
    week_start: str = "sunday"
    level_thresholds: tuple[int, ...] = (0,)
    level_step: int | None = None
    is_by_stream: bool = False


# --- raw values -----------------------------------------------------------------------------------------------------


def text_of(raw: object) -> str | None:
    """The text of a raw scalar, None if it is NULL, no UTF-8 or has a NUL."""
    if isinstance(raw, bytes):
        try:
            raw = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return None if raw is None or "\0" in str(raw) else str(raw)


def identifier(raw: object) -> tuple[str | None, str | None]:
    """An id as text (R26), and what is wrong with it: None, `missing` or `bad_text` (R19)."""
    if raw is None or raw in ("", b""):
        return None, "missing"
    text = text_of(raw)
    if text is None or len(text.encode("utf-8")) > 1024:
        return None, "bad_text"
    looks_like_a_uuid = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text)
    return (text.lower() if looks_like_a_uuid else text), None


READABLE_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)


def instant(raw: object, timezone: str) -> int | None:
    """The instant of a raw value, None where it is null or unreadable (R1); `timezone` is for values without a zone."""
    try:
        if isinstance(raw, str) and READABLE_INSTANT.fullmatch(raw):
            raw = datetime.fromisoformat(raw)
        if isinstance(raw, date) and not isinstance(raw, datetime):
            raw = datetime(raw.year, raw.month, raw.day)
        if not isinstance(raw, datetime):
            return None
        # fold=0 is R1: the earlier of two instants, and what does not exist moves forward by the gap
        aware = raw if raw.tzinfo is not None else raw.replace(tzinfo=zone(timezone), fold=0)
        return (aware.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def is_deletion(raw: object, taken_at: int | None) -> bool:
    """Whether a learner is deleted: by an instant up to a day after the snapshot, or by no instant (R3)."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    if raw is None or text.lower() in ("", "0", "0.0", "infinity"):
        return False
    if re.fullmatch(r"0000-00-00([ T]00:00(:00(\.0{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?", text):
        return False
    if text[:10] == "9999-12-31" and READABLE_INSTANT.fullmatch(text):  # in UTC that may be in the year 10000
        return False
    at = instant(raw, "UTC")
    return at is None or at <= (taken_at if taken_at is not None else day_start(date(9990, 1, 1))) + DAY


def whole_amount(raw: object) -> int | None:
    """An amount of XP, None if it is not an integer within ±10^12 (R19)."""
    if isinstance(raw, str) and re.fullmatch(r"[+-]?[0-9]+(\.0*)?", raw):
        raw = Decimal(raw)
    if isinstance(raw, float | Decimal) and not math.isfinite(raw):
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        return None
    return int(raw) if -(10**12) <= raw <= 10**12 and raw == int(raw) else None


def truth(raw: object) -> bool | None:
    """A yes or no as a source spells it, None if it is neither (R19)."""
    if isinstance(raw, str):
        return {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}.get(raw.lower())
    if isinstance(raw, int | float | Decimal) and raw in (0, 1):
        return raw == 1
    return None


def rank(value: object) -> tuple[object, ...]:
    """A sort key: null is the smallest, numbers as numbers, text by bytes (R20)."""
    if value is None:
        return (False,)
    return (True, value.encode("utf-8") if isinstance(value, str) else value)


def sorted_rows(rows: Sequence[Row]) -> list[Row]:
    """Rows in one order, whatever they hold."""
    return sorted(rows, key=lambda row: [rank(value) for value in row])


# --- days and zones -------------------------------------------------------------------------------------------------


@cache
def zone_names() -> frozenset[str]:
    """The IANA names of the `tzdata` wheel (R4)."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """A zone of the `tzdata` wheel, never the system's."""
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def offset(timezone: str, at: int) -> int:
    """Local time minus UTC at an instant, in microseconds."""
    utc = EPOCH + timedelta(microseconds=at)
    local = utc.astimezone(zone(timezone))
    return (local.replace(tzinfo=None) - utc.replace(tzinfo=None)) // timedelta(microseconds=1)


def local_date(timezone: str, at: int) -> date:
    """The local date of an instant."""
    return (EPOCH + timedelta(microseconds=at + offset(timezone, at))).date()


def utc_day(at: int) -> date:
    """The UTC day of an instant (R2)."""
    return (EPOCH + timedelta(microseconds=at)).date()


def day_start(day: date) -> int:
    """The instant at which a UTC day begins."""
    return (day - EPOCH.date()).days * DAY


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def next_offset_change(timezone: str, after: int) -> int:
    """The first instant in the day after `after` (a whole second) with another offset, else that day's end."""
    here = offset(timezone, after)
    for hour in range(after, after + DAY, HOUR):
        if offset(timezone, hour + HOUR) != here:
            low, high = hour, hour + HOUR
            while high - low > SECOND:
                middle = low + (high - low) // (2 * SECOND) * SECOND
                low, high = (middle, high) if offset(timezone, middle) == here else (low, middle)
            return high
    return after + DAY


@cache
def local_dates(timezone: str, day: date) -> tuple[tuple[int, int, date], ...]:
    """A UTC day cut into pieces (from, to, local date) at every local midnight and change of offset (R5, R7)."""
    pieces: list[tuple[int, int, date]] = []
    here, end_of_day = day_start(day), day_start(day) + DAY
    while here < end_of_day:
        next_midnight = here + DAY - (here + offset(timezone, here)) % DAY
        there = min(next_midnight, next_offset_change(timezone, here), end_of_day)
        pieces.append((here, there, local_date(timezone, here)))
        here = there
    return tuple(pieces)


# --- learners -------------------------------------------------------------------------------------------------------


OfNight = tuple[int | None, float | None, int | None]  # savers left, a booster's multiplier, and when it ends


@dataclass
class Learners:
    """What the landings of users say: those present now, their zones over time, and what was quarantined."""

    username: dict[str, str | None] = field(default_factory=dict)
    of_night: dict[str, OfNight] = field(default_factory=dict)
    is_public: dict[str, bool] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    zones: dict[str, list[tuple[date, str | None]]] = field(default_factory=dict)
    streams: dict[str, list[str]] = field(default_factory=dict)
    quarantine: list[Row] = field(default_factory=list)

    def spelled_zone(self, user_id: str, day: date) -> str | None:
        """The zone in force on a day, as the source spells it: the last record up to it, else the earliest (R3)."""
        records = self.zones[user_id]
        return next((spelling for from_day, spelling in reversed(records) if from_day <= day), records[0][1])

    def live(self) -> list[str]:
        """The learners of the public tables (R21)."""
        return sorted(set(self.username) - self.deleted)


def read_learners(world: World) -> Learners:
    """The learners after the last landing of users, with the zones that every landing recorded (R3)."""
    learners = Learners()
    for last_day, rows in world.users_landings:
        for user_id, (_, timezone, *_) in merged_users(world, rows, Learners()).items():
            record_zone(learners.zones.setdefault(user_id, []), last_day, timezone)
    in_force = -1 if world.users_in_force is None else world.users_in_force
    _, rows = world.users_landings[in_force]
    for user_id, (username, _, is_public, is_deleted, of_night) in merged_users(world, rows, learners).items():
        learners.username[user_id] = username
        learners.of_night[user_id] = of_night
        learners.is_public[user_id] = is_public
        if is_deleted:
            learners.deleted.add(user_id)
    return learners


User = tuple[str | None, str | None, bool, bool, OfNight]  # username, timezone, is_public, is_deleted, and of the night


def streams_with(world: World, role: str) -> set[str]:
    """The streams of learners that map a role: any row of theirs has the key."""
    rows = [row for _, landing in world.users_landings for row in landing]
    return {str(row.get("stream", world.users_stream)) for row in rows if role in row}


def merged_users(world: World, rows: Sequence[Mapping[str, object]], learners: Learners) -> dict[str, User]:
    """One row per id of all streams: the first value that is not null, in the order of the streams (R3)."""
    saying = streams_with(world, "is_public")
    merged: dict[str, dict[str, User]] = {}
    for stream in world.users_streams or (world.users_stream,):
        own = [row for row in rows if row.get("stream", world.users_stream) == stream]
        for user_id, user in resolved_users(world, stream, own, learners).items():
            learners.streams.setdefault(user_id, []).append(stream)
            merged.setdefault(user_id, {})[stream] = user
    users: dict[str, User] = {}
    for user_id, by_stream in merged.items():
        is_public = [user[2] for stream, user in by_stream.items() if stream in saying]
        users[user_id] = (
            next((user[0] for user in by_stream.values() if user[0] is not None), None),
            next((user[1] for user in by_stream.values() if user[1] is not None), None),
            bool(is_public) and all(is_public) and (len(is_public) == len(saying) or not world.are_users_merged),
            any(user[3] for user in by_stream.values()),
            oracle_profile.first_of_each([user[4] for user in by_stream.values()]),
        )
    return users


def resolved_users(
    world: World, stream: str, rows: Sequence[Mapping[str, object]], learners: Learners
) -> dict[str, User]:
    """One row per id of a stream, the greatest content (R20); rows without a good id go to quarantine."""
    best: dict[str, User] = {}
    for row in rows:
        user_id, problem = identifier(row.get("user_id"))
        if user_id is not None:  # the prefix stands before the id that it would be without one
            user_id, problem = identifier(world.users_prefixes.get(stream, "") + user_id)
        if user_id is None:
            reason = "missing_id" if problem == "missing" else "bad_text"
            learners.quarantine.append((stream, None, None, reason))
            continue
        content = (
            text_of(row.get("username")),
            text_of(row.get("timezone")),
            truth(row.get("is_public")) is True,
            is_deletion(row.get("deleted_at"), world.users_taken_at),
            (
                whole_amount(row.get("freezes_available")),
                oracle_profile.number(row.get("booster_multiplier")),
                instant(row.get("booster_ends_at"), "UTC"),
            ),
        )
        best[user_id] = max(best.get(user_id, content), content, key=rank_of_user)
    return best


def rank_of_user(user: User) -> list[tuple[object, ...]]:
    """A sort key of a learner's content (R3)."""
    return [rank(value) for value in (*user[:4], *user[4])]


def record_zone(records: list[tuple[date, str | None]], last_day: date, timezone: str | None) -> None:
    """Record a zone as a run with that last day does: forget that day's record, add what differs from the last (R3)."""
    records[:] = [record for record in records if record[0] < last_day]
    if not records or records[-1][1] != timezone:
        records.append((last_day, timezone))


def zone_of(world: World, learners: Learners, user_id: str, day: date) -> str:
    """The zone in which a learner's dates are cut on a UTC day: the default where the recorded one is bad (R4)."""
    return known_zone(world, learners.spelled_zone(user_id, day)) or world.default_timezone


def known_zone(world: World, spelled: str | None) -> str | None:
    """The IANA zone that a spelling means, None if it means none (R4)."""
    meant = world.zone_names.get(spelled, spelled) if spelled is not None else None
    return meant if meant in zone_names() else None


# --- landings -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A row that passed R19; `at` is the instant that gives it its day, `end` a session's last instant (R8)."""

    event_id: str
    user_id: str
    at: int
    updated_at: int | None
    end: int = 0
    amount: int = 0
    passed: bool = False
    is_deleted: bool = False
    totals: tuple[int, ...] = (0, 0, 0, 0, 0)
    content: tuple[object, ...] = ()


def starting_instant(stream: Stream, row: Mapping[str, object]) -> int | None:
    """The instant that gives a raw row its day, None if it is undated (R2); of an own date its 00:00."""
    if stream.has_own_dates:
        own = oracle_daily.own_date(row.get(stream.dated_by))
        return None if own is None else day_start(own)
    return instant(row.get(stream.dated_by), stream.timezone)


def judged(stream: Stream, row: Mapping[str, object]) -> Event | str:
    """A raw row as an event, or the one reason why it is quarantined, in the order of R19."""
    at = starting_instant(stream, row)
    if at is None:
        return "missing_time"
    event_id, event_problem = identifier(row.get("user_id" if stream.is_without_ids else "event_id"))
    user_id, user_problem = identifier(row.get("user_id"))
    if event_id is None or user_id is None:
        missing = {(event_problem, "missing"): "missing_user", ("missing", user_problem): "missing_id"}
        no_learner = {("missing", "missing"): "missing_user"} if stream.is_without_ids else {}
        return (missing | no_learner).get((event_problem, user_problem), "bad_text")
    roles = ("updated_at", "ended_at", "last_activity_at") if stream.kind == "sessions" else ("updated_at",)
    others = {role: instant(row.get(role), stream.timezone) for role in roles}
    if any(row.get(role) is not None and others[role] is None for role in roles):
        return "bad_time"
    is_deleted = is_deletion(row.get("deleted_at"), None)
    draft = Event(event_id, user_id, at, updated_at=others["updated_at"], is_deleted=is_deleted)
    if stream.kind == "sessions":
        return judged_session(draft, others["ended_at"], others["last_activity_at"], stream.longer_than_24h)
    if stream.kind in ("daily", "freezes"):
        return judged_date(draft, stream, row)
    return judged_xp(draft, row.get("amount")) if stream.kind == "xp" else judged_quiz(draft, row.get("passed"))


def judged_session(
    draft: Event, ended_at: int | None, last_activity_at: int | None, longer_than_24h: str
) -> Event | str:
    """A session with its end (R8), or the reason why it is none."""
    end = draft.at
    if last_activity_at is not None:
        end = last_activity_at
    if ended_at is not None:
        end = ended_at
    if end < draft.at:
        return "ended_before_started"
    if end - draft.at > DAY and longer_than_24h == "quarantine":
        return "longer_than_24h"
    if end - draft.at > DAY and longer_than_24h == "cap":
        end = ended_at = draft.at + DAY
    if end - draft.at > DAY:
        end, ended_at, last_activity_at = draft.at, None, None
    return replace(draft, end=end, content=(draft.user_id, draft.at, ended_at, last_activity_at))


def judged_xp(draft: Event, raw: object) -> Event | str:
    """An XP event with its amount, or the reason why it is none."""
    amount = whole_amount(raw)
    return "bad_amount" if amount is None else replace(draft, amount=amount, content=(draft.user_id, draft.at, amount))


def judged_quiz(draft: Event, raw: object) -> Event | str:
    """An attempt with its outcome, or the reason why it is none."""
    passed = truth(raw)
    return "bad_passed" if passed is None else replace(draft, passed=passed, content=(draft.user_id, draft.at, passed))


def judged_date(draft: Event, stream: Stream, row: Mapping[str, object]) -> Event | str:
    """Totals by day, or a date that a saver covers."""
    if stream.kind == "freezes":
        return replace(draft, content=(draft.user_id, draft.at))
    return judged_totals(draft, oracle_daily.totals(row, stream.roles, dict(stream.constants), whole_amount))


def judged_totals(draft: Event, totals: tuple[int, ...] | None) -> Event | str:
    """Totals by day, or the reason why they are none."""
    content = (draft.user_id, draft.at, *(totals or ()))
    return "bad_amount" if totals is None else replace(draft, totals=totals, content=content)


@dataclass
class Landings:
    """The events of every stream and day after R19 and R20, with what was left out and the counts."""

    events: list[tuple[Stream, Event]] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    counts: list[Row] = field(default_factory=list)


def land(world: World) -> Landings:
    """Every stream's rows from `first_day` to the newest day, validated and without doubles."""
    landings = Landings()
    for stream in world.streams:
        passing: dict[date, list[Event]] = defaultdict(list)
        refused: dict[date, int] = defaultdict(int)
        for row in world.rows.get(stream.name, ()):
            verdict = judged(stream, row)
            at = starting_instant(stream, row)
            day = None if at is None else utc_day(at)
            if day is not None and not world.first_day <= day <= world.newest_day:
                continue
            if isinstance(verdict, Event):
                passing[utc_day(verdict.at)].append(verdict)
                continue
            event_id, _ = identifier(row.get("user_id" if stream.is_without_ids else "event_id"))
            landings.quarantine.append((stream.name, day, event_id, verdict))
            if day is not None:
                refused[day] += 1
        for day in days(world.first_day, world.newest_day):
            kept, conflicts = without_doubles(passing[day])
            alive = [event for event in kept if not event.is_deleted]
            landings.events.extend((stream, replace(event, user_id=owner(world, stream, event))) for event in alive)
            source_rows, duplicates = len(passing[day]) + refused[day], len(passing[day]) - len(kept)
            counts = (source_rows, len(alive), refused[day], duplicates, len(kept) - len(alive), conflicts)
            landings.counts.append((stream.name, day, *counts))
    return landings


def owner(world: World, stream: Stream, event: Event) -> str:
    """Whose an event is: of a stream with a lookup the learner whom that names, else somebody unknown (R26)."""
    lookup = world.lookups.get(stream.name)
    if lookup is None:
        return event.user_id
    keys = {identifier(key)[0]: identifier(learner)[0] for key, learner in lookup.items()}
    return keys.get(event.user_id) or f"nobody, but {event.user_id}"


def without_doubles(events: Sequence[Event]) -> tuple[list[Event], int]:
    """One event per id, and the number of ids whose rows differ in content (R20)."""
    by_id: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_id[event.event_id].append(event)
    kept = [
        max(same, key=lambda e: [rank(e.updated_at), *map(rank, e.content), e.is_deleted]) for same in by_id.values()
    ]
    conflicts = sum(len({event.content for event in same}) > 1 for same in by_id.values())
    return kept, conflicts


# --- measures -------------------------------------------------------------------------------------------------------


def union(intervals: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals without overlaps that cover the same microseconds (R7)."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def open_time(world: World, learners: Learners, user_id: str, sessions: Sequence[Event]) -> dict[date, int]:
    """The microseconds of each local date during which at least one session of the learner was open (R7, R8)."""
    total: dict[date, int] = defaultdict(int)
    for day in days(world.first_day, world.newest_day):
        midnight, next_midnight = day_start(day), day_start(day) + DAY
        clipped = [(max(s.at, midnight), min(s.end, next_midnight)) for s in sessions]
        for start, end in union([(start, end) for start, end in clipped if start < end]):
            for piece_start, piece_end, local in local_dates(zone_of(world, learners, user_id, day), day):
                total[local] += max(0, min(end, piece_end) - max(start, piece_start))
    return total


def measures_by_date(
    world: World, learners: Learners, user_id: str, events: Sequence[tuple[Stream, Event]]
) -> dict[date, tuple[int, ...]]:
    """The five measures of every active local date of a learner (R6, R11)."""
    sums = sums_by_date(world, learners, user_id, events)
    floored = {local: (max(0, values[0]), *values[1:]) for local, values in sums.items()}
    return {local: values for local, values in floored.items() if any(value > 0 for value in values)}


def sums_by_date(
    world: World, learners: Learners, user_id: str, events: Sequence[tuple[Stream, Event]]
) -> dict[date, tuple[int, ...]]:
    """Signed XP and the other measures of every local date of a learner, of these events (R5, R7, R9, R10)."""
    sums: dict[date, list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    for stream, event in events:
        day = utc_day(event.at)
        local = day if stream.has_own_dates else local_date(zone_of(world, learners, user_id, day), event.at)
        if stream.kind == "xp":
            sums[local][0] += event.amount
        elif stream.kind == "daily":
            sums[local] = [before + total for before, total in zip(sums[local], event.totals, strict=True)]
        elif stream.kind == "sessions":
            sums[local][2] += 1
        else:
            sums[local][3] += 1
            sums[local][4] += event.passed
    sessions = [event for stream, event in events if stream.kind == "sessions"]
    for local, microseconds in open_time(world, learners, user_id, sessions).items():
        sums[local][1] += microseconds // SECOND
    return {local: tuple(values) for local, values in sorted(sums.items())}


def by_stream(
    world: World, learners: Learners, user_id: str, events: Sequence[tuple[Stream, Event]]
) -> dict[tuple[date, str], tuple[int, ...]]:
    """What a learner has of each stream by itself, by date: its own XP, signed, and its own union of sessions (R31)."""
    found: dict[tuple[date, str], tuple[int, ...]] = {}
    for name in {stream.name for stream, _ in events}:
        own = [(stream, event) for stream, event in events if stream.name == name]
        for local, values in sums_by_date(world, learners, user_id, own).items():
            if any(values):
                found[local, name] = values
    return found


# --- window and levels ----------------------------------------------------------------------------------------------


@dataclass
class Pulse:
    """A learner's window: its measures by date, then the cuts and the level of each active day."""

    window_start: date
    window_end: date
    last_complete_date: date
    active: dict[date, tuple[int, ...]]
    cuts: tuple[int | None, int | None, int | None] = (None, None, None)
    population: str = "platform"
    level: dict[date, int] = field(default_factory=dict)

    def is_complete(self, day: date) -> bool:
        """Whether a date was over when the data ended (R12)."""
        return day <= self.last_complete_date

    def entries(self) -> list[tuple[date, tuple[int, ...], int]]:
        """Each of the 365 days with its measures and level, oldest first."""
        nothing = (0,) * len(MEASURES)
        window = days(self.window_start, self.window_end)
        return [(day, self.active.get(day, nothing), self.level.get(day, 0)) for day in window]

    def totals(self) -> tuple[int, ...]:
        """The sums of the 365 entries, one per measure (R13)."""
        return tuple(sum(values[number] for _, values, _ in self.entries()) for number in range(len(MEASURES)))


def pulse_in_window(world: World, timezone: str, history: Mapping[date, tuple[int, ...]]) -> Pulse:
    """The window that ends on the local date one microsecond before `data_through` (R12), without levels."""
    window_end = local_date(timezone, day_start(world.newest_day) + DAY - 1)
    window_start = window_end - timedelta(days=WINDOW_DAYS - 1)
    active = {day: values for day, values in history.items() if window_start <= day <= window_end}
    return Pulse(window_start, window_end, last_complete_date(timezone, world.newest_day), active)


def last_complete_date(timezone: str, newest_day: date) -> date:
    """The date before the one on which `data_through` falls (R12): no instant of it is still to come."""
    return local_date(timezone, day_start(newest_day) + DAY) - timedelta(days=1)


def nearest_rank_cuts(population: Sequence[int]) -> tuple[int, int, int]:
    """The scores at positions ceil(n/4), ceil(n/2) and ceil(3n/4) of the sorted population (R17)."""
    ordered, n = sorted(population), len(population)
    return ordered[-(-n // 4) - 1], ordered[-(-n // 2) - 1], ordered[-(-3 * n // 4) - 1]


def level_of(score: int, population: Sequence[int]) -> int:
    """The level of an active day's score (R15, R17)."""
    low = min(population)
    cut_2, cut_3, cut_4 = nearest_rank_cuts(population)
    if low == max(population):
        return 2
    if (score >= cut_4 > low) or (cut_4 == low and score > low):
        return 4
    if score >= cut_3 > low:
        return 3
    if score >= cut_2 > low:
        return 2
    return 1


def set_levels(world: World, pulses: Mapping[str, Pulse]) -> None:
    """Give every pulse its population, cuts and levels (R15 to R18)."""
    position = MEASURES.index(world.level_metric)
    scores = {user: [values[position] for values in pulse.active.values()] for user, pulse in pulses.items()}
    platform = [score for own in scores.values() for score in own]
    for user, pulse in pulses.items():
        has_enough = len(scores[user]) >= world.min_active_days
        population = scores[user] if has_enough else platform
        pulse.population = "own" if has_enough else "platform"
        if population:
            pulse.cuts = nearest_rank_cuts(population)
            pulse.level = {day: level_of(values[position], population) for day, values in pulse.active.items()}


# --- profile --------------------------------------------------------------------------------------------------------


def profile_tables(world: World, result: Result) -> dict[str, list[Row]]:
    """The tables of the profile (R27 to R30)."""
    found: dict[str, list[Row]] = {name: [] for name in ("streaks", "weekly_activity", "xp_totals", "zones_over_time")}
    for user, pulse in result.pulses.items():
        history, end = result.history[user], pulse.window_end
        xp_dates = {day for day, values in history.items() if values[0] > 0}
        covered, nothing = result.covered[user], (0,) * len(MEASURES)
        savers, multiplier, ends_at = result.learners.of_night[user]
        found["streaks"].append((user, *oracle_profile.streaks(xp_dates, covered, end), max(savers or 0, 0)))
        week = oracle_profile.week(end, world.week_start)
        found["weekly_activity"] += [
            (user, day, *history.get(day, nothing), day in covered) for day in week if day in history or day in covered
        ]
        total = sum(values[0] for day, values in history.items() if day <= end)
        level = oracle_profile.level_of_xp(total, world.level_thresholds, world.level_step)
        booster = oracle_profile.booster(multiplier, ends_at, day_start(world.newest_day) + DAY)
        found["xp_totals"].append((user, total, *level, *booster))
        records = result.learners.zones[user]
        days_from = [date(1, 1, 1), *(from_day for from_day, _ in records[1:])]
        found["zones_over_time"] += [
            (user, known_zone(world, spelled) or world.default_timezone, from_day)
            for from_day, (_, spelled) in zip(days_from, records, strict=True)
        ]
    return found | yearly_tables(world, result)


def yearly_tables(world: World, result: Result) -> dict[str, list[Row]]:
    """Calendar years, with levels by the learner's own days of the year, or by everybody's (R30)."""
    position = MEASURES.index(world.level_metric)
    years = {
        (user, year): days
        for user, pulse in result.pulses.items()
        for year, days in oracle_profile.by_year(result.history[user], pulse.window_end).items()
    }
    platform: dict[int, list[int]] = defaultdict(list)
    for (_, year), days_of_year in years.items():
        platform[year] += [values[position] for values in days_of_year.values()]
    totals: list[Row] = []
    pulse_of_years: list[Row] = []
    for (user, year), days_of_year in years.items():
        own = [values[position] for values in days_of_year.values()]
        has_enough = len(own) >= world.min_active_days
        population = own if has_enough else platform[year]
        cuts = (min(population), max(population), *nearest_rank_cuts(population))
        of_year = oracle_profile.sums(days_of_year.values())
        totals.append((user, year, *of_year, len(own), *cuts, "own" if has_enough else "platform"))
        pulse_of_years += [
            (user, year, day, *values, level_of(values[position], population)) for day, values in days_of_year.items()
        ]
    return {"yearly_totals": totals, "yearly_pulse": pulse_of_years}


# --- the whole ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """All steps' results for one world."""

    learners: Learners
    landings: Landings
    history: dict[str, dict[date, tuple[int, ...]]]
    pulses: dict[str, Pulse]
    covered: dict[str, set[date]]
    streams: dict[str, dict[tuple[date, str], tuple[int, ...]]]


_LAST: list[tuple[World, Result]] = []  # whoever asks for one learner after the other asks for the same world


def worked_out(world: World) -> Result:
    """Every learner's whole history and window; of the world that was asked for last it is known."""
    if not _LAST or _LAST[0][0] is not world:
        _LAST[:] = [(world, _worked_out(world))]
    return _LAST[0][1]


def _worked_out(world: World) -> Result:
    learners, landings = read_learners(world), land(world)
    events: dict[str, list[tuple[Stream, Event]]] = defaultdict(list)
    for stream, event in landings.events:
        events[event.user_id].append((stream, event))
    active = {user: [event for event in of_user if event[0].kind != "freezes"] for user, of_user in events.items()}
    history = {user: measures_by_date(world, learners, user, active.get(user, [])) for user in learners.live()}
    covered = {
        user: {utc_day(event.at) for stream, event in events[user] if stream.kind == "freezes"} for user in history
    }
    pulses = {
        user: pulse_in_window(world, zone_of(world, learners, user, world.newest_day), history[user])
        for user in history
    }
    set_levels(world, pulses)
    streams = {user: by_stream(world, learners, user, active.get(user, [])) for user in history if world.is_by_stream}
    return Result(learners, landings, history, pulses, covered, streams)


def counters(world: World, result: Result) -> Row:
    """bad_zones, unknown_user_rows and deleted_user_rows of `version_info` (R4, R21)."""
    learners = result.learners
    giving = streams_with(world, "timezone")  # who is in no such stream has no bad zone
    users = [user for user in learners.live() if giving & set(learners.streams[user])]
    zones = [known_zone(world, learners.spelled_zone(user, world.newest_day)) for user in users]
    owners = [event.user_id for stream, event in result.landings.events if stream.kind != "freezes"]
    return (
        sum(zone is None for zone in zones),
        sum(owner not in learners.username for owner in owners),
        sum(owner in learners.deleted for owner in owners),
    )


def tables(world: World) -> dict[str, list[Row]]:
    """Every public table as sorted tuples, without `user_key` and times of extraction, and the counters.

    Columns: users (user_id, username, timezone, is_public); daily_activity (user_id, activity_date, five measures);
    learning_pulse (the same, level); learning_pulse_calendar (the same, is_complete); pulse_totals (user_id,
    window_start, window_end, year, the five totals in the order of the measures, last_complete_date, active_days,
    cut_2, cut_3, cut_4, cut_population); quarantine (stream, day, event_id, reason), repeated rows kept; landings
    (stream, day, source_rows, rows, quarantined, duplicates, deleted, conflicts), empty ones too; of version_info
    counters (bad_zones, unknown_user_rows, deleted_user_rows) and complete_through, one row each. The tables of the
    profile, and activity_by_stream where there is one, have all their columns in their order.
    """
    result = worked_out(world)
    learners, pulses = result.learners, result.pulses
    found: dict[str, list[Row]] = {
        "users": [
            (user, learners.username[user], zone_of(world, learners, user, world.newest_day), learners.is_public[user])
            for user in learners.live()
        ],
        "daily_activity": [
            (user, day, *values) for user, history in result.history.items() for day, values in history.items()
        ],
        "learning_pulse": [
            (user, day, *values, pulse.level[day])
            for user, pulse in pulses.items()
            for day, values in pulse.active.items()
        ],
        "pulse_totals": [
            (
                *(user, pulse.window_start, pulse.window_end, pulse.window_end.year),
                *pulse.totals(),
                *(pulse.last_complete_date, len(pulse.active), *pulse.cuts, pulse.population),
            )
            for user, pulse in pulses.items()
        ],
        "learning_pulse_calendar": [
            (user, day, *values, level, pulse.is_complete(day))
            for user, pulse in pulses.items()
            for day, values, level in pulse.entries()
        ],
        "quarantine": result.landings.quarantine + learners.quarantine,
        "landings": result.landings.counts,
        "counters": [counters(world, result)],
        "complete_through": [(complete_through(world, pulses),)],
        **profile_tables(world, result),
    }
    if world.is_by_stream:
        found["activity_by_stream"] = [
            (user, *key, *values) for user, own in result.streams.items() for key, values in own.items()
        ]
    return {name: sorted_rows(rows) for name, rows in found.items()}


def complete_through(world: World, pulses: Mapping[str, Pulse]) -> date:
    """The last date that is over for everybody; for the default zone where there is nobody (R12)."""
    everybody = [pulse.last_complete_date for pulse in pulses.values()]
    return min(everybody, default=last_complete_date(world.default_timezone, world.newest_day))


def header_complete_through(world: World, user_id: str) -> str:
    """The header `X-Pulse-Complete-Through` of a learner's answer, known or not (R12, R14)."""
    pulse = worked_out(world).pulses.get(user_id) or pulse_in_window(world, world.default_timezone, {})
    return pulse.last_complete_date.isoformat()


def body(world: World, user_id: str) -> dict[str, object]:
    """The JSON body of `GET /api/xp/learning-pulse` for a learner's id in its canonical form, known or not (R14)."""
    pulse = worked_out(world).pulses.get(user_id) or pulse_in_window(world, world.default_timezone, {})
    _, learning_time, sessions, quizzes, quizzes_passed = pulse.totals()
    return {
        "data": [
            {"date": day.isoformat(), **dict(zip(MEASURES, values, strict=True)), "level": level}
            for day, values, level in pulse.entries()
        ],
        "total_learning_time": learning_time,
        "total_sessions": sessions,
        "total_quizzes": quizzes,
        "total_quizzes_passed": quizzes_passed,
        "year": pulse.window_end.year,
    }
