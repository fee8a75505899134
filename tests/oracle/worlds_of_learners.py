"""Random worlds in which several streams say who the learners are, merged or by prefixes, and zones have other names.

A drawn world (`worlds.py`) is told in another way: the rows of its users stand in several streams. It stays within the
guards of a night, because whoever was known before is known still.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.oracle.oracle import identifier
from tests.oracle.worlds import BAD_ZONES, worlds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import DrawFn

    from tests.oracle.oracle import World

    RawRow = Mapping[str, object]

STREAMS = ("accounts", "options", "consents")
NAMES = ("Berlin time", "EST", "Hawaii", 'o\'clock "here"', "UTC")
OPTIONAL = ("username", "timezone", "is_public", "deleted_at")


@st.composite
def worlds_of_learners(draw: DrawFn, *, is_loose: bool = True) -> World:
    """Draw a world whose learners come from two or three streams; `is_loose` as for `worlds`."""
    world = draw(worlds(is_loose=is_loose, may_lose_learners=True))
    streams = STREAMS[: draw(st.integers(2, 3))]
    has_text_ids = all(isinstance(row["user_id"], str) for _, rows in world.users_landings for row in rows)
    several = prefixed if is_loose and has_text_ids and draw(st.booleans()) else merged
    return draw(looked_up(draw(several(draw(renamed_zones(world)), streams))))


@st.composite
def renamed_zones(draw: DrawFn, world: World) -> World:
    """Give some zones the names of an application, and the names some IANA zones."""
    spelled = sorted(
        {str(row["timezone"]) for _, rows in world.users_landings for row in rows} - set(map(str, BAD_ZONES))
    )
    zone_names = (
        {name: draw(st.sampled_from(spelled)) for name in draw(st.sets(st.sampled_from(NAMES)))} if spelled else {}
    )
    named = {zone: name for name, zone in zone_names.items()}
    landings = tuple(
        (day, [dict(row, timezone=named.get(str(row["timezone"]), row["timezone"])) for row in rows])
        for day, rows in world.users_landings
    )
    return replace(world, users_landings=landings, zone_names=zone_names)


@st.composite
def merged(draw: DrawFn, world: World, streams: Sequence[str]) -> World:
    """Tell every row in one stream or more, each with some of its values; some streams map not every role."""
    mapped = {name: {*draw(st.sets(st.sampled_from(OPTIONAL), min_size=1)), "user_id", "stream"} for name in streams}
    landings = []
    for day, rows in world.users_landings:
        shares = [share for row in rows for share in draw(shares_of(row, rows, streams))]
        landings.append((day, draw(st.permutations([_only(share, mapped) for share in shares]))))
    return replace(world, users_landings=tuple(landings), users_streams=tuple(streams), are_users_merged=True)


@st.composite
def shares_of(draw: DrawFn, row: RawRow, rows: Sequence[RawRow], streams: Sequence[str]) -> list[RawRow]:
    """A row as one stream or more tell it: some values are null, some those of another learner."""
    shares: list[RawRow] = []
    for stream in draw(st.lists(st.sampled_from(streams), min_size=1, unique=True)):
        other = draw(st.sampled_from(rows))
        values = {role: draw(st.sampled_from((row[role], row[role], None, other[role]))) for role in OPTIONAL[:3]}
        deleted_at = row["deleted_at"] if draw(st.booleans()) else None
        shares.append({**row, **values, "deleted_at": deleted_at, "stream": stream})
    return shares


def _only(row: RawRow, mapped: Mapping[str, set[str]]) -> RawRow:
    return {role: value for role, value in row.items() if role in mapped[str(row["stream"])]}


@st.composite
def prefixed(draw: DrawFn, world: World, streams: Sequence[str]) -> World:
    """Give every learner to one stream, whose prefix the learner's events carry; equal ids of two are two learners."""
    prefixes = {stream: f"{stream[0]}{draw(st.sampled_from((':', '-', chr(39), '%')))}" for stream in streams}
    ids = sorted({_normal(row["user_id"]) for _, rows in world.users_landings for row in rows})
    of = {user_id: draw(st.sampled_from(streams)) for user_id in ids}
    landings = tuple(
        (day, [{**row, "stream": of[_normal(row["user_id"])]} for row in rows]) for day, rows in world.users_landings
    )
    spelled = {
        _normal(row["user_id"]): prefixes[str(row["stream"])] + _normal(row["user_id"])  # as the learner has it (R26)
        for _, rows in reversed(landings)
        for row in reversed(rows)
        if identifier(row["user_id"])[0] is not None
    }
    events = {
        name: [{**row, "user_id": spelled.get(_normal(row.get("user_id")), row.get("user_id"))} for row in rows]
        for name, rows in world.rows.items()
    }
    return replace(world, users_landings=landings, rows=events, users_streams=tuple(streams), users_prefixes=prefixes)


@st.composite
def looked_up(draw: DrawFn, world: World) -> World:
    """Let some streams name learners by keys, which a table knows; a key may be spelled like another learner's id."""
    ids = sorted({_normal(row.get("user_id")) for rows in world.rows.values() for row in rows} - {""})
    rows = dict(world.rows)
    lookups: dict[str, Mapping[object, object]] = {}
    for stream in world.streams:
        if draw(st.booleans()):
            continue
        spelled = dict(
            zip(ids, draw(st.permutations([*ids, *(f"key {number}'" for number in range(len(ids)))])), strict=False)
        )
        rows[stream.name] = [
            {**row, "user_id": spelled.get(_normal(row.get("user_id")), row.get("user_id"))}
            for row in rows[stream.name]
        ]
        lookups[stream.name] = {key: user_id for user_id, key in spelled.items()}
    return replace(world, rows=rows, lookups=lookups)


def _normal(raw: object) -> str:
    return identifier(raw)[0] or ""
