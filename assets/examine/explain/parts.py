"""What an explanation consists of: rows, pieces of sessions, stretches of the date, sums, landings, and a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from assets.examine.explain.reasons import reason_text
from warehouse.zones import zone_info

MEASURES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class ExplainedRow:
    """A landed row of the learner that has something to do with the date.

    Args:
        stream: the stream's name.
        kind: the stream's kind.
        event_id: null where the row has none that can be used.
        instant: that by which R2 finds its day, UTC without a zone attached; of an own date (R5) its 00:00.
        ends_at: the end of a session (R8), of any other row its instant.
        timezone: the zone in force on its UTC day.
        has_own_date: whether it stands on the learner's own date, whatever the zone (R5).
        reason: why it does not count; None if it does.
        adds: what it adds to which measure; the time of sessions is in the pieces.
        open_microseconds: how much of a session lies on the date, whatever other sessions were open.
        source_row: a quarantined row as JSON by role.
    """

    stream: str
    kind: str
    event_id: str | None
    instant: datetime
    ends_at: datetime
    timezone: str
    has_own_date: bool
    reason: str | None
    adds: Mapping[str, int] = field(default_factory=dict)
    open_microseconds: int = 0
    source_row: str | None = None

    @property
    def local(self) -> datetime:
        """The instant in the learner's zone."""
        return self.instant.replace(tzinfo=UTC).astimezone(zone_info(self.timezone))

    def to_json(self) -> dict[str, Any]:
        """Return the row as an object of JSON."""
        content: dict[str, Any] = {"stream": self.stream, "kind": self.kind, "event_id": self.event_id}
        if self.has_own_date:
            content["on"] = self.instant.date().isoformat()
        else:
            content |= {"at": spelled(self.instant), "at_local": self.local.isoformat()}
        if self.kind == "sessions":
            content["ends_at"] = spelled(self.ends_at)
        if self.reason is not None:
            content |= {"reason": self.reason, "reason_text": reason_text(self.reason)}
            return content | ({} if self.source_row is None else {"row": self.source_row})
        content["adds"] = dict(self.adds)
        return content | ({"open_microseconds": self.open_microseconds} if self.kind == "sessions" else {})


@dataclass(frozen=True)
class Piece:
    """A stretch of time of the date in which a session was open, or several.

    Args:
        from_utc: its first instant, UTC without a zone attached.
        until_utc: the instant after its last.
        stream: that of the session; empty once pieces are merged.
        event_id: that of the session.
    """

    from_utc: datetime
    until_utc: datetime
    stream: str = ""
    event_id: str = ""

    @property
    def microseconds(self) -> int:
        """How long it is."""
        return (self.until_utc - self.from_utc) // MICROSECOND

    def to_json(self) -> dict[str, Any]:
        """Return the piece as an object of JSON."""
        of_session = {"stream": self.stream, "event_id": self.event_id} if self.stream else {}
        times = {"from": spelled(self.from_utc), "until": spelled(self.until_utc)}
        return {**of_session, **times, "microseconds": self.microseconds}


@dataclass(frozen=True)
class Stretch:
    """A part of a UTC day that lies on the date, by the zone in force on that day (R5)."""

    day: date
    timezone: str
    from_utc: datetime
    until_utc: datetime


@dataclass(frozen=True)
class Sums:
    """What the activity of the UTC days adds up to on the date, before the floors (R6, R7)."""

    xp: int = 0
    session_microseconds: int = 0
    sessions: int = 0
    quizzes: int = 0
    quizzes_passed: int = 0

    @property
    def measures(self) -> dict[str, int]:
        """The five measures, floored as the build does it."""
        values = (max(self.xp, 0), self.session_microseconds // 1_000_000)
        return dict(zip(MEASURES, (*values, self.sessions, self.quizzes, self.quizzes_passed), strict=True))


@dataclass(frozen=True)
class Source:
    """A landing that rows of the date may stand in.

    Args:
        stream: the stream's name.
        day: the UTC day.
        extracted_at: when its snapshot was taken, ISO 8601 in UTC.
        proven_at: when it was last found equal to its source.
        is_in_version: whether the version was made from it.
    """

    stream: str
    day: date
    extracted_at: str
    proven_at: str
    is_in_version: bool = True


@dataclass(frozen=True)
class Published:
    """What the version that readers get says of the date.

    Args:
        version: its name.
        newest_day: the last UTC day in it.
        level_metric: the measure that its levels score (R15).
        measures: the five measures of the date.
        level: that of the date; None where the version has none: after the window's end, or without a profile before.
        cuts: those that the level comes from.
        population: whose scores they divide; None where there is no level.
    """

    version: str
    newest_day: date
    level_metric: str
    measures: Mapping[str, int]
    level: int | None
    cuts: Sequence[int]
    population: str | None


def spelled(instant: datetime) -> str:
    """Return an instant in UTC as JSON has it.

    Args:
        instant: without a zone attached.
    """
    return f"{instant.isoformat()}Z"
