"""Step 2: land a stream's days, each as one Parquet file of validated rows and, with a reason, quarantined ones.

Rows are spooled (`spool.py`), judged (`judge.py`), and put in place only when every day of the run has been written. So
nothing partial ever lands (R19, R20, R23).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from assets.night.night import Night
from assets.step0_plan.plan import Run, days_to_extract, left_alone, looked_back_on
from assets.step1_extract.extract import Reader, open_stream
from assets.step1_extract.selects.columns import changes
from assets.step1_extract.source.clocks import refuse_day_not_over
from assets.step2_land.judge import write_landings, write_undated
from assets.step2_land.moves.moved import moved_away, read_of_days_not_over, read_with_moved
from assets.step2_land.spool import Spool
from assets.step2_land.unchanged.unchanged import unchanged_days
from warehouse.configuration.configuration import Stream
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, put_in_place
from warehouse.disk.interruption import finished_first
from warehouse.errors import ShrinkError
from warehouse.lake.days import days_between
from warehouse.lake.kept import earlier_mapping_line, left_alone_line, under_earlier_mapping
from warehouse.lake.landing import Landing
from warehouse.lake.proofs import add_proofs


@dataclass(frozen=True)
class Landed:
    """What landing a stream did.

    Args:
        landings: what landed, in the order of the days.
        undated: rows without a day, in quarantine for themselves.
        unmapped_columns: columns of the source's table that nothing maps.
        changes: what has changed in that table since the last landing, and stops nothing.
        proven: when each day that was not read was found equal to its landing, ISO 8601, in the order of the days.
    """

    landings: Sequence[Landing]
    undated: int
    unmapped_columns: Sequence[str]
    changes: Sequence[str]
    proven: Mapping[date, str] = field(default_factory=dict)


def land_run(night: Night, run: Run, stream: Stream) -> Landed:
    """Land the days that a run extracts from a stream, as `land`; there may be none."""
    days = days_to_extract(night, run, stream)
    if run.days is None and (kept := left_alone(night, run, stream) & {*days_between(run.first, run.last)}):
        night.progress.note(left_alone_line(stream, kept))
    if not days:
        return Landed((), 0, (), ())
    looked_back = looked_back_on(run, days)
    return land(night, stream, days, looked_back=looked_back, accept_shrink="accept_shrink" in run.accepted)


def land(
    night: Night,
    stream: Stream,
    days: Collection[date],
    *,
    looked_back: Collection[date] = (),
    accept_shrink: bool = False,
) -> Landed:
    """Extract days of a stream and put their landings in place, all of them or none.

    Args:
        night: where the source and the lake are, and what has landed before.
        stream: an event stream.
        days: UTC days that are over.
        looked_back: those of them that are proven instead of read where nothing has changed; not all of them.
        accept_shrink: replace a landing even if it would lose more rows than R23 lets pass.

    Raises:
        SourceDriftError: the table is not what the mapping says.
        SourceUnavailableError: the source failed, or fewer rows came than it counts itself.
        ClockError: a day is not over, or our clock is behind that of the source.
        PulseError: who has been erased is not known.
        ShrinkError: a landing would lose more than `shrink_budget` of at least `shrink_base` rows.
    """
    lake, progress = night.lake, night.progress
    erased = night.erased_learners()
    stream_folder = lake.root / stream.name
    make_folder(stream_folder)
    with (
        progress.step(stream.name, len(days)) as summarize,
        TemporaryDirectory(dir=stream_folder, prefix=".", suffix=UNFINISHED) as temp,
    ):
        folder = Path(temp)
        with open_stream(night.configuration, stream, progress) as reader:
            refuse_day_not_over(max(days), stream.source, reader.source_time)
            unchanged = unchanged_days(night, reader, looked_back, erased)
            spools = read_with_moved(night, reader, folder, sorted({*days} - unchanged))
            unchanged -= {day for spool in spools for day in spool.figures}  # events have moved from there
            progress.advance(len(unchanged))
            beside = [] if accept_shrink else read_of_days_not_over(night, folder, spools)
            if strays := reader.strays(days):
                line = f"{strays} rows are of another day than their file, and do not count"
                progress.note(f"{stream.name}: {line}; have a file only of its own day, or name files without {{day}}")
            undated = write_undated(reader, folder, erased)
        reached("landing: rows spooled")
        written = []
        for spool in reversed(spools):  # days that events have left, so that after a kill they are looked for again
            for landing in write_landings(spool, erased):
                written.append((spool.folder / f"{landing.day}.parquet", landing))
                progress.advance()
        landings = sorted((landing for _, landing in written), key=lambda landing: landing.day)
        if not accept_shrink:
            _refuse_shrinking(night, landings, [*spools, *beside])
        proven = {day: reader.taken_at.isoformat() for day in sorted(unchanged)}
        reached("landing: files written")
        with finished_first():
            for file, landing in written:
                put_in_place(file, lake.landing(stream.name, landing.day))
                reached("landing: one put in place")
            _prove(night, reader, landings, proven)
            put_in_place(folder / "undated.parquet", lake.undated(stream.name))
            reached("landing: all put in place")
        summary = f"{len(landings)} days, {sum(landing.rows for landing in landings):,} rows"
        summarize(f"{summary}; {len(proven)} days proven" if proven else summary)
    new = _changes(reader, night.landings.values())
    for change in new:
        progress.note(f"{stream.name}: {change} in {stream.relation}")
    _tell_of_earlier_mapping(night, stream, days)
    return Landed(landings, undated, reader.mapped.others, new, proven)


def _prove(night: Night, reader: Reader, landings: Iterable[Landing], days: Mapping[date, str]) -> None:
    """Note that the source still says of these days what it said when they landed."""
    if days:
        name = reader.stream.name
        after = {**night.landings, **{(name, landing.day): landing for landing in landings}}
        add_proofs(night.lake, after, {(name, day): when for day, when in days.items()}, by_night=True)


def _tell_of_earlier_mapping(night: Night, stream: Stream, days: Collection[date]) -> None:
    """Say how many days keep the mapping that days of this run had until now."""
    replaced = [night.landed.get((stream.name, day)) for day in days]
    present = stream.fingerprint
    has_changed = any(landing and landing.fingerprint != present for landing in replaced)
    if has_changed and (kept := under_earlier_mapping(stream, night.read_again().landings)):
        night.progress.note(earlier_mapping_line(stream, kept))


def _changes(reader: Reader, before: Iterable[Landing]) -> list[str]:
    landings = [landing for landing in before if landing.stream == reader.stream.name]
    last = max(landings, key=lambda landing: landing.extracted_at, default=None)
    return changes(last.columns if last else {}, reader.mapped.types)


def _refuse_shrinking(night: Night, landings: Iterable[Landing], spools: Sequence[Spool]) -> None:
    """Compare landings with those that they replace; a row that has moved to another day is not lost."""
    limits = night.configuration.pulse
    before = {(old.stream, old.day): old for old in night.landings.values() if old.rows >= limits.shrink_base}
    pairs = [(before[key], landing) for landing in landings if (key := (landing.stream, landing.day)) in before]
    shrunk = [(old, new) for old, new in pairs if new.rows < old.rows * (1 - limits.shrink_budget)]
    moved = moved_away(night, spools, [old for old, _ in shrunk])
    for old, new in shrunk:
        if new.rows + moved.get(new.day, 0) < old.rows * (1 - limits.shrink_budget):
            raise ShrinkError(
                f"stream {new.stream}: the landing of {new.day} would shrink from {old.rows} to {new.rows} "
                "rows; nothing was replaced, look at the source, or let it through with --accept-shrink"
            )
