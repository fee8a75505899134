"""What a run that was killed has left in the lake: the only thing that is read there rather than worked out.

It may have landed some of its days and no others, stream after stream, and of the learners' files the first ones.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from warehouse.lake.lake import Lake
from warehouse.versions.basis import Basis
from warehouse.versions.manifest import version_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.histories.model import Model, StreamDay
    from warehouse.configuration.configuration import Configuration

UNDATED = date.min  # stands for the day of rows that have none


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
    landings = {key: landing.extracted_at for key, landing in lake.landings(configuration).items()}
    undated = {
        (stream.name, UNDATED): str(_changed(lake.undated(stream.name))) for stream in configuration.event_streams
    }
    others = (_changed(place) for place in (lake.profiles, lake.zones, lake.users, lake.restatements))
    return Files({**landings, **undated}, *others)


def _changed(place: Path) -> int:
    return place.stat().st_mtime_ns if place.exists() else 0


def see_what_landed(model: Model, day: date, before: Files, after: Files) -> None:
    """Tell the model what the night of a day landed before it died; it must be some of what it had to."""
    replaced = {key for key, mark in after.landings.items() if before.landings.get(key) != mark}
    is_first_unfinished = True
    for stream in model.setting.streams:
        planned = {(stream.name, wanted) for wanted in model.planned(stream, day, day)}
        whole = planned | {(stream.name, UNDATED)}
        landed = {key for key in replaced if key[0] == stream.name}
        assert landed <= whole
        assert landed in (set(), whole) or is_first_unfinished
        is_first_unfinished &= landed == whole
        model.extract(stream.name, [wanted for _, wanted in landed & planned])
        if (stream.name, UNDATED) in landed:
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
