"""A random history: what happens to a platform and what operators do, and after each run what must be published.

A history is a seed and a list of operations. Each operation carries a seed of its own and decides with it what exactly
it does in the state that it finds, so any part of a history is a history too: that is how failing ones are made shorter
(`__main__.py`). Whatever is published is compared, table by table, with the oracle on what the model says the product
has been able to see (docs/FAULTS.md: I1 to I5).
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from assets.step0_plan import Run
from assets.step9_reconcile import compare
from pipelines.erasure import erase
from pipelines.night import publish_lake, run_night
from pipelines.reconciliation import restate
from tests import oracle, replay
from tests.histories.killed import night_that_dies
from tests.histories.model import NO_LEARNERS, VERSION, Basis, Model, Setting, Version
from tests.histories.source import Source
from tests.oracle import DAY, EPOCH, HOUR, SECOND, Stream, day_start, days, local_dates
from tests.platforms import SECRET
from tests.worlds import BAD_ZONES, GOOD_ZONES, PLACES
from warehouse import basis as recorded_basis
from warehouse.configuration import Configuration, load
from warehouse.crash_points import NAMES
from warehouse.errors import NoVersionError, PulseError
from warehouse.files import UNFINISHED
from warehouse.lake import Lake
from warehouse.lock import run_lock
from warehouse.versions import Manifest, Warehouse, sha256_of, version_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.histories.source import Row

ONE_DAY = timedelta(days=1)
LEARNERS = ("ann", "bob", "0000000A-ABCD-4EF0-8000-00000000ABCD")
GHOST = "ghost"  # whom no row of users ever names
NAMES_OF_LEARNERS = ("Ann", "Bob", "Zo\u00eb", "Ann", None)
AMOUNTS = (0, 1, 5, 10, 10, 25, 100, -3, -50)
NUDGES = (0, 0, -1, 1, -SECOND, SECOND // 2, HOUR, -5 * HOUR)
LENGTHS = (0, 1, SECOND - 1, 90 * SECOND, HOUR, HOUR, 5 * HOUR, 23 * HOUR, DAY, DAY + 1, -1)
LENGTHS_OF_HISTORIES = (3, 4, 5, 6, 8, 10, 14)
KEEP_VERSIONS = 3
RESTATEMENTS = "select user_id, activity_date, measure, old, new, version, reason from restatements"
REFUSAL = re.compile(rf"check (\w+) found|({NO_LEARNERS})")
POINTS = [name for name in NAMES if not name.startswith("erase")]
ROWS_AT_MOST = 18  # of a stream: R22 and R23 let any change of so few rows pass

# What happens, by how often it does beside the others.
OFTEN = {
    7: ("rows_appear",),
    6: ("night",),
    4: ("night_is_killed",),
    3: ("row_moves", "learner_moves"),
    2: ("row_changes", "row_goes", "row_comes_twice", "learner_joins", "same_night_again", "backfill"),
    1: (
        "learner_leaves",
        "learner_vanishes",
        "learner_hides",
        "nights_are_skipped",
        "configuration_changes",
        "reconcile",
    ),
    0.8: ("build", "warehouse_is_lost", "rollback", "unpin", "learner_is_erased"),
}
WEIGHTS = {name: often for often, names in OFTEN.items() for name in names}


# What the figures of many histories tell, in the order of their columns.
COMPARED, KILLED, HELD_BACK = "versions compared", "nights killed", "versions held back by a check"
DRIFTED, RESTATED = "reconciliations that found drift", "restatements"
ERASED, ROLLED_BACK = "erasures", "rollbacks"
COUNTED = (COMPARED, KILLED, HELD_BACK, DRIFTED, RESTATED, ERASED, ROLLED_BACK)


class NothingDriftedError(Exception):
    """A reconciliation found nothing, so nothing is published."""


class Operation(NamedTuple):
    """Something that happens; `seed` decides what exactly."""

    name: str
    seed: int


def drawn(seed: int) -> list[Operation]:
    """The operations of a history."""
    random = Random(f"operations of {seed}")
    names = random.choices([*WEIGHTS], [*WEIGHTS.values()], k=random.choice(LENGTHS_OF_HISTORIES))
    return [Operation(name, random.getrandbits(32)) for name in ["rows_appear", "learner_joins", "night", *names]]


class History:
    """A platform, the product beside it, and the model of what the product has seen."""

    def __init__(self, seed: int, url: str, folder: Path) -> None:
        """Make an empty platform for the history of a seed; the database belongs to this history alone."""
        setting = self.setting_of(seed)
        self.log: list[str] = []
        self.counts = Counter[str]()
        self.folder, self.url = folder, url
        here = [zone for day, zone in PLACES if timedelta() < day - setting.first_day <= 3 * ONE_DAY]
        self.places = (*here, *here, *GOOD_ZONES[:5])
        self.source = Source(url, setting.streams)
        self.model = Model(setting, self.source)
        self.last_over = setting.first_day - ONE_DAY  # the last day that is over
        self.versions: dict[str, Version] = {}
        self.current: str | None = None
        self.is_pinned = False
        self.accepted: tuple[str, ...] = replay.GUARDS
        self.can_compare = False  # whether the version before the next is still there
        self.configuration = self._configured()

    @staticmethod
    def setting_of(seed: int) -> Setting:
        """The world of a seed: some days around one on which something happens to dates, and a few streams."""
        random = Random(f"world of {seed}")
        day, place = random.choice(PLACES)
        return Setting(
            first_day=day - random.choice((1, 2, 3)) * ONE_DAY,
            streams=random.choice(STREAMS),
            lookback_days=random.choice((0, 1, 2)),
            default_timezone=random.choice((place, place, "UTC")),
            level_metric=random.choice(("xp_earned", "learning_time")),
            min_active_days=random.choice((1, 3)),
        )

    def close(self) -> None:
        """Let go of the platform."""
        self.source.close()

    def play(self, operations: Sequence[Operation]) -> None:
        """Do it all, and end with a night, the same once more, and what must hold of every folder."""
        for operation in operations:
            self._note(operation.name)
            getattr(self, operation.name)(Random(operation.seed))
        self._note("the end")
        self._end()

    # --- rows -------------------------------------------------------------------------------------------------------

    def rows_appear(self, random: Random) -> None:
        """Rows of a day that is not over, or late ones: within the lookback, further back, before `first_day`."""
        for _ in range(random.choice((1, 2, 4))):
            stream = random.choice(self.model.setting.streams)
            if len(self.source.rows[stream.name]) < ROWS_AT_MOST:
                self._insert(stream, self._row(random, stream))

    def row_changes(self, random: Random) -> None:
        """A row gets another value; whether its `updated_at` tells is chance."""
        if found := self._any_row(random):
            stream, number, row = found
            values = self._values(random, stream, self._instant_of(row))
            role = random.choice(sorted(values))
            self._update(stream, number, **{role: values[role]})

    def row_moves(self, random: Random) -> None:
        """A row moves to another day or to another learner."""
        if found := self._any_row(random):
            stream, number, _ = found
            if random.random() < 0.4:
                self._update(stream, number, user_id=random.choice((*LEARNERS, GHOST)))
            else:
                self._update(stream, number, **self._times(random, stream, self._instant(random)))

    def row_goes(self, random: Random) -> None:
        """A row is deleted in the source, without a trace."""
        if found := self._any_row(random):
            stream, number, row = found
            self._note(f"  {stream.name} {number} goes: {_short(row)}")
            self.source.delete(stream.name, number)

    def row_comes_twice(self, random: Random) -> None:
        """A row once more under the same id, the same or with something different about it."""
        if found := self._any_row(random):
            stream, _, row = found
            other = {} if random.random() < 0.3 else self._values(random, stream, self._instant_of(row))
            role = random.choice(sorted(other)) if other else None
            self._insert(stream, {**row, **({role: other[role]} if role else {})})

    # --- learners ---------------------------------------------------------------------------------------------------

    def learner_joins(self, random: Random) -> None:
        """One more learner, or one who comes back, with whatever zone and name; most often in public."""
        user_id = random.choice(LEARNERS)
        self._put_user(
            {
                "user_id": user_id,
                "username": random.choice(NAMES_OF_LEARNERS),
                "timezone": random.choice((*self.places, *self.places, *BAD_ZONES)),
                "is_public": random.random() < 0.7,
                "deleted_at": None,
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

    def learner_vanishes(self, random: Random) -> None:
        """A learner's row is gone, and nothing says why."""
        if self.source.users:
            user_id = random.choice(sorted(map(str, self.source.users)))
            self._note(f"  {user_id} vanishes")
            self.source.remove_user(user_id)

    # --- runs -------------------------------------------------------------------------------------------------------

    def night(self, random: Random) -> None:
        """The night of the next day; now and then a guard may hold its version back."""
        self.last_over += ONE_DAY
        self.accepted = random.choice((replay.GUARDS, replay.GUARDS, ()))
        self._run(self.last_over, self.last_over)
        self.accepted = replay.GUARDS

    def same_night_again(self, _: Random) -> None:
        """The night of the day that was over last, once more."""
        self._run(self._last_day(), self._last_day())

    def nights_are_skipped(self, random: Random) -> None:
        """Days go by without a night: one, three, or three weeks (FAULTS 30)."""
        self.last_over += random.choice((1, 1, 3, 21)) * ONE_DAY

    def backfill(self, random: Random) -> None:
        """A range of days, in no order with others, of all streams or of one."""
        everyday = [*days(self.model.setting.first_day, self._last_day())][-8:]
        first, last = sorted((random.choice(everyday), random.choice(everyday)))
        only = random.choice((None, None, *self.model.setting.streams))
        self._run(first, last, only)

    def night_is_killed(self, random: Random) -> None:
        """The next night, or the last one again, dies at a crash point (FAULTS 1)."""
        if random.random() < 0.7:
            self.last_over += ONE_DAY
        day, point = self._last_day(), f"{random.choice(POINTS)}@{random.choice((1, 1, 1, 2, 3))}"
        before, files, restated = self._landed(), self._users_files(), self._restatements_file()
        self._before()
        was_killed = night_that_dies(self.configuration.path, day, point)
        self._note(f"  night of {day} {'dies' if was_killed else 'does not die'} at {point}")
        if was_killed:
            self.counts[KILLED] += 1
            self._see_what_landed(day, before)
            self._see_which_users_landed(day, files)
            self._look_at_what_a_killed_run_published(restated)
        else:
            self.model.run(day, day)
            self._look_at_what_is_published(self._refusals())

    def build(self, _: Random) -> None:
        """`pulse build`: a version from the lake alone."""
        self._publish(lambda: publish_lake(self.configuration, self.accepted))

    def warehouse_is_lost(self, _: Random) -> None:
        """The warehouse is deleted, and built again."""
        shutil.rmtree(Warehouse.of(self.configuration).root, ignore_errors=True)
        self.versions.clear()
        self.current = None
        self.is_pinned = False
        self.build(_)

    def configuration_changes(self, random: Random) -> None:
        """Another default zone, another score, or another number of days; the next run or build goes by it."""
        setting = self.model.setting
        self.model.setting = random.choice(
            (
                replace(setting, default_timezone=random.choice(self.places)),
                replace(setting, level_metric=random.choice(("xp_earned", "learning_time"))),
                replace(setting, min_active_days=random.choice((1, 2, 5))),
            )
        )
        self._note(f"  {self.model.setting}")
        self.configuration = self._configured()

    def rollback(self, _: Random) -> None:
        """Back to the version before: it is what it was, and pinned (FAULTS 10)."""
        try:
            pin = Warehouse.of(self.configuration).rollback()
        except NoVersionError:
            assert len(self.versions) < 2 or self.current is None or self.current == min(self._kept())
            return
        self._note(f"  to {pin.version}")
        self.counts[ROLLED_BACK] += 1
        self.current, self.is_pinned = pin.version, True
        self._compare_current()

    def unpin(self, _: Random) -> None:
        """The pin goes; the pointer stays until something is published."""
        Warehouse.of(self.configuration).unpin()
        self.is_pinned = False
        self._compare_current()

    def reconcile(self, _: Random) -> None:
        """Every landing is compared with its source, and then the product has seen what is true (FAULTS 16, 17)."""
        drifted = self.model.drifted()

        def run() -> Manifest | None:
            comparison = compare(self.configuration)
            found = {(drift.landing.stream, drift.landing.day) for drift in comparison.drifts}
            self._note(f"  drifted: {', '.join(f'{stream} {day}' for stream, day in sorted(found))}")
            assert drifted <= found
            if not found:
                raise NothingDriftedError
            self.counts[DRIFTED] += 1
            for stream in sorted({stream for stream, _ in found}):
                self.model.extract(stream, [day for name, day in found if name == stream])
                self.model.extract_undated(stream)
            self.model.land_users(max(day for _, day in found))
            return restate(self.configuration, comparison, self.accepted).manifest

        try:
            self._publish(run)
        except NothingDriftedError:
            self._compare_current()
        assert self.model.drifted() == set()

    def learner_is_erased(self, random: Random) -> None:
        """Nothing of a learner is left anywhere, nor comes back (FAULTS 42)."""
        user_id = random.choice((*LEARNERS, GHOST)).lower()
        self._note(f"  {user_id}")
        before = self._before()
        with run_lock(self.configuration, "a history"):
            erased = erase(self.configuration, user_id)
        self.counts[ERASED] += 1
        self.model.erase(user_id)
        warehouse = Warehouse.of(self.configuration)
        refusals = self.model.refusals(before, accepts_shrinking=True)
        if erased.receipt.rows_before and not refusals and self.model.expected():
            self.is_pinned = False
            self._look_at_what_is_published(refusals)
            assert warehouse.kept() == [self.current]
        elif erased.receipt.rows_before:
            self.current, self.is_pinned = warehouse.current(), warehouse.pin is not None
        assert not any(self.versions[version].names(user_id) for version in warehouse.kept())
        self._compare_current()

    # --- a run and what comes of it ---------------------------------------------------------------------------------

    def _last_day(self) -> date:
        """The last day that is over and that a run may name: not before `first_day`."""
        self.last_over = max(self.last_over, self.model.setting.first_day)
        return self.last_over

    def _run(self, first: date, last: date, only: Stream | None = None) -> None:
        """A run: the product's, then the model's, then compare."""
        self._note(f"  run {first} to {last} {only.name if only else ''}")
        names = (only.name,) if only else ()

        def run() -> Manifest | None:
            self.model.run(first, last, only.name if only else None)
            return run_night(self.configuration, Run(first, last, names, self.accepted))

        self._publish(run)

    def _publish(self, publish: Callable[[], Manifest | None]) -> None:
        """Publish as a command does, and compare what came of it with what has to."""
        manifest, error = None, ""
        before = self._before()
        try:
            with run_lock(self.configuration, "a history"):
                manifest = publish()
        except PulseError as refused:
            error = str(refused)
            self._note(f"  refused: {error}")
        accepts = "accept_shrink" in self.accepted
        refusals = self.model.refusals(before, accepts_shrinking=accepts)
        self.counts[HELD_BACK] += bool(refusals)
        assert {name or words for name, words in REFUSAL.findall(error)} == refusals, error
        self._look_at_what_is_published(refusals, manifest)

    def _refusals(self) -> set[str]:
        """The checks that have to refuse a version now, where every guard has been let through."""
        return self.model.refusals(self._before(), accepts_shrinking=True)

    def _before(self) -> Version | None:
        """The version that a new one is compared with: the current one, else the newest that is there."""
        warehouse, basis = Warehouse.of(self.configuration), self.model.basis
        self.can_compare = basis is not None and warehouse.file(basis.version).exists()
        kept = warehouse.kept()
        name = self.current or (kept[-1] if kept else None)
        return self.versions[name] if name else None

    def _look_at_what_is_published(self, refusals: set[str], manifest: Manifest | None = None) -> None:
        """A run has ended, or was refused: what is new has to be there, and nothing else."""
        expected = None if refusals else self.model.expected()
        newest = Warehouse.of(self.configuration).newest()
        if expected is None:
            assert manifest is None
            assert newest is None or newest in self.versions
            self._compare_current()
            return
        assert newest is not None
        assert newest not in self.versions
        assert manifest is None or manifest.version == newest
        self._compare(newest, expected)
        self._record(newest, expected)
        if not self.is_pinned:
            self.current = newest
        self._compare_current()

    def _compare_current(self) -> None:
        """The pointer names the version that it should, and that is what it always was (I1)."""
        warehouse = Warehouse.of(self.configuration)
        assert warehouse.current() == self.current
        assert (warehouse.pin is not None) == self.is_pinned
        if self.current is not None:
            assert self.current in warehouse.kept()

    def _compare(self, version: str, expected: Version) -> None:
        """Every public table of a new version equals the oracle's (I3, I5)."""
        self.versions[version] = expected
        self.counts[COMPARED] += 1
        live = {row[0] for row in expected.tables["users"]}
        restated = self.model.restatements(version, expected.world, can_compare=self.can_compare)
        expected.tables["restatements"] = oracle.sorted_rows([row for row in restated if row[0] in live])
        self.counts[RESTATED] += sum(row[VERSION] == version for row in restated)
        place = Warehouse.of(self.configuration).file(version)
        found = replay.tables_of(place)
        with duckdb.connect(str(place), read_only=True) as connection:
            found["restatements"] = oracle.sorted_rows(connection.execute(RESTATEMENTS).fetchall())
        for table, rows in expected.tables.items():
            assert found[table] == rows, f"{table} of {version}{_difference(found[table], rows)}"

    def _record(self, version: str, made: Version) -> None:
        """A version was recorded in the lake: with what it restates, and as what the next one is compared with."""
        self.model.restated = self.model.restatements(version, made.world, can_compare=self.can_compare)
        self.model.basis = Basis(version, made.world)

    # --- what a killed run has left ---------------------------------------------------------------------------------

    def _landed(self) -> dict[tuple[str, date], str]:
        landings = Lake.of(self.configuration).landings(self.configuration)
        undated = {
            (stream.name, date.min): str(place.stat().st_mtime_ns)
            for stream in self.model.setting.streams
            if (place := Lake.of(self.configuration).undated(stream.name)).exists()
        }
        return {**{key: landing.extracted_at for key, landing in landings.items()}, **undated}

    def _see_what_landed(self, day: date, before: dict[tuple[str, date], str]) -> None:
        """The landings that the run replaced before it died: of its days alone, stream after stream."""
        after = self._landed()
        replaced = {key for key in after if before.get(key) != after[key]}
        is_first_unfinished = True
        for stream in self.model.setting.streams:
            planned = {(stream.name, wanted) for wanted in self.model.planned(stream, day, day)}
            whole = planned | {(stream.name, date.min)}
            landed = {key for key in replaced if key[0] == stream.name}
            assert landed <= whole
            assert landed in (set(), whole) or is_first_unfinished
            is_first_unfinished &= landed == whole
            self.model.extract(stream.name, [wanted for _, wanted in landed & planned])
            if (stream.name, date.min) in landed:
                self.model.extract_undated(stream.name)

    def _users_files(self) -> tuple[int, int]:
        lake = Lake.of(self.configuration)
        zones, users = (place.stat().st_mtime_ns if place.exists() else 0 for place in (lake.zones, lake.users))
        return zones, users

    def _see_which_users_landed(self, day: date, before: tuple[int, int]) -> None:
        """Zones are replaced before users."""
        zones, users = (one != other for one, other in zip(before, self._users_files(), strict=True))
        assert zones or not users
        if zones:
            self.model.record_zones(day)
        if users:
            self.model.replace_users()

    def _restatements_file(self) -> int:
        place = Lake.of(self.configuration).restatements
        return place.stat().st_mtime_ns if place.exists() else 0

    def _look_at_what_a_killed_run_published(self, restated_before: int) -> None:
        """The pointer is where it was, or names a new version that is whole; one may be in place and not pointed to."""
        warehouse = Warehouse.of(self.configuration)
        current = warehouse.current()
        unknown = {name for name in warehouse.kept() if name not in self.versions}
        assert len(unknown) <= 1
        if unknown:
            expected = self.model.expected()
            assert expected is not None
            assert self._refusals() == set()
            version = unknown.pop()
            self._compare(version, expected)
            if current == version:
                assert not self.is_pinned
                self.current = version
        self._see_what_was_recorded(restated_before)
        self._compare_current()

    def _see_what_was_recorded(self, restated_before: int) -> None:
        """Restatements are recorded before the basis; a basis that is there is that of a version in its place."""
        lake, expected = Lake.of(self.configuration), self.model.expected()
        if expected is None or self._restatements_file() == restated_before:
            return
        version = version_name(expected.newest, int((lake.root / "sequence").read_text(encoding="ascii")))
        basis = recorded_basis.Basis.read(lake)
        if basis is not None and basis.version == version:
            self._record(version, self.versions[version])
        else:
            self.model.restated = self.model.restatements(version, expected.world, can_compare=self.can_compare)

    def _kept(self) -> list[str]:
        return Warehouse.of(self.configuration).kept()

    def _end(self) -> None:
        """A last night; the same again has the same hash (I4), file and manifest agree (I1), nothing is left over."""
        self.unpin(Random(0))
        self.last_over += ONE_DAY
        self._run(self.last_over, self.last_over)
        warehouse = Warehouse.of(self.configuration)
        first = self.current
        self.build(Random(0))
        second = self.current
        if first is not None and second is not None and not self._refusals():
            assert warehouse.manifest(first).logical_hash == warehouse.manifest(second).logical_hash
        for version in warehouse.kept():
            assert warehouse.manifest(version).sha256 == sha256_of(warehouse.file(version))
        left = [place for place in self.configuration.data_dir.rglob("*") if UNFINISHED in place.name]
        assert left == []

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _any_row(self, random: Random) -> tuple[Stream, int, Row] | None:
        """A row of any stream, None while there is none."""
        every = [(s, number) for s in self.model.setting.streams for number in sorted(self.source.rows[s.name])]
        if not every:
            return None
        stream, number = random.choice(every)
        return stream, number, self.source.rows[stream.name][number]

    def _row(self, random: Random, stream: Stream) -> Row:
        """A row of a stream; a few lack what they must have."""
        at = self._instant(random)
        spelled = random.choice((*LEARNERS, *LEARNERS, *LEARNERS, GHOST))
        row: Row = {
            "event_id": f"e{random.randrange(40)}",
            "user_id": random.choice((spelled, spelled.lower())),
            **self._times(random, stream, at),
            **self._values(random, stream, at),
        }
        if random.random() < 0.08:
            row[random.choice(sorted(row))] = None
        return row

    def _times(self, random: Random, stream: Stream, at: datetime) -> Row:
        """The instants that give a row its day, and an end with it."""
        if stream.kind != "sessions":
            return {"occurred_at": at}
        end = at + timedelta(microseconds=random.choice(LENGTHS))
        return {"started_at": at, "ended_at": random.choice((end, end, end, None)), "last_activity_at": end}

    def _values(self, random: Random, stream: Stream, at: datetime) -> Row:
        """What else a row has."""
        updated_at = random.choice((None, at, at + timedelta(hours=random.randrange(40))))
        if stream.kind == "xp":
            return {"amount": random.choice(AMOUNTS), "updated_at": updated_at}
        if stream.kind == "quizzes":
            return {"passed": random.choice((True, False)), "updated_at": updated_at}
        end = at + timedelta(microseconds=random.choice(LENGTHS))
        return {"ended_at": random.choice((end, None)), "last_activity_at": end, "updated_at": updated_at}

    def _instant(self, random: Random) -> datetime:
        """An instant near a border of a date, of a day that is not over yet or was over before."""
        age = random.choice((-1, -1, -1, -1, 0, 0, 1, 2, 3, 4, 6, 9, -2))
        day = self.last_over - age * ONE_DAY
        border = random.choice(local_dates(random.choice(self.places), day))[0]
        at = random.choice((border + random.choice(NUDGES), day_start(day) + random.randrange(DAY // SECOND) * SECOND))
        return EPOCH + timedelta(microseconds=at)

    def _instant_of(self, row: Row) -> datetime:
        at = row.get("started_at", row.get("occurred_at"))
        return at if isinstance(at, datetime) else EPOCH + timedelta(microseconds=day_start(self.last_over))

    # --- doing, and saying so ---------------------------------------------------------------------------------------

    def _insert(self, stream: Stream, row: Row) -> None:
        number = self.source.insert(stream.name, row)
        self._note(f"  {stream.name} {number} appears: {_short(row)}")

    def _update(self, stream: Stream, number: int, **values: object) -> None:
        self._note(f"  {stream.name} {number} changes: {_short(values)}")
        self.source.update(stream.name, number, **values)

    def _put_user(self, user: Row) -> None:
        self._note(f"  {_short(user)}")
        self.source.put_user(user)

    def _change_user(self, random: Random, **values: object) -> None:
        if self.source.users:
            user_id = random.choice(sorted(map(str, self.source.users)))
            self._put_user({**self.source.users[user_id], **values})

    def _note(self, line: str) -> None:
        self.log.append(line)

    def _configured(self) -> Configuration:
        """Write the `pulse.toml` of the present setting and load it."""
        setting = self.model.setting
        lines = [
            *("[pulse]", f"first_day = {setting.first_day}", f"lookback_days = {setting.lookback_days}"),
            f'default_timezone = "{setting.default_timezone}"',
            *(f'level_metric = "{setting.level_metric}"', f"min_active_days = {setting.min_active_days}"),
            *(f"keep_versions = {KEEP_VERSIONS}", "[sources.platform]", f'url = "{self.url}"'),
            *("[auth]", f'secret = "{SECRET}"'),
        ]
        for name, kind in (("users", "users"), *((stream.name, stream.kind) for stream in setting.streams)):
            columns = ", ".join(f'{role} = "{column}"' for role, column in self.source.columns(name).items())
            lines += [f"[streams.{name}]", f'kind = "{kind}"', 'source = "platform"', f'table = "{name}"']
            lines += [f"columns = {{ {columns} }}"]
        place = self.folder / "pulse.toml"
        place.write_text("\n".join(lines), encoding="utf-8")
        return load(place, uses=["sources"])


XP, QUIZZES = Stream("xp_events", "xp"), Stream("quiz_attempts", "quizzes")
SESSIONS, CODE = Stream("english_sessions", "sessions"), Stream("code_sessions", "sessions")
STREAMS = ((XP, SESSIONS), (XP, SESSIONS), (XP, QUIZZES), (SESSIONS, CODE), (XP,), (SESSIONS,), (XP, QUIZZES, SESSIONS))


def _short(row: Row) -> str:
    """A row as a person reads it."""
    return ", ".join(f"{role} {value}" for role, value in row.items() if value is not None)


def _difference(found: Sequence[oracle.Row], expected: Sequence[oracle.Row]) -> str:
    """What one has and the other has not."""
    lines = [f"\n    found and not expected: {row}" for row in found if row not in expected]
    return "".join(lines + [f"\n    expected and not found: {row}" for row in expected if row not in found])
