"""Guessing who the learners are: the table of users and its roles.

The table is the one that others refer to, that has a name for people, and columns that people have.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipelines.propose.guess import names
from pipelines.propose.guess.columns import (
    is_flag,
    is_id,
    is_text,
    is_uuid,
    numbers,
    share_of_zones,
)
from pipelines.propose.guess.deleted import deleted_of
from pipelines.propose.guess.proposal import Guess, ProposedStream, Value
from pipelines.propose.look.tables import Column, LookedAt, Source, shown
from warehouse.configuration.roles import Unit

WEIGHTS = ((names.LEARNERS, 5), (names.PERHAPS_LEARNERS, 3), (names.RARELY_LEARNERS, 1))
LEAST_SCORE = 4
OF_PEOPLE = ("email", "emailaddress", "mail", "password", "passwordhash", "firstname", "lastname", "fullname")
OF_EVENTS = 4  # a table with so many fewer points has both a learner and something that happened
MOST_ZONES = 0.5


def users_of(source: Source, usual: Unit | None) -> tuple[LookedAt, ProposedStream] | None:
    """Return the table of learners and the stream that reads it, None if no table looks like one.

    Args:
        source: all that was looked at.
        usual: the unit of SQLite's instants that have no value yet.
    """
    scored = [(_score(table, source), table) for table in source.tables if id_of(table)]
    ranked = sorted(scored, key=lambda pair: (-pair[0], len(pair[1].bare), pair[1].bare))
    if not ranked or ranked[0][0] < LEAST_SCORE:
        return None
    score, users = ranked[0]
    rivals = [table.name for others, table in ranked[1:] if others >= max(score - 1, LEAST_SCORE)]
    return users, _stream(users, source, rivals, usual)


def id_of(table: LookedAt) -> str | None:
    """Return the column by which a table's rows are referred to, None if it has none of its own."""
    if len(table.key) == 1:
        return table.key[0] if table.key[0] in table.columns and is_id(table.columns[table.key[0]]) else None
    if table.key:
        return None
    ids = names.ranked(table.columns, ("id", "userid", "uuid"))
    return next((name for name in ids if is_id(table.columns[name])), None)


def as_id(column: Column, name: str) -> Value:
    """Return how an id is mapped: by its name, or read as a UUID."""
    return {"column": name, "as": "uuid"} if is_uuid(column) else name


def _score(table: LookedAt, source: Source) -> float:
    words = names.words(table.bare)
    score = float(max((weight for known, weight in WEIGHTS if words and words[-1] in known), default=0))
    if not score and any(table.bare.lower().endswith(word) for word in names.LEARNERS):
        score = 4.0  # facilityuser
    if len(words) > 2:  # noqa: PLR2004 - user_reputation_tokens has users, auth_user is them
        score -= 1
    flat = {names.flat(name) for name in table.columns}
    score += 2 * bool(flat & {*names.USERNAME[:-1]}) + 2 * bool(flat & {*names.ZONE}) + bool(flat & {*OF_PEOPLE})
    score += bool(flat & {*names.DELETED, *names.DELETED_AT, *names.PUBLIC})
    referring = [other for other in source.tables if other is not table and _refers(other, table)]
    score += min(len(referring), 3) * (1 if score else 0.5)
    if table.references and any(names.flat(column) in names.USER_ID for column in table.references):
        score -= OF_EVENTS  # it has a user, and is none
    elif flat & {*names.USER_ID} and names.flat(table.key[0] if table.key else "") not in names.USER_ID:
        score -= OF_EVENTS
    return score


def _refers(table: LookedAt, to: LookedAt) -> bool:
    return any(target == to.bare for target, _ in table.references.values())


def _stream(users: LookedAt, source: Source, rivals: Sequence[str], usual: Unit | None) -> ProposedStream:
    referring = [table.name for table in source.tables if table is not users and _refers(table, users)]
    reason = f"{len(referring)} tables refer to it" if referring else "by its name and columns"
    guess = Guess("users", "sure" if referring and not rivals else "likely", reason)
    if rivals:
        guess = guess.doubted(f"{', '.join(map(shown, rivals))} could be the learners as well, check that it is this")
    columns = {"user_id": _id_guess(users), **dict(_optional(users, usual))}
    return ProposedStream(
        "users", "users", guess, users.name, columns, list(_filters(users)), list(_remarks(users, columns))
    )


def _id_guess(users: LookedAt) -> Guess:
    name = id_of(users) or ""
    value = as_id(users.columns[name], name)
    if users.key:
        return Guess(value, "sure", "the primary key")
    return Guess(value, "likely", "by its name; the table has no primary key")


def _optional(users: LookedAt, usual: Unit | None) -> Iterator[tuple[str, Guess]]:
    columns = users.columns
    texts = [name for name in columns if is_text(columns[name]) and name not in users.key]
    if usernames := names.ranked(texts, names.USERNAME):
        yield "username", Guess(usernames[0], "likely", "by its name; only public pages show it")
    yield from ((role, guess) for role, guess in [("timezone", zone_guess(users))] if guess)
    if public := [name for name in names.ranked(columns, names.PUBLIC) if is_flag(columns[name])]:
        yield "is_public", Guess(public[0], "likely", "by its name; whoever has yes here gets a public page")
    yield from [deleted for deleted in [deleted_of(columns, usual)] if deleted]


def zone_guess(table: LookedAt) -> Guess | None:
    """Return the column of a table that holds time zones, None if it has none."""
    texts = {name: column for name, column in table.columns.items() if is_text(column) and name not in table.key}
    by_values = [name for name, column in texts.items() if share_of_zones(column) > MOST_ZONES]
    for name in [*names.ranked(texts, names.ZONE), *by_values]:
        share = share_of_zones(texts[name])
        if share > MOST_ZONES:
            return Guess(name, "sure", f"{share:.0%} of its values are IANA names")
        if not texts[name].values:
            return Guess(name, "likely", "by its name; it has no value yet")
        reason = f"{1 - share:.0%} of its values are no IANA names, and count as default_timezone"
        return Guess(name, "check", f"by its name; {reason}")
    return None


def _filters(users: LookedAt) -> Iterator[Guess]:
    name = id_of(users) or ""
    ids = numbers(users.columns[name].values)
    below = sum(value < 1 for value in ids)
    if 0 < below < len(ids) / 2:
        reason = f"ids below 1 are the system's own, {below} of {len(ids)} sampled; check that they are no learners"
        yield Guess({"column": name, "at_least": 1}, "check", reason)


def _remarks(users: LookedAt, columns: Mapping[str, Guess]) -> Iterator[str]:
    active = [name for name in names.ranked(users.columns, names.ACTIVE) if is_flag(users.columns[name])]
    if active and not {"is_deleted", "deleted_at"} & columns.keys():
        yield f"check: {shown(active[0])} may say who has left; is_deleted = {{ column = …, true = [0] }} drops them"
    if "timezone" not in columns:
        yield "check: no column has time zones, so every learner has default_timezone"
