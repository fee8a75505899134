"""Step 2: land a stream's days, each as one Parquet file of validated rows and, with a reason, quarantined ones.

Rows are spooled (`spool.py`), judged (`judge.py`), and put in place only when every day of the run has been written. So
nothing partial ever lands (R19, R20, R23).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from assets.night.night import Night
from assets.step0_plan.plan import Run, days_to_extract
from assets.step1_extract.extract import Reader, open_stream
from assets.step1_extract.selects.columns import changes
from assets.step1_extract.source.clocks import refuse_day_not_over
from assets.step2_land.judge import write_landings, write_undated
from assets.step2_land.spool import Spool
from warehouse.configuration.configuration import Pulse, Stream
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, put_in_place
from warehouse.errors import ShrinkError
from warehouse.interruption import finished_first
from warehouse.lake.landing import Landing


@dataclass(frozen=True)
class Landed:
    """What landing a stream did.

    Args:
        landings: what landed, in the order of the days.
        undated: rows without a day, in quarantine for themselves.
        unmapped_columns: columns of the source's table that nothing maps.
        changes: what has changed in that table since the last landing, and stops nothing.
    """

    landings: Sequence[Landing]
    undated: int
    unmapped_columns: Sequence[str]
    changes: Sequence[str]


def land_run(night: Night, run: Run, stream: Stream) -> Landed:
    """Land the days that a run extracts from a stream, as `land`; there may be none."""
    days = days_to_extract(night, run, stream)
    if not days:
        return Landed((), 0, (), ())
    return land(night, stream, days, accept_shrink="accept_shrink" in run.accepted)


def land(night: Night, stream: Stream, days: Collection[date], *, accept_shrink: bool = False) -> Landed:
    """Extract days of a stream and put their landings in place, all of them or none.

    Args:
        night: where the source and the lake are, and what has landed before.
        stream: an event stream.
        days: UTC days that are over.
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
            spool = Spool(folder, reader)
            spool.read(days)
            undated = write_undated(reader, folder, erased)
        reached("landing: rows spooled")
        landings = []
        for landing in write_landings(spool, erased):
            landings.append(landing)
            progress.advance()
        if not accept_shrink:
            _refuse_shrinking(night.configuration.pulse, landings, night.landings)
        reached("landing: files written")
        with finished_first():
            for landing in landings:
                put_in_place(folder / f"{landing.day}.parquet", lake.landing(stream.name, landing.day))
                reached("landing: one put in place")
            put_in_place(folder / "undated.parquet", lake.undated(stream.name))
            reached("landing: all put in place")
        summarize(f"{len(landings)} days, {sum(landing.rows for landing in landings):,} rows")
    new = _changes(reader, night.landings.values())
    for change in new:
        progress.note(f"{stream.name}: {change} in {stream.relation}")
    return Landed(landings, undated, reader.mapped.others, new)


def _changes(reader: Reader, before: Iterable[Landing]) -> list[str]:
    landings = [landing for landing in before if landing.stream == reader.stream.name]
    last = max(landings, key=lambda landing: landing.extracted_at, default=None)
    return changes(last.columns if last else {}, reader.mapped.types)


def _refuse_shrinking(
    limits: Pulse,
    landings: Iterable[Landing],
    before: Mapping[tuple[str, date], Landing],
) -> None:
    for landing in landings:
        old = before.get((landing.stream, landing.day))
        if old and old.rows >= limits.shrink_base and landing.rows < old.rows * (1 - limits.shrink_budget):
            raise ShrinkError(
                f"stream {landing.stream}: the landing of {landing.day} would shrink from {old.rows} to {landing.rows} "
                "rows; nothing was replaced, look at the source, or let it through with --accept-shrink"
            )
