"""What a landing says of itself, in the metadata of its file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Self, TypeAlias

Figures: TypeAlias = Mapping[str, str]  # of a day, as its source says them: `rows`, `amount`, `checksum`, …
NO_ROWS: Figures = {"rows": "0"}


@dataclass(frozen=True)
class Landing:
    """What a landing says of itself, in the metadata of its file.

    Args:
        stream: the stream's name.
        day: the UTC day (R2).
        fingerprint: the mapping that it was made under (R23).
        extracted_at: when its snapshot was taken, UTC, ISO 8601.
        source_rows: rows of that day in the source, by the source's own count; the sum of `rows`, `quarantined`,
            `duplicates` and `deleted`.
        rows: rows that passed R19 and R20.
        quarantined: rows that broke a rule (R19).
        duplicates: rows dropped because their id counts once (R20).
        conflicts: ids that came with differing content (R20).
        sums: what activity has to conserve: `events`, and `amount` or `passed`; of totals by day each measure.
        content_hash: order-independent hash of the rows, in decimal.
        source: the source's own figures in the same snapshot, by days as it spells them. Empty in an old landing, for
            which they were not asked.
        columns: type of every column that the source's table had, mapped or not.
        foreign_duplicates: duplicates of another learner than the row that counts (R20). 0 in an old landing, for which
            they were not counted.
        deleted: events that are deleted in the source (R20).
        is_table_empty: whether the source's policies, where they are meant, left no row of any day to be seen.
        kind: that of the stream. Empty in an old landing, for which it was not noted.
        judged_by: what its rows were read and judged by, beside the mapping
            (`assets/step2_land/unchanged/judged_by.py`). Empty in an old landing, for which it was not noted.
        deletes_later: whether an event of the day is to be deleted later, so that it will land otherwise then (R20).
    """

    stream: str
    day: date
    fingerprint: str
    extracted_at: str
    source_rows: int
    rows: int
    quarantined: int
    duplicates: int
    conflicts: int
    sums: Mapping[str, int]
    content_hash: str
    source: Mapping[str, Figures] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    foreign_duplicates: int = 0
    deleted: int = 0
    is_table_empty: bool = False
    kind: str = ""
    judged_by: str = ""
    deletes_later: bool = False

    @property
    def is_daily(self) -> bool:
        """Whether its rows are totals by day, which have the column `measures`."""
        return "seconds" in self.sums

    def to_json(self) -> str:
        """Return the text that the file carries."""
        return json.dumps({**asdict(self), "day": self.day.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        content = json.loads(text)
        return cls(**{**content, "day": date.fromisoformat(content["day"])})
