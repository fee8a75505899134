"""How several streams of kind `users` fit together: all have a prefix in `user_id`, or all are merged (R3).

Without either they fit as long as no id is in two of them, which only their rows show.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from warehouse.configuration.documents import role_table
from warehouse.configuration.learners.zone_names import read_zone_names

OF_USERS = ("merge", "zone_names")

Streams = Mapping[str, Mapping[str, Any]]


def learners_mistakes(streams: Streams) -> Iterator[str]:
    """Yield what is wrong about the streams of kind `users`, and about keys of theirs in other streams.

    Args:
        streams: the tables of all streams, as TOML.
    """
    users = {name: stream for name, stream in streams.items() if stream.get("kind") == "users"}
    if not users:
        yield 'streams: at least one stream of kind "users" is needed, found 0'
    for name, stream in streams.items():
        of_users = OF_USERS if name not in users else ()
        yield from (f"streams.{name}.{key}: only a stream of kind users has it" for key in of_users if key in stream)
    merged = [name for name, stream in users.items() if stream.get("merge") is True]
    prefixes = {name: prefix for name, stream in users.items() if (prefix := prefix_of(stream))}
    if merged:
        for name in [name for name in users if name not in merged]:
            yield f"streams.{name}.merge: streams.{merged[0]} is merged, so every stream of kind users says true here"
    elif prefixes:
        yield from _prefix_mistakes(users, prefixes)
    yield from _zone_mistakes(users)


def prefix_of(stream: Mapping[str, Any]) -> str:
    """Return the prefix that a stream puts before its learners' ids, as TOML has it; empty without one."""
    prefix = role_table(stream, "user_id").get("prefix")
    return prefix if isinstance(prefix, str) else ""


def _prefix_mistakes(users: Streams, prefixes: Mapping[str, str]) -> Iterator[str]:
    first = next(iter(prefixes))
    for name in users:
        if name not in prefixes:
            yield (
                f"streams.{name}.columns: user_id has no prefix, and that of streams.{first} has; write one, as in "
                '{ column = "id", prefix = "b:" }'
            )
    for (name, prefix), (other, longer) in permutations(prefixes.items(), 2):
        if longer.lower().startswith(prefix.lower()) and (prefix.lower() != longer.lower() or name < other):
            yield (
                f'streams.{other}.columns: the prefix "{longer}" of user_id begins with "{prefix}", that of '
                f"streams.{name}; an id could be of both"
            )


def _zone_mistakes(users: Streams) -> Iterator[str]:
    """Names are one table for all streams: a learner may be in several of them."""
    known: dict[str, tuple[str, str]] = {}
    for stream_name, stream in users.items():
        try:
            zone_names = read_zone_names(stream.get("zone_names", {}))
        except ValueError:  # which the stream itself reports
            continue
        for name, zone in zone_names.items():
            before, other = known.setdefault(name, (zone, stream_name))
            if before != zone:
                yield f'streams.{stream_name}.zone_names: "{name}" is {zone} here and {before} in streams.{other}'
