"""A random history: what operators do while a platform changes, and after each run what must be published.

A history is a seed and a list of operations. Each operation carries a seed of its own and decides with it what exactly
it does in the state that it finds, so any part of a history is a history too: that is how failing ones are made shorter
(`__main__.py`). Whatever is published is compared, table by table, with the oracle on what the model says the product
has been able to see (docs/RELIABILITY.md; I1 to I5).
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import duckdb

from assets.all_steps import publish_lake, run_night
from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.reconcile.reconcile import restate
from assets.step0_plan.plan import Run
from tests.histories import chance
from tests.histories.aftermath import Files, files_of, read_since, recorded, see_what_landed
from tests.histories.happenings import ONE_DAY, Happenings
from tests.histories.killed import night_that_dies
from tests.histories.model import NO_LEARNERS, VERSION, Basis, Version
from tests.histories.retention import kept, with_moved
from tests.oracle import oracle
from tests.oracle.oracle import Stream, days
from tests.support.erasing.erase import erase
from tests.support.platforms.platforms import SECRET
from tests.support.running import replay
from tests.support.running.in_full import built_in_full, sums_hash
from warehouse.configuration.configuration import Configuration, load
from warehouse.crash_points import NAMES
from warehouse.disk.files import UNFINISHED
from warehouse.disk.lock import run_lock
from warehouse.errors import NoVersionError, PulseError
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import Manifest, sha256_of
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from tests.histories.chance import Operation

KEEP_VERSIONS = 3
RESTATEMENTS = "select user_id, activity_date, measure, old, new, version, reason from restatements"
REFUSAL = re.compile(rf"check (\w+) found|({NO_LEARNERS})")
POINTS = [name for name in NAMES if not name.startswith("erase")]

# What the figures of many histories tell, in the order of their columns.
COMPARED, KILLED, HELD_BACK = "versions compared", "nights killed", "versions held back by a check"
DRIFTED, RESTATED = "reconciliations that found drift", "restatements"
ERASED, ROLLED_BACK, PROVEN = "erasures", "rollbacks", "days proven and not read"
KEPT = "versions that kept rows of the one before"  # not in the table: how many depends on what is lost and configured
COUNTED = (COMPARED, KILLED, HELD_BACK, DRIFTED, RESTATED, ERASED, ROLLED_BACK, PROVEN)


class NothingDriftedError(Exception):
    """A reconciliation found nothing, so nothing is published."""


class History(Happenings):
    """A platform, the product beside it, and the model of what the product has seen."""

    def __init__(self, seed: int, url: str, folder: Path, *, is_disguised: bool = False) -> None:
        """Make an empty platform for the history of a seed; the database belongs to this history alone."""
        super().__init__(seed, url, is_disguised=is_disguised)
        self.counts = Counter[str]()
        self.folder, self.url = folder, url
        self.versions: dict[str, Version] = {}
        self.current: str | None = None
        self.is_pinned = False
        self.accepted: tuple[str, ...] = replay.GUARDS
        self.can_compare = False  # whether the version before the next is still there
        self.configuration = self._configured()

    def play(self, operations: Sequence[Operation]) -> None:
        """Do it all, and end with a night, the same once more, and what must hold of every folder."""
        for operation in operations:
            self.note(operation.name)
            getattr(self, operation.name)(Random(operation.seed))
        self.note("the end")
        self._end()

    # --- runs -------------------------------------------------------------------------------------------------------

    def night(self, random: Random) -> None:
        """The night of the next day; now and then what shrinks may hold its version back (R22 is another test's)."""
        self.last_over += ONE_DAY
        self.accepted = random.choice((replay.GUARDS, replay.GUARDS, ("accept_quarantine",)))
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
        self.accepted = random.choice((replay.GUARDS, ("accept_quarantine",)))
        self._run(first, last, only)
        self.accepted = replay.GUARDS

    def night_is_killed(self, random: Random) -> None:
        """The next night, or the last one again, dies at a crash point (FAULTS 1)."""
        if random.random() < 0.7:
            self.last_over += ONE_DAY
        day, point = self._last_day(), f"{random.choice(POINTS)}@{random.choice((1, 1, 1, 2, 3))}"
        files, version = files_of(self.configuration), self._before()
        was_killed = night_that_dies(self.configuration.path, day, point)
        self.note(f"  night of {day} {'dies' if was_killed else 'does not die'} at {point}")
        if was_killed:
            self.counts[KILLED] += 1
            see_what_landed(self.model, day, files, files_of(self.configuration))
            self._look_at_what_a_killed_run_published(files, version)
        else:
            self.counts[PROVEN] += self.model.run(day, day, read_since(self.configuration, files))
            self._look_at_what_is_published(self.model.refusals(version, accepts_shrinking=True))

    def build(self, _: Random) -> None:
        """`pulse build`: a version from the lake alone."""
        self._publish(lambda: publish_lake(Night.of(self.configuration), self.accepted))

    def warehouse_is_lost(self, _: Random) -> None:
        """The warehouse is deleted, and built again."""
        shutil.rmtree(Warehouse.of(self.configuration).root, ignore_errors=True)
        self.versions.clear()
        self.current = None
        self.is_pinned = False
        self.build(_)

    def configuration_changes(self, random: Random) -> None:
        """Another default zone, score, number of days, week or levels; the next run or build goes by it."""
        setting = self.model.setting
        self.model.setting = random.choice(
            (
                replace(setting, default_timezone=random.choice(self.places)),
                replace(setting, level_metric=random.choice(("xp_earned", "learning_time"))),
                replace(setting, min_active_days=random.choice((1, 2, 5))),
                replace(setting, week_start=random.choice(("sunday", "monday"))),
                replace(setting, level_thresholds=random.choice(chance.LEVELS_OF_XP)),
            )
        )
        self.note(f"  {self.model.setting}")
        self.configuration = self._configured()

    def mapping_changes(self, _: Random) -> None:
        """Another mapping of the same rows: all days are read again, but for those that a source has purged."""
        if self.is_disguised:  # its mappings are drawn once
            return
        self.model.setting = replace(self.model.setting, mapping=self.model.setting.mapping + 1)
        self.configuration = self._configured()

    def rollback(self, _: Random) -> None:
        """Back to the version before: it is what it was, and pinned (FAULTS 10)."""
        try:
            pin = Warehouse.of(self.configuration).rollback()
        except NoVersionError:
            assert len(self.versions) < 2 or self.current is None or self.current == min(self._kept())
            return
        self.note(f"  to {pin.version}")
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
            comparison = compare(Night.of(self.configuration))
            found = {(drift.landing.stream, drift.landing.day) for drift in comparison.drifts}
            self.note(f"  drifted: {', '.join(f'{stream} {day}' for stream, day in sorted(found))}")
            assert drifted <= found
            assert not [day for stream, day in found if day in kept(self.model, stream)]
            if not found:
                raise NothingDriftedError
            self.counts[DRIFTED] += 1
            for stream in sorted({stream for stream, _ in found}):
                days_of_stream = sorted(day for name, day in found if name == stream)
                self.model.extract(stream, with_moved(self.model, stream, days_of_stream))
                self.model.extract_undated(stream)
            self.model.land_users(max(day for _, day in found))
            return restate(Night.of(self.configuration), comparison, self.accepted).manifest

        try:
            self._publish(run)
        except NothingDriftedError:
            self._compare_current()
        assert self.model.drifted() == set()

    def learner_is_erased(self, random: Random) -> None:
        """Nothing of a learner is left anywhere, nor comes back (FAULTS 42)."""
        user_id = self.source.known_as(random.choice((*chance.LEARNERS, chance.GHOST)))
        self.note(f"  {user_id}")
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
        self.note(f"  run {first} to {last} {only.name if only else ''}")
        names = (only.name,) if only else ()

        def run() -> Manifest | None:
            accepts, files = "accept_shrink" in self.accepted, files_of(self.configuration)
            try:
                return run_night(Night.of(self.configuration), Run(first, last, names, self.accepted))
            finally:
                read = read_since(self.configuration, files)
                self.counts[PROVEN] += self.model.run(first, last, read, *names, accepts_shrinking=accepts)

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
            self.note(f"  refused: {error}")
        accepts = "accept_shrink" in self.accepted
        refusals = self.model.refusals(before, accepts_shrinking=accepts)
        self.counts[HELD_BACK] += bool(refusals)
        assert {name or words for name, words in REFUSAL.findall(error)} == refusals, error
        self._look_at_what_is_published(refusals, manifest)

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
        if self.model.users_in_force is not None and self.model.knows_profiles:
            profiles = duckdb.read_parquet(str(Lake.of(self.configuration).profiles)).fetchall()
            assert dict(profiles) == self.model.public_pages()

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
        self._compare_with_one_in_full(version)

    def _compare_with_one_in_full(self, version: str) -> None:
        """A version that kept rows has the hashes of one that is built from nothing (R24), and nothing had drifted."""
        manifest = Warehouse.of(self.configuration).manifest(version)
        assert manifest.drift == ""
        if manifest.kept_from:
            self.counts[KEPT] += 1
            whole = built_in_full(self.configuration)
            assert manifest.logical_hash == whole.logical_hash
            assert sums_hash(self.configuration) == whole.sums_hash

    def _record(self, version: str, made: Version) -> None:
        """A version was recorded in the lake: with what it restates, and as what the next one is compared with."""
        self.model.restated = self.model.restatements(version, made.world, can_compare=self.can_compare)
        self.model.basis = Basis(version, made.world)

    # --- what a killed run has left ---------------------------------------------------------------------------------

    def _look_at_what_a_killed_run_published(self, files: Files, before: Version | None) -> None:
        """The pointer is where it was, or names a new version that is whole; one may be in place and not pointed to."""
        warehouse = Warehouse.of(self.configuration)
        current = warehouse.current()
        unknown = {name for name in warehouse.kept() if name not in self.versions}
        assert len(unknown) <= 1
        if unknown:
            expected = self.model.expected()
            assert expected is not None
            assert self.model.refusals(before, accepts_shrinking=True) == set()
            version = unknown.pop()
            self._compare(version, expected)
            if current == version:
                assert not self.is_pinned
                self.current = version
        self._see_what_was_recorded(files)
        self._compare_current()

    def _see_what_was_recorded(self, before: Files) -> None:
        """Restatements are recorded before the basis; a basis that is there is that of a version in its place."""
        expected = self.model.expected()
        if expected is None or files_of(self.configuration).restatements == before.restatements:
            return
        version, has_basis = recorded(self.configuration, expected.newest)
        if has_basis:
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
        first = warehouse.manifest(self.current).logical_hash if self.current else None
        self.build(Random(0))
        second = self.current
        if first is not None and second is not None and not self.model.refusals(self._before(), accepts_shrinking=True):
            assert warehouse.manifest(second).logical_hash == first
        for version in warehouse.kept():
            manifest = warehouse.manifest(version)
            assert manifest.sha256 == sha256_of(warehouse.file(version))
            assert manifest.lookup_sha256 == sha256_of(warehouse.lookup_file(version))
        left = [place for place in self.configuration.data_dir.rglob("*") if UNFINISHED in place.name]
        assert left == [], left

    def _configured(self) -> Configuration:
        """Write the `pulse.toml` of the present setting and load it."""
        setting = self.model.setting
        lines = [
            *("[pulse]", f"first_day = {setting.first_day}", f"lookback_days = {setting.lookback_days}"),
            f'default_timezone = "{setting.default_timezone}"',
            *(f'level_metric = "{setting.level_metric}"', f"min_active_days = {setting.min_active_days}"),
            *(f"keep_versions = {KEEP_VERSIONS}", "[sources.platform]", f'url = "{self.url}"'),
            *("[auth]", f'secret = "{SECRET}"'),
            *("[serve]", f'week_start = "{setting.week_start}"'),
            *("[xp]", f"level_thresholds = {[*setting.level_thresholds]}"),
        ]
        for name, kind in (("users", "users"), *((stream.name, stream.kind) for stream in setting.streams)):
            head, _, keys = self.source.section(name, kind).partition("\n")
            lines += [head, *setting.retention.keys(name), keys]
            if setting.mapping and name != "users":
                lines += [f'where = [{{ column = "row_number_here", at_least = {-setting.mapping} }}]']
        place = self.folder / "pulse.toml"
        place.write_text("\n".join(lines), encoding="utf-8")
        return load(place, uses=["sources"])


def _difference(found: Sequence[oracle.Row], expected: Sequence[oracle.Row]) -> str:
    """What one has and the other has not."""
    lines = [f"\n    found and not expected: {row}" for row in found if row not in expected]
    return "".join(lines + [f"\n    expected and not found: {row}" for row in expected if row not in found])
