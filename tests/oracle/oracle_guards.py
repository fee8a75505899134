"""The independent oracle of R22: which checks have to keep a night's version from its readers, from the raw rows.

Plain Python over one stream that lands whole every night, as `oracle.py` judges its rows. Nothing is taken from the
product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.oracle.oracle import Event, Stream, identifier, judged, rank, starting_instant, utc_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

FLOOR, BUDGET_PERCENT, GAP = 20, 1, 5
UNDATED = "missing_time"


@dataclass(frozen=True)
class Quarantined:
    """A row that broke a rule: what makes it the same row on another night."""

    reason: str
    day: date | None
    identity: tuple[object, ...]
    is_unreadable: bool  # of an undated row: whether there is an instant that nobody reads
    is_no_boolean: bool  # whether `passed` is there and neither yes nor no


def says_nothing(raw: object) -> bool:
    """Whether an instant is null, or what those write who have no null (R19)."""
    text = "" if raw is None else str(raw).strip()
    return text in ("", "0") or text == "0000-00-00" or text.startswith(("0000-00-00 ", "0000-00-00T"))


def quarantined(stream: Stream, row: Mapping[str, object], reason: str) -> Quarantined:
    """What R22 knows of a row that `judged` refuses."""
    raw = row.get("started_at" if stream.kind == "sessions" else "occurred_at")
    at = starting_instant(stream, row)
    event_id, _ = identifier(row.get("event_id"))
    whole = tuple(sorted((role, str(value)) for role, value in row.items()))
    identity = (event_id,) if reason == UNDATED and event_id is not None else whole
    is_no_boolean = reason == "bad_passed" and row.get("passed") is not None
    day = None if at is None else utc_day(at)
    return Quarantined(reason, day, identity, reason == UNDATED and not says_nothing(raw), is_no_boolean)


def foreign_duplicates(events: Sequence[Event]) -> Counter[date]:
    """How many rows of a day lost to a row of another learner with the same id (R20)."""
    found: Counter[date] = Counter()
    by_id: dict[tuple[date, str], list[Event]] = defaultdict(list)
    for event in events:
        by_id[utc_day(event.at), event.event_id].append(event)
    for (day, _), same in by_id.items():
        winner = max(same, key=lambda e: [rank(e.updated_at), *map(rank, e.content)])
        found[day] += sum(event.user_id != winner.user_id for event in same)
    return found


@dataclass
class Guards:
    """What a night has to be compared with: what is published, and what was let through."""

    stream: Stream
    published: Counter[Quarantined] = field(default_factory=Counter)
    published_through: date | None = None
    accepted: Counter[Quarantined] = field(default_factory=Counter)
    accepted_duplicates: Counter[date] = field(default_factory=Counter)

    def night(self, rows: Sequence[Mapping[str, object]], last: date, *, accepts: bool) -> set[str]:
        """Land every row up to a day, and return the checks that refuse; what is not refused is published."""
        events: list[Event] = []
        refused: Counter[Quarantined] = Counter()
        for row in rows:
            verdict = judged(self.stream, row)
            if isinstance(verdict, Event):
                events.append(verdict)
            else:
                refused[quarantined(self.stream, row, verdict)] += 1
        duplicates = foreign_duplicates(events)
        failing = set() if accepts else self._failing(events, refused, duplicates, last)
        if not failing:
            self.published, self.published_through = refused, last
        if accepts:
            self.accepted, self.accepted_duplicates = refused, duplicates
        return failing

    def _failing(
        self, events: Sequence[Event], refused: Counter[Quarantined], duplicates: Counter[date], last: date
    ) -> set[str]:
        not_seen = refused - (self.accepted | self.published)
        unreadable = sum(number for row, number in not_seen.items() if row.reason == UNDATED and row.is_unreadable)
        nulls = sum(number for row, number in not_seen.items() if row.reason == UNDATED and not row.is_unreadable)
        foreign = (duplicates - self.accepted_duplicates).total()
        dated = {row: number for row, number in (refused - self.accepted).items() if row.reason != UNDATED}
        new = len(events) + sum(number for row, number in refused.items() if row.reason != UNDATED) + unreadable
        in_budget = sum(dated.values()) + unreadable + foreign
        never_seen = sum(number for row, number in not_seen.items() if row.reason != UNDATED) + unreadable + foreign
        no_booleans = sum(number for row, number in dated.items() if row.is_no_boolean)
        found = set()
        if (
            2 * never_seen > new
            or (in_budget > FLOOR and 100 * in_budget > BUDGET_PERCENT * new)
            or 100 * no_booleans > BUDGET_PERCENT * new
        ):
            found.add("quarantine_within_budget")
        if nulls >= GAP and self._brings_no_row(events, refused, last):
            found.add("instants_filled")
        return found

    def _brings_no_row(self, events: Sequence[Event], refused: Counter[Quarantined], last: date) -> bool:
        """Whether the days that the published version lacks are there, and have no row."""
        through = self.published_through
        if through is not None and last <= through:
            return False
        days = [utc_day(event.at) for event in events] + [row.day for row in refused if row.day is not None]
        return all(through is not None and day <= through for day in days)
