"""What the product has been able to see of a source, and so what it has to publish.

The model keeps, per stream and UTC day, the rows that the source held when that day was last extracted (R23), the
landings of users in their order (R3), and what every version was made from. The oracle works out the tables. Nothing
here is read from the product, but for one thing: how far a run came before it was killed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests import oracle
from tests.histories.source import utc_day_of
from tests.oracle import Stream, World, days

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.histories.source import Row, Source

ONE_DAY = timedelta(days=1)
Tables = dict[str, list[oracle.Row]]
StreamDay = tuple[str, date]


@dataclass(frozen=True)
class Setting:
    """What a configuration says, as far as a number depends on it."""

    first_day: date
    streams: tuple[Stream, ...]
    lookback_days: int
    default_timezone: str
    level_metric: str
    min_active_days: int


@dataclass(frozen=True)
class Extraction:
    """A stream's day as it was last extracted; no two extractions have the same number."""

    number: int
    rows: Sequence[Row]


@dataclass(frozen=True)
class Version:
    """What a version holds, and which extractions it was made from."""

    tables: Tables
    extractions: Mapping[StreamDay, int]


@dataclass
class Model:
    """All that the product knows."""

    setting: Setting
    source: Source
    seen: dict[StreamDay, Extraction] = field(default_factory=dict)
    undated: dict[str, Sequence[Row]] = field(default_factory=dict)
    users_landings: list[tuple[date, Sequence[Row]]] = field(default_factory=list)
    users_in_force: int | None = None
    current: Version | None = None
    extractions: int = 0

    # --- what a run does (R23, R3) ----------------------------------------------------------------------------------

    def planned(self, stream: Stream, first: date, last: date) -> list[date]:
        """The days that a run extracts: its own, the lookback before them, and every day that the stream lacks."""
        first_day = self.setting.first_day
        looked_back = max(first_day, first - self.setting.lookback_days * ONE_DAY)
        lacking = {day for day in days(first_day, last) if (stream.name, day) not in self.seen}
        return sorted({*days(looked_back, last)} | lacking)

    def extract(self, stream: str, wanted: Iterable[date]) -> None:
        """See the days as the source holds them now."""
        self.extractions += 1
        for day in wanted:
            rows = [row for row in self.source.rows[stream].values() if utc_day_of(row) == day]
            self.seen[stream, day] = Extraction(self.extractions, rows)

    def extract_undated(self, stream: str) -> None:
        """See the rows without a day as they are now."""
        self.undated[stream] = [row for row in self.source.rows[stream].values() if utc_day_of(row) is None]

    def land_users(self, last: date) -> None:
        """See the learners as they are now, unless a later run has seen them."""
        newest = self.newest_day()
        if newest is None or last >= newest or self.users_in_force is None:
            self.record_zones(last)
            self.replace_users()

    def record_zones(self, last: date) -> None:
        """The first half of landing the learners; a run may die after it."""
        self.users_landings.append((last, [dict(user) for user in self.source.users.values()]))

    def replace_users(self) -> None:
        """The second half."""
        self.users_in_force = len(self.users_landings) - 1

    def run(self, first: date, last: date, only: str | None = None) -> None:
        """Land what a whole run lands; a run of one stream leaves the learners alone."""
        for stream in self.setting.streams:
            if only in (None, stream.name):
                self.extract(stream.name, self.planned(stream, first, last))
                self.extract_undated(stream.name)
        if only is None:
            self.land_users(last)

    # --- what has to come of it -------------------------------------------------------------------------------------

    def newest_day(self) -> date | None:
        """The last day up to which every stream has been seen without a gap."""
        day = self.setting.first_day
        while all((stream.name, day) in self.seen for stream in self.setting.streams):
            day += ONE_DAY
        return day - ONE_DAY if day > self.setting.first_day else None

    def world(self, newest: date) -> World:
        """Everything that has been seen, as the oracle reads it."""
        rows = {
            stream.name: [
                *(row for (name, _), seen in self.seen.items() if name == stream.name for row in seen.rows),
                *self.undated.get(stream.name, ()),
            ]
            for stream in self.setting.streams
        }
        setting = self.setting
        return World(
            *(setting.first_day, newest, setting.streams, rows, tuple(self.users_landings)),
            default_timezone=setting.default_timezone,
            level_metric=setting.level_metric,
            min_active_days=setting.min_active_days,
            users_in_force=self.users_in_force,
        )

    def expected(self) -> Version | None:
        """The version that a build has to make now; None before every stream has `first_day` (R25)."""
        newest = self.newest_day()
        if newest is None:
            return None
        extractions = {key: seen.number for key, seen in self.seen.items() if key[1] <= newest}
        return Version(oracle.tables(self.world(newest)), extractions)

    def refusal(self) -> str | None:
        """The check that has to keep a version from its readers, None if it may be published."""
        newest = self.newest_day()
        if newest is None:
            return None
        if self.users_in_force is None:
            return "no learners have landed"
        world = self.world(newest)
        known = set(oracle.read_learners(world).username)
        before = self.current.extractions if self.current else {}
        fresh, unknown = Counter[str](), Counter[str]()
        for stream, event in oracle.land(world).events:
            key = (stream.name, oracle.utc_day(event.at))
            if before.get(key) != self.seen[key].number:
                fresh[stream.name] += 1
                unknown[stream.name] += event.user_id not in known
        too_many = any(2 * unknown[stream] > fresh[stream] for stream in fresh)
        return "unknown_within_bounds" if too_many else None
