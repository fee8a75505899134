"""What the last version that was put in place was made from: `lake/basis.parquet`.

By it the next one tells what it restates and why (docs/RULES.md, Words). Its rows are the learners' zones over time as
they were then; the rest is JSON in the file's metadata.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from warehouse import zones
from warehouse.configuration.configuration import Configuration
from warehouse.lake.days import DAY, days_between
from warehouse.lake.footers import ABOUT
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import sequence_of

NO_LANDINGS = {"zone_data", "default_timezone"}  # what else the activity of a day says that it was made from

WRITE_BASIS = (
    "copy (select user_id, zone, from_day from {zones}) to $file "
    f"(format parquet, kv_metadata {{{{{ABOUT}: $about}}}})"
)


@dataclass(frozen=True)
class Basis:
    """What a version was made from.

    Args:
        version: its name.
        first_day: the first UTC day that counted.
        default_timezone: the zone of learners without a good one.
        zone_data: the tzdata that cut the dates.
        content_hashes: of the activity of each UTC day; None where the activity does not say.
        made_from: what the activity of each UTC day was made from: the hashes of its landings, by stream, and more.
        zone_names: the IANA zone of each name that applications had for a zone.
        made_by: what else its days depend on, each by a name; empty if that is not known (`assets/step5_build/days`).
        part: the number of the range of keys whose days were proven last; these ranges take turns.
    """

    version: str
    first_day: date
    default_timezone: str
    zone_data: str
    content_hashes: Mapping[date, str | None]
    made_from: Mapping[date, Mapping[str, str]]
    zone_names: Mapping[str, str] = field(default_factory=dict)
    made_by: Mapping[str, str] = field(default_factory=dict)
    part: int = 0

    @property
    def sequence(self) -> int:
        """The sequence number of the version."""
        return sequence_of(self.version)

    @property
    def newest_day(self) -> date:
        """The last UTC day in the version."""
        return max(self.content_hashes)

    @classmethod
    def of(
        cls, configuration: Configuration, lake: Lake, version: str, newest: date, made_by: Mapping[str, str]
    ) -> Self:
        """Return what a version that is being built up to `newest` is made from, and by what."""
        pulse = configuration.pulse
        days = days_between(pulse.first_day, newest)
        contents = lake.footers.contents([lake.activity(day) for day in days], "made_from")
        content = {day: contents[lake.activity(day)] for day in days}
        return cls(
            version=version,
            first_day=pulse.first_day,
            default_timezone=pulse.default_timezone,
            zone_data=zones.data_version(),
            content_hashes={day: content[day].get("content_hash") for day in days},
            made_from={day: content[day]["made_from"] for day in days},
            zone_names=configuration.zone_names,
            made_by=made_by,
        )

    @classmethod
    def read(cls, lake: Lake) -> Self | None:
        """Return what the lake's file says, None if there is none."""
        if not lake.basis.exists():
            return None
        content = lake.footers.content(lake.basis, "days", "version", "first_day")
        days = {date.fromisoformat(day): content for day, content in content.pop("days").items()}
        return cls(
            **{**content, "first_day": date.fromisoformat(content["first_day"])},
            content_hashes={day: content["content_hash"] for day, content in days.items()},
            made_from={day: content["made_from"] for day, content in days.items()},
        )

    def to_json(self) -> str:
        """Return the text that the file carries."""
        days = {
            day.isoformat(): {"content_hash": content_hash, "made_from": self.made_from[day]}
            for day, content_hash in self.content_hashes.items()
        }
        content = {
            "version": self.version,
            "first_day": self.first_day.isoformat(),
            "default_timezone": self.default_timezone,
            "zone_data": self.zone_data,
            "days": days,
            "made_by": dict(self.made_by),
            "part": self.part,
            **({"zone_names": dict(self.zone_names)} if self.zone_names else {}),
        }
        return json.dumps(content)

    def changed_days(self, before: Self) -> set[date]:
        """Return the UTC days whose activity is another than it was, or is there in one of the two only."""
        common = self.content_hashes.keys() & before.content_hashes.keys()
        same = {day for day in common if self.content_hashes[day] == before.content_hashes[day]}
        return (self.content_hashes.keys() | before.content_hashes.keys()) - same

    def days_to_group(self, before: Self) -> set[date]:
        """Return the UTC days whose activity is another than it was, or may be: one of the two does not say."""
        unknown = {day for basis in (self, before) for day, content in basis.content_hashes.items() if content is None}
        return self.changed_days(before) | unknown

    def source_days(self, before: Self) -> Iterator[date]:
        """Yield the UTC days of both for which a landing that both were made from is another than it was."""
        for day in self.made_from.keys() & before.made_from.keys():
            now, then = self.made_from[day], before.made_from[day]
            if any(now[name] != then[name] for name in (now.keys() & then.keys()) - NO_LANDINGS):
                yield day


def dates_touched(days: set[date]) -> set[date]:
    """Return the local dates that UTC days can reach in any zone."""
    return {date for day in days for date in (day - DAY, day, day + DAY)}
