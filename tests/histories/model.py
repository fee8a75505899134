"""What the product has been able to see of a source, and so what it has to publish.

The model keeps, per stream and UTC day, the rows that the source held when that day was last extracted (R23), the
landings of users in their order (R3), and what every version was made from. The oracle works out the tables. Nothing
here is read from the product, but for one thing: how far a run came before it was killed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.histories import retention
from tests.histories.reading import days_to_read, held
from tests.histories.source import utc_day_of
from tests.oracle import oracle, oracle_restatements
from tests.oracle.oracle import Stream, World, days
from warehouse.versions.manifest import sequence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.histories.reading import Held
    from tests.histories.retention import Retention
    from tests.histories.source import Row, Source

ONE_DAY = timedelta(days=1)
SHRINK_BASE = 20  # R25: a figure below this may shrink to nothing, any other by less than a third
VERSION = 5  # the place of the version in a row of `restatements`
NO_LEARNERS = "no learners have landed"
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
    week_start: str
    level_thresholds: tuple[int, ...]
    retention: Retention
    mapping: int = 0  # how often the mapping has changed


@dataclass(frozen=True)
class Extraction:
    """A stream's day as it was last extracted; no two extractions have the same number."""

    number: int
    rows: Sequence[Row]
    mapping: int
    held: Held
    erased: frozenset[str]


@dataclass(frozen=True)
class Version:
    """What a version holds, and which extractions it was made from."""

    tables: Tables
    world: World
    extractions: Mapping[StreamDay, int]

    def figures(self, newest: date) -> dict[tuple[str, date | None], int]:
        """What the next version must not fall far below (R25): rows, learners, XP and seconds of the week to a day."""
        found: dict[tuple[str, date | None], int] = {
            ("rows_kept", None): len(self.tables["daily_activity"]),
            ("learners_kept", None): len(self.tables["users"]),
        }
        week = {newest - number * ONE_DAY for number in range(7)}
        for _, day, xp, seconds, *_ in self.tables["learning_pulse"]:
            for name, amount in (("xp_of_last_week_kept", xp), ("seconds_of_last_week_kept", seconds)):
                if isinstance(day, date) and isinstance(amount, int) and day in week:
                    found[name, day] = found.get((name, day), 0) + amount
        return found

    @property
    def learners(self) -> tuple[int, int, int]:
        """Learners who are shown, who are deleted, and rows of users that are quarantined."""
        learners = oracle.read_learners(self.world)
        return len(learners.live()), len(learners.deleted), len(learners.quarantine)

    def refused_learners(self, before: Version | None) -> set[str]:
        """What of too many learners who are deleted keeps this version from readers who have that one (R21)."""
        shown, deleted, unusable = self.learners
        shown_before, deleted_before, unusable_before = before.learners if before else (0, 0, 0)
        if shown == 0:
            is_news = shown_before > 0 or deleted_before + unusable_before == 0
            return {"learners_left"} if is_news and shown_before + deleted + unusable > 0 else set()
        is_let_through = before is not None and 2 * deleted_before >= deleted_before + shown_before
        return {"deleted_within_bounds"} if 2 * deleted > deleted + shown and not is_let_through else set()

    @property
    def newest(self) -> date:
        """The last UTC day in it."""
        return self.world.newest_day

    def names(self, user_id: str) -> bool:
        """Whether a learner is in any table."""
        return any(user_id in row for rows in self.tables.values() for row in rows)


@dataclass(frozen=True)
class Basis:
    """The last version that was put in place and recorded: what the next one restates, it restates of this one."""

    version: str
    world: World


@dataclass
class Model:
    """All that the product knows."""

    setting: Setting
    source: Source
    seen: dict[StreamDay, Extraction] = field(default_factory=dict)
    undated: dict[str, Sequence[Row]] = field(default_factory=dict)
    users_landings: list[tuple[date, Sequence[Row]]] = field(default_factory=list)
    users_in_force: int | None = None
    suppressed: set[str] = field(default_factory=set)
    basis: Basis | None = None
    restated: list[oracle.Row] = field(default_factory=list)
    knows_profiles: bool = True  # not while a run has died between writing them and the learners
    extractions: int = 0

    # --- what a run does (R23, R3) ----------------------------------------------------------------------------------

    def planned(self, stream: Stream, first: date, last: date, *, accepts_shrinking: bool = True) -> list[date]:
        """The days that a run extracts or proves: its own, the lookback before them, and those that the stream lacks.

        Without those that the source has purged, unless they were asked for and may shrink.
        """
        first_day, counting = self.setting.first_day, retention.counting(self)
        looked_back = max(first_day, first - self.setting.lookback_days * ONE_DAY)
        lacking = {day for day in days(first_day, last) if (stream.name, day) not in counting}
        asked_for = {*days(max(first, first_day), last)} if accepts_shrinking else set()
        kept = retention.kept(self, stream.name, last) - asked_for
        return sorted(({*days(looked_back, last)} | lacking) - kept)

    def extract(self, stream: str, wanted: Iterable[date]) -> None:
        """See the days as the source holds them now."""
        self.extractions += 1
        for day in wanted:
            near, erased = held(self, stream, day), frozenset(self.suppressed)
            rows = self.rows_of(stream, day)
            self.seen[stream, day] = Extraction(self.extractions, rows, self.setting.mapping, near, erased)

    def rows_of(self, stream: str, day: date | None) -> list[Row]:
        """What the source holds of a day now, without rows of learners who have been erased."""
        rows = [row for row in self.source.held(stream) if utc_day_of(row) == day]
        return self.without_suppressed(rows)

    def without_suppressed(self, rows: Iterable[Row]) -> list[Row]:
        """Rows whose learner has not been erased."""
        return [row for row in rows if oracle.identifier(row["user_id"])[0] not in self.suppressed]

    def extract_undated(self, stream: str) -> None:
        """See the rows without a day as they are now."""
        self.undated[stream] = self.rows_of(stream, None)

    def land_users(self, last: date) -> None:
        """See the learners as they are now, unless a later run has seen them."""
        newest = self.newest_day()
        if newest is None or last >= newest or self.users_in_force is None:
            self.record_zones(last)
            self.replace_users()

    def record_zones(self, last: date) -> None:
        """The first half of landing the learners; a run may die after it."""
        self.users_landings.append((last, self.without_suppressed(self.source.held_users())))

    def replace_users(self) -> None:
        """The second half."""
        self.users_in_force = len(self.users_landings) - 1
        self.knows_profiles = True

    def run(
        self,
        first: date,
        last: date,
        read: Mapping[str, Iterable[date]],
        only: str | None = None,
        *,
        accepts_shrinking: bool = True,
    ) -> int:
        """Land what a whole run lands; a run of one stream leaves the learners alone.

        Args:
            first: its own first day.
            last: its last.
            read: the days of each stream that it has read; they have to be the right ones.
            only: the stream that it is for.
            accepts_shrinking: whether its own days may shrink.

        Returns:
            How many days it has proven instead.
        """
        proven = 0
        for stream in self.setting.streams:
            planned = self.planned(stream, first, last, accepts_shrinking=accepts_shrinking)
            if only in (None, stream.name) and planned:
                days_read = {*read.get(stream.name, ())}
                seen = days_to_read(self, stream.name, planned, first).seen(days_read)
                proven += len(seen - days_read)
                self.extract(stream.name, seen)
                self.extract_undated(stream.name)
        if only is None:
            self.land_users(last)
        return proven

    def erase(self, user_id: str) -> None:
        """Forget all that was seen of a learner, and see no more of it."""
        self.suppressed.add(user_id)
        self.seen = {key: replace(seen, rows=self.without_suppressed(seen.rows)) for key, seen in self.seen.items()}
        self.undated = {stream: self.without_suppressed(rows) for stream, rows in self.undated.items()}
        self.users_landings = [(day, self.without_suppressed(rows)) for day, rows in self.users_landings]
        self.restated = [row for row in self.restated if row[0] != user_id]
        self.knows_profiles = False  # a name that he shared has a page from the next run on

    def drifted(self) -> set[StreamDay]:
        """The days up to the newest that the source does not hold any more as they were seen."""
        newest = self.newest_day()
        return {
            (stream, day)
            for (stream, day), seen in self.seen.items()
            if newest is not None
            and retention.oldest_day(self, stream) <= day <= newest
            and sorted(map(repr, self.rows_of(stream, day))) != sorted(map(repr, seen.rows))
        }

    # --- what has to come of it -------------------------------------------------------------------------------------

    def newest_day(self) -> date | None:
        """The last day up to which every stream has been seen without a gap."""
        day, counting = self.setting.first_day, retention.counting(self)
        while all((stream.name, day) in counting for stream in self.setting.streams):
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
            week_start=setting.week_start,
            level_thresholds=setting.level_thresholds,
        )

    def expected(self) -> Version | None:
        """The version that a build has to make now; None before every stream has `first_day` (R25)."""
        newest = self.newest_day()
        if newest is None:
            return None
        extractions = {key: seen.number for key, seen in self.seen.items() if key[1] <= newest}
        world = self.world(newest)
        return Version(oracle.tables(world), world, extractions)

    def restatements(self, version: str, world: World, *, can_compare: bool) -> list[oracle.Row]:
        """All that has been restated once this version is made, by columns of the table and of learners gone, too.

        What a version restates that was never recorded is forgotten: the next one restates it. Where the file of the
        version before is gone nothing can be compared, and nothing forgotten.
        """
        if self.basis is None or not can_compare:
            return self.restated
        last = sequence_of(self.basis.version)
        known = [row for row in self.restated if sequence_of(str(row[VERSION])) <= last]
        new = oracle_restatements.restatements(self.basis.world, world)
        return known + [(*row[:VERSION], version, *row[VERSION:]) for row in new]

    def public_pages(self) -> dict[str, str]:
        """Whose page each name is: of public learners whose name no other live one has (docs/guide/embed.md)."""
        assert self.users_in_force is not None
        learners = oracle.read_learners(self.world(self.setting.first_day))
        held = Counter(learners.username[user] for user in learners.live())
        names = {user: name for user, name in learners.username.items() if name is not None and held[name] == 1}
        return {name: user for user, name in names.items() if user in learners.live() and learners.is_public[user]}

    def refusals(self, before: Version | None, *, accepts_shrinking: bool) -> set[str]:
        """The checks that have to keep a version from its readers, given what they have now."""
        expected = self.expected() if self.users_in_force is not None else None
        if expected is None:
            return set() if self.newest_day() is None else {NO_LEARNERS}
        found = {"unknown_within_bounds"} if self._has_too_many_unknown(expected.newest, before) else set()
        if not accepts_shrinking:
            found |= expected.refused_learners(before)
        if before is not None and not accepts_shrinking:
            now = expected.figures(before.newest)
            for (name, day), amount in before.figures(before.newest).items():
                if amount >= SHRINK_BASE and 10 * now.get((name, day), 0) < 7 * amount:
                    found.add(name)
        return found

    def _has_too_many_unknown(self, newest: date, before: Version | None) -> bool:
        """Whether more than half of a stream's rows landed since that version are of unknown learners (R21)."""
        world = self.world(newest)
        known = set(oracle.read_learners(world).username)
        published = before.extractions if before else {}
        fresh, unknown = Counter[str](), Counter[str]()
        for stream, event in oracle.land(world).events:
            key = (stream.name, oracle.utc_day(event.at))
            if published.get(key) != self.seen[key].number:
                fresh[stream.name] += 1
                unknown[stream.name] += event.user_id not in known
        return any(2 * unknown[stream] > fresh[stream] for stream in fresh)
