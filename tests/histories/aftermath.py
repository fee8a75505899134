"""What a run that was killed has left in the lake: the only thing that is read there rather than worked out.

It may have landed some of its days and no others, stream after stream, and of the learners' files the first ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.histories.reading import UNDATED, days_to_read, replaced
from warehouse.lake.lake import Lake
from warehouse.versions.basis import Basis
from warehouse.versions.manifest import version_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from tests.histories.model import Model, StreamDay
    from warehouse.configuration.configuration import Configuration


class Files(NamedTuple):
    """By what the lake's files are known to have been replaced; of `landings`, by stream and day."""

    landings: Mapping[StreamDay, str]
    profiles: int
    zones: int
    users: int
    restatements: int


def files_of(configuration: Configuration) -> Files:
    """Look at the files of a lake."""
    lake = Lake.of(configuration)
    landings = {key: landing.extracted_at for key, landing in lake.landed(configuration).items()}
    undated = {
        (stream.name, UNDATED): str(_changed(lake.undated(stream.name))) for stream in configuration.event_streams
    }
    others = (_changed(place) for place in (lake.profiles, lake.zones, lake.users, lake.restatements))
    return Files({**landings, **undated}, *others)


def read_since(configuration: Configuration, before: Files) -> dict[str, set[date]]:
    """Return the days of each stream that have landed since."""
    return replaced(before.landings, files_of(configuration).landings)


def _changed(place: Path) -> int:
    return place.stat().st_mtime_ns if place.exists() else 0


def see_what_landed(model: Model, day: date, before: Files, after: Files) -> None:
    """Tell the model what the night of a day landed before it died; it must be some of what it had to.

    Rows without a day are put in place last, so where they are others the stream has landed.
    """
    read = replaced(before.landings, after.landings)
    is_first_unfinished = True
    for stream in model.setting.streams:
        landed, undated = read.get(stream.name, set()), (stream.name, UNDATED)
        wanted = days_to_read(model, stream.name, model.planned(stream, day, day), day)
        is_finished = before.landings.get(undated) != after.landings.get(undated)
        assert landed <= wanted.most
        assert is_finished or not landed or is_first_unfinished
        is_first_unfinished &= is_finished
        model.extract(stream.name, wanted.seen(landed) if is_finished else landed)
        if is_finished:
            model.extract_undated(stream.name)
    _see_which_users_landed(model, day, before, after)


def _see_which_users_landed(model: Model, day: date, before: Files, after: Files) -> None:
    """Profiles are replaced before zones, and zones before users."""
    assert after.profiles != before.profiles or after.zones == before.zones
    assert after.zones != before.zones or after.users == before.users
    model.knows_profiles &= after.profiles == before.profiles
    if after.zones != before.zones:
        model.record_zones(day)
    if after.users != before.users:
        model.replace_users()


def recorded(configuration: Configuration, newest: date) -> tuple[str, bool]:
    """The version that a run up to a newest day was making last, and whether the lake says what it was made from."""
    lake = Lake.of(configuration)
    version = version_name(newest, int((lake.root / "sequence").read_text(encoding="ascii")))
    basis = Basis.read(lake)
    return version, basis is not None and basis.version == version
