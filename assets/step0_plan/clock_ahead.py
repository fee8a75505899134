"""Before step 1: moving away what was landed while a clock was ahead (R2, R3; FAULTS 54).

Such a landing is of a day that is not over, or was extracted later than now, by its metadata. While it exists its day
is the newest day, and the learners do not land (R3). So a run over the sources moves it below `lake/ahead/`. With it go
the zones that were recorded for days that are not over. The public pages that landed with them are copied: they hold
until the learners land again in the same run.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from assets.night.night import Night
from assets.step1_extract.extract import time_at
from warehouse import clock, engine
from warehouse.configuration.configuration import Configuration
from warehouse.configuration.stream_mistakes import RESERVED_STREAM_NAMES
from warehouse.crash_points import reached
from warehouse.disk.files import entries, make_folder, put_in_place, sync, written_beside
from warehouse.errors import CheckFailedError, ClockError
from warehouse.lake.footers import ABOUT
from warehouse.lake.lake import NAME_OF_A_DAY, Lake
from warehouse.versions.basis import WRITE_BASIS, Basis

ZONES = "select * from {files} where from_day {comparison} $last_day order by user_id, from_day"


@dataclass(frozen=True)
class Ahead:
    """What a clock that was ahead has left in the lake.

    Args:
        landings: the landings, with their days.
        zones: whether zones are recorded for days that are not over.
        profiles: whether the public pages are of a day that is not over.
    """

    landings: Mapping[Path, date]
    zones: bool
    profiles: bool

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.landings) or self.zones or self.profiles

    def __str__(self) -> str:
        """Say which days, of which streams."""
        days, streams = sorted(self.landings.values()), sorted({path.parent.name for path in self.landings})
        spanned = f"{days[0]}" if days[:1] == days[-1:] else f"{days[0]} to {days[-1]}" if days else ""
        return f"{spanned} of {', '.join(streams)}" if days else "the learners' zones and public pages"


def find_ahead(night: Night) -> Ahead:
    """Look for what a clock that was ahead has landed."""
    lake = night.lake
    latest = (clock.now() + clock.TOLERANCE).isoformat()
    landings = dict(_not_over(lake, clock.last_day_over()))
    for (stream, day), landing in night.landings.items():
        if landing.extracted_at > latest:
            landings[lake.landing(stream, day)] = day
    return Ahead(landings, is_ahead(lake, lake.zones), is_ahead(lake, lake.profiles))


def is_ahead(lake: Lake, file: Path) -> bool:
    """Tell whether a file that landed with the learners did so in a run whose last day is not over."""
    last_day = lake.footers.content(file).get("last_day") if file.exists() else None
    return last_day is not None and date.fromisoformat(last_day) > clock.last_day_over()


def refuse_ahead(night: Night) -> None:
    """Make sure that no landing is ahead of our clock, where a version is built and no source is asked.

    Raises:
        CheckFailedError: there is one; nothing was moved.
    """
    ahead = find_ahead(night)
    if ahead.landings:
        raise CheckFailedError(
            f"{ahead} landed ahead of our clock, which says {clock.now():%Y-%m-%d %H:%M} (UTC): days that are "
            "not over, or extracted later than now; if the clock is wrong set it, else `pulse nightly` moves them away"
        )


def set_aside(night: Night) -> str | None:
    """Move what a clock that was ahead has landed below `lake/ahead/`, and say so; the sources are asked first.

    Args:
        night: with its sources resolved; the caller holds the run's lock.

    Returns:
        The line that was said, None if there was nothing.

    Raises:
        ClockError: our clock is behind that of a source, or before `first_day`, so the landings are not ahead.
        SourceUnavailableError: a source that has a clock does not answer; nothing was moved.
    """
    ahead = find_ahead(night)
    if not ahead:
        return None
    _refuse_wrong_clock(night.configuration)
    lake = night.lake
    folder = lake.root / "ahead" / f"{clock.now():%Y-%m-%dT%H-%M-%S.%fZ}"
    if ahead.landings:
        _cut_basis(night, min(ahead.landings.values()))
    reached("ahead: basis cut")
    if ahead.zones:
        _move_zones(night, folder)
    if ahead.profiles:
        with written_beside(folder / lake.profiles.name) as unfinished:
            shutil.copyfile(lake.profiles, unfinished)
    _forget_activity(lake)
    _move(ahead.landings, folder)
    line = f"a clock was ahead once: {ahead} moved to {folder}; the learners land again"
    night.progress.note(line)
    return line


def _refuse_wrong_clock(configuration: Configuration) -> None:
    for stream in {stream.source: stream for stream in configuration.streams.values()}.values():
        time_at(configuration, stream)
    first_day = configuration.pulse.first_day
    if clock.last_day_over() < first_day:
        raise ClockError(f"our clock says {clock.now():%Y-%m-%d %H:%M} (UTC), first_day is {first_day}; set the clock")


def _not_over(lake: Lake, last_day: date) -> Iterator[tuple[Path, date]]:
    """Yield every landing of a day after `last_day`, also of streams that are not configured any more."""
    last = f"{last_day}.parquet"
    for folder in entries(lake.root):
        if folder in RESERVED_STREAM_NAMES or not (lake.root / folder).is_dir():
            continue
        for name in entries(lake.root / folder):
            if NAME_OF_A_DAY.fullmatch(name) and name > last:
                with suppress(ValueError):  # no day: not one of ours
                    yield lake.root / folder / name, date.fromisoformat(name.removesuffix(".parquet"))


def _cut_basis(night: Night, first: date) -> None:
    """Cut the basis at the day before `first`: no later day was ever complete."""
    lake = night.lake
    basis = Basis.read(lake)
    if basis is None or basis.newest_day < first:
        return
    kept = [day for day in basis.content_hashes if day < first]
    if not kept:
        lake.basis.unlink()
        sync(lake.root)
        return
    cut = replace(
        basis,
        content_hashes={day: basis.content_hashes[day] for day in kept},
        made_from={day: basis.made_from[day] for day in kept},
        made_by={},  # the version itself has the later days: nothing of it is kept in the next one
    )
    query = WRITE_BASIS.format(zones=engine.files([lake.basis]))
    with night.connect() as connection, written_beside(lake.basis) as unfinished:
        connection.execute(query, {"file": str(unfinished), "about": cut.to_json()})


def _move_zones(night: Night, folder: Path) -> None:
    """Write the zones of days that are not over to `folder`, then write `zones.parquet` without them."""
    lake, last_day = night.lake, clock.last_day_over()
    about = lake.footers.content(lake.zones)
    for target, comparison, day in (
        (folder / "zones.parquet", ">", about["last_day"]),
        (lake.zones, "<=", str(last_day)),
    ):
        query = ZONES.format(files=engine.files([lake.zones]), comparison=comparison)
        with night.connect() as connection, written_beside(target) as unfinished:
            connection.execute(
                f"copy ({query}) to $file (format parquet, kv_metadata {{{ABOUT}: $about}})",
                {"file": str(unfinished), "last_day": last_day, "about": json.dumps({**about, "last_day": day})},
            )


def _forget_activity(lake: Lake) -> None:
    """Delete the roll-ups of days that are not over; they are made again when their day has landed."""
    for day in lake.activity_days():
        if day > clock.last_day_over():
            lake.activity(day).unlink()


def _move(files: Collection[Path], folder: Path) -> None:
    for file in sorted(files, reverse=True):  # the newest first: what a kill leaves has no gap
        target = folder / file.parent.name / file.name
        make_folder(target.parent)
        put_in_place(file, target)
        sync(file.parent)
        reached("ahead: one moved")
