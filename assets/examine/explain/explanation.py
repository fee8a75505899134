"""What `pulse explain` knows of a date of a learner, and all of it as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from assets.examine.explain.parts import ExplainedRow, Piece, Published, Source, Stretch, Sums, spelled

Status = Literal["known", "deleted", "unknown"]


@dataclass(frozen=True)
class Explanation:
    """Why a date of a learner is what it is.

    Args:
        user_id: the learner, as the lake spells it.
        status: whether the learner is among the users, deleted there, or not (R21).
        day: the local date.
        timezone: the zone in force on the UTC day of the date's name.
        begins_at: the instant at which the date begins in that zone, UTC without a zone attached.
        ends_at: the instant after its last.
        is_complete: whether the date is over for the learner, by what has landed.
        stretches: the UTC days, or parts of them, that lie on it.
        counting: the rows that count.
        not_counting: the rows that do not, with reasons.
        undated: rows of the learner that have no instant, so that no date has them.
        pieces: what of each session lies on the date.
        merged: the union of the pieces.
        sums: what the rows add up to; nothing for a learner who is deleted or unknown.
        is_covered: whether a streak saver covers the date (R27).
        score_metric: the measure that levels score.
        sources: the landings that were read.
        restatements: what versions have restated of the date, and why.
        newest_day: the last UTC day up to which every stream has landed.
        published: what the version says; None while nothing is published.
    """

    user_id: str
    status: Status
    day: date
    timezone: str
    begins_at: datetime
    ends_at: datetime
    is_complete: bool
    stretches: Sequence[Stretch]
    counting: Sequence[ExplainedRow]
    not_counting: Sequence[ExplainedRow]
    undated: Sequence[tuple[str, str]]
    pieces: Sequence[Piece]
    merged: Sequence[Piece]
    sums: Sums
    is_covered: bool
    score_metric: str
    sources: Sequence[Source]
    restatements: Sequence[Mapping[str, Any]]
    newest_day: date
    published: Published | None

    @property
    def score(self) -> int:
        """What the level of the date depends on (R15)."""
        return self.sums.measures[self.score_metric]

    @property
    def comparison(self) -> str:
        """How the version compares: `equal`, `older` than the lake, `other`, or `none` while nothing is published."""
        if self.published is None:
            return "none"
        if dict(self.published.measures) == self.sums.measures:
            return "equal"
        is_behind = self.published.newest_day < self.newest_day or any(not each.is_in_version for each in self.sources)
        return "older" if is_behind else "other"

    def to_json(self) -> dict[str, Any]:
        """Return all of it as an object of JSON."""
        published = self.published
        return {
            "user_id": self.user_id,
            "status": self.status,
            "date": self.day.isoformat(),
            "timezone": self.timezone,
            "begins_at": spelled(self.begins_at),
            "ends_at": spelled(self.ends_at),
            "is_complete": self.is_complete,
            "rows": [row.to_json() for row in self.counting],
            "rows_not_counted": [row.to_json() for row in self.not_counting],
            "rows_without_instant": [{"stream": stream, "row": row} for stream, row in self.undated],
            "pieces": [piece.to_json() for piece in self.pieces],
            "merged": [piece.to_json() for piece in self.merged],
            "xp_signed": self.sums.xp,
            "microseconds": self.sums.session_microseconds,
            **self.sums.measures,
            "is_freeze_covered": self.is_covered,
            "score": self.score,
            "landings": [
                {
                    "stream": each.stream,
                    "day": each.day.isoformat(),
                    "extracted_at": each.extracted_at,
                    "proven_at": each.proven_at,
                    "is_in_version": each.is_in_version,
                }
                for each in self.sources
            ],
            "restatements": [dict(each) for each in self.restatements],
            "comparison": self.comparison,
            "published": published
            and {
                "version": published.version,
                **published.measures,
                "level": published.level,
                "cuts": list(published.cuts),
                "population": published.population,
            },
        }
