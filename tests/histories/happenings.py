"""What happens to a platform: rows and learners come, change and go, as a random history has it.

Each operation carries a seed of its own and decides with it what exactly it does in the state that it finds. What
operators do beside it, and what must be published then, is `history.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.histories import chance
from tests.histories.disguised_source import DisguisedSource
from tests.histories.model import Model
from tests.histories.source import Source, utc_day_of
from tests.oracle.oracle import EPOCH, Stream, day_start
from tests.oracle.worlds import BAD_ZONES

if TYPE_CHECKING:
    from random import Random

    from tests.histories.source import Row

ONE_DAY = timedelta(days=1)


class Happenings:
    """A platform and the model of what the product has seen of it; `log` tells what happened, line by line."""

    def __init__(self, seed: int, url: str, *, is_disguised: bool = False) -> None:
        """Make an empty platform for the history of a seed; the database belongs to this history alone."""
        setting = chance.setting_of(seed)
        if is_disguised:  # dates and totals by day are no roles that a disguise knows
            streams = tuple(one for one in setting.streams if not one.has_own_dates) or chance.STREAMS[-1]
            keeps = {
                one.name: setting.retention.keeps_days[one.name]
                for one in streams
                if one.name in setting.retention.keeps_days
            }
            setting = replace(setting, streams=streams, retention=setting.retention._replace(keeps_days=keeps))
        self.log: list[str] = []
        self.is_disguised = is_disguised
        self.places = chance.places_of(setting)
        self.source = DisguisedSource(url, setting.streams, seed) if is_disguised else Source(url, setting.streams)
        self.model = Model(setting, self.source)
        self.last_over = setting.first_day - ONE_DAY  # the last day that is over

    def close(self) -> None:
        """Let go of the platform."""
        self.source.close()

    # --- rows -------------------------------------------------------------------------------------------------------

    def rows_appear(self, random: Random) -> None:
        """Rows of a day that is not over, or late ones: within the lookback, further back, before `first_day`."""
        for _ in range(random.choice((1, 2, 4))):
            stream = random.choice(self.model.setting.streams)
            if len(self.source.rows[stream.name]) < chance.ROWS_AT_MOST:
                self._insert(stream, chance.row(random, stream, self._instant(random)))

    def row_changes(self, random: Random) -> None:
        """A row gets another value; whether its `updated_at` tells is chance."""
        if found := self._any_row(random):
            stream, number, row = found
            values = chance.values(random, stream, self._instant_of(row))
            role = random.choice(sorted(values))
            self._update(stream, number, **{role: values[role]})

    def row_moves(self, random: Random) -> None:
        """A row moves to another day or to another learner."""
        if found := self._any_row(random):
            stream, number, _ = found
            if random.random() < 0.4:
                self._update(stream, number, user_id=random.choice((*chance.LEARNERS, chance.GHOST)))
            else:
                self._update(stream, number, **chance.times(random, stream, self._instant(random)))

    def event_moves_on(self, random: Random) -> None:
        """An event is where it was last touched: on the last day that is over, or on the one that is not."""
        names = self.model.setting.retention.moving
        every = [
            (s, n) for s in self.model.setting.streams if s.name in names for n in sorted(self.source.rows[s.name])
        ]
        if every:
            stream, number = random.choice(every)
            at = EPOCH + timedelta(microseconds=day_start(self.last_over + random.choice((0, 1)) * ONE_DAY))
            self._update(stream, number, **chance.times(random, stream, at + timedelta(hours=random.randrange(24))))

    def source_purges(self, _: Random) -> None:
        """A source deletes what is older than it keeps."""
        for stream, keeps_days in self.model.setting.retention.keeps_days.items():
            oldest = self.last_over - keeps_days * ONE_DAY
            old = [n for n, row in self.source.rows[stream].items() if (utc_day_of(row) or oldest) < oldest]
            self.note(f"  {stream} loses {old} of before {oldest}")
            for number in old:
                self.source.delete(stream, number)

    def row_goes(self, random: Random) -> None:
        """A row is deleted in the source, without a trace."""
        if found := self._any_row(random):
            stream, number, row = found
            self.note(f"  {stream.name} {number} goes: {short(row)}")
            self.source.delete(stream.name, number)

    def row_comes_twice(self, random: Random) -> None:
        """A row once more under the same id, the same or with something different about it."""
        if found := self._any_row(random):
            stream, _, row = found
            other = {} if random.random() < 0.3 else chance.values(random, stream, self._instant_of(row))
            role = random.choice(sorted(other)) if other else None
            self._insert(stream, {**row, **({role: other[role]} if role else {})})

    # --- learners ---------------------------------------------------------------------------------------------------

    def learner_joins(self, random: Random) -> None:
        """One more learner, or one who comes back, with whatever zone and name; most often in public."""
        user_id = random.choice(chance.LEARNERS)
        self._put_user(
            {
                "user_id": user_id,
                "username": random.choice(chance.NAMES_OF_LEARNERS),
                "timezone": random.choice((*self.places, *self.places, *BAD_ZONES)),
                "is_public": random.random() < 0.7,
                "deleted_at": None,
                **chance.of_the_night(random, self.last_over),
            }
        )

    def learner_moves(self, random: Random) -> None:
        """A learner is in another zone from now on."""
        self._change_user(random, timezone=random.choice((*self.places, *self.places, *BAD_ZONES)))

    def learner_leaves(self, random: Random) -> None:
        """A learner is marked as deleted, or is so no longer."""
        self._change_user(random, deleted_at=random.choice((None, datetime(2026, 1, 1, tzinfo=UTC))))

    def learner_hides(self, random: Random) -> None:
        """A learner goes private, or public."""
        self._change_user(random, is_public=random.random() < 0.3)

    def learner_is_rewarded(self, random: Random) -> None:
        """A learner gets savers or spends them, and has another booster, or none."""
        self._change_user(random, **chance.of_the_night(random, self.last_over))

    def learner_vanishes(self, random: Random) -> None:
        """A learner's row is gone, and nothing says why."""
        if self.source.users:
            user_id = random.choice(sorted(map(str, self.source.users)))
            self.note(f"  {user_id} vanishes")
            self.source.remove_user(user_id)

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _any_row(self, random: Random) -> tuple[Stream, int, Row] | None:
        """A row of any stream, None while there is none."""
        every = [(s, number) for s in self.model.setting.streams for number in sorted(self.source.rows[s.name])]
        if not every:
            return None
        stream, number = random.choice(every)
        return stream, number, self.source.rows[stream.name][number]

    def _instant(self, random: Random) -> datetime:
        return chance.instant(random, self.last_over, self.places)

    def _instant_of(self, row: Row) -> datetime:
        at = row.get("started_at", row.get("occurred_at"))
        return at if isinstance(at, datetime) else EPOCH + timedelta(microseconds=day_start(self.last_over))

    # --- doing, and saying so ---------------------------------------------------------------------------------------

    def _insert(self, stream: Stream, row: Row) -> None:
        number = self.source.insert(stream.name, row)
        self.note(f"  {stream.name} {number} appears: {short(row)}")

    def _update(self, stream: Stream, number: int, **values: object) -> None:
        self.note(f"  {stream.name} {number} changes: {short(values)}")
        self.source.update(stream.name, number, **values)

    def _put_user(self, user: Row) -> None:
        self.note(f"  {short(user)}")
        self.source.put_user(user)

    def _change_user(self, random: Random, **values: object) -> None:
        if self.source.users:
            user_id = random.choice(sorted(map(str, self.source.users)))
            self._put_user({**self.source.users[user_id], **values})

    def note(self, line: str) -> None:
        self.log.append(line)


def short(row: Row) -> str:
    """A row as a person reads it."""
    return ", ".join(f"{role} {value}" for role, value in row.items() if value is not None)
